"""Long work says how far it is, to people at a terminal alone, and leaves no trace."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from sealgen.cli.progress import Progress
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from tests.support.project import Project


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_takes_less_than_a_second_says_nothing() -> None:
    stream, clock = io.StringIO(), Clock()
    line = Progress("staging: sealing, file", stream, clock)
    clock.now += 0.99
    line.at(3, 4)
    line.clear()
    assert stream.getvalue() == ""


def test_what_takes_longer_tells_how_far_it_is_ten_times_a_second_and_is_removed() -> None:
    stream, clock = io.StringIO(), Clock()
    line = Progress("staging: sealing, file", stream, clock)
    for seconds, done in ((1.0, 1000), (0.05, 1001), (0.06, 1002)):
        clock.now += seconds
        line.at(done, 12000)
    line.clear()
    line.clear()
    shown = "\r\x1b[K\x1b[2mstaging: sealing, file {} of 12,000\x1b[0m"
    assert stream.getvalue() == shown.format("1,000") + shown.format("1,002") + "\r\x1b[K"


def test_a_pipe_gets_no_line_and_a_short_run_shows_none_at_a_terminal(project: Project) -> None:
    assert "sealing, file" not in at_terminal(project, "seal", "staging").shown
    ended = project.run("seal", "staging", "--rotate", "jwt_secret_key")
    assert (ended.code, ended.err) == (0, "")
