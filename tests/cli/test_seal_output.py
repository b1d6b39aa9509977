"""What ``seal`` and ``plan`` print: for people, quietly or at length, in colour on a terminal only, and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sealgen import __version__
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

STEP = {"secret", "key", "action", "reason", "detail"}


# --- JSON ---


def test_the_document_of_a_run(project: Project) -> None:
    ended = project.run("seal", "staging", "--json", env={"SMTP_PASSWORD": "CHANGEME"})
    assert (ended.code, ended.err) == (0, "")
    document = ended.document
    (result,) = document.pop("results")
    assert document == {
        "format": "sealgen/1",
        "version": __version__,
        "command": "seal",
        "exit_code": 0,
        "errors": [],
    }
    steps = result.pop("steps")
    assert 3600 < result.pop("certificate_days_left") < 3651
    assert result == {
        "environment": "staging",
        "secrets": 3,
        "keys": 7,
        "files": [
            "k8s/overlays/staging/backend-secrets.yaml",
            "k8s/overlays/staging/postgres-secrets.yaml",
            "k8s/overlays/staging/redis-secrets.yaml",
            "k8s/overlays/staging/kustomization.yaml",
            "environments/staging.lock",
        ],
        "warnings": [
            {
                "secret": "backend-secrets",
                "key": "SMTP_PASSWORD",
                "id": "placeholder",
                "message": "the value looks like a placeholder; put in the real one",
            }
        ],
    }
    assert len(steps) == 7
    assert steps[0] == {
        "secret": "backend-secrets",
        "key": "JWT_SECRET_KEY",
        "action": "seal",
        "reason": "new key",
        "detail": None,
    }


def test_the_document_of_a_run_that_had_nothing_to_do(sealed: Project) -> None:
    (result,) = sealed.run("seal", "staging", "--json").document["results"]
    assert {step["action"] for step in result["steps"]} == {"keep"}
    assert (result["files"], result["warnings"], result["certificate_days_left"]) == ([], [], None)


def test_the_document_of_a_plan(sealed: Project) -> None:
    sealed.edit("templates/postgres-secrets.yaml.j2", "kind: Secret\n", "kind: Secret\nimmutable: true\n")
    ended = sealed.run("plan", "staging", "--rotate", "jwt_secret_key", "--json")
    assert (ended.code, ended.err) == (10, "")
    document = ended.document
    (result,) = document.pop("results")
    assert document == {
        "format": "sealgen/1",
        "version": __version__,
        "command": "plan",
        "exit_code": 10,
        "errors": [],
    }
    steps = result.pop("steps")
    assert result == {"environment": "staging", "secrets": 3, "keys": 7}
    assert {frozenset(step) for step in steps} == {frozenset(STEP)}
    assert [step for step in steps if step["action"] != "keep"] == [
        {
            "secret": "backend-secrets",
            "key": "JWT_SECRET_KEY",
            "action": "seal",
            "reason": "rotated",
            "detail": "jwt_secret_key 1 → 2",
        },
        {
            "secret": "postgres-secrets",
            "key": None,
            "action": "rewrite",
            "reason": "metadata changed",
            "detail": None,
        },
    ]


def test_an_error_is_in_the_document(sealed: Project) -> None:
    sealed.change(secrets=["missing"])
    before = sealed.tree()
    for command in ("seal", "plan"):
        ended = sealed.run(command, "staging", "--json")
        assert (ended.code, ended.err) == (2, "")
        assert ended.document == {
            "format": "sealgen/1",
            "version": __version__,
            "command": command,
            "exit_code": 2,
            "results": [],
            "errors": [
                {
                    "environment": "staging",
                    "message": "there is no template templates/missing.yaml.j2; known are backend-secrets, "
                    "postgres-secrets, redis-secrets",
                    "hint": None,
                    "file": "environments/staging.yaml",
                    "line": 24,
                    "column": 3,
                }
            ],
        }
    assert sealed.tree() == before


def test_what_stands_in_the_way_is_in_the_document(sealed: Project) -> None:
    sealed.change(vars={"postgres_host": "db.internal"})
    ended = sealed.run("seal", "staging", "--json")
    assert (ended.code, ended.err) == (12, "")
    assert ended.document["errors"] == [
        {
            "environment": "staging",
            "message": "staging: not all of it can be sealed here, so nothing was written",
            "hint": "Make a new version with the run: sealgen seal staging --rotate postgres_password; "
            "or read back what is live: sealgen seal staging --from-cluster",
            "file": None,
            "line": None,
            "column": None,
        }
    ]
    (result,) = ended.document["results"]
    assert [step for step in result["steps"] if step["action"] != "keep"] == [
        {
            "secret": "backend-secrets",
            "key": "POSTGRES_DB_URI",
            "action": "blocked",
            "reason": "recipe changed",
            "detail": "needs postgres_password, which was never stored",
        }
    ]


def test_an_error_of_one_environment_is_beside_the_results_of_others(sealed: Project) -> None:
    ended = sealed.run("seal", "staging", "nowhere", "--json")
    assert (ended.code, ended.err) == (2, "")
    assert [result["environment"] for result in ended.document["results"]] == ["staging"]
    assert [error["environment"] for error in ended.document["errors"]] == ["nowhere"]


def test_the_document_is_plain_ascii_and_one_value(sealed: Project) -> None:
    ended = sealed.execute("plan", "staging", "--rotate", "jwt_secret_key", "--json", env={"LC_ALL": "C"})
    assert ended.out.isascii()
    assert json.loads(ended.out)["exit_code"] == ended.code == 10


# --- for people ---


def test_quiet_says_nothing_but_what_is_wrong(project: Project) -> None:
    assert project.run("plan", "staging", "-q") == (10, "", "")
    assert project.run("seal", "staging", "--quiet", env={"SMTP_PASSWORD": ""}) == (
        0,
        "",
        "warning: backend-secrets/SMTP_PASSWORD: the value is empty (empty)\n",
    )
    project.change(vars={"postgres_host": "db.internal"})
    assert project.run("-q", "seal", "staging", env={"SMTP_PASSWORD": ""}).err.startswith("error: staging: not all of")


def test_verbose_shows_the_keys_that_stay(sealed: Project) -> None:
    for arguments in (["-v", "seal", "staging"], ["seal", "staging", "--verbose"]):
        out = sealed.run(*arguments, "--only", "redis-secrets").out
        assert out == (
            "staging\n"
            "  SECRET         KEY             ACTION  REASON\n"
            "  redis-secrets  redis-password  keep    unchanged\n"
            "staging: 3 secrets, 7 keys, up to date\n"
        )


def test_options_may_stand_before_the_command_and_after(sealed: Project, tmp_path: Path) -> None:
    root = str(sealed.root)
    for arguments in (["-C", root, "--json", "plan", "staging"], ["plan", "staging", "--json", "-C", root]):
        assert sealed.run(*arguments, cwd=tmp_path.parent).document["exit_code"] == 0


def test_a_name_can_not_forge_a_line_of_the_table(sealed: Project) -> None:
    path = "k8s/overlays/staging/redis-secrets.yaml"
    sealed.edit(path, "  encryptedData:\n", '  encryptedData:\n    "\\e[2Kredis\\n  forged": AAAA\n')
    ended = sealed.run("plan", "staging")
    assert ended.code == 10
    assert ended.out.splitlines()[3] == ("  redis-secrets  \\x1b[2Kredis\\n  forged  drop     added outside sealgen")


# --- colours ---


def test_there_is_no_colour_where_nobody_looks(project: Project) -> None:
    ended = project.execute("seal", "staging", "nowhere")
    assert "\x1b" not in ended.out + ended.err


def test_there_is_colour_on_a_terminal(project: Project) -> None:
    session = at_terminal(project, "seal", "staging", "nowhere")
    assert session.code == 2
    assert "\x1b[32m  redis-secrets     redis-password     seal    new key\x1b[0m" in session.shown
    assert "\x1b[31m\x1b[1merror:\x1b[0m" in session.shown
    assert "\x1b" not in at_terminal(project, "seal", "staging", "nowhere", env={"NO_COLOR": "1"}).shown
