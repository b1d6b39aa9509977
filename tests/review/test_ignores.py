"""Comments that silence a check: where they may stand, for which line they are, and what their reason is."""

from __future__ import annotations

import time

import pytest

from sealgen.review.ignores import Ignore, read


@pytest.mark.parametrize(
    ("text", "ids", "reason", "line"),
    [
        ("# sealgen: ignore[a] why", ("a",), "why", None),
        ("  # sealgen: ignore[a] why", ("a",), "why", 2),
        ("x: 1 # sealgen: ignore[a] why", ("a",), "why", 1),
        ("x: 1  #sealgen: ignore[a, b]: why, #12 \r", ("a", "b"), "why, #12", 1),
        ("{# sealgen: ignore[a] why #}", ("a",), "why", None),
        ("x {#- sealgen: ignore[a] why -#}", ("a",), "why", 1),
        ("  # sealgen: ignore[]", (), "", 2),
        ("  # sealgen: ignore[a]   ", ("a",), "", 2),
    ],
)
def test_a_comment_is_for_a_line_and_has_a_reason(
    text: str, ids: tuple[str, ...], reason: str, line: int | None
) -> None:
    assert read("f", text.encode(), wide=True) == [Ignore(ids, reason, "f", 1, line)]


def test_in_a_file_of_no_environment_it_is_never_for_all() -> None:
    (found,) = read("f", b"x: 1\n# sealgen: ignore[a] why\n", wide=False)
    assert (found.at, found.line) == (2, 3)


@pytest.mark.parametrize(
    "text", ["sealgen: ignore[a] why", "# sealgen:ignore[a] why", "# sealgen: ignore a", "# ignore[a]"]
)
def test_what_is_no_such_comment_is_none(text: str) -> None:
    assert read("f", text.encode(), wide=True) == []


def test_a_long_line_takes_a_short_time() -> None:
    started = time.process_time()
    for filler in (b" ", b"#", b"# ", b"{#"):
        read("f", b"# sealgen: ignore[a] " + filler * 1_000_000 + b"x\n" + filler * 1_000_000, wide=True)
    assert time.process_time() - started < 5
