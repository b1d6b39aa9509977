"""Values that are made: how hard to guess they are, and whether they are what their specification says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.values.generators.text import TextGenerator
from sealgen.values.kept import generator_of, is_rotatable
from sealgen.values.version import counter_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.checks.finding import Finding
    from sealgen.checks.subject import Subject

MIN_BITS = 112
"""The least strength of a key that is still acceptable. Source: NIST SP 800-131A revision 2, section 2."""


def weak(subject: Subject) -> Iterator[Finding]:
    """Yield the values that are drawn from too few possibilities, but for those that break the policy anyway."""
    for name in subject.used:
        source = generator_of(subject.environment.values[name].source)
        if not isinstance(source, TextGenerator):
            continue
        if subject.environment.policy.least_entropy(source.generator) <= source.entropy_bits < MIN_BITS:
            message = f"{name} is one of 2^{source.entropy_bits}; from 2^{MIN_BITS} on nobody can try them all"
            yield subject.of_value("value-weak", name, message)


def specification_changed(subject: Subject) -> Iterator[Finding]:
    """Yield what stays as it was made, whatever its specification says since."""
    environment = subject.environment
    for name in subject.used:
        value = environment.values[name]
        locked = subject.lock.values.get(name)
        if not is_rotatable(value.source) or locked is None or (value.source.made and not counter_of(locked.version)):
            continue
        if locked.specification != value.specification:
            message = (
                f"{name} was made to another specification than it has now, which its next version keeps to: "
                f"sealgen rotate {environment.name} {name}"
            )
            yield subject.of_value("specification-changed", name, message)
