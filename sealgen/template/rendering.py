"""Opaque rendering: templates see stand-ins where secrets will be, and every failure has the template's line."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sealgen.template import FOLDER, plain
from sealgen.template.names import Values, Variables
from sealgen.template.rendered import assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgen.template.interpreter import Interpreter
    from sealgen.template.rendered import Rendered


class Templates:
    """The templates of a project; ``load`` gives the text of one by its name below ``templates/``, or None."""

    def __init__(self, load: Callable[[str], str | None]) -> None:
        self._load = load
        self._texts: dict[str, str | None] = {}

    def render(
        self,
        name: str,
        *,
        known: Mapping[str, tuple[str, ...]],
        aliases: Mapping[str, str],
        variables: Mapping[str, Any],
        names: Mapping[str, Any],
    ) -> Rendered:
        """Render ``templates/<name>``.

        ``known`` has the parts of each value and ``aliases`` this template's own names for some (``values.*``);
        ``variables`` are ``vars.*``, ``names`` all else it sees.

        Raises ConfigurationError with the template's line for whatever goes wrong.
        """
        file = f"{FOLDER}/{name}"
        seen = {**names, "vars": Variables(variables), "values": Values(known, aliases)}
        text = self._text(name)
        pieces = plain.pieces(text, file, seen) if text is not None else None
        return self._interpreter.render(name, seen) if pieces is None else assemble(file, [pieces])

    def _text(self, name: str) -> str | None:
        if name not in self._texts:
            self._texts[name] = self._load(name)
        return self._texts[name]

    @cached_property
    def _interpreter(self) -> Interpreter:
        from sealgen.template.interpreter import Interpreter  # noqa: PLC0415  (Jinja2: not all templates need it)

        return Interpreter(self._text)
