"""One process of the fuzzer: one target, until the time is up or something is found.

``python -m tests.fuzz.worker MODULE TARGET SECONDS SEED SCRATCH CORPUS``. It ends with a line ``executions: N``;
exit 1 is a finding. Whatever ends it, SCRATCH/input tells the input that it was at.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import importlib
import importlib.util
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CORPUS = Path(__file__).parent / "corpus"
TOO_LONG = 10  # seconds of processor time for one input
_GROWTH = 2000  # inputs that a run keeps beside the corpus
_SIZE = 8  # bytes that tell how long the input is that follows them


class TooSlow(BaseException):
    """An input takes longer than any should."""


def seeds(corpus: Path, target: str) -> list[bytes]:
    """Return the corpus of a target, in the order of the names."""
    return [file.read_bytes() for file in sorted((corpus / target).glob("*"))]


def keep(folder: Path, content: bytes) -> Path:
    """Add an input to the corpus, under its SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / hashlib.sha256(content).hexdigest()
    file.write_bytes(content)
    return file


def last_input(scratch: Path) -> bytes | None:
    """Return the input that a worker was at when it ended; None where it had not come to any."""
    with contextlib.suppress(FileNotFoundError):
        noted = (scratch / "input").read_bytes()
        if len(noted) >= _SIZE:
            return noted[_SIZE : _SIZE + int.from_bytes(noted[:_SIZE])]
    return None


class Execution:
    """Runs one input after the other, counts them, and ends the process with the first that breaks the contract."""

    def __init__(self, module: str, target: str, scratch: Path) -> None:
        self._attempt: Callable[[Callable[[bytes], None], bytes], str | None]
        self._attempt = importlib.import_module("tests.fuzz.targets").attempt
        self._function: Callable[[bytes], None] = importlib.import_module(module).TARGETS[target]
        self._noted = os.open(scratch / "input", os.O_WRONLY | os.O_CREAT, 0o600)
        self.count = 0
        signal.signal(signal.SIGVTALRM, _too_slow)
        sys.unraisablehook = self._not_raised

    def __call__(self, content: bytes) -> str | None:
        """Run one input; return the place that refused it."""
        self.count += 1
        # Noted first: what kills the process leaves no time to.
        os.pwrite(self._noted, len(content).to_bytes(_SIZE) + content, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, TOO_LONG)
        try:
            return self._attempt(self._function, content)
        except (Exception, TooSlow):
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            traceback.print_exc(file=sys.stdout)
            self.end(1)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _not_raised(self, unraisable: sys.UnraisableHookArgs) -> NoReturn:
        """Take for a finding what Python would only print, as a traceback: an error where something is taken down."""
        traceback.print_exception(unraisable.exc_value, file=sys.stdout)
        self.end(1)

    def end(self, code: int) -> NoReturn:
        """Say how many inputs were run, and end."""
        sys.stdout.write(f"executions: {self.count}\n")
        sys.stdout.flush()
        os._exit(code)  # neither Atheris nor libFuzzer shall add a report of its own


def _too_slow(*_: object) -> NoReturn:
    raise TooSlow(f"more than {TOO_LONG} s for one input")


def by_mutation(execution: Execution, target: str, corpus: Path, seconds: float, seed: int) -> NoReturn:
    """Fuzz with nothing but Python; an input that is refused at a new place is changed further."""
    from tests.fuzz.grammar import GRAMMARS  # noqa: PLC0415  (the other way does not need it)
    from tests.fuzz.mutation import mutations  # noqa: PLC0415

    until = time.monotonic() + seconds
    places: set[str | None] = set()
    grown: list[bytes] = []
    for content in mutations(seeds(corpus, target), seed, lambda: grown, GRAMMARS.get(target)):
        place = execution(content)
        if place not in places and len(grown) < _GROWTH:
            places.add(place)
            grown.append(content)
        if time.monotonic() >= until:
            break
    execution.end(0)


def by_coverage(execution: Execution, folders: Sequence[Path], seconds: float, seed: int) -> NoReturn:
    """Fuzz with Atheris, which is led by what code an input reaches; the first folder is for what it keeps."""
    atheris = importlib.import_module("atheris")
    until = time.monotonic() + seconds

    def test_one_input(content: bytes) -> None:
        execution(content)
        if time.monotonic() >= until:
            execution.end(0)

    # libFuzzer's own limit counts 0 as no time at all; ours is in Execution.
    options = (
        f"-seed={seed % 2**32}",
        "-timeout=3600",
        f"-artifact_prefix={folders[0]}/",
        "-max_len=16384",
        "-verbosity=0",
    )
    atheris.Setup([sys.argv[0], *options, *map(str, folders)], test_one_input)
    atheris.Fuzz()
    execution.end(0)


def main(arguments: Sequence[str]) -> NoReturn:
    """Fuzz as the arguments say."""
    module, target, seconds, seed = arguments[:4]
    scratch, corpus = map(Path, arguments[4:])
    faulthandler.enable(sys.stdout)
    if importlib.util.find_spec("atheris"):
        with importlib.import_module("atheris").instrument_imports(include=["sealgen"]):
            execution = Execution(module, target, scratch)
        found = scratch / "found"
        found.mkdir()
        by_coverage(execution, (found, corpus / target), float(seconds), int(seed))
    by_mutation(Execution(module, target, scratch), target, corpus, float(seconds), int(seed))


if __name__ == "__main__":
    main(sys.argv[1:])
