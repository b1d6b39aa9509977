"""``access:`` becomes Roles in the overlay: planned with a reason, written and removed with the rest, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from tests.support.project import Project

ACCESS = {"secret-reader": {"secrets": ["backend-secrets"], "subjects": [{"service_account": "backend"}]}}
FILE = "k8s/overlays/staging/access.yaml"
KUSTOMIZATION = "k8s/overlays/staging/kustomization.yaml"
REWRITE = """\
staging
  SECRET    KEY         ACTION   REASON
  (access)  (manifest)  rewrite  access changed
staging: 3 secrets, 7 keys, 1 to rewrite, 7 to keep
"""
FOREIGN = (
    f"error: {FILE} is there, but sealgen did not write it: its first line does not say so\n"
    "Move it away, or restore it from Git; access: of the environment file is written there.\n"
)
CLEAN = (
    "staging: 3 secrets, 7 keys, nothing wrong\n"
    "  not proven: that Git tracks no plain Secret and no private key: this is no work tree of Git\n"
    "  not proven: that what is sealed is what the sources give now: smtp_password\n"
)


@pytest.fixture
def granted(sealed: Project) -> Project:
    """Return Aura's project with its Roles written."""
    sealed.change(access=ACCESS)
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    return sealed


def entries(project: Project) -> list[str]:
    found: list[str] = yaml.safe_load(project.read(KUSTOMIZATION))["resources"]
    return found


def test_the_roles_are_planned_written_and_then_up_to_date(sealed: Project) -> None:
    before = sealed.contents()
    sealed.change(access=ACCESS)
    ended = sealed.run("plan", "staging")
    assert ended == (
        10,
        REWRITE,
        "",
    )
    ended = sealed.run("seal", "staging")
    assert ended.out.endswith("staging: 3 secrets, 7 keys, 1 rewritten, 7 kept\n")
    after = sealed.contents()
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert changed == {FILE, KUSTOMIZATION, "environments/staging.yaml"}
    assert entries(sealed)[-1] == "access.yaml"
    role, binding = yaml.safe_load_all(after[FILE])
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["backend-secrets"], "verbs": ["get"]}
    ]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "backend", "namespace": "aura-staging"}]
    assert sealed.run("seal", "staging").out == "staging: 3 secrets, 7 keys, up to date\n"
    assert sealed.run("check", "staging") == (0, CLEAN, "")


def test_the_roles_are_written_with_the_first_run(project: Project) -> None:
    project.change(access=ACCESS)
    ended = project.run("seal", "staging", "--json")
    (result,) = ended.document["results"]
    assert result["steps"][-1] == {
        "secret": None,
        "key": None,
        "action": "rewrite",
        "reason": "access changed",
        "detail": None,
        "field": "access",
    }
    assert FILE in result["files"]
    assert project.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")


@pytest.mark.parametrize("edit", ["backend-secrets", "- get", "kind: RoleBinding"])
def test_an_edit_by_hand_is_found_and_undone(edit: str, granted: Project) -> None:
    before = granted.read(FILE)
    granted.write(FILE, before.replace(edit.encode(), b"- list" if edit == "- get" else b"postgres-secrets"))
    assert granted.run("check", "staging") == (
        11,
        f"error: {FILE}: access.yaml is out of date: access changed; run sealgen seal staging [out-of-date]\n"
        + CLEAN.replace("nothing wrong", "1 finding"),
        "",
    )
    assert granted.run("seal", "staging", "-q") == (0, "", "")
    assert granted.read(FILE) == before


def test_an_edit_by_hand_is_seen_where_all_else_is_as_it_was_left(granted: Project) -> None:
    granted.edit("environments/staging.yaml", "env: SMTP_PASSWORD", "literal: no secret")
    assert granted.run("seal", "staging", "-q") == (0, "", "")
    assert (granted.root / ".sealgen/staging.seen").exists()
    before = granted.read(FILE)
    granted.edit(FILE, "- get", "- watch")
    assert granted.run("plan", "staging").code == 10
    assert granted.run("seal", "staging", "-q") == (0, "", "")
    assert granted.read(FILE) == before


def test_line_ends_of_another_system_are_no_edit(granted: Project) -> None:
    granted.write(FILE, granted.read(FILE).replace(b"\n", b"\r\n"))
    assert granted.run("plan", "staging").code == 0


def test_an_entry_that_is_missing_in_the_kustomization_is_put_back(granted: Project) -> None:
    granted.edit(KUSTOMIZATION, "- access.yaml\n", "")
    assert granted.run("check", "staging") == (
        11,
        f"error: {KUSTOMIZATION}: access.yaml is out of date: kustomization entry missing; run sealgen seal staging "
        "[out-of-date]\n" + CLEAN.replace("nothing wrong", "1 finding"),
        "",
    )
    assert granted.run("seal", "staging", "-q") == (0, "", "")
    assert "access.yaml" in entries(granted)


def test_the_roles_go_with_their_entry_when_nobody_is_granted_anything(granted: Project) -> None:
    granted.change(access=None)
    ended = granted.run("seal", "staging")
    assert ended.out == (
        "staging\n"
        "  SECRET    KEY         ACTION  REASON\n"
        "  (access)  (manifest)  drop    no longer in the environment\n"
        "staging: 3 secrets, 7 keys, 1 dropped, 7 kept\n"
    )
    assert FILE not in granted.contents()
    assert "access.yaml" not in entries(granted)
    assert granted.run("check", "staging") == (0, CLEAN, "")


def test_a_file_that_sealgen_did_not_write_is_neither_overwritten_nor_removed(sealed: Project) -> None:
    sealed.write(FILE, "kind: Role\n")
    assert sealed.run("check", "staging") == (0, CLEAN, "")
    before = sealed.contents()
    sealed.change(access=ACCESS)
    assert sealed.run("seal", "staging") == (2, "", FOREIGN)
    sealed.change(access=None)
    assert sealed.contents()[FILE] == before[FILE]
    assert sealed.run("seal", "staging").code == 0
    assert sealed.contents() == before


def test_a_secret_may_take_the_place_of_the_roles_and_give_it_back(granted: Project) -> None:
    granted.change(
        access=None,
        secrets=["backend-secrets", "postgres-secrets", {"name": "redis-secrets", "filename": "access.yaml"}],
    )
    assert granted.run("seal", "staging", "-q") == (0, "", "")
    assert b"kind: SealedSecret" in granted.read(FILE)
    assert entries(granted).count("access.yaml") == 1
    granted.change(access=ACCESS, secrets=["backend-secrets", "postgres-secrets", "redis-secrets"])
    assert granted.run("seal", "staging", "-q") == (0, "", "")
    assert b"kind: RoleBinding" in granted.read(FILE)
    assert entries(granted).count("access.yaml") == 1
    assert granted.run("check", "staging") == (0, CLEAN, "")


def test_only_leaves_the_roles_as_they_are(sealed: Project) -> None:
    sealed.change(access=ACCESS)
    assert sealed.run("seal", "staging", "--only", "redis-secrets", "--rotate", "redis_password").code == 2
    assert sealed.run("seal", "staging", "--only", "redis-secrets").out == "staging: 3 secrets, 7 keys, up to date\n"
    assert FILE not in sealed.contents()


def test_a_plain_environment_has_no_overlay_for_roles(sealed: Project) -> None:
    sealed.environment("development", backend={"kind": "plain"}, extends="staging", output=None, access=ACCESS)
    assert sealed.run("render", "development").code == 0
