"""Pieces of text are put where they are to go, and what a document says is told apart from where it says it."""

from __future__ import annotations

import pytest

from sealgen.yaml.edits import after_colon, after_line, applied, compose, line_end, next_line, said
from sealgen.yaml.nodes import parse


def test_edits_are_made_in_the_order_of_their_places() -> None:
    assert applied("0123456789", [(8, 10, "z"), (0, 1, "a"), (4, 4, "-")]) == "a123-4567z"
    assert applied("text", []) == "text"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\nb: 2\n", "a: 1\nNEW\nb: 2\n"),
        ("a: 1", "a: 1\nNEW\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\r\nNEW\r\nb: 2\r\n"),
        ("a: 1 # x", "a: 1 # x\nNEW\n"),
    ],
)
def test_a_line_is_put_behind_another_whatever_ends_it(before: str, after: str) -> None:
    assert applied(before, [after_line(before, 3, f"NEW{line_end(before)}")]) == after
    assert next_line(before, 0) == (before.find("\n") + 1 or len(before))


def test_the_place_behind_a_colon_is_in_characters() -> None:
    text = "# Schlüssel 🔑\n'ä' : x\n"
    (key, _), *_ = compose(text).value
    assert text[after_colon(text, key) :] == " x\n"


def test_layout_comments_and_quotes_of_another_kind_say_nothing() -> None:
    first = parse("a: [x, 'y']\nb: {c: '1'}\n", "f")
    assert said(first) == said(parse('a:\n  - x  # first\n  - "y"\nb:\n  c: "1"\n', "f"))
    assert said(first) != said(parse("a: [x, 'y']\nb: {c: 1}\n", "f"))
