"""Blanks: stand-ins for text that is no secret, so that one rendering serves all Secrets which differ in it only.

A blank is as opaque as a secret: a template that does more with it than to print or join it fails to render with it,
and is rendered for each Secret by itself. A blank is a word that means nothing to YAML, and so is what it stands for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from sealgen.template.opaque import Opaque
from sealgen.template.rendered import random_word

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from sealgen.yaml.schema import Data

Masked: TypeAlias = "Opaque | bool | int | str | list[Masked] | dict[str, Masked] | None"

# Whether it stands in quotes, in a block, in a flow or plain, first or last: YAML takes it as it is.
_LONGEST = 128  # characters
_INERT = re.compile(rf"[A-Za-z][A-Za-z0-9_./-]{{0,{_LONGEST - 1}}}")
_PREFIX = f"{random_word(8)}B"  # which no template may hold
_BLANK = re.compile(rf"{_PREFIX}([0-9]{{4}})")
_MOST = 10_000


class Mask:
    """Hides inert text behind blanks, and keeps it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        """What the blanks stand for, by their number."""

    def hidden(self, data: Data) -> Masked:
        """Return the data with a blank for each inert text in it."""
        if isinstance(data, str):
            if _INERT.fullmatch(data) is None or len(self.texts) == _MOST:
                return data
            self.texts.append(data)
            # It counts as much as the longest, so that no limit is met later than by the text itself.
            return Opaque((blank(len(self.texts) - 1),), _LONGEST)
        if isinstance(data, dict):
            return {name: self.hidden(item) for name, item in data.items()}
        if isinstance(data, list):
            return [self.hidden(item) for item in data]
        return data


def shape(masked: Masked) -> Hashable:
    """Return what is equal for two data that differ in their inert text only."""
    if isinstance(masked, Opaque):
        return Opaque
    if isinstance(masked, dict):
        return dict, tuple((name, shape(item)) for name, item in masked.items())
    if isinstance(masked, list):
        return list, tuple(map(shape, masked))
    return type(masked), masked


def blank(number: int) -> str:
    """Return a blank."""
    return f"{_PREFIX}{number:04}"


def numbers(text: str) -> list[str]:
    """Return the numbers of the blanks in a text, as they stand there."""
    return _BLANK.findall(text) if _PREFIX in text else []


def filled(text: str, texts: Sequence[str]) -> str:
    """Return the text with what its blanks stand for."""
    return _BLANK.sub(lambda match: texts[int(match[1])], text) if _PREFIX in text else text
