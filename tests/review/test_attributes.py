"""The lines of ``.gitattributes``: added once, and nothing else is touched."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.review import attributes

LINES = [attributes.manifests(PurePosixPath("k8s/overlays/staging")), attributes.locks("environments")]


@pytest.mark.parametrize("before", [b"", b"*.png binary\n", b"*.png binary", b"\xff\r\n"])
def test_lines_that_are_missing_are_added_at_the_end(before: bytes) -> None:
    after = attributes.updated(before, LINES)
    assert after.startswith(before)
    assert after.decode("utf-8", "replace").splitlines()[-2:] == [
        "/k8s/overlays/staging/*.y*ml diff=sealgen merge=sealgen",
        "/environments/*.lock merge=sealgen",
    ]


@given(st.binary())
def test_a_second_time_adds_nothing(before: bytes) -> None:
    after = attributes.updated(before, LINES)
    assert attributes.updated(after, LINES) == after


def test_a_folder_with_a_space_is_one_pattern() -> None:
    line = attributes.manifests(PurePosixPath('my "k8s"'))
    assert line == '"/my \\"k8s\\"/*.y*ml" diff=sealgen merge=sealgen'
