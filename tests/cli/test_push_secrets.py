"""``sealgen push --push-secrets``: which key of which Secret is put where, what can't be, and that nothing is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.leaks import leaked
from tests.support.project import SMTP_PASSWORD, Project, aura, empty

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STORE = {
    "vault": {
        "server": "https://vault.example",
        "path": "secret",
        "auth": {"tokenSecretRef": {"name": "a", "key": "b"}},
    }
}
AWS = {"aws": {"service": "SecretsManager", "region": "eu-central-1"}}


def backend(provider: Mapping[str, object]) -> dict[str, Any]:
    return {"kind": "external-secrets", "secret_store": {"name": "aura", **provider}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, whose staging is the operator's and reads Vault."""
    project = aura(tmp_path)
    push = {"vault": "secret/aura/{environment}", "property": "{value}"}
    project.change(backend=backend(STORE), push=push)
    return project


@pytest.fixture
def one(tmp_path: Path) -> Project:
    """Return a project with values for one entry of AWS, and no template yet."""
    project = empty(tmp_path / "one")
    project.environment(
        backend=backend(AWS),
        values={"a": {"generate": "hex"}, "b": {"generate": "uuid"}, "user": {"literal": "aura"}},
        push={"aws-secretsmanager": "aura", "property": "{value}"},
        secrets=["one"],
    )
    return project


def printed(project: Project, *names: str) -> list[dict[str, Any]]:
    ended = project.run("push", "staging", "--push-secrets", *names)
    assert (ended.code, ended.err) == (0, "")
    return list(yaml.safe_load_all(ended.out))


def put(document: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Return what a PushSecret puts, by the key, each with its entry and property."""
    found = {}
    for item in document["spec"]["data"]:
        remote = item["match"]["remoteRef"]
        found[item["match"]["secretKey"]] = (remote["remoteKey"], remote.get("property"))
    return found


REDIS = """\
---
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata:
  name: redis-secrets
  namespace: aura-staging
spec:
  data:
  - match:
      remoteRef:
        property: redis_password
        remoteKey: aura/staging
      secretKey: redis-password
  deletionPolicy: None
  refreshInterval: "0"
  secretStoreRefs:
  - kind: SecretStore
    name: aura
  selector:
    secret:
      name: redis-secrets
  updatePolicy: IfNotExists
"""


def test_a_key_that_is_a_value_is_put_once_where_nothing_is_and_stays(project: Project) -> None:
    assert project.run("push", "staging", "--push-secrets", "redis_password") == (0, REDIS, "")


def test_all_that_the_operator_reads_is_put_from_the_secrets_that_hold_it(project: Project) -> None:
    documents = printed(project)
    assert {document["metadata"]["name"]: put(document) for document in documents} == {
        "backend-secrets": {
            "JWT_SECRET_KEY": ("aura/staging", "jwt_secret_key"),
            "entry/secret/aura/staging/smtp_password": ("aura/staging", "smtp_password"),
        },
        "postgres-secrets": {"postgres-password": ("aura/staging", "postgres_password")},
        "redis-secrets": {"redis-password": ("aura/staging", "redis_password")},
    }
    # What is not made here may be bytes, of which the store would have something else.
    assert documents[0]["spec"]["template"]["data"] == {
        "entry/secret/aura/staging/smtp_password": "{{ if ne .SMTP_PASSWORD (.SMTP_PASSWORD | toRawJson | fromJson) }}"
        '{{ fail "not text" }}{{ end }}{{ .SMTP_PASSWORD }}'
    }


def test_no_value_is_read_or_told(project: Project) -> None:
    canary = {"smtp": SMTP_PASSWORD.encode()}
    for arguments in (("push", "staging", "--push-secrets"), ("push", "staging", "--push-secrets", "--json")):
        ended = project.run(*arguments)
        assert ended.code == 0
        assert not leaked((ended.out + ended.err).encode(), canary)
    # What would fail to be read is not.
    nowhere = project.run("push", "staging", "--push-secrets", env={"SMTP_PASSWORD": None})
    assert nowhere == project.run("push", "staging", "--push-secrets")
    assert not any(leaked(content, canary) for content in project.contents().values())


def test_base64_is_undone_or_left_for_a_place_that_wants_it(one: Project) -> None:
    place = {"aws-secretsmanager": "b", "encoding": "base64"}
    one.change(
        values={"a": {"generate": "hex", "push": {"aws-secretsmanager": "a"}}, "b": {"generate": "uuid", "push": place}}
    )
    one.template("one", {"a": "{{ values.a | b64encode }}", "b": "{{ values.b | b64encode }}"})
    (document,) = printed(one)
    assert put(document) == {"entry/a": ("a", None), "b": ("b", None)}
    assert document["spec"]["template"]["data"]["entry/a"].endswith(
        '{{ fail "not standard base64" }}{{ end }}{{ $v1 }}'
    )
    one.template("one", {"a": "{{ values.a }}", "b": "{{ values.b }}"})
    (document,) = printed(one)
    assert put(document) == {"a": ("a", None), "entry/b": ("b", None)}
    assert document["spec"]["template"]["data"] == {"entry/b": "{{ .b | b64enc }}"}


def test_a_key_that_is_the_value_is_taken_before_one_that_is_its_base64(one: Project) -> None:
    one.change(values={"a": {"generate": "hex"}}, push={"aws-secretsmanager": "{value}"})
    one.template("one", {"encoded": "{{ values.a | b64encode }}", "plain": "{{ values.a }}", "url": "{{ values.a }}"})
    (document,) = printed(one)
    assert put(document) == {"plain": ("a", None)}


def test_an_entry_of_several_values_is_one_document(one: Project) -> None:
    deep = {"aws-secretsmanager": "aura", "property": ["deep", "b.c"]}
    one.change(values={"a": {"generate": "hex"}, "b": {"generate": "uuid", "push": deep}})
    one.template("one", {"a": "{{ values.a }}", "b-c": "{{ values.b }}"})
    (document,) = printed(one)
    assert put(document) == {"entry/aura": ("aura", None)}
    assert document["spec"]["template"] == {
        "engineVersion": "v2",
        "data": {"entry/aura": '{"a":{{ .a | toRawJson }},"deep":{"b.c":{{ index . "b-c" | toRawJson }}}}'},
    }
    assert document["spec"]["data"][0]["metadata"] == {
        "apiVersion": "kubernetes.external-secrets.io/v1alpha1",
        "kind": "PushSecretMetadata",
        "spec": {"secretPushFormat": "string"},
    }


def test_a_secret_that_holds_all_of_an_entry_is_taken_before_one_that_holds_some(one: Project) -> None:
    one.change(secrets=["one", "two"])
    one.template("one", {"a": "{{ values.a }}"})
    one.template("two", {"a": "{{ values.a }}", "b": "{{ values.b }}"})
    (document,) = printed(one)
    assert document["metadata"]["name"] == "two"


def test_a_parameter_is_encrypted(one: Project) -> None:
    store = {"aws": {"service": "ParameterStore", "region": "eu-central-1"}}
    one.change(backend=backend(store), push={"aws-ssm": "/aura/{value}"})
    one.template("one", {"a": "{{ values.a }}"})
    (document,) = printed(one)
    assert document["spec"]["data"][0]["metadata"]["spec"] == {"secretType": "SecureString"}


@pytest.mark.parametrize(
    ("entry", "given"),
    [
        ("secret/aura", "aura"),
        # The operator takes the mount's name off, where it stands first, and would take this for it.
        ("secret/secret/aura", "secret/secret/aura"),
        ("other/aura", "other/aura"),
    ],
)
def test_a_path_in_vault_is_told_without_its_mount(project: Project, entry: str, given: str) -> None:
    project.change(push={"vault": entry, "property": "{value}"})
    (document,) = printed(project, "redis_password")
    assert put(document) == {"redis-password": (given, "redis_password")}


def test_of_a_store_that_is_there_already_the_mount_is_not_known(project: Project) -> None:
    project.change(backend=backend({"kind": "ClusterSecretStore"}))
    (document,) = printed(project, "redis_password")
    assert put(document) == {"redis-password": ("secret/aura/staging", "redis_password")}
    assert document["spec"]["secretStoreRefs"] == [{"kind": "ClusterSecretStore", "name": "aura"}]


def test_what_a_store_has_by_nature_is_not_put(project: Project) -> None:
    place = {"vault": "secret/aura/staging", "property": "smtp_password"}
    project.change(
        values={**yaml.safe_load(project.read("environments/staging.yaml"))["values"], "smtp_password": place}
    )
    assert "smtp_password" not in project.run("push", "staging", "--push-secrets").out
    project.change(
        values={"smtp_password": place},
        secrets=["one"],
    )
    project.template("one", {"smtp": "{{ values.smtp_password }}"})
    nothing = "staging: there is no value that the operator would put\n"
    assert project.run("push", "staging", "--push-secrets") == (0, "", nothing)


def test_what_is_kept_is_put_too_where_the_store_does_not_have_it(one: Project) -> None:
    one.change(values={"a": {"generate": "hex", "keep": {"aws-secretsmanager": "kept"}}}, push=None)
    one.template("one", {"a": "{{ values.a }}"})
    (document,) = printed(one)
    assert put(document) == {"a": ("kept", None)}


STUCK = "error: staging: the operator can't put all of it, so no PushSecret is printed\n"


def test_a_value_that_no_key_is_alone_is_named_and_nothing_is_printed(project: Project) -> None:
    project.template("redis-secrets", {"url": "redis://:{{ values.redis_password | urlquote }}@redis"})
    assert project.run("push", "staging", "--push-secrets") == (
        12,
        "",
        (
            "staging\n"
            "  VALUE           STORE  ENTRY                REASON\n"
            "  redis_password  vault  secret/aura/staging  no key of a Secret is it alone\n"
            f"{STUCK}"
            "For the others, name them: "
            "sealgen push staging --push-secrets jwt_secret_key postgres_password smtp_password\n"
        ),
    )
    ended = project.run("push", "staging", "--push-secrets", "--json")
    (result,) = ended.document["results"]
    assert (ended.code, result["manifests"]) == (12, "")
    assert {row["value"]: (row["secrets"], row["reason"]) for row in result["values"]} == {
        "jwt_secret_key": (["backend-secrets"], None),
        "postgres_password": (["postgres-secrets"], None),
        "redis_password": ([], "no key of a Secret is it alone"),
        "smtp_password": (["backend-secrets"], None),
    }


def test_all_parts_of_a_value_must_be_there(one: Project) -> None:
    one.change(values={"tls": {"generate": "tls", "names": ["aura.example"]}}, push={"aws-secretsmanager": "tls"})
    one.template("one", {"key": "{{ values.tls.key }}"})
    assert one.run("push", "staging", "--push-secrets") == (
        12,
        "",
        (
            "staging\n"
            "  VALUE  STORE               ENTRY  REASON\n"
            "  tls    aws-secretsmanager  tls    no key of a Secret is its part crt alone\n"
            f"{STUCK}"
        ),
    )


def test_an_entry_that_another_value_is_read_from_is_there_and_would_not_be_put(one: Project) -> None:
    place = {"aws-secretsmanager": "aura", "property": "a"}
    values = {"a": {"generate": "hex", "push": place}, "b": {"aws-secretsmanager": "aura", "property": "b"}}
    one.change(values=values, push=None)
    one.template("one", {"a": "{{ values.a }}", "b": "{{ values.b }}"})
    assert one.run("push", "staging", "--push-secrets") == (
        12,
        "",
        (
            "staging\n"
            "  VALUE  STORE               ENTRY  REASON\n"
            "  a      aws-secretsmanager  aura   aura is put as a whole, and it holds b too\n"
            f"{STUCK}"
        ),
    )


WHOLE = {
    "held by several Secrets": (
        {"one": {"a": "{{ values.a }}"}, "two": {"b": "{{ values.b }}"}},
        (),
        dict.fromkeys("ab", "aura is put as a whole, and no Secret alone holds a, b"),
    ),
    "with one that no key is alone": (
        {"one": {"a": "{{ values.a }}", "b": "b: {{ values.b }}"}},
        (),
        {"a": "aura is put as a whole, and it holds b too", "b": "no key of a Secret is it alone"},
    ),
    "with one that was not named": (
        {"one": {"a": "{{ values.a }}", "b": "{{ values.b }}"}},
        ("a",),
        {"a": "aura is put as a whole, and it holds b too"},
    ),
}


def test_an_entry_in_vault_with_a_property_that_is_deeper_is_put_as_a_whole(project: Project) -> None:
    project.change(push={"vault": "secret/aura", "property": ["deep", "{value}"]}, secrets=["one"])
    project.template("one", {"a": "{{ values.jwt_secret_key }}", "b": "{{ values.redis_password }}"})
    (document,) = printed(project)
    assert put(document) == {"entry/secret/aura": ("aura", None)}
    assert project.run("push", "staging", "--push-secrets", "redis_password") == (
        12,
        "",
        (
            "staging\n"
            "  VALUE           STORE  ENTRY        REASON\n"
            "  redis_password  vault  secret/aura  secret/aura is put as a whole, and it holds jwt_secret_key too\n"
            f"{STUCK}"
        ),
    )


@pytest.mark.parametrize("case", WHOLE)
def test_an_entry_that_is_put_as_a_whole_is_put_with_all_its_values_or_not_at_all(one: Project, case: str) -> None:
    templates, names, reasons = WHOLE[case]
    for name, keys in templates.items():
        one.template(name, keys)
    one.change(secrets=list(templates))
    ended = one.run("push", "staging", "--push-secrets", *names, "--json")
    (result,) = ended.document["results"]
    assert (ended.code, {row["value"]: row["reason"] for row in result["values"]}) == (12, reasons)


def test_an_environment_of_another_backend_is_refused(project: Project) -> None:
    project.change(backend=project.backend())
    assert project.run("push", "staging", "--push-secrets") == (
        2,
        "",
        (
            "error: staging: a PushSecret needs the operator's store, and the environment has another backend\n"
            "Migrate it first: sealgen migrate staging --to external-secrets; its Secrets are still there until the "
            "overlay is applied.\n"
        ),
    )


def test_a_value_that_has_no_place_is_refused_as_by_push(project: Project) -> None:
    for name in ("redis_pasword", "redis_password"):
        project.change(push=None if name == "redis_password" else {"vault": "secret/aura", "property": "{value}"})
        ended = project.run("push", "staging", "--push-secrets", name)
        assert ended.code == 2
        assert ended == project.run("push", "staging", name)


def test_a_property_that_the_operator_takes_for_a_pattern_is_refused(one: Project) -> None:
    one.change(push={"aws-secretsmanager": "aura", "property": "{value}*"}, values={"a": {"generate": "hex"}})
    one.template("one", {"a": "{{ values.a }}"})
    assert one.run("push", "staging", "--push-secrets") == (
        2,
        "",
        (
            "error: environments/staging.yaml:14:23: values.a: External Secrets takes 'a*' for a pattern, not for a "
            "property; letters, digits, '_', '-' and '.' are none\n"
        ),
    )


@pytest.mark.parametrize("option", ["--dry-run", "--yes", "--from-cluster", "--force"])
def test_it_goes_with_no_option_of_writing(project: Project, option: str) -> None:
    assert project.run("push", "staging", "--push-secrets", option) == (
        2,
        "",
        (
            "error: --push-secrets only prints; say no --dry-run, --yes, --from-cluster or --force\n"
            "Try 'sealgen push --help'.\n"
        ),
    )
