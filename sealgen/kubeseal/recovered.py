"""What ``kubeseal --recovery-unseal`` prints: the Secrets of SealedSecrets, in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import SealgenError, quoted
from sealgen.kubernetes import objects, secret
from sealgen.kubeseal import layout
from sealgen.kubeseal.request import Format
from sealgen.recovery import read_all, recover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.crypto.private_key import PrivateKey
    from sealgen.recovery import Recovered


def recovered(content: bytes, file: str, private_keys: Sequence[PrivateKey]) -> list[Recovered]:
    """Open the SealedSecrets of a file.

    Raises SealgenError where a value is not opened, and for a template of keys, which only a controller renders.
    """
    for root in objects.read_all(content, file):
        rendered = root["spec"]["template"]["data"]
        for key, (node, _) in rendered.entries().items():
            raise SealgenError(
                f"{rendered.path} has {quoted(key)}, and only the controller renders Go templates",
                at=node.at,
                hint="'sealgen unseal' recovers the other keys.",
            )
    found = [recover(sealed, private_keys) for sealed in read_all(content, file)]
    for one in found:
        if one.unopened:
            first = one.unopened[0]
            keys = ", ".join(sorted(value.key for value in one.unopened))
            raise SealgenError(f"no key could decrypt secret ({keys}): {first.problem}", at=first.at)
    return found


def written(secrets: Sequence[Recovered], wanted: Format) -> str:
    """Return them as manifests."""
    one = layout.to_json if wanted is Format.JSON else layout.to_yaml
    return "".join(one(secret.tree(found.secret)) for found in secrets)
