"""A plaintext in transit: masked wherever it could be shown."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Bytes of a secret value; only ``reveal()`` gives them out.

    It has no equality, no hash, no text form and can't be pickled, so that a value doesn't end up in a
    message, a log, a cache key or another process by accident.
    """

    __slots__ = ("_plaintext",)

    def __init__(self, plaintext: bytes) -> None:
        self._plaintext = plaintext

    def reveal(self) -> bytes:
        """Return the plaintext. Call it where the value is used up, and nowhere before."""
        return self._plaintext

    def __len__(self) -> int:
        """Return the length in bytes."""
        return len(self._plaintext)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("secrets are not compared")

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret can't be pickled")
