"""Getting an environment's certificate: from a file of the project, or from where it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, SealgenError

if TYPE_CHECKING:
    from sealgen.config.environment import SealedSecretsBackend
    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate

_MAX_BYTES = 1024 * 1024
_TIMEOUT = 20  # seconds


def is_remote(backend: SealedSecretsBackend) -> bool:
    """Tell whether getting the certificate takes the network."""
    return "://" in backend.certificate


def read(project: Project, backend: SealedSecretsBackend) -> Certificate:
    """Return the certificate as it is, unchecked; raises SealgenError where it can't be had."""
    from sealgen.crypto import certificate  # noqa: PLC0415  (cryptography takes a while to import)

    if is_remote(backend):
        pem = _fetch(backend.certificate)
    else:
        content = project.read(backend.certificate)
        if content is None:
            raise ConfigurationError(
                f"there is no {backend.certificate}",
                at=backend.certificate_at,
                hint="Get the controller's certificate: kubeseal --fetch-cert > " + backend.certificate,
            )
        pem = content
    return certificate.load(pem, backend.certificate, backend.certificate_at)


def pinned(project: Project, backend: SealedSecretsBackend) -> Certificate:
    """Return the certificate; raises ConfigurationError unless it is the one that the environment pins."""
    from sealgen.crypto import certificate  # noqa: PLC0415

    found = read(project, backend)
    certificate.check_pin(found, backend.fingerprint, backend.fingerprint_at)
    return found


def _fetch(url: str) -> bytes:
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
