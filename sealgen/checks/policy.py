"""The environment's policy: how hard its values are to guess, and how old they may become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.rotation.schedule import days, days_since
from sealgen.values.generators.generator import Generator
from sealgen.values.kept import generator_of
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.checks.finding import Finding
    from sealgen.checks.subject import Subject
    from sealgen.values.value import Value


def entropy(subject: Subject) -> Iterator[Finding]:
    """Yield the generated values that have less entropy than the policy asks for."""
    policy = subject.environment.policy
    for value in _secret(subject):
        source = generator_of(value.source)
        if isinstance(source, Generator) and source.entropy_bits < (least := policy.least_entropy(source.generator)):
            message = (
                f"{value.name} has {source.entropy_bits} bits of entropy (generate: {source.generator}), "
                f"and policy.min_entropy is {least}"
            )
            yield subject.of_value("policy-entropy", value.name, message)


def age(subject: Subject) -> Iterator[Finding]:
    """Yield the values that are older than the policy allows any to become."""
    most = subject.environment.policy.max_age
    if most is None:
        return
    for value in _secret(subject):
        locked = subject.lock.values.get(value.name)
        if locked is not None and (old := days_since(locked.date, subject.now.date())) > most:
            message = f"{value.name} is {days(old)} old (version of {locked.date}), and policy.max_age is {days(most)}"
            yield subject.of_value("policy-age", value.name, message)


def rotation(subject: Subject) -> Iterator[Finding]:
    """Yield the values that nobody is told to rotate in the time that the policy gives."""
    most = subject.environment.policy.max_age
    if most is None:
        return
    for value in _secret(subject):
        every = value.rules.rotate_every
        if every is None or every > most:
            told = "has no rotate_every" if every is None else f"has a rotate_every of {days(every)}"
            message = f"{value.name} {told}, and policy.max_age is {days(most)}"
            yield subject.of_value("policy-rotation", value.name, message)


def _secret(subject: Subject) -> Iterator[Value]:
    """Yield the values that some key is made of, but for those that stand in clear beside the lock."""
    values = (subject.environment.values[name] for name in subject.used)
    return (value for value in values if not isinstance(value.source, Literal))
