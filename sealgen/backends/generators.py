"""Values that the operator makes: its generators give the same texts as sealgen's, each as likely, or it is refused.

Its Password draws each symbol out of a set, with repetitions, evenly: of symbols alone, a text is any of that length
over that set. Letters and digits it makes in fixed numbers, and so no text that has "at least" some.
Sources: External Secrets Operator 0.20 and 1.3, ``generators/password`` and ``uuid``; go-password 0.3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.backends.external_secrets import remote_reference
from sealgen.backends.go_template import Untranslatable
from sealgen.backends.push_secrets import document, is_property_apart, put
from sealgen.errors import ConfigurationError
from sealgen.kubernetes import rules
from sealgen.kubernetes.generator import KEYS, Generator, name_of
from sealgen.kubernetes.push_secret import PushSecret
from sealgen.recipe import Filtered, Reference
from sealgen.values.generators.text import Alphanumeric, Base64, Hex, Password, TextGenerator, UrlSafe, Uuid
from sealgen.values.kept import generator_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.config.external_secrets import ExternalSecretsBackend
    from sealgen.recipe import Recipe
    from sealgen.values.entry import Part
    from sealgen.values.source import Source
    from sealgen.values.value import Value


def generator(
    value: Value, part: Part, namespace: str, backend: ExternalSecretsBackend
) -> tuple[Generator, PushSecret]:
    """Return what makes a value, and what puts it there; raises ConfigurationError where it can't be made exactly."""
    assert value.operator is not None  # noqa: S101
    try:
        kind, spec = _specification(value)
    except Untranslatable as reason:
        raise ConfigurationError(
            f"values.{value.name}.made_by: the operator can't make it: {reason}",
            at=value.operator.at,
            hint="Leave made_by out: sealgen push makes it.",
        ) from None
    name = name_of(value.name)
    if problem := rules.name_problem(name):
        raise ConfigurationError(f"values.{value.name}.made_by: {problem}", at=value.operator.at)
    content: Recipe = (Reference(KEYS[kind]),)
    if part.encoding:
        content = (Filtered("b64encode", content),)
    remote = remote_reference(value.name, part, value.operator.at)
    if is_property_apart(part):
        pushed, template = put(content, remote.key, remote.property)
    else:
        pushed, template = put(document({part.property: content}), remote.key)
    push = PushSecret(name, namespace, backend.store, part.entry.store.kind, (pushed,), template, generator=kind)
    return Generator(kind, name, namespace, spec), push


def _specification(value: Value) -> tuple[str, Mapping[str, str | bool | int]]:
    source = generator_of(value.source)
    if isinstance(source, Uuid):
        return "UUID", {}
    if value.rules.pattern is not None:
        raise Untranslatable("it does not hold what it makes to a pattern")
    return "Password", _any_of(_text(source))


def _text(source: Source) -> TextGenerator:
    """Return a generator whose texts are any of its alphabet; raises Untranslatable for another."""
    match source:
        case Hex() | Alphanumeric():
            return source
        case Base64(count) | UrlSafe(count):
            if count % 3:
                raise Untranslatable(f"{count} bytes end within a character of base64; bytes must be a multiple of 3")
            return source
        case Password():
            if any(minimum for _, minimum in source.minimums):
                named = ", ".join(f"{name}: 0" for name, _ in source.minimums)
                raise Untranslatable(f"it knows no minimums; write minimums: {{{named}}}")
            return source
    raise Untranslatable(
        "it makes what 'generate' gives of hex, base64, urlsafe, alphanumeric, password and uuid alone"
    )


def _any_of(source: TextGenerator) -> Mapping[str, str | bool | int]:
    return {
        "length": source.size,
        "symbols": source.size,
        "symbolCharacters": source.alphabet,
        "digits": 0,
        "allowRepeat": True,
        "noUpper": False,
    }
