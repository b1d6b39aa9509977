"""The source ``exec``: what a program prints, such as a password manager's client."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from sealgen.processes import ended, kill
from sealgen.values.children import environ_of_child
from sealgen.values.file import LINE_ENDS, MAX_BYTES, TRIM
from sealgen.values.secret import Secret
from sealgen.yaml.schema import SECONDS, Field, Fields, ListOf, Record, Text

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from sealgen.values.source import Parts, Source, Surroundings

_TOO_MUCH = MAX_BYTES + 1


@dataclass(frozen=True)
class Command:
    """The bytes of the program's standard output; ``trim`` drops the line ends after the last line.

    It runs in the project's root without a shell, standard input and terminal, with sealgen's environment but
    the keys that only sealgen needs. Its error output is dropped, as it may hold the value.
    """

    kind: ClassVar[str] = "exec"
    made: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ("",)

    command: tuple[str, ...]
    timeout: int
    """In seconds; then the program and all that it started are killed."""
    trim: bool

    def specification(self) -> Mapping[str, object]:
        """Return the command, and whether to trim."""
        return {"exec": list(self.command), "trim": self.trim}

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Run the program.

        Raises CannotTell where it can't be started, fails or takes too long, SealgenError where it prints more
        than a Secret can hold.
        """
        import subprocess  # noqa: PLC0415  (10 ms that other sources spare)

        program = f"values.{name}: the program '{self.command[0]}'"
        environ = environ_of_child(surroundings.environ)
        try:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=surroundings.root,
                env=environ,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise CannotTell(f"{program} is not there", hint="install it, or add its folder to PATH") from None
        except OSError as error:
            raise CannotTell(f"{program} can't be started: {error.strerror}") from None
        by_hand = "its error output may hold the value and is not shown; run it by hand to see it"
        with process:
            try:
                output = _output(process, time.monotonic() + self.timeout)
            except subprocess.TimeoutExpired:
                kill(process)
                raise CannotTell(f"{program} took longer than {self.timeout} s", hint=by_hand) from None
            except BaseException:
                kill(process)
                raise
            if len(output) == _TOO_MUCH:
                kill(process)
                raise SealgenError(f"{program} printed more than 1 MiB, which is what a Secret can hold")
        if process.returncode:
            raise CannotTell(f"{program} {ended(process.returncode)}", hint=by_hand)
        return {"": Secret(output.rstrip(LINE_ENDS) if self.trim else output)}


def _output(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Return what the process prints until its end, or its first ``_TOO_MUCH`` bytes.

    Raises TimeoutExpired when the deadline passes. What ``communicate`` does, with a limit.
    """
    import subprocess  # noqa: PLC0415

    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    descriptor = process.stdout.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    output = bytearray()
    while len(output) < _TOO_MUCH:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise subprocess.TimeoutExpired(process.args, left)
        chunk = os.read(descriptor, min(65536, _TOO_MUCH - len(output)))
        if not chunk:
            process.wait(max(0.0, deadline - time.monotonic()))
            break
        output += chunk
    return bytes(output)


def _argument_problem(text: str) -> str | None:
    return "an argument can't hold a NUL character" if "\0" in text else None


def _command(fields: Fields) -> Command:
    command: tuple[str, ...] = fields["exec"]
    if not command[0]:
        raise ConfigurationError("exec: the program's name is empty", at=fields.at("exec"))
    return Command(command, fields["timeout"], fields["trim"])


SHAPE: Record[Source] = Record(
    {
        "exec": Field(
            ListOf(Text(problem=_argument_problem), minimum=1),
            "A program and its arguments; no shell reads them. Its standard output is the value.",
            required=True,
        ),
        "timeout": Field(SECONDS, "How long it may take; default: 30s.", default=30),
        "trim": TRIM,
    },
    _command,
)
