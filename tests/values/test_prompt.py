"""A person is asked the question, once; where nobody can answer, sealgen says so."""

from __future__ import annotations

import pytest

from sealgen.errors import CannotTell, ConfigurationError
from sealgen.values.secret import Secret
from tests.values.reading import only, read, refusal, surroundings


def test_the_answer_is_the_value() -> None:
    asked = []

    def ask(question: str) -> Secret:
        asked.append(question)
        return Secret(b"answer")

    assert only("prompt: SMTP password of the provider", surroundings(ask=ask)) == b"answer"
    assert asked == ["SMTP password of the provider"]


def test_without_a_terminal_it_says_so() -> None:
    assert refusal("prompt: SMTP password", CannotTell) == (
        "values.password is asked of a person, and there is no terminal to ask at\nrun this in a terminal"
    )


@pytest.mark.parametrize("question", [r"\e[31mred", "", " ", r"two\nlines"])
def test_what_is_no_question_is_refused(question: str) -> None:
    assert refusal(f'prompt: "{question}"', ConfigurationError) == (
        "base.yaml:1:9: values.password.prompt: a question is one line of printable text"
    )


def test_it_is_made_once_and_the_wording_determines_nothing() -> None:
    source = read("prompt: SMTP password").source
    assert source.made
    assert source.specification() == {}
