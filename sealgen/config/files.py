"""The files of a project: those of the work tree, or what else gives files by their path."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sealgen.errors import SealgenError, shortened
from sealgen.regular_file import MAX_BYTES, NotRegularError, TooLargeError, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path, PurePosixPath


class Files(Protocol):
    """Files by their path from the project's root."""

    @property
    def root(self) -> Path:
        """The project's root in the work tree."""

    def read(self, path: str | PurePosixPath) -> bytes | None:
        """Return a file's bytes, None where there is none; raises SealgenError where it can't be read."""

    def known_digest(self, path: str) -> str | None:
        """Return a digest of a file's bytes where it is known without reading them, else None."""

    def below(self, folder: str, suffix: str) -> Iterable[str]:
        """Return the files below a folder whose names end so, by their path from the folder."""

    def leads_out(self, path: str | PurePosixPath, folder: str) -> bool:
        """Tell whether what is at a path below a folder is a link that leads out of it."""


class WorkTree:
    """The files as they are on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str | PurePosixPath) -> bytes | None:
        """Return a file's bytes, None where there is none; raises SealgenError where it can't be read."""
        try:
            return read_regular(os.path.join(self.root, path), MAX_BYTES)  # noqa: PTH118  (10,000 times as fast as it can be)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except NotRegularError:
            raise SealgenError(f"{path} is not a regular file") from None
        except TooLargeError:
            raise SealgenError(f"{path} is larger than {MAX_BYTES // 1024**2} MiB, the most that is read") from None
        except OSError as error:
            raise SealgenError(f"can't read {shortened(str(path), 255)}: {error.strerror}") from None

    def known_digest(self, path: str) -> str | None:
        """Return None: only reading tells."""
        return None

    def below(self, folder: str, suffix: str) -> Iterable[str]:
        """Return the files below a folder whose names end so, by their path from the folder."""
        top = os.path.join(self.root, folder)  # noqa: PTH118  (1,000 templates as fast as they can be)
        return (
            f"{where}/{name}"[len(top) + 1 :]
            for where, folders, files in os.walk(top)
            for name in (*folders, *files)
            if name.endswith(suffix)
        )

    def leads_out(self, path: str | PurePosixPath, folder: str) -> bool:
        """Tell whether what is at a path below a folder is a link that leads out of it."""
        # Only a link can. Most folders have none, and to resolve a path looks at every folder from the root on.
        steps = str(path).removeprefix(f"{folder}/").split("/")
        places = ("/".join((str(self.root), folder, *steps[: count + 1])) for count in range(len(steps)))
        if ".." not in steps and not any(map(os.path.islink, places)):
            return False
        # Path.resolve raises for a circle of links, where reading says it better.
        top = os.path.realpath(self.root / folder)
        return os.path.commonpath([top, os.path.realpath(self.root / path)]) != top


@dataclass(frozen=True)
class Edited:
    """Files of which one has another content than it has yet."""

    files: Files
    path: str
    content: bytes = field(repr=False)

    @property
    def root(self) -> Path:
        """The project's root in the work tree."""
        return self.files.root

    def read(self, path: str | PurePosixPath) -> bytes | None:
        """Return a file's bytes, None where there is none; raises SealgenError where it can't be read."""
        return self.content if str(path) == self.path else self.files.read(path)

    def known_digest(self, path: str) -> str | None:
        """Return a digest of a file's bytes where it is known without reading them, else None."""
        return None if path == self.path else self.files.known_digest(path)

    def below(self, folder: str, suffix: str) -> Iterable[str]:
        """Return the files below a folder whose names end so, by their path from the folder."""
        return self.files.below(folder, suffix)

    def leads_out(self, path: str | PurePosixPath, folder: str) -> bool:
        """Tell whether what is at a path below a folder is a link that leads out of it."""
        return self.files.leads_out(path, folder)
