"""What a sealed diff means: histories of real repositories, and the exact words for each."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.project import FINGERPRINT_KEY, SMTP_PASSWORD, Project, aura, controller

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BACKEND = "k8s/overlays/staging/backend-secrets.yaml"
POSTGRES = "k8s/overlays/staging/postgres-secrets.yaml"
LOCK = "environments/staging.lock"
TEMPLATE = "templates/backend-secrets.yaml.j2"
ENVIRONMENT = "environments/staging.yaml"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return Aura's project, sealed and committed."""
    project = aura(tmp_path_factory.mktemp("origin") / "project")
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "-q")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    commit(project, "first")
    return project


@pytest.fixture
def project(origin: Project, tmp_path: Path) -> Project:
    """Return a copy of it."""
    shutil.copytree(origin.root, tmp_path / "project")
    return Project(tmp_path / "project", origin.controller)


def commit(project: Project, message: str) -> None:
    project.git("add", "-A")
    project.git("commit", "-q", "-m", message)


def seal(*arguments: str) -> Callable[[Project], None]:
    def act(project: Project) -> None:
        assert project.run("seal", "staging", "-q", *arguments).code == 0

    return act


def edit(path: str, old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.edit(path, old, new)


def change(**fields: object) -> Callable[[Project], None]:
    return lambda project: project.change(**fields)


def line_of(project: Project, path: str, key: str) -> str:
    """Return the line of a key in a manifest."""
    return next(line for line in project.read(path).decode().splitlines() if line.strip().startswith(f"{key}:"))


def swap(project: Project) -> None:
    """Exchange two ciphertexts of a manifest."""
    one, other = (line_of(project, BACKEND, key).split(": ") for key in ("JWT_SECRET_KEY", "REDIS_URL"))
    text = project.read(BACKEND).decode()
    text = text.replace(": ".join(one), f"{one[0]}: @").replace(": ".join(other), f"{other[0]}: {one[1]}")
    project.write(BACKEND, text.replace("@", other[1]))


def replace_ciphertext(project: Project, key: str, text: str) -> None:
    line = line_of(project, BACKEND, key)
    project.edit(BACKEND, line, f"{line.partition(':')[0]}: {text}")


def move_between_secrets(project: Project) -> None:
    text = line_of(project, POSTGRES, "postgres-password").partition(": ")[2]
    replace_ciphertext(project, "JWT_SECRET_KEY", text)


def forge_both(project: Project) -> None:
    """Put another ciphertext into the manifest, and its digest into the lock."""
    import hashlib  # noqa: PLC0415

    old = line_of(project, BACKEND, "JWT_SECRET_KEY").partition(": ")[2]
    new = old[:-8] + "AAAAAAA="
    project.edit(BACKEND, old, new)
    before, after = (hashlib.sha256(text.encode()).hexdigest() for text in (old, new))
    project.edit(LOCK, before, after)


def edit_lock_alone(project: Project) -> None:
    line = next(line for line in project.read(LOCK).decode().splitlines() if '"key":"JWT_SECRET_KEY"' in line)
    project.edit(LOCK, line, re.sub('"jwt_secret_key":"[^"]*"', '"jwt_secret_key":"7-00000000"', line))


def remove_line(path: str, key: str) -> Callable[[Project], None]:
    return lambda project: project.edit(path, line_of(project, path, key) + "\n", "")


def other_certificate(project: Project) -> None:
    project.write("environments/certificates/controller.pem", controller("other").certificate)


def other_pin(project: Project) -> None:
    other_certificate(project)
    project.change(backend=project.backend(fingerprint=controller("other").fingerprint))


def also(path: str, **fields: object) -> Callable[[Project], None]:
    """Return a change of the environment file: these fields for one of its secrets."""
    names = ("backend-secrets", "postgres-secrets", "redis-secrets")
    return change(secrets=[{"name": name, **(fields if name == path else {})} for name in names])


def with_value(name: str, **fields: object) -> Callable[[Project], None]:
    """Return a change of the environment file: what a value is."""

    def act(project: Project) -> None:
        values = yaml.safe_load(project.read(ENVIRONMENT))["values"]
        project.change(values={**values, name: fields})

    return act


def git(*arguments: str) -> Callable[[Project], None]:
    def act(project: Project) -> None:
        project.git(*arguments)

    return act


def branches(how: str) -> Callable[[Project], None]:
    """Return what rotates two values on two branches, and brings the branches together."""

    def act(project: Project) -> None:
        assert project.run("git-setup", "-q").code == 0
        commit(project, "set up")
        project.git("checkout", "-q", "-b", "side")
        seal("--rotate", "redis_password")(project)
        commit(project, "side")
        project.git("checkout", "-q", "main")
        seal("--rotate", "jwt_secret_key")(project)
        commit(project, "main")
        project.git(*how.split())
        project.git("reset", "-q", "--soft", "start")

    return act


def in_windows(project: Project) -> None:
    """Write every file as a checkout with core.autocrlf does."""
    for path, content in project.contents().items():
        project.write(path, content.replace(b"\n", b"\r\n"))


def split_into_base(project: Project) -> None:
    """Move the values into a file that the environment extends."""
    given = yaml.safe_load(project.read(ENVIRONMENT))
    project.write("environments/base.yaml", yaml.safe_dump({"values": given["values"]}, sort_keys=False))
    project.change(values=None, extends="base")


def older_manifest(project: Project) -> None:
    """Put the manifest of before a rotation beside the lock of after it."""
    before = project.read(BACKEND)
    seal("--rotate", "jwt_secret_key")(project)
    project.write(BACKEND, before)


def undone(project: Project) -> None:
    """Commit a rotation as what everybody starts from, and undo it."""
    before = {path: project.read(path) for path in (BACKEND, LOCK)}
    seal("--rotate", "jwt_secret_key")(project)
    commit(project, "rotated")
    for path, content in before.items():
        project.write(path, content)


def _sealed_with(project: Project, smtp_password: str) -> None:
    assert project.run("seal", "staging", "-q", env={"SMTP_PASSWORD": smtp_password}).code == 0


def renamed_key(project: Project) -> None:
    project.edit(BACKEND, "    JWT_SECRET_KEY: ", "    JWT_KEY: ")


# What is done, one step after another; what the table says of it, without its head; and the exit code.
CASES: dict[str, tuple[list[Callable[[Project], None]], list[str], int]] = {
    # Explained.
    "a value that was rotated": (
        [seal("--rotate", "jwt_secret_key")],
        ["backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)"],
        0,
    ),
    "a value that two Secrets hold": (
        [seal("--rotate", "redis_password")],
        [
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "a recipe that changed": (
        [
            edit(TEMPLATE, "redis:6379/0", "redis:6379/1"),
            seal("--rotate", "redis_password", "--rotate", "jwt_secret_key"),
        ],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            (
                "backend-secrets REDIS_URL recipe redis://:«redis_password|urlquote»@redis:6379/0 → "
                "redis://:«redis_password|urlquote»@redis:6379/1"
            ),
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "a key that was added": (
        [edit(TEMPLATE, "stringData:\n", "stringData:\n  HOST: 'db-{{ values.postgres_user }}'\n"), seal()],
        ["backend-secrets HOST added db-«postgres_user»"],
        0,
    ),
    "a key that was removed": (
        [edit(TEMPLATE, "  SMTP_PASSWORD: '{{ values.smtp_password }}'\n", ""), seal()],
        ["backend-secrets SMTP_PASSWORD removed"],
        0,
    ),
    "a Secret that was removed": (
        [change(secrets=["backend-secrets", "postgres-secrets"]), seal()],
        ["redis-secrets redis-password removed"],
        0,
    ),
    "a label that changed": (
        [edit(TEMPLATE, "app: backend", "app: frontend"), seal()],
        ["backend-secrets metadata labels.app: backend → frontend"],
        0,
    ),
    "a manifest with another line end": (
        [lambda project: project.write(BACKEND, project.read(BACKEND).replace(b"\n", b"\r\n"))],
        [],
        0,
    ),
    "a template that changes nothing": ([edit(TEMPLATE, "type: Opaque", "type: Opaque  # as ever")], [], 0),
    "a value that was rotated twice": (
        [seal("--rotate", "jwt_secret_key"), seal("--rotate", "jwt_secret_key")],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 3 (TODAY)",
        ],
        0,
    ),
    "a key that was renamed": (
        [edit(TEMPLATE, "JWT_SECRET_KEY:", "JWT_KEY:"), seal("--rotate", "jwt_secret_key")],
        [
            "backend-secrets JWT_KEY added «jwt_secret_key»",
            "backend-secrets JWT_SECRET_KEY removed",
        ],
        0,
    ),
    "a Secret that was renamed": (
        [
            change(secrets=["backend-secrets", "postgres-secrets", {"name": "cache", "template": "redis-secrets"}]),
            seal("--rotate", "redis_password"),
        ],
        [
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "cache redis-password added «redis_password»",
            "redis-secrets redis-password removed",
        ],
        0,
    ),
    "a Secret that was added": (
        [
            lambda project: project.template("more", {"user": "{{ values.postgres_user }}"}),
            change(secrets=["backend-secrets", "postgres-secrets", "redis-secrets", "more"]),
            seal(),
        ],
        [
            "more user added «postgres_user»",
        ],
        0,
    ),
    "a file that was renamed": ([also("redis-secrets", filename="cache.yaml"), seal()], [], 0),
    "a template that was renamed": (
        [
            git("mv", "templates/redis-secrets.yaml.j2", "templates/cache.yaml.j2"),
            also("redis-secrets", template="cache"),
            seal(),
        ],
        [],
        0,
    ),
    "a key that moved to another Secret": (
        [
            edit(
                "templates/postgres-secrets.yaml.j2",
                "stringData:\n",
                "stringData:\n  redis-password: '{{ values.redis_password }}'\n",
            ),
            change(secrets=["backend-secrets", "postgres-secrets"]),
            seal("--rotate", "redis_password"),
        ],
        [
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "postgres-secrets redis-password added «redis_password»",
            "redis-secrets redis-password removed",
        ],
        0,
    ),
    "a value that was renamed": (
        [
            lambda project: project.write(
                ENVIRONMENT, project.read(ENVIRONMENT).replace(b"jwt_secret_key", b"jwt_key")
            ),
            edit(TEMPLATE, "values.jwt_secret_key", "values.jwt_key"),
            seal(),
        ],
        [
            "added the value jwt_key, made (generate)",
            "removed the value jwt_secret_key",
            "backend-secrets JWT_SECRET_KEY recipe «jwt_secret_key» → «jwt_key»",
        ],
        0,
    ),
    "another filter": (
        [
            edit(TEMPLATE, "{{ values.jwt_secret_key }}", "{{ values.jwt_secret_key | upper }}"),
            seal("--rotate", "jwt_secret_key"),
        ],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets JWT_SECRET_KEY recipe «jwt_secret_key» → «jwt_secret_key|upper»",
        ],
        0,
    ),
    "another variable": (
        [edit(ENVIRONMENT, "postgres_host: postgres", "postgres_host: db"), seal("--rotate", "postgres_password")],
        [
            "backend-secrets POSTGRES_DB_URI value postgres_password 1 → 2 (TODAY)",
            (
                "backend-secrets POSTGRES_DB_URI recipe "
                "postgresql://«postgres_user|urlquote»:«postgres_password|urlquote»@postgres:5432/aura_db → "
                "postgresql://«postgres_user|urlquote»:«postgres_password|urlquote»@db:5432/aura_db"
            ),
            "postgres-secrets postgres-password value postgres_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "another literal": (
        [edit(ENVIRONMENT, "literal: aura", "literal: other"), seal("--rotate", "postgres_password")],
        [
            "source postgres_user: another literal",
            "backend-secrets POSTGRES_DB_URI value postgres_password 1 → 2 (TODAY), postgres_user",
            "postgres-secrets postgres-password value postgres_password 1 → 2 (TODAY)",
            "postgres-secrets postgres-user value postgres_user",
        ],
        0,
    ),
    "a value that is read and changed": (
        [lambda project: _sealed_with(project, "another one")],
        [
            "backend-secrets SMTP_PASSWORD value smtp_password",
        ],
        0,
    ),
    "an annotation in a template": (
        [edit(TEMPLATE, "  labels:\n", "  annotations: {team: backend}\n  labels:\n"), seal()],
        [
            "backend-secrets metadata annotations.team: + backend",
        ],
        0,
    ),
    "a label that went": (
        [edit(TEMPLATE, "  labels:\n    app: backend\n", "  labels: {}\n"), seal()],
        [
            "backend-secrets metadata labels.app: - backend",
        ],
        0,
    ),
    "another type": (
        [edit(TEMPLATE, "type: Opaque", "type: example.org/backend"), seal()],
        [
            "backend-secrets metadata type: Opaque → example.org/backend",
        ],
        0,
    ),
    "a Secret that is immutable": (
        [edit(TEMPLATE, "type: Opaque", "type: Opaque\nimmutable: true"), seal()],
        [
            "backend-secrets metadata immutable: + true",
        ],
        0,
    ),
    "a checkout in Windows": ([in_windows], [], 0),
    "an environment file split in two": ([split_into_base], [], 0),
    "a kustomization that changed alone": (
        [edit("k8s/overlays/staging/kustomization.yaml", "- redis-secrets.yaml\n", "")],
        [],
        0,
    ),
    "another way to the cluster": (
        [change(cluster={"context": "staging"})],
        [
            "setting cluster: another way to reach it",
        ],
        0,
    ),
    "two branches that were merged": (
        [git("tag", "start"), branches("merge -q --no-edit side")],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "two branches, one rebased on the other": (
        [git("tag", "start"), branches("rebase -q side")],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "a commit that was picked": (
        [git("tag", "start"), branches("cherry-pick side")],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "a rotation that was undone": (
        [undone],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 2 → 1 (an earlier version again)",
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
    # Not explained.
    "a manifest that went alone": (
        [lambda project: (project.root / BACKEND).unlink()],
        [
            "!! backend-secrets JWT_SECRET_KEY unexplained gone from the manifest, but not from the lock",
            "!! backend-secrets POSTGRES_DB_URI unexplained gone from the manifest, but not from the lock",
            "!! backend-secrets REDIS_URL unexplained gone from the manifest, but not from the lock",
            "!! backend-secrets SMTP_PASSWORD unexplained gone from the manifest, but not from the lock",
        ],
        11,
    ),
    "a lock that went alone": (
        [lambda project: (project.root / LOCK).unlink()],
        [
            "!! backend-secrets JWT_SECRET_KEY unexplained gone from the lock, and no manifest changed with it",
            "!! backend-secrets POSTGRES_DB_URI unexplained gone from the lock, and no manifest changed with it",
            "!! backend-secrets REDIS_URL unexplained gone from the lock, and no manifest changed with it",
            "!! backend-secrets SMTP_PASSWORD unexplained gone from the lock, and no manifest changed with it",
            "!! postgres-secrets postgres-password unexplained gone from the lock, and no manifest changed with it",
            "!! postgres-secrets postgres-user unexplained gone from the lock, and no manifest changed with it",
            "!! redis-secrets redis-password unexplained gone from the lock, and no manifest changed with it",
        ],
        11,
    ),
    "a lock that is none": (
        [edit(LOCK, '{"sealgen":"lock","format":1', '{"sealgen":"lock","format":9')],
        [
            "!! unreadable the lock has format 9, and this sealgen knows 1; update sealgen",
            "!! backend-secrets JWT_SECRET_KEY unexplained gone from the lock, and no manifest changed with it",
            "!! backend-secrets POSTGRES_DB_URI unexplained gone from the lock, and no manifest changed with it",
            "!! backend-secrets REDIS_URL unexplained gone from the lock, and no manifest changed with it",
            "!! backend-secrets SMTP_PASSWORD unexplained gone from the lock, and no manifest changed with it",
            "!! postgres-secrets postgres-password unexplained gone from the lock, and no manifest changed with it",
            "!! postgres-secrets postgres-user unexplained gone from the lock, and no manifest changed with it",
            "!! redis-secrets redis-password unexplained gone from the lock, and no manifest changed with it",
        ],
        11,
    ),
    "a manifest of before a rotation": (
        [older_manifest],
        [
            (
                "!! backend-secrets JWT_SECRET_KEY unexplained "
                "the lock says that it changed, and no manifest changed with it"
            )
        ],
        11,
    ),
    "a key that was renamed by hand": (
        [renamed_key],
        [
            "!! backend-secrets JWT_KEY unexplained holds the ciphertext of backend-secrets/JWT_SECRET_KEY",
            "!! backend-secrets JWT_SECRET_KEY unexplained gone from the manifest, but not from the lock",
        ],
        11,
    ),
    "a manifest that moved to another namespace": (
        [lambda project: project.write(BACKEND, project.read(BACKEND).replace(b"aura-staging", b"aura-production"))],
        [
            "!! backend-secrets unexplained is strict in aura-production, but the lock says strict in aura-staging",
            "! backend-secrets namespace aura-staging → aura-production",
        ],
        11,
    ),
    "a scope that is wider in object and template": (
        [
            lambda project: project.write(
                BACKEND,
                project.read(BACKEND)
                .replace(
                    b"metadata:\n",
                    b"metadata:\n  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: 'true'\n",
                    1,
                )
                .replace(
                    b"    metadata:\n",
                    b"    metadata:\n      annotations:\n        sealedsecrets.bitnami.com/cluster-wide: 'true'\n",
                    1,
                ),
            )
        ],
        [
            "!! backend-secrets unexplained is cluster-wide in aura-staging, but the lock says strict in aura-staging",
            "! backend-secrets scope strict → cluster-wide: opens in more places",
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
            "! source smtp_password: read (env) → read (file)",
        ],
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
            "! setting backend.kind changed",
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
    "an owner that the controller does not set": (
        [
            edit(
                BACKEND,
                "    metadata:\n      labels:",
                "    metadata:\n      annotations:\n"
                '        sealedsecrets.bitnami.com/skip-set-owner-references: "true"\n      labels:',
            )
        ],
        [
            "! backend-secrets metadata annotations.sealedsecrets.bitnami.com/skip-set-owner-references: + true",
        ],
        11,
    ),
    "two ciphertexts that changed places": (
        [swap],
        [
            "!! backend-secrets JWT_SECRET_KEY unexplained holds the ciphertext of backend-secrets/REDIS_URL",
            "!! backend-secrets REDIS_URL unexplained holds the ciphertext of backend-secrets/JWT_SECRET_KEY",
        ],
        11,
    ),
    "a ciphertext that came from another Secret": (
        [move_between_secrets],
        ["!! backend-secrets JWT_SECRET_KEY unexplained holds the ciphertext of postgres-secrets/postgres-password"],
        11,
    ),
    "a ciphertext that another tool made": (
        [lambda project: replace_ciphertext(project, "JWT_SECRET_KEY", "AgBnew")],
        [
            (
                "!! backend-secrets JWT_SECRET_KEY unexplained "
                "the lock does not know this ciphertext: made by hand, or by another tool"
            )
        ],
        11,
    ),
    "a ciphertext and a lock that were changed together": (
        [forge_both],
        [
            (
                "!! backend-secrets JWT_SECRET_KEY unexplained "
                "sealed again with the same versions, recipe and certificate: nothing says why"
            )
        ],
        11,
    ),
    "a lock that was changed alone": (
        [edit_lock_alone],
        [
            (
                "!! backend-secrets JWT_SECRET_KEY unexplained "
                "the lock says that it changed, and no manifest changed with it"
            )
        ],
        11,
    ),
    "a key that went from the manifest alone": (
        [remove_line(BACKEND, "REDIS_URL")],
        ["!! backend-secrets REDIS_URL unexplained gone from the manifest, but not from the lock"],
        11,
    ),
    "a key that was added by hand": (
        [edit(BACKEND, "  encryptedData:\n", "  encryptedData:\n    EXTRA: AgBextra\n")],
        [
            (
                "!! backend-secrets EXTRA unexplained "
                "the lock does not know this ciphertext: made by hand, or by another tool"
            )
        ],
        11,
    ),
    "a SealedSecret that nobody knows": (
        [
            lambda project: project.write(
                "k8s/overlays/staging/evil.yaml", project.read(POSTGRES).replace(b"postgres-secrets", b"evil")
            )
        ],
        [
            "!! evil unexplained a SealedSecret that the lock does not know",
            "!! evil postgres-password unexplained holds the ciphertext of postgres-secrets/postgres-password",
            "!! evil postgres-user unexplained holds the ciphertext of postgres-secrets/postgres-user",
        ],
        11,
    ),
    "a scope that the object and its template tell differently": (
        [
            edit(
                BACKEND,
                "  name: backend-secrets\n  namespace: aura-staging\nspec:",
                '  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: "true"\n'
                "  name: backend-secrets\n  namespace: aura-staging\nspec:",
            )
        ],
        [
            "!! backend-secrets unexplained opens with the scope cluster-wide, but says strict",
            "! backend-secrets scope strict → cluster-wide: opens in more places",
        ],
        11,
    ),
    "a manifest that is no YAML": (
        [lambda project: project.write(BACKEND, b"kind: SealedSecret\n\t")],
        ["!! unreadable not YAML: found a tab character that violates indentation"],
        11,
    ),
    "a template that shows a secret in a label": (
        [edit(TEMPLATE, "app: backend", "app: '{{ values.postgres_user }}'")],
        [
            (
                "!! unreadable metadata.labels.app would hold a secret in clear (postgres_user); "
                "secrets go into data or stringData only"
            )
        ],
        11,
    ),
    "an output outside of the project": (
        [change(output="../elsewhere")],
        ["!! unreadable output: '../elsewhere' must be a path below the project's root", "removed the environment"],
        11,
    ),
    # Explained, and not to be missed.
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
        ["! added the value evil, read (exec)"],
        11,
    ),
    "a value that runs a program now": (
        [edit(ENVIRONMENT, "    env: SMTP_PASSWORD", "    exec: [cat, /etc/passwd]")],
        ["! source smtp_password: read (env) → read (exec)"],
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
    "a controller's annotation": (
        [
            edit(
                BACKEND,
                "    metadata:\n      labels:",
                '    metadata:\n      annotations:\n        sealedsecrets.bitnami.com/managed: "true"\n      labels:',
            )
        ],
        ["! backend-secrets metadata annotations.sealedsecrets.bitnami.com/managed: + true"],
        11,
    ),
    "a template that the controller runs": (
        [edit(BACKEND, "  template:\n", "  template:\n    data:\n      X: '{{ .JWT_SECRET_KEY }}'\n")],
        ["! backend-secrets metadata data.X: + {{ .JWT_SECRET_KEY }}"],
        11,
    ),
}


def rows(text: str) -> list[str]:
    """Return the rows of the tables, each with single spaces."""
    lines = [line for line in text.splitlines() if line.startswith("  ") and not line.strip().startswith("SECRET")]
    return [" ".join(line.split()) for line in lines]


def normal(text: str, project: Project) -> str:
    text = re.sub(r"\(\d{4}-\d\d-\d\d\)", "(TODAY)", text)
    return text.replace(project.controller.fingerprint, "PIN").replace(controller("other").fingerprint, "OTHER")


@pytest.mark.parametrize(("steps", "expected", "code"), CASES.values(), ids=CASES)
def test_a_change_is_told_for_what_it_is(
    steps: list[Callable[[Project], None]], expected: list[str], code: int, project: Project
) -> None:
    for step in steps:
        step(project)
    told = project.run("diff")
    assert told.err == ""
    assert rows(normal(told.out, project)) == expected
    assert told.code == code
    commit(project, "second")
    between = project.run("diff", "HEAD~..HEAD")
    assert (between.code, between.out) == (told.code, told.out)
    assert project.run("diff") == (0, "nothing sealed changed\n", "")
    for format_ in ("json", "markdown", "github", "sarif", "gitlab"):
        shown = project.run("diff", "HEAD~..HEAD", "--format", format_)
        assert shown.code == code
        for secret in (SMTP_PASSWORD, FINGERPRINT_KEY):
            assert secret not in shown.out


# What an adversary's pull request does, by the case above, and the checks that find it too.
ADVERSARY = {
    "two ciphertexts that changed places": {"out-of-date"},
    "a ciphertext that came from another Secret": {"out-of-date", "ciphertext-twice"},
    "a ciphertext that another tool made": {"out-of-date", "ciphertext-shape"},
    "a lock that was changed alone": {"out-of-date"},
    "a key that was added by hand": {"out-of-date", "ciphertext-shape"},
    "a key that was renamed by hand": {"out-of-date"},
    "a SealedSecret that nobody knows": {"manifest-unknown"},
    "a scope that the object and its template tell differently": {"scope-mismatch"},
    "a scope that is wider in object and template": {"out-of-date"},
    "a manifest that moved to another namespace": {"out-of-date"},
    "a manifest of before a rotation": {"out-of-date"},
    "a certificate's file that is another": {"pin-mismatch"},
    "a pin that changed alone": {"pin-mismatch", "certificate-superseded"},
    "a controller's annotation": {"out-of-date", "controller-annotation"},
    "an owner that the controller does not set": {"out-of-date", "controller-annotation"},
    "a template that the controller runs": {"out-of-date", "controller-template"},
    "a kustomization that changed alone": {"out-of-date"},
    # Of these check says nothing: they are what the pull request itself says is wanted, or forged as a whole.
    "a ciphertext and a lock that were changed together": set(),
    "a pin that is another": {"certificate-superseded"},
    "a new source that runs a program": set(),
}


@pytest.mark.parametrize(("case", "ids"), ADVERSARY.items(), ids=ADVERSARY)
def test_what_an_adversary_does_is_found_by_check_or_by_diff(case: str, ids: set[str], project: Project) -> None:
    steps, _, code = CASES[case]
    for step in steps:
        step(project)
    told = project.run("check", "staging", "--json", env={"SEALGEN_FINGERPRINT_KEY": None, "SMTP_PASSWORD": None})
    assert {finding["id"] for finding in told.document["results"][0]["findings"]} == ids
    assert 11 in (told.code, code)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("a template that shows a secret in a label", "metadata.labels.app would hold a secret in clear"),
        ("an output outside of the project", "output: '../elsewhere' must be a path below the project's root"),
        ("a manifest that is no YAML", "not YAML: found a tab character that violates indentation"),
        ("a lock that is none", "the lock has format 9, and this sealgen knows 1; update sealgen"),
    ],
)
def test_what_can_not_be_right_is_refused_by_check(case: str, message: str, project: Project) -> None:
    for step in CASES[case][0]:
        step(project)
    told = project.run("check", "staging")
    assert told.code == 2
    assert message in told.err


def test_a_shallow_clone_is_compared_as_far_as_it_goes(project: Project, tmp_path: Path) -> None:
    seal("--rotate", "jwt_secret_key")(project)
    commit(project, "second")
    seal("--rotate", "redis_password")(project)
    commit(project, "third")
    project.git("clone", "-q", "--depth", "2", f"file://{project.root}", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", project.controller)
    assert clone.run("diff", "HEAD~..HEAD") == project.run("diff", "HEAD~..HEAD")
    assert clone.run("diff", "HEAD~2") == (
        2,
        "",
        "error: 'HEAD~2' is neither a commit that Git knows nor a file that is there\n",
    )


def test_the_whole_text(project: Project) -> None:
    seal("--rotate", "jwt_secret_key")(project)
    swapped = line_of(project, BACKEND, "SMTP_PASSWORD").partition(": ")[2]
    replace_ciphertext(project, "REDIS_URL", swapped)
    assert normal(project.run("diff").out, project) == (
        "staging\n"
        "      SECRET           KEY             CHANGE       DETAIL\n"
        "  !!  backend-secrets  REDIS_URL       unexplained  holds the ciphertext of backend-secrets/SMTP_PASSWORD\n"
        "      backend-secrets  JWT_SECRET_KEY  value        jwt_secret_key 1 → 2 (TODAY)\n"
        "staging: 2 changes, 1 finding\n"
    )


def test_a_diff_can_be_limited_to_files_and_folders(project: Project) -> None:
    seal("--rotate", "redis_password")(project)
    for path in (BACKEND, "k8s/overlays"):
        assert "REDIS_URL" in project.run("diff", path).out
    assert project.run("diff", POSTGRES) == (0, "nothing sealed changed\n", "")
    assert "REDIS_URL" in project.run("diff", "HEAD", BACKEND).out


def test_a_pull_request_starts_where_its_branch_did(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")
    seal("--rotate", "jwt_secret_key")(project)
    commit(project, "feature")
    project.git("checkout", "-q", "main")
    seal("--rotate", "postgres_password")(project)
    commit(project, "main goes on")
    project.git("checkout", "-q", "feature")
    expected = ["backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)"]
    for arguments in (("--merge-base", "main"), ("main...feature",), ("main...",)):
        assert rows(normal(project.run("diff", *arguments).out, project)) == expected
    # What main has beyond that goes the other way.
    assert len(rows(project.run("diff", "main..feature").out)) == 3


def test_a_new_environment_and_one_that_went(project: Project) -> None:
    project.write("environments/production.yaml", project.read(ENVIRONMENT).replace(b"staging", b"production"))
    assert project.run("seal", "production", "-q") == (0, "", "")
    told = project.run("diff").out
    assert told.startswith("production (production)\n")
    assert rows(told)[0] == "added the environment"
    assert len(rows(told)) == 8
    commit(project, "second")
    for path in ("environments/production.yaml", "environments/production.lock"):
        project.git("rm", "-q", path)
    project.git("rm", "-rq", "k8s/overlays/production")
    told = project.run("diff").out
    assert rows(told)[0] == "removed the environment"
    assert len(rows(told)) == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "'nothing' is neither a commit that Git knows nor a file that is there"),
        (("a..b",), "Git knows no commit 'a'\nSee: git log --oneline --all"),
        (("HEAD..b",), "Git knows no commit 'b'\nSee: git log --oneline --all"),
        (("--merge-base", "b"), "Git knows no commit 'b'\nSee: git log --oneline --all"),
        (("--merge-base", "--all"), "Git knows no commit '--all'\nSee: git log --oneline --all"),
    ],
)
def test_what_is_no_commit_is_refused(arguments: tuple[str, ...], message: str, project: Project) -> None:
    assert project.run("diff", *arguments) == (2, "", f"error: {message}\n")


def test_branches_with_nothing_in_common_are_refused(project: Project) -> None:
    project.git("checkout", "-q", "--orphan", "other")
    commit(project, "other")
    assert project.run("diff", "main...other") == (
        2,
        "",
        (
            "error: 'main' and 'other' have no commit in common\n"
            "In a shallow clone, fetch more of the history: git fetch --unshallow\n"
        ),
    )


def test_outside_of_git_there_is_no_past(tmp_path: Path) -> None:
    project = aura(tmp_path)
    assert project.run("diff") == (
        2,
        "",
        f"error: {tmp_path} is in no work tree of Git\nA diff needs a past: git init\n",
    )


def test_a_link_in_a_commit_is_not_followed(project: Project) -> None:
    project.write("secret", "app: s3cr3t")
    (project.root / TEMPLATE).unlink()
    (project.root / TEMPLATE).symlink_to("../secret")
    commit(project, "linked")
    told = project.run("diff", "HEAD~..HEAD")
    assert told.code == 11
    assert "templates/backend-secrets.yaml.j2 is no regular file in the commit " in told.out
    assert "s3cr3t" not in told.out


def test_json_is_the_envelope(project: Project) -> None:
    seal("--rotate", "jwt_secret_key")(project)
    told = project.run("diff", "--json")
    assert told.out == project.run("diff", "--format", "json").out
    (result,) = told.document["results"]
    (changed,) = result["changes"]
    detail = changed.pop("detail")
    assert normal(detail, project) == "jwt_secret_key 1 → 2 (TODAY)"
    assert (result["environment"], result["production"]) == ("staging", False)
    assert changed == {
        "secret": "backend-secrets",
        "key": "JWT_SECRET_KEY",
        "change": "value",
        "level": "plain",
        "file": BACKEND,
        "line": 9,
    }
    assert json.loads(project.run("diff", "--format", "sarif").out)["version"] == "2.1.0"
