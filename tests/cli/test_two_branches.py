"""Two Git branches rotate one value: the merge conflicts, and one that was resolved badly never passes for whole."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from tests.support.project import Project, aura

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOCK = "environments/staging.lock"
BACKEND = "k8s/overlays/staging/backend-secrets.yaml"
REDIS = "k8s/overlays/staging/redis-secrets.yaml"
CONFLICT = re.compile("^<<<<<<< .*\n(?P<ours>(?:.*\n)*?)=======\n(?P<theirs>(?:.*\n)*?)>>>>>>> .*\n", re.MULTILINE)
UP_TO_DATE = "staging: 3 secrets, 7 keys, up to date\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project amid the merge of two branches that each rotated ``redis_password`` once."""
    project = aura(tmp_path)
    project.git("init", "-q")
    commit(project, "seal", "staging", "-q")
    project.git("checkout", "-q", "-b", "theirs")
    commit(project, "seal", "staging", "-q", "--rotate", "redis_password")
    project.git("checkout", "-q", "main")
    commit(project, "seal", "staging", "-q", "--rotate", "redis_password")
    with pytest.raises(subprocess.CalledProcessError):
        project.git("merge", "-q", "theirs")
    return project


def commit(project: Project, *run: str) -> None:
    """Run sealgen, and commit what there is then."""
    assert project.run(*run) == (0, "", "")
    project.git("add", "environments", "k8s", "templates")
    project.git("commit", "-q", "-m", " ".join(run))


def resolve(project: Project, ours: Callable[[str, str], bool]) -> None:
    """Keep our line or theirs, as ``ours`` says for the file and the line, in every conflict."""

    def kept(path: str, found: re.Match[str]) -> str:
        pairs = zip(found["ours"].splitlines(True), found["theirs"].splitlines(True), strict=True)
        return "".join(our if ours(path, our) else their for our, their in pairs)

    for path in (LOCK, BACKEND, REDIS):
        project.write(path, CONFLICT.sub(partial(kept, path), project.read(path).decode()))


def passwords(project: Project) -> set[bytes]:
    """Return what the two Secrets hold as the password."""
    opened = project.unsealed()
    url = urlsplit(opened["backend-secrets/REDIS_URL"].decode())
    return {opened["redis-secrets/redis-password"], unquote_to_bytes(url.password or "")}


def test_the_merge_conflicts_in_every_file_and_sealgen_says_so(project: Project) -> None:
    assert project.git("diff", "--name-only", "--diff-filter=U").splitlines() == [LOCK, BACKEND, REDIS]
    for command in ("plan", "seal"):
        assert project.run(command, "staging") == (
            2,
            "",
            (
                f"error: {LOCK}:5:1: a merge conflict; keep the lines that belong to the manifests you keep, "
                "then run 'sealgen plan'\n"
            ),
        )


@pytest.mark.parametrize("ours", [True, False])
def test_one_side_of_all_files_is_up_to_date(project: Project, ours: bool) -> None:
    resolve(project, lambda path, line: ours)
    assert project.run("plan", "staging") == (0, UP_TO_DATE, "")
    assert len(passwords(project)) == 1


def all_but_redis_secrets(path: str, line: str) -> bool:
    """Tell whether a line is not of that Secret: neither of its manifest, nor of its key in the lock."""
    return path != REDIS and '"secret":"redis-secrets"' not in line


def test_lines_of_both_sides_that_each_fit_their_manifest_are_blocked_until_the_next_rotation(
    project: Project,
) -> None:
    resolve(project, all_but_redis_secrets)
    assert len(passwords(project)) == 2
    locked = project.lock()
    assert locked["redis_password"]["version"] == locked["backend-secrets/REDIS_URL"]["values"]["redis_password"]
    before = project.tree()
    table = (
        "staging\n"
        "  SECRET         KEY             ACTION   REASON\n"
        "  redis-secrets  redis-password  blocked  value changed: redis_password 2 → another 2; "
        "needs redis_password, which was never stored\n"
    )
    advice = "sealgen seal staging --rotate redis_password"
    assert project.run("plan", "staging") == (
        12,
        f"{table}staging: 3 secrets, 7 keys, 1 blocked, 6 to keep\nMake a new version with the run: {advice}\n",
        "",
    )
    assert project.run("seal", "staging") == (
        12,
        "",
        (
            f"{table}\nerror: staging: not all of it can be sealed here, so nothing was written\n"
            f"Make a new version with the run: {advice}\n"
        ),
    )
    assert project.run("check", "staging").code == 11
    assert project.tree() == before
    assert project.run(*advice.split()[1:]) == (
        0,
        (
            "staging\n"
            "  SECRET           KEY             ACTION  REASON\n"
            "  backend-secrets  REDIS_URL       seal    rotated: redis_password 2 → 3\n"
            "  redis-secrets    redis-password  seal    rotated: redis_password 2 → 3\n"
            "staging: 3 secrets, 7 keys, 2 sealed, 5 kept\n"
        ),
        "",
    )
    assert len(passwords(project)) == 1
    assert project.counter("redis_password") == 3
    assert project.run("plan", "staging") == (0, UP_TO_DATE, "")
