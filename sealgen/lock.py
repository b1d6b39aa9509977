"""The lock: what was sealed, of which versions, in a form that merges like source and tells an attacker nothing.

``environments/<env>.lock`` is JSON Lines: a header, one line a value, one line a key, each sorted. It holds no
value, no length of one and no hash that could be guessed against: versions are counters, or keyed digests.
"""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from sealgen.crypto import fingerprint
from sealgen.errors import ConfigurationError, Mark
from sealgen.kubernetes import rules
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.values.value import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMAT = 1

Version: TypeAlias = int | str
"""A counter for values that are made, a keyed digest for those that are read."""


@dataclass(frozen=True)
class LockedValue:
    """The version of a value that its keys were sealed from."""

    version: Version
    date: str
    """When this version was first sealed: YYYY-MM-DD, UTC."""
    specification: str
    """Digest of what determines the value."""


@dataclass(frozen=True)
class LockedKey:
    """One ciphertext: where it is, what it was made of, and what it is bound to."""

    filename: str
    namespace: str
    scope: Scope
    recipe: str
    """Digest of the recipe."""
    values: Mapping[str, Version]
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


_JSON = json.JSONEncoder(separators=(",", ":"))


def dump(lock: Lock) -> bytes:
    """Return the lock as text; equal locks give equal bytes."""
    header: dict[str, Any] = {"sealgen": "lock", "format": FORMAT}
    if lock.fingerprint_key:
        header["fingerprint_key"] = lock.fingerprint_key
    lines = [header]
    for name, value in sorted(lock.values.items()):
        lines.append(
            {"value": name, "version": value.version, "date": value.date, "specification": value.specification}
        )
    for (secret, key), locked in sorted(lock.keys.items()):
        lines.append(
            {
                "secret": secret,
                "key": key,
                "file": locked.filename,
                "namespace": locked.namespace,
                "scope": str(locked.scope),
                "recipe": locked.recipe,
                "values": dict(sorted(locked.values.items())),
                "certificate": locked.certificate,
                "ciphertext": locked.ciphertext,
            }
        )
    return "".join(_JSON.encode(line) + "\n" for line in lines).encode()


_KEY_ID = r"[0-9a-f]{16}"
_VERSION = r"(?:hmac-sha256|literal):[0-9a-f]{32}"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DIGEST = r"[0-9a-f]{64}"
_FILENAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"  # never a path: a lock leads nowhere else


def read(content: bytes, file: str) -> Lock:
    """Read a lock, strictly: ``dump(read(content)) == content``.

    Raises ConfigurationError with the line, for a merge conflict too.
    """
    fingerprint_key = None
    values: dict[str, LockedValue] = {}
    keys: dict[tuple[str, str], LockedKey] = {}
    for number, line in enumerate(content.split(b"\n")[:-1] or [b""], start=1):
        at = Mark(file, number, 1)
        if line.startswith((b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")):
            raise ConfigurationError(
                "a merge conflict; keep the lines that belong to the manifests you keep, then run 'sealgen plan'",
                at=at,
            )
        try:
            data = json.loads(line.decode())
            if number == 1:
                fingerprint_key = _header(data, at)
            elif "value" in data:
                values[_matching(NAME, data["value"])] = _value(data)
            else:
                place = _named(rules.name_problem, data["secret"]), _named(rules.key_problem, data["key"])
                keys[place] = _key(data)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ConfigurationError("not a line of a lock; restore it from Git", at=at) from None
    lock = Lock(fingerprint_key, values, keys)
    if (canonical := dump(lock)) != content:
        number = _first_difference(canonical, content)
        raise ConfigurationError(
            "not as sealgen writes it (order, spacing, a line twice or unfinished); restore it from Git",
            at=Mark(file, number, 1),
        )
    for number, (_, locked) in enumerate(sorted(keys.items()), start=len(values) + 2):
        if missing := sorted(locked.values.keys() - values.keys()):
            raise ConfigurationError(
                f"the key is made of {missing[0]}, which has no line of its own; restore it from Git",
                at=Mark(file, number, 1),
            )
    return lock


def _first_difference(one: bytes, other: bytes) -> int:
    lines = zip(one.split(b"\n"), other.split(b"\n"), strict=False)
    return next(number for number, (a, b) in enumerate(lines, start=1) if a != b)


def _header(data: Any, at: Mark) -> str | None:
    if data["sealgen"] != "lock":
        raise ValueError
    if data["format"] != FORMAT:
        raise ConfigurationError(
            f"the lock has format {data['format']}, and this sealgen knows {FORMAT}; update sealgen", at=at
        )
    name = data.get("fingerprint_key")
    return None if name is None else _matching(_KEY_ID, name)


def _value(data: dict[str, Any]) -> LockedValue:
    date = _matching(_DATE, data["date"])
    datetime.date.fromisoformat(date)
    return LockedValue(_version(data["version"]), date, _matching(_DIGEST, data["specification"]))


def _key(data: dict[str, Any]) -> LockedKey:
    return LockedKey(
        filename=_matching(_FILENAME, data["file"]),
        namespace=_named(rules.namespace_problem, data["namespace"]),
        scope=Scope(data["scope"]),
        recipe=_matching(_DIGEST, data["recipe"]),
        values={_matching(NAME, name): _version(version) for name, version in data["values"].items()},
        certificate=_matching(fingerprint.PATTERN, data["certificate"]),
        ciphertext=_matching(_DIGEST, data["ciphertext"]),
    )


# These raise TypeError or ValueError; ``read`` has the line.


def _version(data: Any) -> Version:
    if type(data) is int and data > 0:
        return data
    return _matching(_VERSION, data)


def _matching(pattern: str, text: Any) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError
    return str(text)


def _named(problem: Callable[[str], str | None], text: Any) -> str:
    if problem(text):
        raise ValueError
    return str(text)
