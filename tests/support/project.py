"""A small project of a test's own, with its own controller, and the command line run on it."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import yaml

import sealgen
from sealgen.crypto import certificate, hybrid
from sealgen.kubernetes import sealed_secret
from tests.support.controller import controller_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

FINGERPRINT_KEY = "00112233445566778899aabbccddeeff" * 2
"""What runs have as SEALGEN_FINGERPRINT_KEY unless told otherwise."""
OTHER_FINGERPRINT_KEY = "ffeeddccbbaa99887766554433221100" * 2
SMTP_PASSWORD = "correct horse battery staple"
"""What runs have as SMTP_PASSWORD, the one value of Aura's that is read."""

Contents = dict[str, bytes]
"""The bytes of files by their path from the project's root."""


class Ended(NamedTuple):
    """How a run of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Controller:
    """A sealing key, its certificate in PEM, and the fingerprint to pin."""

    private_key: RSAPrivateKey
    certificate: bytes
    fingerprint: str


@functools.cache
def controller(name: str = "one", *, age: timedelta = timedelta(days=1)) -> Controller:
    """Return the controller of this name with a key of 2048 bits, made once, whose certificate is so old."""
    private_key, pem = controller_certificate(2048, datetime.now(UTC) - age)
    return Controller(private_key, pem, certificate.load(pem, f"{name}.pem").fingerprint)


@dataclass(frozen=True)
class Project:
    """A project's root, and the controller that its environments seal for."""

    root: Path
    controller: Controller

    # --- its files ---

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file, and the folders that it needs."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return (self.root / path).read_bytes()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the only place where ``old`` stands in a file."""
        text = self.read(path).decode()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        self.write(path, text.replace(old, new))

    def environment(self, name: str = "staging", /, **fields: object) -> None:
        """Write ``environments/<name>.yaml``: sealed for this project's controller, but for what ``fields`` say."""
        given = {
            "namespace": f"aura-{name}",
            "backend": self.backend(),
            "output": f"k8s/overlays/{name}",
            **fields,
        }
        self.write(f"environments/{name}.yaml", yaml.safe_dump(given, sort_keys=False, width=1000))

    def change(self, name: str = "staging", /, **fields: object) -> None:
        """Write the environment file again, with these fields in the place of what it says of them; None removes."""
        path = f"environments/{name}.yaml"
        given = {**yaml.safe_load(self.read(path)), **fields}
        kept = {field: value for field, value in given.items() if value is not None}
        self.write(path, yaml.safe_dump(kept, sort_keys=False, width=1000))

    def backend(self, **fields: str) -> dict[str, str]:
        """Return the backend that seals for this project's controller, but for what ``fields`` say."""
        return {
            "kind": "sealed-secrets",
            "certificate": "environments/certificates/controller.pem",
            "fingerprint": self.controller.fingerprint,
            **fields,
        }

    def template(self, name: str, keys: Mapping[str, str], header: str = "") -> None:
        """Write ``templates/<name>.yaml.j2``: ``keys`` under stringData, in quotes; ``header`` before it, as it is."""
        lines = ["apiVersion: v1", "kind: Secret", *header.splitlines(), "stringData:"]
        lines += [f"  {key}: '{text.replace(chr(39), chr(39) * 2)}'" for key, text in keys.items()]
        self.write(f"templates/{name}.yaml.j2", "\n".join(lines) + "\n")

    def contents(self) -> Contents:
        """Return all files but Git's and sealgen's own state."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self._files()}

    def tree(self) -> dict[str, tuple[str, int]]:
        """Return the digest and the modification time of those files."""
        return {
            str(path.relative_to(self.root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in self._files()
        }

    def _files(self) -> list[Path]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return [path for path in found if path.relative_to(self.root).parts[0] not in (".git", ".sealgen")]

    def git(self, *arguments: str) -> str:
        """Run Git in the project, away from the machine's own settings, and return what it prints.

        The drivers that it runs are those of this tree, whichever sealgen is installed.
        """
        given = {name: text for name, text in environ().items() if name in ("PATH", "PYTHONPATH")}
        given |= {"HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        who = ("-c", "user.name=Test", "-c", "user.email=test@aura.example", "-c", "init.defaultBranch=main")
        done = subprocess.run(["git", *who, *arguments], cwd=self.root, env=given, capture_output=True, check=True)
        return done.stdout.decode()

    # --- runs ---

    def run(self, *arguments: str, env: Mapping[str, str | None] | None = None, cwd: Path | None = None) -> Ended:
        """Run the command line in this process, in the project's root or in ``cwd``; standard input is empty.

        ``env`` is what the environment has beside ``environ``; None takes a variable out.
        """
        from sealgen.cli.main import main  # noqa: PLC0415  (only runs need it)

        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
        with (
            Path(os.devnull).open(encoding="utf-8") as nothing,
            patch.dict(os.environ, environ(env), clear=True),
            patch.object(sys, "argv", ["sealgen", *arguments]),
            patch.object(sys, "stdin", nothing),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.chdir(cwd or self.root),
        ):
            try:
                main()
            except SystemExit as ended:
                code = ended.code
        return Ended(code if isinstance(code, int) else -1, _written(out), _written(err))

    def start(
        self, *arguments: str, env: Mapping[str, str | None] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start the command line as a process of its own, with pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "sealgen", *arguments],
            cwd=cwd or self.root,
            env=environ(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def execute(self, *arguments: str, env: Mapping[str, str | None] | None = None, cwd: Path | None = None) -> Ended:
        """Run the command line as a process of its own."""
        with self.start(*arguments, env=env, cwd=cwd) as process:
            try:
                out, err = process.communicate(timeout=60)
            finally:
                process.kill()  # Does nothing to one that has ended.
        return Ended(process.returncode, out.decode(), err.decode())

    # --- what was sealed ---

    def manifest(self, secret: str, environment: str = "staging") -> str:
        """Return the path of a Secret's manifest under its usual name."""
        return f"k8s/overlays/{environment}/{secret}.yaml"

    def ciphertexts(self, environment: str = "staging") -> dict[str, str]:
        """Return the ciphertexts of an overlay by ``SECRET/KEY``."""
        return {
            f"{sealed.name}/{key}": text
            for sealed in self._sealed(environment)
            for key, text in sealed.encrypted_data.items()
        }

    def unsealed(self, environment: str = "staging") -> dict[str, bytes]:
        """Return what the controller makes of an overlay, by ``SECRET/KEY``; it goes by the manifests alone."""
        return {
            f"{sealed.name}/{key}": hybrid.unseal(
                base64.b64decode(text, validate=True),
                [self.controller.private_key],
                sealed.scope.label(sealed.namespace, sealed.name),
            )
            for sealed in self._sealed(environment)
            for key, text in sealed.encrypted_data.items()
        }

    def _sealed(self, environment: str) -> list[sealed_secret.SealedSecret]:
        folder = self.root / "k8s/overlays" / environment
        files = sorted(path for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")
        return [sealed_secret.read(path.read_bytes(), path.name) for path in files]

    def lock(self, environment: str = "staging") -> dict[str, Any]:
        """Return the lines of a lock: the header by ``""``, values by name, keys by ``SECRET/KEY``."""
        header, *lines = map(json.loads, self.read(f"environments/{environment}.lock").splitlines())
        return {"": header} | {line.get("value") or f"{line['secret']}/{line['key']}": line for line in lines}

    def counter(self, value: str, environment: str = "staging") -> int:
        """Return which version of a value that is made a lock has."""
        version = self.lock(environment)[value]["version"]
        match = re.fullmatch("([1-9][0-9]*)-[0-9a-f]{8}", version)
        assert match, version
        return int(match[1])


def empty(root: Path) -> Project:
    """Return a project in ``root`` that has its certificate, and no environment and no template yet."""
    project = Project(root, controller())
    project.write("environments/certificates/controller.pem", project.controller.certificate)
    (root / "templates").mkdir()
    return project


def aura(root: Path) -> Project:
    """Return a project in ``root`` with the environment staging, never sealed: 3 secrets, 7 keys, 6 values."""
    project = empty(root)
    project.environment(
        vars={"postgres_host": "postgres"},
        values={
            "jwt_secret_key": {"generate": "hex", "bytes": 32},
            "postgres_user": {"literal": "aura"},
            "postgres_password": {"generate": "base64", "bytes": 24},
            "redis_password": {"generate": "base64", "bytes": 24},
            "smtp_password": {"env": "SMTP_PASSWORD"},
        },
        secrets=["backend-secrets", "postgres-secrets", "redis-secrets"],
    )
    user, password = "{{ values.postgres_user | urlquote }}", "{{ values.postgres_password | urlquote }}"
    project.template(
        "backend-secrets",
        {
            "JWT_SECRET_KEY": "{{ values.jwt_secret_key }}",
            "POSTGRES_DB_URI": f"postgresql://{user}:{password}@{{{{ vars.postgres_host }}}}:5432/aura_db",
            "REDIS_URL": "redis://:{{ values.redis_password | urlquote }}@redis:6379/0",
            "SMTP_PASSWORD": "{{ values.smtp_password }}",
        },
        "metadata:\n  labels:\n    app: backend\ntype: Opaque",
    )
    project.template(
        "postgres-secrets",
        {"postgres-user": "{{ values.postgres_user }}", "postgres-password": "{{ values.postgres_password }}"},
    )
    project.template("redis-secrets", {"redis-password": "{{ values.redis_password }}"})
    return project


def environ(more: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return the environment of a run: nothing of the machine's own but PATH; ``more`` adds, None takes out."""
    modules = str(Path(sealgen.__file__).parents[1])
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": modules,
        "PYTHONUTF8": "1",
        "SEALGEN_FINGERPRINT_KEY": FINGERPRINT_KEY,
        "SMTP_PASSWORD": SMTP_PASSWORD,
        **(more or {}),
    }
    return {name: text for name, text in given.items() if text is not None}


def difference(before: Contents, after: Contents) -> dict[str, tuple[list[str], list[str]]]:
    """Return the lines that went and that came, by file, of the files that are not the same."""
    found = {}
    for path in sorted({*before, *after}):
        old, new = (contents.get(path, b"").decode().splitlines() for contents in (before, after))
        if before.get(path) != after.get(path):
            found[path] = ([line for line in old if line not in new], [line for line in new if line not in old])
    return found


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
