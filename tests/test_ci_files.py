"""What others run of this repository: pre-commit's hooks, the action, the workflow, the GitLab include."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sealgen.cli.check import command as check
from sealgen.cli.scan import command as scan
from tests.support.project import SMTP_PASSWORD, Project, aura, environ

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "ci/github").iterdir())
WORKFLOW = ROOT / ".github/workflows/sealgen.yml"
ROTATE = ROOT / ".github/workflows/rotate.yml"
PAGE = ROOT / "docs/ci.md"
FULL_HASH = re.compile(r"[\w./-]+@[0-9a-f]{40}")


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def steps() -> Iterator[dict[str, Any]]:
    """Yield every step of the action and of the workflows."""
    yield from read("action.yml")["runs"]["steps"]
    for workflow in (WORKFLOW, ROTATE):
        for job in yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values():
            yield from job["steps"]


def test_a_hook_runs_a_command_that_there_is() -> None:
    hooks = {hook["id"]: hook for hook in read(".pre-commit-hooks.yaml")}
    assert hooks["sealgen-check"]["entry"] == "sealgen --quiet check --all"
    assert hooks["sealgen-scan"]["entry"] == "sealgen scan --all --staged"
    options = {option for command in (check, scan) for parameter in command.params for option in parameter.opts}
    assert {"--all", "--staged"} <= options


def test_what_comes_from_outside_reaches_no_shell_as_text() -> None:
    runs = [step["run"] for step in steps() if "run" in step]
    assert len(runs) > 7
    assert [run for run in runs if "${{" in run] == []


def test_what_others_wrote_is_pinned_by_a_full_hash() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert [name for name in used if not FULL_HASH.fullmatch(name)] == []


def test_no_secret_is_asked_for() -> None:
    for path in ("action.yml", ".github/workflows/sealgen.yml", "ci/gitlab.yml"):
        assert "secrets." not in (ROOT / path).read_text(encoding="utf-8")


def test_a_job_may_do_what_it_must_and_no_more() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "touched": {"contents": "read"},
        "check": {"contents": "read"},
    }
    rotate = yaml.safe_load(ROTATE.read_text(encoding="utf-8"))
    assert rotate["permissions"] == {}
    assert {name: job["permissions"] for name, job in rotate["jobs"].items()} == {
        "rotate": {"contents": "write", "pull-requests": "write"},
    }


def test_every_input_of_the_action_is_described_and_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, given in read("action.yml")["inputs"].items():
        assert given["description"].rstrip().endswith(".")
        assert f"| `{name}` |" in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_one_for_bash_and_can_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_gitlab_gets_what_it_reads() -> None:
    header, jobs = yaml.safe_load_all((ROOT / "ci/gitlab.yml").read_text(encoding="utf-8"))
    assert all(given["default"] for given in header["spec"]["inputs"].values())
    reports = jobs["sealgen"]["artifacts"]["reports"]["codequality"]
    written = "\n".join(jobs["sealgen"]["script"])
    assert all(f">{report}" in written for report in reports)


# --- the scripts, run as a runner would ---

HOSTILE = "x$(touch ran)`touch ran`"


@pytest.fixture
def runner(tmp_path: Path) -> tuple[Project, dict[str, str]]:
    """Return a project on a branch, and the environment of a step, with a ``gh`` that notes its calls."""
    project = aura(tmp_path / "project")
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "--quiet")
    assert project.run("seal", "staging", "-q").code == 0
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "first")
    project.git("checkout", "--quiet", "-b", "feature")
    programs = tmp_path / "runner/sealgen/bin"
    programs.mkdir(parents=True)
    sealgen = programs / "sealgen"
    sealgen.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sealgen "$@"\n')
    gh = programs / "gh"
    gh.write_text('#!/bin/sh\necho "$@" >>"$CALLS"\ncase "$*" in *--paginate*) echo "$COMMENTS";; esac\n')
    for program in (sealgen, gh):
        program.chmod(0o755)
    given = {
        **environ(),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_REPOSITORY": "aura/app",
        "DIRECTORY": ".",
        "ENVIRONMENTS": "",
        "ANNOTATIONS": "true",
        "HISTORY": "false",
        "BASE": "main",
        "FAIL": "false",
        "NUMBER": "7",
        "CALLS": str(tmp_path / "calls"),
        "COMMENTS": "",
    }
    return project, given


def step(name: str, runner: tuple[Project, dict[str, str]], **more: str) -> subprocess.CompletedProcess[str]:
    project, given = runner
    return subprocess.run(
        [ROOT / "ci/github" / name],
        cwd=project.root,
        env={**given, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_check_step_shows_findings_on_their_lines_and_fails(runner: tuple[Project, dict[str, str]]) -> None:
    project, given = runner
    assert step("check", runner).returncode == 0
    project.write("plain.yaml", "kind: Secret\n")
    project.git("add", "--all")
    done = step("check", runner, ENVIRONMENTS="staging", HISTORY="true")
    assert done.returncode == 11
    assert "::error file=plain.yaml,line=1,title=staging%3A plaintext-secret::" in done.stdout
    assert "::" not in step("check", runner, ANNOTATIONS="false").stdout
    assert Path(given["GITHUB_OUTPUT"]).read_text() == "code=0\ncode=11\ncode=11\n"
    assert "### Checks of sealed secrets: 1 finding\n" in Path(given["GITHUB_STEP_SUMMARY"]).read_text()


def test_the_diff_step_fails_where_that_was_asked_for(runner: tuple[Project, dict[str, str]]) -> None:
    project, given = runner
    assert step("diff", runner).returncode == 0
    project.edit("k8s/overlays/staging/redis-secrets.yaml", "redis-password: A", "redis-password: B")
    done = step("diff", runner)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("::error file=k8s/overlays/staging/redis-secrets.yaml,line=9,")
    assert step("diff", runner, FAIL="true").returncode == 11
    lost = step("diff", runner, BASE="0" * 40)
    assert lost.returncode == 2
    assert lost.stderr.startswith("error: Git knows no commit ")
    assert Path(given["GITHUB_OUTPUT"]).read_text() == "code=0\ncode=11\ncode=11\n"


@pytest.mark.parametrize(
    ("comments", "call"),
    [
        ("", "--method POST repos/aura/app/issues/7/comments"),
        ("12", "--method PATCH repos/aura/app/issues/comments/12"),
    ],
    ids=["the first", "the next"],
)
def test_a_pull_request_has_one_comment(comments: str, call: str, runner: tuple[Project, dict[str, str]]) -> None:
    _, given = runner
    assert step("diff", runner).returncode == 0
    assert step("comment", runner, COMMENTS=comments).returncode == 0
    comment = Path(given["RUNNER_TEMP"]) / "sealgen-comment.md"
    calls = Path(given["CALLS"]).read_text().splitlines()
    assert len(calls) == 2
    assert calls[1] == f"api {call} --field body=@{comment}"
    assert comment.read_text().startswith("<!-- sealgen -->\n### Sealed secrets")


def test_what_was_regenerated_is_pushed_to_the_branch(runner: tuple[Project, dict[str, str]], tmp_path: Path) -> None:
    project, _ = runner
    origin = tmp_path / "origin.git"
    project.git("init", "--quiet", "--bare", str(origin))
    project.git("remote", "add", "origin", str(origin))
    project.git("checkout", "--quiet", "-b", HOSTILE.replace(" ", "-"))
    branch = HOSTILE.replace(" ", "-")
    assert step("regenerate", runner, BRANCH=branch).returncode == 0
    assert project.git("ls-remote", "origin") == ""
    project.edit("templates/redis-secrets.yaml.j2", "stringData:", "metadata: {labels: {app: redis}}\nstringData:")
    done = step("regenerate", runner, BRANCH=branch)
    assert (done.returncode, done.stderr) == (0, "")
    assert project.git("log", "-1", "--format=%an %s") == "github-actions[bot] Seal what was out of date\n"
    assert project.git("rev-parse", "HEAD").strip() in project.git("ls-remote", "origin", f"refs/heads/{branch}")
    assert not (project.root / "ran").exists()


def test_nothing_is_pushed_from_another_commit_than_the_branchs(runner: tuple[Project, dict[str, str]]) -> None:
    project, _ = runner
    project.git("checkout", "--quiet", "--detach")
    done = step("regenerate", runner, BRANCH="feature")
    assert done.returncode == 2
    assert done.stdout.startswith("::error title=sealgen::regenerate needs the pull request's branch")


@pytest.mark.parametrize("name", ["check", "diff", "regenerate"])
def test_a_hostile_name_is_a_name_to_a_script(name: str, runner: tuple[Project, dict[str, str]]) -> None:
    project, _ = runner
    done = step(name, runner, ENVIRONMENTS=HOSTILE, BASE=HOSTILE, BRANCH=HOSTILE, DIRECTORY=".")
    assert done.returncode == 2
    assert not (project.root / "ran").exists()


def test_a_hook_looks_at_the_index_of_the_commit_under_way(runner: tuple[Project, dict[str, str]]) -> None:
    project, given = runner
    project.write("notes.txt", "x\n")
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "notes")
    hook = project.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexec sealgen scan --all --staged\n")
    hook.chmod(0o755)
    project.write("notes.txt", f"{SMTP_PASSWORD}\n")
    author = ("-c", "user.name=A", "-c", "user.email=a@aura.example")
    done = subprocess.run(
        ["git", *author, "commit", "--all", "--message", "leak"],
        cwd=project.root,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "notes.txt:1: smtp_password of staging, as it is" in done.stdout + done.stderr


def test_what_the_page_shows_to_be_copied_is_yaml() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 7
    assert all(yaml.safe_load(block) for block in blocks)
