"""``.gitattributes``: the lines with which Git shows and merges what sealgen writes in sealgen's way. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

DRIVER = "sealgen"
"""The name of the drivers in Git's configuration."""


def manifests(output: PurePosixPath) -> str:
    """Return the line for the manifests of an output folder, by its path from the file's own folder."""
    return f"{_pattern(f'/{output}/*.y*ml')} diff={DRIVER} merge={DRIVER}"


def locks(folder: str) -> str:
    """Return the line for the locks of a folder."""
    return f"{_pattern(f'/{folder}/*.lock')} merge={DRIVER}"


def _pattern(text: str) -> str:
    # Git takes a pattern with a space for two words, unless it is in quotes as in C.
    if any(character in text for character in ' \t"\\'):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text


def updated(content: bytes, lines: Iterable[str]) -> bytes:
    """Return the file with the lines that it lacks at its end; all else stays byte for byte."""
    there = set(content.decode("utf-8", "replace").splitlines())
    missing = [line for line in dict.fromkeys(lines) if line not in there]
    if not missing:
        return content
    gap = b"" if not content or content.endswith(b"\n") else b"\n"
    return content + gap + "".join(f"{line}\n" for line in missing).encode()
