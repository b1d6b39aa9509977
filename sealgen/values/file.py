"""The source ``file``: the bytes of a file on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import CannotTell, SealgenError, quoted
from sealgen.regular_file import NotRegularError, TooLargeError, read_regular
from sealgen.values.secret import Secret
from sealgen.yaml.schema import Boolean, Field, Record, Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sealgen.values.source import Parts, Source, Surroundings

MAX_BYTES = 1024 * 1024  # what a Secret can hold
LINE_ENDS = b"\r\n"


def _path_problem(text: str) -> str | None:
    if not text:
        return "a path is missing"
    if not text.isprintable():
        return "a path is printable text"
    if text.startswith("~"):
        return f"'{text}': no home folder is looked up; write a path from the project's root, or an absolute one"
    return None


PATH = Text(problem=_path_problem)
INSIDE = r"(?![/~])(?!(?:.*/)?\.\.(?:/|$))(?!(?:\.?/)*\.?$).+"
"""What JSON Schema is told of a path that must stay below the project's root."""


def inside_problem(text: str) -> str | None:
    """Say what is wrong with a path that must stay below the project's root."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.parts or text.startswith("~") or not text.isprintable():
        return f"{quoted(text)} must be a path below the project's root"
    return None


TRIM = Field(
    Boolean(),
    "Drop all line ends at the end, as $(…) does in a shell; default: false, bytes as they are.",
    default=False,
)


def read_file(root: Path, path: str, name: str) -> bytes:
    """Return the bytes of the file at ``path`` from ``root``, for the value called ``name``.

    Raises CannotTell where there is no such file, SealgenError where it can't be read, is no regular file (a pipe
    would block, and can be read only once) or is larger than a Secret can be.
    """
    try:
        return read_regular(str(root / path), MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        hint = f"put the value into {path} and run again"
        raise CannotTell(f"values.{name}: there is no file {path}", hint=hint) from None
    except OSError as error:
        raise SealgenError(f"values.{name}: {path} can't be read: {error.strerror}") from None
    except NotRegularError:
        raise SealgenError(f"values.{name}: {path} is not a regular file") from None
    except TooLargeError:
        raise SealgenError(f"values.{name}: {path} is larger than 1 MiB, which is what a Secret can hold") from None


@dataclass(frozen=True)
class File:
    """The file's bytes; ``trim`` drops the line ends after the last line."""

    kind: ClassVar[str] = "file"
    made: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ("",)

    file: str
    """From the project's root, or absolute; it may lie outside the project."""
    trim: bool

    def specification(self) -> Mapping[str, object]:
        """Return the path as written, and whether to trim."""
        return asdict(self)

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Read the file."""
        content = read_file(surroundings.root, self.file, name)
        return {"": Secret(content.rstrip(LINE_ENDS) if self.trim else content)}


SHAPE: Record[Source] = Record(
    {"file": Field(PATH, "A file's path from the project's root, or absolute.", required=True), "trim": TRIM},
    lambda fields: File(fields["file"], fields["trim"]),
)
