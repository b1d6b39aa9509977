"""The registry of sources, and how a value of an environment file is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, unknown_field
from sealgen.values import (
    age,
    aws_secretsmanager,
    aws_ssm,
    azure_keyvault,
    command,
    dotenv,
    env,
    file,
    gcp_secretmanager,
    keyring,
    kubernetes_secret,
    literal,
    prompt,
    sops,
    vault,
)
from sealgen.values.destination import KEEP, PUSH
from sealgen.values.generate import GENERATORS
from sealgen.values.kept import Kept
from sealgen.values.previous import KEEP_PREVIOUS
from sealgen.values.rotation import ROTATION
from sealgen.values.rules import RULES, read_rules
from sealgen.values.value import Operator, Value
from sealgen.yaml.schema import Field, Fields, JSONSchema, Record, Text, mapping

if TYPE_CHECKING:
    from sealgen.values.source import Source
    from sealgen.yaml.nodes import Mapping, Node

_VARIANTS: dict[str, Record[Source]] = {
    "literal": literal.SHAPE,
    **{f"generate: {name}": shape for name, shape in GENERATORS.items()},
    "env": env.SHAPE,
    "file": file.SHAPE,
    "dotenv": dotenv.SHAPE,
    "exec": command.SHAPE,
    "prompt": prompt.SHAPE,
    "vault": vault.SHAPE,
    "aws-secretsmanager": aws_secretsmanager.SHAPE,
    "aws-ssm": aws_ssm.SHAPE,
    "gcp-secretmanager": gcp_secretmanager.SHAPE,
    "azure-keyvault": azure_keyvault.SHAPE,
    "sops": sops.SHAPE,
    "age": age.SHAPE,
    "keyring": keyring.SHAPE,
    "kubernetes": kubernetes_secret.SHAPE,
}
"""A source by its name, a generator by its name too."""


_RECOVER = Field(
    Text(choices=("cluster",)),
    "What is needed again and was never stored is read back from the live Secret: cluster; default: it is not.",
)


_MADE_BY = Field(
    Text(choices=("sealgen", "operator")),
    "Who makes it, of backend external-secrets: 'operator' has the operator put it where push: says, if nothing is "
    "there; default: sealgen.",
    default="sealgen",
)


def _record(name: str, shape: Record[Source]) -> Record[Value]:
    """Return the fields of a source with those that every value may have, or every one that is made."""
    is_generated = name.startswith("generate: ")
    of_value = {"push": PUSH}
    if is_generated or name == "prompt":  # which are made
        of_value |= {"recover": _RECOVER, "keep_previous": KEEP_PREVIOUS, "rotation": ROTATION}
    of_source = {"keep": KEEP, "made_by": _MADE_BY} if is_generated else {}

    def build(fields: Fields) -> Value:
        source = shape.build(fields)
        rules = read_rules(fields, source)
        given = {field: fields[field] for field in of_value.keys() & fields.written()}
        if is_generated and (destination := fields["keep"]):
            if fields["recover"]:
                raise ConfigurationError(
                    f"{fields.path}.recover goes with a value that is stored nowhere, and this one has keep",
                    at=fields.at("recover"),
                )
            source = Kept(source, destination)
        operator = Operator(fields.at("made_by")) if is_generated and fields["made_by"] == "operator" else None
        return Value(fields.path.rpartition(".")[2], source, rules, **given, operator=operator)

    return Record({**shape.fields, **RULES, **of_value, **of_source}, build)


_RECORDS = {name: _record(name, shape) for name, shape in _VARIANTS.items()}

SOURCE_NAMES: tuple[str, ...] = tuple(dict.fromkeys(name.partition(":")[0] for name in _VARIANTS))
_SOURCES = frozenset(SOURCE_NAMES)
_GENERATOR = Text(choices=tuple(GENERATORS))


@dataclass(frozen=True)
class ValueShape:
    """A value: exactly one source with its fields, and the rules that any value may have."""

    def read(self, node: Node, path: str) -> Value:
        """Return the value; its name is the last component of ``path``."""
        node = mapping(node, path)
        variant = _variant(node, path)
        record = _RECORDS[variant]
        if not node.entries.keys() <= record.fields.keys():
            _check_fields(node, path, variant, record)
        return record.read(node, path)

    def json_schema(self) -> JSONSchema:
        """One of the sources. Nothing is required: a file may change one field of what it inherits."""
        schemas = []
        for name, record in _RECORDS.items():
            schema = record.json_schema()
            del schema["required"]
            schemas.append({"title": name} | schema)
        return {"anyOf": schemas}


def _check_fields(node: Mapping, path: str, variant: str, record: Record[Value]) -> None:
    """Raise ConfigurationError for a field that goes with other sources than this."""
    for name, (key, _) in node.entries.items():
        if name not in record.fields and (others := _variants_with(name)):
            takes = [field for field in _VARIANTS[variant].fields if field not in SOURCE_NAMES]
            raise ConfigurationError(
                f"{path}.{name} goes with {' or '.join(others)}, not with {variant}"
                + (f", which takes {', '.join(takes)}" if takes else ""),
                at=key.at,
            )


def _variant(node: Mapping, path: str) -> str:
    given = [name for name in node.entries if name in _SOURCES]
    if not given:
        for name, (key, _) in node.entries.items():
            if name not in RULES and not _variants_with(name):
                raise ConfigurationError(unknown_field(f"{path}.", name, [*SOURCE_NAMES, *RULES]), at=key.at)
        raise ConfigurationError(f"{path} has no source; one of {', '.join(SOURCE_NAMES)}", at=node.at)
    if len(given) > 1:
        first, second = given[:2]
        first_at, second_at = (node.entries[name][0].at for name in (first, second))
        raise ConfigurationError(
            f"{path} has two sources, '{first}' ({first_at}) and '{second}'; one is needed", at=second_at
        )
    source = given[0]
    if source != "generate":
        return source
    return f"generate: {_GENERATOR.read(node.entries['generate'][1], f'{path}.generate')}"


def _variants_with(field: str) -> list[str]:
    found = [name for name, record in _RECORDS.items() if field in record.fields]
    generators = [f"generate: {name}" for name in GENERATORS]
    return ["generate", *found[len(generators) :]] if found[: len(generators)] == generators else found
