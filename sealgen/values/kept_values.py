"""The made values of a plain environment: kept in a git-ignored file, so that they stay the same from run to run."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.values.source import Parts


@dataclass(frozen=True)
class KeptValue:
    """A value as it was made, and the digest of what it was made to."""

    specification: str
    parts: Parts


def path(environment: str) -> PurePosixPath:
    """Return where an environment's values are kept, from the project's root."""
    return PurePosixPath(".sealgen") / f"{environment}.values"


def dump(values: Mapping[str, KeptValue]) -> bytes:
    """Return the file's bytes: JSON, the values in base64."""
    data = {
        name: {
            "specification": kept.specification,
            "parts": {part: base64.b64encode(value.reveal()).decode() for part, value in kept.parts.items()},
        }
        for name, kept in sorted(values.items())
    }
    return json.dumps(data, indent=2).encode() + b"\n"


def load(content: bytes, file: str) -> dict[str, KeptValue]:
    """Read the file; raises ConfigurationError, without any of it, where it is damaged."""
    try:
        return {
            name: KeptValue(
                str(kept["specification"]),
                {part: Secret(base64.b64decode(text, validate=True)) for part, text in kept["parts"].items()},
            )
            for name, kept in json.loads(content).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ConfigurationError(f"{file} is damaged", hint="Remove it: its values are made anew.") from None
