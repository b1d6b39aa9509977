"""The real age: it opens what sealgen encrypted, and sealgen opens what it encrypted, byte for byte."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sealgen
from sealgen.errors import CannotTell
from sealgen.stores import values_text
from sealgen.stores.age_file import AgeFile
from sealgen.values.age import AgeStore
from sealgen.values.secret import Secret
from tests.conformance.conftest import tool
from tests.stores.asking import refused, value
from tests.support.project import Project, empty
from tests.test_readme import ROOT, clone, commands

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["clone"]
FILE = "environments/staging.values.age"
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture(scope="module")
def age() -> Callable[..., bytes]:
    """Return a function that runs age on bytes."""
    program = tool("age")

    def run(*arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run([program, *arguments], input=given, capture_output=True, check=True).stdout

    return run


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """Make two identities with age-keygen, and return their files with their recipients."""
    program = tool("age-keygen")
    folder = tmp_path_factory.mktemp("keys")
    for name in ("one", "two"):
        subprocess.run([program, "-o", str(folder / name)], check=True, capture_output=True)
    return {
        path: subprocess.run([program, "-y", str(path)], check=True, capture_output=True, text=True).stdout.strip()
        for path in (folder / "one", folder / "two")
    }


@settings(max_examples=15, deadline=None)
@given(text=TEXT, content=st.binary())
def test_any_value_is_read_by_both(
    age: Callable[..., bytes],
    keys: dict[Path, str],
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    content: bytes,
) -> None:
    root = tmp_path_factory.getbasetemp()
    recipients = tuple(keys.values())
    yaml = values_text.with_value(b"", FILE, "text", Secret(text.encode()))
    yaml = values_text.with_value(yaml, FILE, "content", Secret(content))
    for path in keys:
        file = AgeFile(AgeStore(FILE, recipients), root, {"SEALGEN_AGE_IDENTITY_FILE": str(path)})
        if not (root / FILE).exists() or file.read().text.reveal() != yaml:
            file.write(file.read(), Secret(yaml))
        opened = age("--decrypt", "-i", str(path), str(root / FILE))
        assert opened.endswith(yaml)
        found = values_text.read(opened, FILE)
        assert (found["text"].reveal(), found["content"].reveal()) == (text.encode(), content)


@pytest.mark.parametrize("armor", [(), ("--armor",)], ids=["binary", "armor"])
def test_what_age_encrypts_is_read(
    age: Callable[..., bytes], keys: dict[Path, str], tmp_path: Path, armor: tuple[str, ...]
) -> None:
    (mine, recipient), (other, _) = keys.items()
    (tmp_path / "environments").mkdir()
    age("--encrypt", *armor, "-r", recipient, "-o", str(tmp_path / FILE), given=b"password: yes\n")
    named = f"local: {{kind: age, file: {FILE}, recipients: [{recipient}]}}"
    assert value("{age: password}", tmp_path, {"SEALGEN_AGE_IDENTITY_FILE": str(mine)}, f"{{{named}}}") == b"yes"
    kind, message = refused(
        "{age: password}", tmp_path, {"SEALGEN_AGE_IDENTITY_FILE": str(other)}, f"{{{named}}}", ("yes",)
    )
    assert (kind, message.splitlines()[0]) == (CannotTell, f"values.password: no age identity in {other} opens {FILE}")


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_ssh_key_of_ssh_keygen_opens_it_and_age_agrees(age: Callable[..., bytes], tmp_path: Path, kind: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(tmp_path / "id")], check=True)
    public = " ".join((tmp_path / "id.pub").read_text().split()[:2])
    file = AgeFile(AgeStore(FILE, (public,)), tmp_path, {"SEALGEN_AGE_IDENTITY_FILE": "id"})
    file.write(file.read(), Secret(b"a: x\n"))
    assert age("--decrypt", "-i", str(tmp_path / "id"), str(tmp_path / FILE)).endswith(b"a: x\n")
    assert file.read().text.reveal() == b"a: x\n"


def test_an_identity_with_a_passphrase_is_refused(keys: dict[Path, str], tmp_path: Path) -> None:
    # age asks at a terminal, so the file is made by hand as it begins.
    (mine, recipient), _ = keys.items()
    (tmp_path / "id").write_bytes(b"age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 18\n")
    file = AgeFile(AgeStore(FILE, (recipient,)), tmp_path, {"SEALGEN_AGE_IDENTITY_FILE": str(mine)})
    file.write(file.read(), Secret(b"password: x\n"))
    named = f"{{local: {{kind: age, file: {FILE}, recipients: [{recipient}]}}}}"
    _, message = refused("{age: password}", tmp_path, {"SEALGEN_AGE_IDENTITY_FILE": "id"}, named)
    assert message.startswith("values.password: the age identity in id is itself encrypted with a passphrase")


def normal(text: str) -> str:
    """Return the text without keys and dates."""
    return re.sub(r"\d{4}-\d\d-\d\d", "DATE", re.sub(r"age1\w{58}", "age1…", text))


def test_the_page_on_values_shows_what_its_commands_print(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "sealgen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m sealgen "$@"\n')
    (tmp_path / "sealgen").chmod(0o755)
    shell = {
        "PATH": f"{tmp_path}:{Path(tool('age-keygen')).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(Path(sealgen.__file__).parents[1]),
        "PYTHONUTF8": "1",
        "SEALGEN_AGE_IDENTITY_FILE": str(tmp_path / "age.key"),
    }
    for command, shown in commands((ROOT / "docs/values.md").read_text()):
        done = subprocess.run(
            ["bash", "-c", f"{command} 2>&1"], cwd=clone, env=shell, capture_output=True, text=True, check=False
        )
        assert normal(done.stdout).splitlines() == [normal(line) for line in shown], command


def test_who_was_removed_can_not_open_the_file_any_more(
    age: Callable[..., bytes], keys: dict[Path, str], tmp_path: Path
) -> None:
    (mine, recipient), (other, others) = keys.items()
    project: Project = empty(tmp_path / "project")
    environ = {"SEALGEN_AGE_IDENTITY_FILE": str(mine)}
    for recipients in ([recipient, others], [recipient]):
        project.environment(
            stores={"local": {"kind": "age", "file": FILE, "recipients": recipients}},
            values={"token": {"age": "token"}},
            secrets=["app"],
        )
        project.template("app", {"token": "{{ values.token }}"})
        if len(recipients) == 2:
            made = project.run("values", "set", "staging", "token", "--generate", "hex, bytes: 16", env=environ)
            assert made.code == 0
            assert age("--decrypt", "-i", str(other), str(project.root / FILE))
        else:
            assert project.run("values", "rekey", "staging", env=environ).code == 0
    with pytest.raises(subprocess.CalledProcessError):
        age("--decrypt", "-i", str(other), str(project.root / FILE))
    assert project.run("seal", "staging", "-q", env=environ).code == 0
    opened = values_text.read(age("--decrypt", "-i", str(mine), str(project.root / FILE)), FILE)
    assert project.unsealed()["app/token"] == opened["token"].reveal()
