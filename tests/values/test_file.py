"""A file arrives byte for byte; what is no readable file of bearable size is refused without a look at it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from tests.values.reading import CANARY, only, read, refusal, surroundings


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project's root."""
    return tmp_path_factory.mktemp("root")


@given(content=st.binary())
def test_bytes_arrive_as_they_are(root: Path, content: bytes) -> None:
    (root / "value").write_bytes(content)
    assert only("file: value", surroundings(root)) == content
    assert only("{file: value, trim: false}", surroundings(root)) == content


@pytest.mark.parametrize(
    ("content", "trimmed"),
    [
        (b"a\n", b"a"),
        (b"a\r\n", b"a"),
        (b"a\n\r\n\n", b"a"),
        (b"a", b"a"),
        (b"\na \t\n", b"\na \t"),
        (b"\n", b""),
        (b"a\nb\n", b"a\nb"),
    ],
)
def test_trim_drops_line_ends_at_the_end_only(root: Path, content: bytes, trimmed: bytes) -> None:
    (root / "value").write_bytes(content)
    assert only("{file: value, trim: true}", surroundings(root)) == trimmed


def test_a_path_may_lead_out_of_the_project(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "value").write_bytes(b"outside")
    assert only("file: ../value", surroundings(root)) == b"outside"
    assert only(f"file: {tmp_path}/value", surroundings(root)) == b"outside"


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"linked")
    (tmp_path / "link").symlink_to("value")
    assert only("file: link", surroundings(tmp_path)) == b"linked"


def test_1_mib_is_taken_and_a_byte_more_is_not(tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"x" * 1024 * 1024)
    assert len(only("file: value", surroundings(tmp_path))) == 1024 * 1024
    (tmp_path / "value").write_bytes(b"x" * (1024 * 1024 + 1))
    assert refusal("file: value", SealgenError, surroundings(tmp_path)) == (
        "values.password: value is larger than 1 MiB, which is what a Secret can hold"
    )


@pytest.mark.parametrize("path", ["secrets/smtp", "value/smtp"])
def test_a_file_that_is_not_there_says_what_to_do(tmp_path: Path, path: str) -> None:
    (tmp_path / "value").write_text(CANARY)
    assert refusal(f"file: {path}", CannotTell, surroundings(tmp_path)) == (
        f"values.password: there is no file {path}\nput the value into {path} and run again"
    )


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal("file: .", SealgenError, surroundings(tmp_path)) == "values.password: . is not a regular file"


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal("file: pipe", SealgenError, surroundings(tmp_path)) == (
        "values.password: pipe is not a regular file"
    )


def test_a_device_is_refused(tmp_path: Path) -> None:
    assert refusal("file: /dev/zero", SealgenError, surroundings(tmp_path)) == (
        "values.password: /dev/zero is not a regular file"
    )


def test_a_file_that_can_not_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert refusal("file: loop", SealgenError, surroundings(tmp_path)) == (
        "values.password: loop can't be read: Too many levels of symbolic links"
    )


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("file: ''", "1:7: values.password.file: a path is missing"),
        (r'file: "a\0b"', "1:7: values.password.file: a path is printable text"),
        (
            "file: '~/smtp'",
            (
                "1:7: values.password.file: '~/smtp': no home folder is looked up; "
                "write a path from the project's root, or an absolute one"
            ),
        ),
        ("{file: a, trim: yes}", "1:17: values.password.trim must be true or false, not 'yes'"),
    ],
)
def test_what_is_no_path_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_it_can_be_read_again() -> None:
    source = read("file: secrets/smtp").source
    assert not source.made
    assert source.specification() == {"file": "secrets/smtp", "trim": False}


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"x")
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("needs /proc")
    before = len(list(descriptors.iterdir()))
    only("file: value", surroundings(tmp_path))
    refusal("file: .", SealgenError, surroundings(tmp_path))
    assert len(list(descriptors.iterdir())) == before
