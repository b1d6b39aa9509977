"""What data looks like as text in a template, and which has no text that is the same in each run."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, ValuesView
from typing import Any

import jinja2

from sealgen.template.opaque import Opaque, OpaqueError, Parts, kind

_WRITABLE = (str, int, float, range, type(None), Opaque, jinja2.Undefined)


def printed(value: Any) -> str | Opaque:
    """Return what an output statement writes for a value."""
    if isinstance(value, str | Opaque):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, jinja2.Undefined):
        return str(value)  # raises, with the reason
    if isinstance(value, Parts):
        choices = " or ".join(f"values.{value.name}.{part}" for part in value)
        raise OpaqueError(f"values.{value.name} has parts; write {choices}")
    if isinstance(value, float):
        raise OpaqueError("a number with a fraction can't be printed; use | int, or // instead of /")
    raise OpaqueError(f"{kind(value)} can't be printed; use tojson or a loop")


def check_writable(*values: Any) -> None:
    """Raise OpaqueError for what Python would write with its address in memory, which is another in each run."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, list | tuple | KeysView | ValuesView | ItemsView):
            waiting += value
        elif not isinstance(value, _WRITABLE):
            raise OpaqueError(f"{kind(value)} can't be turned into text")
