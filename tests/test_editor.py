"""A person's editor: which it is, how it is started, and what its end means."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from sealgen.editor import edit
from sealgen.errors import ConfigurationError, SealgenError

if TYPE_CHECKING:
    from pathlib import Path

HINT = "Set VISUAL or EDITOR to one that waits until the file is closed, as 'code --wait' does."


def program(folder: Path, name: str, script: str) -> str:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o700)
    return str(folder / name)


def test_visual_comes_before_editor_and_vi_is_the_last(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    for name in ("one", "two", "vi"):
        program(tmp_path, name, f'echo {name} "$@" > "$2"')
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for environ, said in (
        ({"VISUAL": "one 'x y'", "EDITOR": "two"}, f"one x y {file}\n"),
        ({"VISUAL": "", "EDITOR": "two -w"}, f"two -w {file}\n"),
    ):
        edit(file, {**path, **environ})
        assert file.read_text() == said
    program(tmp_path, "vi", 'echo vi "$@" > "$1"')
    edit(file, path)
    assert file.read_text() == f"vi {file}\n"


@pytest.mark.parametrize(
    ("editor", "kind", "message"),
    [
        (
            "no-such-editor -w",
            ConfigurationError,
            f"the editor 'no-such-editor' can't be started: No such file or directory\n{HINT}",
        ),
        ("'x", ConfigurationError, f"the editor ''x' is no command\n{HINT}"),
        ("  ", ConfigurationError, f"the editor '  ' is no command\n{HINT}"),
        (
            "sh -c 'exit 3'",
            SealgenError,
            "the editor 'sh' ended with status 3; nothing was written, and what was typed is gone",
        ),
        (
            "sh -c 'kill -KILL $$'",
            SealgenError,
            "the editor 'sh' ended by signal 9; nothing was written, and what was typed is gone",
        ),
    ],
)
def test_an_editor_that_does_not_edit(tmp_path: Path, editor: str, kind: type[SealgenError], message: str) -> None:
    with pytest.raises(SealgenError) as caught:
        edit(tmp_path / "a", {"PATH": os.environ["PATH"], "EDITOR": editor})
    assert (type(caught.value), str(caught.value)) == (kind, message)


def test_an_interrupt_is_the_editors_own(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    editor = program(tmp_path, "editor", 'trap "echo interrupted > $1" INT; kill -INT $PPID; kill -INT $$')
    edit(tmp_path / "a", {"PATH": os.environ["PATH"], "EDITOR": editor})
    assert (tmp_path / "a").read_text() == "interrupted\n"
    assert signal.getsignal(signal.SIGINT) is before
