"""Which environments a change of files touches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen import template
from sealgen.config import FOLDER
from sealgen.config.backends import SealedSecretsBackend
from sealgen.errors import SealgenError
from sealgen.reconcile.survey import lock_path
from sealgen.values.age import AgeStore
from sealgen.values.sops import SopsStore
from sealgen.values.stored import parts_in_stores

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.config.project import Project


def touched(project: Project, changed: Iterable[str]) -> dict[str, list[str]]:
    """Return the environments of ``project`` that these files, by path from its root, belong to, and which do.

    A template that no environment names may be a part of any other, and touches all. So does an environment that
    can't be read touch itself: whatever is wrong with it must be said.
    """
    files = sorted(changed)
    names = project.environments()
    own = {name: _named(project, name) for name in names}
    shared = [
        file
        for file in files
        if file.startswith(f"{template.FOLDER}/") and not any(file in found.files for found in own.values())
    ]
    found = {name: [file for file in files if file in shared or own[name].has(file)] for name in names}
    return {name: its for name, its in found.items() if its}


class _Own:
    """The files of an environment: some by name, and all of a folder."""

    def __init__(self, files: set[str], folder: str) -> None:
        self.files = files
        self._folder = folder

    def has(self, file: str) -> bool:
        """Tell whether a file is among them."""
        return file in self.files or file.startswith(self._folder)


def _named(project: Project, name: str) -> _Own:
    files = {f"{FOLDER}/{name}.yaml", str(lock_path(name))}
    try:
        # What is read to understand it are its files.
        environment = replace(project, note=lambda path, _: files.add(str(path))).environment(name)
    except SealgenError:
        return _Own(files, f"{FOLDER}/")
    files |= {f"{template.FOLDER}/{entry.template}{template.SUFFIX}" for entry in environment.secrets}
    if isinstance(environment.backend, SealedSecretsBackend):
        files.add(environment.backend.certificate)
    # What encrypts values in the repository: age's file is the store, and of sops each file is an entry.
    for part in parts_in_stores(value.source for value in environment.values.values()):
        store = part.entry.store
        if isinstance(store, AgeStore):
            files.add(store.file)
        elif isinstance(store, SopsStore):
            files.add(part.entry.name)
    return _Own(files, f"{environment.output}/")
