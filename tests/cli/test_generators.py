"""``made_by: operator``: the operator's generator makes exactly what sealgen would, once, or it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.cli.test_external_secrets import BACKEND, FOLDER, PUSH
from tests.support.project import Project, aura, empty

if TYPE_CHECKING:
    from pathlib import Path

FILE = f"{FOLDER}/generators.yaml"
AWS = {"aws": {"service": "SecretsManager", "region": "eu-central-1"}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, whose staging is the operator's, which makes one of its values."""
    project = aura(tmp_path)
    project.change(backend=BACKEND, push=PUSH)
    project.edit("environments/staging.yaml", "bytes: 32", "bytes: 32\n    made_by: operator")
    return project


@pytest.fixture
def one(tmp_path: Path) -> Project:
    """Return a project with one Secret of one value; its entry in AWS is the value's alone."""
    project = empty(tmp_path / "one")
    project.template("one", {"a": "{{ values.a }}"})
    made(project)
    return project


def made(project: Project, generate: str = "hex", **fields: object) -> None:
    """Write the environment: the operator makes its one value so."""
    project.environment(
        backend={"kind": "external-secrets", "secret_store": {"name": "aura", **AWS}},
        values={"a": {"generate": generate, "made_by": "operator", **fields}},
        push={"aws-secretsmanager": "{value}"},
        secrets=["one"],
    )


def manifests(project: Project) -> list[dict[str, Any]]:
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return list(yaml.safe_load_all(project.read(FILE)))


GENERATORS = """\
# Written by sealgen from values: in environments/staging.yaml; sealgen seal undoes what is changed here.
---
apiVersion: generators.external-secrets.io/v1alpha1
kind: Password
metadata:
  name: generated-jwt-secret-key
  namespace: aura-staging
spec:
  allowRepeat: true
  digits: 0
  length: 64
  noUpper: false
  symbolCharacters: 0123456789abcdef
  symbols: 64
---
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata:
  name: generated-jwt-secret-key
  namespace: aura-staging
spec:
  data:
  - match:
      remoteRef:
        property: jwt_secret_key
        remoteKey: aura/staging
      secretKey: password
  deletionPolicy: None
  refreshInterval: "0"
  secretStoreRefs:
  - kind: SecretStore
    name: aura
  selector:
    generatorRef:
      apiVersion: generators.external-secrets.io/v1alpha1
      kind: Password
      name: generated-jwt-secret-key
  updatePolicy: IfNotExists
"""


def test_the_overlay_has_what_makes_it_and_what_puts_it_where_it_is_read(project: Project) -> None:
    planned = project.run("plan", "staging")
    assert planned.code == 10
    assert "  generators        (manifest)         write   new key\n" in planned.out
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert project.read(FILE).decode() == GENERATORS
    assert "- generators.yaml\n" in project.read(f"{FOLDER}/kustomization.yaml").decode()
    # What reads it is as it would be anyway.
    read = project.read(f"{FOLDER}/backend-secrets.yaml")
    assert project.run("check", "staging").code == 0
    project.edit("environments/staging.yaml", "made_by: operator", "made_by: sealgen")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert not (project.root / FILE).exists()
    assert "generators" not in project.read(f"{FOLDER}/kustomization.yaml").decode()
    assert project.read(f"{FOLDER}/backend-secrets.yaml") == read


@pytest.mark.parametrize(
    ("generate", "fields", "length", "characters"),
    [
        ("hex", {"bytes": 16}, 32, "0123456789abcdef"),
        ("base64", {"bytes": 24}, 32, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"),
        ("urlsafe", {"bytes": 33}, 44, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
        ("alphanumeric", {}, 32, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
        (
            "password",
            {"length": 20, "charset": "!a-c-", "minimums": {"lower": 0, "symbols": 0}},
            20,
            "!-abc",
        ),
    ],
)
def test_a_text_is_any_of_that_length_over_that_set(
    one: Project, generate: str, fields: dict[str, object], length: int, characters: str
) -> None:
    made(one, generate, **fields)
    generator, push = manifests(one)
    assert generator["spec"] == {
        "length": length,
        "symbols": length,
        "symbolCharacters": characters,
        "digits": 0,
        "allowRepeat": True,
        "noUpper": False,
    }
    assert push["spec"]["data"][0]["match"] == {"secretKey": "password", "remoteRef": {"remoteKey": "a"}}


def test_a_uuid(one: Project) -> None:
    made(one, "uuid", pattern="[0-9a-f-]{36}")
    generator, push = manifests(one)
    assert (generator["kind"], generator["spec"]) == ("UUID", {})
    assert push["spec"]["selector"]["generatorRef"]["kind"] == "UUID"
    assert push["spec"]["data"][0]["match"] == {"secretKey": "uuid", "remoteRef": {"remoteKey": "a"}}


@pytest.mark.parametrize(
    ("place", "template"),
    [
        ({"property": "p"}, '{"p":{{ .password | toRawJson }}}'),
        ({"property": ["p", "q.r"]}, '{"p":{"q.r":{{ .password | toRawJson }}}}'),
        ({"encoding": "base64"}, "{{ .password | b64enc }}"),
    ],
)
def test_it_is_put_as_the_place_wants_it(one: Project, place: dict[str, object], template: str) -> None:
    made(one, push={"aws-secretsmanager": "a", **place})
    _, push = manifests(one)
    assert push["spec"]["template"] == {"engineVersion": "v2", "data": {"entry/a": template}}


def test_it_may_be_kept(one: Project) -> None:
    made(one, keep={"aws-secretsmanager": "kept"})
    _, push = manifests(one)
    assert push["spec"]["data"][0]["match"]["remoteRef"] == {"remoteKey": "kept"}


def test_one_that_no_key_is_made_of_is_made_too(project: Project) -> None:
    project.template("backend-secrets", {"smtp": "{{ values.smtp_password }}"})
    assert [one["metadata"]["name"] for one in manifests(project)] == ["generated-jwt-secret-key"] * 2


def test_push_leaves_it_to_the_operator(project: Project) -> None:
    assert project.run("push", "staging", "jwt_secret_key", "--verbose") == (
        0,
        (
            "staging\n"
            "  VALUE           STORE  ENTRY                PROPERTY        ACTION     REASON\n"
            "  jwt_secret_key  vault  secret/aura/staging  jwt_secret_key  unchanged  the operator makes it\n"
            "staging: 1 value, 1 unchanged\n"
        ),
        "",
    )


BY_PUSH = "Leave made_by out: sealgen push makes it.\n"
KINDS = "it makes what 'generate' gives of hex, base64, urlsafe, alphanumeric, password and uuid alone"
REFUSED: dict[str, tuple[str, dict[str, object], str]] = {
    "base64 that ends within a character": (
        "base64",
        {"bytes": 32},
        "32 bytes end within a character of base64; bytes must be a multiple of 3",
    ),
    "base64 for URLs that ends within a character": (
        "urlsafe",
        {},
        "32 bytes end within a character of base64; bytes must be a multiple of 3",
    ),
    "the least of each class": (
        "password",
        {},
        "it knows no minimums; write minimums: {lower: 0, upper: 0, digits: 0, symbols: 0}",
    ),
    "the least of one class": (
        "password",
        {"charset": "a-z0-9", "minimums": {"lower": 0, "digits": 2}},
        "it knows no minimums; write minimums: {lower: 0, digits: 0}",
    ),
    "a pattern": ("hex", {"pattern": "[0-9a-f]+"}, "it does not hold what it makes to a pattern"),
    "a key": ("rsa", {}, KINDS),
    "a key pair": ("ssh", {}, KINDS),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_it_can_not_make_exactly_is_refused(one: Project, case: str) -> None:
    generate, fields, reason = REFUSED[case]
    place: dict[str, object] = {"push": {"aws-secretsmanager": "a"}}
    made(one, generate, **fields, **place)
    if generate in ("rsa", "ssh"):
        one.template("one", {"a": "{{ values.a.private }}"})
    told = f"error: environments/staging.yaml:13:14: values.a.made_by: the operator can't make it: {reason}\n{BY_PUSH}"
    for command in ("plan", "seal", "check"):
        ended = one.run(command, "staging")
        assert (ended.code, told in ended.err) == (2, True), ended.err
    assert not (one.root / FOLDER).exists()


def test_it_is_no_field_of_what_is_not_generated(one: Project) -> None:
    one.change(values={"a": {"env": "A", "made_by": "operator"}})
    ended = one.run("plan", "staging")
    assert (ended.code, ended.err) == (
        2,
        "error: environments/staging.yaml:13:5: values.a.made_by goes with generate, not with env\n",
    )


def test_another_word_is_refused(one: Project) -> None:
    one.change(values={"a": {"generate": "hex", "made_by": "operatr"}})
    ended = one.run("plan", "staging")
    assert (ended.code, ended.err) == (
        2,
        "error: environments/staging.yaml:13:14: values.a.made_by can't be 'operatr'; did you mean 'operator'?\n",
    )


@pytest.mark.parametrize("kind", ["sealed-secrets", "plain"])
def test_there_is_an_operator_for_external_secrets_alone(one: Project, kind: str) -> None:
    one.change(backend=one.backend() if kind == "sealed-secrets" else {"kind": "plain"})
    ended = one.run("plan", "staging")
    assert ended.code == 2
    assert ended.err.endswith(": values.a.made_by: operator goes with backend external-secrets alone\n")
    assert ended.err.startswith("error: environments/staging.yaml:")


def test_one_that_has_no_place_is_refused(one: Project) -> None:
    one.change(push=None)
    ended = one.run("plan", "staging")
    assert (ended.code, ended.err.splitlines()[0]) == (
        2,
        "error: environments/staging.yaml:5:5: values.a: External Secrets can't read it: it is in no store (generate)",
    )


def test_an_entry_that_is_put_as_a_whole_is_its_own(one: Project) -> None:
    one.change(
        values={"a": {"generate": "hex", "made_by": "operator"}, "b": {"literal": "b"}},
        push={"aws-secretsmanager": "both", "property": "{value}"},
    )
    ended = one.run("plan", "staging")
    assert (ended.code, ended.err) == (
        2,
        (
            "error: environments/staging.yaml:13:14: values.a.made_by: "
            "the operator puts both as a whole, and 'b' is in it too\n"
            "Give it an entry of its own by push:.\n"
        ),
    )


def test_an_entry_that_others_are_read_from_is_not_its_own(one: Project) -> None:
    place = {"aws-secretsmanager": "both", "property": "a"}
    one.change(
        values={
            "a": {"generate": "hex", "made_by": "operator", "push": place},
            "b": {"aws-secretsmanager": "both", "property": "b"},
        },
        push=None,
    )
    ended = one.run("plan", "staging")
    assert (ended.code, ended.err) == (
        2,
        (
            "error: environments/staging.yaml:13:14: values.a.made_by: "
            "the operator puts both as a whole, and 'b' is in it too\n"
            "Give it an entry of its own by push:.\n"
        ),
    )


def test_two_of_one_name_are_refused(one: Project) -> None:
    values = {name: {"generate": "hex", "made_by": "operator"} for name in ("a_b", "A_B")}
    one.change(values=values, push={"aws-secretsmanager": "x-{value}"})
    one.template("one", {"a": "{{ values.a_b }}"})
    ended = one.run("plan", "staging")
    assert (ended.code, ended.err) == (
        2,
        (
            "error: environments/staging.yaml:16:14: values.A_B.made_by: "
            "for it and for a_b the operator would have one name, generated-a-b\n"
        ),
    )


def test_a_name_that_no_object_can_have_is_refused(one: Project) -> None:
    one.change(values={"a_": {"generate": "hex", "made_by": "operator"}})
    one.template("one", {"a": "{{ values.a_ }}"})
    ended = one.run("plan", "staging")
    assert ended.code == 2
    assert ended.err.startswith(
        "error: environments/staging.yaml:13:14: values.a_.made_by: 'generated-a-' can't be a name"
    )


def test_a_secret_can_not_have_its_file(project: Project) -> None:
    project.template("generators", {"a": "{{ values.jwt_secret_key }}"})
    project.change(secrets=["generators"])
    ended = project.run("plan", "staging")
    assert ended.code == 2
    assert ended.err.endswith("'generators' and values: have one file, generators.yaml; give the secret a filename\n")


# --- what a diff tells ---


@pytest.fixture
def committed(project: Project) -> Project:
    """Return the project with all of it written and committed."""
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.git("init", "-q")
    project.git("add", ".")
    project.git("commit", "-q", "-m", "first")
    return project


def told(project: Project) -> list[tuple[str, str]]:
    (result,) = project.run("diff", "--json").document["results"]
    return [(change["change"], change["detail"]) for change in result["changes"]]


def test_that_the_operator_makes_less_than_it_did_is_told(committed: Project) -> None:
    committed.edit("environments/staging.yaml", "bytes: 32", "bytes: 16")
    assert committed.run("seal", "staging", "-q") == (0, "", "")
    assert told(committed) == [
        ("specification", "jwt_secret_key: bytes 32 → 16: weaker"),
        ("specification", "generated-jwt-secret-key: length: 64 → 32"),
        ("specification", "generated-jwt-secret-key: symbols: 64 → 32"),
    ]


def test_that_a_value_is_made_elsewhere_is_told(committed: Project) -> None:
    committed.edit("environments/staging.yaml", "    made_by: operator\n", "")
    assert committed.run("seal", "staging", "-q") == (0, "", "")
    assert sorted(told(committed)) == [
        ("setting", "jwt_secret_key: made by sealgen"),
        ("specification", "Password generated-jwt-secret-key is gone"),
        ("store", "PushSecret generated-jwt-secret-key is gone"),
    ]
    committed.git("commit", "-q", "-a", "-m", "second")
    committed.edit("environments/staging.yaml", "bytes: 32", "bytes: 32\n    made_by: operator")
    assert committed.run("seal", "staging", "-q") == (0, "", "")
    assert [word for word, _ in sorted(told(committed))] == ["setting", "specification", "store"]


def test_one_that_was_changed_by_hand_is_a_finding(committed: Project) -> None:
    committed.edit(FILE, "remoteKey: aura/staging", "remoteKey: elsewhere")
    changes = told(committed)
    assert changes[0] == (
        "unexplained",
        "generators.yaml is not what the environment file and the templates give: changed by hand, or by another tool",
    )
    assert [word for word, _ in changes[1:]] == ["store"]
    assert committed.run("check", "staging").code == 11


def test_migrate_tells_who_makes_it(tmp_path: Path) -> None:
    project = aura(tmp_path)
    backend = yaml.safe_dump({"backend": BACKEND, "push": PUSH})
    project.write("store.yaml", backend)
    values = yaml.safe_load(project.read("environments/staging.yaml"))["values"]
    project.change(backend={"kind": "plain"})
    given = {**values, "jwt_secret_key": {**values["jwt_secret_key"], "made_by": "operator"}}
    project.write("store.yaml", backend + yaml.safe_dump({"values": given}))
    ended = project.run("migrate", "staging", "--to", "external-secrets", "--with", "store.yaml", "--dry-run")
    assert ended.code == 10, ended.err
    line = (
        "  jwt_secret_key     vault secret/aura/staging jwt_secret_key     the operator makes it, unless it is there\n"
    )
    assert line in ended.out
    assert "  sealgen push staging postgres_password redis_password smtp_password\n" in ended.out
