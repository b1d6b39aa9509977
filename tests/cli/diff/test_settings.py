"""What an environment file says otherwise: who is trusted, what is run, how strong values are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.diff.history import (
    ENVIRONMENT,
    TEMPLATE,
    Case,
    also,
    change,
    commit,
    edit,
    git,
    is_told,
    other_certificate,
    seal,
)
from tests.support.project import Project, controller

if TYPE_CHECKING:
    from collections.abc import Callable


def other_pin(project: Project) -> None:
    other_certificate(project)
    project.change(backend=project.backend(fingerprint=controller("other").fingerprint))


def with_value(name: str, **fields: object) -> Callable[[Project], None]:
    """Return a change of the environment file: what a value is."""

    def act(project: Project) -> None:
        values = yaml.safe_load(project.read(ENVIRONMENT))["values"]
        project.change(values={**values, name: fields})

    return act


def split_into_base(project: Project) -> None:
    """Move the values into a file that the environment extends."""
    given = yaml.safe_load(project.read(ENVIRONMENT))
    project.write("environments/base.yaml", yaml.safe_dump({"values": given["values"]}, sort_keys=False))
    project.change(values=None, extends="base")


CASES: dict[str, Case] = {
    "an environment file split in two": ([split_into_base], [], 0),
    "another way to the cluster": (
        [change(cluster={"context": "staging"})],
        [
            "setting cluster: another way to reach it",
        ],
        0,
    ),
    "everything sealed for another cluster": (
        [
            other_pin,
            seal(
                "--rotate",
                "jwt_secret_key",
                "--rotate",
                "postgres_password",
                "--rotate",
                "redis_password",
                "--certificate-changed",
                "reseal",
            ),
        ],
        [
            "! certificate the pin is another key: PIN → OTHER",
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets POSTGRES_DB_URI value postgres_password 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "backend-secrets SMTP_PASSWORD re-encrypted PIN → OTHER",
            "postgres-secrets postgres-password value postgres_password 1 → 2 (TODAY)",
            "postgres-secrets postgres-user re-encrypted PIN → OTHER",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        11,
    ),
    "a pin that changed alone": (
        [lambda project: project.change(backend=project.backend(fingerprint=controller("other").fingerprint))],
        [
            "! certificate the pin is another key: PIN → OTHER",
        ],
        11,
    ),
    "an environment of another namespace": (
        [
            change(namespace="aura-qa"),
            seal("--rotate", "jwt_secret_key", "--rotate", "postgres_password", "--rotate", "redis_password"),
        ],
        [
            "! namespace the environment's: aura-staging → aura-qa",
            "! backend-secrets namespace aura-staging → aura-qa",
            "! postgres-secrets namespace aura-staging → aura-qa",
            "! redis-secrets namespace aura-staging → aura-qa",
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets POSTGRES_DB_URI value postgres_password 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "postgres-secrets postgres-password value postgres_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        11,
    ),
    "a Secret of another namespace": (
        [also("redis-secrets", namespace="cache"), seal("--rotate", "redis_password")],
        [
            "! redis-secrets namespace aura-staging → cache",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        11,
    ),
    "a scope that is narrower": (
        [
            lambda project: project.change(backend=project.backend(scope="namespace-wide")),
            seal("--rotate", "jwt_secret_key", "--rotate", "postgres_password", "--rotate", "redis_password"),
            lambda project: commit(project, "wide"),
            lambda project: project.change(backend=project.backend()),
            seal("--rotate", "jwt_secret_key", "--rotate", "postgres_password", "--rotate", "redis_password"),
        ],
        [
            "! scope the environment's: namespace-wide → strict",
            "backend-secrets scope namespace-wide → strict",
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 2 → 3 (TODAY)",
            "backend-secrets POSTGRES_DB_URI value postgres_password 2 → 3 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 2 → 3 (TODAY)",
            "postgres-secrets scope namespace-wide → strict",
            "postgres-secrets postgres-password value postgres_password 2 → 3 (TODAY)",
            "redis-secrets scope namespace-wide → strict",
            "redis-secrets redis-password value redis_password 2 → 3 (TODAY)",
        ],
        11,
    ),
    "another output folder": (
        [
            change(output="deploy/staging"),
            seal("--rotate", "jwt_secret_key", "--rotate", "postgres_password", "--rotate", "redis_password"),
        ],
        [
            "! setting output: k8s/overlays/staging → deploy/staging",
            (
                "! setting k8s/overlays/staging/ is no longer written to, "
                "and still holds backend-secrets, postgres-secrets, redis-secrets"
            ),
            "backend-secrets JWT_SECRET_KEY added made of jwt_secret_key",
            "backend-secrets POSTGRES_DB_URI added made of postgres_password, postgres_user",
            "backend-secrets REDIS_URL added made of redis_password",
            "backend-secrets SMTP_PASSWORD added made of smtp_password",
            "postgres-secrets postgres-password added made of postgres_password",
            "postgres-secrets postgres-user added made of postgres_user",
            "redis-secrets redis-password added made of redis_password",
        ],
        11,
    ),
    "a value that is a file's": (
        [with_value("smtp_password", file="secrets/smtp")],
        [
            "! source smtp_password: read (env SMTP_PASSWORD) → read (file secrets/smtp)",
        ],
        11,
    ),
    "another output folder, and the one before is gone": (
        [
            change(output="deploy/staging"),
            seal("--rotate", "jwt_secret_key", "--rotate", "postgres_password", "--rotate", "redis_password"),
            git("rm", "-rq", "k8s/overlays/staging"),
        ],
        [
            "! setting output: k8s/overlays/staging → deploy/staging",
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets POSTGRES_DB_URI value postgres_password 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "backend-secrets SMTP_PASSWORD re-encrypted in another folder",
            "postgres-secrets postgres-password value postgres_password 1 → 2 (TODAY)",
            "postgres-secrets postgres-user re-encrypted in another folder",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        11,
    ),
    "an environment that went, and left its manifests": (
        [git("rm", "-q", ENVIRONMENT)],
        [
            (
                "! setting k8s/overlays/staging/ is no longer written to, "
                "and still holds backend-secrets, postgres-secrets, redis-secrets"
            ),
            "removed the environment",
        ],
        11,
    ),
    "a value that is read from another variable": (
        [with_value("smtp_password", env="MAIL_PASSWORD")],
        ["! source smtp_password: env SMTP_PASSWORD → MAIL_PASSWORD"],
        11,
    ),
    "a command with other arguments": (
        [
            with_value("smtp_password", exec=["pass", "show", "smtp"]),
            lambda project: commit(project, "exec"),
            with_value("smtp_password", exec=["pass", "show", "root"]),
        ],
        ["! source smtp_password: exec pass show smtp → pass show root"],
        11,
    ),
    "a value whose previous version is kept": (
        [with_value("jwt_secret_key", generate="hex", bytes=32, keep_previous="JWT_PREVIOUS")],
        ["setting jwt_secret_key: keep_previous: + JWT_PREVIOUS"],
        0,
    ),
    "a value whose previous version is no longer kept": (
        [
            with_value("jwt_secret_key", generate="hex", bytes=32, keep_previous="JWT_PREVIOUS"),
            lambda project: commit(project, "kept"),
            with_value("jwt_secret_key", generate="hex", bytes=32),
        ],
        ["setting jwt_secret_key: keep_previous: - JWT_PREVIOUS"],
        0,
    ),
    "a value that is read back from the cluster": (
        [with_value("jwt_secret_key", generate="hex", bytes=32, recover="cluster")],
        ["! setting jwt_secret_key: recover: cluster, so that who seals reads it back from the live Secret"],
        11,
    ),
    "a new value that is read back from the cluster": (
        [with_value("new", generate="hex", bytes=32, recover="cluster", keep_previous="NEW_PREVIOUS")],
        [
            "! setting new: recover: cluster, so that who seals reads it back from the live Secret",
            "added the value new, made (generate)",
            "setting new: keep_previous: + NEW_PREVIOUS",
        ],
        11,
    ),
    "a value that is no longer read back": (
        [
            with_value("jwt_secret_key", generate="hex", bytes=32, recover="cluster"),
            lambda project: commit(project, "recover"),
            with_value("jwt_secret_key", generate="hex", bytes=32),
        ],
        ["setting jwt_secret_key: no longer read back from the cluster"],
        0,
    ),
    "a value that need not match": (
        [
            with_value("smtp_password", env="SMTP_PASSWORD", pattern="[a-z ]+", lint="error", max_length=64),
            lambda project: commit(project, "pattern"),
            with_value("smtp_password", env="SMTP_PASSWORD", max_length=32),
        ],
        ["! specification smtp_password: lint error → none, max_length 64 → 32, pattern [a-z ]+ → none: weaker"],
        11,
    ),
    "a value that may live for ever": (
        [
            with_value("jwt_secret_key", generate="hex", bytes=32, rotate_every="90d"),
            lambda project: commit(project, "90d"),
            with_value("jwt_secret_key", generate="hex", bytes=32),
        ],
        ["! specification jwt_secret_key: rotate_every 90 → none: weaker"],
        11,
    ),
    "another answer to a certificate that changed": (
        [lambda project: project.change(backend=project.backend(certificate_changed="reseal"))],
        ["setting certificate_changed: keep → reseal"],
        0,
    ),
    "a service account of another namespace": (
        [
            change(access={"reader": {"secrets": ["redis-secrets"], "subjects": [{"service_account": "a"}]}}),
            seal(),
            lambda project: commit(project, "reader"),
            change(
                access={
                    "reader": {"secrets": ["redis-secrets"], "subjects": [{"service_account": "a", "namespace": "b"}]}
                }
            ),
            seal(),
        ],
        ["! access reader: ServiceAccount b/a may get redis-secrets"],
        11,
    ),
    "a value that is a literal now": (
        [with_value("jwt_secret_key", literal="of everybody")],
        [
            "! specification jwt_secret_key: bytes 32 → none, generate hex → none: weaker",
            "source jwt_secret_key: made (generate) → read (literal)",
        ],
        11,
    ),
    "a value that may grow older": (
        [
            with_value("jwt_secret_key", generate="hex", bytes=32, rotate_every="90d"),
            lambda project: commit(project, "90d"),
            with_value("jwt_secret_key", generate="hex", bytes=32, rotate_every="1y"),
        ],
        [
            "! specification jwt_secret_key: rotate_every 90 → 365: weaker",
        ],
        11,
    ),
    "a value that may be shorter": (
        [
            with_value("smtp_password", env="SMTP_PASSWORD", min_length=12),
            lambda project: commit(project, "12"),
            with_value("smtp_password", env="SMTP_PASSWORD", min_length=8),
        ],
        [
            "! specification smtp_password: min_length 12 → 8: weaker",
        ],
        11,
    ),
    "an environment that refuses less": (
        [change(lint="error"), lambda project: commit(project, "error"), change(lint="warn")],
        [
            "! setting lint: error → warn",
        ],
        11,
    ),
    "an environment that is plain now": (
        [lambda project: project.change(backend={"kind": "plain"})],
        [
            "! setting backend.kind: sealed-secrets → plain",
        ],
        11,
    ),
    "a check that is silenced": (
        [
            lambda project: project.write(
                ENVIRONMENT, b"# sealgen: ignore[out-of-date, pin-mismatch] it is fine\n" + project.read(ENVIRONMENT)
            )
        ],
        ["! setting the check out-of-date, pin-mismatch is silenced: it is fine"],
        11,
    ),
    "a check that is silenced in a template": (
        [edit(TEMPLATE, "stringData:\n", "stringData:\n  {# sealgen: ignore[uri-unescaped] #}\n")],
        ["! setting the check uri-unescaped is silenced: for no reason"],
        11,
    ),
    "a check that is silenced no more": (
        [
            edit(TEMPLATE, "stringData:\n", "stringData:  # sealgen: ignore[uri-unescaped] legacy\n"),
            lambda project: commit(project, "silenced"),
            edit(TEMPLATE, "  # sealgen: ignore[uri-unescaped] legacy", ""),
        ],
        [],
        0,
    ),
    "a right that went": (
        [
            change(access={"reader": {"secrets": ["redis-secrets"], "subjects": [{"user": "eve"}]}}),
            seal(),
            lambda project: commit(project, "eve"),
            change(access=None),
            seal(),
        ],
        [
            "access reader is gone",
        ],
        0,
    ),
    "an output outside of the project": (
        [change(output="../elsewhere")],
        ["!! unreadable output: '../elsewhere' must be a path below the project's root"],
        11,
    ),
    "a scope that is wider": (
        [
            lambda project: project.change(backend=project.backend(scope="cluster-wide")),
            seal("--rotate", "jwt_secret_key", "--rotate", "postgres_password", "--rotate", "redis_password"),
        ],
        [
            "! scope the environment's: strict → cluster-wide",
            "! backend-secrets scope strict → cluster-wide: opens in more places",
            "! postgres-secrets scope strict → cluster-wide: opens in more places",
            "! redis-secrets scope strict → cluster-wide: opens in more places",
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets POSTGRES_DB_URI value postgres_password 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "postgres-secrets postgres-password value postgres_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        11,
    ),
    "a certificate's file that is another": (
        [other_certificate],
        ["! certificate the certificate's file is another; the pin says whether its key is"],
        11,
    ),
    "a pin that is another": (
        [other_pin],
        ["! certificate the pin is another key: PIN → OTHER"],
        11,
    ),
    "a new source that runs a program": (
        [
            edit(ENVIRONMENT, "  smtp_password:\n", "  evil:\n    exec: [cat, /etc/passwd]\n  smtp_password:\n"),
        ],
        ["! added the value evil, read (exec cat /etc/passwd)"],
        11,
    ),
    "a value that runs a program now": (
        [edit(ENVIRONMENT, "    env: SMTP_PASSWORD", "    exec: [cat, /etc/passwd]")],
        ["! source smtp_password: read (env SMTP_PASSWORD) → read (exec cat /etc/passwd)"],
        11,
    ),
    "a value that is made weaker": (
        [edit(ENVIRONMENT, "    generate: hex\n    bytes: 32", "    generate: hex\n    bytes: 16")],
        ["! specification jwt_secret_key: bytes 32 → 16: weaker"],
        11,
    ),
    "a value that is made stronger": (
        [edit(ENVIRONMENT, "    generate: hex\n    bytes: 32", "    generate: hex\n    bytes: 48")],
        ["specification jwt_secret_key: bytes 32 → 48"],
        0,
    ),
    "somebody else who may read": (
        [change(access={"reader": {"secrets": ["redis-secrets"], "subjects": [{"user": "eve"}]}}), seal()],
        ["! access reader: User eve may get redis-secrets"],
        11,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_told_for_what_it_is(case: Case, project: Project) -> None:
    is_told(case, project)
