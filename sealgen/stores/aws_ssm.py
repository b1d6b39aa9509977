"""AWS Systems Manager's Parameter Store: parameters, ten in a request, decrypted.

Source: the API reference of AWS Systems Manager (``GetParameters``, ``GetParameter``).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from sealgen.stores import aws
from sealgen.stores.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.aws_ssm import ParameterStore
    from sealgen.values.entry import Entry


class Parameters:
    """Parameter Store in a region."""

    most: ClassVar[int] = 10

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


def _content(parameter: Mapping[str, Any]) -> bytes:
    return str(parameter["Value"]).encode()


def connect(store: ParameterStore, _: Path, environ: Mapping[str, str]) -> Parameters:
    """Return Parameter Store in the store's region; raises Refused as ``aws.connect`` does."""
    return Parameters(aws.connect(store, environ, "ssm", "AWS Parameter Store"))
