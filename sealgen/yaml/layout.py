"""YAML text in the layout of ``kubeseal -o yaml``: moving from kubeseal to sealgen changes no byte of it.

kubeseal writes with go-yaml version 2. libyaml lays out the same way but for rare characters, and not in every
release; what is committed can't depend on that, so the rules stand here. One thing is different on purpose: the
separators of lines and paragraphs (U+2028, U+2029) are escaped, because readers of YAML 1.1 and of YAML 1.2 take
them for different things. Source: go.yaml.in/yaml/v2 2.4.3, and YAML 1.1 for the terms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from functools import cmp_to_key, lru_cache
from itertools import takewhile
from typing import TypeAlias

Items: TypeAlias = "tuple[str | Tree, ...]"
Tree: TypeAlias = "Mapping[str, str | bool | int | Tree | Items | None]"

_INDENT = "  "
_WIDTH = 80
_SIMPLE_KEY_BYTES = 128


def dump(tree: Tree) -> str:
    """Return ``tree`` as one YAML document, keys sorted, that begins with ``---``."""
    return f"---\n{_mapping(tree, '')}" if tree else "---\n{}\n"


def reads_as_text(plain: str) -> bool:
    """Tell whether Kubernetes takes a plain scalar for text, not for null, a boolean, a number or a date."""
    if plain in _WORDS:
        return False
    if plain[0] == ".":
        return _FRACTION.fullmatch(plain) is None or math.isinf(float(plain))
    if plain[0] not in "+-0123456789":
        return True
    return not _is_date(plain) and not _is_number(plain.replace("_", ""))


# --- mappings ---------------------------------------------------------------------------------------------------


def _mapping(tree: Tree, margin: str) -> str:
    # The first line has no margin: it may follow ": ".
    return margin.join([_entry(key, tree[key], margin) for key in in_order(tuple(tree))])


def _entry(key: str, value: str | bool | int | Tree | Items | None, margin: str) -> str:
    deeper = margin + _INDENT
    head, column, simple = _head(key, margin)
    if isinstance(value, str):
        # As every ciphertext is: nothing in it needs quotes, a fold or a line of its own.
        if _TRIVIAL.fullmatch(value) and value not in _WORDS:
            return f"{head}{value}\n"
        return head + _scalar(value, deeper, column)
    if isinstance(value, tuple):
        if not value:
            return head + "[]\n"
        return f"{head[:-1]}\n{margin}{_items(value, margin)}" if simple else head + _items(value, deeper)
    if not isinstance(value, Mapping):
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _CONSTANTS[value]
        return f"{head}{text}\n"
    if not value:
        return head + "{}\n"
    return f"{head[:-1]}\n{deeper}{_mapping(value, deeper)}" if simple else head + _mapping(value, deeper)


@lru_cache(4096)  # many Secrets have the same keys
def _head(key: str, margin: str) -> tuple[str, int, bool]:
    """Return what stands before a value, the column where the value begins, and whether its key stands on one line."""
    deeper = margin + _INDENT
    if len(key.encode()) <= _SIMPLE_KEY_BYTES and _BREAK.search(key) is None:
        quote, inner = _on_one_line(key)
        head = f"{quote}{inner}{quote}: "
        return head, len(margin) + len(head), True
    return f"? {_scalar(key, deeper, len(deeper))}{margin}: ", len(deeper), False


def _items(items: Items, margin: str) -> str:
    return margin.join([f"- {_item(item, margin + _INDENT)}" for item in items])


def _item(item: str | Tree, margin: str) -> str:
    if isinstance(item, str):
        return _scalar(item, margin, len(margin))
    return _mapping(item, margin) if item else "{}\n"


_CONSTANTS = {None: "null", True: "true", False: "false"}


@lru_cache(4096)
def in_order(keys: tuple[str, ...]) -> list[str]:
    """Return keys in the order in which kubeseal writes them."""
    # Natural order has circles (9a < 100 < 901- < 9a): kubeseal's output then changes by chance, ours must not.
    return sorted(sorted(keys), key=cmp_to_key(_natural_order))


def _natural_order(a: str, b: str) -> int:
    """Compare two keys: letters after all else, runs of digits by their value, a key after its own prefix."""
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x == y:
            continue
        if x.isalpha() and y.isalpha():
            return -1 if x < y else 1
        if x.isalpha() or y.isalpha():
            return -1 if y.isalpha() else 1
        # A zero inside of a number is no leading zero.
        inside = "0" in (x, y) and a[:i].rstrip("0")[-1:].isdecimal()
        left, right = _run_of_digits(a, i, inside), _run_of_digits(b, i, inside)
        return -1 if (*left, x) < (*right, y) else 1
    return len(a) - len(b)


def _run_of_digits(key: str, start: int, inside: bool) -> tuple[int, int]:
    digits = list(takewhile(str.isdecimal, key[start:]))
    value = int(inside)
    for digit in digits:
        value = value * 10 + ord(digit) - ord("0")
    return (value + 2**63) % 2**64 - 2**63, len(digits)


# --- scalars ----------------------------------------------------------------------------------------------------

_TRIVIAL = re.compile(r"[A-Za-z_/][A-Za-z0-9_/+=.-]*")
_BREAK = re.compile("[\r\n\x85\u2028\u2029]")
_SPECIAL = re.compile("[\0-\t\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U00010000-\U0010ffff]")
_NOT_PLAIN = re.compile(r"---|\.\.\.|[#,\[\]{}&*!|>'\"%@` ]|[?:-](?: |\Z)|.*(?::(?: |\Z)| #| \Z)")
_ESCAPED = re.compile(f'{_SPECIAL.pattern}|["\\\\\n]')
_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip
_FOLDS_QUOTED = re.compile("(?<=[^ ]) (?=.)")
_FOLDS = re.compile("(?<=[^ ]) (?=[^ ])")


def _scalar(text: str, margin: str, column: int) -> str:
    """Return the scalar and the end of its line; its further lines begin with ``margin``."""
    if "\n" in text and text[-1] != " " and " \n" not in text and not _SPECIAL.search(text):
        return _literal(text, margin)
    quote, inner = _on_one_line(text)
    if " " in inner:
        inner = _fold(quote, inner, margin, column)
    return f"{quote}{inner}{quote}\n"


def _literal(text: str, margin: str) -> str:
    indentation = "2" if text[0] in " \n" else ""
    ended = text[-1] == "\n"
    chomping = "-" if not ended else "+" if text == "\n" or text[-2] == "\n" else ""
    body = re.sub("\n(?=[^\n])", f"\n{margin}", f"\n{text}")
    return f"|{indentation}{chomping}{body}" if ended else f"|{indentation}{chomping}{body}\n"


def _on_one_line(text: str) -> tuple[str, str]:
    """Return the quote (none, single or double) and what stands between the quotes."""
    if _TRIVIAL.fullmatch(text) and text not in _WORDS:
        return "", text
    if "\n" in text or not reads_as_text(text) or _BASE_60.fullmatch(text) or _SPECIAL.search(text):
        return '"', _escape(text)
    return ("'", text.replace("'", "''")) if _NOT_PLAIN.match(text) else ("", text)


def _escape(text: str) -> str:
    # go-yaml escapes all of a text that begins with a byte order mark.
    if text.startswith("\ufeff"):
        return "".join(map(_escape_sequence, text))
    return _ESCAPED.sub(lambda match: _escape_sequence(match[0]), text)


def _escape_sequence(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return f"\\{_ESCAPES[character]}"
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _fold(quote: str, inner: str, margin: str, column: int) -> str:
    """Break lines at the first space after the 80th column."""
    first, *pieces = (_FOLDS_QUOTED if quote == '"' else _FOLDS).split(inner)
    folded = [first]
    column += len(quote) + len(first)
    for piece in pieces:
        if column > _WIDTH:
            joint = f"\n{margin}\\" if piece[0] == " " else f"\n{margin}"
            column = len(joint) - 1
        else:
            joint = " "
            column += 1
        folded += joint, piece
        column += len(piece)
    return "".join(folded)


# --- what go-yaml takes a plain scalar for ----------------------------------------------------------------------

_WORDS = frozenset(
    [
        "y",
        "Y",
        "yes",
        "Yes",
        "YES",
        "true",
        "True",
        "TRUE",
        "on",
        "On",
        "ON",
        "n",
        "N",
        "no",
        "No",
        "NO",
        "false",
        "False",
        "FALSE",
        "off",
        "Off",
        "OFF",
        "~",
        "null",
        "Null",
        "NULL",
        ".nan",
        ".NaN",
        ".NAN",
        ".inf",
        ".Inf",
        ".INF",
        "+.inf",
        "+.Inf",
        "+.INF",
        "-.inf",
        "-.Inf",
        "-.INF",
    ]
) | {""}
_FRACTION = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"([-+]?)0(?:[xX]([0-9a-fA-F]+)|[oO]([0-7]+)|[bB]([01]+))")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE = re.compile(
    r"""([0-9]{4})-(0?[1-9]|1[0-2])-([12][0-9]|3[01]|0?[1-9])
    (?: (?: [Tt] | (?P<zoneless>[ ]+) ) (?:2[0-3]|[01]?[0-9]):[0-5]?[0-9]:[0-5]?[0-9] (?:[.,][0-9]+)?
        (?(zoneless) | (?:Z | [-+](?:[01][0-9]|2[0-4]):(?:[0-5][0-9]|60)) )
    )?""",
    re.VERBOSE,
)


def _is_date(plain: str) -> bool:
    match = _DATE.fullmatch(plain)
    if match is None:
        return False
    try:
        # The year 0 is a leap year to Go and no year to Python.
        date(int(match[1]) or 4, int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _is_number(digits: str) -> bool:
    if _DECIMAL.fullmatch(digits):
        return math.isfinite(float(digits))
    if digits[:3] in ("0b-", "0b+"):
        digits = f"{digits[2]}0b{digits[3:]}"
    match = _INTEGER.fullmatch(digits)
    if match is None:
        return False
    sign, hexadecimal, octal, binary = match.groups()
    value = int(hexadecimal or octal or binary, 16 if hexadecimal else 8 if octal else 2)
    return value < {"": 2**64, "+": 2**63, "-": 2**63 + 1}[sign]
