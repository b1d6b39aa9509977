"""Where the fingerprint key is found and made: a variable first, then a private file that Git ignores."""

from __future__ import annotations

import base64
import re
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from sealgen.errors import ConfigurationError, SealgenError
from sealgen.values import fingerprint_key
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sealgen.values.fingerprint import FingerprintKey

ONE, TWO = "0f" * 32, "a1" * 32
PARTS = {"": Secret(b"plaintext")}
MALFORMED = (
    "the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
    "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'."
)


def variable(text: str) -> Mapping[str, str]:
    return {"SEALGEN_FINGERPRINT_KEY": text}


def version(key: FingerprintKey | None) -> str:
    assert key is not None
    return key.version("staging", "value", PARTS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project's root with the state folder as a run makes it, in a work tree of Git."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".sealgen").mkdir(mode=0o700)
    (tmp_path / ".sealgen/.gitignore").write_text("*\n")
    return tmp_path


def write(root: Path, text: str, mode: int = 0o600) -> Path:
    file = root / fingerprint_key.FILENAME
    file.write_text(text)
    file.chmod(mode)
    return file


def test_without_a_variable_and_a_file_there_is_no_key(root: Path) -> None:
    assert fingerprint_key.find(root, {}) is None
    assert fingerprint_key.find(root / "not there", {}) is None


def test_the_variable_comes_before_the_file(root: Path) -> None:
    write(root, ONE)
    in_file, in_variable = fingerprint_key.find(root, {}), fingerprint_key.find(root, variable(TWO))
    assert version(in_file) != version(in_variable)
    assert version(in_variable) == version(fingerprint_key.find(root / "not there", variable(TWO)))


def test_an_empty_variable_is_none_as_ci_gives_it_to_forks(root: Path) -> None:
    assert fingerprint_key.find(root, variable("")) is None
    write(root, ONE)
    assert version(fingerprint_key.find(root, variable(""))) == version(fingerprint_key.find(root, variable(ONE)))


@pytest.mark.parametrize(
    "text",
    [ONE, ONE.upper(), f"  {ONE}\n", base64.b64encode(bytes.fromhex(ONE)).decode(), f"{ONE}\r\n"],
    ids=["hex", "upper case", "white space", "base64", "Windows line end"],
)
def test_a_key_is_read_alike_from_both_places(root: Path, text: str) -> None:
    expected = version(fingerprint_key.find(root, variable(ONE)))
    assert version(fingerprint_key.find(root, variable(text))) == expected
    write(root, text)
    assert version(fingerprint_key.find(root, {})) == expected


@pytest.mark.parametrize("text", ["hunter2", ONE[:-1], f"{ONE}0", "g" * 64, "hünter2" * 8, " ", "A" * 43])
def test_a_malformed_key_is_refused_without_any_of_it(root: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        fingerprint_key.find(root, variable(text))
    assert str(raised.value) == MALFORMED
    write(root, text)
    with pytest.raises(ConfigurationError) as raised:
        fingerprint_key.find(root, {})
    assert str(raised.value) == MALFORMED


def test_an_empty_file_is_malformed_and_not_a_missing_key(root: Path) -> None:
    write(root, "")
    with pytest.raises(ConfigurationError) as raised:
        fingerprint_key.find(root, {})
    assert str(raised.value) == MALFORMED


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_file_that_others_can_read_or_write_is_refused(root: Path, mode: int) -> None:
    file = write(root, ONE, mode)
    with pytest.raises(ConfigurationError) as raised:
        fingerprint_key.find(root, {})
    assert str(raised.value) == f"{file} holds secrets and is open to others (mode {mode:04o})\nRun: chmod 600 {file}"
    assert fingerprint_key.find(root, variable(ONE)) is not None


def test_a_new_key_is_kept_private_and_found_again(root: Path) -> None:
    made = fingerprint_key.make(root)
    file = root / fingerprint_key.FILENAME
    assert re.fullmatch(r"[0-9a-f]{64}\n?", file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in sorted(file.parent.iterdir())] == [".gitignore", "fingerprint.key"]
    assert version(fingerprint_key.find(root, {})) == version(made)
    assert made.id != fingerprint_key.temporary().id


def test_a_key_that_another_run_just_made_is_taken(root: Path) -> None:
    write(root, ONE)
    assert version(fingerprint_key.make(root)) == version(fingerprint_key.find(root, variable(ONE)))
    assert (root / fingerprint_key.FILENAME).read_text() == ONE


def test_no_key_is_made_where_git_would_take_it(root: Path) -> None:
    (root / ".sealgen/.gitignore").write_text("")
    with pytest.raises(ConfigurationError) as raised:
        fingerprint_key.make(root)
    assert str(raised.value) == (
        "Git does not ignore .sealgen/fingerprint.key, which holds secrets\n"
        f"Add the line '/.sealgen/fingerprint.key' to {root / '.gitignore'}."
    )
    assert not (root / fingerprint_key.FILENAME).exists()


def test_a_key_that_can_not_be_written_is_told(root: Path) -> None:
    (root / ".sealgen/.gitignore").unlink()
    (root / ".sealgen").rmdir()
    (root / ".gitignore").write_text(".sealgen/\n")
    with pytest.raises(SealgenError) as raised:
        fingerprint_key.make(root)
    assert str(raised.value) == ("can't write .sealgen/fingerprint.key: No such file or directory; nothing was changed")


def test_a_temporary_key_is_another_each_time_and_kept_nowhere(root: Path) -> None:
    before = sorted(root.rglob("*"))
    assert version(fingerprint_key.temporary()) != version(fingerprint_key.temporary())
    assert sorted(root.rglob("*")) == before


def test_a_key_shows_nothing(root: Path) -> None:
    key = fingerprint_key.find(root, variable(ONE))
    assert key is not None
    assert ONE[:8] not in f"{key!r} {key} {key.id} {version(key)}"
