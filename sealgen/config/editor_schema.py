"""The JSON Schema of an environment file, for editors."""

from __future__ import annotations

from sealgen.config.environment import FIELDS
from sealgen.yaml.schema import DEFINITIONS, JSONSchema, Record


def json_schema() -> JSONSchema:
    """Return the JSON Schema of an environment file (draft 2020-12), for editors.

    Nothing is required, as what a file leaves out may stand in the one that it extends; and null is right wherever
    it may remove what is inherited.
    """
    schema = Record(FIELDS, lambda fields: fields).json_schema()
    extends = schema["properties"]["extends"]
    schema = _mergeable(schema)
    schema["properties"]["extends"] = extends
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An environment of sealgen",
        **schema,
        "$defs": DEFINITIONS,
    }


def _mergeable(schema: JSONSchema) -> JSONSchema:
    """Return the schema of what is only merged over something that the schema describes."""
    merging = {name: rule for name, rule in schema.items() if name != "required"}
    if "properties" in schema:
        merging["properties"] = {name: _removable(rule) for name, rule in schema["properties"].items()}
    if schema.get("additionalProperties"):
        merging["additionalProperties"] = _removable(schema["additionalProperties"])
    if "anyOf" in schema:
        merging["anyOf"] = [_mergeable(rule) for rule in schema["anyOf"]]
    return merging


def _removable(schema: JSONSchema) -> JSONSchema:
    """Return the schema, for merging, with null too."""
    merging = _mergeable(schema)
    if "anyOf" in merging:
        merging["anyOf"] = [*merging["anyOf"], {"type": "null"}]
    if "enum" in merging:
        merging["enum"] = [*merging["enum"], None]
    if "type" in merging:
        types = merging["type"]
        merging["type"] = [*([types] if isinstance(types, str) else types), "null"]
    return merging
