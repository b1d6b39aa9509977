"""``python -m sealgen``: the command line without the console script."""

from __future__ import annotations

from sealgen.cli.main import main

if __name__ == "__main__":
    main()
