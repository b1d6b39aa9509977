"""sealgen and kubeseal on the same Secrets, in turn, in one run; with the bare RSA time as the limit."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from sealgen.crypto import certificate

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = 5
TEMPLATES = 20


def project(folder: Path, secrets: int) -> x509.Certificate:
    """Write a project: secrets of five sourced values each, from twenty templates."""
    key = rsa.generate_private_key(65537, 4096)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now.replace(year=now.year + 10))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    for sub in ("environments", "templates"):
        (folder / sub).mkdir(parents=True)
    (folder / "certificate.pem").write_bytes(pem)
    for number in range(TEMPLATES):
        lines = [
            "apiVersion: v1",
            "kind: Secret",
            f"metadata: {{labels: {{template: t{number}}}}}",
            "stringData:",
            *(f'  KEY_{key}: "{{{{ values.value_{key} }}}}-{{{{ vars.suffix }}}}"' for key in range(KEYS)),
        ]
        (folder / "templates" / f"template-{number}.yaml.j2").write_text("\n".join(lines) + "\n")
    pin = certificate.load(pem, "certificate.pem").fingerprint
    lines = [
        "namespace: benchmark",
        f"backend: {{kind: sealed-secrets, certificate: certificate.pem, fingerprint: '{pin}'}}",
        "output: out",
        "values:",
        *(f"  s{n}_{k}: {{literal: value-{n}-{k}-0123456789abcdef}}" for n in range(secrets) for k in range(KEYS)),
        "secrets:",
        *(
            f"  secret-{n}: {{template: template-{n % TEMPLATES}, vars: {{suffix: x{n}}}, values: {{"
            + ", ".join(f"value_{k}: s{n}_{k}" for k in range(KEYS))
            + "}}"
            for n in range(secrets)
        ),
    ]
    (folder / "environments" / "bench.yaml").write_text("\n".join(lines) + "\n")
    documents = (
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"secret-{n}", "namespace": "benchmark", "labels": {"template": f"t{n % TEMPLATES}"}},
            "stringData": {f"KEY_{k}": f"value-{n}-{k}-0123456789abcdef-x{n}" for k in range(KEYS)},
        }
        for n in range(secrets)
    )
    (folder / "stream.yaml").write_text("".join(f"---\n{json.dumps(document)}\n" for document in documents))
    return made


def timed(action: Callable[[], object]) -> float:
    """Return the wall time of an action, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def run(arguments: list[str], folder: Path, stdin: Path | None = None, stdout: Path | None = None) -> None:
    """Run a command to its end; its output goes to a file or nowhere."""
    with (
        (stdin or Path(os.devnull)).open("rb") as source,
        (stdout or Path(os.devnull)).open("wb") as sink,
    ):
        subprocess.run(arguments, cwd=folder, stdin=source, stdout=sink, check=True)


def bare_rsa(made: x509.Certificate, count: int, threads: int) -> None:
    """Do the RSA operations alone."""
    key = made.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"benchmark/secret")

    def batch(size: int) -> None:
        for _ in range(size):
            key.encrypt(bytes(32), oaep)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(batch, [count // threads] * threads))


def clear(folder: Path) -> None:
    """Forget what an earlier run made."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "environments" / "bench.lock").unlink(missing_ok=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true", help="a quick run, to see that it works")
    small = parser.parse_args().small
    secrets, rounds = (100, 1) if small else (1000, 5)
    kubeseal = os.environ.get("KUBESEAL") or shutil.which("kubeseal")
    if kubeseal is None:
        sys.exit("no kubeseal: set KUBESEAL, or run make bench")
    kubeseal = str(Path(kubeseal).resolve())
    sealgen = str(Path(sys.executable).with_name("sealgen"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = project(folder, secrets)
        times: dict[str, list[float]] = {"kubeseal": [], "first": [], "unchanged": [], "rsa 1": [], "rsa all": []}
        cores = os.cpu_count() or 1
        for _ in range(rounds):
            clear(folder)
            command = [kubeseal, "--cert", "certificate.pem", "-o", "yaml"]
            times["kubeseal"].append(
                timed(lambda: run(command, folder, folder / "stream.yaml", folder / "kubeseal.yaml"))  # noqa: B023
            )
            times["first"].append(timed(lambda: run([sealgen, "-q", "seal", "bench"], folder)))
            times["unchanged"].append(timed(lambda: run([sealgen, "-q", "seal", "bench"], folder)))
            times["rsa 1"].append(timed(lambda: bare_rsa(made, secrets * KEYS, 1)))
            times["rsa all"].append(timed(lambda: bare_rsa(made, secrets * KEYS, cores)))
    median = {what: statistics.median(measured) for what, measured in times.items()}
    print(f"{secrets} Secrets of {KEYS} values, {TEMPLATES} templates, RSA 4096; median of {rounds}")
    print(f"Python {platform.python_version()}, {platform.machine()}, {cores} cores")
    rows = (
        ("kubeseal --cert, one stream", "kubeseal"),
        ("sealgen seal, first run", "first"),
        ("sealgen seal, unchanged", "unchanged"),
        ("bare RSA, one core", "rsa 1"),
        (f"bare RSA, {cores} cores", "rsa all"),
    )
    for label, what in rows:
        print(f"  {label:<28} {median[what]:7.3f} s   kubeseal is {median['kubeseal'] / median[what]:5.1f} times that")


if __name__ == "__main__":
    main()
