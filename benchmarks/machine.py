"""The machine and the programs that were measured, without names that say whose they are."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import cryptography
from cryptography.hazmat.backends.openssl import backend

import sealgen


def cores() -> int:
    """Return how many cores there are."""
    return os.cpu_count() or 1


def description(kubeseal: str) -> str:
    """Return what one must know to judge the numbers, a line each."""
    told = subprocess.run([kubeseal, "--version"], capture_output=True, text=True, check=True).stdout
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()}, {platform.machine()}",
        f"{_processor()}, {cores()} cores",
        f"{platform.python_implementation()} {platform.python_version()}, sealgen {sealgen.__version__}",
        f"cryptography {cryptography.__version__} with {backend.openssl_version_text()}",
        f"kubeseal {told.strip().removeprefix('kubeseal version: v')}",
    ]
    return "\n".join(f"- {line}" for line in lines)


class Neighbours:
    """How busy the rest of the machine is, from here on."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._used = self._by_others()

    def description(self) -> str:
        """Return how many cores others kept busy on the average; more than a tenth spoils the numbers."""
        if self._used is None:
            return "- what other programs used meanwhile is not known here"
        used = max(0.0, (self._by_others() or 0) - self._used) / (time.monotonic() - self._start)
        spoilt = "" if used < 0.1 else ": **too much, measure again on a quiet machine**"
        return f"- other programs used {used:.2f} cores meanwhile{spoilt}"

    @staticmethod
    def _by_others() -> float | None:
        """Return the seconds of processor time of all but this process and its children, or None where none tells."""
        try:
            all_cores = Path("/proc/stat").read_text().split("\n", 1)[0].split()
        except OSError:
            return None
        user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, all_cores[1:9])
        busy = user + nice + system + interrupts + soft + stolen
        return busy / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def _processor() -> str:
    try:
        known = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        known = None
    return known[1] if known else platform.processor()
