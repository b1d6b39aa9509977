"""The wheel is reproducible: the same commit gives the same bytes, wherever, whenever and by whomever it is built."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "sealgen")
# CI has the pinned build backend; elsewhere pip fetches one.
ISOLATION = ("--no-build-isolation",) if importlib.util.find_spec("hatchling") else ()


def last_commit() -> str:
    """Return the date of the last commit in seconds since 1970, as the Makefile gives it to the build."""
    return subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def build(folder: Path, modified: int, umask: int, zone: str) -> dict[str, str]:
    """Build the wheel from a copy in ``folder`` whose files have that date and mode; return its name and SHA-256."""
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for path in folder.rglob("*"):
        os.utime(path, (modified, modified))
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", *ISOLATION)
    subprocess.run(
        [*pip, "--wheel-dir", "dist", "."],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": last_commit(), "TZ": zone, "PYTHONHASHSEED": str(umask)},
        umask=umask,
        check=True,
    )
    return {wheel.name: hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in (folder / "dist").iterdir()}


def test_the_wheel_is_the_same_wherever_and_whenever_it_is_built(tmp_path: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        pytest.fail("this needs pip: run make conformance")
    here = build(tmp_path / "here", 1_000_000_000, 0o022, "UTC")
    there = build(tmp_path / "some" / "where" / "else", 1_700_000_000, 0o077, "Asia/Tokyo")
    assert len(here) == 1
    assert here == there
