"""What the real kubeseal seals ``sealgen unseal`` opens, byte for byte, as kubeseal's own recovery does."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.project import Project, controller

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.conftest import KeyPair

VALUES = {
    "empty": b"",
    "text": "Größe, 🔑\n".encode(),
    "bytes": bytes(range(256)),
    "yaml": b'": x\n  {{ .a }} ',
    "long": b"0123456789abcdef" * 4096,
}


def sealed_by_kubeseal(kubeseal: str, keypair: KeyPair, scope: str, layout: str, name: str = "backend") -> bytes:
    """Return the SealedSecret that kubeseal makes of a Secret with all that one may say."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": "aura",
            "labels": {"app": "aura", "version": "1.10"},
            "annotations": {"note": "<a> & b"},
        },
        "type": "example.org/mine",
        "immutable": True,
        "data": {key: base64.b64encode(value).decode() for key, value in VALUES.items()},
    }
    arguments = ["--cert", str(keypair.certificate), "--scope", scope, "--format", layout]
    return kubeseal_run(kubeseal, json.dumps(secret).encode(), *arguments)


def kubeseal_run(kubeseal: str, content: bytes, *arguments: str) -> bytes:
    """Run kubeseal away from the machine's own settings, and return what it prints."""
    done = subprocess.run(
        [kubeseal, *arguments], input=content, capture_output=True, env={"KUBECONFIG": os.devnull}, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def plain(secret: dict[str, Any]) -> dict[str, Any]:
    """Return a Secret with its values decoded, and without the owner that kubeseal makes up."""
    metadata = {name: field for name, field in secret["metadata"].items() if name != "ownerReferences"}
    data = {key: base64.b64decode(text or "") for key, text in secret["data"].items()}
    return {**secret, "metadata": metadata, "data": data}


@pytest.mark.parametrize("layout", ["yaml", "json"])
@pytest.mark.parametrize("scope", ["strict", "namespace-wide", "cluster-wide"])
def test_both_recover_the_same_secret_from_what_kubeseal_seals(
    kubeseal: str, keypair: KeyPair, tmp_path: Path, scope: str, layout: str
) -> None:
    sealed = tmp_path / "sealed"
    sealed.write_bytes(sealed_by_kubeseal(kubeseal, keypair, scope, layout))
    arguments = ("--recovery-unseal", "--recovery-private-key", str(keypair.key))
    theirs = json.loads(kubeseal_run(kubeseal, sealed.read_bytes(), *arguments))

    code, out, err = Project(tmp_path, controller()).run("unseal", str(sealed), "--private-key", str(keypair.key), "-q")
    assert (code, err) == (0, "")
    ours = yaml.safe_load(out)
    assert plain(ours)["data"] == VALUES
    assert plain(ours) == plain(theirs)


def test_a_list_and_a_stream_of_what_kubeseal_seals_are_recovered_whole(
    kubeseal: str, keypair: KeyPair, tmp_path: Path
) -> None:
    names = ["a", "b", "c"]
    sealed = {name: sealed_by_kubeseal(kubeseal, keypair, "strict", "json", name) for name in names}
    listed = {"apiVersion": "v1", "kind": "List", "items": [json.loads(text) for text in sealed.values()]}
    (tmp_path / "list.json").write_text(json.dumps(listed))
    (tmp_path / "row.json").write_bytes(b"".join(sealed.values()))
    (tmp_path / "stream.yaml").write_bytes(
        b"".join(sealed_by_kubeseal(kubeseal, keypair, "strict", "yaml", name) for name in names)
    )
    for file in ("list.json", "row.json", "stream.yaml"):
        code, out, err = Project(tmp_path, controller()).run("unseal", file, "--private-key", str(keypair.key), "-q")
        assert (code, err) == (0, "")
        found = [plain(secret) for secret in yaml.safe_load_all(out)]
        assert [(secret["metadata"]["name"], secret["data"]) for secret in found] == [(name, VALUES) for name in names]


def test_a_secret_that_is_recovered_is_sealed_by_kubeseal_as_the_same(
    kubeseal: str, keypair: KeyPair, tmp_path: Path
) -> None:
    sealed = sealed_by_kubeseal(kubeseal, keypair, "namespace-wide", "yaml")
    (tmp_path / "sealed.yaml").write_bytes(sealed)
    _, out, _ = Project(tmp_path, controller()).run("unseal", "sealed.yaml", "--private-key", str(keypair.key), "-q")
    # The Secret's annotation tells the scope again.
    again = kubeseal_run(kubeseal, out.encode(), "--cert", str(keypair.certificate), "--format", "yaml")
    first, second = yaml.safe_load(sealed), yaml.safe_load(again)
    assert first["spec"].pop("encryptedData").keys() == second["spec"].pop("encryptedData").keys()
    assert first == second
