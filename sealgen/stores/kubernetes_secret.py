"""A cluster's Secrets, one at a time: each needs no more than ``get`` on it."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from sealgen.cluster.connection import ApiError, Cluster
from sealgen.cluster.connection import connect as sign_in
from sealgen.errors import SealgenError
from sealgen.stores.refusal import Failed, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.entry import Entry
    from sealgen.values.kubernetes_secret import KubernetesStore


class Secrets:
    """The Secrets of a cluster."""

    most: ClassVar[int] = 1

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def label(self, entry: Entry) -> str:
        """Return the namespace, the name, and where the cluster is."""
        context = f" (context {self._cluster.context})" if self._cluster.context else ""
        return f"the Secret {entry.name} in {self._cluster.server}{context}"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document]:
        """Read the Secret."""
        (entry,) = entries
        namespace, _, name = entry.name.partition("/")
        deadline.left()
        try:
            content = self._cluster.request("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}", tries=1)
        except ApiError as error:
            raise self._answered(error, entry) from None
        except SealgenError as error:
            deadline.left()
            raise Failed(error.message.rpartition(": ")[2], is_down=True) from None
        try:
            data = json.loads(content).get("data") or {}
            return {entry: {key: base64.b64decode(text, validate=True) for key, text in data.items()}}
        except (ValueError, AttributeError, TypeError, binascii.Error):
            raise Refused(f"{self.label(entry)} is answered as no API server does") from None

    def _answered(self, error: ApiError, entry: Entry) -> Refused | Failed:
        if error.status == 404:
            return Refused(f"there is no {self.label(entry).removeprefix('the ')}")
        if error.status == 429 or error.status >= 500:
            return Failed(f"it answers with status {error.status}")
        # What a server says when it fails to give a Secret is not repeated: it may hold some of it.
        return Refused(f"{self.label(entry)} is refused to this user ({error.status})", hint=error.hint)


def connect(store: KubernetesStore, root: Path, _: Mapping[str, str]) -> Secrets:
    """Return the cluster that the store or the kubeconfig names; raises Refused where there is none."""
    kubeconfig = None if store.kubeconfig is None else str(root / Path(store.kubeconfig).expanduser())
    try:
        return Secrets(sign_in(kubeconfig, store.context))
    except SealgenError as error:
        raise Refused(error.message, hint=error.hint, kind=type(error)) from None
