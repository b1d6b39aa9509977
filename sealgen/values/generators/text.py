"""Generators of text: encoded random bytes, characters of a set, UUIDs.

Every draw comes from the operating system's generator by way of ``secrets``, and none is biased.
"""

from __future__ import annotations

import abc
import base64
import math
import re
import secrets
import string
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sealgen.errors import ConfigurationError
from sealgen.values.generators.generator import Generator, named
from sealgen.values.secret import Secret
from sealgen.yaml.schema import Field, Fields, Integer, JSONSchema, Record, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.values.source import Parts, Source, Surroundings
    from sealgen.yaml.nodes import Node

MAX_BYTES = 4096
MAX_PASSWORD = 256  # characters
_ALPHANUMERIC = string.ascii_letters + string.digits
_HEX = string.digits + "abcdef"


class TextGenerator(Generator, abc.ABC):
    """A generator of one ASCII text, whose length and entropy are known beforehand."""

    parts: ClassVar[tuple[str, ...]] = ("",)

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """The length of the text in bytes."""

    @property
    @abc.abstractmethod
    def entropy_bits(self) -> int:
        """The logarithm to base 2, rounded down, of how many texts there are; all are equally likely."""

    @property
    @abc.abstractmethod
    def alphabet(self) -> str:
        """The characters that a text may have."""

    @abc.abstractmethod
    def draw(self) -> str:
        """Return a new text."""

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Make the value."""
        return {"": Secret(self.draw().encode())}


@dataclass(frozen=True)
class _RandomBytes(TextGenerator):
    count: int
    """How many bytes, before encoding."""

    @staticmethod
    @abc.abstractmethod
    def encode(random: bytes) -> str:
        """Return the bytes as text."""

    @property
    def size(self) -> int:
        """The length of the encoded text in bytes."""
        return len(self.encode(bytes(self.count)))

    @property
    def entropy_bits(self) -> int:
        """Eight a byte."""
        return 8 * self.count

    def draw(self) -> str:
        """Return new bytes, encoded."""
        return self.encode(secrets.token_bytes(self.count))


class Hex(_RandomBytes):
    """Random bytes in hexadecimal, as ``openssl rand -hex`` writes them."""

    generator: ClassVar[str] = "hex"

    @property
    def alphabet(self) -> str:
        """Lower-case digits."""
        return _HEX

    @staticmethod
    def encode(random: bytes) -> str:
        """Return two lower-case digits a byte."""
        return random.hex()


class Base64(_RandomBytes):
    """Random bytes in base64, as ``openssl rand -base64`` writes them, in one line of any length."""

    generator: ClassVar[str] = "base64"

    @property
    def alphabet(self) -> str:
        """With the sign of padding, where there is any."""
        return f"{_ALPHANUMERIC}+/{'=' if self.count % 3 else ''}"

    @staticmethod
    def encode(random: bytes) -> str:
        """Return standard base64 with padding (RFC 4648, section 4)."""
        return base64.b64encode(random).decode()


class UrlSafe(_RandomBytes):
    """Random bytes in base64 that needs no quoting in a URL."""

    generator: ClassVar[str] = "urlsafe"

    @property
    def alphabet(self) -> str:
        """Of unreserved characters only."""
        return f"{_ALPHANUMERIC}-_"

    @staticmethod
    def encode(random: bytes) -> str:
        """Return URL-safe base64 without padding (RFC 4648, section 5)."""
        return base64.urlsafe_b64encode(random).rstrip(b"=").decode()


@dataclass(frozen=True)
class Alphanumeric(TextGenerator):
    """ASCII letters and digits."""

    length: int

    generator: ClassVar[str] = "alphanumeric"

    @property
    def alphabet(self) -> str:
        """All that there are."""
        return _ALPHANUMERIC

    @property
    def size(self) -> int:
        """The length."""
        return self.length

    @property
    def entropy_bits(self) -> int:
        """Not quite six a character."""
        return _floor_log2(len(_ALPHANUMERIC) ** self.length)

    def draw(self) -> str:
        """Return new characters."""
        return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(self.length))


_CLASSES = {
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "digits": string.digits,
    "symbols": string.punctuation,
}
# No quote, backslash, dollar, bracket, slash or space: what most often breaks where a password is pasted.
_DEFAULT_CHARSET = "a-zA-Z0-9%+,.:=@^_~-"


@dataclass(frozen=True)
class Password(TextGenerator):
    """Characters of a set, with at least so many of each class; every such text is equally likely."""

    length: int
    charset: str
    """The characters, sorted."""
    minimums: tuple[tuple[str, int], ...]
    """Of each class that the set has characters of."""

    generator: ClassVar[str] = "password"

    def specification(self) -> Mapping[str, object]:
        """Return the length, the characters in order, and the minimums by class."""
        return {
            "generate": self.generator,
            "length": self.length,
            "charset": self.charset,
            "minimums": dict(self.minimums),
        }

    @property
    def size(self) -> int:
        """The length."""
        return self.length

    @property
    def alphabet(self) -> str:
        """The charset."""
        return self.charset

    @property
    def entropy_bits(self) -> int:
        """Of the texts that keep the minimums, not of all."""
        return _floor_log2(self._ways(self._classes())[0][self.length])

    def draw(self) -> str:
        """Return a new password.

        How many characters each class gets is drawn first, in proportion to how many texts there are of each such
        division; then the characters, then their order.
        """
        classes = self._classes()
        ways = self._ways(classes)
        drawn: list[str] = []
        for index, (characters, minimum) in enumerate(classes):
            left = self.length - len(drawn)
            ticket = secrets.randbelow(ways[index][left])
            for count in range(minimum, left + 1):
                ticket -= math.comb(left, count) * len(characters) ** count * ways[index + 1][left - count]
                if ticket < 0:
                    drawn += (secrets.choice(characters) for _ in range(count))
                    break
        secrets.SystemRandom().shuffle(drawn)
        return "".join(drawn)

    def _classes(self) -> list[tuple[str, int]]:
        return [
            ("".join(character for character in self.charset if character in _CLASSES[name]), minimum)
            for name, minimum in self.minimums
        ]

    def _ways(self, classes: list[tuple[str, int]]) -> list[list[int]]:
        """Return, by class and length, how many texts there are of that class and those after it."""
        ways = [[1] + [0] * self.length]
        for characters, minimum in reversed(classes):
            after = ways[0]
            ways.insert(
                0,
                [
                    sum(
                        math.comb(length, count) * len(characters) ** count * after[length - count]
                        for count in range(minimum, length + 1)
                        if after[length - count]
                    )
                    for length in range(self.length + 1)
                ],
            )
        return ways


@dataclass(frozen=True)
class Uuid(TextGenerator):
    """A random UUID (RFC 9562, version 4) in lower case."""

    generator: ClassVar[str] = "uuid"

    @property
    def size(self) -> int:
        """Thirty-two digits and four hyphens."""
        return 36

    @property
    def entropy_bits(self) -> int:
        """All bits but those of version and variant."""
        return 122

    @property
    def alphabet(self) -> str:
        """Digits and the hyphen."""
        return f"{_HEX}-"

    def draw(self) -> str:
        """Return a new UUID."""
        return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _floor_log2(number: int) -> int:
    return number.bit_length() - 1


@dataclass(frozen=True)
class _Charset:
    """Printable ASCII characters, each once, with ranges of letters or digits such as ``a-z``."""

    def read(self, node: Node, path: str) -> str:
        """Return the characters, sorted."""
        text = Text().read(node, path)
        if problem := self._problem(text):
            raise ConfigurationError(f"{path}: {problem}", at=node.at)
        return "".join(sorted(self.expand(text)))

    def _problem(self, text: str) -> str | None:
        if not re.fullmatch(r"[!-~]*", text):
            return "printable ASCII characters can be in a set, without the space"
        for match in re.finditer(r"(.)-(.)|-", text.removeprefix("-").removesuffix("-")):
            if not match[1] or not _run(match[1], match[2]):
                return f"'{match[0]}' is not a range like a-z; a hyphen itself stands first or last"
        characters = self.expand(text)
        for character in characters:
            if characters.count(character) > 1:
                return f"'{character}' is in the set twice"
        return "a set has two characters or more" if len(characters) < 2 else None

    def expand(self, text: str) -> str:
        """Return the characters with ranges written out."""
        body = text.removeprefix("-").removesuffix("-")
        hyphens = "-" * (len(text) - len(body))
        return hyphens + re.sub(r"(.)-(.)", lambda match: _run(match[1], match[2]), body)

    def json_schema(self) -> JSONSchema:
        """Text."""
        return {"type": "string"}


def _run(first: str, last: str) -> str:
    """Return the characters from ``first`` to ``last`` if both are of one class of letters or digits, else ''."""
    for characters in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        if first in characters and last in characters:
            return characters[characters.index(first) : characters.index(last) + 1]
    return ""


def _password(fields: Fields) -> Password:
    length, charset, given = fields["length"], fields["charset"], fields["minimums"]
    minimums = []
    for name, characters in _CLASSES.items():
        available = any(character in characters for character in charset)
        minimum = given[name] if name in given else int(available)
        if minimum and not available:
            raise ConfigurationError(
                f"minimums: at least {minimum} {name}, and charset has none", at=fields.at("minimums")
            )
        if available:
            minimums.append((name, minimum))
    total = sum(minimum for _, minimum in minimums)
    if total > length:
        raise ConfigurationError(
            f"minimums: they add up to {total}, and length is {length}",
            at=fields.at("minimums"),
        )
    return Password(length, charset, tuple(minimums))


def _given(fields: Fields) -> dict[str, int]:
    return {name: fields[name] for name in _CLASSES if fields[name] is not None}


def _encoded(generator: type[_RandomBytes], makes: str) -> Record[Source]:
    return Record(
        named(generator.generator, makes)
        | {"bytes": Field(Integer(16, MAX_BYTES), "How many random bytes, before encoding; default: 32.", default=32)},
        lambda fields: generator(fields["bytes"]),
    )


def _minimum(of: str) -> Field:
    return Field(Integer(0, MAX_PASSWORD), f"At least so many {of}; default: 1 if the charset has any.")


_MINIMUMS: Record[Any] = Record(
    {
        "lower": _minimum("lower case letters"),
        "upper": _minimum("upper case letters"),
        "digits": _minimum("digits"),
        "symbols": _minimum("other characters"),
    },
    _given,
)

TEXT_GENERATORS: dict[str, Record[Source]] = {
    "hex": _encoded(Hex, "Random bytes in hexadecimal, as 'openssl rand -hex' writes them."),
    "base64": _encoded(Base64, "Random bytes in standard base64, as 'openssl rand -base64' writes them."),
    "urlsafe": _encoded(UrlSafe, "Random bytes in URL-safe base64 without padding."),
    "alphanumeric": Record(
        named("alphanumeric", "Random ASCII letters and digits.")
        | {"length": Field(Integer(8, MAX_BYTES), "How many characters; default: 32.", default=32)},
        lambda fields: Alphanumeric(fields["length"]),
    ),
    "password": Record(
        named("password", "Random characters of a set, with a minimum of each class.")
        | {
            "length": Field(Integer(8, MAX_PASSWORD), "How many characters; default: 32.", default=32),
            "charset": Field(
                _Charset(),
                "The characters, with ranges such as a-z; a hyphen itself stands first or last. "
                f"Default: {_DEFAULT_CHARSET}",
                default="".join(sorted(_Charset().expand(_DEFAULT_CHARSET))),
            ),
            "minimums": Field(_MINIMUMS, "At least so many characters of each class.", default={}),
        },
        _password,
    ),
    "uuid": Record(named("uuid", "A random UUID (version 4)."), lambda _: Uuid()),
}
