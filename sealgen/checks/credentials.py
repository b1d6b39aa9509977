"""Text in clear that looks like a credential: in a literal, or in a template's own text. No message repeats it."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from sealgen.checks.finding import Finding
from sealgen.values.age import BEGINNINGS, AgeStore
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.checks.subject import Subject
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.recipe import Recipe

# A text is whatever a pull request brings: each of these patterns takes time in proportion to its length.
# What names a credential, but not one that is about it: password_file, token_url, secret_name, key_id.
_NAMED = re.compile(
    r"(?:^|[^a-z])(?:password|passwd|passphrase|pwd|secret|token|credentials?|(?:api|access|private|secret)[-_.]?key)"
    r"(?:[-_.](?:key|value|hash|\d+))*$",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS
    r"|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22}|\bglpat-[A-Za-z0-9_-]{20}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10}"  # Slack
    r"|\b[sr]k_live_[A-Za-z0-9]{16}"  # Stripe
    r"|\bAIza[A-Za-z0-9_-]{35}"  # Google
    r"|\beyJ[A-Za-z0-9_-]{8,512}\.eyJ[A-Za-z0-9_-]{8}"  # a JSON Web Token
)
_PASSWORD_IN_URI = re.compile(r"://[^\s/@:]*:[^\s/@:]+@")
_WORD = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_RANDOM = 4.0  # bits a character; words have less
_RANDOM_HEX = 3.0


def literals(subject: Subject) -> Iterator[Finding]:
    """Yield the values that stand in the environment file and look like credentials."""
    for name in subject.used:
        source = subject.environment.values[name].source
        if isinstance(source, Literal) and (why := looks_like_one(name, source.text.reveal().decode())):
            message = f"{name} is a literal, in clear in Git, and {why}; give it a source, and rotate it"
            yield subject.of_value("literal-credential", name, message)


def templates(subject: Subject) -> Iterator[Finding]:
    """Yield the keys that are made of text alone, or hold such text, and look like credentials."""
    for secret in subject.manifests.values():
        for name, key in secret.keys.items():
            if why := _in_recipe(name, key.recipe):
                message = (
                    f"{secret.name}/{name} holds text, in clear in Git, that {why}; make it a value, and rotate it"
                )
                yield Finding("literal-credential", key.at.file, key.at.line, message)


def _in_recipe(name: str, recipe: Recipe) -> str | None:
    if all(isinstance(part, str) for part in recipe):
        return looks_like_one(name, "".join(map(str, recipe)))
    return next((why for part in recipe if isinstance(part, str) and (why := _by_itself(part))), None)


def files(project: Project, environment: Environment) -> Iterator[Finding]:
    """Yield the files of values that age should have encrypted; whether it did, their beginning tells."""
    for store in environment.stores.values():
        if isinstance(store, AgeStore):
            content = project.read(store.file)
            if content is not None and not content.startswith(BEGINNINGS):
                yield Finding("values-in-clear", store.file, 1, "it is not encrypted with age")


def looks_like_one(name: str, text: str) -> str | None:
    """Say why a text of this name looks like a credential; None where it does not."""
    if not text.strip():
        return None
    return "is named like a credential" if _NAMED.search(name) else _by_itself(text)


def _by_itself(text: str) -> str | None:
    if _KNOWN.search(text):
        return "has the form of a credential"
    if _PASSWORD_IN_URI.search(text):
        return "has a password in a URI"
    if any(map(_is_random, _WORD.findall(text))):
        return "looks random"
    return None


def _is_random(word: str) -> bool:
    if not (re.search("[0-9]", word) and re.search("[A-Za-z]", word)):
        return False
    if _HEX.fullmatch(word):
        return _entropy(word) >= _RANDOM_HEX
    return _entropy(word) >= _RANDOM


def _entropy(word: str) -> float:
    """Return Shannon's entropy, in bits a character."""
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
