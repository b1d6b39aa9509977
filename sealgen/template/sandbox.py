"""A sandboxed Jinja2 in which stand-ins stay whole: output, joins, filters and tests know of them."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, ClassVar, cast

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.filters import make_attrgetter
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.utils import missing

from sealgen.errors import did_you_mean, quoted
from sealgen.filters import FILTERS, FilterError
from sealgen.recipe import Reference
from sealgen.template import FOLDER
from sealgen.template.limits import Steps
from sealgen.template.opaque import Opaque, OpaqueError, Parts, concatenated, filtered, kind, shown, tojson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2.bccache import Bucket
    from jinja2.runtime import Context

    from sealgen.template.rendered import Piece


class Values(Mapping[str, "Opaque | Parts"]):
    """What a template knows as ``values``: names from a closed set, made into stand-ins when asked for."""

    def __init__(self, known: Mapping[str, tuple[str, ...]], aliases: Mapping[str, str]) -> None:
        self._known = known
        self._aliases = aliases

    def __iter__(self) -> Iterator[str]:
        return iter({**self._aliases, **self._known})

    def __len__(self) -> int:
        return len({**self._aliases, **self._known})

    def __getitem__(self, name: str) -> Opaque | Parts:
        value = self._aliases.get(name, name)
        parts = self._known[value]
        if parts == ("",):
            return Opaque((Reference(value),))
        return Parts(name, {part: Opaque((Reference(value, part),)) for part in parts})


class Variables(dict[str, Any]):
    """What a template knows as ``vars``: data that is no secret."""


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


class _CodeGenerator(CodeGenerator):
    """Output statements yield what they print as it is, with its place; ``~`` takes stand-ins.

    These are the hooks that Jinja2's own native types use.
    """

    @staticmethod
    def _default_finalize(value: Any) -> Any:
        return value

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> Any:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return (self.filename, node.lineno, node.data, True)

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        return repr(tuple(group))

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write(f"(({self.filename!r}, {node.lineno}, {finalize.src}")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write("), False),)")

    def start_write(self, frame: Frame, node: nodes.Node | None = None) -> None:
        """Begin what a filter block or a call block writes."""
        super().start_write(frame, node)
        self.write(f"(({self.filename!r}, {node.lineno if node else 0}, environment.finalize(")

    def end_write(self, frame: Frame) -> None:
        """End what ``start_write`` began."""
        self.write("), False),)")
        super().end_write(frame)

    def simple_write(self, s: str, frame: Frame, node: nodes.Node | None = None) -> None:
        """Pass on what an inner block or an included template wrote: it has its place already."""
        super().start_write(frame, node)
        self.write(s)
        super().end_write(frame)

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        """Run a body; each time is a step or, if it is long, more, so that no loop and no recursion is without end."""
        self.writeline("environment.steps.spend()")
        before = self.stream.tell()
        super().blockvisit(nodes, frame)
        if more := (self.stream.tell() - before) // _CODE:
            self.writeline(f"environment.steps.spend({more})")

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802
        """Loop; an item that the loop's condition leaves out is a step, too."""
        if node.test is not None:
            # Jinja2 writes the name as it is.
            step = nodes.EnvironmentAttribute("step()", lineno=node.test.lineno)
            node.test = nodes.And(step, node.test, lineno=node.test.lineno)
        super().visit_For(node, frame)

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802
        """Write a constant; Python would take the infinity that a number may be for a name."""
        if node.value in (math.inf, -math.inf):
            self.fail("a number is too large", node.lineno)
        super().visit_Const(node, frame)

    def _visit_weighed(self, node: nodes.Node, frame: Frame) -> None:
        self.write("environment.weighed(")
        self.visit(node, frame)
        self.write(")")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802
        """Compare; Python goes through all of both sides."""
        self.write("(")
        self._visit_weighed(node.expr, frame)
        for operand in node.ops:
            self.write(f" {operators[operand.op]} ")
            self._visit_weighed(operand.expr, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        """Make a mapping; Python goes through all of a key."""
        self.write("{")
        for item in node.items:
            self._visit_weighed(item.key, frame)
            self.write(": ")
            self.visit(item.value, frame)
            self.write(", ")
        self.write("}")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        """Take an item, or a slice, which Python copies."""
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self._visit_weighed(node.node, frame)
        self.write("[")
        self.visit(node.arg, frame)
        self.write("]")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  (Jinja2's name)
        """Join the operands of ``~``."""
        self.write("environment.joined((")
        for operand in node.nodes:
            self.visit(operand, frame)
            self.write(", ")
        self.write("))")

    def visit_Assign(self, node: nodes.Assign, frame: Frame) -> None:  # noqa: N802
        """Assign; the line is noted before Jinja2 writes its first check."""
        self.newline(node)
        super().visit_Assign(node, frame)

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:  # noqa: N802
        """Include a template; Jinja2 lets one without context escape from macros and filter blocks."""
        if not node.with_context:
            self.fail("an include 'without context' would see no values; leave that out", node.lineno)
        super().visit_Include(node, frame)

    def visit_ScopedEvalContextModifier(  # noqa: N802
        self, node: nodes.ScopedEvalContextModifier, frame: Frame
    ) -> None:
        """Refuse HTML."""
        self.fail("autoescape is for HTML, and this is YAML", node.lineno)


_CODE = 512  # characters of the Python that a body is compiled to which are worth a step
_ARGUMENTS = 4  # that are worth a step
_LOOK_UP = 10  # steps that it takes to look for a file


def _check_writable(*values: Any) -> None:
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


def _printed(value: Any) -> str | Opaque:
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


class _Formatter(SandboxedFormatter):
    """Counts the work of each field, whose width another field may tell."""

    def __init__(self, environment: _Environment) -> None:
        super().__init__(environment)
        self._steps = environment.steps

    def format_field(self, value: Any, format_spec: str) -> Any:
        self._steps.placed(value, format_spec)
        _check_writable(value)
        return super().format_field(value, format_spec)

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        _check_writable(value)
        return super().convert_field(value, conversion)


class _Environment(ImmutableSandboxedEnvironment):
    code_generator_class = _CodeGenerator
    intercepted_binops = frozenset({"*", "**", "+", "%", "//"})
    steps = Steps()
    """What the rendering has left of its steps; each rendering sets its own."""

    def concat(self, pieces: Iterable[tuple[Piece, ...]]) -> str | Opaque:  # type: ignore[override]
        return concatenated(self._counted(piece[2] for group in pieces for piece in group))

    def joined(self, operands: Iterable[Any]) -> str | Opaque:
        return concatenated(self._counted(map(_printed, operands)))

    def _counted(self, pieces: Iterable[str | Opaque]) -> Iterator[str | Opaque]:
        for piece in pieces:
            self.steps.spend()
            self.steps.weigh(piece)
            yield piece

    def weighed(self, value: Any) -> Any:
        self.steps.weigh(value)
        return value

    def step(self) -> bool:
        self.steps.spend()
        return True

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.steps.operation(operator, left, right)
        if operator == "%" and isinstance(left, str):
            _check_writable(right)
        try:
            made = super().call_binop(context, operator, left, right)
        except OverflowError:
            raise OpaqueError(f"what {operator} gives here is too large a number") from None
        if operator == "%" and isinstance(left, str) and isinstance(right, Opaque):
            # What has items is a mapping to Python, and of that a text need not name any.
            format(right)  # raises, with the reason
        return made

    def select_template(self, names: Any, parent: str | None = None, globals: Any = None) -> jinja2.Template:  # noqa: A002
        if not isinstance(names, list | tuple | Opaque | jinja2.Undefined):
            self.join_path(names, "")  # raises, with the reason
        return super().select_template(names, parent, globals)

    def join_path(self, template: Any, parent: str) -> str:
        if isinstance(template, Opaque):
            hash(template)  # raises, with the reason
        if not isinstance(template, str):
            raise OpaqueError(f"a template's name must be text, not {kind(template)}")
        self.steps.spend(_LOOK_UP)
        return template

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(obj, Macro):
            subject = getattr(obj, "__self__", None)
            self.steps.call(getattr(obj, "__name__", ""), subject, *args, *kwargs.values())
        self.steps.spend((len(args) + len(kwargs)) // _ARGUMENTS)
        return super().call(context, obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
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
        # Text and whole numbers are all that a template works on; bytes it could neither print nor turn back.
        if isinstance(obj, str | int) and attr in ("encode", "to_bytes"):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def getattr(self, obj: Any, attribute: str) -> Any:
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
            label = "values"
        elif isinstance(known, Variables):
            label = "vars"
        hint = did_you_mean(str(name), map(str, known))
        return self.undefined(hint=f"{label} has no {quoted(str(name))}{hint}", obj=known, name=name)


def _guarded_filter(name: str, function: Callable[..., Any], environment: _Environment) -> Callable[..., Any]:
    """Let a filter of Jinja2's see no stand-in, and count its work."""
    skipped = _skipped(function)

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        for argument in (*arguments, *named.values()):
            if isinstance(argument, Opaque):
                raise OpaqueError(
                    f"{shown(argument.recipe)} is a secret: it can't pass through {name}; "
                    f"filters on secrets are {', '.join(sorted(FILTERS))}"
                )
        environment.steps.call(name, *arguments[skipped:], *named.values())
        if name in _WRITING:
            _check_writable(*arguments[skipped:], *named.values())
        result = function(*arguments, **named)
        return environment.steps.counted(result) if isinstance(result, Iterator) else result

    return guarded


def _skipped(function: Callable[..., Any]) -> int:
    """Return how many arguments Jinja2 puts before a filter's subject: its context, for those that want it."""
    return 1 if hasattr(function, "jinja_pass_arg") else 0


def _recorded_filter(name: str, function: Callable[..., Any], environment: _Environment) -> Callable[..., Any]:
    """Record a filter of the closed list where a secret takes part; ``function`` is for text that is no secret."""
    skipped = _skipped(function)

    @functools.wraps(function)
    def recorded(*arguments: Any, **named: Any) -> Any:
        subject, *others = arguments[skipped:]
        environment.steps.call(name, subject, *others, *named.values())
        if not FILTERS[name].salted and not any(isinstance(a, Opaque) for a in (subject, *others, *named.values())):
            return function(*arguments, **named)
        operands = [subject, *_bound(name, others, named)]
        return filtered(name, *map(_printed, operands))

    return recorded


def _bound(name: str, arguments: list[Any], named: dict[str, Any]) -> list[Any]:
    """Return a filter's arguments in the order of its parameters."""
    parameters = FILTERS[name].parameters
    bound = dict(zip(parameters, arguments, strict=False)) | named
    if len(arguments) + len(named) != len(parameters) or bound.keys() != set(parameters):
        raise OpaqueError(f"the filter {name} takes {' and '.join(parameters) or 'no argument'}")
    return [bound[parameter] for parameter in parameters]


def _guarded_test(name: str, function: Callable[..., Any], environment: _Environment) -> Callable[..., Any]:
    skipped = _skipped(function)

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        for argument in (*arguments, *named.values()):
            if isinstance(argument, Opaque):
                raise OpaqueError(
                    f"{shown(argument.recipe)} is a secret: it can't be tested ('is {name}') in a template"
                )
        environment.steps.call(name, *arguments[skipped:], *named.values())
        return function(*arguments, **named)

    return guarded


def _on_text(name: str) -> Callable[..., str | Opaque]:
    """Return a filter of the closed list for text that is no secret: it is applied at once."""

    def apply(subject: Any, *arguments: Any, **named: Any) -> str | Opaque:
        operands = [str(_printed(operand)).encode() for operand in (subject, *_bound(name, [*arguments], named))]
        try:
            return FILTERS[name].apply(*operands).decode()
        except UnicodeDecodeError:
            raise OpaqueError(f"{name} gives bytes that are not text") from None
        except FilterError as error:
            raise OpaqueError(f"{name}: {error}") from None

    return apply


@jinja2.pass_environment
def _join(
    environment: _Environment, value: Iterable[Any], d: Any = "", attribute: str | int | None = None
) -> str | Opaque:
    """Do what Jinja2's ``join`` does, with stand-ins; the parameters have its names."""
    items = value if attribute is None else map(make_attrgetter(environment, attribute), value)
    pieces = (piece for item in items for piece in (d, item))
    return environment.joined(itertools.islice(pieces, 1, None))


@jinja2.pass_environment
def _tojson(environment: _Environment, data: Any) -> str | Opaque:
    environment.steps.weigh(data)
    return tojson(data)


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Do what Jinja2's ``default`` does, with stand-ins; the parameters have its names."""
    return default_value if isinstance(value, jinja2.Undefined) or (boolean and not value) else value


# Jinja2's own take more arguments, where it is plain text that they work on.
_OF_JINJA2 = frozenset({"replace", "trim"})
# What turns anything into text, with an address in memory where it is nothing else.
_WRITING = frozenset(
    {"capitalize", "center", "format", "indent", "lower", "pprint", "replace", "string", "title", "trim", "truncate"}
    | {"upper", "urlencode", "wordcount", "wordwrap"}
)
_WRITABLE = (str, int, float, range, type(None), Opaque, jinja2.Undefined)
# What is random has no place in a file that is reviewed, and what is HTML none in YAML.
_LEFT_OUT = ("random", "e", "escape", "forceescape", "safe", "striptags", "urlize", "xmlattr")


_MOST_CODES = 2000


class _Compiled(jinja2.BytecodeCache):
    """Keeps what templates are compiled to, by their text: in memory, for the environments of one run."""

    _codes: ClassVar[dict[tuple[str, str], Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if len(self._codes) >= _MOST_CODES:
            self._codes.clear()
        self._codes[bucket.key, bucket.checksum] = bucket.code


def environment_of(load: Callable[[str], str | None]) -> _Environment:
    """Return the sandbox for the templates that ``load`` gives by name."""

    def located(name: str) -> tuple[str, str, None] | None:
        source = load(name)
        return None if source is None else (source, f"{FOLDER}/{name}", None)

    environment = _Environment(
        loader=jinja2.FunctionLoader(located),
        undefined=_Undefined,
        finalize=_printed,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # Its optimizer joins constants as Python prints them: True, not true.
        optimized=False,
        cache_size=-1,
        auto_reload=False,
        bytecode_cache=_Compiled(),
    )
    del environment.globals["lipsum"]
    for name in _LEFT_OUT:
        del environment.filters[name]
    for name, function in environment.filters.items():
        environment.filters[name] = _guarded_filter(name, function, environment)
    for name in FILTERS:
        plain = environment.filters[name] if name in _OF_JINJA2 else _on_text(name)
        environment.filters[name] = _recorded_filter(name, plain, environment)
    environment.filters["tojson"] = _tojson
    environment.filters["join"] = _join
    environment.filters["default"] = environment.filters["d"] = _default
    for name, test in environment.tests.items():
        if name not in ("defined", "undefined"):
            environment.tests[name] = _guarded_test(name, cast("Callable[..., Any]", test), environment)
    return environment
