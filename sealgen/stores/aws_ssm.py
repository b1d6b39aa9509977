"""AWS Systems Manager's Parameter Store: parameters, ten in a request, decrypted.

Source: the API reference of AWS Systems Manager (``GetParameters``, ``GetParameter``, ``PutParameter``).

A parameter is made only where there is none. A next version can't be put on a condition: the parameter is looked at
right before, and the number that the new version got shows whether another came between; both are in its history then.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, ClassVar

from sealgen.errors import SealgenError
from sealgen.stores import aws
from sealgen.stores.refusal import Overtaken, Refused
from sealgen.stores.writing import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.aws_ssm import ParameterStore
    from sealgen.values.entry import Entry


_MAX_BYTES = 4096  # of the standard tier
_NAME = r"(?!.*//)(?:/|(?!.*/))[A-Za-z0-9_./-]{1,1010}"
_ENCRYPTED = "SecureString"


class Parameters:
    """Parameter Store in a region."""

    most: ClassVar[int] = 10
    keyed: ClassVar[bool] = False
    owned: ClassVar[bool] = False
    versioned: ClassVar[bool] = True

    def __init__(self, service: aws.Aws) -> None:
        self._service = service

    def label(self, entry: Entry) -> str:
        """Return the name, the version and the region."""
        version = f"version {entry.version} of " if entry.version else ""
        return f"{version}{entry.name} in {self._service.where}"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document | Refused]:
        """Read the parameters."""
        found: dict[Entry, Document | Refused] = {}
        if len(entries) > 1:
            # One that is refused refuses all; which it is turns out below.
            with contextlib.suppress(Refused):
                found |= self._together(entries, deadline)
        for entry in entries:
            if entry not in found:
                try:
                    found[entry] = self._alone(entry, deadline)
                except Refused as refused:
                    found[entry] = refused
        return found

    def problem(self, entry: Entry, content: Document) -> str | None:
        """Say that it is too large, or nothing, or no text, or can't be called that."""
        if not entry.name.startswith("arn:") and not re.fullmatch(_NAME, entry.name):
            return "its name must be letters, digits and _.-, or a path of such names that begins with a /"
        if not content:
            return "it would be empty, which AWS Parameter Store does not take"
        if len(content) > _MAX_BYTES:
            return f"it would have more than the {_MAX_BYTES:,} bytes that AWS Parameter Store's standard tier takes"
        if _text(content) is None:
            return "it is not UTF-8 text, and AWS Parameter Store takes nothing else; say encoding: base64"
        return None

    def look(self, entry: Entry, deadline: Deadline) -> Seen:
        """Return the newest version, and the parameter's tags."""

        def request(client: Any) -> Seen:
            try:
                parameter = client.get_parameter(Name=entry.name, WithDecryption=True)["Parameter"]
            except client.exceptions.ParameterNotFound:
                return Seen(None, "0", None)
            if parameter["Type"] != _ENCRYPTED:
                raise Refused(
                    f"{self.label(entry)} is of type {parameter['Type']}, and so it is not encrypted",
                    kind=SealgenError,
                )
            tags = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=parameter["Name"])["TagList"]
            return Seen(_content(parameter), str(parameter["Version"]), aws.tags_of(tags))

        return self._service.call(entry, self.label(entry), deadline, request)

    def write(self, entry: Entry, content: Document, seen: Seen, tags: Mapping[str, str], deadline: Deadline) -> None:
        """Make the parameter, or put its next version."""
        label, text = self.label(entry), _text(content)
        if seen.tags is None:
            if entry.name.startswith("arn:"):
                raise Refused(f"there is no {label}, and none is made under an ARN; write its name")
            self._service.call(
                entry,
                label,
                deadline,
                lambda client: client.put_parameter(
                    Name=entry.name, Value=text, Type=_ENCRYPTED, Tags=aws.as_tags(tags)
                ),
                frozenset({"ParameterAlreadyExists"}),
            )
            return
        if self.look(entry, deadline).token != seen.token:
            raise Overtaken

        def put(client: Any) -> int:
            if not (seen.tags or {}).items() >= tags.items():
                client.add_tags_to_resource(ResourceType="Parameter", ResourceId=entry.name, Tags=aws.as_tags(tags))
            return int(client.put_parameter(Name=entry.name, Value=text, Overwrite=True)["Version"])

        if self._service.call(entry, label, deadline, put) != int(seen.token or 0) + 1:
            raise Overtaken

    def _together(self, entries: Sequence[Entry], deadline: Deadline) -> dict[Entry, bytes]:
        names = [_asked(entry) for entry in entries]

        def request(client: Any) -> dict[str, bytes]:
            found = client.get_parameters(Names=names, WithDecryption=True)["Parameters"]
            return {parameter["Name"] + parameter.get("Selector", ""): _content(parameter) for parameter in found}

        by_name = self._service.call(entries[0], self.label(entries[0]), deadline, request)
        return {entry: by_name[name] for entry, name in zip(entries, names, strict=True) if name in by_name}

    def _alone(self, entry: Entry, deadline: Deadline) -> bytes:
        return self._service.call(
            entry,
            self.label(entry),
            deadline,
            lambda client: _content(client.get_parameter(Name=_asked(entry), WithDecryption=True)["Parameter"]),
        )


def _asked(entry: Entry) -> str:
    return f"{entry.name}:{entry.version}" if entry.version else entry.name


def _text(content: Document) -> str | None:
    assert isinstance(content, bytes)  # noqa: S101  (entries are not keyed)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _content(parameter: Mapping[str, Any]) -> bytes:
    return str(parameter["Value"]).encode()


def connect(store: ParameterStore, _: Path, environ: Mapping[str, str]) -> Parameters:
    """Return Parameter Store in the store's region; raises Refused as ``aws.connect`` does."""
    return Parameters(aws.connect(store, environ, "ssm", "AWS Parameter Store"))
