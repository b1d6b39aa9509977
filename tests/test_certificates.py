"""A certificate that is published at an https:// URL: fetched from a server that is trusted, pinned, and bounded."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.project import Project, controller, empty
from tests.support.server_certificate import private_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MEBIBYTE = 1024 * 1024


class Authority(NamedTuple):
    """Files of a certificate authority and of a server that it vouches for, called 127.0.0.1."""

    certificate: Path
    server: Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("tls")
    own, servers = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    now = datetime.now(UTC)

    def signed(subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> bytes:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(own, SHA256())
            .public_bytes(Encoding.PEM)
        )

    usage = x509.BasicConstraints(ca=True, path_length=None)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    files = Authority(folder / "authority.pem", folder / "server.pem")
    files.certificate.write_bytes(signed(name, own.public_key(), usage))
    files.server.write_bytes(signed(x509.Name([]), servers.public_key(), address) + private_pem(servers))
    return files


class Handler(BaseHTTPRequestHandler):
    """Answers what the test says; ``requests`` counts."""

    answer: Callable[[Handler], None]
    requests = 0

    def do_GET(self) -> None:
        type(self).requests += 1
        with contextlib.suppress(OSError):  # the reader may have gone
            type(self).answer(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base's name)
        pass

    def send(self, status: int, content: bytes = b"", *, location: str = "", length: int | None = None) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)


class Quiet(ThreadingHTTPServer):
    """A server that says nothing of clients that hang up."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class Site(NamedTuple):
    """A server that is up, and a project whose certificate is published there."""

    project: Project
    url: str
    handler: type[Handler]
    environ: dict[str, str | None]

    def show(self) -> tuple[int, str, str]:
        return self.project.run("cert", "show", "staging", env=self.environ)

    def refused(self, reason: str) -> tuple[int, str, str]:
        """Return how a run ends that could not get the certificate."""
        return 1, "", f"error: can't get the certificate from {self.url}: {reason}\n"


@pytest.fixture
def site(tmp_path: Path, authority: Authority) -> Iterator[Site]:
    handler = type("TestHandler", (Handler,), {})
    server = Quiet(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"https://127.0.0.1:{server.server_port}/v1/cert.pem"
    project = empty(tmp_path)
    project.environment(
        backend=project.backend(certificate=url), values={"password": {"literal": "x"}}, secrets=["one"]
    )
    project.template("one", {"PASSWORD": "{{ values.password }}"})
    yield Site(
        project, url, handler, {"SSL_CERT_FILE": str(authority.certificate), "SSL_CERT_DIR": "", "no_proxy": "*"}
    )
    server.shutdown()
    thread.join()
    server.server_close()


def publish(site: Site, content: bytes) -> None:
    site.handler.answer = lambda handler: handler.send(200, content)


# --- what works -------------------------------------------------------------------------------------------------


def test_a_published_certificate_is_fetched_and_sealed_with(site: Site) -> None:
    publish(site, site.project.controller.certificate)
    ended = site.project.run("seal", "staging", env=site.environ)
    assert (ended.code, ended.err) == (0, "")
    assert site.project.unsealed() == {"one/PASSWORD": b"x"}
    shown = site.project.run("cert", "show", "staging", env=site.environ).out.splitlines()
    assert shown[0] == f"certificate  {site.url}"
    assert shown[-1] == "pin          the same"


def test_nothing_is_fetched_where_nothing_is_to_seal(site: Site) -> None:
    publish(site, site.project.controller.certificate)
    assert site.project.run("plan", "staging", env=site.environ).code == 10
    assert site.handler.requests == 0
    assert site.project.run("seal", "staging", env=site.environ).code == 0
    assert site.handler.requests == 1
    for command in ("seal", "plan", "check"):
        assert site.project.run(command, "staging", env=site.environ).code == 0
    assert site.handler.requests == 1


def test_a_redirect_to_https_is_followed(site: Site) -> None:
    def answer(handler: Handler) -> None:
        if handler.path == "/moved.pem":
            handler.send(200, site.project.controller.certificate)
        else:
            handler.send(302, location="/moved.pem")

    site.handler.answer = answer
    assert site.show()[0] == 0


def test_a_published_certificate_is_taken_from_another_url(site: Site) -> None:
    new = controller("two")
    publish(site, new.certificate)
    ended = site.project.run("cert", "fetch", "staging", "--from", site.url, "--accept", env=site.environ)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == f"certificate  {site.url}"
    assert ended.out.splitlines()[-1] == "staging: wrote environments/staging.yaml"
    assert site.show()[0] == 0


def test_a_url_that_a_certificate_is_taken_from_must_be_trusted_too(site: Site) -> None:
    publish(site, controller("two").certificate)
    site.environ["SSL_CERT_FILE"] = str(site.project.root / "environments/certificates/controller.pem")
    before = site.project.contents()
    ended = site.project.run("cert", "fetch", "staging", "--from", site.url, "--accept", env=site.environ)
    start = f"error: can't get the certificate from {site.url}: the server is not trusted: "
    assert (ended.code, ended.out, ended.err[: len(start)]) == (1, "", start)
    assert site.project.contents() == before


# --- what is refused --------------------------------------------------------------------------------------------


def test_another_certificate_than_the_pinned_one_is_not_sealed_with(site: Site) -> None:
    other = controller("two")
    publish(site, other.certificate)
    assert site.project.run("seal", "staging", env=site.environ) == (
        2,
        "",
        (
            f"error: environments/staging.yaml:5:16: {site.url} has the fingerprint {other.fingerprint}, "
            f"but the pin is {site.project.controller.fingerprint}\n"
            "See what the cluster has, and take it once whoever runs it confirms that: sealgen cert fetch staging\n"
        ),
    )
    assert not (site.project.root / "k8s").exists()


def test_a_server_that_nobody_vouches_for_is_refused(site: Site) -> None:
    publish(site, site.project.controller.certificate)
    site.environ["SSL_CERT_FILE"] = str(site.project.root / "environments/certificates/controller.pem")
    code, out, err = site.show()
    assert (code, out) == (1, "")
    start = f"error: can't get the certificate from {site.url}: the server is not trusted: "
    assert err.startswith(start)
    assert err.endswith(" (SSL_CERT_FILE names the authorities to trust)\n")
    assert "certificate" in err[len(start) :]
    assert site.handler.requests == 0


def test_a_server_of_another_name_is_refused(site: Site) -> None:
    publish(site, site.project.controller.certificate)
    url = site.url.replace("127.0.0.1", "localhost")
    site.project.change(backend=site.project.backend(certificate=url))
    code, out, err = site.show()
    assert (code, out, site.handler.requests) == (1, "", 0)
    assert err.startswith(f"error: can't get the certificate from {url}: the server is not trusted: Hostname mismatch")


@pytest.mark.parametrize("location", ["http://127.0.0.1/cert.pem", "ftp://127.0.0.1/x"])
def test_a_redirect_to_anything_but_https_is_refused(site: Site, location: str) -> None:
    site.handler.answer = lambda handler: handler.send(302, location=location)
    assert site.show() == (1, "", f"error: {site.url} redirects to {location}, which is not https\n")


def test_a_redirect_to_a_file_is_not_followed(site: Site) -> None:
    site.handler.answer = lambda handler: handler.send(302, location="file:///etc/passwd")
    assert site.show() == site.refused("the answer has HTTP status 302")


def test_redirects_without_end_are_refused(site: Site) -> None:
    site.handler.answer = lambda handler: handler.send(302, location="/v1/cert.pem")
    assert site.show() == site.refused("the answer has HTTP status 302")
    assert site.handler.requests <= 11


@pytest.mark.parametrize("status", [403, 404, 500])
def test_an_error_of_the_server_is_told(site: Site, status: int) -> None:
    site.handler.answer = lambda handler: handler.send(status, b"the reason, at length")
    assert site.show() == site.refused(f"the answer has HTTP status {status}")


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
def test_an_answer_that_is_too_large_is_refused(site: Site, declared: bool) -> None:
    def answer(handler: Handler) -> None:
        handler.send(200, length=64 * MEBIBYTE if declared else None)
        for _ in range(64):
            handler.wfile.write(bytes(MEBIBYTE))

    site.handler.answer = answer
    assert site.show() == (1, "", f"error: {site.url} gives more than 1048576 bytes; that is no certificate\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----"),
        (b"<html>Please log in</html>", "is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB", "is cut off; -----END CERTIFICATE----- is missing"),
    ],
)
def test_an_answer_that_is_no_certificate_is_refused(site: Site, content: bytes, message: str) -> None:
    publish(site, content)
    assert site.show() == (2, "", f"error: environments/staging.yaml:4:16: {site.url} {message}\n")


def test_an_answer_that_is_cut_off_is_refused(site: Site) -> None:
    pem = site.project.controller.certificate
    site.handler.answer = lambda handler: handler.send(200, pem[:100], length=len(pem))
    message = "is cut off; -----END CERTIFICATE----- is missing"
    assert site.show() == (2, "", f"error: environments/staging.yaml:4:16: {site.url} {message}\n")


def test_an_answer_that_is_not_http_is_refused(site: Site) -> None:
    def answer(handler: Handler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.2 \x1b[2J\r\n")

    site.handler.answer = answer
    assert site.show() == site.refused("the answer is not HTTP")


@pytest.mark.parametrize("pace", [None, 0.1], ids=["silent", "a byte at a time"])
def test_a_server_that_takes_too_long_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch, pace: float | None
) -> None:
    monkeypatch.setattr("sealgen.certificates._TIMEOUT", 0.5)
    over = threading.Event()

    def answer(handler: Handler) -> None:
        if pace is None:
            over.wait(20)
            return
        handler.send(200)
        for _ in range(30):
            if over.wait(pace):
                break
            handler.wfile.write(b"-")
            handler.wfile.flush()

    site.handler.answer = answer
    started = time.monotonic()
    try:
        assert site.show() == site.refused("no answer within 0.5 s")
    finally:
        over.set()
    assert time.monotonic() - started < 5


def test_nobody_there_is_told(site: Site) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{unused.getsockname()[1]}/cert.pem"
        site.project.change(backend=site.project.backend(certificate=url))
        assert site.show() == (1, "", f"error: can't get the certificate from {url}: Connection refused\n")


@pytest.mark.parametrize("url", ["https://127.0.0.1:port/", "https://[::1/", "https://user:word@127.0.0.1/"])
def test_a_url_that_leads_nowhere_is_told(site: Site, url: str) -> None:
    site.project.change(backend=site.project.backend(certificate=url))
    assert site.show() == (1, "", f"error: can't get the certificate from {url}: the URL is malformed\n")


@pytest.mark.parametrize("url", ["http://127.0.0.1/cert.pem", "file:///etc/passwd", "https:///cert.pem"])
def test_only_https_urls_are_taken(site: Site, url: str) -> None:
    site.project.change(backend=site.project.backend(certificate=url))
    code, out, err = site.show()
    assert (code, out) == (2, "")
    assert err.endswith(f": '{url}' must be a path or an https:// URL\n")


def test_a_file_outside_of_the_project_is_not_taken(site: Site) -> None:
    site.project.change(backend=site.project.backend(certificate="../controller.pem"))
    code, out, err = site.show()
    assert (code, out) == (2, "")
    assert err.endswith(": '../controller.pem' must be a path below the project's root\n")
