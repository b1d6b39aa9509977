"""Git itself shows and merges sealed manifests in sealgen's way, once a clone is set up."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from tests.support.project import Project, aura, empty

if TYPE_CHECKING:
    from pathlib import Path

BACKEND = "k8s/overlays/staging/backend-secrets.yaml"
LOCK = "environments/staging.lock"


def commit(project: Project, message: str, *run: str) -> None:
    if run:
        assert project.run(*run, "-q") == (0, "", "")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", message)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, sealed, committed and set up."""
    project = aura(tmp_path)
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "-q")
    assert project.run("git-setup") == (0, ".gitattributes has new lines: commit it\nthis clone is set up now\n", "")
    commit(project, "first", "seal", "staging")
    return project


def shown(project: Project, *arguments: str) -> list[str]:
    """Return the lines of a diff that go and come."""
    return [line for line in project.git(*arguments).splitlines() if re.match(r"[-+](?![-+])", line)]


def test_git_diff_shows_a_line_for_a_ciphertext(project: Project) -> None:
    assert project.run("seal", "staging", "--rotate", "jwt_secret_key", "-q") == (0, "", "")
    before, after = shown(project, "diff", "--", BACKEND)
    # The lock is that of now, so it knows the certificate of the new ciphertext alone.
    assert re.fullmatch(r"-    JWT_SECRET_KEY: sealed  256\+80 bytes  digest [0-9a-f]{12}…", before)
    assert re.fullmatch(
        r"\+    JWT_SECRET_KEY: sealed  256\+80 bytes  certificate SHA256:\S{12}…  digest [0-9a-f]{12}…", after
    )


def test_git_log_and_show_do_so_for_what_was_committed(project: Project) -> None:
    commit(project, "rotated", "seal", "staging", "--rotate", "jwt_secret_key")
    for command in (("show", "HEAD"), ("log", "-p", "-1")):
        lines = shown(project, *command, "--", BACKEND)
        assert [line.split()[1:3] for line in lines] == [["JWT_SECRET_KEY:", "sealed"]] * 2 or len(lines) == 2
        assert all("sealed  256+80 bytes" in line for line in lines)


def test_what_is_no_ciphertext_is_shown_as_it_is(project: Project) -> None:
    project.edit("templates/backend-secrets.yaml.j2", "app: backend", "app: frontend")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert shown(project, "diff", "--", BACKEND) == ["-        app: backend", "+        app: frontend"]


def test_a_second_run_changes_nothing(project: Project) -> None:
    before = project.contents()
    assert project.run("git-setup") == (0, ".gitattributes has its lines\nthis clone is set up\n", "")
    assert project.run("git-setup", "--json").document["results"] == [{"gitattributes": False, "configuration": False}]
    assert project.contents() == before


def test_a_project_below_the_work_tree_s_top_is_found(tmp_path: Path) -> None:
    (tmp_path / "deploy here").mkdir()
    project = aura(tmp_path / "deploy here")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert project.run("git-setup", "-q") == (0, "", "")
    commit(project, "first", "seal", "staging")
    assert project.run("seal", "staging", "--rotate", "jwt_secret_key", "-q") == (0, "", "")
    assert "certificate SHA256:" in shown(project, "diff", "--", BACKEND)[1]


def test_outside_of_git_there_is_nothing_to_set_up(tmp_path: Path) -> None:
    project = empty(tmp_path)
    assert project.run("git-setup") == (
        2,
        "",
        f"error: {tmp_path} is in no work tree of Git\nMake one: git init\n",
    )
    assert not (tmp_path / ".gitattributes").exists()


def test_a_file_that_is_not_there_is_refused(project: Project) -> None:
    assert project.run("textconv", "none.yaml") == (2, "", "error: can't read none.yaml: No such file or directory\n")
    assert project.run("merge", "none", "none", "none") == (1, "", "error: can't merge: No such file or directory\n")


# --- merges ---


def branches(project: Project, ours: tuple[str, ...], theirs: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run sealgen on two branches, commit what it does, and merge."""
    project.git("checkout", "-q", "-b", "theirs")
    commit(project, "theirs", *theirs)
    project.git("checkout", "-q", "main")
    commit(project, "ours", *ours)
    return subprocess.run(
        ["git", "-c", "user.name=Test", "-c", "user.email=test@aura.example", "merge", "-q", "theirs"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_branches_that_rotate_neighbouring_values_merge_and_are_up_to_date(project: Project) -> None:
    # JWT_SECRET_KEY, POSTGRES_DB_URI and REDIS_URL stand next to each other, in the manifest as in the lock.
    merged = branches(
        project,
        ("seal", "staging", "--rotate", "jwt_secret_key", "--rotate", "redis_password"),
        ("seal", "staging", "--rotate", "postgres_password"),
    )
    assert (merged.returncode, merged.stderr) == (0, "")
    assert project.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")
    assert project.run("check", "staging").code == 0
    opened = project.unsealed()
    url = urlsplit(opened["backend-secrets/POSTGRES_DB_URI"].decode())
    assert unquote_to_bytes(url.password or "") == opened["postgres-secrets/postgres-password"]


def test_two_branches_that_rotate_one_value_conflict_and_the_plan_says_what_to_do(project: Project) -> None:
    rotate = ("seal", "staging", "--rotate", "redis_password")
    merged = branches(project, rotate, rotate)
    assert merged.returncode == 1
    assert f"CONFLICT (content): Merge conflict in {LOCK}" in merged.stdout
    assert project.run("plan", "staging") == (
        2,
        "",
        (
            f"error: {LOCK}:5:1: a merge conflict; keep the lines that belong to the manifests you keep, "
            "then run 'sealgen plan'\n"
        ),
    )
    project.git("checkout", "--theirs", "environments", "k8s")
    assert project.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")


def test_a_kustomization_is_merged_as_text(project: Project) -> None:
    file = "k8s/overlays/staging/kustomization.yaml"
    project.git("checkout", "-q", "-b", "theirs")
    project.write(file, project.read(file) + b"commonAnnotations:\n  a: b\n")
    commit(project, "theirs")
    project.git("checkout", "-q", "main")
    project.write(file, b"# ours\n" + project.read(file))
    commit(project, "ours")
    project.git("merge", "-q", "theirs")
    text = project.read(file).decode()
    assert text.startswith("# ours\n")
    assert text.endswith("commonAnnotations:\n  a: b\n")
