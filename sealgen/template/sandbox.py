"""A sandboxed Jinja2 in which stand-ins stay whole: output, joins and look-ups know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.utils import missing

from sealgen.errors import did_you_mean, quoted
from sealgen.filters import FILTERS
from sealgen.template import FOLDER
from sealgen.template.compiler import Compiled, Compiler
from sealgen.template.guards import guard
from sealgen.template.limits import Steps
from sealgen.template.names import Values, Variables
from sealgen.template.opaque import Opaque, OpaqueError, Parts, concatenated, kind, shown
from sealgen.template.writing import check_writable, printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jinja2.runtime import Context

    from sealgen.template.rendered import Piece

_ARGUMENTS = 4  # that are worth a step
_LOOK_UP = 10  # steps that it takes to look for a file


class _Undefined(jinja2.StrictUndefined):
    """An undefined name says what it should have been called."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        message = super()._undefined_message
        name = self._undefined_name
        if self._undefined_hint or self._undefined_obj is not missing:
            return message
        if name in ("values", "vars"):
            return f"{message} in an imported template; import it 'with context'"
        return f"{message}; did you mean vars.{name} or values.{name}?"


class _Formatter(SandboxedFormatter):
    """Counts the work of each field, whose width another field may tell."""

    def __init__(self, environment: Sandbox) -> None:
        super().__init__(environment)
        self._steps = environment.steps

    def format_field(self, value: Any, format_spec: str) -> Any:
        self._steps.placed(value, format_spec)
        check_writable(value)
        return super().format_field(value, format_spec)

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        check_writable(value)
        return super().convert_field(value, conversion)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of templates."""

    code_generator_class = Compiler
    intercepted_binops = frozenset({"*", "**", "+", "%", "//"})
    steps = Steps()
    """What the rendering has left of its steps; each rendering sets its own."""

    def concat(self, pieces: Iterable[tuple[Piece, ...]]) -> str | Opaque:  # type: ignore[override]
        """Join what a block or a macro wrote."""
        return concatenated(self._counted(piece[2] for group in pieces for piece in group))

    def joined(self, operands: Iterable[Any]) -> str | Opaque:
        """Join the operands of ``~``."""
        return concatenated(self._counted(map(printed, operands)))

    def _counted(self, pieces: Iterable[str | Opaque]) -> Iterator[str | Opaque]:
        for piece in pieces:
            self.steps.spend()
            self.steps.weigh(piece)
            yield piece

    def weighed(self, value: Any) -> Any:
        """Count a value that Python goes through, and return it."""
        self.steps.weigh(value)
        return value

    def step(self) -> bool:
        """Count a step, and say yes: it stands in conditions."""
        self.steps.spend()
        return True

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate, as far as steps and numbers allow."""
        self.steps.operation(operator, left, right)
        if operator == "%" and isinstance(left, str):
            check_writable(right)
        try:
            made = super().call_binop(context, operator, left, right)
        except OverflowError:
            raise OpaqueError(f"what {operator} gives here is too large a number") from None
        if operator == "%" and isinstance(left, str) and isinstance(right, Opaque):
            # What has items is a mapping to Python, and of that a text need not name any.
            format(right)  # raises, with the reason
        return made

    def select_template(self, names: Any, parent: str | None = None, globals: Any = None) -> jinja2.Template:  # noqa: A002
        """Find the first template that is there."""
        if not isinstance(names, list | tuple | Opaque | jinja2.Undefined):
            self.join_path(names, "")  # raises, with the reason
        return super().select_template(names, parent, globals)

    def join_path(self, template: Any, parent: str) -> str:
        """Take a template's name as it is; to look for one costs steps."""
        if isinstance(template, Opaque):
            hash(template)  # raises, with the reason
        if not isinstance(template, str):
            raise OpaqueError(f"a template's name must be text, not {kind(template)}")
        self.steps.spend(_LOOK_UP)
        return template

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls; methods of Python's count by their arguments."""
        if not isinstance(obj, Macro):
            subject = getattr(obj, "__self__", None)
            self.steps.call(getattr(obj, "__name__", ""), subject, *args, *kwargs.values())
        self.steps.spend((len(args) + len(kwargs)) // _ARGUMENTS)
        return super().call(context, obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return what stands for ``str.format`` and ``str.format_map``."""
        if super().wrap_str_format(value) is None:
            return None
        name, text = value.__name__, value.__self__

        def formatted(*arguments: Any, **named: Any) -> str:
            return _Formatter(self).vformat(text, arguments, named)

        def formatted_map(mapping: Any, /) -> str:
            return _Formatter(self).vformat(text, (), mapping)

        function = formatted if name == "format" else formatted_map
        function.__name__ = function.__qualname__ = f"str.{name}"
        return function

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Tell whether a template may use an attribute."""
        # Text and whole numbers are all that a template works on; bytes it could neither print nor turn back.
        if isinstance(obj, str | int) and attr in ("encode", "to_bytes"):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look up ``obj.attribute``."""
        if isinstance(obj, Values):
            return self._value(obj, attribute)
        if isinstance(obj, Opaque):
            hint = f"; the filter is written | {attribute}" if attribute in FILTERS else ""
            raise OpaqueError(f"{shown(obj.recipe)} is a secret: it has no '{attribute}'{hint}")
        if isinstance(obj, dict):
            # A variable may be called 'items'; what the user declared comes before what Python has.
            if attribute in obj:
                return obj[attribute]
            if isinstance(obj, Parts) or not hasattr(obj, attribute):
                return self._absent(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look up ``obj[argument]``."""
        self.steps.weigh(argument)
        if isinstance(obj, Values):
            return self._value(obj, argument)
        if isinstance(obj, Opaque):
            return obj[argument]  # raises, with the reason
        if isinstance(obj, dict) and argument not in obj:
            return self._absent(obj, argument)
        return super().getitem(obj, argument)

    def _value(self, values: Values, name: Any) -> Any:
        return values[name] if name in values else self._absent(values, name)

    def _absent(self, known: Values | dict[Any, Any], name: Any) -> jinja2.Undefined:
        label = "this mapping"
        if isinstance(known, Parts):
            label = f"values.{known.name}"
        elif isinstance(known, Values):
            label = known.label
        elif isinstance(known, Variables):
            label = "vars"
        hint = did_you_mean(str(name), map(str, known))
        return self.undefined(hint=f"{label} has no {quoted(str(name))}{hint}", obj=known, name=name)


def environment_of(load: Callable[[str], str | None]) -> Sandbox:
    """Return the sandbox for the templates that ``load`` gives by name."""

    def located(name: str) -> tuple[str, str, None] | None:
        source = load(name)
        return None if source is None else (source, f"{FOLDER}/{name}", None)

    environment = Sandbox(
        loader=jinja2.FunctionLoader(located),
        undefined=_Undefined,
        finalize=printed,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # Its optimizer joins constants as Python prints them: True, not true.
        optimized=False,
        cache_size=-1,
        auto_reload=False,
        bytecode_cache=Compiled(),
    )
    del environment.globals["lipsum"]
    guard(environment)
    return environment
