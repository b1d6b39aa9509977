"""The action, the workflow and the GitLab include, run: their own scripts, with what their runners give them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.action import Ran, evaluated, run
from tests.support.project import FINGERPRINT_KEY, SMTP_PASSWORD, Project, aura, environ

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
REDIS = "k8s/overlays/staging/redis-secrets.yaml"
OURS = "<!-- sealgen -->\n"

# Comments as GitHub's API keeps them, in a file; what it is asked for is what ci/github/comment asks for.
GH = """\
#!{python}
import json, os, sys
arguments = sys.argv[1:]
assert arguments.pop(0) == "api" and os.environ["GH_TOKEN"] == "job-token"
with open(os.environ["COMMENTS"]) as file:
    comments = json.load(file)
if os.environ.get("READ_ONLY"):
    sys.exit("gh: Resource not accessible by integration (HTTP 403)")
if arguments[0] == "--paginate":
    assert arguments[1:3] == ["repos/aura/app/issues/7/comments", "--jq"]
    assert 'user.type == "Bot"' in arguments[3] and 'startswith("<!-- sealgen -->")' in arguments[3]
    for comment in comments:
        if comment["bot"] and comment["body"].startswith("<!-- sealgen -->"):
            print(comment["id"])
    sys.exit()
assert arguments[0] == "--method" and arguments[3] == "--field" and arguments[4].startswith("body=@")
with open(arguments[4][6:]) as file:
    body = file.read()
if arguments[1] == "POST":
    assert arguments[2] == "repos/aura/app/issues/7/comments"
    comments.append({{"id": len(comments) + 1, "bot": True, "body": body}})
else:
    assert arguments[1] == "PATCH"
    (comment,) = [one for one in comments if arguments[2] == f"repos/aura/app/issues/comments/{{one['id']}}"]
    comment["body"] = body
with open(os.environ["COMMENTS"], "w") as file:
    json.dump(comments, file)
"""


@dataclass
class Runner:
    """A project on a pull request's branch, and what a runner gives the steps."""

    project: Project
    env: dict[str, str]

    def action(self, given: Mapping[str, str] | None = None, head: str = "aura/app", **env: str) -> Ran:
        """Run the action for a pull request whose branch is in the repository ``head``."""
        pull = {"number": 7, "base": {"sha": "main"}, "head": {"repo": {"full_name": head}}}
        github = {
            "event": {"pull_request": pull},
            "repository": "aura/app",
            "head_ref": "feature",
            "token": "job-token",
        }
        return run(ACTION, given or {}, github, {**self.env, **env}, self.project.root)

    @property
    def comments(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(Path(self.env["COMMENTS"]).read_text())
        return found

    @property
    def summary(self) -> str:
        return Path(self.env["GITHUB_STEP_SUMMARY"]).read_text()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    project = aura(tmp_path / "project")
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "--quiet")
    assert project.run("seal", "staging", "-q").code == 0
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "first")
    project.git("checkout", "--quiet", "-b", "feature")
    programs = tmp_path / "runner/sealgen/bin"
    programs.mkdir(parents=True)
    for name, text in (
        ("sealgen", f'#!/bin/sh\nexec "{sys.executable}" -m sealgen "$@"\n'),
        ("gh", GH.format(python=sys.executable)),
    ):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (tmp_path / "comments.json").write_text(json.dumps([{"id": 1, "bot": False, "body": f"{OURS}a person's own"}]))
    secrets = ("SEALGEN_FINGERPRINT_KEY", "SMTP_PASSWORD")
    env = {name: text for name, text in environ().items() if name not in secrets}
    env |= {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_REPOSITORY": "aura/app",
        "COMMENTS": str(tmp_path / "comments.json"),
    }
    return Runner(project, env)


# --- the action ---


def test_a_pull_request_is_checked_and_its_diff_is_one_comment_that_later_runs_change(runner: Runner) -> None:
    ran = runner.action()
    assert ran.codes == {"Check": 0, "Diff": 0, "Comment": 0}
    assert ran.outputs == {"check": "0", "diff": "0"}
    assert [comment["body"] for comment in runner.comments[1:]] == [
        f"{OURS}### Sealed secrets\n\nNothing sealed changed.\n"
    ]
    assert runner.project.run("seal", "staging", "-q", "--rotate", "redis_password").code == 0
    assert runner.action().codes == {"Check": 0, "Diff": 0, "Comment": 0}
    person, ours = runner.comments
    assert person["body"] == f"{OURS}a person's own"
    assert ours["body"].startswith(f"{OURS}### Sealed secrets: no findings\n")
    assert "<code>redis-password</code>" in ours["body"]


def test_what_a_reviewer_must_look_at_is_annotated_and_fails_where_that_was_asked_for(runner: Runner) -> None:
    runner.project.edit(REDIS, "redis-password: A", "redis-password: B")
    ran = runner.action()
    assert ran.codes == {"Check": 11, "Diff": 0, "Comment": 0}
    assert ran.outputs == {"check": "11", "diff": "11"}
    for step in ("Check", "Diff"):
        assert f"::error file={REDIS},line=9,title=staging%3A " in ran.out[step]
    assert "🛑" in runner.comments[1]["body"]
    assert "🛑" in runner.summary
    quiet = runner.action({"annotations": "false", "comment": "false", "fail-on-diff": "true"})
    assert quiet.codes == {"Check": 11, "Diff": 11}
    assert "::error" not in "".join(quiet.out.values())


def test_a_forks_pull_request_needs_no_secret_and_writes_nothing(runner: Runner) -> None:
    assert not {"SEALGEN_FINGERPRINT_KEY", "SMTP_PASSWORD"} & runner.env.keys()
    runner.project.edit(REDIS, "redis-password: A", "redis-password: B")
    head = runner.project.git("rev-parse", "HEAD")
    ran = runner.action({"regenerate": "true"}, head="eve/app")
    assert ran.codes == {"Check": 11, "Diff": 0}
    assert len(runner.comments) == 1
    assert "the lock does not know this ciphertext" in runner.summary
    assert runner.project.git("rev-parse", "HEAD") == head


def test_a_token_that_may_not_comment_leaves_the_diff_in_the_summary(runner: Runner) -> None:
    ran = runner.action(READ_ONLY="yes")
    assert ran.codes == {"Check": 0, "Diff": 0, "Comment": 0}
    assert "::notice title=sealgen::the diff is in the job's summary" in ran.out["Comment"]
    assert "Nothing sealed changed." in runner.summary


def test_what_is_out_of_date_is_sealed_pushed_and_then_checked(runner: Runner, tmp_path: Path) -> None:
    project = runner.project
    origin = tmp_path / "origin.git"
    project.git("init", "--quiet", "--bare", str(origin))
    project.git("remote", "add", "origin", str(origin))
    project.edit("templates/redis-secrets.yaml.j2", "stringData:", "metadata: {labels: {app: redis}}\nstringData:")
    project.git("commit", "--quiet", "--all", "-m", "a label")
    stale = runner.action()
    assert stale.codes["Check"] == 11
    secrets = {"SEALGEN_FINGERPRINT_KEY": FINGERPRINT_KEY, "SMTP_PASSWORD": SMTP_PASSWORD}
    ran = runner.action({"regenerate": "true"}, **secrets)
    assert ran.codes == {"Seal what is out of date": 0, "Check": 0, "Diff": 0, "Comment": 0}
    pushed = project.git("ls-remote", "origin", "refs/heads/feature").split("\t")[0]
    assert pushed == project.git("rev-parse", "HEAD").strip()
    assert project.git("log", "-1", "--format=%an: %s") == "github-actions[bot]: Seal what was out of date\n"
    told = "".join(ran.out.values()) + runner.summary + json.dumps(runner.comments) + project.git("show")
    assert SMTP_PASSWORD not in told
    assert FINGERPRINT_KEY not in told


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a.b == 'x' && c != ''", True),
        ("a.b == 'y' && c != ''", False),
        ("a.b == 'y' || c == '7'", True),
        ("always() && a.missing == ''", True),
        ("a.b", "x"),
        ("a.missing", ""),
    ],
)
def test_the_tests_own_runner_reads_conditions(expression: str, expected: str | bool) -> None:
    assert evaluated(expression, {"a": {"b": "x"}, "c": 7}) == expected


# --- the workflow ---


def test_the_workflow_shares_out_the_environments_that_a_change_touches(runner: Runner, tmp_path: Path) -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/sealgen.yml").read_text(encoding="utf-8"))
    (script,) = [step["run"] for step in workflow["jobs"]["touched"]["steps"] if step.get("id") == "matrix"]
    # jq is on GitHub's machines: here, it reads the lines as it is told to there.
    jq = Path(runner.env["RUNNER_TEMP"]) / "sealgen/bin/jq"
    jq.write_text(f"#!{sys.executable}\nimport json, sys\nassert sys.argv[1:] == ['-cRn', '[inputs]']\n"
                  "print(json.dumps(sys.stdin.read().splitlines(), separators=(',', ':')))\n")  # fmt: skip
    jq.chmod(0o755)
    output = tmp_path / "output"

    def groups(jobs: str) -> Any:
        output.unlink(missing_ok=True)
        env = {**runner.env, "GITHUB_OUTPUT": str(output), "DIRECTORY": ".", "BASE": "main", "JOBS": jobs}
        command = ["bash", "-e", "-o", "pipefail", "-c", script]
        subprocess.run(command, cwd=runner.project.root, env=env, check=True, capture_output=True)
        return json.loads(output.read_text().removeprefix("groups="))

    assert groups("16") == []
    given = runner.project.read("environments/staging.yaml")
    for name in ("one", "two", "three"):
        runner.project.write(
            f"environments/{name}.yaml", given.replace(b"overlays/staging", f"overlays/{name}".encode())
        )
    runner.project.git("add", "--all")
    runner.project.git("commit", "--quiet", "-m", "more")
    assert groups("16") == ["one", "three", "two"]
    assert groups("2") == ["one three", "two"]


# --- the GitLab include ---


def gitlab(runner: Runner, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the job's script, but for the two lines that install."""
    _, jobs = yaml.safe_load_all((ROOT / "ci/gitlab.yml").read_text(encoding="utf-8"))
    lines = jobs["sealgen"]["script"]
    assert [line.split()[1] for line in lines[:2]] == ["-m", "-m"]
    script = "\n".join(lines[2:]).replace("/tmp/sealgen/", f"{runner.env['RUNNER_TEMP']}/sealgen/")
    env = {**runner.env, "SEALGEN_DIRECTORY": ".", **variables}
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=runner.project.root, env=env, capture_output=True, text=True, check=False)


def report(runner: Runner, name: str) -> list[tuple[str, str]]:
    return [(found["check_name"], found["location"]["path"]) for found in json.loads(runner.project.read(name))]


def test_a_merge_request_has_both_reports_and_fails_for_errors_of_the_check(runner: Runner) -> None:
    done = gitlab(runner, CI_MERGE_REQUEST_DIFF_BASE_SHA="main")
    assert (done.returncode, done.stderr) == (0, "")
    assert (report(runner, "sealgen-check.json"), report(runner, "sealgen-diff.json")) == ([], [])
    runner.project.edit(REDIS, "redis-password: A", "redis-password: B")
    done = gitlab(runner, CI_MERGE_REQUEST_DIFF_BASE_SHA="main")
    assert done.returncode == 11
    assert ("out-of-date", REDIS) in report(runner, "sealgen-check.json")
    assert report(runner, "sealgen-diff.json") == [("unexplained", REDIS)]
    assert "  !!  redis-secrets  redis-password  unexplained" in done.stdout


def test_the_default_branch_is_checked_without_a_diff(runner: Runner) -> None:
    assert runner.project.run("seal", "staging", "-q", "--rotate", "redis_password").code == 0
    done = gitlab(runner)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "staging: 3 secrets, 7 keys, nothing wrong\n"
        "  not proven: that what is sealed is what the sources give now: smtp_password\n"
    )
    assert report(runner, "sealgen-diff.json") == []
