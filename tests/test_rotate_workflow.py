"""The workflow and the GitLab include that rotate what is due: their scripts, run as a runner would run them."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.project import SMTP_PASSWORD, aura, environ

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/rotate.yml").read_text(encoding="utf-8"))
STEPS = {step.get("name", ""): step for step in WORKFLOW["jobs"]["rotate"]["steps"]}
BRANCH = "sealgen/rotate"
HOSTILE = "x$(touch ran)`touch ran`"
GH = """#!/bin/sh
echo "$@" >>"$CALLS"
case "$*" in
  "pr list "*) printf %s "$WAITING" ;;
  "pr create "*) for last; do :; done; cp "$last" "$BODY" ;;
esac
"""


class Runner:
    """A project with an origin, checked out as a job has it, and the environment of its steps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = aura(folder / "project")
        self.project.write(".gitignore", ".sealgen/\n")
        for name, every in {"jwt_secret_key": "90d", "redis_password": "180d", "smtp_password": "30d"}.items():
            self.project.edit("environments/staging.yaml", f"  {name}:\n", f"  {name}:\n    rotate_every: {every}\n")
        assert self.project.run("seal", "staging", "-q").code == 0
        self.origin = folder / "origin.git"
        self.project.git("init", "--quiet")
        self.project.git("init", "--quiet", "--bare", str(self.origin))
        self.project.git("remote", "add", "origin", str(self.origin))
        programs = folder / "runner/sealgen/bin"
        programs.mkdir(parents=True)
        for name, script in {
            "sealgen": f'#!/bin/sh\nexec "{sys.executable}" -P -m sealgen "$@"\n',
            "python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n',
            "gh": GH,
        }.items():
            (programs / name).write_text(script)
            (programs / name).chmod(0o755)
        self.programs = programs
        self.output, self.summary, self.body = (folder / name for name in ("output", "summary", "body"))
        # The job has neither the fingerprint key nor the value that is read.
        self.environ = {
            **environ({"SEALGEN_FINGERPRINT_KEY": None, "SMTP_PASSWORD": None}),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "RUNNER_TEMP": str(folder / "runner"),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "CALLS": str(folder / "calls"),
            "BODY": str(self.body),
            "WAITING": "",
        }

    def passed(self, days: int) -> None:
        """Let all versions be so old, and commit and push that."""
        date = str(dt.datetime.now(dt.UTC).date() - dt.timedelta(days))
        path = "environments/staging.lock"
        self.project.write(path, re.sub(r'"date":"[0-9-]+"', f'"date":"{date}"', self.project.read(path).decode()))
        self.project.git("add", "--all")
        self.project.git("commit", "--quiet", "--message", "so far")
        self.project.git("push", "--quiet", "origin", "HEAD:refs/heads/main")

    def step(self, name: str, **given: str) -> subprocess.CompletedProcess[str]:
        """Run a step of the workflow with these variables beside those that it takes from inputs."""
        step = STEPS[name]
        named = {variable: given.get(variable, "") for variable in step["env"]}
        return self.bash(step["run"], **named, **{key: value for key, value in given.items() if key not in named})

    def bash(self, script: str, **given: str) -> subprocess.CompletedProcess[str]:
        """Run a script as GitHub runs one."""
        return subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.project.root,
            env={**self.environ, **given},
            capture_output=True,
            text=True,
            check=False,
        )

    def rotated(self, **given: str) -> subprocess.CompletedProcess[str]:
        return self.step("Rotate what is due", DIRECTORY=".", **given)

    def opened(self, code: str) -> subprocess.CompletedProcess[str]:
        return self.step("Open a pull request", DIRECTORY=".", BASE="main", BRANCH=BRANCH, CODE=code)

    @property
    def calls(self) -> list[str]:
        """What gh was called with."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def changed(self) -> list[str]:
        """Return the keys whose ciphertexts on the pushed branch are not those of main, and who made the commit."""
        diff = self.project.git(
            "--git-dir", str(self.origin), "diff", "-U0", "main", f"refs/heads/{BRANCH}", "--", "k8s"
        )
        return sorted(re.findall(r"^\+    ([\w-]+): ", diff, re.MULTILINE))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_what_is_due_and_made_here_is_rotated_on_a_branch_of_its_own_and_the_rest_is_told(runner: Runner) -> None:
    runner.passed(90)
    done = runner.rotated()
    assert (done.returncode, done.stderr) == (0, "")
    assert "::warning title=sealgen::staging: smtp_password is due, and is read (env); change it there\n" in done.stdout
    assert runner.output.read_text() == "code=0\n"
    done = runner.opened("0")
    assert (done.returncode, done.stderr) == (0, "")
    assert runner.changed() == ["JWT_SECRET_KEY"]
    author = runner.project.git("--git-dir", str(runner.origin), "log", "-1", "--format=%an %s", BRANCH)
    assert author == "github-actions[bot] Rotate what is due\n"
    assert runner.calls == [
        (
            f"pr create --base main --head {BRANCH} --title Rotate what is due --body-file "
            f"{runner.folder}/runner/sealgen-rotate.md"
        )
    ]
    body = runner.body.read_text()
    assert body.startswith("### Sealed secrets: no findings\n")
    assert "### Rotation of secret values: 1 finding\n" in body
    assert "smtp&#95;password" in body
    assert runner.summary.read_text() == body


def test_where_nothing_is_due_nothing_is_opened(runner: Runner) -> None:
    runner.passed(29)
    assert runner.rotated().returncode == 0
    assert runner.opened("0").returncode == 0
    assert runner.calls == []
    assert BRANCH not in runner.project.git("ls-remote", "origin")


def test_what_needs_a_value_that_is_not_here_is_told_and_fails_the_job_and_the_rest_is_rotated(runner: Runner) -> None:
    project = runner.project
    project.template("redis-secrets", {"both": "{{ values.redis_password }} {{ values.smtp_password }}"})
    assert project.run("seal", "staging", "--rotate", "redis_password", "-q").code == 0
    project.write("environments/production.yaml", project.read("environments/staging.yaml"))
    project.change(
        "production", namespace="aura-production", output="k8s/overlays/production", secrets=["backend-secrets"]
    )
    assert project.run("seal", "production", "-q").code == 0
    runner.passed(0)
    lock = project.read("environments/production.lock").decode()
    old = str(dt.datetime.now(dt.UTC).date() - dt.timedelta(90))
    project.write("environments/production.lock", re.sub(r'"date":"[0-9-]+"', f'"date":"{old}"', lock))
    runner.passed(180)
    done = runner.rotated(ENVIRONMENTS="staging")
    assert (done.returncode, done.stderr) == (0, "")
    assert "::warning title=sealgen::error: staging: not all of it can be sealed here, so nothing was written\n" in (
        done.stdout
    )
    assert runner.output.read_text() == "code=12\n"
    done = runner.rotated()
    assert runner.output.read_text() == "code=12\ncode=12\n"
    assert runner.opened("12").returncode == 12
    assert runner.calls[-1].startswith("pr create ")
    assert "production" in runner.body.read_text()


def test_a_rotation_that_waits_for_its_review_is_left_alone(runner: Runner) -> None:
    runner.passed(90)
    name = "Look for a rotation that waits for its review"
    done = runner.step(name, BRANCH=BRANCH, WAITING="https://example.org/pull/7\n")
    assert done.stdout == "::notice title=sealgen::a rotation waits for its review: https://example.org/pull/7\n"
    assert runner.output.read_text() == "url=https://example.org/pull/7\n"
    assert runner.step(name, BRANCH=BRANCH).returncode == 0
    assert runner.output.read_text().endswith("\nurl=\n")
    others = [step for step in WORKFLOW["jobs"]["rotate"]["steps"] if "run" in step and step.get("id") != "waiting"]
    assert {step["if"] for step in others} == {"steps.waiting.outputs.url == ''"}


def test_an_environment_that_can_not_be_read_fails_the_step_and_its_error_is_in_the_log(runner: Runner) -> None:
    runner.passed(90)
    runner.project.write("environments/broken.yaml", "namespace: [\n")
    done = runner.rotated()
    assert done.returncode == 1
    assert "error: environments/broken.yaml:" in done.stderr
    assert not runner.output.exists()


@pytest.mark.parametrize("given", ["ENVIRONMENTS", "DIRECTORY"])
def test_a_hostile_name_is_a_name(runner: Runner, given: str) -> None:
    runner.passed(90)
    named = {"DIRECTORY": ".", "ENVIRONMENTS": "", given: HOSTILE}
    assert runner.step("Rotate what is due", **named).returncode != 0
    assert not (runner.project.root / "ran").exists()


def test_no_step_holds_more_than_it_needs() -> None:
    with_token = [name for name, step in STEPS.items() if "GH_TOKEN" in step.get("env", {})]
    assert with_token == ["Look for a rotation that waits for its review", "Open a pull request"]
    assert STEPS[""]["with"] == {"persist-credentials": False}


def test_no_value_is_in_the_log_or_the_pull_request(runner: Runner) -> None:
    runner.passed(180)
    before = runner.project.unsealed()
    done = [runner.rotated(SMTP_PASSWORD=SMTP_PASSWORD, SEALGEN_FINGERPRINT_KEY="00" * 32), runner.opened("0")]
    said = "".join(each.stdout + each.stderr for each in done) + runner.body.read_text()
    values = {text.decode() for text in (*before.values(), *runner.project.unsealed().values())} - {"aura"}
    assert not [value for value in values if value in said]


# --- GitLab ---


@pytest.fixture
def gitlab(runner: Runner) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs the job's script, where its own installation is this tree."""
    job = list(yaml.safe_load_all((ROOT / "ci/gitlab-rotate.yml").read_text(encoding="utf-8")))[1]["sealgen-rotate"]
    script = "\n".join(line for line in job["script"] if "venv" not in line and "pip install" not in line)
    assert script.count("/tmp/sealgen/bin/") == 4
    script = script.replace("/tmp/sealgen/bin", str(runner.programs))
    # A push over HTTPS needs a server; Git leads it to the folder.
    runner.project.git("config", f"url.{runner.origin}.insteadOf", "https://gitlab.example/aura/app.git")
    runner.project.git("--git-dir", str(runner.origin), "config", "receive.advertisePushOptions", "true")

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        given = {
            "SEALGEN_BRANCH": BRANCH,
            "SEALGEN_DIRECTORY": ".",
            "SEALGEN_ENVIRONMENTS": "",
            "SEALGEN_PUSH_TOKEN": "glpat-canary",
            "CI_DEFAULT_BRANCH": "main",
            "CI_PROJECT_URL": "https://gitlab.example/aura/app",
            "CI_SERVER_HOST": "gitlab.example",
        }
        return runner.bash(script, **{**given, **more})

    return run


def test_gitlab_pushes_the_rotation_and_then_leaves_it_alone(
    runner: Runner, gitlab: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    runner.passed(90)
    hook = runner.origin / "hooks/post-receive"
    hook.write_text(f'#!/bin/sh\nenv | grep ^GIT_PUSH_OPTION_ >"{runner.folder}/options"\n')
    hook.chmod(0o755)
    done = gitlab()
    assert (done.returncode, done.stderr) == (
        0,
        "staging: smtp_password is due, and is read (env); change it there\n",
    )
    assert runner.changed() == ["JWT_SECRET_KEY"]
    assert "glpat-canary" not in done.stdout + done.stderr
    assert sorted(line.partition("=")[2] for line in (runner.folder / "options").read_text().splitlines()) == [
        "4",
        "merge_request.create",
        "merge_request.remove_source_branch",
        "merge_request.target=main",
        "merge_request.title=Rotate what is due",
    ]
    again = gitlab()
    assert (again.returncode, again.stdout) == (0, f"A rotation waits for its review on {BRANCH}.\n")


def test_gitlab_fails_where_something_due_could_not_be_rotated(
    runner: Runner, gitlab: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    runner.project.template("redis-secrets", {"both": "{{ values.redis_password }} {{ values.smtp_password }}"})
    assert runner.project.run("seal", "staging", "--rotate", "redis_password", "-q").code == 0
    runner.passed(180)
    assert gitlab().returncode == 12
    assert BRANCH not in runner.project.git("ls-remote", "origin")


def test_gitlabs_job_is_for_schedules_and_its_inputs_have_defaults() -> None:
    header, jobs = yaml.safe_load_all((ROOT / "ci/gitlab-rotate.yml").read_text(encoding="utf-8"))
    assert all("default" in given for given in header["spec"]["inputs"].values())
    assert jobs["sealgen-rotate"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]
