"""The fuzzer's command line: ``python -m tests.fuzz.run [--seconds N] [--target NAME]… [--seed N]``.

Coverage-guided where Atheris is installed, else by mutation of the corpus, which is how CI does it: Atheris is not
among its dependencies. A finding is written into the corpus, where tests/fuzz/test_corpus.py runs it from then on,
and told with the command that runs it again: ``python -m tests.fuzz.run --replay TARGET FILE-OR-BASE64``.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import importlib.util
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.worker import CORPUS, keep, last_input

_ROOT = Path(__file__).parents[2]
_TOLD = 100  # lines of what a worker wrote


@dataclass(frozen=True)
class Campaign:
    """How each target is fuzzed."""

    seconds: float
    seed: int
    grace: float = 60
    """Seconds, by the clock on the wall, that a worker may take beyond its time before it counts as hanging."""
    module: str = "tests.fuzz.targets"
    corpus: Path = CORPUS


def fuzz(target: str, campaign: Campaign) -> tuple[bool, str]:
    """Fuzz one target in a process of its own; return whether all is well, and what there is to say."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        given = (campaign.module, target, str(campaign.seconds), str(campaign.seed), folder, str(campaign.corpus))
        command = [sys.executable, "-m", "tests.fuzz.worker", *given]
        with (scratch / "output").open("wb") as output:
            code: int | None = None
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = subprocess.run(
                    command,
                    cwd=_ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    check=False,
                    timeout=campaign.seconds + campaign.grace,
                ).returncode
        lines = (scratch / "output").read_text(errors="replace").splitlines()
        content = last_input(scratch)
    counts = [line.removeprefix("executions: ") for line in lines if line.startswith("executions: ")]
    summary = f"{target:<16} {int(counts[-1]) if counts else 0:>12,} executions"
    if code == 0 and counts:
        return True, summary
    told = [line for line in lines if not line.startswith(("INFO:", "WARNING: Failed to find function"))]
    end = _end(code, found=bool(counts))
    first, last = f"{summary}, {end} (seed {campaign.seed})", _input(target, campaign, content)
    return False, "\n".join((first, *told[-_TOLD:], *last))


def _end(code: int | None, *, found: bool) -> str:
    """Say how a worker ended that did not end well."""
    if code is None:
        return "and the worker hangs: killed"
    if code < 0:
        return f"and the worker died: {signal.Signals(-code).name}"
    return "and a finding" if found else f"and the worker died: exit {code}"


def _input(target: str, campaign: Campaign, content: bytes | None) -> tuple[str, ...]:
    """Keep the input at which a worker ended; say which it is, and how it is run again from its base64."""
    if content is None:
        return ("before its first input",)
    encoded = base64.b64encode(content).decode() or "''"
    return (
        f"input: {len(content)} bytes, kept as {keep(campaign.corpus / target, content)}",
        f'replay: make fuzz ARGS="--replay {target} {encoded}"',
    )


def replay(target: str, given: str) -> tuple[bool, str]:
    """Run one input, which is a file or in base64, in this process; return whether all is well, and what to say.

    Raises ValueError where it is neither.
    """
    from tests.fuzz.targets import TARGETS, attempt  # noqa: PLC0415  (the workers load it for themselves)

    content: bytes | None = None
    with contextlib.suppress(OSError):  # too long for a file's name, for one
        content = Path(given).read_bytes()
    if content is None:
        try:
            content = base64.b64decode(given, validate=True)
        except binascii.Error:
            raise ValueError(f"neither a file nor base64: {given}") from None
    try:
        place = attempt(TARGETS[target], content)
    except Exception:
        return False, traceback.format_exc().rstrip()
    return True, "taken" if place is None else f"refused at {place}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Fuzz the targets, as many at once as there are processors; or run one input again."""
    names = sorted(folder.name for folder in CORPUS.iterdir())
    parser = argparse.ArgumentParser(prog="fuzz", description="Fuzz what reads foreign bytes.")
    parser.add_argument("--seconds", type=float, default=60, help="for each target (default: 60)")
    parser.add_argument("--target", action="append", choices=names, help="only this one (may be repeated)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="of a run to repeat")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "INPUT"), help="run one input: a file, or base64")
    given = parser.parse_args()
    if given.replay:
        target, content = given.replay
        if target not in names:
            parser.error(f"there is no target {target}: {', '.join(names)}")
        try:
            fine, said = replay(target, content)
        except ValueError as error:
            parser.error(str(error))
        _say(said)
        return 0 if fine else 1
    how = "Atheris" if importlib.util.find_spec("atheris") else "mutation"
    _say(f"fuzzing by {how}, seed {given.seed}")
    campaign = Campaign(given.seconds, given.seed)
    well = True
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for fine, said in pool.map(lambda name: fuzz(name, campaign), given.target or names):
            _say(said)
            well &= fine
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
