"""What only several environments together tell: keys that one lacks, and what two of them have in common."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sealgen import lock
from sealgen.checks.credentials import looks_like_one
from sealgen.checks.finding import Finding
from sealgen.checks.subject import value_places
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import SealgenError
from sealgen.reconcile.manifests import render_manifests
from sealgen.reconcile.survey import lock_path
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.lock import Lock
    from sealgen.values.value import Value

# What gives each machine, or each person, something else.
_LOCAL = ("env", "exec", "generate", "prompt")


def across(project: Project, names: Sequence[str]) -> Mapping[str, tuple[Finding, ...]]:
    """Return the findings of each environment; one that can't be read says so itself, and is left out here."""
    if len(names) < 2:
        return {}
    environments, locks = {}, {}
    keys: dict[str, Collection[tuple[str, str]]] = {}
    for name in names:
        try:
            environments[name] = project.environment(name)
            if isinstance(environments[name].backend, ExternalSecretsBackend):
                keys[name] = _made_by_the_operator(project, environments[name])
                continue
            content = project.read(lock_path(name))
            locks[name] = lock.read((content or b"").replace(b"\r\n", b"\n"), str(lock_path(name)))
            keys[name] = locks[name].keys
        except SealgenError:
            continue
    found: dict[str, list[Finding]] = defaultdict(list)
    for name, finding in (*_shared(project, environments), *_twice(locks), *_parity(keys)):
        found[name].append(finding)
    return {name: tuple(its) for name, its in found.items()}


def _shared(project: Project, environments: Mapping[str, Environment]) -> Iterator[tuple[str, Finding]]:
    """Yield the values that come from one place in two environments, or are one literal."""
    owners: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name, environment in environments.items():
        for value in environment.values.values():
            if _is_telling(value):
                owners[value.source.kind, value.specification].setdefault(name, value.name)
    for key, by_name in owners.items():
        if len(by_name) > 1:
            told = "the same literal" if key[0] == "literal" else f"read from the same place ({key[0]})"
            for name, named in by_name.items():
                other = next(environment for environment in by_name if environment != name)
                message = f"{named} is {told} as {by_name[other]} of {other}: one value in two environments"
                at = value_places(project, name)[named]
                yield name, Finding("value-shared", at.file, at.line, message)


def _is_telling(value: Value) -> bool:
    """Tell whether two values of one specification are one value, and a secret one."""
    source = value.source
    if isinstance(source, Literal):
        return looks_like_one(value.name, source.text.reveal().decode()) is not None
    return source.kind not in _LOCAL


def _twice(locks: Mapping[str, Lock]) -> Iterator[tuple[str, Finding]]:
    """Yield the ciphertexts that stand in two environments."""
    first: dict[str, tuple[str, str]] = {}
    for name, locked in locks.items():
        for place, key in locked.keys.items():
            told = "/".join(place)
            other = first.setdefault(key.ciphertext, (name, told))
            if other[0] != name:
                message = f"{told} holds the same ciphertext as {other[1]} of {other[0]}"
                yield name, Finding("ciphertext-twice", str(lock_path(name)), None, message)


def _made_by_the_operator(project: Project, environment: Environment) -> Collection[tuple[str, str]]:
    """Return the keys of an environment of External Secrets, which no lock has."""
    manifests = render_manifests(project, environment)
    return {(secret.name, key) for secret in manifests.values() for key in secret.keys}


def _parity(keys: Mapping[str, Collection[tuple[str, str]]]) -> Iterator[tuple[str, Finding]]:
    """Yield the keys that at least half of the environments have, each with one that lacks it."""
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, its in keys.items():
        for place in its:
            owners[place].append(name)
    for place, having in sorted(owners.items()):
        if len(having) * 2 >= len(keys):
            for name in (name for name in keys if name not in having):
                message = f"{name} has no {'/'.join(place)}, which {_listed(having)}"
                yield name, Finding("parity", f"environments/{name}.yaml", None, message)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    if len(names) > 3:
        shown += f" and {len(names) - 3} more"
    return f"{shown} {'has' if len(names) == 1 else 'have'}"
