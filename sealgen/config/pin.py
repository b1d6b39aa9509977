"""Where an environment pins its certificate, and another pin written there: one scalar changes, all else stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgen.config.environment import understood
from sealgen.config.merging import merged
from sealgen.errors import ConfigurationError
from sealgen.yaml.edits import after_colon, after_line, applied, compose, line_end, said
from sealgen.yaml.nodes import Mapping, Scalar, is_null, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.config.environment import Environment
    from sealgen.yaml.edits import Edit
    from sealgen.yaml.nodes import Node

    Read = Callable[[str], bytes | None]
    """Gives the bytes of a file by its path from the project's root, or None if there is none."""

_ANY = f"SHA256:{'A' * 43}"


_KIND = "sealed-secrets"  # of the backend that has a pin


@dataclass(frozen=True)
class PinEdit:
    """The file that has the pin, or is to have it: one of the environment's own, or one that it extends."""

    file: str
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)


def find(name: str, read: Read) -> str | None:
    """Return the pin as it stands in the environment's files, whatever it says; None where there is none."""
    pin = _backend(name, read).get("fingerprint")
    return pin.text if isinstance(pin, Scalar) and not is_null(pin) else None


def load_with_any(name: str, read: Read) -> Environment:
    """Read an environment as ``sealgen.config.environment.load`` does, but for the pin, which is not looked at."""
    root = merged(name, read)
    backend = root.get("backend")
    if isinstance(backend, Mapping) and isinstance(kind := backend.get("kind"), Scalar) and kind.text == _KIND:
        pin = backend.get("fingerprint")
        if pin is None or isinstance(pin, Scalar):
            entry = Scalar("fingerprint", True, *backend.at), Scalar(_ANY, False, *(pin or backend).at)
            backend = Mapping({**backend.entries, "fingerprint": entry}, backend.at)
            root = Mapping({**root.entries, "backend": (root.entries["backend"][0], backend)}, root.at)
    return understood(name, root)


def edit(name: str, read: Read, pin: str) -> PinEdit:
    """Write the pin where it stands, or below the certificate where there is none yet.

    The environment is one that ``load_with_any`` reads. Raises ConfigurationError for a layout that can't be edited
    in place.
    """
    backend = _backend(name, read)
    place = (backend.get("fingerprint") or backend.entries["certificate"][0]).at
    before = read(place.file) or b""
    text = before.decode("utf-8-sig")
    change = _change(text, pin)
    after = before
    if change is not None:
        after = before[: len(before) - len(text.encode())] + applied(text, [change]).encode()
    if not _as_wanted(name, read, place.file, after, pin):
        raise ConfigurationError(
            "the layout of backend is too unusual to write its fingerprint in place",
            at=place,
            hint=f"Write this line into it: 'fingerprint: {pin}'",
        )
    return PinEdit(place.file, before, after)


def _backend(name: str, read: Read) -> Mapping:
    root = merged(name, read)
    backend = root.get("backend")
    return backend if isinstance(backend, Mapping) else Mapping({}, root.at)


def _change(text: str, pin: str) -> Edit | None:
    """Return what to write where in a file; None for a layout that is not known."""
    backend = _field(compose(text), "backend")
    if backend is None:
        return None
    there = _field(backend[1], "fingerprint")
    if there is not None:
        return _replaced(text, *there, pin)
    certificate = _field(backend[1], "certificate")
    if certificate is None:
        return None
    return (_inserted_in_braces if backend[1].flow_style else _inserted)(text, *certificate, pin)


def _field(mapping: Any, name: str) -> tuple[Any, Any] | None:
    return next((entry for entry in mapping.value if entry[0].value == name), None)


def _replaced(text: str, key: Any, value: Any, pin: str) -> Edit | None:
    start, end = value.start_mark.index, value.end_mark.index
    if value.style in ("'", '"'):
        return start, end, f"{value.style}{pin}{value.style}"
    if start == end:  # nothing stands there
        colon = after_colon(text, key)
        return colon, colon, f" {pin}"
    return (start, end, pin) if not value.style else None


def _inserted(text: str, key: Any, value: Any, pin: str) -> Edit:
    margin = " " * key.start_mark.column
    return after_line(text, value.end_mark.index, f"{margin}fingerprint: {pin}{line_end(text)}")


def _inserted_in_braces(_text: str, _key: Any, value: Any, pin: str) -> Edit:
    end = value.end_mark.index
    return end, end, f", fingerprint: {pin}"


def _as_wanted(name: str, read: Read, file: str, after: bytes, pin: str) -> bool:
    """Read the result: the environment has the pin, and the file says nothing else than before."""

    def edited(path: str) -> bytes | None:
        return after if path == file else read(path)

    try:
        found = find(name, edited)
        same = _rest(parse(after, file)) == _rest(parse(read(file) or b"", file))
    except ConfigurationError:
        return False
    return same and found == pin


def _rest(root: Node) -> Any:
    """Return what a file says but for the pin."""
    if not isinstance(root, Mapping):
        return said(root)
    entries = {name: node for name, (_, node) in root.entries.items()}
    backend = entries.get("backend")
    if isinstance(backend, Mapping):
        others = {name: entry for name, entry in backend.entries.items() if name != "fingerprint"}
        entries["backend"] = Mapping(others, backend.at)
    return [(name, said(node)) for name, node in entries.items()]
