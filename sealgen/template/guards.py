"""The filters and tests of a template: recorded where a secret takes part, guarded where none may, and counted."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, cast

import jinja2
from jinja2.filters import make_attrgetter

from sealgen.filters import FILTERS, FilterError
from sealgen.template.opaque import Opaque, OpaqueError, filtered, shown
from sealgen.template.writing import check_writable, printed, tojson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sealgen.template.limits import Steps

# Jinja2's own take more arguments, where it is plain text that they work on.
_OF_JINJA2 = frozenset({"replace", "trim"})
# What turns anything into text, with an address in memory where it is nothing else.
_WRITING = frozenset(
    {"capitalize", "center", "format", "indent", "lower", "pprint", "replace", "string", "title", "trim", "truncate"}
    | {"upper", "urlencode", "wordcount", "wordwrap"}
)
# What is random has no place in a file that is reviewed, and what is HTML none in YAML.
_LEFT_OUT = ("random", "e", "escape", "forceescape", "safe", "striptags", "urlize", "xmlattr")


class Counting(Protocol):
    """A Jinja2 environment that counts steps."""

    steps: Steps
    filters: dict[str, Callable[..., Any]]
    tests: Any
    """Functions by name."""

    def joined(self, operands: Iterable[Any]) -> str | Opaque:
        """Join what is printed of the operands."""


def guard(environment: Counting) -> None:
    """Replace Jinja2's filters and tests."""
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
            environment.tests[name] = _guarded_test(name, test, environment)


def _guarded_filter(name: str, function: Callable[..., Any], environment: Counting) -> Callable[..., Any]:
    """Let a filter of Jinja2's see no stand-in, and count its work."""
    skipped = _skipped(function)
    deed = f"pass through {name}; filters on secrets are {', '.join(sorted(FILTERS))}"

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        _refuse_secrets((*arguments, *named.values()), deed)
        environment.steps.call(name, *arguments[skipped:], *named.values())
        if name in _WRITING:
            check_writable(*arguments[skipped:], *named.values())
        result = function(*arguments, **named)
        return environment.steps.counted(result) if isinstance(result, Iterator) else result

    return guarded


def _refuse_secrets(values: Iterable[Any], deed: str) -> None:
    for value in values:
        if isinstance(value, Opaque):
            raise OpaqueError(f"{shown(value.recipe)} is a secret: it can't {deed}")


def _skipped(function: Callable[..., Any]) -> int:
    """Return how many arguments Jinja2 puts before a filter's subject: its context, for those that want it."""
    return 1 if hasattr(function, "jinja_pass_arg") else 0


def _recorded_filter(name: str, function: Callable[..., Any], environment: Counting) -> Callable[..., Any]:
    """Record a filter of the closed list where a secret takes part; ``function`` is for text that is no secret."""
    skipped = _skipped(function)

    @functools.wraps(function)
    def recorded(*arguments: Any, **named: Any) -> Any:
        subject, *others = arguments[skipped:]
        environment.steps.call(name, subject, *others, *named.values())
        if not FILTERS[name].salted and not any(isinstance(a, Opaque) for a in (subject, *others, *named.values())):
            return function(*arguments, **named)
        operands = [subject, *_bound(name, others, named)]
        return filtered(name, *map(printed, operands))

    return recorded


def _bound(name: str, arguments: list[Any], named: dict[str, Any]) -> list[Any]:
    """Return a filter's arguments in the order of its parameters."""
    parameters = FILTERS[name].parameters
    bound = dict(zip(parameters, arguments, strict=False)) | named
    if len(arguments) + len(named) != len(parameters) or bound.keys() != set(parameters):
        raise OpaqueError(f"the filter {name} takes {' and '.join(parameters) or 'no argument'}")
    return [bound[parameter] for parameter in parameters]


def _guarded_test(name: str, function: Callable[..., Any], environment: Counting) -> Callable[..., Any]:
    skipped = _skipped(function)

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        _refuse_secrets((*arguments, *named.values()), f"be tested ('is {name}') in a template")
        environment.steps.call(name, *arguments[skipped:], *named.values())
        return function(*arguments, **named)

    return guarded


def _on_text(name: str) -> Callable[..., str | Opaque]:
    """Return a filter of the closed list for text that is no secret: it is applied at once."""

    def apply(subject: Any, *arguments: Any, **named: Any) -> str | Opaque:
        operands = [str(printed(operand)).encode() for operand in (subject, *_bound(name, [*arguments], named))]
        try:
            return FILTERS[name].apply(*operands).decode()
        except UnicodeDecodeError:
            raise OpaqueError(f"{name} gives bytes that are not text") from None
        except FilterError as error:
            raise OpaqueError(f"{name}: {error}") from None

    return apply


@jinja2.pass_environment
def _join(environment: Counting, value: Iterable[Any], d: Any = "", attribute: str | int | None = None) -> str | Opaque:
    """Do what Jinja2's ``join`` does, with stand-ins; the parameters have its names."""
    if attribute is not None:
        value = map(make_attrgetter(cast("jinja2.Environment", environment), attribute), value)
    pieces = (piece for item in value for piece in (d, item))
    return environment.joined(itertools.islice(pieces, 1, None))


@jinja2.pass_environment
def _tojson(environment: Counting, data: Any) -> str | Opaque:
    environment.steps.weigh(data)
    return tojson(data)


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Do what Jinja2's ``default`` does, with stand-ins; the parameters have its names."""
    return default_value if isinstance(value, jinja2.Undefined) or (boolean and not value) else value
