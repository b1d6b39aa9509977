"""A Key Vault of Azure and the Entra that signs in to it, as the REST reference has them, behind a proxy for HTTPS.

Azure's own libraries talk to it, by TLS and under the real names of both servers: a proxy answers ``CONNECT`` for them.
It keeps versions, attributes and tags, deletes softly, and refuses as the service does: with a challenge who has no
token, names out of the alphabet, values of more than 25 KiB, a name that was deleted and can be recovered. It has no
listings, no backup, no certificates and no purging; anybody with the right client secret may do anything, but for the
names in ``denied``; and what it answers to one request may be said by a test (``instead``).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import re
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.api_server import Answer, Request, as_json
from tests.support.server_certificate import private_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOST = "aura-staging.vault.azure.net"
ENTRA = "login.microsoftonline.com"
TENANT = "3f8a0c52-0000-4000-8000-aaaaaaaaaaaa"
CLIENT_SECRET = "cS~7Kp2mVt9xRq4Z"
TOKEN = "eyJ0eXAi.Hn3vQ8sLw1.x"
_MAX_BYTES = 25 * 1024
_RECOVERABLE_DAYS = 90
_NAME = r"[0-9A-Za-z-]{1,127}"


@dataclass
class Version:
    """A version of a secret."""

    id: str
    value: str
    attributes: dict[str, Any]
    tags: dict[str, str]
    content_type: str | None = None


@dataclass
class KeyVault:
    """The vault under way, and how Azure's libraries find it."""

    variables: dict[str, str]
    port: int
    """Of the proxy."""
    trusted: Path
    """The certificate of both servers."""
    secrets: dict[str, list[Version]] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    """When each of the deleted was, in Unix time."""
    denied: set[str] = field(default_factory=set)
    instead: dict[str, Answer | Callable[[Request], Answer | None]] = field(default_factory=dict)
    """What ``METHOD path`` is answered; None is what it would be."""
    requests: list[Request] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def put(self, name: str, value: str, tags: dict[str, str] | None = None, **attributes: Any) -> str:
        """Put a version, and return its ID."""
        now = int(time.time())
        version = Version(
            f"{next(self._numbers):032x}",
            value,
            {"enabled": True, "created": now, "updated": now, **attributes},
            tags or {},
        )
        self.secrets.setdefault(name, []).append(version)
        return version.id

    def delete(self, name: str) -> None:
        """Delete a secret, softly."""
        self.deleted[name] = int(time.time())

    def asked(self) -> list[str]:
        """Return the requests that the vault had, and that were signed in."""
        return [f"{each.method} {each.path}" for each in self.requests if each.headers.get("Authorization")]

    def answer(self, host: str, request: Request) -> Answer:
        """Return what a request gets."""
        self.requests.append(request)
        instead = self.instead.get(f"{request.method} {request.path}")
        told = instead(request) if callable(instead) else instead
        if told is not None:
            return told
        return _entra(request) if host == ENTRA else self._vault(request)

    def _vault(self, request: Request) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = f'Bearer authorization="https://{ENTRA}/{TENANT}", resource="https://vault.azure.net"'
            refusal = _fault(401, "Unauthorized", "AKV10000: Request is missing a Bearer token.")
            return refusal._replace(headers=(("WWW-Authenticate", challenge),))
        _, kind, name, *version = request.path.split("/")
        if not re.fullmatch(_NAME, name):
            return _fault(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        if name in self.denied:
            return _fault(403, "Forbidden", f"The user has no permission: {name}", "ForbiddenByPolicy")
        if kind == "deletedsecrets":
            return self._deleted(name)
        if request.method == "PUT":
            return self._set(name, json.loads(request.body))
        found = self._found(name, version[0] if version and version[0] else None)
        if found is None:
            return _fault(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
        if request.method == "PATCH":
            told = json.loads(request.body)
            found.tags = told.get("tags", found.tags)
            found.attributes |= told.get("attributes", {})
        elif not found.attributes["enabled"]:
            return _fault(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
        return as_json(_bundle(name, found))

    def _found(self, name: str, version: str | None) -> Version | None:
        if name in self.deleted or name not in self.secrets:
            return None
        versions = self.secrets[name]
        return versions[-1] if version is None else next((each for each in versions if each.id == version), None)

    def _set(self, name: str, told: dict[str, Any]) -> Answer:
        if name in self.deleted:
            message = f"Secret {name} is currently in a deleted but recoverable state, and its name can't be reused"
            return _fault(409, "Conflict", message, "ObjectIsDeletedButRecoverable")
        if len(told["value"].encode()) > _MAX_BYTES:
            return _fault(400, "BadParameter", "The secret value exceeds the maximum length.")
        self.put(name, told["value"], told.get("tags"), **told.get("attributes", {}))
        return as_json(_bundle(name, self.secrets[name][-1]))

    def _deleted(self, name: str) -> Answer:
        if name not in self.deleted:
            return _fault(404, "SecretNotFound", f"A deleted secret with (name/id) {name} was not found.")
        at = self.deleted[name]
        return as_json(
            {
                **_bundle(name, self.secrets[name][-1]),
                "value": None,
                "recoveryId": f"https://{HOST}/deletedsecrets/{name}",
                "deletedDate": at,
                "scheduledPurgeDate": at + _RECOVERABLE_DAYS * 86400,
            }
        )


def _fault(status: int, code: str, message: str, inner: str = "") -> Answer:
    error: dict[str, Any] = {"code": code, "message": message}
    return as_json({"error": error | ({"innererror": {"code": inner}} if inner else {})}, status)


def _bundle(name: str, version: Version) -> dict[str, Any]:
    return {
        "value": version.value,
        "id": f"https://{HOST}/secrets/{name}/{version.id}",
        "attributes": {"recoveryLevel": "Recoverable+Purgeable", **version.attributes},
        "tags": version.tags,
    }


def _entra(request: Request) -> Answer:
    if request.path.endswith("/discovery/instance"):
        endpoint = f"https://{ENTRA}/{TENANT}/v2.0/.well-known/openid-configuration"
        return as_json({"tenant_discovery_endpoint": endpoint, "metadata": []})
    if request.path.endswith("/.well-known/openid-configuration"):
        tenant = f"https://{ENTRA}/{TENANT}"
        return as_json(
            {
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
                "issuer": f"{tenant}/v2.0",
            }
        )
    told = dict(urllib.parse.parse_qsl(request.body.decode()))
    if told.get("client_secret") != CLIENT_SECRET:
        description = f"AADSTS7000215: Invalid client secret provided: {told.get('client_secret')}"
        return as_json({"error": "invalid_client", "error_description": description}, 401)
    token: dict[str, Any] = {"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN}
    if "scope" in told:
        assert told["scope"].startswith("https://vault.azure.net/.default")
        return as_json(token)
    # As older libraries ask, the operator's among them.
    assert told["resource"] == "https://vault.azure.net"
    now = int(time.time())
    times = {"expires_in": "3600", "expires_on": str(now + 3600), "not_before": str(now)}
    return as_json({**token, **times, "resource": told["resource"]})


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    private_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Key Vault of a test")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("*.vault.azure.net"), x509.DNSName("*.vault.example"), x509.DNSName(ENTRA)]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private_key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(private_key, SHA256())
    )
    trusted = folder / "key-vault.pem"
    trusted.write_bytes(certificate.public_bytes(Encoding.PEM))
    both = folder / "key-vault-server.pem"
    both.write_bytes(private_pem(private_key) + certificate.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    return trusted, context


@contextlib.contextmanager
def key_vault(folder: Path) -> Iterator[KeyVault]:
    """Run the vault behind a proxy on a free port of 127.0.0.1; ``folder`` gets its certificate."""
    trusted, tls = _certificate(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        host = ""

        def do_CONNECT(self) -> None:
            self.host = self.path.partition(":")[0]
            self.send_response(200)
            self.end_headers()
            self.connection = tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb", -1)
            self.wfile = self.connection.makefile("wb", 0)
            self.close_connection = False

        def _respond(self) -> None:
            split = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(urllib.parse.parse_qsl(split.query))
            answer = vault.answer(self.host, Request(self.command, split.path, query, dict(self.headers), body))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.content) + (100 if answer.cut else 0)))
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)
            self.close_connection = self.close_connection or answer.cut

        do_GET = do_PUT = do_PATCH = do_POST = _respond  # noqa: N815

        def finish(self) -> None:
            super().finish()
            with contextlib.suppress(OSError):
                self.connection.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # A client that hangs up early is part of a test.

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        vault = KeyVault(
            {
                "HTTPS_PROXY": f"http://127.0.0.1:{server.server_address[1]}",
                "NO_PROXY": "",
                "REQUESTS_CA_BUNDLE": str(trusted),
                "AZURE_TENANT_ID": TENANT,
                "AZURE_CLIENT_ID": "client-of-a-test",
                "AZURE_CLIENT_SECRET": CLIENT_SECRET,
                "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
            },
            server.server_address[1],
            trusted,
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield vault
        finally:
            server.shutdown()
            thread.join()
