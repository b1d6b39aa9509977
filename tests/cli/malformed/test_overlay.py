"""Manifests, locks and kustomizations that are not as sealgen leaves them: its exact message and exit code, and not one file changed."""

# ruff: noqa: E501  (a message stands on one line, so that a search finds it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.malformed.case import ENV, KUSTOMIZATION, LOCK, MANIFEST, Row, alter, edit, put

if TYPE_CHECKING:
    from tests.cli.malformed.case import Case

# The message has {root}, {pin} and {other} for the project's folder and the fingerprints of the certificates.

ROWS: list[Row] = [
    # Manifest.
    (
        (put(MANIFEST, ""),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:1:1: the file is empty\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (put(MANIFEST, "- a\n"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:1:1: a SealedSecret must be a mapping\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (put(MANIFEST, "a: ["),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:2:1: not YAML: did not find expected node content\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (edit(MANIFEST, "kind: SealedSecret", "kind: Secret"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:3:7: kind is 'Secret', not 'SealedSecret'\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (edit(MANIFEST, "bitnami.com/v1alpha1", "v1"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:2:13: apiVersion is 'v1', not 'bitnami.com/v1alpha1'\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (edit(MANIFEST, "  encryptedData:", "  encrypteddata:"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:8:3: spec.encryptedData is missing\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (
            edit(
                MANIFEST,
                "  name: redis-secrets\n  namespace: aura-staging\nspec",
                "  name: other\n  namespace: aura-staging\nspec",
            ),
        ),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:12:13: spec.template.metadata.name is 'redis-secrets', not 'other'\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (edit(MANIFEST, "  encryptedData:", "<<<<<<< HEAD\n  encryptedData:"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:8:1: a merge conflict; keep the lines of one side, and those that belong to them in the lock, then run 'sealgen plan'\n"
        ),
    ),
    (
        (edit(MANIFEST, "    redis-password: ", "    redis-password: [] #"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:9:21: spec.encryptedData.redis-password must be text\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (edit(MANIFEST, "apiVersion: bitnami.com/v1alpha1\n", ""),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:2:1: apiVersion is missing\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (put(MANIFEST, b"\xff"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:1:1: not UTF-8 text\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (alter(MANIFEST, lambda old: old + b"---\n" + old),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:14:1: a second document; a file holds one\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        (
            put("k8s/overlays/staging/more.yaml", "mine"),
            edit(ENV, "- redis-secrets", "- name: redis-secrets\n  filename: more.yaml"),
        ),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/more.yaml is there, but sealgen did not write it\n"
            "Move it away, or give the secret 'redis-secrets' another filename.\n"
        ),
    ),
    # Lock.
    (
        (put(LOCK, ""),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        (put(LOCK, "hello\n"),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        (put(LOCK, b"\xff\n"),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        (edit(LOCK, '"format":1', '"format":99'),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: the lock has format 99, and this sealgen knows 1; update sealgen\n"),
    ),
    (
        (alter(LOCK, lambda old: b"<<<<<<< HEAD\n" + old),),
        "seal staging",
        2,
        (
            "error: environments/staging.lock:1:1: a merge conflict; keep the lines that belong to the manifests you keep, then run 'sealgen plan'\n"
        ),
    ),
    (
        (alter(LOCK, lambda old: old + old.splitlines(True)[-1]),),
        "seal staging",
        2,
        ("error: environments/staging.lock:14:1: out of order, or there twice; restore the lock from Git\n"),
    ),
    (
        (alter(LOCK, lambda old: old[:-1]),),
        "seal staging",
        2,
        ("error: environments/staging.lock:13:1: the last line is unfinished; restore it from Git\n"),
    ),
    (
        (alter(LOCK, lambda old: old[:-9]),),
        "seal staging",
        2,
        ("error: environments/staging.lock:13:1: the last line is unfinished; restore it from Git\n"),
    ),
    (
        (put(LOCK, b"[" * 100000 + b"\n"),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        (put(LOCK, "{}\n"),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        (alter(LOCK, lambda old: old.replace(b'"sealgen":"lock"', b'"sealgen": "lock"')),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        (alter(LOCK, lambda old: old.replace(b"strict", b"loose", 1)),),
        "seal staging",
        2,
        ("error: environments/staging.lock:7:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        (alter(LOCK, lambda old: old.replace(b"redis-secrets.yaml", b"../redis-secrets.yaml")),),
        "seal staging",
        2,
        ("error: environments/staging.lock:13:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    # Kustomization.
    (
        (put(KUSTOMIZATION, ""),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:1: the file is empty\n"),
    ),
    (
        (put(KUSTOMIZATION, "- a\n"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:1: a kustomization is a mapping\n"),
    ),
    (
        (put(KUSTOMIZATION, "a: ["),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:2:1: not YAML: did not find expected node content\n"),
    ),
    (
        (edit(KUSTOMIZATION, "kind: Kustomization", "kind: Component"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:2:7: kind must be Kustomization, not 'Component'\n"),
    ),
    (
        (edit(KUSTOMIZATION, "kustomize.config.k8s.io/v1beta1", "v9"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/kustomization.yaml:1:13: apiVersion must be kustomize.config.k8s.io/v1beta1, not 'v9'\n"
        ),
    ),
    (
        (put(KUSTOMIZATION, "resources: x\n"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:12: resources must be a list\n"),
    ),
    (
        (put(KUSTOMIZATION, "resources: [[a]]\n"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:13: an entry of resources must be text\n"),
    ),
    (
        (alter(KUSTOMIZATION, lambda old: old + b"namePrefix: dev-\n"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/kustomization.yaml:7:13: namePrefix 'dev-' would rename the SealedSecret 'backend-secrets', and the controller could not decrypt it: it is sealed for its name (scope strict)\n"
            "Remove namePrefix here, or seal with scope namespace-wide.\n"
        ),
    ),
    (
        (alter(KUSTOMIZATION, lambda old: old + b"namespace: other\n"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/kustomization.yaml:7:12: namespace 'other' would move the SealedSecret 'backend-secrets' out of 'aura-staging', and the controller could not decrypt it: it is sealed for its namespace (scope strict)\n"
            "Write 'aura-staging' here, or set 'namespace: other' in the environment file.\n"
        ),
    ),
    (
        (alter(KUSTOMIZATION, lambda old: old + b"nameSuffix: [x]\n"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:7:13: nameSuffix must be text\n"),
    ),
    (
        (put(KUSTOMIZATION, b"\xff"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:1: not UTF-8 text\n"),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=range(1, len(ROWS) + 1))
def test_overlay_that_is_malformed_has_its_message_and_changes_nothing(row: Row, case: Case) -> None:
    case.refuses(row)
