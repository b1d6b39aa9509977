"""``sealgen migrate``: the environment file, the overlay and the lock change at once; what is left to do is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.test_external_secrets import FOLDER
from tests.support.leaks import leaked
from tests.support.project import Project, aura, difference
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from pathlib import Path

CERTIFICATE = "environments/certificates/controller.pem"
GIVEN = """\
# Where the operator reads what sealgen pushes.
backend:
  kind: external-secrets
  secret_store:
    name: aura
    vault:
      server: https://vault.example
      path: secret
      auth: {kubernetes: {mountPath: k8s, role: aura}} # its own account
push: {vault: "secret/aura/{environment}", property: "{value}"}
"""
GENERATED = ("jwt_secret_key", "postgres_password", "redis_password")
ROTATED = tuple(option for name in GENERATED for option in ("--rotate", name))
TO_EXTERNAL = ("migrate", "staging", "--to", "external-secrets", "--with", "store.yaml")
TO_SEALED = ("migrate", "staging", "--to", "sealed-secrets", "--certificate", CERTIFICATE)
TABLE = """\
staging
  SECRET            KEY                ACTION  REASON
  backend-secrets   JWT_SECRET_KEY     write   backend changed
  backend-secrets   POSTGRES_DB_URI    write   backend changed
  backend-secrets   REDIS_URL          write   backend changed
  backend-secrets   SMTP_PASSWORD      write   backend changed
  postgres-secrets  postgres-user      write   backend changed
  postgres-secrets  postgres-password  write   backend changed
  redis-secrets     redis-password     write   backend changed
  aura              (manifest)         write   new key
"""
NEXT = """\
  VALUE              PLACE                                        NEXT
  jwt_secret_key     vault secret/aura/staging jwt_secret_key     only the cluster has it, unless it was pushed
  postgres_password  vault secret/aura/staging postgres_password  only the cluster has it, unless it was pushed
  redis_password     vault secret/aura/staging redis_password     only the cluster has it, unless it was pushed
  smtp_password      vault secret/aura/staging smtp_password      sealgen push puts it there
sealgen push makes a new version of what only the cluster has, as a rotation does. To keep what is live, put it into the
store while the environment is sealed, with the same push:, by sealgen push staging --from-cluster; or have the operator
put it there, before the overlay is applied: sealgen push staging --push-secrets | kubectl apply -f -
Commit it. Then, in this order, so that every Secret is there all the time:
  sealgen push staging jwt_secret_key postgres_password redis_password smtp_password
  kubectl delete sealedsecret --cascade=orphan -n aura-staging backend-secrets postgres-secrets redis-secrets
  kubectl apply -k k8s/overlays/staging
"""


@pytest.fixture
def sealed(tmp_path: Path) -> Project:
    """Return Aura's project with staging sealed, and a file that says where an operator would read."""
    project = aura(tmp_path)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.write("store.yaml", GIVEN)
    project.edit("environments/staging.yaml", "namespace:", "# Aura's staging\nnamespace:")
    return project


@pytest.fixture
def external(sealed: Project) -> Project:
    """Return it after staging has moved to External Secrets."""
    assert sealed.run(*TO_EXTERNAL, "-q") == (0, "", "")
    return sealed


def test_a_sealed_environment_moves_to_external_secrets_at_once(sealed: Project) -> None:
    before = sealed.contents()
    assert sealed.run(*TO_EXTERNAL) == (0, f"{TABLE}staging: 3 secrets, 7 keys, 8 written\n{NEXT}", "")
    changed = difference(before, sealed.contents())
    assert changed["environments/staging.yaml"] == (
        [
            "  kind: sealed-secrets",
            f"  certificate: {CERTIFICATE}",
            f"  fingerprint: {sealed.controller.fingerprint}",
        ],
        [line for line in GIVEN.splitlines() if line != "backend:"],
    )
    assert changed.keys() == {
        "environments/staging.yaml",
        "environments/staging.lock",
        *(f"{FOLDER}/{name}-secrets.yaml" for name in ("backend", "postgres", "redis")),
        f"{FOLDER}/secret-store.yaml",
        f"{FOLDER}/kustomization.yaml",
    }
    assert sealed.run("plan", "staging").code == 0
    assert sealed.run("check", "staging").code == 0


def test_a_dry_run_shows_the_same_and_writes_nothing(sealed: Project) -> None:
    before = sealed.tree()
    assert sealed.run(*TO_EXTERNAL, "--dry-run") == (10, f"{TABLE}staging: 3 secrets, 7 keys, 8 to write\n{NEXT}", "")
    assert sealed.tree() == before


def test_no_value_and_no_key_is_needed_to_leave_sealing(sealed: Project) -> None:
    none = {"SMTP_PASSWORD": None, "SEALGEN_FINGERPRINT_KEY": None}
    assert sealed.run(*TO_EXTERNAL, "-q", env=none) == (0, "", "")


def test_json_tells_each_value_and_the_commands(sealed: Project) -> None:
    (result,) = sealed.run(*TO_EXTERNAL, "--json").document["results"]
    assert (result["from"], result["to"], result["keys"]) == ("sealed-secrets", "external-secrets", 7)
    assert result["values"][-1] == {
        "value": "smtp_password",
        "place": "vault secret/aura/staging smtp_password",
        "next": "push",
    }
    assert result["next"][-1] == f"kubectl apply -k {FOLDER}"
    assert f"{FOLDER}/secret-store.yaml" in result["files"]


def test_it_moves_back_with_new_versions_of_what_only_the_store_has(external: Project) -> None:
    ended = external.run(*TO_SEALED, *ROTATED)
    assert (ended.code, ended.err) == (0, "")
    assert "  jwt_secret_key            it is made anew\n" in ended.out
    assert ended.out.endswith(
        "Commit it. Then, in this order, so that every Secret is there all the time:\n"
        "  kubectl delete externalsecret --cascade=orphan -n aura-staging backend-secrets postgres-secrets "
        "redis-secrets\n"
        "  kubectl annotate secret -n aura-staging backend-secrets postgres-secrets redis-secrets "
        "sealedsecrets.bitnami.com/managed=true\n"
        "  kubectl apply -k k8s/overlays/staging\n"
    )
    assert len(external.unsealed()) == 7
    assert [external.counter(name) for name in GENERATED] == [2, 2, 2]
    assert external.run("plan", "staging").code == 0


def test_there_and_back_leaves_the_file_as_it_was(sealed: Project) -> None:
    before = sealed.read("environments/staging.yaml")
    sealed.write("store.yaml", GIVEN.split("\n", 1)[1])
    assert sealed.run(*TO_EXTERNAL, "-q").code == 0
    back = yaml.safe_dump({"backend": sealed.backend(), "push": None}, sort_keys=False, width=1000)
    sealed.write("back.yaml", back)
    ended = sealed.run("migrate", "staging", "--to", "sealed-secrets", "--with", "back.yaml", *ROTATED, "-q")
    assert (ended, sealed.read("environments/staging.yaml")) == ((0, "", ""), before)


def test_what_only_the_store_has_is_not_made_anew_unasked(external: Project) -> None:
    before = external.tree()
    assert external.run(*TO_SEALED, "--rotate", "redis_password") == (
        12,
        "",
        (
            "error: staging: only the store has jwt_secret_key, postgres_password, and sealing does not read what is "
            "pushed\nLet sealing read it, by keep: {…} with the place of push:; or make the next version: "
            "--rotate jwt_secret_key --rotate postgres_password\n"
        ),
    )
    assert external.tree() == before


def test_a_dry_run_of_sealing_writes_nothing(external: Project) -> None:
    before = external.tree()
    ended = external.run(*TO_SEALED, *ROTATED, "--dry-run")
    assert (ended.code, ended.err) == (10, "")
    assert "staging: 3 secrets, 7 keys, 7 to seal, 1 to drop\n" in ended.out
    assert external.tree() == before


@pytest.mark.parametrize("from_", ["sealed", "external"])
def test_what_becomes_plain_leaves_nothing_written(from_: str, request: pytest.FixtureRequest) -> None:
    project: Project = request.getfixturevalue(from_)
    project.change(access={"reader": {"secrets": ["redis-secrets"], "subjects": [{"group": "ops"}]}})
    rotated = () if from_ == "external" else ("--rotate", "redis_password")
    assert project.run("seal", "staging", "-q", *rotated).code == 0
    ended = project.run("migrate", "staging", "--to", "plain")
    assert (ended.code, ended.err) == (0, "")
    assert "  access.yaml            (manifest)  drop    backend changed\n" in ended.out
    assert not list((project.root / FOLDER).iterdir())
    assert not (project.root / "environments/staging.lock").exists()
    assert yaml.safe_load(project.read("environments/staging.yaml"))["backend"] == {"kind": "plain"}
    assert project.run("render", "staging").code == 0


def test_a_plain_one_can_be_sealed_and_read_by_the_operator(sealed: Project) -> None:
    assert sealed.run("migrate", "staging", "--to", "plain", "-q") == (0, "", "")
    assert sealed.run(*TO_EXTERNAL, "--dry-run").out.endswith(
        "  sealgen push staging jwt_secret_key postgres_password redis_password smtp_password\n"
        "  kubectl apply -k k8s/overlays/staging\n"
    )
    assert sealed.run(*TO_SEALED, "-q") == (0, "", "")
    assert len(sealed.unsealed()) == 7


def test_what_others_keep_in_the_overlay_stays(sealed: Project) -> None:
    sealed.write(f"{FOLDER}/deployment.yaml", "kind: Deployment\n")
    sealed.edit(f"{FOLDER}/kustomization.yaml", "resources:\n", "resources:\n- deployment.yaml\n")
    assert sealed.run("migrate", "staging", "--to", "plain", "-q") == (0, "", "")
    assert yaml.safe_load(sealed.read(f"{FOLDER}/kustomization.yaml"))["resources"] == ["deployment.yaml"]
    assert sealed.read(f"{FOLDER}/deployment.yaml") == b"kind: Deployment\n"


def test_an_environment_that_has_the_backend_is_left_alone(external: Project) -> None:
    before = external.tree()
    assert external.run(*TO_EXTERNAL) == (0, "staging: its backend is external-secrets already\n", "")
    assert external.tree() == before


def test_a_typed_yes_confirms_what_is_shown(sealed: Project) -> None:
    before = sealed.tree()
    declined = at_terminal(sealed, *TO_EXTERNAL, answers=["no"])
    assert declined.code == 10
    assert "staging: from sealed-secrets to external-secrets? Type yes:" in declined.shown
    assert "staging: nothing was written" in declined.shown
    assert sealed.tree() == before
    assert at_terminal(sealed, *TO_EXTERNAL, answers=["yes"]).code == 0
    assert sealed.run("plan", "staging").code == 0


def test_a_typed_yes_confirms_what_is_sealed_too(external: Project) -> None:
    before = external.tree()
    assert at_terminal(external, *TO_SEALED, *ROTATED, answers=["no"]).code == 10
    assert external.tree() == before
    assert at_terminal(external, *TO_SEALED, *ROTATED, answers=["yes"]).code == 0
    assert external.run("plan", "staging").code == 0


def test_no_value_is_told(sealed: Project) -> None:
    alone = ("JWT_SECRET_KEY", "SMTP_PASSWORD", "postgres-password", "redis-password")
    known = {name: text for name, text in sealed.unsealed().items() if name.endswith(alone)}
    ended = sealed.run(*TO_EXTERNAL)
    for content in (ended.out.encode(), ended.err.encode(), *sealed.contents().values()):
        assert leaked(content, known) == []


# --- what is wrong ---


def refused(project: Project, *arguments: str, code: int = 2) -> str:
    before = project.tree()
    ended = project.run("migrate", "staging", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert project.tree() == before
    return ended.err


TRY = "Try 'sealgen migrate --help'.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--to", "plain", "--certificate", "c.pem"),
            f"--certificate is for --to sealed-secrets; plain needs none\n{TRY}",
        ),
        (("--to", "plain", "--rotate", "a"), f"--rotate is for --to sealed-secrets; plain seals nothing\n{TRY}"),
        (
            ("--to", "sealed-secrets", "--certificate", "c.pem", "--with", "x"),
            f"say --certificate or --with, not both\n{TRY}",
        ),
        (("--to", "external-secrets", "--with", "none.yaml"), "can't read none.yaml: No such file or directory\n"),
        (
            ("--to", "external-secrets"),
            (
                "--to external-secrets needs the store that the operator reads\n"
                "Say it in a file, --with FILE: backend: {kind: external-secrets, secret_store: {name: …, vault: "
                "{…}}}, and push: {vault: 'secret/NAME/{environment}', property: '{value}'} for values that are not "
                "there yet.\n"
            ),
        ),
    ],
)
def test_a_command_line_that_can_not_be_right(sealed: Project, arguments: tuple[str, ...], message: str) -> None:
    assert refused(sealed, *arguments) == f"error: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("push: {vault: a}\n", "store.yaml:1:1: backend is missing"),
        ("backend: external-secrets\n", "store.yaml:1:10: backend.kind is missing, and --to says external-secrets"),
        ("backend:\n  kind: plain\n", "store.yaml:2:9: backend.kind is 'plain', and --to says external-secrets"),
        (
            "pusch: 1\nbackend:\n  kind: external-secrets\n  secret_store: {name: a}\n",
            "store.yaml:1:1: unknown field 'pusch'; did you mean 'push'?",
        ),
        (
            "\n# one\nbackend:\n  kind: external-secrets\n  secret_store: {name: A_b}\n",
            (
                "store.yaml:5:24: backend.secret_store.name: 'A_b' can't be a name: use lower-case letters, digits, "
                "'-' and '.', with a letter or digit at both ends and next to each '.'; did you mean 'a-b'?"
            ),
        ),
        (
            "backend:\n  kind: external-secrets\n  secret_store: {name: a}\n",
            "store.yaml:3:17: values.jwt_secret_key: External Secrets can't read it: it is in no store (generate)",
        ),
        ("backend: [\n", "store.yaml:2:1: not YAML: did not find expected node content"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_where_it_stands(sealed: Project, text: str, message: str) -> None:
    sealed.write("store.yaml", text)
    assert refused(sealed, *TO_EXTERNAL[2:]).splitlines()[0] == f"error: {message}"


def test_what_a_sealed_environment_has_and_the_operator_has_not_is_told_in_the_environment_file(
    sealed: Project,
) -> None:
    sealed.change(rollout={"annotation": {"Deployment/backend": ["backend-secrets"]}})
    text = sealed.read("environments/staging.yaml").decode().splitlines()
    line = text.index("rollout:") + 2
    message = refused(sealed, *TO_EXTERNAL[2:])
    assert message.startswith(f"error: environments/staging.yaml:{line}:3: rollout: goes by the lock")


def test_a_certificate_that_is_not_there_is_told(external: Project) -> None:
    assert refused(external, "--to", "sealed-secrets", "--certificate", "c.pem") == (
        "error: there is no c.pem in the project\nName it by its path from the project's root.\n"
    )
    assert refused(external, "--to", "sealed-secrets") == (
        "error: --to sealed-secrets needs the controller's certificate\n"
        "Name it: --certificate environments/certificates/NAME.pem; --with FILE says all of backend:\n"
    )


def test_a_certificate_outside_of_the_project_is_refused(external: Project, tmp_path: Path) -> None:
    (tmp_path.parent / "outside.pem").write_bytes(external.controller.certificate)
    message = refused(external, "--to", "sealed-secrets", "--certificate", "../outside.pem")
    assert message.startswith("error: backend.certificate: '../outside.pem'")


def test_an_environment_without_an_output_gets_one_when_it_is_sealed(sealed: Project) -> None:
    assert sealed.run("migrate", "staging", "--to", "plain", "-q").code == 0
    sealed.change(output=None)
    assert sealed.run(*TO_SEALED, "-q") == (0, "", "")
    assert sealed.read("environments/staging.yaml").decode().count("output: k8s/overlays/staging\n") == 1
