"""The project's files: where its root is, and reading what it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sealgen import template
from sealgen.config import FOLDER
from sealgen.config.files import Files, WorkTree
from sealgen.errors import ConfigurationError, SealgenError, did_you_mean, quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sealgen.config.environment import Environment


@dataclass(frozen=True)
class Project:
    """A folder that holds ``environments/`` and ``templates/``; all paths of the configuration start there."""

    files: Files
    note: Callable[[str | PurePosixPath, bytes | None], None] | None = field(default=None, compare=False, repr=False)
    """Is told of every file that is read: its path, and what it holds."""

    @property
    def root(self) -> Path:
        """Where it is in the work tree."""
        return self.files.root

    def read(self, path: str | PurePosixPath) -> bytes | None:
        """Return the bytes of a file below the root, or None where there is none.

        Line ends are those of the file. Raises SealgenError for a file that can't be read.
        """
        content = self.files.read(path)
        if self.note is not None:
            self.note(path, content)
        return content

    def environment(self, name: str) -> Environment:
        """Return what the environment's files say."""
        from sealgen.config.environment import load  # noqa: PLC0415  (only where a file is to be understood)

        self._check_known(name)
        return load(name, self.read)

    def environment_to_pin(self, name: str) -> Environment:
        """Return what the environment's files say, but for the pin, which may be any or none yet."""
        from sealgen.config.pin import load_with_any  # noqa: PLC0415

        self._check_known(name)
        return load_with_any(name, self.read)

    def _check_known(self, name: str) -> None:
        known = list(self._files())
        if name not in known:
            hint = did_you_mean(name, known)
            file = f"{FOLDER}/{shortened(name)}.yaml"
            raise ConfigurationError(f"there is no environment {quoted(name)} ({file}){hint}")

    def environments(self) -> list[str]:
        """Return the names of all environments: the files in ``environments/`` that are not only extended.

        A file that can't be read counts as one, so that it fails when it is asked for, and alone.
        """
        known = sorted(self._files())
        bases = {base for name in known if (base := self._extended(name))}
        # A file that others extend and that names no namespace is their base, not an environment.
        return [name for name in known if name not in bases or self._has_namespace(name)]

    def _extended(self, name: str) -> str | None:
        """Return which file an environment's file extends; None for one that extends none or can't be understood."""
        from sealgen.yaml.nodes import Mapping, Scalar, parse  # noqa: PLC0415

        file = f"{FOLDER}/{name}.yaml"
        try:
            content = self.read(file)
            # Without the word, or a backslash that may spell it, there is nothing to understand.
            if content is None or not (b"extends" in content or b"\\" in content):
                return None
            root = parse(content, file)
        except SealgenError:
            return None
        extends = root.get("extends") if isinstance(root, Mapping) else None
        return extends.text if isinstance(extends, Scalar) else None

    def _has_namespace(self, name: str) -> bool:
        from sealgen.config.merging import merged  # noqa: PLC0415

        try:
            return merged(name, self.read).get("namespace") is not None
        except SealgenError:
            return True

    def _files(self) -> Iterator[str]:
        for path in self.files.below(FOLDER, ".yaml"):
            if "/" not in path and not path.startswith("."):  # what editors and file systems keep beside a file
                yield path.removesuffix(".yaml")

    def template(self, name: str) -> str | None:
        """Return the text of a template by its name below ``templates/``, or None."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or not name.isprintable():
            return None
        path = template.FOLDER / path
        if self.files.leads_out(path, template.FOLDER):
            raise ConfigurationError(f"{template.FOLDER}/{name} is a link that leads out of {template.FOLDER}/")
        content = self.read(path)
        if content is None:
            return None
        try:
            return content.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            raise ConfigurationError(f"{template.FOLDER}/{name} is not UTF-8 text") from None

    def templates(self) -> list[str]:
        """Return the names of all templates, without their suffix."""
        found = self.files.below(template.FOLDER, template.SUFFIX)
        return sorted(name.removesuffix(template.SUFFIX) for name in found)


def find(start: Path) -> Project:
    """Return the project that ``start`` stands in: it or the nearest folder above it with both folders."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir() and (folder / template.FOLDER).is_dir():
            return Project(WorkTree(folder))
    raise ConfigurationError(
        f"no project here: neither {start} nor a folder above it holds {FOLDER}/ and {template.FOLDER}/",
        hint="Go there, or name it: sealgen -C FOLDER …",
    )
