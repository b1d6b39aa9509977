"""One process of the fuzzer: one target, until the time is up or something is found.

``python -m tests.fuzz.worker TARGET SECONDS SEED SCRATCH``. It ends with a line ``executions: N``; exit 1 is a finding.
"""

from __future__ import annotations

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


class TooSlow(BaseException):
    """An input takes longer than any should."""


def seeds(target: str) -> list[bytes]:
    """Return the corpus of a target, in the order of the names."""
    return [file.read_bytes() for file in sorted((CORPUS / target).iterdir())]


def keep(folder: Path, content: bytes) -> Path:
    """Add an input to the corpus, under its SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / hashlib.sha256(content).hexdigest()
    file.write_bytes(content)
    return file


class Execution:
    """Runs one input after the other, counts them, and ends the process with the first that breaks the contract."""

    def __init__(self, target: str) -> None:
        targets = importlib.import_module("tests.fuzz.targets")
        self._attempt: Callable[[Callable[[bytes], None], bytes], str | None] = targets.attempt
        self._function: Callable[[bytes], None] = targets.TARGETS[target]
        self._folder = CORPUS / target
        self.count = 0
        signal.signal(signal.SIGVTALRM, _too_slow)

    def __call__(self, content: bytes) -> str | None:
        """Run one input; return the place that refused it."""
        self.count += 1
        signal.setitimer(signal.ITIMER_VIRTUAL, TOO_LONG)
        try:
            return self._attempt(self._function, content)
        except (Exception, TooSlow):
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            self._found(content)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _found(self, content: bytes) -> NoReturn:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.write(f"found: {keep(self._folder, content)}\n")
        self.end(1)

    def end(self, code: int) -> NoReturn:
        """Say how many inputs were run, and end."""
        sys.stdout.write(f"executions: {self.count}\n")
        sys.stdout.flush()
        os._exit(code)  # neither Atheris nor libFuzzer shall add a report of its own


def _too_slow(*_: object) -> NoReturn:
    raise TooSlow(f"more than {TOO_LONG} s for one input")


def by_mutation(target: str, seconds: float, seed: int) -> NoReturn:
    """Fuzz with nothing but Python; an input that is refused at a new place is changed further."""
    from tests.fuzz.mutation import mutations  # noqa: PLC0415  (the other way does not need it)

    execution = Execution(target)
    until = time.monotonic() + seconds
    places: set[str | None] = set()
    grown: list[bytes] = []
    for content in mutations(seeds(target), seed, lambda: grown):
        place = execution(content)
        if place not in places and len(grown) < _GROWTH:
            places.add(place)
            grown.append(content)
        if time.monotonic() >= until:
            break
    execution.end(0)


def by_coverage(target: str, seconds: float, seed: int, scratch: Path) -> NoReturn:
    """Fuzz with Atheris, which is led by what code an input reaches; ``scratch`` is a folder for what it keeps."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["sealgen"]):
        execution = Execution(target)
    until = time.monotonic() + seconds

    def test_one_input(content: bytes) -> None:
        execution(content)
        if time.monotonic() >= until:
            execution.end(0)

    # libFuzzer's own limit counts 0 as no time at all; ours is in Execution.
    options = (
        f"-seed={seed % 2**32}",
        "-timeout=3600",
        f"-artifact_prefix={scratch}/",
        "-max_len=16384",
        "-verbosity=0",
    )
    atheris.Setup([sys.argv[0], *options, str(scratch), str(CORPUS / target)], test_one_input)
    atheris.Fuzz()
    execution.end(0)


def main(arguments: Sequence[str]) -> NoReturn:
    """Fuzz as the arguments say."""
    target, seconds, seed, scratch = arguments
    if importlib.util.find_spec("atheris"):
        by_coverage(target, float(seconds), int(seed), Path(scratch))
    by_mutation(target, float(seconds), int(seed))


if __name__ == "__main__":
    main(sys.argv[1:])
