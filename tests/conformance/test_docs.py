"""The page on clusters: each of its commands prints what the page says, against the real controller."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import sealgen
from tests.test_readme import ROOT, clone, commands

if TYPE_CHECKING:
    from tests.conformance.cluster.cluster import Cluster

__all__ = ["clone"]
PAGE = ROOT / "docs" / "cluster.md"


def normal(text: str) -> str:
    """Return the text without what differs from cluster to cluster."""
    text = re.sub(r"https://127\.0\.0\.1:\d+", "https://SERVER", text)
    text = re.sub(r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:FINGERPRINT", text)
    return re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)


def test_the_page_shows_what_its_commands_print(clone: Path, cluster: Cluster, tmp_path: Path) -> None:
    program = tmp_path / "sealgen"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m sealgen "$@"\n')
    program.chmod(0o755)
    shell = {
        "PATH": f"{tmp_path}:{Path(shutil.which('kubectl') or '').parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(cluster.kubeconfig),
        "PYTHONPATH": str(Path(sealgen.__file__).parents[1]),
        "PYTHONUTF8": "1",
    }
    without = ("delete", "namespace", "aura-staging", "--ignore-not-found")
    cluster.kubectl(*without)
    for command, shown in commands(PAGE.read_text()):
        done = subprocess.run(
            ["bash", "-c", command], cwd=clone, env=shell, capture_output=True, text=True, check=False
        )
        printed = normal(done.stdout + done.stderr).splitlines()
        if "…" in shown:
            printed[shown.index("…") :] = ["…"]
        assert printed == shown, command
    cluster.kubectl(*without)
