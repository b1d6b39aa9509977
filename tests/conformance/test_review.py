"""What the real kubeseal does to a manifest that sealgen wrote is told for what it is."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.support.project import aura

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.conftest import KeyPair
    from tests.support.project import Project

MANIFEST = "k8s/overlays/staging/redis-secrets.yaml"
STRANGER = "the lock does not know this ciphertext: made by hand, or by another tool"


def merged_into(project: Project, kubeseal: str, keypair: KeyPair, **data: str) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "redis-secrets", "namespace": "aura-staging"},
        "stringData": data,
    }
    arguments = [kubeseal, "--cert", str(keypair.certificate), "--merge-into", str(project.root / MANIFEST)]
    subprocess.run(arguments, input=json.dumps(secret).encode(), check=True, capture_output=True)


def test_a_key_that_kubeseal_merged_in_is_a_finding(tmp_path: Path, kubeseal: str, keypair: KeyPair) -> None:
    project = aura(tmp_path)
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "--quiet")
    assert project.run("seal", "staging", "-q").code == 0
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "first")
    merged_into(project, kubeseal, keypair, **{"redis-password": "another", "redis-user": "aura"})
    told = project.run("diff", "--json")
    assert told.code == 11
    (result,) = told.document["results"]
    assert [(change["key"], change["change"], change["detail"]) for change in result["changes"]] == [
        ("redis-password", "unexplained", STRANGER),
        ("redis-user", "unexplained", STRANGER),
    ]
    (checked,) = project.run("check", "staging", "--json").document["results"]
    assert [(finding["id"], finding["message"]) for finding in checked["findings"]] == [
        # It writes fields that say nothing, such as creationTimestamp: null.
        ("out-of-date", "redis-secrets is out of date: metadata changed; run sealgen seal staging"),
        (
            "out-of-date",
            (
                "redis-secrets/redis-password is out of date: ciphertext altered outside sealgen; "
                "run sealgen seal staging"
            ),
        ),
        (
            "out-of-date",
            "redis-secrets/redis-user is out of date: added outside sealgen; run sealgen seal staging",
        ),
    ]
