"""The lock: what was sealed, of which versions, in a form that merges like source and tells an attacker nothing.

``environments/<env>.lock`` is JSON Lines: a header, one line a value, one line a key, each sorted. It holds no
value, no length of one and no hash that could be guessed against. Versions are text of one of three forms: what is
made has a counter and eight random digits, so that two branches which made the same next version differ
(``3-1f9c2ab4``); what is read has a keyed digest; a literal, which stands in clear beside the lock, a digest.
"""

from __future__ import annotations

import datetime
import io
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from sealgen.crypto import fingerprint
from sealgen.errors import ConfigurationError, Mark
from sealgen.kubernetes import rules
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.values.value import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1


@dataclass(frozen=True, slots=True)
class LockedValue:
    """The version of a value that its keys were sealed from."""

    version: str
    date: str
    """When this version was first sealed: YYYY-MM-DD, UTC."""
    specification: str
    """Digest of what determines the value."""


@dataclass(frozen=True, slots=True)
class LockedKey:
    """One ciphertext: where it is, what it was made of, and what it is bound to."""

    filename: str
    namespace: str
    scope: Scope
    recipe: str
    """Digest of the recipe."""
    values: Mapping[str, str]
    certificate: str
    """Fingerprint of the certificate that sealed it."""
    ciphertext: str
    """SHA-256, in hex, of the base64 text in the manifest."""


@dataclass(frozen=True)
class Lock:
    """All that an environment's lock says."""

    fingerprint_key: str | None = None
    """Names the key that made the keyed digests; it tells nothing of the key."""
    values: Mapping[str, LockedValue] = field(default_factory=dict)
    keys: Mapping[tuple[str, str], LockedKey] = field(default_factory=dict)
    """By the Secret's name and the key's."""


def dump(lock: Lock) -> bytes:
    """Return the lock as text; equal locks give equal bytes."""
    # JSON needs no escapes for what may stand in these fields: ``read`` has their alphabets.
    key_id = f',"fingerprint_key":"{lock.fingerprint_key}"' if lock.fingerprint_key else ""
    content = io.BytesIO()
    content.write(f'{{"sealgen":"lock","format":{FORMAT}{key_id}}}\n'.encode())
    for name, value in sorted(lock.values.items()):
        content.write(
            f'{{"value":"{name}","version":"{value.version}","date":"{value.date}",'
            f'"specification":"{value.specification}"}}\n'.encode()
        )
    for (secret, key), locked in sorted(lock.keys.items()):
        values = ",".join([f'"{name}":"{version}"' for name, version in sorted(locked.values.items())])
        content.write(
            f'{{"secret":"{secret}","key":"{key}","file":"{locked.filename}","namespace":"{locked.namespace}",'
            f'"scope":"{locked.scope}","recipe":"{locked.recipe}","values":{{{values}}},'
            f'"certificate":"{locked.certificate}","ciphertext":"{locked.ciphertext}"}}\n'.encode()
        )
    return content.getvalue()


_VERSION = r"(?:[1-9][0-9]{0,8}-[0-9a-f]{8}|(?:hmac-sha256|literal):[0-9a-f]{32})"
_DIGEST = "[0-9a-f]{64}"
_FILENAME = "[A-Za-z0-9][A-Za-z0-9._-]*"  # never a path: a lock leads nowhere else
_PAIR = rf'"{NAME}":"{_VERSION}"'
_HEADER = re.compile(r'\{"sealgen":"lock","format":1(?:,"fingerprint_key":"([0-9a-f]{16})")?\}')
_FORMAT = re.compile(r'\{"sealgen":"lock","format":([0-9]+)[,}]')
_VALUE = re.compile(
    rf'\{{"value":"({NAME})","version":"({_VERSION})","date":"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})",'
    rf'"specification":"({_DIGEST})"\}}'
)
_KEY = re.compile(
    rf'\{{"secret":"([a-z0-9.-]+)","key":"([A-Za-z0-9._-]+)","file":"({_FILENAME})","namespace":"([a-z0-9-]+)",'
    rf'"scope":"({"|".join(Scope)})","recipe":"({_DIGEST})","values":\{{((?:{_PAIR}(?:,{_PAIR})*)?)\}},'
    rf'"certificate":"({fingerprint.PATTERN.strip("^$")})","ciphertext":"({_DIGEST})"\}}'
)
_PAIRS = re.compile(rf'"({NAME})":"({_VERSION})"')
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def read(content: bytes, file: str) -> Lock:
    """Read a lock, strictly: ``dump(read(content)) == content``.

    Raises ConfigurationError with the line, for a merge conflict too.
    """
    # A line has one spelling only, so a pattern reads it and nothing need be written again to compare.
    first, *lines = content.decode("utf-8", "replace").split("\n")
    fingerprint_key = _header(first, file)
    if not lines or lines.pop():
        at = Mark(file, content.count(b"\n") + 1, 1)
        raise ConfigurationError("the last line is unfinished; restore it from Git", at=at)
    values: dict[str, LockedValue] = {}
    keys: dict[tuple[str, str], LockedKey] = {}
    last: tuple[str, ...] = ("",)
    for number, line in enumerate(lines, start=2):
        place: tuple[str, ...]
        if (match := _KEY.fullmatch(line)) and _is_name(match[1]) and _is_key(match[2]) and _is_namespace(match[4]):
            secret, key, filename, namespace, scope, recipe, pairs, certificate, ciphertext = match.groups()
            place = (secret, key)
            made_of = dict(_PAIRS.findall(pairs))
            keys[secret, key] = LockedKey(filename, namespace, _SCOPES[scope], recipe, made_of, certificate, ciphertext)
            ordered = len(made_of) == pairs.count('":"') and list(made_of) == sorted(made_of)
        elif (match := _VALUE.fullmatch(line)) and _is_date(match[3]):
            name, version, date, specification = match.groups()
            place = (name,)
            values[name] = LockedValue(version, date, specification)
            ordered = True
        else:
            raise _not_a_line(line, Mark(file, number, 1))
        # Lines of values come before those of keys.
        if not ordered or (len(last), last) >= (len(place), place):
            raise ConfigurationError(
                "out of order, or there twice; restore the lock from Git", at=Mark(file, number, 1)
            )
        last = place
    for number, locked in enumerate(keys.values(), start=len(values) + 2):
        if not locked.values.keys() <= values.keys():
            missing = min(locked.values.keys() - values.keys())
            raise ConfigurationError(
                f"the key is made of {missing}, which has no line of its own; restore it from Git",
                at=Mark(file, number, 1),
            )
    return Lock(fingerprint_key, values, keys)


_SCOPES = {str(scope): scope for scope in Scope}


def _header(line: str, file: str) -> str | None:
    """Return what names the fingerprint key."""
    at = Mark(file, 1, 1)
    if match := _HEADER.fullmatch(line):
        return match[1]
    if (match := _FORMAT.match(line)) and match[1] != str(FORMAT):
        raise ConfigurationError(
            f"the lock has format {match[1]}, and this sealgen knows {FORMAT}; update sealgen", at=at
        )
    raise _not_a_line(line, at)


def _not_a_line(line: str, at: Mark) -> ConfigurationError:
    if line.startswith(_CONFLICT):
        return ConfigurationError(
            "a merge conflict; keep the lines that belong to the manifests you keep, then run 'sealgen plan'", at=at
        )
    return ConfigurationError("not a line of a lock as sealgen writes it; restore it from Git", at=at)


# Each by itself: all lines of a Secret have its name and its namespace, and many Secrets have the same keys.


@lru_cache(1024)
def _is_name(text: str) -> bool:
    return rules.name_problem(text) is None


@lru_cache(1024)
def _is_key(text: str) -> bool:
    return rules.key_problem(text) is None


@lru_cache(1024)
def _is_namespace(text: str) -> bool:
    return rules.namespace_problem(text) is None


@lru_cache(1024)
def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
