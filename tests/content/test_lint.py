"""Values that look like a mistake are found, generated ones are not, and no finding shows the value."""

from __future__ import annotations

import base64
import random
import secrets
import string
import uuid
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sealgen.content.lint import Finding, pair_warnings, warnings
from sealgen.content.secret_types import DOCKERCFG, DOCKERCONFIGJSON, SSH_AUTH, TLS
from sealgen.values.secret import Secret
from tests.support.server_certificate import new_pair, private_pem

if TYPE_CHECKING:
    from collections.abc import Callable

CERTIFICATE, PRIVATE_KEY = new_pair()
OTHER_CERTIFICATE, OTHER_KEY = new_pair()
SSH = ed25519.Ed25519PrivateKey.generate()
SSH_KEY = private_pem(SSH, PrivateFormat.OpenSSH)
SSH_PUBLIC_KEY = SSH.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
CANARY = "canary7x9q"

EMPTY = Finding("empty", "the value is empty")
BLANK = Finding("empty", "the value is nothing but white space")
PLACEHOLDER = Finding("placeholder", "the value looks like a placeholder; put in the real one")
BYTE_ORDER_MARK = Finding("byte-order-mark", "the value begins with a byte order mark; write it as UTF-8 without one")
UTF16 = Finding("utf-16", "the value is UTF-16 text; write it as UTF-8")
CRLF = Finding("crlf", "the value has Windows line breaks (CR LF); write LF")
NEWLINE = Finding(
    "trailing-newline",
    "the value ends with a newline, which is part of it; remove it, or set 'trim: true' on its source",
)
WHITE_SPACE = Finding("surrounding-whitespace", "the value begins or ends with white space, which is part of it")
BASE64 = Finding("base64-twice", "the value is base64 of a text; Kubernetes encodes it, so give the text")
NOT_JSON = Finding("invalid-json", "the value is not valid JSON")
NO_PEM = Finding("invalid-pem", "the value holds no PEM block, which begins with a line '-----BEGIN …-----'")
CUT_OFF = Finding("invalid-pem", "the value holds a PEM block that is cut off: its '-----END …-----' line is missing")
NO_LAST_NEWLINE = Finding("missing-newline", "the value lacks the newline at its end that ssh needs to read the key")


def lint(value: bytes | str, key: str = "password", secret_type: str | None = None) -> list[Finding]:
    return list(warnings(key, secret_type, Secret(value.encode() if isinstance(value, str) else value)))


@pytest.mark.parametrize(
    "value",
    [
        "correct horse battery staple",
        "aura",
        "aura_db",
        "postgresql+psycopg://aura:p%2Fw@postgres:5432/aura_db",
        "redis://redis:6379/0",
        "line 1\nline 2\n",
        "line 1\nline 2",
        "\tindented: 1\n  text: 2\n\n",
        "passwords-are-long",
        "xx",
        "a<b>",
        "$HOME/x",
        "{{ a }} and more",
        pytest.param(SSH_PUBLIC_KEY + b" aura@example.com\n", id="ssh public key"),
        b"\xff\x00\x10 binary\n",
        b"\x00",
    ],
)
def test_an_ordinary_value_has_no_finding(value: bytes | str) -> None:
    assert lint(value) == []


def test_an_empty_or_blank_value_is_found_and_nothing_more_is_said() -> None:
    assert lint("", "config.json") == [EMPTY]
    assert lint(" \r\n", "tls.crt", TLS) == [BLANK]


@pytest.mark.parametrize(
    "value",
    [
        *("CHANGEME", "changeme", "Change-Me", "change_me", "change me!", "change-this-now", "changeit"),
        *("TODO", "FIXME", "TBD", "xxx", "XXXXXXXX", "***", "...", "…", "???", "placeholder", "dummy"),
        *("null", "None", "undefined", "n/a", "redacted"),
        *("<password>", "<your password here>", "${DB_PASSWORD}", "$(cat password)", "$DB_PASSWORD", "%PASSWORD%"),
        *("{{ x }}", "{{ values.password | urlquote }}"),
        *("password", "Password\n", "secret", "token", "my-secret", "new-password", "supersecret", "secret-key"),
        *("mysecretpassword", "jwt_secret_key", "default password", "admin-password"),
        *("your-password", "YOUR_API_KEY", "your-secure-jwt-secret-key-minimum-32-characters-long"),
        *("your-redis-password", "new-secret-key-here", "new-redis-password", "existing-jwt-key", "existing-db-uri"),
        *("put-the-key-here", "insert-key", "REPLACE_ME", "enter your token"),
    ],
)
def test_a_placeholder_is_found_whatever_its_case(value: str) -> None:
    assert lint(value) == [PLACEHOLDER]


def test_a_placeholder_is_not_also_called_something_else() -> None:
    assert lint("CHANGEME\r\n", "tls.key", TLS) == [PLACEHOLDER]


def test_a_long_text_is_no_placeholder() -> None:
    assert lint("your " + "x" * 195) == [PLACEHOLDER]
    assert lint("your " + "x" * 196) == []


@pytest.mark.parametrize(
    ("value", "findings"),
    [
        ("hunter2\n", [NEWLINE]),
        ("hunter2\n\n", [NEWLINE]),
        ("hunter2\r\n", [CRLF, NEWLINE]),
        ("line 1\r\nline 2\r\n", [CRLF]),
        (" hunter2", [WHITE_SPACE]),
        ("hunter2 ", [WHITE_SPACE]),
        ("hunter2\u00a0", [WHITE_SPACE]),
        ("\nhunter2", [WHITE_SPACE]),
        ("hunter2 \n", [NEWLINE, WHITE_SPACE]),
        ("\ufeffhunter2", [BYTE_ORDER_MARK]),
        ("\ufeffhunter2\r\n", [BYTE_ORDER_MARK, CRLF, NEWLINE]),
        ("hunter2\r\n".encode("utf-16"), [UTF16]),
        ("hunter2".encode("utf-16-be"), []),
        (b"\xfe\xff" + "hunter2".encode("utf-16-be"), [UTF16]),
        (b"\xff\xfe\x00", []),
        (b"\xff\xfe\x00\x00", []),
    ],
)
def test_what_an_editor_or_echo_adds_is_found(value: bytes | str, findings: list[Finding]) -> None:
    assert lint(value) == findings


@pytest.mark.parametrize(
    "text",
    ["hunter2!", "postgresql://aura:hunter2@postgres/aura", '{"a": "b"}', "line 1\nline 2\n", "Größe: zwölf Äpfel"],
)
def test_base64_of_text_is_found(text: str) -> None:
    encoded = base64.b64encode(text.encode())
    assert lint(encoded) == [BASE64]
    assert lint(encoded + b"\n") == [NEWLINE, BASE64]
    assert lint(encoded, "DATABASE_BASE64") == []
    assert lint(encoded, "database.b64") == []


def test_base64_in_lines_is_found() -> None:
    assert lint(base64.encodebytes(PRIVATE_KEY)) == [BASE64]


@pytest.mark.parametrize(
    "value",
    [
        base64.b64encode(b"hunter2"),  # too short to tell from a password
        base64.b64encode("Grüße an alle".encode()),  # likewise, in an alphabet that random bytes often are
        base64.b64encode(b"hunter2!\x07"),
        base64.b64encode(b"hunter2!").rstrip(b"="),
        "aHVudGVy-iEh",
        "Jeffersonian",
        "SGVsbG8gd29ybGR=",  # not canonical: a bit is set that no byte uses
    ],
)
def test_what_may_be_a_password_is_not_called_base64(value: bytes | str) -> None:
    assert lint(value) == []


@pytest.mark.parametrize(
    "generate",
    [
        lambda r: base64.b64encode(r.randbytes(24)),
        lambda r: base64.b64encode(r.randbytes(32)),
        lambda r: r.randbytes(32).hex().encode(),
        lambda r: r.randbytes(16).hex().encode(),
        lambda r: base64.urlsafe_b64encode(r.randbytes(32)),
        lambda r: "".join(r.choices(string.ascii_letters + string.digits, k=32)).encode(),
        lambda r: str(uuid.UUID(int=r.getrandbits(128))).encode(),
        lambda r: r.randbytes(32),
    ],
)
def test_generated_values_have_no_finding(generate: Callable[[random.Random], bytes]) -> None:
    source = random.Random(secrets.randbits(64))  # noqa: S311
    assert [finding for _ in range(3000) for finding in lint(generate(source))] == []


@pytest.mark.parametrize(
    ("key", "secret_type"),
    [
        ("config.json", None),
        (".dockerconfigjson", None),
        (".dockerconfigjson", DOCKERCONFIGJSON),
        (".dockercfg", DOCKERCFG),
    ],
)
def test_json_is_checked_where_the_key_or_the_type_says_so(key: str, secret_type: str | None) -> None:
    assert lint(' {"a": 1}\n', key, secret_type) == []
    assert lint(" []", key, secret_type) == []
    assert lint('{"a": 1', key, secret_type) == [NOT_JSON]
    assert lint('\ufeff{"a": 1}', key, secret_type) == [BYTE_ORDER_MARK]
    assert lint(b'{"a": "\xff"}', key, secret_type) == [
        Finding("invalid-json", "the value is not UTF-8 text, so not JSON")
    ]


@pytest.mark.parametrize("key", ["config", ".dockercfg", "json"])
def test_json_is_not_asked_for_elsewhere(key: str) -> None:
    assert lint('{"a": 1', key) == []


@pytest.mark.parametrize("key", ["ca.pem", "tls.crt", "tls.key", "anything"])
@pytest.mark.parametrize("value", [CERTIFICATE, PRIVATE_KEY, SSH_KEY, CERTIFICATE.rstrip(), b"\n" + CERTIFICATE])
def test_pem_may_end_with_a_newline_or_not(key: str, value: bytes) -> None:
    assert lint(value, key) == []


@pytest.mark.parametrize(
    ("key", "value", "findings"),
    [
        ("ca.pem", b"hunter2", [NO_PEM]),
        ("tls.crt", b"hunter2\n", [NO_PEM]),
        ("tls.key", b"0123456789abcdef", [NO_PEM]),
        ("ca.pem", b"\x30\x82\x01\xff", [NO_PEM]),
        ("anything", CERTIFICATE[:200], [CUT_OFF]),
        ("anything", b"\n" + CERTIFICATE[:200], [CUT_OFF]),
        ("anything", b"-----BEGIN A-----\n\0", [CUT_OFF]),
        (
            "anything",
            CERTIFICATE.replace(b"\n", rb"\n"),
            [Finding("invalid-pem", r"the value has '\n' as two characters where a PEM line should break")],
        ),
        ("tls.crt", CERTIFICATE.replace(b"\n", b"\r\n"), [CRLF]),
        ("tls.crt", b"\xef\xbb\xbf" + CERTIFICATE, [BYTE_ORDER_MARK]),
    ],
)
def test_broken_pem_is_found_where_the_key_or_the_value_says_pem(
    key: str, value: bytes, findings: list[Finding]
) -> None:
    assert lint(value, key) == findings


def test_a_certificate_or_key_in_binary_is_not_asked_to_be_pem() -> None:
    assert lint(b"\x30\x82\x01\xff", "tls.crt") == []
    assert lint(b"\x9d\x00\xff\xfe", "encryption.key") == []


def test_the_armor_of_pgp_is_not_taken_for_pem() -> None:
    armor = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBA==\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"
    assert lint(armor, "release.key") == []


def test_an_openssh_key_needs_its_last_newline() -> None:
    assert lint(SSH_KEY.rstrip(), "id_ed25519") == [NO_LAST_NEWLINE]
    assert lint(SSH_KEY + b"# comment", "id_ed25519") == [NO_LAST_NEWLINE]


def test_the_key_of_ssh_auth_is_pem() -> None:
    assert lint("hunter2", "ssh-privatekey", SSH_AUTH) == [NO_PEM]
    assert lint("hunter2", "ssh-privatekey") == []
    assert lint("hunter2", "other", SSH_AUTH) == []


def test_a_certificate_beside_a_key_that_is_not_its_own_is_found() -> None:
    values = {
        "a.crt": CERTIFICATE,
        "a.key": PRIVATE_KEY,
        "b.crt": CERTIFICATE,
        "b.key": OTHER_KEY,
        "c.crt": OTHER_CERTIFICATE + CERTIFICATE,
        "c.key": PRIVATE_KEY,
        "alone.crt": CERTIFICATE,
        "only.key": OTHER_KEY,
        "junk.crt": b"junk",
        "junk.key": PRIVATE_KEY,
        "bad.crt": CERTIFICATE,
        "bad.key": b"",
        "other": b"x",
    }
    data = {key: Secret(value) for key, value in values.items()}
    problem = "the value is not the private key of the first certificate in"
    assert pair_warnings(data) == (
        ("b.key", Finding("certificate-key-mismatch", f"{problem} 'b.crt'")),
        ("c.key", Finding("certificate-key-mismatch", f"{problem} 'c.crt'")),
    )


keys = st.sampled_from(["a", "a.json", ".dockercfg", "a.pem", "tls.crt", "tls.key", "ssh-privatekey"])
types = st.sampled_from([None, DOCKERCFG, DOCKERCONFIGJSON, SSH_AUTH, TLS])
around = st.sampled_from(
    ["", "\n", "\r\n", " ", "\ufeff", "\0", "{", '"', "your-", "-here", "<", ">", "-----BEGIN ", "-----\n", "\\n", ":"]
)


@given(keys, types, st.lists(around, max_size=4), st.lists(around, max_size=4), st.booleans())
def test_no_value_gets_into_a_finding(
    key: str, secret_type: str | None, before: list[str], after: list[str], encoded: bool
) -> None:
    plaintext = f"{''.join(before)}{CANARY}{''.join(after)}".encode()
    value = Secret(base64.b64encode(plaintext) if encoded else plaintext)
    for finding in warnings(key, secret_type, value):
        assert CANARY not in finding.message
        assert value.reveal().decode(errors="replace") not in finding.message


@given(keys, types, st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_looked_at_without_an_error(key: str, secret_type: str | None, plaintext: bytes) -> None:
    findings = warnings(key, secret_type, Secret(plaintext))
    assert all(isinstance(finding, Finding) for finding in findings)
    assert pair_warnings({"a.crt": Secret(plaintext), "a.key": Secret(plaintext)}) == ()


@given(st.binary(min_size=1, max_size=200))
def test_a_value_says_nothing_of_its_length(plaintext: bytes) -> None:
    for finding in warnings("a.pem", None, Secret(plaintext)):
        assert not any(character.isdigit() for character in finding.message.replace("UTF-8", "").replace("-16", ""))
