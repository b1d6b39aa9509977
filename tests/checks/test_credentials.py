"""What looks like a credential, and what does not."""

from __future__ import annotations

import base64
import secrets
import time

import pytest

from sealgen.checks.credentials import looks_like_one

NAMED = "is named like a credential"
FORM = "has the form of a credential"
URI = "has a password in a URI"
RANDOM = "looks random"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "redis_password",
        "POSTGRES-PASSWORD",
        "db.passwd",
        "api_key",
        "secret-access-key",
        "JWT_SECRET_KEY",
        "token",
        "smtp_password_2",
        "tls.private_key",
    ],
)
def test_a_name_tells(name: str) -> None:
    assert looks_like_one(name, "x") == NAMED
    assert looks_like_one(name, "") is None
    assert looks_like_one(name, " \n") is None


@pytest.mark.parametrize(
    "name",
    ["user", "password_file", "token_url", "secret_name", "key_id", "public_key", "passwordless", "monkey", "host"],
)
def test_a_name_that_is_about_a_credential_does_not(name: str) -> None:
    assert looks_like_one(name, "aura") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", FORM),
        ("AKIA" + "Q3EGRIPPWXYZ2345", FORM),
        ("ghp_" + "a1B2" * 9, FORM),
        ("glpat-" + "x1_-" * 5, FORM),
        ("sk_live_" + "4eC39HqLyjWDarjt", FORM),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", FORM),
        ("postgresql://aura:hunter2@postgres/db", URI),
        ("x redis://:hunter2@redis", URI),
        ("9f86d081884c7d659a2feaa0c55ad015", RANDOM),
        ("q8Zt3vKx1LmN0pRs7WyB", RANDOM),
    ],
)
def test_a_text_tells(text: str, why: str) -> None:
    assert looks_like_one("x", text) == why


@pytest.mark.parametrize(
    "text",
    [
        "aura",
        "postgresql://aura@postgres/db",
        "https://example.org:8443/a@b",
        "aura-production-database-01.internal",
        "0000000000000000000000000000000000000000",
        "a-rather-long-name-without-any-digits-in-it",
        "12345678901234567890123456789012345",
        "postgres.aura-staging.svc.cluster.local",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_plain_words_do_not(text: str) -> None:
    assert looks_like_one("x", text) is None


def test_random_bytes_are_found_in_either_encoding() -> None:
    for _ in range(50):
        assert looks_like_one("x", secrets.token_hex(32)) == RANDOM
        assert looks_like_one("x", base64.b64encode(secrets.token_bytes(32)).decode()) == RANDOM


@pytest.mark.parametrize("word", ["eyJaaaaaaaa-", "a", "a://", "-----BEGIN A", "sk_live_", "x" * 19 + "1", " "])
def test_a_long_text_takes_a_short_time(word: str) -> None:
    started = time.process_time()
    looks_like_one("x", word * (1024 * 1024 // len(word)))
    assert time.process_time() - started < 5
