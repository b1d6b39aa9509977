"""``sealgen diff`` as a command: between which commits, of which files, in which format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.diff.history import (
    BACKEND,
    ENVIRONMENT,
    POSTGRES,
    TEMPLATE,
    commit,
    line_of,
    normal,
    replace_ciphertext,
    rows,
    seal,
)
from tests.support.project import Project, aura

if TYPE_CHECKING:
    from pathlib import Path


def test_a_shallow_clone_is_compared_as_far_as_it_goes(project: Project, tmp_path: Path) -> None:
    seal("--rotate", "jwt_secret_key")(project)
    commit(project, "second")
    seal("--rotate", "redis_password")(project)
    commit(project, "third")
    project.git("clone", "-q", "--depth", "2", f"file://{project.root}", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", project.controller)
    assert clone.run("diff", "HEAD~..HEAD") == project.run("diff", "HEAD~..HEAD")
    assert clone.run("diff", "HEAD~2") == (
        2,
        "",
        "error: 'HEAD~2' is neither a commit that Git knows nor a file that is there\n",
    )


def test_the_whole_text(project: Project) -> None:
    seal("--rotate", "jwt_secret_key")(project)
    swapped = line_of(project, BACKEND, "SMTP_PASSWORD").partition(": ")[2]
    replace_ciphertext(project, "REDIS_URL", swapped)
    assert normal(project.run("diff").out, project) == (
        "staging\n"
        "      SECRET           KEY             CHANGE       DETAIL\n"
        "  !!  backend-secrets  REDIS_URL       unexplained  holds the ciphertext of backend-secrets/SMTP_PASSWORD\n"
        "      backend-secrets  JWT_SECRET_KEY  value        jwt_secret_key 1 → 2 (TODAY)\n"
        "staging: 2 changes, 1 finding\n"
    )


def test_a_diff_can_be_limited_to_files_and_folders(project: Project) -> None:
    seal("--rotate", "redis_password")(project)
    for path in (BACKEND, "k8s/overlays"):
        assert "REDIS_URL" in project.run("diff", path).out
    assert project.run("diff", POSTGRES) == (0, "nothing sealed changed\n", "")
    assert "REDIS_URL" in project.run("diff", "HEAD", BACKEND).out


def test_a_pull_request_starts_where_its_branch_did(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")
    seal("--rotate", "jwt_secret_key")(project)
    commit(project, "feature")
    project.git("checkout", "-q", "main")
    seal("--rotate", "postgres_password")(project)
    commit(project, "main goes on")
    project.git("checkout", "-q", "feature")
    expected = ["backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)"]
    for arguments in (("--merge-base", "main"), ("main...feature",), ("main...",)):
        assert rows(normal(project.run("diff", *arguments).out, project)) == expected
    # What main has beyond that goes the other way.
    assert len(rows(project.run("diff", "main..feature").out)) == 3


def test_a_new_environment_and_one_that_went(project: Project) -> None:
    project.write("environments/production.yaml", project.read(ENVIRONMENT).replace(b"staging", b"production"))
    assert project.run("seal", "production", "-q") == (0, "", "")
    told = project.run("diff").out
    assert told.startswith("production (production)\n")
    assert rows(told)[0] == "added the environment"
    assert len(rows(told)) == 8
    commit(project, "second")
    for path in ("environments/production.yaml", "environments/production.lock"):
        project.git("rm", "-q", path)
    project.git("rm", "-rq", "k8s/overlays/production")
    told = project.run("diff").out
    assert rows(told)[0] == "removed the environment"
    assert len(rows(told)) == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "'nothing' is neither a commit that Git knows nor a file that is there"),
        (("a..b",), "Git knows no commit 'a'\nSee: git log --oneline --all"),
        (("HEAD..b",), "Git knows no commit 'b'\nSee: git log --oneline --all"),
        (("--merge-base", "b"), "Git knows no commit 'b'\nSee: git log --oneline --all"),
        (("--merge-base", "--all"), "Git knows no commit '--all'\nSee: git log --oneline --all"),
    ],
)
def test_what_is_no_commit_is_refused(arguments: tuple[str, ...], message: str, project: Project) -> None:
    assert project.run("diff", *arguments) == (2, "", f"error: {message}\n")


def test_branches_with_nothing_in_common_are_refused(project: Project) -> None:
    project.git("checkout", "-q", "--orphan", "other")
    commit(project, "other")
    assert project.run("diff", "main...other") == (
        2,
        "",
        (
            "error: 'main' and 'other' have no commit in common\n"
            "In a shallow clone, fetch more of the history: git fetch --unshallow\n"
        ),
    )


def test_outside_of_git_there_is_no_past(tmp_path: Path) -> None:
    project = aura(tmp_path)
    assert project.run("diff") == (
        2,
        "",
        f"error: {tmp_path} is in no work tree of Git\nA diff needs a past: git init\n",
    )


def test_a_link_in_a_commit_is_not_followed(project: Project) -> None:
    project.write("secret", "app: s3cr3t")
    (project.root / TEMPLATE).unlink()
    (project.root / TEMPLATE).symlink_to("../secret")
    commit(project, "linked")
    told = project.run("diff", "HEAD~..HEAD")
    assert told.code == 11
    assert "templates/backend-secrets.yaml.j2 is no regular file in the commit " in told.out
    assert "s3cr3t" not in told.out


def test_json_is_the_envelope(project: Project) -> None:
    seal("--rotate", "jwt_secret_key")(project)
    told = project.run("diff", "--json")
    assert told.out == project.run("diff", "--format", "json").out
    (result,) = told.document["results"]
    (changed,) = result["changes"]
    detail = changed.pop("detail")
    assert normal(detail, project) == "jwt_secret_key 1 → 2 (TODAY)"
    assert (result["environment"], result["production"]) == ("staging", False)
    assert changed == {
        "secret": "backend-secrets",
        "key": "JWT_SECRET_KEY",
        "change": "value",
        "level": "plain",
        "file": BACKEND,
        "line": 9,
        "readers": [],
    }
    assert json.loads(project.run("diff", "--format", "sarif").out)["version"] == "2.1.0"
