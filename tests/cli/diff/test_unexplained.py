"""What nothing explains: ciphertexts, locks and manifests that changed by themselves."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.diff.history import (
    BACKEND,
    LOCK,
    POSTGRES,
    TEMPLATE,
    Case,
    Step,
    edit,
    is_told,
    line_of,
    replace_ciphertext,
    seal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project


def swap(project: Project) -> None:
    """Exchange two ciphertexts of a manifest."""
    one, other = (line_of(project, BACKEND, key).split(": ") for key in ("JWT_SECRET_KEY", "REDIS_URL"))
    text = project.read(BACKEND).decode()
    text = text.replace(": ".join(one), f"{one[0]}: @").replace(": ".join(other), f"{other[0]}: {one[1]}")
    project.write(BACKEND, text.replace("@", other[1]))


def move_between_secrets(project: Project) -> None:
    text = line_of(project, POSTGRES, "postgres-password").partition(": ")[2]
    replace_ciphertext(project, "JWT_SECRET_KEY", text)


def forge_both(project: Project) -> None:
    """Put another ciphertext into the manifest, and its digest into the lock."""
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


def older_manifest(project: Project) -> None:
    """Put the manifest of before a rotation beside the lock of after it."""
    before = project.read(BACKEND)
    seal("--rotate", "jwt_secret_key")(project)
    project.write(BACKEND, before)


def renamed_key(project: Project) -> None:
    project.edit(BACKEND, "    JWT_SECRET_KEY: ", "    JWT_KEY: ")


def other_fingerprint_key(project: Project) -> None:
    project.write(LOCK, re.sub(b'(?<="fingerprint_key":")[0-9a-f]{4}', b"0000", project.read(LOCK)))


def in_lock(value: str, field: str, text: str) -> Step:
    """Return what edits a field of a value's line in the lock."""

    def act(project: Project) -> None:
        line = next(line for line in project.read(LOCK).decode().splitlines() if f'{{"value":"{value}"' in line)
        project.edit(LOCK, line, re.sub(f'(?<="{field}":")[^"]*', text, line))

    return act


CASES: dict[str, Case] = {
    "a kustomization that changed alone": (
        [edit("k8s/overlays/staging/kustomization.yaml", "- redis-secrets.yaml\n", "")],
        ["!! unexplained redis-secrets.yaml is there, and no longer listed, so that nothing applies it"],
        11,
    ),
    "a kustomization that went": (
        [lambda project: (project.root / "k8s/overlays/staging/kustomization.yaml").unlink()],
        [
            "!! unexplained backend-secrets.yaml is there, and no longer listed, so that nothing applies it",
            "!! unexplained postgres-secrets.yaml is there, and no longer listed, so that nothing applies it",
            "!! unexplained redis-secrets.yaml is there, and no longer listed, so that nothing applies it",
        ],
        11,
    ),
    "a date that was changed in the lock": (
        [in_lock("jwt_secret_key", "date", "2126-01-01")],
        ["!! unexplained the lock dates jwt_secret_key 2126-01-01, no longer TODAY, and its version is the same"],
        11,
    ),
    "a version of a value that no key is made of": (
        [in_lock("jwt_secret_key", "version", "9-00000000")],
        ["!! unexplained the lock has another version of jwt_secret_key, and no key is made of it"],
        11,
    ),
    "another fingerprint key": (
        [
            lambda project: project.write(
                LOCK, re.sub(b'(?<="fingerprint_key":")[0-9a-f]{4}', b"0000", project.read(LOCK))
            )
        ],
        ["! setting another fingerprint key: what is read was sealed again, and can't be compared with what it was"],
        11,
    ),
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
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_told_for_what_it_is(case: Case, project: Project) -> None:
    is_told(case, project)
