"""Values are found where they must not be: in files, in what is staged, in commits and in logs; and never printed."""

from __future__ import annotations

import base64
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.project import SMTP_PASSWORD, Ended, Project, aura, environ

if TYPE_CHECKING:
    from pathlib import Path

NONE = "1 value looked for, none found\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, sealed and committed: one of its values can be read here."""
    project = aura(tmp_path)
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "-q")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    commit(project)
    return project


def commit(project: Project) -> None:
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "a commit")


def scan(project: Project, *arguments: str) -> Ended:
    ended = project.run("scan", "staging", *arguments)
    assert SMTP_PASSWORD not in ended.out + ended.err
    return ended


def test_a_clean_project_has_none(project: Project) -> None:
    for arguments in ((), ("--staged",), ("--range", "HEAD..HEAD")):
        assert scan(project, *arguments) == (0, NONE, "")


def test_a_value_in_a_tracked_file_is_found_in_any_encoding(project: Project) -> None:
    encoded = base64.b64encode(f"smtp:{SMTP_PASSWORD}".encode()).decode()
    project.write("notes.txt", f"first\nit is {SMTP_PASSWORD}\n{encoded}\n")
    assert scan(project) == (0, NONE, "")  # Git does not track it yet
    project.git("add", "notes.txt")
    expected = (
        "notes.txt:2: smtp_password of staging, as it is\n"
        "notes.txt:3: smtp_password of staging, base64\n"
        "1 value looked for, found in 2 places\n"
    )
    assert scan(project) == (11, expected, "")
    assert scan(project, "--staged") == (11, expected, "")
    commit(project)
    assert scan(project, "--staged") == (0, NONE, "")


def test_what_is_staged_is_looked_at_as_it_is_staged(project: Project) -> None:
    project.write("notes.txt", SMTP_PASSWORD)
    project.git("add", "notes.txt")
    project.write("notes.txt", "nothing")
    assert scan(project).code == 0
    assert scan(project, "--staged").code == 11


def test_a_value_that_commits_brought_and_took_is_found(project: Project) -> None:
    project.write("notes.txt", SMTP_PASSWORD)
    commit(project)
    found = project.git("rev-parse", "--short=12", "HEAD").strip()
    project.write("notes.txt", "gone")
    commit(project)
    assert scan(project).code == 0
    assert scan(project, "--range", "HEAD~2..HEAD") == (
        11,
        f"{found}:notes.txt:1: smtp_password of staging, as it is\n1 value looked for, found in 1 place\n",
        "",
    )


def test_a_log_is_read_from_standard_input(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sealgen", "scan", "staging", "--stdin"],
        cwd=project.root,
        env=environ(),
        input=b"+ set -x\n" * 3 + SMTP_PASSWORD.encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout.decode()) == (
        11,
        "standard input:4: smtp_password of staging, as it is\n1 value looked for, found in 1 place\n",
    )


def test_json_tells_places_and_names(project: Project) -> None:
    project.write("notes.txt", SMTP_PASSWORD)
    project.git("add", "notes.txt")
    ended = scan(project, "--json")
    assert ended.document["results"] == [
        {
            "values": 1,
            "found": [{"place": "notes.txt", "line": 1, "value": "smtp_password of staging", "encoding": "as it is"}],
        }
    ]


def test_a_value_that_can_not_be_read_is_said(project: Project) -> None:
    ended = project.run("scan", "staging", env={"SMTP_PASSWORD": None})
    assert ended.code == 0
    assert ended.out == "no value can be read here\n"
    assert ended.err.startswith("staging: smtp_password is not looked for: ")


def test_a_value_that_is_short_is_said(project: Project) -> None:
    ended = project.run("scan", "staging", env={"SMTP_PASSWORD": "short"})
    assert ended == (
        0,
        NONE,
        "smtp_password of staging is not looked for: it is shorter than 8 bytes\n",
    )


def test_what_a_plain_environment_keeps_is_looked_for(project: Project) -> None:
    project.environment(
        "development", backend={"kind": "plain"}, values={"a": {"generate": "hex", "bytes": 16}}, secrets=["app"]
    )
    project.template("app", {"a": "{{ values.a }}"})
    rendered = project.run("render", "development").out
    encoded = next(line.partition(": ")[2] for line in rendered.splitlines() if line.startswith("  a: "))
    project.write("notes.txt", base64.b64decode(encoded))
    project.git("add", "-A")
    assert project.run("scan", "development") == (
        11,
        "notes.txt:1: a of development, as it is\n1 value looked for, found in 1 place\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--staged", "--stdin"), "--staged, --range and --stdin are of one run each"),
        (("--range", "main"), "--range is A..B, such as main..HEAD"),
        (("--range", "main..nothing"), "Git knows no commit 'nothing'"),
    ],
)
def test_what_can_not_be_right_is_refused(arguments: tuple[str, ...], message: str, project: Project) -> None:
    ended = scan(project, *arguments)
    assert ended.code == 2
    assert ended.err.splitlines()[0] == f"error: {message}"


def test_outside_of_git_only_a_log_can_be_looked_at(tmp_path: Path) -> None:
    project = aura(tmp_path)
    assert project.run("scan", "staging") == (
        2,
        "",
        f"error: {tmp_path} is in no work tree of Git\nLook at a log: sealgen scan --stdin ENV\n",
    )
