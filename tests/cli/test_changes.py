"""``sealgen seal``: what a change of the environment file or of a template does to the overlay and the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, aura, difference, empty

if TYPE_CHECKING:
    from pathlib import Path

OVERLAY = "k8s/overlays/staging"
LOCK = "environments/staging.lock"
KUSTOMIZATION = f"{OVERLAY}/kustomization.yaml"
STUCK = "error: staging: not all of it can be sealed here, so nothing was written\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project after its first run."""
    project = aura(tmp_path)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


@pytest.fixture
def sourced(tmp_path: Path) -> Project:
    """Return a sealed project of two Secrets whose values can all be read again."""
    project = empty(tmp_path / "sourced")
    project.environment(
        values={"user": {"literal": "aura"}, "token": {"env": "TOKEN"}},
        secrets=[{"name": "app"}, {"name": "other", "template": "app"}],
    )
    project.template("app", {"user": "{{ values.user }}", "token": "{{ values.token }}"})
    assert project.run("seal", "staging", "-q", env=TOKEN) == (0, "", "")
    return project


TOKEN = {"TOKEN": "t0k3n"}


# --- Secrets and keys that go ---


def test_a_secret_that_is_gone_from_the_file_goes_with_its_manifest_entry_and_lock_lines(project: Project) -> None:
    project.change(secrets=["backend-secrets", "postgres-secrets"])
    before = project.contents()
    assert project.run("seal", "staging") == (
        0,
        (
            "staging\n"
            "  SECRET         KEY             ACTION  REASON\n"
            "  redis-secrets  redis-password  drop    no longer in the environment\n"
            "staging: 2 secrets, 6 keys, 1 dropped, 6 kept\n"
        ),
        "",
    )
    after = project.contents()
    assert f"{OVERLAY}/redis-secrets.yaml" not in after
    changed = difference(before, after)
    assert list(changed) == [LOCK, KUSTOMIZATION, f"{OVERLAY}/redis-secrets.yaml"]
    assert changed[KUSTOMIZATION] == (["- redis-secrets.yaml"], [])
    went, came = changed[LOCK]
    assert [line.partition(',"file"')[0] for line in went] == ['{"secret":"redis-secrets","key":"redis-password"']
    assert came == []
    # The value stays: REDIS_URL is made of it.
    assert project.counter("redis_password") == 1
    assert project.run("seal", "staging").out == "staging: 2 secrets, 6 keys, up to date\n"


def test_a_value_that_no_key_uses_any_more_goes_from_the_lock(project: Project) -> None:
    project.change(secrets=["postgres-secrets"])
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert list(project.lock()) == [
        "",
        "postgres_password",
        "postgres_user",
        "postgres-secrets/postgres-password",
        "postgres-secrets/postgres-user",
    ]
    # Nothing that is left was read with the fingerprint key.
    assert project.lock()[""] == {"sealgen": "lock", "format": 1}


def test_all_secrets_can_go(project: Project) -> None:
    project.change(secrets=[])
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert sorted(path for path in project.contents() if path.startswith(OVERLAY)) == [KUSTOMIZATION]
    assert project.read(LOCK) == b'{"sealgen":"lock","format":1}\n'
    assert project.run("seal", "staging").out == "staging: 0 secrets, 0 keys, up to date\n"


def test_a_secret_whose_manifest_was_removed_by_hand_can_go_too(project: Project) -> None:
    project.change(secrets=["backend-secrets", "postgres-secrets"])
    (project.root / project.manifest("redis-secrets")).unlink()
    assert project.run("seal", "staging").out.splitlines()[-1] == "staging: 2 secrets, 6 keys, 1 dropped, 6 kept"
    assert b"redis-secrets" not in project.read(KUSTOMIZATION)
    assert b"redis-secrets" not in project.read(LOCK)


def test_a_secret_that_comes_back_is_new(project: Project) -> None:
    project.change(secrets=["backend-secrets", "redis-secrets"])
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.change(secrets=["backend-secrets", "postgres-secrets", "redis-secrets"])
    ended = project.run("seal", "staging")
    assert ended.code == 12
    assert "postgres-password  blocked  new key: needs postgres_password, which was never stored" in ended.err
    assert project.run("seal", "staging", "-q", "--rotate", "postgres_password") == (0, "", "")
    assert project.counter("postgres_password") == 2
    # The entry comes last: what stands in the file keeps its order.
    assert project.read(KUSTOMIZATION).decode().splitlines()[3:] == [
        "- backend-secrets.yaml",
        "- redis-secrets.yaml",
        "- postgres-secrets.yaml",
    ]


def test_a_key_that_is_gone_from_the_template_goes_with_its_line(project: Project) -> None:
    project.edit("templates/backend-secrets.yaml.j2", "  JWT_SECRET_KEY: '{{ values.jwt_secret_key }}'\n", "")
    before = project.contents()
    assert project.run("seal", "staging") == (
        0,
        (
            "staging\n"
            "  SECRET           KEY             ACTION  REASON\n"
            "  backend-secrets  JWT_SECRET_KEY  drop    no longer in the template\n"
            "staging: 3 secrets, 6 keys, 1 dropped, 6 kept\n"
        ),
        "",
    )
    changed = difference(before, project.contents())
    assert list(changed) == [LOCK, f"{OVERLAY}/backend-secrets.yaml"]
    went, came = changed[f"{OVERLAY}/backend-secrets.yaml"]
    assert ([line.partition(":")[0] for line in went], came) == (["    JWT_SECRET_KEY"], [])
    went, came = changed[LOCK]
    assert [line.partition(",")[0] for line in went] == ['{"value":"jwt_secret_key"', '{"secret":"backend-secrets"']
    assert came == []


# --- Secrets that move ---


def test_a_renamed_secret_is_sealed_for_its_new_name_and_the_old_one_goes(sourced: Project) -> None:
    sourced.change(secrets=[{"name": "renamed", "template": "app"}, {"name": "other", "template": "app"}])
    assert sourced.run("seal", "staging", env=TOKEN) == (
        0,
        (
            "staging\n"
            "  SECRET   KEY    ACTION  REASON\n"
            "  renamed  user   seal    new key\n"
            "  renamed  token  seal    new key\n"
            "  app      token  drop    no longer in the environment\n"
            "  app      user   drop    no longer in the environment\n"
            "staging: 2 secrets, 4 keys, 2 sealed, 2 dropped, 2 kept\n"
        ),
        "",
    )
    assert sourced.read(KUSTOMIZATION).decode().splitlines()[3:] == ["- other.yaml", "- renamed.yaml"]
    assert sourced.unsealed() == {
        "other/token": b"t0k3n",
        "other/user": b"aura",
        "renamed/token": b"t0k3n",
        "renamed/user": b"aura",
    }


def test_a_renamed_secret_may_keep_its_file(sourced: Project) -> None:
    secrets = [{"name": "renamed", "template": "app", "filename": "app.yaml"}, {"name": "other", "template": "app"}]
    sourced.change(secrets=secrets)
    before = sourced.contents()
    assert sourced.run("seal", "staging", "-q", env=TOKEN) == (0, "", "")
    assert list(difference(before, sourced.contents())) == [LOCK, f"{OVERLAY}/app.yaml"]
    assert sourced.unsealed()["renamed/token"] == b"t0k3n"
    assert sourced.run("seal", "staging", env=TOKEN).out == "staging: 2 secrets, 4 keys, up to date\n"


def test_a_renamed_secret_of_generated_values_is_blocked(project: Project) -> None:
    secrets = ["backend-secrets", "postgres-secrets", {"name": "cache-secrets", "template": "redis-secrets"}]
    project.change(secrets=secrets)
    before = project.tree()
    assert project.run("seal", "staging") == (
        12,
        "",
        (
            "staging\n"
            "  SECRET         KEY             ACTION   REASON\n"
            "  cache-secrets  redis-password  blocked  new key: needs redis_password, which was never stored\n"
            "  redis-secrets  redis-password  drop     no longer in the environment\n"
            f"\n{STUCK}"
            "Make a new version with the run: sealgen seal staging --rotate redis_password; "
            "or read back what is live: sealgen seal staging --from-cluster\n"
        ),
    )
    assert project.tree() == before
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    opened = project.unsealed()
    assert opened["backend-secrets/REDIS_URL"].startswith(b"redis://:")
    assert "redis-secrets/redis-password" not in opened
    assert len(opened["cache-secrets/redis-password"]) == 32


def test_a_new_filename_moves_the_manifest_and_keeps_every_ciphertext(project: Project) -> None:
    project.change(
        secrets=[{"name": "backend-secrets", "filename": "backend.yaml"}, "postgres-secrets", "redis-secrets"]
    )
    before, ciphertexts = project.contents(), project.ciphertexts()
    assert project.run("seal", "staging") == (
        0,
        (
            "staging\n"
            "  SECRET           KEY         ACTION   REASON\n"
            "  backend-secrets  (manifest)  rewrite  file renamed\n"
            "staging: 3 secrets, 7 keys, 1 rewritten, 7 kept\n"
        ),
        "",
    )
    after = project.contents()
    assert after[f"{OVERLAY}/backend.yaml"] == before[f"{OVERLAY}/backend-secrets.yaml"]
    assert f"{OVERLAY}/backend-secrets.yaml" not in after
    assert project.ciphertexts() == ciphertexts
    assert difference(before, after)[KUSTOMIZATION] == (["- backend-secrets.yaml"], ["- backend.yaml"])
    went, came = difference(before, after)[LOCK]
    assert [line.replace('"backend-secrets.yaml"', '"backend.yaml"') for line in went] == came
    assert len(came) == 4
    assert project.run("seal", "staging").out == "staging: 3 secrets, 7 keys, up to date\n"


def test_two_secrets_can_swap_their_files(project: Project) -> None:
    project.change(
        secrets=[
            "backend-secrets",
            {"name": "postgres-secrets", "filename": "redis-secrets.yaml"},
            {"name": "redis-secrets", "filename": "postgres-secrets.yaml"},
        ]
    )
    ciphertexts = project.ciphertexts()
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert b"name: redis-secrets\n" in project.read(f"{OVERLAY}/postgres-secrets.yaml")
    assert project.ciphertexts() == ciphertexts
    assert project.run("seal", "staging").out == "staging: 3 secrets, 7 keys, up to date\n"


def test_an_overlay_that_was_moved_with_git_is_as_before(project: Project) -> None:
    project.change(output="deploy/staging")
    (project.root / "deploy").mkdir()
    (project.root / OVERLAY).rename(project.root / "deploy/staging")
    before = project.tree()
    assert project.run("seal", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")
    assert project.tree() == before


# --- what a ciphertext is bound to ---


@pytest.mark.parametrize("scope", ["namespace-wide", "cluster-wide"])
def test_a_new_scope_seals_every_key_again(sourced: Project, scope: str) -> None:
    sourced.change(backend=sourced.backend(scope=scope))
    before = sourced.ciphertexts()
    assert sourced.run("seal", "staging", env=TOKEN) == (
        0,
        (
            "staging\n"
            "  SECRET  KEY         ACTION   REASON\n"
            "  app     (manifest)  rewrite  metadata changed\n"
            f"  app     user        seal     scope changed: strict → {scope}\n"
            f"  app     token       seal     scope changed: strict → {scope}\n"
            "  other   (manifest)  rewrite  metadata changed\n"
            f"  other   user        seal     scope changed: strict → {scope}\n"
            f"  other   token       seal     scope changed: strict → {scope}\n"
            "staging: 2 secrets, 4 keys, 4 sealed, 2 rewritten\n"
        ),
        "",
    )
    after = sourced.ciphertexts()
    assert all(before[key] != after[key] for key in before)
    # The annotation stands on the object, which decides, and on the template.
    assert sourced.read(f"{OVERLAY}/app.yaml").count(f'sealedsecrets.bitnami.com/{scope}: "true"'.encode()) == 2
    assert sourced.unsealed()["app/token"] == b"t0k3n"


def test_one_secret_may_have_a_scope_of_its_own(sourced: Project) -> None:
    secrets = [{"name": "app"}, {"name": "other", "template": "app", "scope": "namespace-wide"}]
    sourced.change(secrets=secrets)
    before = sourced.ciphertexts()
    assert sourced.run("seal", "staging", "-q", env=TOKEN) == (0, "", "")
    after = sourced.ciphertexts()
    assert [key for key in before if before[key] != after[key]] == ["other/token", "other/user"]
    assert sourced.unsealed()["other/user"] == b"aura"


def test_a_new_namespace_seals_every_key_again(sourced: Project) -> None:
    secrets = [{"name": "app"}, {"name": "other", "template": "app", "namespace": "elsewhere"}]
    sourced.change(secrets=secrets)
    assert sourced.run("seal", "staging", env=TOKEN).out == (
        "staging\n"
        "  SECRET  KEY         ACTION   REASON\n"
        "  other   (manifest)  rewrite  metadata changed\n"
        "  other   user        seal     namespace changed: aura-staging → elsewhere\n"
        "  other   token       seal     namespace changed: aura-staging → elsewhere\n"
        "staging: 2 secrets, 4 keys, 2 sealed, 1 rewritten, 2 kept\n"
    )
    assert b"namespace: elsewhere\n" in sourced.read(f"{OVERLAY}/other.yaml")
    assert sourced.unsealed()["other/user"] == b"aura"


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"scope": "cluster-wide"}, "scope changed: strict → cluster-wide"),
        ({"namespace": "elsewhere"}, "namespace changed: aura-staging → elsewhere"),
    ],
)
def test_a_new_label_of_a_generated_value_is_blocked_and_works_with_a_rotation(
    project: Project, fields: dict[str, str], detail: str
) -> None:
    project.change(secrets=["backend-secrets", "postgres-secrets", {"name": "redis-secrets", **fields}])
    before = project.tree()
    assert project.run("seal", "staging") == (
        12,
        "",
        (
            "staging\n"
            "  SECRET         KEY             ACTION   REASON\n"
            "  redis-secrets  (manifest)      rewrite  metadata changed\n"
            f"  redis-secrets  redis-password  blocked  {detail}; needs redis_password, which was never stored\n"
            f"\n{STUCK}"
            "Make a new version with the run: sealgen seal staging --rotate redis_password; "
            "or read back what is live: sealgen seal staging --from-cluster\n"
        ),
    )
    assert project.tree() == before
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    assert len(project.unsealed()["redis-secrets/redis-password"]) == 32


# --- metadata, which no ciphertext is bound to ---


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("metadata:\n  labels:\n    app: cache", "        app: cache"),
        ("metadata:\n  annotations:\n    team: '42'", '        team: "42"'),
        ("type: Opaque", "    type: Opaque"),
        ("type: example.com/own", "    type: example.com/own"),
        ("immutable: true", "    immutable: true"),
        ("immutable: false", "    immutable: false"),
    ],
)
def test_metadata_changes_without_touching_a_ciphertext(project: Project, header: str, line: str) -> None:
    project.template("redis-secrets", {"redis-password": "{{ values.redis_password }}"}, header)
    before, ciphertexts = project.contents(), project.ciphertexts()
    assert project.run("seal", "staging") == (
        0,
        (
            "staging\n"
            "  SECRET         KEY         ACTION   REASON\n"
            "  redis-secrets  (manifest)  rewrite  metadata changed\n"
            "staging: 3 secrets, 7 keys, 1 rewritten, 7 kept\n"
        ),
        "",
    )
    changed = difference(before, project.contents())
    assert list(changed) == [f"{OVERLAY}/redis-secrets.yaml"]
    went, came = changed[f"{OVERLAY}/redis-secrets.yaml"]
    assert (went, came[-1]) == ([], line)
    assert project.ciphertexts() == ciphertexts
    assert project.run("seal", "staging").out == "staging: 3 secrets, 7 keys, up to date\n"


def test_the_type_may_stand_in_the_environment_file(project: Project) -> None:
    project.change(
        secrets=["backend-secrets", "postgres-secrets", {"name": "redis-secrets", "type": "example.com/own"}]
    )
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert b"\n    type: example.com/own\n" in project.read(f"{OVERLAY}/redis-secrets.yaml")


# --- the files around ---


def test_files_that_sealgen_did_not_write_are_never_touched(project: Project) -> None:
    strangers = {
        f"{OVERLAY}/patch.yaml": "kind: Deployment\n",
        f"{OVERLAY}/README.md": "# ours\n",
        f"{OVERLAY}/other-sealed-secret.yaml": "kind: SealedSecret\n",
        f"{OVERLAY}/.hidden": "x",
        f"{OVERLAY}/nested/redis-secrets.yaml": "kind: Secret\n",
        "k8s/overlays/production/kustomization.yaml": "resources: []\n",
        "k8s/base/deployment.yaml": "kind: Deployment\n",
    }
    for path, content in strangers.items():
        project.write(path, content)
    before = {path: entry for path, entry in project.tree().items() if path in strangers}
    for arguments in (["--rotate", "jwt_secret_key"], []):
        assert project.run("seal", "staging", *arguments).code == 0
    project.change(secrets=["backend-secrets", "postgres-secrets"])
    assert project.run("seal", "staging").code == 0
    project.change(secrets=[])
    assert project.run("seal", "staging").code == 0
    assert {path: entry for path, entry in project.tree().items() if path in strangers} == before


@pytest.mark.parametrize("content", ["kind: Deployment\n", "", "not: [yaml", None])
def test_a_foreign_file_in_the_place_of_a_manifest_is_refused_and_stays(project: Project, content: str | None) -> None:
    path = f"{OVERLAY}/smtp-secrets.yaml"
    # Even a SealedSecret of the very name, if no lock has it.
    manifest = project.read(f"{OVERLAY}/redis-secrets.yaml").decode().replace("redis-secrets", "smtp-secrets")
    project.write(path, manifest if content is None else content)
    project.template("smtp-secrets", {"password": "{{ values.smtp_password }}"})
    project.change(secrets=["backend-secrets", "postgres-secrets", "redis-secrets", "smtp-secrets"])
    before = project.tree()
    for command in ("seal", "plan", "check"):
        assert project.run(command, "staging") == (
            2,
            "",
            (
                f"error: {path} is there, but sealgen did not write it\n"
                "Move it away, or give the secret 'smtp-secrets' another filename.\n"
            ),
        )
    assert project.tree() == before


def test_a_foreign_file_in_the_place_that_a_manifest_moves_to_is_refused_and_stays(project: Project) -> None:
    project.write(f"{OVERLAY}/backend.yaml", "kind: Deployment\n")
    project.change(
        secrets=[{"name": "backend-secrets", "filename": "backend.yaml"}, "postgres-secrets", "redis-secrets"]
    )
    before = project.tree()
    assert project.run("seal", "staging") == (
        2,
        "",
        (
            f"error: {OVERLAY}/backend.yaml is there, but sealgen did not write it\n"
            "Move it away, or give the secret 'backend-secrets' another filename.\n"
        ),
    )
    assert project.tree() == before
