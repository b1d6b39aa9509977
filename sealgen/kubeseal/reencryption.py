"""SealedSecrets with the ciphertexts that the controller made anew of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen.kubernetes.metadata import SERVER_SIDE
from sealgen.kubeseal import manifests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.kubeseal.manifests import Entries, Manifest
    from sealgen.kubeseal.request import Format


def in_place(manifest: Manifest, ciphertexts: Mapping[str, str], wanted: Format) -> str:
    """Return the manifest's text with these ciphertexts; all else keeps its bytes, if the format does."""
    return manifests.with_entries(manifest, _entries(ciphertexts), wanted)


def anew(manifest: Manifest, ciphertexts: Mapping[str, str], wanted: Format) -> str:
    """Return the manifest with these ciphertexts in kubeseal's layout, without what a cluster added."""
    data = {name: value for name, value in manifest.data.items() if name != "status"}
    data["metadata"] = {name: value for name, value in data["metadata"].items() if name not in SERVER_SIDE}
    return manifests.with_entries(replace(manifest, data=data, text=None), _entries(ciphertexts), wanted)


def _entries(ciphertexts: Mapping[str, str]) -> Entries:
    return {("spec", "encryptedData"): ciphertexts}
