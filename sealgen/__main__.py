"""The program ``sealgen``: the command line in a process of its own; ``python -m sealgen`` is the same."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from typing import NoReturn

from sealgen.cli.main import main


def program() -> NoReturn:
    """Run the command line, and leave all that the process holds to the system.

    Python would free it piece by piece, which takes a twentieth of a first run, and of ``--help`` a fifth.
    """
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    atexit._run_exitfuncs()  # noqa: SLF001  (there is no other way to run what libraries want done at the end)
    with contextlib.suppress(AttributeError, OSError):  # standard error may be closed; what was said is said
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    program()
