"""Chromium without a window: what a page becomes once its scripts have run, and a picture of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
"""It is root in a container, where its own sandbox does not work; and it is to ask nobody for anything."""


def document(html: str) -> str:
    """Return a page as it is after it was loaded and its scripts have run."""
    return _run(html, "--dump-dom")


def screenshot(html: str, file: Path, width: int, height: int) -> None:
    """Write a picture of a page, a PNG of so many pixels."""
    _run(html, f"--screenshot={file}", f"--window-size={width},{height}")


def _run(html: str, *options: str) -> str:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "page.html"
        page.write_text(html, encoding="utf-8")
        done = subprocess.run(
            [program, *_OPTIONS, f"--user-data-dir={folder}/profile", *options, page.as_uri()],
            env={"PATH": os.environ["PATH"], "HOME": folder},
            capture_output=True,
            check=True,
            timeout=120,
        )
    return done.stdout.decode()
