"""An environment of External Secrets: planned key by key, written at once, and no value is read on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sealgen.config.files import WorkTree
from sealgen.config.project import Project as Configuration
from tests.support.project import Ended, Project, aura

if TYPE_CHECKING:
    from pathlib import Path

VAULT = {
    "server": "https://vault.example",
    "path": "secret",
    "auth": {"kubernetes": {"mountPath": "k8s", "role": "aura"}},
}
STORE = {"name": "aura", "vault": VAULT}
BACKEND: dict[str, Any] = {"kind": "external-secrets", "secret_store": STORE}
PUSH = {"vault": "secret/aura/{environment}", "property": "{value}"}
FOLDER = "k8s/overlays/staging"

FIRST = """\
staging
  SECRET            KEY                ACTION  REASON
  backend-secrets   JWT_SECRET_KEY     write   new key
  backend-secrets   POSTGRES_DB_URI    write   new key
  backend-secrets   REDIS_URL          write   new key
  backend-secrets   SMTP_PASSWORD      write   new key
  postgres-secrets  postgres-user      write   new key
  postgres-secrets  postgres-password  write   new key
  redis-secrets     redis-password     write   new key
  aura              (manifest)         write   new key
staging: 3 secrets, 7 keys, 8 to write
"""
BACKEND_SECRETS = """\
# Written by sealgen from secrets: in environments/staging.yaml; sealgen seal undoes what is changed here.
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: backend-secrets
  namespace: aura-staging
spec:
  data:
  - remoteRef:
      key: secret/aura/staging
      property: jwt_secret_key
    secretKey: jwt_secret_key
  - remoteRef:
      key: secret/aura/staging
      property: postgres_password
    secretKey: postgres_password
  - remoteRef:
      key: secret/aura/staging
      property: redis_password
    secretKey: redis_password
  - remoteRef:
      key: secret/aura/staging
      property: smtp_password
    secretKey: smtp_password
  refreshInterval: 1h
  secretStoreRef:
    kind: SecretStore
    name: aura
  target:
    creationPolicy: Owner
    deletionPolicy: Retain
    name: backend-secrets
    template:
      data:
        JWT_SECRET_KEY: '{{ .jwt_secret_key }}'
        POSTGRES_DB_URI: postgresql://aura:{{ .postgres_password | urlquery | replace
          "+" "%20" }}@postgres:5432/aura_db
        REDIS_URL: redis://:{{ .redis_password | urlquery | replace "+" "%20" }}@redis:6379/0
        SMTP_PASSWORD: '{{ .smtp_password }}'
      engineVersion: v2
      metadata:
        labels:
          app: backend
      type: Opaque
"""
SECRET_STORE = """\
# Written by sealgen from backend: in environments/staging.yaml; sealgen seal undoes what is changed here.
---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata:
  name: aura
  namespace: aura-staging
spec:
  provider:
    vault:
      auth:
        kubernetes:
          mountPath: k8s
          role: aura
      path: secret
      server: https://vault.example
"""


@pytest.fixture
def external(tmp_path: Path) -> Project:
    """Return Aura's project, whose staging is made by the operator from Vault; nothing is written yet."""
    project = aura(tmp_path)
    project.change(backend=BACKEND, push=PUSH)
    return project


@pytest.fixture
def written(external: Project) -> Project:
    """Return it with all of it written."""
    assert external.run("seal", "staging", "-q") == (0, "", "")
    return external


def test_the_plan_names_every_key_and_changes_nothing(external: Project) -> None:
    before = external.tree()
    assert external.run("plan", "staging") == (10, FIRST, "")
    assert external.tree() == before


def test_seal_writes_the_external_secrets_and_their_store_and_lists_them(external: Project) -> None:
    ended = external.run("seal", "staging")
    assert ended == (0, FIRST.replace("to write", "written"), "")
    assert external.read(f"{FOLDER}/backend-secrets.yaml").decode() == BACKEND_SECRETS
    assert external.read(f"{FOLDER}/secret-store.yaml").decode() == SECRET_STORE
    listed = yaml.safe_load(external.read(f"{FOLDER}/kustomization.yaml"))["resources"]
    assert listed == ["backend-secrets.yaml", "postgres-secrets.yaml", "redis-secrets.yaml", "secret-store.yaml"]
    assert not (external.root / "environments/staging.lock").exists()


def test_no_source_is_read_and_no_key_is_needed(external: Project) -> None:
    ended = external.run("seal", "staging", "-q", env={"SMTP_PASSWORD": None, "SEALGEN_FINGERPRINT_KEY": None})
    assert ended == (0, "", "")


def test_what_is_written_is_up_to_date(written: Project) -> None:
    before = written.tree()
    for command in ("plan", "seal"):
        assert written.run(command, "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")
    assert written.tree() == before


def plan(project: Project) -> list[tuple[str | None, ...]]:
    """Return what the plan changes: Secret, key, action, reason."""
    ended = project.run("plan", "staging", "--json")
    assert ended.code == 10, ended
    steps = ended.document["results"][0]["steps"]
    return [
        (step["secret"], step["key"], step["action"], step["detail"] or step["reason"])
        for step in steps
        if step["action"] != "keep"
    ]


def test_a_recipe_that_changed_is_one_key(written: Project) -> None:
    written.edit("templates/backend-secrets.yaml.j2", "aura_db", "aura")
    assert plan(written) == [("backend-secrets", "POSTGRES_DB_URI", "write", "recipe changed")]


def test_a_key_that_is_gone_is_dropped(written: Project) -> None:
    written.template("postgres-secrets", {"postgres-password": "{{ values.postgres_password }}"})
    assert plan(written) == [("postgres-secrets", "postgres-user", "drop", "no longer in the template")]
    assert written.run("seal", "staging").code == 0
    assert b"postgres-user" not in written.read(f"{FOLDER}/postgres-secrets.yaml")


def test_a_value_that_is_elsewhere_is_told_by_its_name(written: Project) -> None:
    written.change(push={**PUSH, "vault": "secret/other/{environment}"})
    assert plan(written) == [
        ("backend-secrets", None, "write", "jwt_secret_key, postgres_password, redis_password, smtp_password"),
        ("postgres-secrets", None, "write", "postgres_password"),
        ("redis-secrets", None, "write", "redis_password"),
    ]


def test_another_label_and_another_interval_change_the_manifest(written: Project) -> None:
    written.edit("templates/backend-secrets.yaml.j2", "app: backend", "app: api")
    assert plan(written) == [("backend-secrets", None, "write", "metadata changed")]


def test_what_was_edited_by_hand_is_undone(written: Project) -> None:
    before = written.contents()
    written.edit(f"{FOLDER}/backend-secrets.yaml", "'{{ .smtp_password }}'", "'{{ .jwt_secret_key }}'")
    assert plan(written) == [("backend-secrets", "SMTP_PASSWORD", "write", "recipe changed")]
    assert written.run("seal", "staging", "-q") == (0, "", "")
    assert written.contents() == before


def test_a_secret_that_is_gone_goes_with_its_entry(written: Project) -> None:
    written.change(secrets=["backend-secrets", "postgres-secrets"])
    assert plan(written) == [("redis-secrets", None, "drop", "no longer in the environment")]
    assert written.run("seal", "staging", "-q") == (0, "", "")
    assert not (written.root / FOLDER / "redis-secrets.yaml").exists()
    assert "redis-secrets.yaml" not in written.read(f"{FOLDER}/kustomization.yaml").decode()


def test_a_store_that_is_there_already_is_only_referred_to(written: Project) -> None:
    written.change(backend={**BACKEND, "secret_store": {"name": "shared", "kind": "ClusterSecretStore"}})
    assert written.run("seal", "staging", "-q") == (0, "", "")
    assert not (written.root / FOLDER / "secret-store.yaml").exists()
    found = yaml.safe_load(written.read(f"{FOLDER}/redis-secrets.yaml"))["spec"]["secretStoreRef"]
    assert found == {"kind": "ClusterSecretStore", "name": "shared"}


def test_access_is_written_too(written: Project) -> None:
    written.change(access={"reader": {"secrets": ["redis-secrets"], "subjects": [{"group": "ops"}]}})
    assert written.run("seal", "staging", "-q") == (0, "", "")
    assert b"RoleBinding" in written.read(f"{FOLDER}/access.yaml")
    assert written.run("plan", "staging").code == 0


def test_what_a_store_holds_is_referred_to_with_its_property_and_version(written: Project) -> None:
    written.change(
        push=None,
        values={
            "jwt_secret_key": {"vault": "secret/jwt", "property": "key", "version": 3},
            "postgres_user": {"literal": "aura"},
            "postgres_password": {"vault": "secret/db", "property": ["a.b", "c"], "encoding": "base64"},
            "redis_password": {"generate": "hex", "bytes": 16, "keep": {"vault": "secret/r", "property": "{value}"}},
            "smtp_password": {"env": "SMTP_PASSWORD", "push": {"vault": "secret/smtp", "property": "tls.key"}},
        },
    )
    assert written.run("seal", "staging", "-q") == (0, "", "")
    data = yaml.safe_load(written.read(f"{FOLDER}/backend-secrets.yaml"))["spec"]["data"]
    assert {entry["secretKey"]: entry["remoteRef"] for entry in data} == {
        "jwt_secret_key": {"key": "secret/jwt", "property": "key", "version": "3"},
        "postgres_password": {"key": "secret/db", "property": r"a\.b.c", "decodingStrategy": "Base64"},
        "redis_password": {"key": "secret/r", "property": "redis_password"},
        "smtp_password": {"key": "secret/smtp", "property": "tls.key"},
    }


@pytest.mark.parametrize(("version", "written_"), [("AWSPREVIOUS", "AWSPREVIOUS"), (ID := "a" * 32, f"uuid/{ID}")])
def test_a_version_of_secrets_manager_is_a_label_or_said_to_be_an_id(
    external: Project, version: str, written_: str
) -> None:
    store = {"name": "aura", "aws": {"service": "SecretsManager", "region": "eu-central-1"}}
    values = {name: {"aws-secretsmanager": "aura", "version": version} for name in VALUES}
    external.change(backend={**BACKEND, "secret_store": store}, push=None, values=values)
    assert external.run("seal", "staging", "-q") == (0, "", "")
    data = yaml.safe_load(external.read(f"{FOLDER}/redis-secrets.yaml"))["spec"]["data"]
    assert [entry["remoteRef"] for entry in data] == [{"key": "aura", "version": written_}]


def refused(project: Project, command: str = "seal", *options: str) -> str:
    before = project.tree()
    ended: Ended = project.run(command, "staging", *options)
    assert (ended.code, ended.out) == (2, "")
    assert project.tree() == before
    return ended.err


def test_a_value_in_no_store_is_refused_with_where_it_could_be(external: Project) -> None:
    external.change(push=None)
    assert refused(external) == (
        "error: environments/staging.yaml:5:5: values.jwt_secret_key: External Secrets can't read it: it is in "
        "no store "
        "(generate)\n"
        "Say where 'sealgen push staging' puts it: push: {vault: 'secret/aura/staging', property: '{value}'}\n"
    )


def test_a_value_in_a_store_that_the_operator_does_not_know_is_refused(external: Project) -> None:
    external.change(push=None, values={name: {"kubernetes": "a/b", "property": "c"} for name in VALUES})
    assert "values.jwt_secret_key: External Secrets can't read it: it is in no store (kubernetes)\n" in refused(
        external
    )


VALUES = ["jwt_secret_key", "postgres_user", "postgres_password", "redis_password", "smtp_password"]


def test_a_store_of_another_kind_than_the_values_are_in_is_refused(external: Project) -> None:
    aws = {"name": "aura", "aws": {"service": "SecretsManager", "region": "eu-central-1"}}
    external.change(backend={**BACKEND, "secret_store": aws})
    assert refused(external) == (
        "error: environments/staging.yaml:5:5: values.jwt_secret_key is in a store of kind vault, and "
        "secret_store reads "
        "aws-secretsmanager\n"
    )


def test_two_stores_of_a_kind_are_refused(external: Project) -> None:
    one, other = ({"kind": "vault", "address": f"https://{name}.example"} for name in ("one", "other"))
    external.change(stores={"one": one, "other": other}, push={**PUSH, "store": "one"})
    external.change(
        values={**VALUES_OF_AURA, "jwt_secret_key": {"vault": "secret/a", "property": "b", "store": "other"}}
    )
    external.change(push=None)
    external.change(
        values={
            name: {"vault": "secret/a", "property": name, "store": "other" if name == "redis_password" else "one"}
            for name in VALUES
        }
    )
    assert refused(external) == (
        "error: environments/staging.yaml:5:5: values.jwt_secret_key and values.redis_password are in two stores, and "
        "secret_store reads one\n"
    )


VALUES_OF_AURA = {name: {"generate": "hex", "bytes": 16} for name in VALUES}


def test_a_filter_that_the_operator_has_not_is_refused_with_the_keys_place(external: Project) -> None:
    external.template("redis-secrets", {"redis-password": "{{ values.redis_password | upper }}"})
    assert refused(external) == (
        "error: templates/redis-secrets.yaml.j2:4:3: redis-secrets/redis-password: External Secrets can't make "
        "it: upper is "
        "not the same for every letter in Go and in Python\n"
        "Put what the filter makes into the store as a value of its own.\n"
    )


def test_a_filter_on_a_literal_that_it_can_not_take_is_refused(external: Project) -> None:
    external.template(
        "redis-secrets", {"a": "{{ values.postgres_user | b64decode }}", "b": "{{ values.redis_password }}"}
    )
    external.change(values={**VALUES_OF_AURA, "postgres_user": {"literal": "!"}})
    assert refused(external) == (
        "error: templates/redis-secrets.yaml.j2:4:3: redis-secrets/a: b64decode takes standard base64 with "
        "padding, and this "
        "is not\n"
    )


def test_a_secret_without_any_value_of_a_store_is_refused(external: Project) -> None:
    external.template("redis-secrets", {"user": "{{ values.postgres_user }}"})
    assert refused(external) == (
        "error: templates/redis-secrets.yaml.j2:1: redis-secrets is made of no value in a store, and an ExternalSecret "
        "must be\n"
        "Leave it out of secrets:, and commit it as a manifest of your own: nothing in it is secret.\n"
    )


def test_a_property_that_the_operator_takes_for_a_pattern_is_refused(external: Project) -> None:
    external.change(push={**PUSH, "property": "{value}*"})
    assert refused(external) == (
        "error: templates/backend-secrets.yaml.j2:1: values.jwt_secret_key: External Secrets takes "
        "'jwt_secret_key*' for a pattern, not for a property; "
        "letters, digits, '_', '-' and '.' are none\n"
    )


def test_a_file_in_the_way_is_refused(external: Project) -> None:
    external.write(f"{FOLDER}/redis-secrets.yaml", "kind: Secret\n")
    assert refused(external) == (
        f"error: {FOLDER}/redis-secrets.yaml is there, but sealgen did not write it: its first line does not say so\n"
        "Move it away, or restore it from Git.\n"
    )


@pytest.mark.parametrize("options", [("--only", "redis-secrets"), ("--from-cluster",), ("--accept-fingerprint-key",)])
def test_what_is_asked_of_sealed_keys_is_refused(external: Project, options: tuple[str, ...]) -> None:
    assert refused(external, "seal", *options) == (
        "error: staging is an environment of External Secrets: no value of it is sealed, and all of it is written at "
        "once\n"
        "Leave the options out: sealgen seal staging\n"
    )


def test_its_secrets_are_not_printed(external: Project) -> None:
    assert refused(external, "render") == (
        "error: environments/staging.yaml:5:5: staging is not a plain environment: its Secrets are not printed\n"
        "Only 'backend: {kind: plain}' prints Secrets; an operator makes those of this one: sealgen seal staging\n"
    )


NOT_PROVEN = (
    "  not proven: that Git tracks no plain Secret and no private key: this is no work tree of Git\n"
    "  not proven: that the store holds the values, and that the operator may read them\n"
)


def test_check_says_what_it_can_not_prove(written: Project) -> None:
    assert written.run("check", "staging") == (0, "staging: 3 secrets, 7 keys, nothing wrong\n" + NOT_PROVEN, "")


def test_check_finds_what_is_not_as_it_would_be_written(written: Project) -> None:
    written.edit(f"{FOLDER}/backend-secrets.yaml", "app: backend", "app: api")
    (written.root / FOLDER / "secret-store.yaml").unlink()
    written.change(secrets=["backend-secrets", "postgres-secrets"])
    ended = written.run("check", "staging")
    findings = "".join(
        f"error: {FOLDER}/{file}: {words}; run sealgen seal staging [out-of-date]\n"
        for file, words in (
            ("backend-secrets.yaml", "is not what the environment file and the templates give"),
            ("secret-store.yaml", "is missing"),
            ("redis-secrets.yaml", "is no longer wanted"),
            ("kustomization.yaml", "is not what the environment file and the templates give"),
        )
    )
    assert ended == (11, f"{findings}staging: 2 secrets, 6 keys, 4 findings\n{NOT_PROVEN}", "")


def dated(project: Project, **dates: str) -> None:
    """Write a lock that has a first version of these values, of these days."""
    values = Configuration(WorkTree(project.root)).environment("staging").values
    lines = (
        f'{{"value":"{name}","version":"1-00000000","date":"{date}","specification":"{values[name].specification}"}}\n'
        for name, date in sorted(dates.items())
    )
    project.write("environments/staging.lock", "".join(('{"sealgen":"lock","format":1}\n', *lines)))


def check(project: Project, *arguments: str) -> tuple[int, list[str], list[str]]:
    """Return the code, the findings, and what is not proven but for what is never."""
    ended = project.run("check", *(arguments or ("staging",)))
    assert ended.err == ""
    lines = ended.out.splitlines()
    unproven = [line for line in lines if line.startswith("  not proven:") and f"{line}\n" not in NOT_PROVEN]
    return ended.code, [line for line in lines if line.endswith("]")], unproven


def test_check_tells_what_is_due_by_the_lock_and_what_no_lock_dates(written: Project) -> None:
    values = {**VALUES_OF_AURA, "jwt_secret_key": {"generate": "hex", "bytes": 16, "rotate_every": "90d"}}
    written.change(values=values)
    assert written.run("seal", "staging", "-q") == (0, "", "")
    assert check(written) == (0, [], ["  not proven: how old these are, which no lock dates: jwt_secret_key"])
    dated(written, jwt_secret_key="2020-01-01")
    code, findings, unproven = check(written)
    assert (code, unproven) == (0, [])
    (finding,) = findings
    assert finding.startswith("warning: environments/staging.yaml:")
    assert "jwt_secret_key has been due for rotation for " in finding
    assert finding.endswith(" (version of 2020-01-01, every 90 days) [rotation-due]")
    assert written.run("due", "staging").code == 11


def test_check_holds_values_to_the_policy_though_none_is_sealed(written: Project) -> None:
    written.change(policy={"min_entropy": 200, "max_age": "30d"}, secrets=["redis-secrets", "postgres-secrets"])
    written.change(values={**VALUES_OF_AURA, "redis_password": {"generate": "hex", "bytes": 16, "rotate_every": "30d"}})
    assert written.run("seal", "staging", "-q") == (0, "", "")
    dated(written, redis_password="2020-01-01")
    code, findings, unproven = check(written)
    assert code == 11
    assert sorted(finding.rpartition("[")[2] for finding in findings) == [
        "policy-age]",
        "policy-entropy]",
        "policy-entropy]",
        "policy-entropy]",
        "policy-rotation]",
        "policy-rotation]",
        "rotation-due]",
    ]
    assert unproven == ["  not proven: how old these are, which no lock dates: postgres_password, postgres_user"]


def test_check_looks_at_recipes_and_literals_though_none_is_sealed(written: Project) -> None:
    written.template(
        "redis-secrets",
        {"password": "s3cr3t-{{ values.smtp_password }}", "url": "redis://:{{ values.smtp_password }}@redis"},
    )
    written.change(secrets=["redis-secrets"])
    written.change(values={**VALUES_OF_AURA, "smtp_password": {"env": "SMTP_PASSWORD"}})
    assert written.run("seal", "staging", "-q") == (0, "", "")
    uri = (
        "warning: templates/redis-secrets.yaml.j2:5: redis-secrets/url: smtp_password stands unescaped in a URI; "
        "write | urlquote [uri-unescaped]"
    )
    assert check(written) == (0, [uri], [])
    written.template(
        "redis-secrets", {"a": "{{ values.smtp_password }}", "admin_password": "{{ values.admin_password }}"}
    )
    written.change(values={**VALUES_OF_AURA, "admin_password": {"literal": "hunter2-hunter2"}})
    assert written.run("seal", "staging", "-q") == (0, "", "")
    code, (finding,), _ = check(written)
    assert code == 0
    assert "admin_password is a literal, in clear in Git, and is named like a credential" in finding
    assert "hunter2" not in finding


def test_a_comment_silences_a_check_of_it(written: Project) -> None:
    written.change(policy={"min_entropy": 200}, secrets=["redis-secrets"])
    assert written.run("seal", "staging", "-q") == (0, "", "")
    assert check(written)[0] == 11
    path = "environments/staging.yaml"
    comment = "# sealgen: ignore[policy-entropy] the server takes no longer one\n"
    written.write(path, comment + written.read(path).decode())
    assert check(written)[:2] == (0, [])


def test_its_keys_are_compared_with_those_of_a_sealed_environment(written: Project, tmp_path: Path) -> None:
    other = aura(tmp_path / "other")
    for path, content in other.contents().items():
        if path.startswith("environments/") and path != "environments/staging.yaml":
            written.write(path, content)
    written.write("environments/sealed.yaml", other.read("environments/staging.yaml").replace(b"staging", b"sealed"))
    assert written.run("seal", "sealed", "-q").code == 0
    assert [line for line in check(written, "staging", "sealed")[1] if "parity" in line] == []
    written.change(secrets=["backend-secrets", "postgres-secrets"])
    assert written.run("seal", "staging", "-q") == (0, "", "")
    assert [line for line in check(written, "staging", "sealed")[1] if "parity" in line] == [
        "note: environments/staging.yaml: staging has no redis-secrets/redis-password, which sealed has [parity]"
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify",),
        ("reencrypt",),
        ("cert", "show"),
        ("cert", "fetch"),
    ],
    ids=" ".join,
)
def test_commands_about_what_is_sealed_say_that_nothing_is(written: Project, arguments: tuple[str, ...]) -> None:
    # A command that has others is named by both words.
    named, rest = (arguments, ()) if arguments[0] == "cert" else (arguments[:1], arguments[1:])
    assert written.run(*named, "staging", *rest) == (
        2,
        "",
        (
            "error: staging is an environment of External Secrets: nothing of it is sealed\n"
            "Write what the operator needs: sealgen seal staging\n"
        ),
    )


def test_no_key_can_have_the_version_before(written: Project) -> None:
    values = {**VALUES_OF_AURA, "jwt_secret_key": {"generate": "hex", "bytes": 16, "keep_previous": "OLD"}}
    written.change(values=values)
    assert written.run("plan", "staging") == (
        2,
        "",
        (
            "error: values.jwt_secret_key.keep_previous: the operator reads one version, so that no key can have the "
            "one before\nTake it out of this environment: in environments/staging.yaml, "
            "values: {jwt_secret_key: {keep_previous: null}}\n"
        ),
    )


def test_of_all_environments_it_is_left_out_where_something_sealed_is_needed(written: Project) -> None:
    ended = written.run("verify", "--all")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "staging: skipped, as nothing of an environment of External Secrets is sealed\n"


def test_a_change_of_its_templates_is_one_of_the_environment(written: Project) -> None:
    written.git("init", "-q")
    written.git("add", "-A")
    written.git("commit", "-q", "-m", "first")
    assert written.run("matrix") == (0, "", "")
    written.edit("templates/redis-secrets.yaml.j2", "redis-password:", "password:")
    assert written.run("matrix") == (0, "staging\n", "")
    assert written.run("scan", "staging") == (0, "1 value looked for, none found\n", "")


def test_rollout_goes_by_a_lock_and_is_refused(external: Project) -> None:
    external.change(rollout={"annotation": {"Deployment/backend": ["backend-secrets"]}})
    assert refused(external).endswith(
        "rollout: goes by the lock, and External Secrets changes a Secret without any commit\n"
        "Have something in the cluster restart the pods, and leave rollout: out.\n"
    )


def test_a_secret_can_not_have_the_stores_file(external: Project) -> None:
    external.change(secrets=[{"name": "redis-secrets", "filename": "secret-store.yaml"}])
    assert "'redis-secrets' and backend: have one file, secret-store.yaml; give the secret a filename" in refused(
        external
    )


def test_google_takes_the_name_of_a_secret_alone(external: Project) -> None:
    gcp = {"name": "aura", "gcpsm": {"projectID": "aura"}}
    names = {name: {"gcp-secretmanager": f"projects/aura/secrets/{name}"} for name in VALUES}
    external.change(backend={**BACKEND, "secret_store": gcp}, push=None, values=names)
    assert refused(external).endswith(
        "values.jwt_secret_key: External Secrets takes the name of a secret alone, and its project is that of the "
        "store; write jwt_secret_key\n"
    )
