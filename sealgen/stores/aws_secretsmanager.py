"""AWS Secrets Manager: a secret's text or bytes, at a version or a staging label.

Source: the API reference of AWS Secrets Manager (``GetSecretValue``). Several at once need a permission that few
policies grant (``BatchGetSecretValue``), can't be pinned, and save little: single ones may be read by the thousand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from sealgen.stores import aws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.aws_secretsmanager import SecretsManagerStore
    from sealgen.values.entry import Entry


class SecretsManager:
    """Secrets Manager in a region."""

    most: ClassVar[int] = 1

    def __init__(self, service: aws.Aws) -> None:
        self._service = service

    def label(self, entry: Entry) -> str:
        """Return the name, the version and the region."""
        version = f"version {entry.version} of " if entry.version else ""
        return f"{version}{entry.name} in {self._service.where}"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document]:
        """Read the secret."""
        (entry,) = entries
        version = {}
        if entry.version:
            # As an ID, AWS takes 32 to 64 characters; a label may have as many, and none does.
            is_id = re.fullmatch(r"[A-Za-z0-9-]{32,64}", entry.version)
            version = {"VersionId" if is_id else "VersionStage": entry.version}

        def request(client: Any) -> bytes:
            found = client.get_secret_value(SecretId=entry.name, **version)
            text = found.get("SecretString")
            return bytes(found["SecretBinary"]) if text is None else text.encode()

        return {entry: self._service.call(entry, self.label(entry), deadline, request)}


def connect(store: SecretsManagerStore, _: Path, environ: Mapping[str, str]) -> SecretsManager:
    """Return Secrets Manager in the store's region; raises Refused as ``aws.connect`` does."""
    return SecretsManager(aws.connect(store, environ, "secretsmanager", "AWS Secrets Manager"))
