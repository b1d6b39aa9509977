"""The values that this machine can read, to look for them where they must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen import private_files
from sealgen.errors import SealgenError
from sealgen.values import kept_values
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sealgen.config.project import Project
    from sealgen.values.secret import Secret
    from sealgen.values.source import Surroundings


def values_at_hand(
    project: Project, names: Iterable[str], surroundings: Surroundings, tell: Callable[[str], None]
) -> dict[str, Secret]:
    """Return the plaintexts of these environments by what they are called, ``smtp_password of staging``.

    A literal is none: it stands in the environment file for all to see. What is made for a sealed environment is
    nowhere, so it can't be looked for; ``tell`` is told of what should be here and can't be read.
    """
    found: dict[str, Secret] = {}
    for environment in map(project.environment, names):
        for name, value in environment.values.items():
            if value.source.made or isinstance(value.source, Literal):
                continue
            try:
                parts = value.source.obtain(name, surroundings)
            except SealgenError as error:
                tell(f"{environment.name}: {name} is not looked for: {error.message}")
                continue
            found |= {_called(name, part, environment.name): plaintext for part, plaintext in parts.items()}
        path = kept_values.path(environment.name)
        if (content := private_files.read(project.root / path)) is not None:
            for name, kept in kept_values.load(content, str(path)).items():
                found |= {_called(name, part, environment.name): plaintext for part, plaintext in kept.parts.items()}
    return found


def _called(name: str, part: str, environment: str) -> str:
    return f"{name}.{part} of {environment}" if part else f"{name} of {environment}"
