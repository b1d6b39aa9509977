"""What programs that sealgen starts get of its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.values.age import IDENTITY_VARIABLE
from sealgen.values.fingerprint import KEY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = frozenset({KEY_VARIABLE, IDENTITY_VARIABLE})


def environ_of_child(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the keys that only sealgen needs."""
    return {name: text for name, text in environ.items() if name not in _OURS}
