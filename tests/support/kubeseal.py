"""sealgen's kubeseal, run in this process on files and a standard input of a test's own."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from tests.support.project import environ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    out: bytes
    err: str


def run(words: Sequence[str], folder: Path, stdin: bytes | str = b"", env: Mapping[str, str] | None = None) -> Ended:
    """Run ``sealgen kubeseal`` with these words in ``folder``; there is no kubeconfig but what ``env`` names."""
    from sealgen.cli.main import main  # noqa: PLC0415  (only runs need it)

    given = io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin), "utf-8")
    printed, told = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(stream, "utf-8", newline="") for stream in (printed, told))
    with (
        patch.dict(os.environ, environ({"HOME": str(folder / "home"), **(env or {})}), clear=True),
        patch.object(sys, "argv", ["sealgen", "kubeseal", *words]),
        patch.object(sys, "stdin", given),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(folder),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    out.flush()
    err.flush()
    return Ended(code if isinstance(code, int) else -1, printed.getvalue(), told.getvalue().decode())
