"""A manifest with blanks, and the manifests that come of it: what reading each by itself would give, or nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.kubernetes import rules
from sealgen.kubernetes.manifest import Key, SecretManifest
from sealgen.recipe import Filtered, Reference, leaves, references
from sealgen.template.blanks import blank, filled, numbers
from sealgen.yaml.nodes import Mapping, Scalar, is_plain_text, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Map

    from sealgen.recipe import Part, Recipe
    from sealgen.template.rendered import Rendered

NAME = blank(0)
"""The blank for the Secret's own name."""
_WORD = "S"  # as a token begins


@dataclass(frozen=True)
class Pattern:
    """What Secrets have in common whose manifests differ in the text of blanks only."""

    manifest: SecretManifest
    written: tuple[str, ...]
    """What stands in its scalars that hold blanks."""

    def filled(self, texts: Sequence[str], aliases: Map[str, str]) -> SecretManifest | None:
        """Return the manifest with ``texts`` in its blanks and values by their names in the environment.

        None where text that is put in may not be what it is put in as: the manifest is to be read by itself.
        """
        manifest = self.manifest
        labels = {name: filled(text, texts) for name, text in manifest.labels.items()}
        annotations = {name: filled(text, texts) for name, text in manifest.annotations.items()}
        keys = {name: Key(_filled(key.recipe, texts, aliases), key.at) for name, key in manifest.keys.items()}
        if (
            # In quotes it may be anything, but whether it is in quotes is not known here.
            not all(is_plain_text(filled(text, texts)) for text in self.written)
            or any(map(rules.label_value_problem, labels.values()))
            or rules.annotations_size_problem(annotations)
        ):
            return None
        return SecretManifest(
            filled(manifest.name, texts),
            manifest.namespace,
            manifest.scope,
            manifest.type,
            manifest.immutable,
            labels,
            annotations,
            keys,
            manifest.at,
        )


def pattern(rendered: Rendered, manifest: SecretManifest) -> Pattern | None:
    """Return the pattern that was rendered and read; None where a blank stands in anything that is not filled."""
    name = list(_own_name(rendered))
    recorded = (leaf for leaf in leaves(rendered.secrets) if isinstance(leaf, str))
    counted = Counter(number for text in (rendered.text, *recorded) for number in numbers(text))
    placed = Counter(number for text in (*name, *_texts(manifest)) for number in numbers(text))
    if counted != placed:
        return None
    recipes = (key.recipe for key in manifest.keys.values())
    scalars = (*name, *manifest.labels.values(), *manifest.annotations.values(), *map(_written, recipes))
    return Pattern(manifest, tuple(text for text in scalars if numbers(text)))


def _own_name(rendered: Rendered) -> Iterator[str]:
    """Yield the name that the manifest tells, if it does; that it is the Secret's own was found when it was read."""
    root = parse(rendered.text, rendered.file)
    metadata = root.get("metadata") if isinstance(root, Mapping) else None
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if isinstance(name, Scalar):
        yield name.text


def _texts(manifest: SecretManifest) -> Iterator[str]:
    """Yield the texts that ``filled`` fills."""
    yield from manifest.labels.values()
    yield from manifest.annotations.values()
    for key in manifest.keys.values():
        yield from _texts_of(key.recipe)


def _texts_of(recipe: Recipe) -> Iterator[str]:
    for part in recipe:
        if isinstance(part, str):
            yield part
        # Base64 of text alone would have been decoded at once, had the text been there.
        elif isinstance(part, Filtered) and any(references((part,))):
            yield from _texts_of(part.input)
            for argument in part.arguments:
                yield from _texts_of(argument)


def _written(recipe: Recipe) -> str:
    """Return what the scalar of a recipe looks like to YAML, where references are words."""
    if len(recipe) == 1 and isinstance(part := recipe[0], Filtered):
        return _written(part.input)  # of ``data``, it may be what is decoded
    return "".join(part if isinstance(part, str) else _WORD for part in recipe)


def _filled(recipe: Recipe, texts: Sequence[str], aliases: Map[str, str]) -> Recipe:
    def part_filled(part: Part) -> Part:
        if isinstance(part, str):
            return filled(part, texts)
        if isinstance(part, Reference):
            return Reference(aliases.get(part.value, part.value), part.part)
        return Filtered(
            part.filter,
            _filled(part.input, texts, aliases),
            tuple([_filled(argument, texts, aliases) for argument in part.arguments]),
        )

    return tuple([part_filled(part) for part in recipe])
