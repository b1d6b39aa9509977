"""A value of an environment: its name, where it comes from, and the rules for it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealgen.errors import Mark
    from sealgen.values.destination import Destination
    from sealgen.values.rotation import Rotation
    from sealgen.values.rules import Rules
    from sealgen.values.source import Source


NAME = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
"""What a value's name must match: templates write it as ``values.NAME``."""


@dataclass(frozen=True)
class Operator:
    """The External Secrets Operator, where it makes a value in the place of sealgen."""

    at: Mark = field(compare=False)
    """Where the environment file says so."""


@dataclass(frozen=True)
class Value:
    """What an environment file says of one value; the value itself is not here."""

    name: str
    source: Source
    rules: Rules
    recover: str | None = None
    """From where a value that was never stored is read back when it is needed again: ``cluster``."""
    keep_previous: str | None = None
    """The key that holds the version before, in each Secret that has the value alone in a key."""
    push: Destination | None = None
    """Where it is pushed to; None for where the environment says."""
    rotation: Rotation | None = None
    """What is done around its next version."""
    operator: Operator | None = None
    """None where sealgen makes it, or reads it."""

    def having(self, source: Source) -> Value:
        """Return the value with a source, itself where it has that already."""
        return self if source is self.source else replace(self, source=source)

    @cached_property
    def specification(self) -> str:
        """The digest of what determines the value."""
        return specification_digest(self.source)


_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def _encode(data: object) -> str:
    # The encoder makes itself anew for whatever is no text, and most of what is none are numbers.
    return str(data) if type(data) is int else _encoder.encode(data)


def specification_digest(source: Source) -> str:
    """Return the SHA-256, in hex, of the canonical JSON of the source's kind and specification."""
    # Piece by piece, of which most are text or numbers.
    fields = [f"{_encode(name)}:{_encode(data)}" for name, data in sorted(source.specification().items())]
    canonical = f"[{_encode(source.kind)},{{{','.join(fields)}}}]"
    return hashlib.sha256(canonical.encode()).hexdigest()
