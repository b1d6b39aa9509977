"""Getting a certificate: from a file, from where it is published, or from the controller of a cluster."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, SealgenError, quoted

if TYPE_CHECKING:
    from sealgen.config.backends import SealedSecretsBackend
    from sealgen.config.cluster import ClusterSettings
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate

_MAX_BYTES = 1024 * 1024
_TIMEOUT = 20  # seconds


@dataclass(frozen=True)
class Offered:
    """A certificate that an environment does not use yet, and who offers it."""

    certificate: Certificate
    server: str | None = None
    """The API server through which a controller gave it; None for one that comes from elsewhere."""
    context: str | None = None
    """The kubeconfig's context; None inside a pod, too."""


def is_remote(backend: SealedSecretsBackend) -> bool:
    """Tell whether getting the certificate takes the network."""
    return "://" in backend.certificate


def read(project: Project, environment: Environment, backend: SealedSecretsBackend) -> Certificate:
    """Return the certificate as it is, unchecked; raises SealgenError where it can't be had."""
    from sealgen.crypto import certificate  # noqa: PLC0415  (cryptography takes a while to import)

    if is_remote(backend):
        pem = fetch(backend.certificate)
    else:
        content = project.read(backend.certificate)
        if content is None:
            raise ConfigurationError(
                f"there is no {backend.certificate}",
                at=backend.certificate_at,
                hint=f"Get the controller's certificate: sealgen cert fetch {environment.name}",
            )
        pem = content
    return certificate.load(pem, backend.certificate, backend.certificate_at, environment.name)


def pinned(project: Project, environment: Environment, backend: SealedSecretsBackend) -> Certificate:
    """Return the certificate; raises ConfigurationError unless it is the one that the environment pins."""
    from sealgen.crypto import certificate  # noqa: PLC0415

    found = read(project, environment, backend)
    certificate.check_pin(found, backend.fingerprint, backend.fingerprint_at, environment.name)
    return found


def offered_by_controller(project: Project, settings: ClusterSettings) -> Offered:
    """Ask the controller of an environment's cluster for its newest certificate; raises SealgenError."""
    from sealgen.cluster.of_environment import cluster_of, controller_of  # noqa: PLC0415
    from sealgen.crypto import certificate  # noqa: PLC0415

    cluster = cluster_of(project, settings)
    controller = controller_of(cluster, settings)
    return Offered(certificate.load(controller.certificate(), controller.file), cluster.server, cluster.context)


def offered_by(source: str) -> Offered:
    """Read the certificate that a file has, or that is published at an https:// URL; raises SealgenError."""
    from sealgen.crypto import certificate  # noqa: PLC0415

    if "://" not in source:
        return Offered(certificate.load(content_of(source), source))
    if not source.startswith("https://"):
        raise ConfigurationError(f"{quoted(source)} must be a path or an https:// URL")
    return Offered(certificate.load(fetch(source), source))


def content_of(path: str) -> bytes:
    """Return the bytes of a file that the command line names, or of standard input for ``-``.

    Raises ConfigurationError where it can't be read, and where it is too large for certificates.
    """
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise ConfigurationError(f"{path} has more than {_MAX_BYTES} bytes; that is no certificate")
    return content


def fetch(url: str) -> bytes:
    """Return what is published at an https:// URL; raises SealgenError where it can't be had."""
    import http.client  # noqa: PLC0415  (only for certificates that are published somewhere)
    import time  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    class HTTPSOnly(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
            if not newurl.startswith("https://"):
                raise SealgenError(f"{url} redirects to {newurl}, which is not https")
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    content = bytearray()
    deadline = time.monotonic() + _TIMEOUT
    try:
        with urllib.request.build_opener(HTTPSOnly).open(url, timeout=_TIMEOUT) as response:
            while chunk := response.read1(_MAX_BYTES):
                content += chunk
                if len(content) > _MAX_BYTES:
                    raise SealgenError(f"{url} gives more than {_MAX_BYTES} bytes; that is no certificate")
                if time.monotonic() > deadline:
                    raise TimeoutError
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise SealgenError(f"can't get the certificate from {url}: {_reason(error)}") from None
    return bytes(content)


def _reason(error: Exception) -> str:
    """Say why a certificate could not be fetched, in words that are ours or the system's, not the server's."""
    import http.client  # noqa: PLC0415
    import ssl  # noqa: PLC0415
    import urllib.error  # noqa: PLC0415

    if isinstance(error, urllib.error.HTTPError):
        return f"the answer has HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return _reason(error.reason)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server is not trusted: {error.verify_message} (SSL_CERT_FILE names the authorities to trust)"
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT} s"
    if isinstance(error, http.client.InvalidURL | ValueError):
        return "the URL is malformed"
    return getattr(error, "strerror", None) or "the answer is not HTTP"
