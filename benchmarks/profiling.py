"""Where a run's time goes, by the rooms of the house: the main thread's stack is looked at every millisecond.

As a program of its own, ``profiling.py FILE ARGUMENT…``, it runs sealgen with the arguments, and writes what it saw to
the file: a line for each room. A profiler that counts calls would make the small functions look slow.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

EVERY = 0.001
"""Seconds between two looks."""
START = "click, and Python's start"
SEALED = "RSA and AES, or waiting for them"
FLUSHED = "waiting for the disk, in threads"


IMPORTING = ("importlib", "_frozen_importlib", "_frozen_importlib_external")


class Seen(NamedTuple):
    """A run as a whole, and the share of each room."""

    seconds: float
    shares: dict[str, float]


def profile(arguments: Sequence[str], folder: Path) -> Seen:
    """Run sealgen in a process of its own, and return where its time went."""
    found = folder / "profile.json"
    start = time.perf_counter()
    subprocess.run([sys.executable, __file__, str(found), *arguments], cwd=folder, check=True)
    seconds = time.perf_counter() - start
    looks: dict[str, int] = json.loads(found.read_text())
    total = sum(looks.values())
    return Seen(seconds, {room: count / total for room, count in looks.items()})


def room(frame: FrameType | None) -> str:
    """Return the room in which a stack is: that of its innermost frame in sealgen, unless it waits or imports."""
    names = []
    while frame is not None:
        names.append(str(frame.f_globals.get("__name__")))
        frame = frame.f_back
    depth = next((depth for depth, name in enumerate(names) if name.startswith("sealgen.")), None)
    inner = [name.partition(".")[0] for name in names[:depth]]
    if any(name in IMPORTING for name in inner):
        foreign = [name for name in inner if name not in (*IMPORTING, "__main__")]
        return f"importing {foreign[-1] if foreign else 'sealgen'}"
    inside = names[depth] if depth is not None else None
    if inside is None:
        return START
    if inside.startswith("sealgen.crypto."):
        return SEALED
    if "threading" in names or "concurrent.futures._base" in names:
        return FLUSHED if inside.startswith("sealgen.overlay") else SEALED
    return ".".join(inside.split(".")[:3])


def _main() -> None:
    file, *arguments = sys.argv[1:]
    seen: Counter[str] = Counter()

    def look(_number: int, frame: FrameType | None) -> None:
        seen[room(frame)] += 1

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY)
    sys.argv = ["sealgen", *arguments]
    try:
        from sealgen.cli.main import main  # noqa: PLC0415  (its import is a part of what is seen)

        main()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        Path(file).write_text(json.dumps(seen))


if __name__ == "__main__":
    _main()
