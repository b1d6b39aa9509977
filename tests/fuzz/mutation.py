"""A small mutation fuzzer: the corpus, changed at random, by a seed that can be given again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LONGEST = 16 * 1024  # bytes
# What has a meaning to some reader of ours, or has broken one of another's.
TOKENS = (
    *(
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b"\x1b[2J",
    ),
    *(b"\n", b"\r\n", b"\r", b"\t", b" ", b"  ", b": ", b"- ", b"? ", b"# ", b"---\n", b"...\n", b"%YAML 1.1\n"),
    *(b"&a ", b"*a", b"!!binary ", b"!x ", b"<<: ", b"|\n", b">-\n", b"[", b"]", b"{", b"}", b",", b"'", b'"', b"\\"),
    *(b"null", b"~", b"true", b"yes", b"012", b"1e3", b"0x1", b"1:20", b"2026-01-01", b".nan", b"-1", b"1e999"),
    *(b"{{ ", b" }}", b"{% ", b" %}", b"{# ", b" #}", b"values.a", b"vars.host", b"| tojson", b"| urlquote", b"~"),
    *(b"{% for x in vars.users %}", b"{% endfor %}", b"{% include 'part.yaml.j2' %}", b"{% set x = values.a %}"),
    *(b"@a@", b"@tls.crt@", b"=fuzzed\n", b"|b64decode\n", b"|replace\n", b"|trim\n", b"\\u0000", b"\\ud800"),
    *(b"../", b"/", b"~/", b"%2e", b"A" * 300, b"9" * 5000, b"[" * 100, b"{a: " * 70, b"=== next file ===\n"),
)


def mutations(
    corpus: Sequence[bytes],
    seed: int,
    grown: Callable[[], Sequence[bytes]] = tuple,
    grammar: Callable[[random.Random], bytes] | None = None,
) -> Iterator[bytes]:
    """Yield inputs without end: first the corpus, then what random changes make of it and of what ``grown`` gives.

    With a grammar, half of them are what it makes, and half of those are changed at random, too.
    """
    yield from corpus
    chance = random.Random(seed)  # noqa: S311  (to be repeated, not to be secret)
    while True:
        pool = (*corpus, *grown())
        content = bytearray(chance.choice(pool)) if pool else bytearray()
        if grammar and chance.random() < 0.5:
            content = bytearray(grammar(chance))
            if chance.random() < 0.5:
                yield bytes(content[:LONGEST])
                continue
        for _ in range(chance.choice((1, 1, 1, 2, 2, 4, 8))):
            chance.choice(_CHANGES)(content, chance, pool)
        yield bytes(content[:LONGEST])


def _span(content: bytearray, chance: random.Random) -> slice:
    start = chance.randint(0, len(content))
    return slice(start, min(len(content), start + chance.choice((1, 1, 2, 4, 16, 64))))


def _change_byte(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if content:
        content[chance.randrange(len(content))] = chance.randrange(256)


def _flip_bit(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _remove(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    del content[_span(content, chance)]


def _repeat(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    span = _span(content, chance)
    content[span] = content[span] * chance.choice((2, 2, 3, 50))


def _insert_token(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    place = chance.randint(0, len(content))
    content[place:place] = chance.choice(TOKENS)


def _replace_by_token(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    content[_span(content, chance)] = chance.choice(TOKENS)


def _change_lines(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    """Remove a line, write it twice, or let two change places."""
    lines = content.splitlines(keepends=True)
    if lines:
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(3):
            case 0:
                del lines[one]
            case 1:
                lines.insert(other, lines[one])
            case _:
                lines[one], lines[other] = lines[other], lines[one]
        content[:] = b"".join(lines)


def _insert_lines(content: bytearray, chance: random.Random, pool: Sequence[bytes]) -> None:
    """Put a stretch of another input's lines in."""
    lines = content.splitlines(keepends=True)
    others = chance.choice(pool).splitlines(keepends=True) if pool else []
    start = chance.randint(0, len(others))
    place = chance.randint(0, len(lines))
    lines[place:place] = map(bytearray, others[start : start + chance.choice((1, 1, 3))])
    content[:] = b"".join(lines)


_CHANGES = (
    _change_byte,
    _flip_bit,
    _remove,
    _repeat,
    _insert_token,
    _replace_by_token,
    _change_lines,
    _insert_lines,
)
