"""A generated certificate serves the names asked for, for the days asked for, and fits its key."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sealgen.errors import ConfigurationError
from tests.values.reading import NOW, parts, read, refusal

if TYPE_CHECKING:
    from pathlib import Path

LONG = ".".join(["a" * 40] * 3)


def certificate(yaml: str) -> x509.Certificate:
    """Return the certificate, which is signed by its own key."""
    made = parts(yaml)
    assert list(made) == ["crt", "key"]
    assert made["key"].startswith(b"-----BEGIN PRIVATE KEY-----\n")
    found = x509.load_pem_x509_certificate(made["crt"])
    assert found.public_key() == load_pem_private_key(made["key"], None).public_key()
    found.verify_directly_issued_by(found)
    return found


def test_it_serves_dns_names_and_addresses() -> None:
    found = certificate("{generate: tls, names: [aura.example, '*.aura.example', redis, 10.0.0.1, '::1']}")
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert list(names.value) == [
        x509.DNSName("aura.example"),
        x509.DNSName("*.aura.example"),
        x509.DNSName("redis"),
        x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    assert not names.critical


def test_the_common_name_is_the_first_name() -> None:
    found = certificate("{generate: tls, names: [aura.example, redis]}")
    assert found.subject == x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aura.example")])


def test_a_name_too_long_for_a_common_name_leaves_the_subject_empty() -> None:
    found = certificate(f"{{generate: tls, names: [{LONG}]}}")
    assert found.subject == x509.Name([])
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert list(names.value) == [x509.DNSName(LONG)]
    assert names.critical


@pytest.mark.parametrize(("yaml", "days"), [("", 365), (", days: 30", 30), (", days: 3650", 3650)])
def test_it_is_valid_for_the_days_asked_for_and_an_hour_before(yaml: str, days: int) -> None:
    found = certificate(f"{{generate: tls, names: [a]{yaml}}}")
    now = NOW.replace(microsecond=0)
    assert found.not_valid_before_utc == now - datetime.timedelta(hours=1)
    assert found.not_valid_after_utc == now + datetime.timedelta(days=days)


@pytest.mark.parametrize(
    ("yaml", "kind", "unwraps"),
    [
        ("", ec.EllipticCurvePublicKey, False),
        (", algorithm: ecdsa", ec.EllipticCurvePublicKey, False),
        (", algorithm: rsa", rsa.RSAPublicKey, True),
        (", algorithm: ed25519", ed25519.Ed25519PublicKey, False),
    ],
)
def test_it_is_a_server_certificate_of_the_algorithm_asked_for(yaml: str, kind: type, *, unwraps: bool) -> None:
    found = certificate(f"{{generate: tls, names: [a]{yaml}}}")
    assert isinstance(found.public_key(), kind)
    usage = found.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.key_encipherment == unwraps
    assert not usage.value.key_cert_sign
    assert list(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    constraints = found.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca


def test_no_two_serial_numbers_are_alike() -> None:
    assert len({certificate("{generate: tls, names: [a]}").serial_number for _ in range(10)}) == 10


def test_a_client_that_trusts_it_accepts_the_names_and_no_others(tmp_path: Path) -> None:
    made = parts("{generate: tls, names: [aura.example, 10.0.0.1], days: 3650}")
    pem = tmp_path / "server.pem"
    pem.write_bytes(made["crt"] + made["key"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)

    def handshake(name: str) -> None:
        client = ssl.create_default_context(cadata=made["crt"].decode())
        client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = client.wrap_bio(to_client, to_server, server_hostname=name)
        theirs = server.wrap_bio(to_server, to_client, server_side=True)
        for _ in range(4):
            for side in (ours, theirs):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
        assert ours.version()

    handshake("aura.example")
    handshake("10.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake("redis.example")


def test_openssl_verifies_it(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    file = tmp_path / "tls.crt"
    file.write_bytes(parts("{generate: tls, names: [aura.example]}")["crt"])
    command = [
        "openssl",
        "verify",
        "-x509_strict",
        "-attime",
        str(int(NOW.timestamp())),
        "-CAfile",
        str(file),
        str(file),
    ]
    run = subprocess.run(command, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, b"")


NEITHER = "is neither a DNS name (lower case, a wildcard only as its first label) nor an IP address"


@pytest.mark.parametrize(
    "name",
    [
        *("Aura.example", "a_b", "-a", "a..b", "a.", "*", "a.*.b", "é.example", "a b", "http://a"),
        *("1.2.3.999", "1.2.3", "fe80::1%eth0", "a" * 64, ".".join(["a" * 63] * 4)),
    ],
)
def test_a_name_that_no_client_would_match_is_refused(name: str) -> None:
    assert refusal(f"{{generate: tls, names: ['{name}']}}", ConfigurationError) == (
        f"base.yaml:1:25: values.password.names[0]: '{name}' {NEITHER}"
    )


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{generate: tls}", "1:1: values.password.names is missing: DNS names and IP addresses of the server."),
        ("{generate: tls, names: []}", "1:24: values.password.names is empty"),
        ("{generate: tls, names: [a, a]}", "1:24: names: 'a' occurs twice"),
        (
            "{generate: tls, names: [a], days: 3651}",
            "1:35: values.password.days must be a whole number from 1 to 3650, not 3651",
        ),
        (
            "{generate: tls, names: [a], algorithm: rsa2}",
            "1:40: values.password.algorithm can't be 'rsa2'; did you mean 'rsa'?",
        ),
    ],
)
def test_what_can_not_be_made_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_the_specification_has_what_determines_the_certificate() -> None:
    assert read("{generate: tls, names: [a]}").source.specification() == {
        "generate": "tls",
        "names": ("a",),
        "days": 365,
        "algorithm": "ecdsa",
    }
