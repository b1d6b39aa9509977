"""The source ``dotenv``: a variable of a ``.env`` file."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import CannotTell, SealgenError
from sealgen.values.env import VARIABLE
from sealgen.values.file import PATH, read_file
from sealgen.values.secret import Secret
from sealgen.yaml.schema import Field, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.values.source import Parts, Source, Surroundings

# There is no standard, and releases of one library read one file differently. A value must be the same bytes on
# every machine, so this is what Docker Compose, python-dotenv and Node's dotenv have in common, and no more.
_NAME = re.compile(rb"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=(?:[ \t]+|(?!#))")
_SINGLE = re.compile(rb"'([^'\\]*(?:\\(?![\\'])[^'\\]*)*)'")
_DOUBLE = re.compile(rb'"([^"\\]*(?:\\[nrt"\\][^"\\]*)*)"')
_BARE = re.compile(rb"((?:[^\s#'\"`][^\r\n]*)?)")
_REST = re.compile(rb"[ \t]*(?:#[^\r\n]*)?(?:\r?\n|\Z)")
_COMMENT = re.compile(rb"[ \t]#")
_ESCAPE = re.compile(rb"\\(.)")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b'"': b'"', b"\\": b"\\"}


@dataclass(frozen=True)
class Dotenv:
    r"""What the file assigns to the variable; the file is lines of ``NAME=value`` and comments (``#``).

    ``'value'`` is byte for byte what the quotes hold, line ends too; ``\\`` and ``\'`` can't be in it.
    ``"value"`` is the same with the escapes ``\n``, ``\r``, ``\t``, ``\"`` and ``\\``. Without quotes, the value
    ends at the line's end or at `` #``, and has no spaces around. ``export`` may stand before the name.
    ``${OTHER}`` is only these characters.
    """

    kind: ClassVar[str] = "dotenv"
    made: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ("",)

    dotenv: str
    """From the project's root, or absolute."""
    variable: str | None
    """None for the value's own name in upper case."""

    def specification(self) -> Mapping[str, object]:
        """Return the path and the variable as written."""
        return asdict(self)

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Read the file.

        Raises CannotTell where the file or the variable is missing, SealgenError where a line is no assignment or
        the variable is assigned twice.
        """
        variable = self.variable or name.upper()
        content = read_file(surroundings.root, self.dotenv, name)
        assignments = _assignments(content, self.dotenv, name)
        found = [(line, text) for line, assigned, text in assignments if assigned == variable.encode()]
        if not found:
            raise CannotTell(
                f"values.{name}: {self.dotenv} has no {variable}",
                hint=f"add a line {variable}='value' to {self.dotenv} and run again",
            )
        if len(found) > 1:
            raise SealgenError(
                f"values.{name}: {self.dotenv} has {variable} twice, in lines {found[0][0]} and {found[1][0]}"
            )
        return {"": Secret(found[0][1])}


def _assignments(content: bytes, path: str, name: str) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the line, the variable and the value of each assignment."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    line, position = 1, 0
    while position < len(content):
        rest = _REST.match(content, position)
        if not rest:
            assigned = _NAME.match(content, position)
            value = assigned and (
                _SINGLE.match(content, assigned.end())
                or _DOUBLE.match(content, assigned.end())
                or _BARE.match(content, assigned.end())
            )
            rest = value and _REST.match(content, value.end())
            if not (assigned and value and rest):
                raise SealgenError(
                    f"values.{name}: line {line} of {path} is no assignment that can be read in one way only",
                    hint="""write NAME='value', or NAME="value" with the escapes \\n, \\r, \\t, \\" and \\\\""",
                )
            yield line, assigned[1], _text(value)
        line += content.count(b"\n", position, rest.end())
        position = rest.end()


def _text(value: re.Match[bytes]) -> bytes:
    if value.re is _DOUBLE:
        return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], value[1])
    if value.re is _BARE:
        return _COMMENT.split(value[1], maxsplit=1)[0].rstrip(b" \t")
    return value[1]


SHAPE: Record[Source] = Record(
    {
        "dotenv": Field(PATH, "A .env file's path from the project's root, or absolute.", required=True),
        "variable": Field(VARIABLE, "The variable; default: the value's own name in upper case."),
    },
    lambda fields: Dotenv(fields["dotenv"], fields["variable"]),
)
