"""AWS Secrets Manager: a secret's text or bytes, at a version or a staging label.

Source: the API reference of AWS Secrets Manager (``GetSecretValue``). Several at once need a permission that few
policies grant (``BatchGetSecretValue``), can't be pinned, and save little: single ones may be read by the thousand.

A next version is put under a staging label of ours (``PutSecretValue``), and takes the place of the current one only if
that is still the one that was seen (``UpdateSecretVersionStage`` with ``RemoveFromVersionId``).
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, ClassVar

from sealgen.stores import aws
from sealgen.stores.refusal import Overtaken, Refused
from sealgen.stores.writing import Seen
from sealgen.values.aws_secretsmanager import is_version_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.aws_secretsmanager import SecretsManagerStore
    from sealgen.values.entry import Entry


_MAX_BYTES = 65536
_NAME = "[A-Za-z0-9/_+=.@-]{1,512}"
_CURRENT = "AWSCURRENT"
_NEXT = "sealgen-next"
"""The staging label of a version that is not the current one yet; it stays on the newest that sealgen put."""


class SecretsManager:
    """Secrets Manager in a region."""

    most: ClassVar[int] = 1
    keyed: ClassVar[bool] = False
    owned: ClassVar[bool] = False
    versioned: ClassVar[bool] = True

    def __init__(self, service: aws.Aws) -> None:
        self._service = service

    def label(self, entry: Entry) -> str:
        """Return the name, the version and the region."""
        version = f"version {entry.version} of " if entry.version else ""
        return f"{version}{entry.name} in {self._service.where}"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document]:
        """Read the secret."""
        (entry,) = entries
        version = {"VersionStage": _CURRENT}
        if entry.version:
            version = {"VersionId" if is_version_id(entry.version) else "VersionStage": entry.version}

        def request(client: Any) -> bytes:
            return _content(client.get_secret_value(SecretId=entry.name, **version))

        return {entry: self._service.call(entry, self.label(entry), deadline, request)}

    def problem(self, entry: Entry, content: Document) -> str | None:
        """Say that it is too large, or nothing, or can't be called that."""
        if not entry.name.startswith("arn:") and not re.fullmatch(_NAME, entry.name):
            return "its name must be letters, digits and /_+=.@-, 512 at most"
        if not content:
            return "it would be empty, which AWS Secrets Manager does not take"
        if len(content) > _MAX_BYTES:
            return f"it would have more than the {_MAX_BYTES:,} bytes that AWS Secrets Manager takes"
        return None

    def look(self, entry: Entry, deadline: Deadline) -> Seen:
        """Return the current version, and the secret's tags."""

        def request(client: Any) -> Seen:
            try:
                secret = client.describe_secret(SecretId=entry.name)
            except client.exceptions.ResourceNotFoundException:
                return Seen(None, "", None)
            tags = aws.tags_of(secret.get("Tags", []))
            if secret.get("DeletedDate"):
                raise Refused(f"{self.label(entry)} is scheduled for deletion")
            try:
                found = client.get_secret_value(SecretId=entry.name, VersionStage=_CURRENT)
            except client.exceptions.ResourceNotFoundException:
                return Seen(None, "", tags)
            return Seen(_content(found), found["VersionId"], tags)

        return self._service.call(entry, self.label(entry), deadline, request)

    def write(self, entry: Entry, content: Document, seen: Seen, tags: Mapping[str, str], deadline: Deadline) -> None:
        """Make the secret, or put its next version."""
        held = _held(content)
        label = self.label(entry)
        if seen.tags is None:
            if entry.name.startswith("arn:"):
                raise Refused(f"there is no {label}, and none is made under an ARN; write its name")
            self._service.call(
                entry,
                label,
                deadline,
                lambda client: client.create_secret(Name=entry.name, Tags=aws.as_tags(tags), **held),
                frozenset({"ResourceExistsException"}),
            )
            return
        if not seen.tags.items() >= tags.items():
            self._service.call(
                entry,
                label,
                deadline,
                lambda client: client.tag_resource(SecretId=entry.name, Tags=aws.as_tags(tags)),
            )
        # The first version of all is the current one at once.
        stages = {"VersionStages": [_NEXT]} if seen.token else {}
        version = self._service.call(
            entry,
            label,
            deadline,
            lambda client: client.put_secret_value(SecretId=entry.name, **stages, **held)["VersionId"],
        )
        if seen.token:
            self._make_current(entry, version, seen.token, deadline)

    def _make_current(self, entry: Entry, version: str, before: str, deadline: Deadline) -> None:
        def move(stage: str, **between: str) -> None:
            self._service.call(
                entry,
                self.label(entry),
                deadline,
                lambda client: client.update_secret_version_stage(SecretId=entry.name, VersionStage=stage, **between),
                frozenset({"InvalidParameterException"}),
            )

        try:
            move(_CURRENT, MoveToVersionId=version, RemoveFromVersionId=before)
        except Overtaken:
            # Without a label a version is as good as gone.
            with contextlib.suppress(Overtaken, Refused):
                move(_NEXT, RemoveFromVersionId=version)
            raise


def _content(found: Mapping[str, Any]) -> bytes:
    text = found.get("SecretString")
    return bytes(found["SecretBinary"]) if text is None else str(text).encode()


def _held(content: Document) -> dict[str, str | bytes]:
    """Return the content as text where it is text, so that others can show it, else as bytes."""
    assert isinstance(content, bytes)  # noqa: S101  (entries are not keyed)
    try:
        return {"SecretString": content.decode()}
    except UnicodeDecodeError:
        return {"SecretBinary": content}


def connect(store: SecretsManagerStore, _: Path, environ: Mapping[str, str]) -> SecretsManager:
    """Return Secrets Manager in the store's region; raises Refused as ``aws.connect`` does."""
    return SecretsManager(aws.connect(store, environ, "secretsmanager", "AWS Secrets Manager"))
