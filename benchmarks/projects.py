"""Projects to measure with: environments, Secrets and templates as many as wanted, and the Secrets as a stream."""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sealgen.crypto import certificate

KEYS = 5
"""How many values a Secret has."""
CERTIFICATE = "certificate.pem"
STREAM = "stream.yaml"
AURA_KEYS = 8
"""How many keys the environment staging of this very project has."""


class Controller(NamedTuple):
    """The public key to seal for, and its certificate in PEM."""

    public_key: rsa.RSAPublicKey
    pem: bytes


def controller() -> Controller:
    """Make a certificate as the controller does: RSA of 4096 bits, signed by itself, valid for ten years."""
    private_key = rsa.generate_private_key(65537, 4096)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=3650))
        .sign(private_key, hashes.SHA256())
    )
    return Controller(private_key.public_key(), made.public_bytes(serialization.Encoding.PEM))


class Project(NamedTuple):
    """A project that was written, and its size."""

    root: Path
    environments: tuple[str, ...]
    secrets: int
    """In each environment."""

    def forget(self) -> None:
        """Move what earlier runs made out of the way.

        Were it removed, ext4 would take much longer to make files in the next half a minute: it gives no
        inode away again at once, and looks at each that was just set free.
        """
        aside = Path(tempfile.mkdtemp(prefix="forgotten-", dir=self.root))
        for made in (self.root / "out", self.root / ".sealgen", *(self.root / "environments").glob("*.lock")):
            if made.exists():
                made.rename(aside / made.name)

    def manifests(self) -> dict[Path, int]:
        """Return the manifests that a run made, with the times of their last change in nanoseconds."""
        return {path: path.stat().st_mtime_ns for path in (self.root / "out").rglob("secret-*.yaml")}


def write(root: Path, pem: bytes, environments: int, secrets: int, templates: int) -> Project:
    """Write a project: so many environments of so many Secrets each, made from so many different templates.

    Every Secret has its own vars, and gives its template's names to values of its own.
    """
    for folder in ("environments", "templates"):
        (root / folder).mkdir(parents=True)
    (root / CERTIFICATE).write_bytes(pem)
    for number in range(templates):
        lines = [
            "apiVersion: v1",
            "kind: Secret",
            f"metadata: {{labels: {{template: t{number}}}}}",
            "stringData:",
            *(f'  KEY_{key}: "{{{{ values.value_{key} }}}}-{{{{ vars.suffix }}}}"' for key in range(KEYS)),
        ]
        (root / "templates" / f"template-{number}.yaml.j2").write_text("\n".join(lines) + "\n")
    pin = certificate.load(pem, CERTIFICATE).fingerprint
    names = tuple(f"bench-{number}" for number in range(environments))
    for name in names:
        lines = [
            f"namespace: {name}",
            f"backend: {{kind: sealed-secrets, certificate: {CERTIFICATE}, fingerprint: '{pin}'}}",
            f"output: out/{name}",
            "values:",
            *(f"  s{n}_{key}: {{literal: {_plaintext(n, key)}}}" for n in range(secrets) for key in range(KEYS)),
            "secrets:",
            *(
                f"  secret-{n}: {{template: template-{n % templates}, vars: {{suffix: x{n}}}, values: {{"
                + ", ".join(f"value_{key}: s{n}_{key}" for key in range(KEYS))
                + "}}"
                for n in range(secrets)
            ),
        ]
        (root / "environments" / f"{name}.yaml").write_text("\n".join(lines) + "\n")
    return Project(root, names, secrets)


def write_stream(project: Project, templates: int) -> None:
    """Write the Secrets of the first environment as kubeseal reads them: finished, one after the other."""
    with (project.root / STREAM).open("w") as stream:
        for n in range(project.secrets):
            secret = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": f"secret-{n}",
                    "namespace": project.environments[0],
                    "labels": {"template": f"t{n % templates}"},
                },
                "stringData": {f"KEY_{key}": f"{_plaintext(n, key)}-x{n}" for key in range(KEYS)},
            }
            stream.write(f"---\n{json.dumps(secret)}\n")


def _plaintext(secret: int, key: int) -> str:
    return f"value-{secret}-{key}-0123456789abcdef"


def as_in_a_clone(root: Path) -> None:
    """Remove what sealgen keeps on a machine and out of Git, but for the fingerprint key."""
    for path in (root / ".sealgen").glob("*"):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "fingerprint.key":
            path.unlink()


def copy_aura(root: Path) -> None:
    """Copy the project around this file, which is Aura's: environments, templates and overlays."""
    own = Path(__file__).parents[1]
    for folder in ("environments", "templates", "k8s"):
        shutil.copytree(own / folder, root / folder)
    (root / ".gitignore").write_text(".sealgen/\n")
