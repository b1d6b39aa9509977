"""The real External Secrets Operator on a cluster of one's own.

It is one process beside the cluster's: no webhook, no election, and of its controllers those of ExternalSecret,
PushSecret, SecretStore and ClusterSecretStore.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.conformance.cluster.authority import HOST
from tests.conformance.cluster.processes import PATIENCE, ClusterError, environ, tied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conformance.cluster.cluster import Cluster

PROGRAM: Final = "external-secrets"
"""What must be on PATH; the definitions of its objects lie beside it, in a folder."""
_DEFINITIONS: Final = "external-secrets-crds"
_FLAGS: Final = (
    "--metrics-addr=0",
    "--enable-cluster-external-secret-reconciler=false",
    "--enable-cluster-push-secret-reconciler=false",
)


@contextlib.contextmanager
def running(cluster: Cluster, folder: Path, port: int, variables: Mapping[str, str]) -> Iterator[Path]:
    """Run the operator on a cluster until the end of the block, and give its log.

    ``folder`` is for that log, ``port`` for its probe; ``variables`` say where stores are that no manifest can say.
    """
    define(cluster)
    log = folder / f"{PROGRAM}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*tied(PROGRAM), *_FLAGS, f"--live-addr={HOST}:{port}"],
            cwd=folder,
            env={**environ(folder), "KUBECONFIG": str(cluster.kubeconfig), **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ClusterError(f"{PROGRAM} doesn't start; {_tail(log)}")
            time.sleep(0.1)
        yield log
        if process.poll() is not None:
            raise ClusterError(f"{PROGRAM} has ended with status {process.returncode}; {_tail(log)}")
        _clear(cluster)
    finally:
        process.kill()
        process.wait()


def define(cluster: Cluster) -> None:
    """Make the operator's objects known to a cluster."""
    program = shutil.which(PROGRAM)
    assert program is not None
    files = sorted(Path(program).with_name(_DEFINITIONS).glob("*.yaml"))
    cluster.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
    # "kubectl wait" fails where an object has no status yet.
    deadline = time.monotonic() + PATIENCE
    while not _all_established(cluster):
        if time.monotonic() > deadline:
            raise ClusterError(f"the definitions aren't established after {PATIENCE:.0f} s")
        time.sleep(0.1)


def _clear(cluster: Cluster) -> None:
    """Delete the operator's objects: the next operator would be busy with those whose stores are gone."""
    for kinds in ("pushsecrets,externalsecrets,secretstores", "clustersecretstores"):
        cluster.kubectl("delete", kinds, "--all", "--all-namespaces", f"--timeout={PATIENCE:.0f}s")


def _all_established(cluster: Cluster) -> bool:
    found = json.loads(cluster.kubectl("get", "crd", "--output=json"))["items"]
    return all(
        any(
            condition["type"] == "Established" and condition["status"] == "True"
            for condition in definition.get("status", {}).get("conditions") or ()
        )
        for definition in found
    )


def _answers(port: int) -> bool:
    with contextlib.suppress(urllib.error.URLError, ConnectionError):
        urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=5).close()
        return True
    return False


def _tail(log: Path) -> str:
    return "\n".join([f"{log} ends with:", *log.read_text(errors="replace").splitlines()[-20:]])
