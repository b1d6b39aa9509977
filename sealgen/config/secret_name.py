"""A name in an environment file that must be that of one of its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, did_you_mean, quoted
from sealgen.yaml.schema import Text, scalar

if TYPE_CHECKING:
    from collections.abc import Collection

    from sealgen.yaml.nodes import Node, Scalar
    from sealgen.yaml.schema import JSONSchema


class SecretName:
    """The name of a Secret of the environment, and where it stands."""

    def read(self, node: Node, path: str) -> Scalar:
        """Return the node."""
        return scalar(node, path, "a secret's name")

    def json_schema(self) -> JSONSchema:
        """Text."""
        return Text().json_schema()


def check_known(node: Scalar, path: str, names: Collection[str]) -> None:
    """Raise ConfigurationError where the node, at ``path``, is none of the ``names`` of the environment's secrets."""
    if node.text not in names:
        hint = did_you_mean(node.text, names)
        raise ConfigurationError(f"{path}: no secret {quoted(node.text)}{hint}", at=node.at)
