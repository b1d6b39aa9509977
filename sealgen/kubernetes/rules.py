"""Kubernetes' own rules about names, keys, labels, annotations and sizes, as the API server checks them.

Each function returns None, or a sentence that says what is wrong and what would be right; the caller says where.
Source: k8s.io/apimachinery v0.35 (``pkg/api/validate/content``, ``pkg/util/validation``, ``pkg/api/validation``)
and ``ValidateSecret`` of Kubernetes 1.35.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.errors import key_told, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECRET_MAX_BYTES = 1024 * 1024
"""What the decoded values of one Secret may have together; the names of its keys don't count."""
ANNOTATIONS_MAX_BYTES = 256 * 1024
"""What the keys and values of an object's annotations may have together."""


# No two ways to match one text, so that the time is linear in its length.
_DNS_LABEL = r"[a-z0-9]+(?:-+[a-z0-9]+)*"
_DNS_NAME = rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*"
_QUALIFIED = r"[A-Za-z0-9]+(?:[-_.]+[A-Za-z0-9]+)*"

_DNS_NAME_RULE = "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'"
_DNS_LABEL_RULE = "use lower-case letters, digits and '-', with a letter or digit at both ends"
_QUALIFIED_RULE = "use letters, digits, '-', '_' and '.', with a letter or digit at both ends"


@dataclass(frozen=True)
class _Grammar:
    """What ``noun`` (with its article) may look like, and how to guess what somebody meant."""

    noun: str
    pattern: re.Pattern[str]
    longest: int
    rule: str
    near: Callable[[str], str]

    def fits(self, text: str) -> bool:
        return len(text) <= self.longest and self.pattern.fullmatch(text) is not None

    def problem(self, text: str) -> str | None:
        if self.fits(text):
            return None
        if not text:
            return f"{self.noun} can't be empty: {self.rule}"
        if self.pattern.fullmatch(text):
            return f"{quoted(text)} is too long: {self.noun} has at most {self.longest} characters"
        near = self.near(text) if text.isascii() else ""  # nothing is obvious about other alphabets
        meant = f"; did you mean '{near}'?" if near and self.fits(near) else ""
        return f"{quoted(text)} can't be {self.noun}: {self.rule}{meant}"


def _near_dns_label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _near_dns_name(text: str) -> str:
    return ".".join(filter(None, map(_near_dns_label, text.split("."))))


def _near_key(text: str) -> str:
    # An environment variable's name is joined with '_', any other with '-'.
    return re.sub(r"[^-._a-zA-Z0-9]+", "_" if text.isupper() else "-", text).strip("-_")


def _near_qualified(text: str) -> str:
    return re.sub(r"[^-_.a-zA-Z0-9]+", "-", text).strip("-_.")


_NAME = _Grammar("a name", re.compile(_DNS_NAME), 253, _DNS_NAME_RULE, _near_dns_name)
_NAMESPACE = _Grammar("a namespace", re.compile(_DNS_LABEL), 63, _DNS_LABEL_RULE, _near_dns_label)
_KEY = _Grammar(
    "a key", re.compile(r"(?!\.\.|\.\Z)[-._a-zA-Z0-9]+"), 253, "use letters, digits, '-', '_' and '.'", _near_key
)
_LABEL_VALUE = _Grammar(
    "a label value", re.compile(rf"(?:{_QUALIFIED})?"), 63, f"{_QUALIFIED_RULE}, or nothing", _near_qualified
)
_LABEL_NAME = _Grammar("a label key", re.compile(_QUALIFIED), 63, _QUALIFIED_RULE, _near_qualified)
_LABEL_PREFIX = _Grammar("a label key's prefix", re.compile(_DNS_NAME), 253, _DNS_NAME_RULE, _near_dns_name)
_ANNOTATION_NAME = _Grammar("an annotation key", re.compile(_QUALIFIED), 63, _QUALIFIED_RULE, _near_qualified)
_ANNOTATION_PREFIX = _Grammar(
    "an annotation key's prefix",
    re.compile(_DNS_NAME.replace("a-z", "a-zA-Z")),
    253,
    _DNS_NAME_RULE.replace("lower-case ", ""),
    _near_dns_name,
)


def name_problem(name: str) -> str | None:
    """Say what is wrong with a Secret's name: an RFC 1123 subdomain of at most 253 characters."""
    return _NAME.problem(name)


def namespace_problem(namespace: str) -> str | None:
    """Say what is wrong with a namespace's name: an RFC 1123 label of at most 63 characters."""
    return _NAMESPACE.problem(namespace)


def role_name_problem(name: str) -> str | None:
    """Say what is wrong with the name of a Role: it is one segment of a path, and may hold almost anything."""
    if not name or name in {".", ".."} or "/" in name or "%" in name or not name.isprintable():
        return f"{quoted(name)} can't be the name of a Role: it is a part of a path, without '/' and '%'"
    return None


def key_problem(key: str) -> str | None:
    """Say what is wrong with a key of ``data``: it is a file's name in a volume, of at most 253 characters."""
    if ":" in key:
        return f"{quoted(key_told(key))} can't be a key: {_KEY.rule}; a ':' that ends one needs a space after it"
    if key in {".", ".."}:
        return f"'{key}' can't be a key: it is a directory's name; {_KEY.rule}"
    if key.startswith(".."):
        return f"{quoted(key)} can't be a key: a Secret's volume keeps names that begin with '..' for itself"
    return _KEY.problem(key)


def label_key_problem(key: str) -> str | None:
    """Say what is wrong with a label's key: a name of at most 63 characters, perhaps after a DNS name and '/'."""
    return _qualified_problem(key, _LABEL_PREFIX, _LABEL_NAME)


def label_value_problem(value: str) -> str | None:
    """Say what is wrong with a label's value: at most 63 characters, or empty."""
    return _LABEL_VALUE.problem(value)


def annotation_key_problem(key: str) -> str | None:
    """Say what is wrong with an annotation's key: as a label's, but the prefix may have capitals."""
    return _qualified_problem(key, _ANNOTATION_PREFIX, _ANNOTATION_NAME)


def _qualified_problem(key: str, prefix: _Grammar, name: _Grammar) -> str | None:
    before, slash, after = key.partition("/")
    if not slash:
        return name.problem(key)
    if not before or not after or "/" in after:
        return f"{quoted(key)} can't be {name.noun}: before its one '/' is a DNS name, after it a name"
    return prefix.problem(before) or name.problem(after)


def annotations_size_problem(annotations: Mapping[str, str]) -> str | None:
    """Say that an object's annotations are too large together: UTF-8 bytes of keys and values."""
    total = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if total <= ANNOTATIONS_MAX_BYTES:
        return None
    return f"the annotations have {total} bytes together; Kubernetes takes {ANNOTATIONS_MAX_BYTES} (256 KiB)"


def secret_size_problem(total: int) -> str | None:
    """Say that a Secret is too large; ``total`` is the sum of its values' sizes in bytes, decoded."""
    if total <= SECRET_MAX_BYTES:
        return None
    return f"the values have {total} bytes together; a Secret can have {SECRET_MAX_BYTES} (1 MiB)"
