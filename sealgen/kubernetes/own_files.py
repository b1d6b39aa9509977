"""Files beside the SealedSecrets that are sealgen's own: the first line says so, and what they come from. Pure."""

from __future__ import annotations


def marked(field: str, file: str, documents: str) -> str:
    """Return a file that comes from ``field`` of the environment file ``file``."""
    return f"{_mark(field)}{file}; sealgen seal undoes what is changed here.\n{documents}"


def is_ours(content: bytes, *fields: str) -> bool:
    """Tell whether sealgen wrote a file from one of these fields: its first line says so."""
    return content.startswith(tuple(_mark(field).encode() for field in fields))


def _mark(field: str) -> str:
    return f"# Written by sealgen from {field}: in "
