"""A Secret manifest whose keys are recipes: read from a rendered template, strictly, by Kubernetes' own rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sealgen.content import secret_types
from sealgen.errors import ConfigurationError, Mark, unknown_field
from sealgen.filters import FILTERS, FilterError
from sealgen.kubernetes import rules
from sealgen.kubernetes.metadata import LAST_APPLIED, SERVER_SIDE
from sealgen.kubernetes.sealed_secret import SCOPES, Scope
from sealgen.recipe import Recipe, decoded, references
from sealgen.yaml import nodes
from sealgen.yaml.nodes import Mapping, Node, Scalar, Sequence, is_null, is_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Map

    from sealgen.template.rendered import Rendered

    _Rule: TypeAlias = Callable[[str], str | None]

# What a template's object is; nothing else becomes a Secret.
_CONSTANTS = {"kind": "Secret", "apiVersion": "v1"}
_FIELDS = ("apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData")
_METADATA = ("name", "namespace", "labels", "annotations")
# Annotations that are not the user's: the scope's are written where a Secret is sealed.
_LEFT_OUT = LAST_APPLIED | SCOPES.keys()


class Key(NamedTuple):
    """One key of a Secret: how its bytes are made, and where the template says so."""

    recipe: Recipe
    at: Mark


@dataclass(frozen=True)
class SecretManifest:
    """A Secret with recipes for bytes; keys in the template's order."""

    name: str
    namespace: str
    scope: Scope
    type: str | None
    immutable: bool | None
    labels: Map[str, str]
    annotations: Map[str, str]
    keys: Map[str, Key]
    at: Mark

    @cached_property
    def label(self) -> bytes:
        """What its values are encrypted with as the label."""
        return self.scope.label(self.namespace, self.name)


def read(rendered: Rendered, *, name: str, namespace: str, scope: Scope, type: str | None) -> SecretManifest:  # noqa: A002
    """Read what a template rendered to.

    ``name``, ``namespace``, ``scope`` and ``type`` are what the environment file says: the template may leave them
    out or say the same. Raises ConfigurationError, with the template's line, for everything that the API server
    would refuse, or that would reach the cluster otherwise than it is written.
    """
    try:
        root = nodes.parse(rendered.text, rendered.file)
        return _Reader(rendered).manifest(root, name, namespace, scope, type)
    except ConfigurationError as error:
        at = rendered.mark(error.at) if error.at else None
        raise ConfigurationError(rendered.readable(error.message), at=at, hint=error.hint) from None


class _Reader:
    def __init__(self, rendered: Rendered) -> None:
        self._rendered = rendered
        self._placed: set[int] = set()

    def manifest(self, root: Node, name: str, namespace: str, scope: Scope, type_: str | None) -> SecretManifest:
        self._check_kind(root)
        fields = self._fields(root, "", _FIELDS)
        for name_, wanted in _CONSTANTS.items():
            if name_ not in fields:
                raise ConfigurationError(f"{name_} is missing; write {name_}: {wanted}", at=root.at)
        metadata = self._fields(fields.get("metadata", Mapping({}, root.at)), "metadata", _METADATA, SERVER_SIDE)
        self._same(metadata, "name", name)
        self._same(metadata, "namespace", namespace)
        labels = self._texts(
            metadata.get("labels"), "metadata.labels", rules.label_key_problem, rules.label_value_problem
        )
        annotations = self._texts(metadata.get("annotations"), "metadata.annotations", rules.annotation_key_problem)
        self._check_scope(metadata, annotations, scope)
        annotations = {key: value for key, value in annotations.items() if key not in _LEFT_OUT}
        if problem := rules.annotations_size_problem(annotations):
            raise ConfigurationError(problem, at=metadata["annotations"].at)
        immutable = self._immutable(fields.get("immutable"))
        declared = self._type(fields.get("type"), type_)
        keys = self._keys(fields)
        self._check_all_placed()
        if not keys:
            raise ConfigurationError("the Secret has no keys; give it data or stringData", at=root.at)
        if problem := secret_types.keys_problem(declared, keys):
            raise ConfigurationError(problem, at=fields["type"].at if "type" in fields else root.at)
        at = self._rendered.mark(root.at)
        return SecretManifest(name, namespace, scope, declared, immutable, labels, annotations, keys, at)

    def _fields(
        self, node: Node, path: str, known: tuple[str, ...], ignored: frozenset[str] = frozenset()
    ) -> dict[str, Node]:
        if not isinstance(node, Mapping):
            raise ConfigurationError(f"{path} must be a mapping" if path else "a template gives a mapping", at=node.at)
        fields = {}
        for name, (key, value) in node.entries.items():
            where = f"{path}.{name}" if path else name
            if name in ignored:
                self._refuse_secrets(value, where)
                continue
            if name not in known:
                self._refuse_secrets(key, f"a field of {path or 'the Secret'}")
                raise ConfigurationError(unknown_field(f"{path}." if path else "", name, known), at=key.at)
            fields[name] = value
        return fields

    def _refuse_secrets(self, node: Node, path: str) -> None:
        """Refuse a stand-in anywhere in a node that is not sealed."""
        if isinstance(node, Mapping):
            for name, (key, value) in node.entries.items():
                self._refuse_secrets(key, f"a key of {path}")
                self._refuse_secrets(value, f"{path}.{name}")
        elif isinstance(node, Sequence):
            for item in node.items:
                self._refuse_secrets(item, path)
        elif self._rendered.token_prefix in node.text:
            names = ", ".join(map(str, dict.fromkeys(references(self._rendered.recipe(node.text)))))
            raise ConfigurationError(
                f"{path} would hold a secret in clear ({names}); secrets go into data or stringData only", at=node.at
            )

    def _text(self, node: Node, path: str) -> str:
        text = self._scalar(node, path).text
        self._refuse_secrets(node, path)
        return text

    def _scalar(self, node: Node, path: str) -> Scalar:
        if not isinstance(node, Scalar):
            raise ConfigurationError(f"{path} must be text", at=node.at)
        if is_null(node):
            raise ConfigurationError(f"{path} is null; write '' for an empty value", at=node.at)
        if not is_text(node):
            # The text is not repeated: it may be a secret that somebody wrote into the template.
            raise ConfigurationError(f"{path} is not text for every YAML reader; put it in quotes", at=node.at)
        return node

    def _check_kind(self, root: Node) -> None:
        if not isinstance(root, Mapping):
            return
        for name, wanted in _CONSTANTS.items():
            node = root.get(name)
            if node is not None and (found := self._text(node, name)) != wanted:
                raise ConfigurationError(
                    f"{name} is '{found}'; a template gives one Secret ({name}: {wanted})", at=node.at
                )

    def _same(self, metadata: dict[str, Node], name: str, wanted: str) -> None:
        if node := metadata.get(name):
            found = self._text(node, f"metadata.{name}")
            if found != wanted:
                raise ConfigurationError(
                    f"metadata.{name} is '{found}', but the environment file says '{wanted}'; "
                    f"leave it out, or write {{{{ secret.{name} }}}}",
                    at=node.at,
                )

    def _texts(
        self, node: Node | None, path: str, key_problem: _Rule, value_problem: _Rule = lambda _: None
    ) -> dict[str, str]:
        if node is None or is_null(node):
            return {}
        if not isinstance(node, Mapping):
            raise ConfigurationError(f"{path} must be a mapping", at=node.at)
        texts = {}
        for name, (key, value) in node.entries.items():
            self._text(key, f"a key of {path}")
            if problem := key_problem(name):
                raise ConfigurationError(f"{path}: {problem}", at=key.at)
            texts[name] = self._text(value, f"{path}.{name}")
            if problem := value_problem(texts[name]):
                raise ConfigurationError(f"{path}.{name}: {problem}", at=value.at)
        return texts

    def _check_scope(self, metadata: dict[str, Node], annotations: dict[str, str], scope: Scope) -> None:
        told = [annotated for name, annotated in SCOPES.items() if annotations.get(name) == "true"]
        # With both, the controller takes the wider one.
        if told and (widest := max(told, key=list(Scope).index)) != scope:
            raise ConfigurationError(
                f"the annotations say scope {widest}, but the environment file says {scope}; "
                "leave the annotation out: sealgen writes it",
                at=metadata["annotations"].at,
            )

    def _immutable(self, node: Node | None) -> bool | None:
        if node is None:
            return None
        if isinstance(node, Scalar) and node.plain and node.text in ("true", "false"):
            return node.text == "true"
        self._refuse_secrets(node, "immutable")
        raise ConfigurationError("immutable must be true or false", at=node.at)

    def _type(self, node: Node | None, wanted: str | None) -> str | None:
        if node is None:
            return wanted
        found = self._text(node, "type")
        if wanted is not None and found != wanted:
            raise ConfigurationError(
                f"type is '{found}', but the environment file says '{wanted}'; leave one of them out", at=node.at
            )
        return found or None

    def _keys(self, fields: dict[str, Node]) -> dict[str, Key]:
        keys: dict[str, Key] = {}
        for field in ("data", "stringData"):
            node = fields.get(field)
            if node is None or is_null(node):
                continue
            if not isinstance(node, Mapping):
                raise ConfigurationError(f"{field} must be a mapping", at=node.at)
            for name, (key, value) in node.entries.items():
                self._text(key, f"a key of {field}")
                if problem := rules.key_problem(name):
                    raise ConfigurationError(f"{field}: {problem}", at=key.at)
                if name in keys:
                    raise ConfigurationError(f"'{name}' stands in data and in stringData; keep one", at=key.at)
                keys[name] = Key(self._recipe(value, field, name), self._rendered.mark(key.at))
        return keys

    def _recipe(self, node: Node, field: str, name: str) -> Recipe:
        path = f"{field}.{name}"
        if not isinstance(node, Scalar):
            raise ConfigurationError(f"{path} must be text; write a structure as a block (|)", at=node.at)
        scalar = self._scalar(node, path)
        self._placed.update(self._rendered.tokens(scalar.text))
        if field == "stringData":
            return self._rendered.recipe(scalar.text)
        recipe = self._rendered.recipe(scalar.text.replace("\n", "").replace("\r", ""))
        if all(isinstance(part, str) for part in recipe):
            try:
                FILTERS["b64decode"].apply("".join(map(str, recipe)).encode())
            except FilterError:
                raise ConfigurationError(
                    f"{path} is not base64; write it under stringData, or pass it through b64encode", at=node.at
                ) from None
        return decoded(recipe)

    def _check_all_placed(self) -> None:
        """Refuse a stand-in that is no part of a key's value: one in a comment, or in a YAML directive."""
        rendered = self._rendered
        for number in sorted(set(range(len(rendered.secrets))) - self._placed):
            before = rendered.text.partition(rendered.token(number))[0].split("\n")
            raise ConfigurationError(
                "a secret stands in a comment; write a template comment instead: {# … #}"
                if "#" in before[-1]
                else "a secret stands where it is not the value of a key",
                at=Mark(rendered.file, len(before), len(before[-1]) + 1),
            )
