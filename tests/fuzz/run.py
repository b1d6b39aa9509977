"""The fuzzer's command line: ``python -m tests.fuzz.run [--seconds N] [--target NAME]… [--seed N]``.

Coverage-guided where Atheris is installed, else by mutation of the corpus. A finding is written into the corpus,
where tests/fuzz/test_corpus.py runs it from then on.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from tests.fuzz.worker import CORPUS


def fuzz(target: str, seconds: float, seed: int) -> tuple[bool, str]:
    """Fuzz one target in a process of its own; return whether all is well, and what there is to say."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "tests.fuzz.worker", target, str(seconds), str(seed), scratch]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
        )
    lines = done.stdout.splitlines()
    counts = [line.removeprefix("executions: ") for line in lines if line.startswith("executions: ")]
    summary = f"{target:<16} {int(counts[-1]) if counts else 0:>12,} executions"
    if done.returncode == 0 and counts:
        return True, summary
    told = "\n".join(line for line in lines if not line.startswith(("INFO:", "WARNING: Failed to find function")))
    return False, f"{summary}, and a finding (seed {seed}):\n{told}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Fuzz the targets, as many at once as there are processors."""
    names = sorted(folder.name for folder in CORPUS.iterdir())
    parser = argparse.ArgumentParser(prog="fuzz", description="Fuzz what reads foreign bytes.")
    parser.add_argument("--seconds", type=float, default=60, help="for each target (default: 60)")
    parser.add_argument("--target", action="append", choices=names, help="only this one (may be repeated)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="of a run to repeat")
    given = parser.parse_args()
    how = "Atheris" if importlib.util.find_spec("atheris") else "mutation"
    _say(f"fuzzing by {how}, seed {given.seed}")
    well = True
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for fine, said in pool.map(lambda name: fuzz(name, given.seconds, given.seed), given.target or names):
            _say(said)
            well &= fine
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
