"""A manifest with blanks, and the manifests that come of it: what reading each by itself would give, or nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.kubernetes import rules
from sealgen.kubernetes.manifest import Key, SecretManifest
from sealgen.recipe import Filtered, Reference, references
from sealgen.template.blanks import blank, filled, numbers
from sealgen.yaml.nodes import is_plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sealgen.recipe import Part, Recipe
    from sealgen.template.rendered import Rendered

NAME = blank(0)
"""The blank for the Secret's own name."""


@dataclass(frozen=True)
class Pattern:
    """What Secrets have in common whose manifests differ in the text of blanks only."""

    manifest: SecretManifest

    def filled(self, texts: Sequence[str], aliases: Mapping[str, str]) -> SecretManifest | None:
        """Return the manifest with ``texts`` in its blanks and values by their names in the environment.

        None where text that is put in may not be what it is put in as: the manifest is to be read by itself.
        """
        manifest = self.manifest
        labels = {name: filled(text, texts) for name, text in manifest.labels.items()}
        annotations = {name: filled(text, texts) for name, text in manifest.annotations.items()}
        keys = {name: Key(_filled(key.recipe, texts, aliases), key.at) for name, key in manifest.keys.items()}
        alone = (key.recipe[0] for key in keys.values() if len(key.recipe) == 1)
        if (
            not all(map(is_plain_text, [*labels.values(), *annotations.values()]))
            or not all(is_plain_text(part) for part in alone if isinstance(part, str))
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
    """Return the pattern that was rendered and read; None where a blank stands in what a manifest is read by."""
    counted: Counter[str] = Counter(numbers(rendered.text))
    placed = Counter(number for text in _texts(manifest) for number in numbers(text))
    # The name may stand where it is only compared; nothing else may stand in a comment, a type or a key.
    name = numbers(NAME)[0]
    counted[name] = placed[name] = 0
    return Pattern(manifest) if counted == placed else None


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
        # A filter on text alone would have been applied at once, had the text been there.
        elif isinstance(part, Filtered) and any(references((part,))):
            yield from _texts_of(part.input)
            for argument in part.arguments:
                yield from _texts_of(argument)


def _filled(recipe: Recipe, texts: Sequence[str], aliases: Mapping[str, str]) -> Recipe:
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
