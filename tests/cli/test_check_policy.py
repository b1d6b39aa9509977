"""``sealgen check`` holds values to the environment's policy, by how they are made and by the lock's dates."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, empty

if TYPE_CHECKING:
    from pathlib import Path

VALUES: dict[str, dict[str, object]] = {
    "api_key": {"env": "SMTP_PASSWORD"},
    "jwt": {"generate": "hex", "bytes": 32},
    "pin": {"generate": "password", "length": 20, "charset": "0-9"},
    "signing": {"generate": "rsa", "bits": 2048},
    "user": {"literal": "aura"},
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose values differ in how they are made."""
    project = empty(tmp_path)
    project.git("init", "--quiet")
    project.environment(values=VALUES, secrets=["app"])
    project.template("app", {name: f"{{{{ values.{name}{'.private' * (name == 'signing')} }}}}" for name in VALUES})
    assert project.run("seal", "staging", "-q").code == 0
    return project


def found(project: Project) -> tuple[int, list[tuple[str, str, str, str]]]:
    """Return the exit code, and of each finding its severity, the text of its line, its message and its check."""
    ended = project.run("check", "staging")
    lines = project.read("environments/staging.yaml").decode().splitlines()
    told = re.findall(r"^(\w+): environments/staging.yaml:(\d+): (.*) \[([a-z-]+)\]$", ended.out, re.MULTILINE)
    return ended.code, [(word, lines[int(number) - 1].strip(), *rest) for word, number, *rest in told]


def passed(project: Project, days: int) -> str:
    """Let all versions be so old; return their date."""
    date = str(dt.datetime.now(dt.UTC).date() - dt.timedelta(days))
    path = "environments/staging.lock"
    project.write(path, re.sub(r'"date":"[0-9-]+"', f'"date":"{date}"', project.read(path).decode()))
    return date


def test_what_is_generated_with_less_entropy_than_the_policy_asks_for_is_an_error(project: Project) -> None:
    weak = ("warning", "pin:", "pin is one of 2^66; from 2^112 on nobody can try them all", "value-weak")
    assert found(project) == (0, [weak])
    project.change(policy={"min_entropy": 128})
    assert found(project) == (
        11,
        [
            (
                "error",
                "pin:",
                "pin has 66 bits of entropy (generate: password), and policy.min_entropy is 128",
                "policy-entropy",
            ),
            (
                "error",
                "signing:",
                "signing has 112 bits of entropy (generate: rsa), and policy.min_entropy is 128",
                "policy-entropy",
            ),
        ],
    )
    project.change(policy={"min_entropy": {"hex": 256, "password": 66, "rsa": 112}})
    assert found(project) == (0, [weak])
    project.change(policy={"min_entropy": {"hex": 257}})
    assert found(project) == (
        11,
        [
            weak,
            (
                "error",
                "jwt:",
                "jwt has 256 bits of entropy (generate: hex), and policy.min_entropy is 257",
                "policy-entropy",
            ),
        ],
    )


def test_each_secret_value_needs_a_rotate_every_within_the_policys_max_age(project: Project) -> None:
    values = {name: {**value, "rotate_every": "90d"} for name, value in VALUES.items() if name != "user"}
    values["jwt"]["rotate_every"] = "91d"
    del values["api_key"]["rotate_every"]
    project.change(values={**values, "user": VALUES["user"]}, policy={"max_age": "90d"})
    code, told = found(project)
    assert code == 11
    assert [finding for finding in told if finding[3] == "policy-rotation"] == [
        ("error", "api_key:", "api_key has no rotate_every, and policy.max_age is 90 days", "policy-rotation"),
        ("error", "jwt:", "jwt has a rotate_every of 91 days, and policy.max_age is 90 days", "policy-rotation"),
    ]


@pytest.mark.parametrize("age", [0, 90])
def test_what_is_as_old_as_the_policy_allows_is_no_finding_of_it(project: Project, age: int) -> None:
    project.change(policy={"max_age": "90d"})
    passed(project, age)
    assert not [finding for finding in found(project)[1] if finding[3] == "policy-age"]


def test_what_is_older_than_the_policy_allows_is_an_error(project: Project) -> None:
    project.change(policy={"max_age": "90d"})
    date = passed(project, 91)
    code, told = found(project)
    assert code == 11
    assert [finding for finding in told if finding[3] == "policy-age"] == [
        ("error", f"{name}:", f"{name} is 91 days old (version of {date}), and policy.max_age is 90 days", "policy-age")
        for name in ("api_key", "jwt", "pin", "signing")
    ]


def test_a_finding_of_the_policy_is_silenced_with_a_reason(project: Project) -> None:
    project.change(policy={"min_entropy": {"rsa": 128}})
    project.edit(
        "environments/staging.yaml",
        "  signing:\n",
        "  signing:  # sealgen: ignore[policy-entropy] a partner takes no other, until June\n",
    )
    assert project.run("check", "staging").code == 0


def test_a_policy_needs_no_plaintext_and_is_told_on_demand(project: Project) -> None:
    nothing = {"SEALGEN_FINGERPRINT_KEY": None, "SMTP_PASSWORD": None}
    assert project.run("check", "staging", "-v", env=nothing).out.endswith(
        "  entropy: jwt 256 bits, pin 66 bits, signing 112 bits\n"
    )
    assert project.run("check", "staging", "--json", env=nothing).document["results"][0]["entropy_bits"] == {
        "jwt": 256,
        "pin": 66,
        "signing": 112,
    }


def test_a_value_that_holds_what_its_reader_can_not_take_is_refused_and_not_shown(project: Project) -> None:
    project.change(values={**VALUES, "api_key": {"env": "SMTP_PASSWORD", "forbid": "@!"}})
    before = project.tree()
    assert project.run("seal", "staging", env={"SMTP_PASSWORD": "can@ry"}) == (
        1,
        "",
        "error: values.api_key has a character that its forbid names\n",
    )
    assert project.tree() == before
    assert project.run("seal", "staging", "-q", env={"SMTP_PASSWORD": "canary"}).code == 0


def test_what_is_generated_never_holds_it_or_the_file_is_refused(project: Project) -> None:
    project.change(values={**VALUES, "jwt": {"generate": "base64", "bytes": 24, "forbid": "/+"}})
    for command in ("seal", "plan", "check"):
        ended = project.run(command, "staging")
        line = project.read("environments/staging.yaml").decode().splitlines().index("    forbid: /+") + 1
        assert ended == (
            2,
            "",
            (
                f"error: environments/staging.yaml:{line}:13: values.jwt.forbid: 'generate: base64' makes '/', '+' "
                "here\nLeave them out of the charset of 'generate: password', or generate what has none of them: hex.\n"
            ),
        )
