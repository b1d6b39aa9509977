"""What data looks like as text in a template, and which has no text that is the same in each run."""

from __future__ import annotations

import json
from collections.abc import ItemsView, KeysView, ValuesView
from typing import Any

import jinja2

from sealgen.template.opaque import Opaque, OpaqueError, Parts, concatenated, filtered, kind

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


def tojson(data: Any) -> str | Opaque:
    """Return one line of JSON of data that may hold stand-ins; keys keep their order."""
    if isinstance(data, Opaque):
        return filtered("tojson", data)
    if isinstance(data, dict):
        pieces: list[str | Opaque] = ["{"]
        for index, (key, item) in enumerate(data.items()):
            if not isinstance(key, str):
                raise OpaqueError(f"tojson takes mappings with text keys, and {json.dumps(key)} is none")
            pieces += [", " if index else "", json.dumps(key, ensure_ascii=False), ": ", tojson(item)]
        return concatenated([*pieces, "}"])
    if isinstance(data, list | tuple):
        pieces = ["["]
        for index, item in enumerate(data):
            pieces += [", " if index else "", tojson(item)]
        return concatenated([*pieces, "]"])
    if data is None or isinstance(data, str | int | bool):
        return json.dumps(data, ensure_ascii=False)
    if isinstance(data, jinja2.Undefined):
        return str(data)  # raises, with the reason
    raise OpaqueError(f"tojson takes text, whole numbers, true, false, null, lists and mappings, not {kind(data)}")


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
