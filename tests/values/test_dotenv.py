"""A .env file is read in the one way that its readers agree on; what they don't is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from tests.values.reading import CANARY, only, read, refusal, surroundings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project's root."""
    return tmp_path_factory.mktemp("root")


def assigned(root: Path, content: bytes) -> bytes:
    """Return what PASSWORD is in a file with this content."""
    (root / ".env").write_bytes(content)
    return only("dotenv: .env", surroundings(root))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"PASSWORD=secret\n", b"secret"),
        (b"PASSWORD=secret", b"secret"),
        (b"PASSWORD=secret\r\n", b"secret"),
        (b"\xef\xbb\xbfPASSWORD=secret\n", b"secret"),
        (b"export PASSWORD=secret\n", b"secret"),
        (b"  PASSWORD = secret  \n", b"secret"),
        (b"# PASSWORD=other\n\n  \nPASSWORD=secret # comment\nOTHER=x\n", b"secret"),
        (b"PASSWORD=a#b\n", b"a#b"),
        (b"PASSWORD=a b\n", b"a b"),
        (b"PASSWORD=a=b==\n", b"a=b=="),
        (b"PASSWORD=a'b\"c\n", b"a'b\"c"),
        (b"PASSWORD=a\\n\n", b"a\\n"),
        (b"PASSWORD=${HOME}$x\n", b"${HOME}$x"),
        (b"PASSWORD=\xff\xc3\xa9\n", b"\xff\xc3\xa9"),
        (b"PASSWORD=\n", b""),
        (b"PASSWORD= # comment\n", b""),
        (b"PASSWORD=\nOTHER=x\n", b""),
        (b"PASSWORD=''\n", b""),
        (b"PASSWORD=' a # b '# comment\n", b" a # b "),
        (b"PASSWORD='a\\nb$x\"'\n", b'a\\nb$x"'),
        (b"PASSWORD='-----BEGIN\nA\r\nB\n'\nOTHER=x\n", b"-----BEGIN\nA\r\nB\n"),
        (b'PASSWORD="a\\n\\r\\t\\"\\\\b\'${x}"\n', b"a\n\r\t\"\\b'${x}"),
        (b'PASSWORD="a\nb" # comment\n', b"a\nb"),
        (b"OTHER.x-y=1\nPASSWORDS=1\nMY_PASSWORD=2\nPASSWORD=3\n", b"3"),
        (b"export=1\nPASSWORD=3\n", b"3"),
        (b"OTHER='\nPASSWORD=1\n'\nPASSWORD=3\n", b"3"),
    ],
)
def test_an_assignment_is_read(root: Path, content: bytes, value: bytes) -> None:
    assert assigned(root, content) == value


@given(text=st.binary())
def test_single_quotes_hold_bytes_as_they_are(root: Path, text: bytes) -> None:
    text = text.replace(b"'", b"").replace(b"\\", b"")
    assert assigned(root, b"A=1\nPASSWORD='" + text + b"'\nB=2\n") == text


@given(text=st.binary())
def test_double_quotes_hold_any_bytes(root: Path, text: bytes) -> None:
    escaped = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    assert assigned(root, b'A=1\nPASSWORD="' + escaped + b'"\nB=2\n') == text


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"A=1\n\nset -a\n", 3),
        (b"export A\n", 1),
        (b"A=#x\n", 1),
        (b"A=`x`\n", 1),
        (b"A='x'y\n", 1),
        (b'A="x"y\n', 1),
        (b"A='\n\n'\nB='x\n", 4),
        (b"A='it\\'s'\n", 1),
        (b"A='a\\\\b'\n", 1),
        (b'A="a\\$b"\n', 1),
        (b"A=x\ry\n", 1),
        (b"1A=x\n", 1),
        (b"A B=x\n", 1),
        (b"=x\n", 1),
    ],
)
def test_a_line_that_readers_take_differently_is_refused(root: Path, content: bytes, line: int) -> None:
    (root / ".env").write_bytes(content + f"PASSWORD={CANARY}\n".encode())
    assert refusal("dotenv: .env", SealgenError, surroundings(root)) == (
        f"values.password: line {line} of .env is no assignment that can be read in one way only\n"
        """write NAME='value', or NAME="value" with the escapes \\n, \\r, \\t, \\" and \\\\"""
    )


def test_two_assignments_are_refused(root: Path) -> None:
    (root / ".env").write_text(f"PASSWORD={CANARY}\nA='\n\n'\nPASSWORD={CANARY}\n")
    assert refusal("dotenv: .env", SealgenError, surroundings(root)) == (
        "values.password: .env has PASSWORD twice, in lines 1 and 5"
    )


def test_a_variable_that_is_missing_says_what_to_add(root: Path) -> None:
    (root / ".env").write_text(f"password={CANARY}\n")
    assert refusal("dotenv: .env", CannotTell, surroundings(root)) == (
        "values.password: .env has no PASSWORD\nadd a line PASSWORD='value' to .env and run again"
    )


def test_a_file_that_is_missing_says_what_to_do(tmp_path: Path) -> None:
    assert refusal("dotenv: local/.env", CannotTell, surroundings(tmp_path)) == (
        "values.password: there is no file local/.env\nput the value into local/.env and run again"
    )


def test_the_variable_may_have_another_name(root: Path) -> None:
    (root / ".env").write_text("PASSWORD=a\nDB_pass=b\n")
    assert only("{dotenv: .env, variable: DB_pass}", surroundings(root)) == b"b"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "{dotenv: .env, variable: A-B}",
            "1:26: values.password.variable can't be 'A-B'; it must be letters, digits and '_', no digit first",
        ),
        ("{dotenv: ''}", "1:10: values.password.dotenv: a path is missing"),
    ],
)
def test_what_is_no_path_or_variable_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_it_can_be_read_again() -> None:
    source = read("dotenv: .env").source
    assert not source.made
    assert source.specification() == {"dotenv": ".env", "variable": None}
