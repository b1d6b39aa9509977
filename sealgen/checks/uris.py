"""Values inside URIs: what may hold a ``/``, a ``+`` or a ``@`` must be escaped there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgen.checks.finding import Finding
from sealgen.recipe import Filtered, Reference, references
from sealgen.values.generators.text import TextGenerator
from sealgen.values.kept import generator_of
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.checks.subject import Subject
    from sealgen.recipe import Part, Recipe
    from sealgen.values.value import Value

# RFC 3986, sections 2.3 and 3.1.
_UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]*")
_SCHEME = re.compile(r"[A-Za-z0-9+.-]\Z")
_LONGEST = 8192  # characters of a URI
_END = re.compile(r"[\s\"'<>`]")
_KEEPING = ("upper", "lower", "trim")  # what they give is as harmless as what they take


def unescaped(subject: Subject) -> Iterator[Finding]:
    """Yield the references that stand in a URI and may hold what has a meaning there."""
    values = subject.environment.values
    for secret in subject.manifests.values():
        for name, key in secret.keys.items():
            for reference in dict.fromkeys(_bare(key.recipe, values)):
                message = f"{secret.name}/{name}: {reference} stands unescaped in a URI; write | urlquote"
                yield Finding("uri-unescaped", key.at.file, key.at.line, message)


def _bare(recipe: Recipe, values: Mapping[str, Value]) -> Iterator[Reference]:
    before = ""
    for part in recipe:
        if isinstance(part, str):
            before = (before + part)[-_LONGEST:]
            continue
        if _is_uri(before) and not _is_harmless(part, values):
            yield next(references((part,)))
        before += "x"


def _is_uri(before: str) -> bool:
    """Tell whether what comes after this text is a part of a URI."""
    scheme, colon, rest = before.rpartition("://")
    return bool(colon and _SCHEME.search(scheme) and not _END.search(rest))


def _is_harmless(part: Part, values: Mapping[str, Value]) -> bool:
    """Tell whether what a part gives is of unreserved characters, or escaped."""
    if isinstance(part, str):
        return _is_unreserved(part.encode())
    if isinstance(part, Filtered):
        if part.filter in _KEEPING:
            return all(_is_harmless(inner, values) for inner in part.input)
        return part.filter in ("urlquote", "sha256") or not any(references((part,)))
    source = generator_of(values[part.value].source)
    if isinstance(source, Literal):
        return _is_unreserved(source.text.reveal())
    return isinstance(source, TextGenerator) and _is_unreserved(source.alphabet.encode())


def _is_unreserved(text: bytes) -> bool:
    return _UNRESERVED.fullmatch(text) is not None
