"""The project at the two ends of a diff, and what both have alike, which is read as little as it can be."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

from sealgen import template
from sealgen.config import FOLDER
from sealgen.errors import SealgenError

if TYPE_CHECKING:
    from sealgen.config.project import Project


class Revision:
    """A project at one end, with what is the same for all of its environments."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """Of its environments."""
        return frozenset(self.project.environments())

    @functools.cached_property
    def outputs(self) -> frozenset[str]:
        """The output folders of all environments that can be understood."""
        found = set()
        for name in self.names:
            with contextlib.suppress(SealgenError):
                found.add(str(self.project.environment(name).output))
        return frozenset(found)

    @functools.cached_property
    def sources(self) -> frozenset[str]:
        """The files that templates are rendered from."""
        folders = ((FOLDER, ".yaml"), (template.FOLDER, ""))
        return frozenset(
            f"{folder}/{path}" for folder, end in folders for path in self.project.files.below(folder, end)
        )

    def content(self, path: str) -> bytes | None:
        """Return a file's bytes, None where there is none that can be read."""
        with contextlib.suppress(SealgenError):
            return self.project.files.read(path)
        return None


class Revisions:
    """The project at both ends."""

    def __init__(self, before: Project, after: Project) -> None:
        self.before = Revision(before)
        self.after = Revision(after)

    def agree_on(self, path: str) -> bool:
        """Tell whether a file is the same in both; what can be told by digests is not read."""
        old, new = (revision.project.files.known_digest(path) for revision in (self.before, self.after))
        return old == new if old and new else self.before.content(path) == self.after.content(path)

    @functools.cached_property
    def agree_on_sources(self) -> bool:
        """Tell whether both render from the same."""
        return all(map(self.agree_on, self.before.sources | self.after.sources))
