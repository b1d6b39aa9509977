"""A fingerprint key, or values that are kept, that can not be right: its exact message and exit code, and not one file changed."""

# ruff: noqa: E501  (a message stands on one line, so that a search finds it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.malformed.case import ENV, Row, edit, environ, private, put
from tests.support.project import OTHER_FINGERPRINT_KEY

if TYPE_CHECKING:
    from tests.cli.malformed.case import Case

# The message has {root}, {pin} and {other} for the project's folder and the fingerprints of the certificates.

ROWS: list[Row] = [
    # Fingerprint key.
    (
        (environ("SEALGEN_FINGERPRINT_KEY", "short"),),
        "seal staging",
        2,
        (
            "error: the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
            "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'.\n"
        ),
    ),
    (
        (environ("SEALGEN_FINGERPRINT_KEY", "x" * 64),),
        "seal staging",
        2,
        (
            "error: the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
            "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'.\n"
        ),
    ),
    (
        (environ("SEALGEN_FINGERPRINT_KEY", OTHER_FINGERPRINT_KEY),),
        "seal staging",
        12,
        (
            "staging\n"
            "  SECRET           KEY            ACTION   REASON\n"
            "  backend-secrets  SMTP_PASSWORD  unknown  can't tell: needs the fingerprint key e0d69c5af114debf, and the one here is 358ae5f7c4d08a20\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    ),
    (
        (environ("SEALGEN_FINGERPRINT_KEY", None),),
        "seal staging",
        12,
        (
            "staging\n"
            "  SECRET           KEY            ACTION   REASON\n"
            "  backend-secrets  SMTP_PASSWORD  unknown  can't tell: needs the fingerprint key (SEALGEN_FINGERPRINT_KEY, or .sealgen/fingerprint.key)\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    ),
    (
        (
            environ("SEALGEN_FINGERPRINT_KEY", None),
            private(".sealgen/fingerprint.key", "short"),
        ),
        "seal staging",
        2,
        (
            "error: the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
            "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'.\n"
        ),
    ),
    (
        (
            environ("SEALGEN_FINGERPRINT_KEY", None),
            put(".sealgen/fingerprint.key", "00" * 32),
        ),
        "seal staging",
        2,
        (
            "error: {root}/.sealgen/fingerprint.key holds secrets and is open to others (mode 0644)\n"
            "Run: chmod 600 {root}/.sealgen/fingerprint.key\n"
        ),
    ),
    (
        (environ("SMTP_PASSWORD", None),),
        "seal staging",
        12,
        (
            "staging\n"
            "  SECRET           KEY            ACTION   REASON\n"
            "  backend-secrets  SMTP_PASSWORD  unknown  can't tell: values.smtp_password: the environment variable SMTP_PASSWORD is not set\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    ),
    (
        (
            environ("SMTP_PASSWORD", ""),
            edit(ENV, "env: SMTP_PASSWORD", "env: SMTP_PASSWORD\n    min_length: 8"),
        ),
        "seal staging",
        1,
        ("error: values.smtp_password is shorter than its min_length, 8 bytes\n"),
    ),
    # Kept values.
    (
        (private(".sealgen/development.values", ""),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        (private(".sealgen/development.values", "[]"),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        (private(".sealgen/development.values", "{"),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        (private(".sealgen/development.values", '{"p": {"specification": "x", "parts": {"": "%%"}}}'),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        (put(".sealgen/development.values", "{}"),),
        "render development",
        2,
        (
            "error: {root}/.sealgen/development.values holds secrets and is open to others (mode 0644)\n"
            "Run: chmod 600 {root}/.sealgen/development.values\n"
        ),
    ),
    (
        (private(".sealgen/development.values", "[" * 100000),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=range(1, len(ROWS) + 1))
def test_private_files_that_is_malformed_has_its_message_and_changes_nothing(row: Row, case: Case) -> None:
    case.refuses(row)
