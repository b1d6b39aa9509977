"""The process that starts a cluster and is the parent of its processes; run it with the FOLDER for all of them.

It makes the folder, prints "ready" when all is up, and stays. It ends all when it is told to end (SIGTERM, SIGINT),
when a part of the cluster ends, when the folder is removed, and when anything fails; should it be killed itself, the
kernel kills its children.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.conformance.cluster import components
from tests.conformance.cluster.processes import ClusterError, Processes


def main(folder: Path) -> None:
    """Run a cluster in a folder that isn't there yet."""
    os.umask(0o077)
    folder.mkdir(parents=True)
    os.chdir(folder)
    with Path("pid").open("w") as pid:
        # Locked as long as this process lives: so its id can be trusted.
        fcntl.flock(pid, fcntl.LOCK_EX)
        pid.write(str(os.getpid()))
        pid.flush()
        _on_signals(lambda *_: sys.exit(0))
        processes = Processes()
        try:
            started = components.start(processes)
            Path("cluster.json").write_text(json.dumps(started._asdict()))
            print("ready", flush=True)  # noqa: T201
            while Path("pid").exists():
                time.sleep(0.5)
                processes.check()
        except ClusterError as error:
            sys.exit(str(error))
        finally:
            _on_signals(signal.SIG_IGN)
            processes.end()
            shutil.rmtree("etcd", ignore_errors=True)


def _on_signals(handler: signal._HANDLER) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
