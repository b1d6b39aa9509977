"""A person's editor, as Git finds it, run on one file."""

from __future__ import annotations

import contextlib
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, SealgenError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def edit(path: Path, environ: Mapping[str, str]) -> None:
    """Have the file edited, with this environment, until the editor ends.

    The editor is $VISUAL, $EDITOR or vi, and may have arguments. Raises ConfigurationError where it can't be started,
    and SealgenError where it ends with a status that says that the edit does not count.
    """
    said = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    hint = "Set VISUAL or EDITOR to one that waits until the file is closed, as 'code --wait' does."
    try:
        command = shlex.split(said)
    except ValueError:
        command = []
    if not command:
        raise ConfigurationError(f"the editor {quoted(said)} is no command", hint=hint)
    try:
        with _interrupts_are_the_editors():
            done = subprocess.run([*command, str(path)], env=dict(environ), check=False)
    except OSError as error:
        raise ConfigurationError(
            f"the editor {quoted(command[0])} can't be started: {error.strerror}", hint=hint
        ) from None
    if done.returncode:
        how = f"with status {done.returncode}" if done.returncode > 0 else f"by signal {-done.returncode}"
        raise SealgenError(
            f"the editor {quoted(command[0])} ended {how}; nothing was written, and what was typed is gone"
        )


@contextlib.contextmanager
def _interrupts_are_the_editors() -> Iterator[None]:
    """Leave Ctrl-C to the editor, in which it means something else."""

    def ignored(_: int, __: object) -> None:
        # Not SIG_IGN, which the editor would inherit.
        return

    before = {number: signal.signal(number, ignored) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
