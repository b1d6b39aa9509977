"""An environment whose backend changes: what was written for the one before gives way, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.test_external_secrets import BACKEND, FOLDER, PUSH

if TYPE_CHECKING:
    from tests.support.project import Project

LOCK = "environments/staging.lock"
SECRETS = ["backend-secrets", "postgres-secrets", "redis-secrets"]


@pytest.fixture
def external(sealed: Project) -> Project:
    """Return it with staging made by the operator since."""
    sealed.change(backend=BACKEND, push=PUSH)
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    return sealed


def kinds(project: Project) -> dict[str, str]:
    """Return the kinds of the overlay's manifests that its kustomization lists."""
    listed = yaml.safe_load(project.read(f"{FOLDER}/kustomization.yaml"))["resources"]
    there = sorted(path.name for path in (project.root / FOLDER).iterdir() if path.name != "kustomization.yaml")
    assert sorted(listed) == there
    return {name: yaml.safe_load(project.read(f"{FOLDER}/{name}"))["kind"] for name in there}


def test_sealed_secrets_are_replaced_by_external_secrets(sealed: Project) -> None:
    sealed.change(backend=BACKEND, push=PUSH)
    before = sealed.tree()
    ended = sealed.run("plan", "staging")
    assert (ended.code, ended.out.splitlines()[2:4]) == (
        10,
        [
            "  backend-secrets   JWT_SECRET_KEY     write   backend changed",
            "  backend-secrets   POSTGRES_DB_URI    write   backend changed",
        ],
    )
    assert sealed.tree() == before
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    files = {f"{name}.yaml": "ExternalSecret" for name in SECRETS}
    assert kinds(sealed) == {**files, "secret-store.yaml": "SecretStore"}
    assert sealed.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")


def test_the_lock_keeps_how_old_values_are_and_nothing_of_keys(sealed: Project) -> None:
    before = sealed.lock()
    sealed.change(backend=BACKEND, push=PUSH)
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    assert sealed.lock() == {
        name: before[name] for name in ("", "jwt_secret_key", "postgres_password", "redis_password", "smtp_password")
    }


def test_a_lock_that_dates_no_value_goes(sealed: Project) -> None:
    sealed.change(values={name: {"vault": "secret/a", "property": name} for name in ("fresh", "other")})
    for name in SECRETS:
        sealed.template(name, {"key": "{{ values.fresh }}"})
    sealed.change(backend=BACKEND)
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    assert not (sealed.root / LOCK).exists()


def test_a_sealed_secret_that_is_no_longer_wanted_goes(sealed: Project) -> None:
    sealed.change(backend=BACKEND, push=PUSH, secrets=["backend-secrets", "postgres-secrets"])
    ended = sealed.run("seal", "staging")
    assert "  redis-secrets     (manifest)         drop    backend changed\n" in ended.out
    assert "redis-secrets.yaml" not in kinds(sealed)


def test_what_rolls_out_sealed_secrets_goes_with_them(sealed: Project) -> None:
    sealed.change(rollout={"annotation": {"Deployment/backend": ["backend-secrets"]}})
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    assert "transformers" in yaml.safe_load(sealed.read(f"{FOLDER}/kustomization.yaml"))
    sealed.change(rollout=None, backend=BACKEND, push=PUSH)
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    assert "rollout.yaml" not in kinds(sealed)
    assert "transformers" not in yaml.safe_load(sealed.read(f"{FOLDER}/kustomization.yaml"))


def test_a_file_that_is_no_sealed_secret_any_more_is_not_replaced(sealed: Project) -> None:
    sealed.write(f"{FOLDER}/redis-secrets.yaml", "kind: Secret\n")
    sealed.change(backend=BACKEND, push=PUSH)
    before = sealed.tree()
    ended = sealed.run("seal", "staging")
    assert (ended.code, ended.err.splitlines()[0]) == (
        2,
        f"error: {FOLDER}/redis-secrets.yaml is there, but sealgen did not write it: its first line does not say so",
    )
    assert sealed.tree() == before


def test_external_secrets_and_their_store_are_replaced_by_sealed_secrets(external: Project) -> None:
    external.change(backend=external.backend(), push=None)
    names = ("jwt_secret_key", "postgres_password", "redis_password")
    rotate = [option for name in names for option in ("--rotate", name)]
    ended = external.run("seal", "staging", *rotate)
    assert (ended.code, ended.err) == (0, "")
    assert "  backend-secrets   SMTP_PASSWORD      seal    backend changed" in ended.out
    assert "  (backend)         (manifest)         drop    backend changed: secret-store.yaml\n" in ended.out
    assert kinds(external) == {f"{name}.yaml": "SealedSecret" for name in SECRETS}
    assert [external.counter(name) for name in names] == [2, 2, 2]
    assert external.run("plan", "staging").code == 0
    assert external.unsealed()["backend-secrets/SMTP_PASSWORD"] == b"correct horse battery staple"


def test_a_value_that_only_the_store_has_is_not_made_anew_unasked(external: Project) -> None:
    external.change(backend=external.backend(), push=None)
    before = external.tree()
    ended = external.run("seal", "staging")
    assert (ended.code, ended.out) == (12, "")
    assert "--rotate jwt_secret_key --rotate postgres_password --rotate redis_password" in ended.err
    assert external.tree() == before


def test_a_part_of_a_change_of_backend_is_refused(external: Project) -> None:
    external.change(backend=external.backend(), push=None)
    assert external.run("seal", "staging", "--only", "redis-secrets") == (
        2,
        "",
        "error: --only leaves out a part of what must change at once: the backend of staging\nSeal all of it.\n",
    )


def test_an_entry_of_the_kustomization_that_is_a_folder_is_left_alone(sealed: Project) -> None:
    sealed.write(f"{FOLDER}/base/kustomization.yaml", "resources: []\n")
    sealed.edit(f"{FOLDER}/kustomization.yaml", "resources:\n", "resources:\n- base\n")
    for backend in (sealed.backend(), BACKEND):
        sealed.change(backend=backend, push=PUSH)
        assert sealed.run("seal", "staging", "-q") == (0, "", "")
