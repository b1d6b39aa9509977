"""Generated keys are what their names say, and other programs read them."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from sealgen.errors import ConfigurationError
from sealgen.values.generators.generator import Generator
from tests.values.reading import parts, read, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


def pair(yaml: str) -> PrivateKeyTypes:
    """Return the private key, after a look at the form of both."""
    made = parts(yaml)
    assert list(made) == ["private", "public"]
    assert made["private"].startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert made["private"].endswith(b"-----END PRIVATE KEY-----\n")
    assert made["public"].startswith(b"-----BEGIN PUBLIC KEY-----\n")
    private = load_pem_private_key(made["private"], None)
    assert load_pem_public_key(made["public"]) == private.public_key()
    return private


@pytest.mark.parametrize(
    ("yaml", "bits"),
    [
        ("generate: rsa", 3072),
        ("{generate: rsa, bits: 2048}", 2048),
        ("{generate: rsa, bits: 4096}", 4096),
    ],
)
def test_an_rsa_key_has_the_size_asked_for(yaml: str, bits: int) -> None:
    private = pair(yaml)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == bits
    assert private.public_key().public_numbers().e == 65537


@pytest.mark.parametrize(
    ("yaml", "curve"),
    [
        ("generate: ecdsa", "secp256r1"),
        ("{generate: ecdsa, curve: P-256}", "secp256r1"),
        ("{generate: ecdsa, curve: P-384}", "secp384r1"),
        ("{generate: ecdsa, curve: P-521}", "secp521r1"),
    ],
)
def test_an_ecdsa_key_is_on_the_curve_asked_for(yaml: str, curve: str) -> None:
    private = pair(yaml)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.curve.name == curve


def test_an_ed25519_key() -> None:
    assert isinstance(pair("generate: ed25519"), ed25519.Ed25519PrivateKey)


@pytest.mark.parametrize(
    ("yaml", "bits"),
    [
        ("{generate: rsa, bits: 2048}", 112),
        ("{generate: rsa}", 128),
        ("{generate: rsa, bits: 4096}", 128),
        ("{generate: ecdsa}", 128),
        ("{generate: ecdsa, curve: P-384}", 192),
        ("{generate: ecdsa, curve: P-521}", 256),
        ("{generate: ed25519}", 128),
        ("{generate: ssh, algorithm: rsa}", 128),
        ("{generate: ssh}", 128),
        ("{generate: tls, names: [a]}", 128),
        ("{generate: tls, names: [a], algorithm: rsa}", 128),
    ],
)
def test_the_strength_is_that_of_nists_table(yaml: str, bits: int) -> None:
    source = read(yaml).source
    assert isinstance(source, Generator)
    assert source.entropy_bits == bits


@pytest.mark.parametrize("name", ["ecdsa", "ed25519", "ssh"])
def test_no_two_keys_are_alike(name: str) -> None:
    assert len({parts(f"generate: {name}")["private"] for _ in range(10)}) == 10


@pytest.mark.parametrize("yaml", ["{generate: rsa, bits: 2048}", "generate: ecdsa", "generate: ed25519"])
def test_openssl_derives_the_public_key_from_the_private(yaml: str) -> None:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    made = parts(yaml)
    run = subprocess.run(["openssl", "pkey", "-pubout"], input=made["private"], capture_output=True, check=True)
    assert run.stdout == made["public"]


SSH = [
    ("generate: ssh", b"ssh-ed25519", 256),
    ("{generate: ssh, algorithm: ecdsa}", b"ecdsa-sha2-nistp256", 256),
    ("{generate: ssh, algorithm: rsa}", b"ssh-rsa", 3072),
]


@pytest.mark.parametrize(("yaml", "kind", "bits"), SSH)
def test_an_ssh_pair_fits_together(yaml: str, kind: bytes, bits: int) -> None:
    made = parts(yaml)
    assert made["private"].startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert made["private"].endswith(b"-----END OPENSSH PRIVATE KEY-----\n")
    public = load_ssh_private_key(made["private"], None).public_key()
    assert public == load_ssh_public_key(made["public"])
    assert made["public"] == public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert made["public"].split()[0] == kind
    assert getattr(public, "key_size", 256) == bits


@pytest.mark.parametrize(("yaml", "kind", "bits"), SSH)
def test_ssh_keygen_derives_the_public_key_from_the_private(yaml: str, kind: bytes, bits: int, tmp_path: Path) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("needs ssh-keygen")
    made = parts(yaml)
    file = tmp_path / "id"
    file.touch(mode=0o600)
    file.write_bytes(made["private"])
    derived = subprocess.run(["ssh-keygen", "-y", "-f", file], capture_output=True, check=True).stdout
    assert derived.split()[:2] == made["public"].split()
    assert derived.split()[0] == kind
    listed = subprocess.run(["ssh-keygen", "-l", "-f", file], capture_output=True, check=True).stdout
    assert int(listed.split()[0]) == bits


def test_the_comment_ends_the_public_line() -> None:
    public = parts("{generate: ssh, comment: aura deploy}")["public"]
    assert public.endswith(b" aura deploy")
    assert len(public.split(b" ")) == 4


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{generate: rsa, bits: 1024}", "1:23: values.password.bits must be 2048, 3072 or 4096, not '1024'"),
        ("{generate: rsa, bits: '3072'}", "1:23: values.password.bits must be 2048, 3072 or 4096, not '3072'"),
        (
            "{generate: ecdsa, curve: P-255}",
            "1:26: values.password.curve can't be 'P-255'; did you mean 'P-256'?",
        ),
        (
            "{generate: ssh, algorithm: dsa}",
            "1:28: values.password.algorithm can't be 'dsa'; did you mean 'ecdsa'?",
        ),
        (
            r'{generate: ssh, comment: "a\nssh-rsa AAAA"}',
            "1:26: values.password.comment: a comment is one line of printable text",
        ),
        (
            "{generate: ed25519, bits: 2048}",
            "1:21: values.password.bits goes with generate: rsa, not with generate: ed25519",
        ),
    ],
)
def test_what_can_not_be_made_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_the_specification_has_what_determines_the_pair() -> None:
    assert read("generate: rsa").source.specification() == {"generate": "rsa", "bits": 3072}
    assert read("generate: ecdsa").source.specification() == {"generate": "ecdsa", "curve": "P-256"}
    assert read("generate: ed25519").source.specification() == {"generate": "ed25519"}
    assert read("{generate: ssh, comment: me}").source.specification() == {
        "generate": "ssh",
        "algorithm": "ed25519",
        "comment": "me",
    }
