"""How many kinds of malformed input there are."""

from __future__ import annotations

from tests.cli.malformed import (
    test_certificate,
    test_command_line,
    test_configuration,
    test_overlay,
    test_private_files,
    test_template,
)

SUBJECTS = (
    test_certificate,
    test_command_line,
    test_configuration,
    test_overlay,
    test_private_files,
    test_template,
)


def test_there_are_at_least_a_hundred() -> None:
    told = {(subject.__name__, arguments, message) for subject in SUBJECTS for _, arguments, _, message in subject.ROWS}
    assert len(told) >= 100
