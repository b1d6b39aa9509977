"""What is measured: sealgen, kubeseal, kubectl and bare RSA, each run to its end and its work counted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from benchmarks.projects import AURA_KEYS, CERTIFICATE, KEYS, STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from benchmarks.projects import Project

SEALGEN = str(Path(sys.executable).with_name("sealgen"))
_CIPHERTEXT = re.compile(rb'^ +[A-Za-z_-][\w-]*: "?Ag[A-Za-z0-9+/]{600}', re.MULTILINE)
_PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)
_AURA = """
set -e
kubectl create secret generic backend-secrets \
  --from-literal=JWT_SECRET_KEY=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef \
  --from-literal=POSTGRES_DB_URI=postgresql+psycopg://aura:0123456789abcdef@postgres:5432/aura_db \
  --from-literal=REDIS_URL=redis://:0123456789abcdef@redis:6379/0 \
  -n aura-staging --dry-run=client -o yaml | "$KUBESEAL" --cert "$CERTIFICATE" -o yaml
kubectl create secret generic postgres-secrets \
  --from-literal=postgres-user=aura \
  --from-literal=postgres-password=0123456789abcdef \
  --from-literal=postgres-db=aura_db \
  -n aura-staging --dry-run=client -o yaml | "$KUBESEAL" --cert "$CERTIFICATE" -o yaml
kubectl create secret generic redis-secrets \
  --from-literal=redis-password=0123456789abcdef \
  --from-literal=redis-url=redis://:0123456789abcdef@redis:6379/0 \
  -n aura-staging --dry-run=client -o yaml | "$KUBESEAL" --cert "$CERTIFICATE" -o yaml
"""


class WrongError(Exception):
    """A run did not do its work, so that its time says nothing."""


class Cost(NamedTuple):
    """What a run took."""

    seconds: float
    peak: int = 0
    """The most memory of the process, or of a child that it waited for, in bytes; 0 where that was not measured."""


class Contender(NamedTuple):
    """Something to measure."""

    name: str
    values: int
    """How many values it seals, or keeps; 0 where it is not about values."""
    run: Callable[[], Cost]


def nothing(_root: Path) -> None:
    """Leave a project as it is."""


def sealing(name: str, project: Project, environments: int, arguments: Sequence[str] = ()) -> Contender:
    """Seal the first environments of a project from nothing; ``arguments`` are put for their names."""
    chosen = arguments or project.environments[:environments]
    values = environments * project.secrets * KEYS

    def run() -> Cost:
        project.forget()
        cost = _process([SEALGEN, "-q", "seal", *chosen], project.root)
        _counted(name, _ciphertexts(project.manifests()), values)
        return cost

    return Contender(name, values, run)


def watched(name: str, project: Project) -> Contender:
    """Seal a project's only environment from nothing, and see how much memory all its processes have together.

    Looking takes time, so this run is none to compare. Where there is no /proc, the peak is that of one process.
    """
    values = project.secrets * KEYS

    def run() -> Cost:
        project.forget()
        command = [SEALGEN, "-q", "seal", *project.environments]
        cost = _watched_process(command, project.root) if _memory(os.getpid()) else _process(command, project.root)
        _counted(name, _ciphertexts(project.manifests()), values)
        return cost

    return Contender(name, values, run)


def unchanged(name: str, project: Project, before_each: Callable[[Path], None] = nothing) -> Contender:
    """Seal a project's only environment once more: it comes after ``sealing`` in each round."""
    values = project.secrets * KEYS

    def run() -> Cost:
        before_each(project.root)
        before = project.manifests()
        cost = _process([SEALGEN, "-q", "seal", *project.environments], project.root)
        _counted(name, _ciphertexts(before), values)
        if project.manifests() != before:
            raise WrongError(f"{name}: manifests were written, and nothing had changed")
        return cost

    return Contender(name, values, run)


def kubeseal(name: str, project: Project, program: str) -> Contender:
    """Seal the stream of a project by kubeseal."""
    values = project.secrets * KEYS

    def run() -> Cost:
        made = project.root / "kubeseal.yaml"
        cost = _process([program, "--cert", CERTIFICATE, "-o", "yaml"], project.root, project.root / STREAM, made)
        _counted(name, _ciphertexts([made]), values)
        return cost

    return Contender(name, values, run)


def bare_rsa(name: str, public_key: RSAPublicKey, values: int, threads: int) -> Contender:
    """Do the RSA operations of so many values, and nothing else."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"bench-0/secret-0")

    def batch(size: int) -> None:
        for _ in range(size):
            public_key.encrypt(bytes(32), oaep)

    def run() -> Cost:
        sizes = [values // threads + (number < values % threads) for number in range(threads)]
        start = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(batch, sizes))
        return Cost(time.perf_counter() - start)

    return Contender(name, values, run)


def aura_by_sealgen(name: str, root: Path, before_each: Callable[[Path], None] = nothing) -> Contender:
    """Seal Aura's staging, which is up to date."""

    def run() -> Cost:
        before_each(root)
        manifests = {path: path.read_bytes() for path in (root / "k8s/overlays/staging").glob("*-secrets.yaml")}
        cost = _process([SEALGEN, "-q", "seal", "staging"], root)
        _counted(name, _ciphertexts(manifests), AURA_KEYS)
        if any(path.read_bytes() != content for path, content in manifests.items()):
            raise WrongError(f"{name}: manifests were written, and nothing had changed")
        return cost

    return Contender(name, AURA_KEYS, run)


def aura_by_kubectl(name: str, root: Path, program: str) -> Contender:
    """Seal the Secrets of Aura's staging by the pipeline that its guide shows, one after the other."""
    environ = {"KUBESEAL": program, "CERTIFICATE": "environments/certificates/staging.pem"}

    def run() -> Cost:
        made = root / "kubectl.yaml"
        cost = _process(["sh", "-c", _AURA], root, stdout=made, environ=environ)
        _counted(name, _ciphertexts([made]), AURA_KEYS)
        return cost

    return Contender(name, AURA_KEYS, run)


def starting(name: str, command: Sequence[str]) -> Contender:
    """Start a program that ends at once."""
    return Contender(name, 0, lambda: _process(command, Path.cwd()))


def _process(
    command: Sequence[str],
    folder: Path,
    stdin: Path | None = None,
    stdout: Path | None = None,
    environ: dict[str, str] | None = None,
) -> Cost:
    """Run a command to its end; its output goes to a file or nowhere."""
    with (
        (stdin or Path(os.devnull)).open("rb") as source,
        (stdout or Path(os.devnull)).open("wb") as sink,
    ):
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdin=source, stdout=sink, env={**os.environ, **(environ or {})}
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise WrongError(f"{' '.join(command[:4])} … exited {process.returncode}")
    # Linux counts in KiB, macOS in bytes.
    return Cost(seconds, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def _watched_process(command: Sequence[str], folder: Path) -> Cost:
    start = time.perf_counter()
    peak = 0
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(0.02)
    if process.returncode:
        raise WrongError(f"{' '.join(command[:4])} … exited {process.returncode}")
    return Cost(time.perf_counter() - start, peak)


def _memory(process: int) -> int:
    """Return the bytes that a process and its descendants have now: what they share counts once; 0 where none tells."""
    here = Path(f"/proc/{process}")
    try:
        held = _PSS.search((here / "smaps_rollup").read_text())
        children = (here / f"task/{process}/children").read_text().split()
    except OSError:
        return 0
    return (int(held[1]) * 1024 if held else 0) + sum(_memory(int(child)) for child in children)


def _ciphertexts(manifests: Iterable[Path]) -> int:
    return sum(len(_CIPHERTEXT.findall(path.read_bytes())) for path in manifests)


def _counted(name: str, sealed: int, wanted: int) -> None:
    if sealed != wanted:
        raise WrongError(f"{name}: {sealed} values are sealed, not {wanted}")
