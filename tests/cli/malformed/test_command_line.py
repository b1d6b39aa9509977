"""A command line that asks for what can not be: its exact message and exit code, and not one file changed."""

# ruff: noqa: E501  (a message stands on one line, so that a search finds it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.malformed.case import Case, Row

# The message has {root}, {pin} and {other} for the project's folder and the fingerprints of the certificates.

ROWS: list[Row] = [
    (
        (),
        "seal",
        2,
        ("error: name an environment (development, staging), or say --all\nTry 'sealgen seal --help'.\n"),
    ),
    (
        (),
        "seal --all staging",
        2,
        ("error: name environments, or say --all; not both\nTry 'sealgen seal --help'.\n"),
    ),
    (
        (),
        "seal stagin",
        2,
        ("error: there is no environment 'stagin' (environments/stagin.yaml); did you mean 'staging'?\n"),
    ),
    (
        (),
        "seal STAGING",
        2,
        ("error: there is no environment 'STAGING' (environments/STAGING.yaml); did you mean 'staging'?\n"),
    ),
    (
        (),
        "seal staging --only redis",
        2,
        (
            "error: --only redis: no such secret or key; known are backend-secrets, backend-secrets/JWT_SECRET_KEY, backend-secrets/POSTGRES_DB_URI, backend-secrets/REDIS_URL, backend-secrets/SMTP_PASSWORD, postgres-secrets, postgres-secrets/postgres-password, postgres-secrets/postgres-user, redis-secrets, redis-secrets/redis-password\n"
        ),
    ),
    (
        (),
        "seal staging --only redis-secrets/password",
        2,
        ("error: --only redis-secrets/password: no such secret or key; did you mean 'redis-secrets/redis-password'?\n"),
    ),
    (
        (),
        "seal staging --rotate redis_pasword",
        2,
        ("error: staging has no value 'redis_pasword' to rotate; did you mean 'redis_password'?\n"),
    ),
    (
        (),
        "seal staging --rotate postgres_user",
        2,
        ("error: 'postgres_user' can't be rotated here: it is read (literal); change it there\n"),
    ),
    (
        (),
        "seal staging --rotate smtp_password",
        2,
        ("error: 'smtp_password' can't be rotated here: it is read (env); change it there\n"),
    ),
    (
        (),
        "seal staging --rotate redis_password --only backend-secrets",
        2,
        (
            "error: --only leaves out redis-secrets/redis-password, which is made of redis_password too; a new version must reach every key in one run\n"
        ),
    ),
    (
        (),
        "seal staging --rotate",
        2,
        ("error: Option '--rotate' requires an argument.\n"),
    ),
    (
        (),
        "seal ../staging",
        2,
        ("error: there is no environment '../staging' (environments/../staging.yaml); did you mean 'staging'?\n"),
    ),
    (
        (),
        "seal development",
        2,
        (
            "error: development is a plain environment: nothing of it is sealed\n"
            "Print its Secrets: sealgen render development\n"
        ),
    ),
    (
        (),
        "render staging",
        2,
        (
            "error: environments/staging.yaml:4:16: staging is not a plain environment: its Secrets are not printed\n"
            "Only 'backend: {kind: plain}' prints Secrets; this one is sealed: sealgen seal staging\n"
        ),
    ),
    (
        (),
        "render",
        2,
        ("error: Missing argument 'ENV'.\nTry 'sealgen render --help'.\n"),
    ),
    (
        (),
        "render lost",
        2,
        ("error: there is no environment 'lost' (environments/lost.yaml); known are development, staging\n"),
    ),
    (
        (),
        "check lost",
        2,
        ("error: there is no environment 'lost' (environments/lost.yaml); known are development, staging\n"),
    ),
    (
        (),
        "plan --nowait staging",
        2,
        (
            "error: no option '--nowait'; known are --accept-fingerprint-key, --all, --certificate-changed, --from-cluster, --help, --json, --no-color, --only, --quiet, --rotate, --shard, --verbose\n"
            "Try 'sealgen plan --help'.\n"
        ),
    ),
    (
        (),
        "cert shw",
        2,
        ("error: No such command 'shw'. Did you mean 'show'?\nTry 'sealgen cert --help'.\n"),
    ),
    (
        (),
        "completion tcsh",
        2,
        (
            "error: Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of 'bash', 'zsh', 'fish'.\n"
            "Try 'sealgen completion --help'.\n"
        ),
    ),
    (
        (),
        "schema more",
        2,
        ("error: Got unexpected extra argument (more)\nTry 'sealgen schema --help'.\n"),
    ),
    (
        (),
        "-C lost plan staging",
        2,
        ("error: Invalid value for '-C': Directory 'lost' does not exist.\nTry 'sealgen --help'.\n"),
    ),
    (
        (),
        "sael",
        2,
        ("error: no command 'sael'; did you mean 'seal'?\nTry 'sealgen --help'.\n"),
    ),
    (
        (),
        "--jsn",
        2,
        ("error: no option '--jsn'; did you mean '--json'?\nTry 'sealgen --help'.\n"),
    ),
    (
        (),
        "seal staging --accept-fingerprint-key --only redis-secrets",
        2,
        ("error: --accept-fingerprint-key is for all of an environment; leave --only out\n"),
    ),
    (
        (),
        "seal %",
        2,
        ("error: there is no environment '%' (environments/%.yaml); known are development, staging\n"),
    ),
    (
        (),
        "seal --rotate= staging",
        2,
        (
            "error: staging has no value '' to rotate; known are jwt_secret_key, postgres_password, postgres_user, redis_password, smtp_password\n"
        ),
    ),
    (
        (),
        "seal --only= staging",
        2,
        (
            "error: --only : no such secret or key; known are backend-secrets, backend-secrets/JWT_SECRET_KEY, backend-secrets/POSTGRES_DB_URI, backend-secrets/REDIS_URL, backend-secrets/SMTP_PASSWORD, postgres-secrets, postgres-secrets/postgres-password, postgres-secrets/postgres-user, redis-secrets, redis-secrets/redis-password\n"
        ),
    ),
    (
        (),
        "seal --only=/ staging",
        2,
        (
            "error: --only /: no such secret or key; known are backend-secrets, backend-secrets/JWT_SECRET_KEY, backend-secrets/POSTGRES_DB_URI, backend-secrets/REDIS_URL, backend-secrets/SMTP_PASSWORD, postgres-secrets, postgres-secrets/postgres-password, postgres-secrets/postgres-user, redis-secrets, redis-secrets/redis-password\n"
        ),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=range(1, len(ROWS) + 1))
def test_command_line_that_is_malformed_has_its_message_and_changes_nothing(row: Row, case: Case) -> None:
    case.refuses(row)
