"""Fingerprints are those of OpenSSH, and nothing else has their form."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sealgen.crypto.fingerprint import PATTERN, rsa_fingerprint

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE"

# Every length of the highest byte, so that some integers get SSH's leading zero and some do not.
moduli = st.integers(2047, 4096).flatmap(lambda bits: st.integers(1 << bits, (1 << bits + 1) - 1)).map(lambda n: n | 1)
exponents = st.sampled_from([3, 17, 127, 129, 255, 257, 65537, 0x80000001])


def openssh(exponent: int, modulus: int) -> bytes:
    """Return the public key's line in OpenSSH's own format, as the cryptography library writes it."""
    public_key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return public_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def test_a_known_key_has_the_fingerprint_that_ssh_keygen_printed() -> None:
    assert rsa_fingerprint(65537, (1 << 2047) + 1) == "SHA256:Js2Dxmvn6q4imp7p4HPS1bOZqtUEaZ+i6v/mfPXmBbc"


@given(exponents, moduli)
def test_a_fingerprint_is_the_digest_of_the_openssh_encoding(exponent: int, modulus: int) -> None:
    wire = base64.b64decode(openssh(exponent, modulus).split()[1])
    digest = base64.b64encode(hashlib.sha256(wire).digest()).rstrip(b"=").decode()
    assert rsa_fingerprint(exponent, modulus) == f"SHA256:{digest}"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
@pytest.mark.parametrize("modulus", [(1 << 2047) + 1, (1 << 2048) + 1, (1 << 4096) - 1])
def test_ssh_keygen_prints_the_same_fingerprint(modulus: int, tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_bytes(openssh(65537, modulus))
    printed = subprocess.run(["ssh-keygen", "-lf", file], capture_output=True, text=True, check=True).stdout
    assert printed.split()[1] == rsa_fingerprint(65537, modulus)


@given(exponents, moduli)
def test_every_fingerprint_is_well_formed(exponent: int, modulus: int) -> None:
    assert re.fullmatch(PATTERN, rsa_fingerprint(exponent, modulus))


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD + "=",
        GOOD + "\n",
        " " + GOOD,
        GOOD[:-1],
        GOOD[:-1] + "F",  # 43 characters, and yet of no 32 bytes
        GOOD.replace("/", "_").replace("o8", "_8"),
        GOOD.lower(),
        f"4096 {GOOD} no comment (RSA)",
        "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
        "SHA256:" + "AB:" * 31 + "AB",
    ],
)
def test_nothing_else_is_well_formed(text: str) -> None:
    assert not re.fullmatch(PATTERN, text)


def test_the_pattern_is_anchored_so_that_json_schema_reads_it_alike() -> None:
    assert re.search(PATTERN, GOOD)
    assert not re.search(PATTERN, "x" + GOOD)
    assert not re.search(PATTERN, GOOD + "x")


def test_fingerprints_are_to_be_had_without_loading_cryptography() -> None:
    program = "import sys, sealgen.crypto.fingerprint; sys.exit('cryptography' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
