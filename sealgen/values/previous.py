"""The field ``keep_previous``: which key keeps the version before, once a value is rotated."""

from __future__ import annotations

from sealgen.yaml.schema import Field, Text

KEEP_PREVIOUS = Field(
    Text(
        pattern=r"(?!\.$|\.\.)[A-Za-z0-9._-]{1,253}",
        words="a Secret's key: letters, digits, '-', '_' and '.'",
    ),
    "A key of its own: once the value is rotated, it holds the version before, in each Secret that has the value alone "
    "in a key.",
)
