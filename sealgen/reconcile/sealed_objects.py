"""The SealedSecrets in an overlay as they are, whoever wrote them, and the lock beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.kubernetes import objects, sealed_object
from sealgen.reconcile import survey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.kubernetes.sealed_object import SealedObject
    from sealgen.lock import Lock


@dataclass(frozen=True)
class Found:
    """A SealedSecret and the file that it is in."""

    path: PurePosixPath
    """From the project's root."""
    content: bytes = field(repr=False)
    sealed: SealedObject


@dataclass(frozen=True)
class Unreadable:
    """A file that has a SealedSecret which is none, and what is wrong with it."""

    path: PurePosixPath
    error: SealgenError


def find(project: Project, environment: Environment) -> Iterator[Found | Unreadable]:
    """Yield the SealedSecrets of all YAML files in the overlay, in the order of the files' names.

    One that names no namespace is taken to be in the environment's.
    """
    folder = project.root / environment.output
    for name in sorted(file.name for file in folder.glob("[!.]*.y*ml") if file.is_file()):
        path = environment.output / name
        content = b""
        try:
            content = project.read(path) or b""
            # A YAML file of another kind is none of our business, even if it is one that we can't read.
            if b"SealedSecret" not in content:
                continue
            for root in objects.read_all(content, str(path)):
                if sealed_object.is_sealed_secret(root):
                    yield Found(path, content, sealed_object.read(root, environment.namespace))
        except SealgenError as error:
            yield Unreadable(path, error)


def read_lock(project: Project, environment: str) -> tuple[bytes | None, Lock]:
    """Return an environment's lock, its bytes and what they say; raises ConfigurationError for a damaged one."""
    content = project.read(survey.lock_path(environment))
    return content, survey.read_lock(content, environment)
