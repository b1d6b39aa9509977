"""Values that a person enters: hidden, twice, at a terminal of the test's own, and never asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, empty
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from pathlib import Path

ASK, AGAIN = "Redis password? ", "Once more: "
MISMATCH = "Error: The two entered values do not match.\r\n"


@pytest.fixture
def asking(tmp_path: Path) -> Project:
    project = empty(tmp_path)
    project.environment(
        values={"redis_password": {"prompt": "Redis password?"}, "other": {"generate": "hex", "bytes": 16}},
        secrets=["redis-secrets"],
    )
    project.template("redis-secrets", {"url": "redis://:{{ values.redis_password | urlquote }}@redis", "o": "x"})
    return project


def test_a_value_is_asked_for_hidden_and_twice_and_sealed(asking: Project) -> None:
    session = at_terminal(asking, "--no-color", "seal", "staging", answers=["correct horse/1", "correct horse/1"])
    assert session == (
        0,
        (
            f"{ASK}\r\n"
            f"{AGAIN}\r\n"
            "staging\r\n"
            "  SECRET         KEY  ACTION  REASON\r\n"
            "  redis-secrets  url  seal    new key\r\n"
            "  redis-secrets  o    seal    new key\r\n"
            "staging: 1 secret, 2 keys, 2 sealed\r\n"
        ),
        False,
    )
    assert asking.unsealed()["redis-secrets/url"] == b"redis://:correct%20horse%2F1@redis"
    assert asking.counter("redis_password") == 1


def test_two_answers_that_differ_are_asked_for_again(asking: Project) -> None:
    answers = ["one-secret", "two-secret", "three-secret", "three-secret"]
    session = at_terminal(asking, "--no-color", "seal", "staging", answers=answers)
    assert session.code == 0
    assert session.shown.startswith(f"{ASK}\r\n{AGAIN}\r\n{MISMATCH}{ASK}\r\n{AGAIN}\r\nstaging\r\n")
    assert "-secret\r" not in session.shown
    assert not session.echoed
    assert asking.unsealed()["redis-secrets/url"] == b"redis://:three-secret@redis"


def test_a_value_is_asked_for_once_and_again_only_to_rotate_it(asking: Project) -> None:
    assert at_terminal(asking, "--no-color", "seal", "staging", answers=["first-secret", "first-secret"]).code == 0
    before = asking.tree()
    session = at_terminal(asking, "--no-color", "seal", "staging", answers=[])
    assert session == (0, "staging: 1 secret, 2 keys, up to date\r\n", False)
    assert asking.tree() == before
    session = at_terminal(
        asking, "--no-color", "seal", "staging", "--rotate", "redis_password", answers=["second", "second"]
    )
    assert session.code == 0
    assert "  redis-secrets  url  seal    rotated: redis_password 1 → 2\r\n" in session.shown
    assert asking.unsealed()["redis-secrets/url"] == b"redis://:second@redis"
    assert asking.counter("redis_password") == 2


def test_an_empty_answer_is_a_value(asking: Project) -> None:
    session = at_terminal(asking, "--no-color", "seal", "staging", answers=["", ""])
    assert session.code == 0
    assert asking.unsealed()["redis-secrets/url"] == b"redis://:@redis"


def test_a_value_that_breaks_its_rules_is_refused_without_any_of_it(asking: Project) -> None:
    asking.edit("environments/staging.yaml", "prompt: Redis password?", "prompt: Redis password?\n    min_length: 12")
    session = at_terminal(asking, "--no-color", "seal", "staging", answers=["too short", "too short"])
    assert session.code == 1
    assert session.shown.endswith("error: values.redis_password is shorter than its min_length, 12 bytes\r\n")
    assert "too short" not in session.shown
    assert not (asking.root / "environments/staging.lock").exists()


@pytest.mark.parametrize("answers", [[None], ["secret", None]], ids=["at once", "at the second question"])
def test_a_person_who_gives_up_leaves_nothing_behind(asking: Project, answers: list[str | None]) -> None:
    before = asking.tree()
    session = at_terminal(asking, "--no-color", "seal", "staging", answers=answers)
    assert session.code == 130
    assert session.shown.endswith("error: interrupted; nothing was left half done\r\n")
    assert asking.tree() == before


def test_an_answer_for_a_plain_environment_is_kept(asking: Project) -> None:
    asking.change(backend={"kind": "plain"}, output=None)
    first = at_terminal(asking, "--no-color", "render", "staging", answers=["kept-secret", "kept-secret"])
    assert first.code == 0
    second = at_terminal(asking, "--no-color", "render", "staging", answers=[])
    assert second.code == 0
    assert first.shown == f"{ASK}\r\n{AGAIN}\r\n{second.shown}"


def test_the_questions_do_not_go_to_standard_output(asking: Project, tmp_path: Path) -> None:
    asking.change(backend={"kind": "plain"}, output=None)
    printed = tmp_path / "printed.yaml"
    with printed.open("wb") as stdout:
        session = at_terminal(asking, "--no-color", "render", "staging", answers=["some-secret"] * 2, stdout=stdout)
    assert session == (0, f"{ASK}\r\n{AGAIN}\r\n", False)
    assert printed.read_text().startswith("---\napiVersion: v1\ndata:\n")


@pytest.mark.parametrize("arguments", [("seal", "staging"), ("seal", "staging", "--rotate", "redis_password")])
def test_without_a_terminal_nobody_is_asked(asking: Project, arguments: tuple[str, ...]) -> None:
    before = asking.tree()
    ended = asking.execute(*arguments)
    assert (ended.code, ended.out) == (12, "")
    assert ended.err == (
        "error: values.redis_password is asked of a person, and there is no terminal to ask at\n"
        "run this in a terminal\n"
    )
    assert asking.tree() == before


def test_a_plan_asks_nobody(asking: Project) -> None:
    session = at_terminal(asking, "--no-color", "plan", "staging", answers=[])
    assert session.code == 10
    assert session.shown.endswith("staging: 1 secret, 2 keys, 2 to seal\r\n")
