"""Printing the Secrets of a plain environment."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sealgen import private_files
from sealgen.backends import plain, resolution
from sealgen.config.backends import PlainBackend, SealedSecretsBackend
from sealgen.errors import ConfigurationError
from sealgen.overlay import transaction
from sealgen.overlay.transaction import FileChange
from sealgen.reconcile.keeping import Keeping, Overtaken, put
from sealgen.reconcile.manifests import render_manifests, values_used
from sealgen.values import kept_values, rules
from sealgen.values.kept import Kept
from sealgen.values.kept_values import KeptValue
from sealgen.values.stored import parts_in_stores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.overlay.transaction import Run
    from sealgen.values.source import Parts, Source, Surroundings
    from sealgen.values.value import Value


def render(project: Project, environment: Environment, surroundings: Surroundings, tell: Callable[[str], None]) -> str:
    """Return all Secrets of a plain environment as one YAML stream.

    ``tell`` is told of what an interrupted run left, and of another run that is waited for.

    Raises ConfigurationError for an environment that is sealed: its plaintexts are not for printing.
    """
    backend = environment.backend
    if not isinstance(backend, PlainBackend):
        sealed = isinstance(backend, SealedSecretsBackend)
        raise ConfigurationError(
            f"{environment.name} is not a plain environment: its Secrets are not printed",
            at=backend.certificate_at if isinstance(backend, SealedSecretsBackend) else backend.store_at,
            hint="Only 'backend: {kind: plain}' prints Secrets; "
            f"{'this one is sealed' if sealed else 'an operator makes those of this one'}: "
            f"sealgen seal {environment.name}",
        )
    manifests = render_manifests(project, environment)
    used = values_used(manifests)
    path = kept_values.path(environment.name)
    with transaction.exclusive(project.root, environment.name, (path,), tell) as run:
        if run.recovered:
            tell(run.recovered)
        plaintexts = _plaintexts(project, environment, used, surroundings, run)

    wanted = [(secret, key) for secret in manifests.values() for key in secret.keys]
    resolved = resolution.resolve_keys(wanted, plaintexts)
    resolution.check(resolved, kept={})
    return "".join(plain.to_yaml(secret, data) for secret, data in resolution.by_secret(resolved))


def _plaintexts(
    project: Project, environment: Environment, used: Sequence[str], surroundings: Surroundings, run: Run
) -> dict[str, Parts]:
    """Read the values that are used; those that are made are kept from run to run."""
    path = kept_values.path(environment.name)
    content = private_files.read(project.root / path)
    kept = kept_values.load(content, str(path)) if content is not None else {}
    plaintexts: dict[str, Parts] = {}
    surroundings.stores.ahead(parts_in_stores(environment.values[name].source for name in used))
    for name in used:
        value = environment.values[name]
        digest = value.specification
        if name in kept and _fits(kept[name], digest, value.source):
            plaintexts[name] = kept[name].parts
            continue
        if isinstance(value.source, Kept):
            plaintexts[name] = _kept(environment.name, value, value.source, surroundings)
        else:
            plaintexts[name] = value.source.obtain(name, surroundings)
        rules.check(name, value.rules, plaintexts[name])
        if value.source.made:
            kept[name] = KeptValue(digest, plaintexts[name])
    if kept:
        private_files.check_ignored(project.root, project.root / path)
        run.apply([FileChange(path, content, kept_values.dump(kept), mode=0o600)])
    return plaintexts


def _kept(environment: str, value: Value, source: Kept, surroundings: Surroundings) -> Parts:
    """Return a value from the store that keeps it, made and put there where it is not."""
    while True:
        parts, fresh = Keeping(environment, surroundings).value(value, source, None, rotated=False)
        with contextlib.suppress(Overtaken):
            put([fresh] if fresh else [], environment, surroundings)
            return parts


def _fits(kept: KeptValue, digest: str, source: Source) -> bool:
    return kept.specification == digest and set(kept.parts) == set(source.parts)
