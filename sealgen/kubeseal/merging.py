"""Adding the sealed values of a Secret to a SealedSecret that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import SealgenError, quoted
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.kubeseal import manifests
from sealgen.kubeseal.sealing import told_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.kubernetes.sealed_object import Place
    from sealgen.kubernetes.sealed_secret import SealedSecret
    from sealgen.kubernetes.secret import PlainSecret
    from sealgen.kubeseal.manifests import Entries, Manifest
    from sealgen.kubeseal.request import Format, Request


def place(target: Manifest, secrets: Sequence[PlainSecret], request: Request) -> tuple[PlainSecret, Place]:
    """Return the Secret to add, and the place of its values, which is that of the target.

    Raises SealgenError where the Secret or the command line names another scope or namespace.
    """
    if len(secrets) != 1:
        raise SealgenError(f"--merge-into takes one Secret, and the input holds {len(secrets)}")
    secret = secrets[0]
    if not secret.data and not request.allow_empty_data:
        raise SealgenError(f"{secret.name} has no data; --allow-empty-data merges it all the same", at=secret.at)
    there, template = target.sealed.place, target.sealed.told
    if template.scope is not there.scope:
        raise SealgenError(
            f"the scope is {there.scope} by metadata.annotations, but {template.scope} by those of spec.template",
            at=target.sealed.at,
        )
    if there.scope is not Scope.CLUSTER_WIDE and not there.namespace:
        target.field["metadata"]["namespace"].missing()
    of_secret = f"the Secret {secret.name}"
    for who, told in (("--scope", request.scope), (of_secret, told_scope(secret))):
        if told not in (None, there.scope):
            raise SealgenError(
                f"scope mismatch: {target.file} has the scope {there.scope}, and {who} says {told}; "
                "a value of another scope could not be opened there"
            )
    for who, given in (("--namespace", request.namespace), (of_secret, secret.namespace)):
        if there.scope is not Scope.CLUSTER_WIDE and given not in ("", None, there.namespace):
            raise SealgenError(
                f"namespace mismatch: {target.file} is for {quoted(there.namespace)}, and {who} says "
                f"{quoted(given or '')}"
            )
    return secret, there


def merged(target: Manifest, addition: SealedSecret, wanted: Format) -> str:
    """Return the target's text with the addition's values, labels and annotations; all else in it stays.

    It is laid out anew where ``wanted`` is another format than it has, and where it can't be edited in place.
    """
    entries: Entries = {
        ("spec", "encryptedData"): addition.encrypted_data,
        ("spec", "template", "metadata", "annotations"): addition.annotations,
        ("spec", "template", "metadata", "labels"): addition.labels,
    }
    return manifests.with_entries(target, entries, wanted)
