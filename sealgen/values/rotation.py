"""The field ``rotation``: what is done around a value's next version, as commands in the order of their lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from sealgen.errors import ConfigurationError, Mark, printable
from sealgen.yaml.nodes import Mapping, Scalar, Sequence
from sealgen.yaml.schema import SECONDS, Field, Fields, JSONSchema, ListOf, Record, Text, not_a, scalar

if TYPE_CHECKING:
    from sealgen.yaml.nodes import Node

T = TypeVar("T")


@dataclass(frozen=True)
class Template:
    """A text of the environment file that is rendered as templates are."""

    text: str
    path: str
    """Dotted, for messages."""
    at: Mark = field(compare=False)


@dataclass(frozen=True)
class CommandTemplate:
    """A program with its arguments, and what it reads from its standard input."""

    run: tuple[Template, ...]
    stdin: Template | None
    timeout: int
    """In seconds."""


@dataclass(frozen=True)
class StepTemplate:
    """One step of a rotation, and what undoes it."""

    name: str | None
    command: CommandTemplate
    rollback: CommandTemplate | None


@dataclass(frozen=True)
class Rotation:
    """What is done before the new version reaches the cluster, from then on, and to see that all is well."""

    before: tuple[StepTemplate, ...]
    after: tuple[StepTemplate, ...]
    verify: tuple[StepTemplate, ...]


class _TemplateShape:
    """Text, with its place."""

    def read(self, node: Node, path: str) -> Template:
        """Return the text as it stands in the file."""
        found = scalar(node, path, "text; write '' for an empty one")
        return Template(found.text, path, found.at)

    def json_schema(self) -> JSONSchema:
        """Text."""
        return Text().json_schema()


_RUN = ListOf(_TemplateShape(), minimum=1)


def _name_problem(text: str) -> str | None:
    if printable(text) == text and text.strip() == text != "":
        return None
    return "it must be one line of printable text"


_COMMAND = {
    "run": Field(
        _RUN,
        "A program and its arguments; no shell reads them. They are templates that see vars.*, namespace, environment "
        "and output, and no secret: others see arguments.",
        required=True,
        example="[kubectl, apply, -k, k8s/overlays/staging]",
    ),
    "stdin": Field(
        _TemplateShape(),
        "What the program reads from its standard input: a template that sees values.* too, and the version before as "
        "previous.NAME.",
    ),
    "timeout": Field(SECONDS, "How long it may take, such as 90s; default: 10m.", default=600),
}


def _command(fields: Fields) -> CommandTemplate:
    return CommandTemplate(fields["run"], fields["stdin"], fields["timeout"])


class _Listed(Generic[T]):
    """An argument list alone, or a mapping that says more than ``run``."""

    def __init__(self, record: Record[T]) -> None:
        self._record = record

    def read(self, node: Node, path: str) -> T:
        """Return what the record makes of either."""
        if isinstance(node, Sequence):
            # As if it were written out, at the same place.
            return self._record.read(Mapping({"run": (Scalar("run", True, *node.at), node)}, node.at), path)
        if not isinstance(node, Mapping):
            raise not_a(node, path, "a list (a program and its arguments) or a mapping with run:")
        return self._record.read(node, path)

    def json_schema(self) -> JSONSchema:
        """Both ways to write it."""
        return {"anyOf": [_RUN.json_schema(), self._record.json_schema()]}


_STEP = {
    "name": Field(Text(problem=_name_problem), "What it does, for people; default: the command."),
    **_COMMAND,
    "rollback": Field(_Listed(Record(_COMMAND, _command)), "What undoes it: a command like the step's own."),
}


def _step(fields: Fields) -> StepTemplate:
    return StepTemplate(fields["name"], _command(fields), fields["rollback"])


_STEPS = ListOf(_Listed(Record(_STEP, _step)))


def _rotation(fields: Fields) -> Rotation:
    found = Rotation(fields["before"], fields["after"], fields["verify"])
    if not (found.before or found.after or found.verify):
        raise ConfigurationError(f"{fields.path} has no step; write before, after or verify", at=fields.at("before"))
    return found


ROTATION = Field(
    Record(
        {
            "before": Field(_STEPS, "Before the new version reaches the cluster, but sealed it is.", default=()),
            "after": Field(_STEPS, "To bring it to the cluster, and then: restarts.", default=()),
            "verify": Field(_STEPS, "To see that all is well.", default=()),
        },
        _rotation,
    ),
    "The steps around the next version of the value, which 'sealgen rotate --execute' runs and --print writes down.",
)
