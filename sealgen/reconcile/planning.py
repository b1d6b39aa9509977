"""Making the plan of an environment: the survey, the versions of its values, and what was asked for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from sealgen import certificates
from sealgen.config.backends import PlainBackend, SealedSecretsBackend
from sealgen.errors import ConfigurationError, did_you_mean
from sealgen.kubernetes import access, kustomization
from sealgen.kubernetes.external_secret import STORE_FIELD as BACKEND_FIELD
from sealgen.plan import Action, Plan, Reason, Step, plan, touched
from sealgen.recipe import references, values_in
from sealgen.reconcile import rollout, versions
from sealgen.reconcile.survey import Survey, survey
from sealgen.values import fingerprint_key
from sealgen.values.kept import is_rotatable
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate
    from sealgen.plan import Made, Read, Unreadable
    from sealgen.reconcile.request import Request
    from sealgen.reconcile.versions import Observed
    from sealgen.values.fingerprint import FingerprintKey
    from sealgen.values.source import Surroundings


Live: TypeAlias = "Mapping[tuple[str, str], Mapping[str, str]]"
"""The values that may be read back, by Secret and key that needs them, and which keys of the live Secrets hold them."""


@dataclass(frozen=True)
class Planned:
    """A plan, and what it was made from."""

    environment: Environment
    backend: SealedSecretsBackend
    request: Request
    survey: Survey
    observed: Observed
    plan: Plan
    key: FingerprintKey | None
    """The fingerprint key; None where this machine has none."""
    certificate: Certificate | None
    """The certificate, checked against the pin; None where it is a URL and was not needed yet."""


def prepare(
    project: Project,
    environment: Environment,
    request: Request,
    surroundings: Surroundings,
    make_key: Callable[[], FingerprintKey],
) -> Planned:
    """Make the plan. ``make_key`` gives a fingerprint key when the first one is needed.

    Raises SealgenError (ConfigurationError for what the user wrote) and changes nothing.
    """
    backend = sealed_secrets_backend(environment)
    surveyed = survey(project, environment)
    certificate = None if certificates.is_remote(backend) else certificates.pinned(project, environment, backend)
    if problems := transformer_problems(surveyed):
        raise problems[0]
    if request.accept_fingerprint_key:
        if request.only:
            raise ConfigurationError("--accept-fingerprint-key is for all of an environment; leave --only out")
        surveyed = replace(surveyed, lock=replace(surveyed.lock, fingerprint_key=None))
    used = surveyed.values
    check_rotatable(environment, request.rotate, used)
    _check_finishable(environment, request.finish)
    key = fingerprint_key.find(project.root, surroundings.environ)
    if key is None and surveyed.lock.fingerprint_key is None and any(is_read(environment, name) for name in used):
        key = make_key()
    observed = versions.observe(environment, used, surveyed.lock, key, surroundings, request.rotate)
    chosen = asked_for(surveyed, observed, backend, request, readable_back(surveyed, request))
    return Planned(environment, backend, request, surveyed, observed, chosen, key, certificate)


def asked_for(
    surveyed: Survey, observed: Observed, backend: SealedSecretsBackend, request: Request, live: Live
) -> Plan:
    """Return the plan of what is asked for, of all or of a part; raises ConfigurationError as ``restricted`` does."""
    whole = make_plan(surveyed, observed.states, backend, request, live)
    if request.only:
        if surveyed.external:
            raise ConfigurationError(
                f"--only leaves out a part of what must change at once: the backend of {surveyed.environment.name}",
                hint="Seal all of it.",
            )
        return restricted(whole, surveyed, request)
    alone = request.alone and request.rotate and whole.stuck and not surveyed.external
    return _alone(whole, surveyed, request) if alone else whole


def _alone(whole: Plan, surveyed: Survey, request: Request) -> Plan:
    """Return the part of a plan that the rotation needs, or all of it where that part can't change alone."""
    made_of_it = tuple(
        f"{secret.name}/{name}"
        for secret in surveyed.desired
        for name, key in secret.keys.items()
        if not request.rotate.isdisjoint(key.values)
    )
    try:
        return restricted(whole, surveyed, replace(request, only=made_of_it))
    except ConfigurationError:
        return whole


def sealed_secrets_backend(environment: Environment) -> SealedSecretsBackend:
    """Return the backend that seals; raises ConfigurationError for an environment that has another."""
    if isinstance(environment.backend, SealedSecretsBackend):
        return environment.backend
    if isinstance(environment.backend, PlainBackend):
        raise ConfigurationError(
            f"{environment.name} is a plain environment: nothing of it is sealed",
            hint=f"Print its Secrets: sealgen render {environment.name}",
        )
    raise ConfigurationError(
        f"{environment.name} is an environment of External Secrets: nothing of it is sealed",
        hint=f"Write what the operator needs: sealgen seal {environment.name}",
    )


def transformer_problems(surveyed: Survey) -> tuple[ConfigurationError, ...]:
    """Return what in the overlay's kustomization would give a Secret another name or namespace than its label."""
    return kustomization.transformer_problems(
        surveyed.kustomization,
        str(surveyed.kustomization_path),
        [(secret.name, secret.namespace, secret.scope) for secret in surveyed.manifests.values()],
    )


def is_read(environment: Environment, name: str) -> bool:
    """Tell whether a value's version is a keyed digest of what its source gives."""
    source = environment.values[name].source
    return not source.made and not isinstance(source, Literal)


def make_plan(
    surveyed: Survey,
    states: Mapping[str, Made | Read | Unreadable],
    backend: SealedSecretsBackend,
    request: Request,
    live: Live = MappingProxyType({}),
) -> Plan:
    """Compare what the survey found with what the values are; ``live`` is what may be read back."""
    others: set[str] = set()
    if (request.certificate_changed or backend.certificate_changed) == "reseal":
        others = {locked.certificate for locked in surveyed.lock.keys.values()} - {backend.fingerprint}
    rewrite: dict[str, Reason] = dict.fromkeys(surveyed.unlisted, Reason.ENTRY)
    rewrite.update(dict.fromkeys(surveyed.stale, Reason.METADATA))
    rewrite.update(dict.fromkeys(surveyed.moved, Reason.FILENAME))
    planned = plan(
        surveyed.desired,
        states,
        surveyed.lock,
        surveyed.ciphertexts,
        backend.fingerprint,
        token=secrets.token_hex(4),
        rewrite=rewrite,
        rotate=request.rotate,
        finish=request.finish,
        reseal=others,
        live=live,
    )
    if surveyed.external:
        planned = _moved_here(planned, surveyed)
    beside = (_access_step(surveyed), rollout.step(surveyed, planned), _external_step(surveyed))
    return replace(planned, beside=tuple(step for step in beside if step is not None))


def readable_back(surveyed: Survey, request: Request) -> Live:
    """Return the values that may be read back, were they needed: all that can be, or those that say ``recover``.

    Of a value with parts, those that a key is made of must all stand alone somewhere.
    """
    values = surveyed.environment.values.items()
    allowed = {name for name, value in values if request.from_cluster or value.recover}
    live: dict[tuple[str, str], dict[str, str]] = {}
    if not allowed:
        return live
    for secret in surveyed.manifests.values():
        for name, key in secret.keys.items():
            live[secret.name, name] = {
                value: ", ".join(sorted(" or ".join(map("/".join, surveyed.alone[part])) for part in parts))
                for value in allowed & values_in(key.recipe)
                if (parts := {part for part in references(key.recipe) if part.value == value}) <= surveyed.alone.keys()
            }
    return live


def _access_step(surveyed: Survey) -> Step | None:
    """Return what is to do about the manifest of Roles."""
    before, after = surveyed.access, surveyed.wanted_access
    if after is None:
        return None if before is None else Step("", "", Action.DROP, Reason.NO_ENTRY, field=access.FIELD)
    if before is None or before.replace(b"\r\n", b"\n") != after:
        return Step("", "", Action.REWRITE, Reason.ACCESS, field=access.FIELD)
    return None if surveyed.access_listed else Step("", "", Action.REWRITE, Reason.ENTRY, field=access.FIELD)


def _moved_here(planned: Plan, surveyed: Survey) -> Plan:
    """Return the plan with the reason for what External Secrets made until now and is sealed from now on."""
    made = {entry.name for entry in surveyed.environment.secrets if entry.filename in surveyed.external}

    def told(step: Step) -> Step:
        return step._replace(reason=Reason.BACKEND) if step.secret in made and step.reason is Reason.NEW else step

    return replace(planned, steps=tuple(map(told, planned.steps)))


def _external_step(surveyed: Survey) -> Step | None:
    """Return what becomes of files from when External Secrets made the Secrets, but for those that are written anew."""
    go = surveyed.external.keys() - {entry.filename for entry in surveyed.environment.secrets}
    if not go:
        return None
    return Step("", "", Action.DROP, Reason.BACKEND, ", ".join(sorted(go)), field=BACKEND_FIELD)


def check_rotatable(environment: Environment, rotate: frozenset[str], used: Sequence[str]) -> None:
    """Raise ConfigurationError for a name that is none of a value which is made here, and of which a key is made."""
    for name in sorted(rotate):
        if name not in environment.values:
            hint = did_you_mean(name, environment.values)
            raise ConfigurationError(f"{environment.name} has no value '{name}' to rotate{hint}")
        source = environment.values[name].source
        if not is_rotatable(source):
            raise ConfigurationError(f"'{name}' can't be rotated here: it is read ({source.kind}); change it there")
        if name not in used:
            raise ConfigurationError(f"'{name}' can't be rotated: no key of {environment.name} uses it")


def _check_finishable(environment: Environment, finish: frozenset[str]) -> None:
    for name in sorted(finish):
        if name not in environment.values:
            hint = did_you_mean(name, environment.values)
            raise ConfigurationError(f"{environment.name} has no value '{name}'{hint}")
        if environment.values[name].keep_previous is None:
            raise ConfigurationError(f"'{name}' has no keep_previous, so that no version before it is kept")


# What is said of a Secret's manifest is of all its keys at once.
_OF_THE_SECRET = frozenset(
    {Reason.SCOPE, Reason.NAMESPACE, Reason.METADATA, Reason.FILENAME, Reason.ENTRY, Reason.NO_ENTRY}
)


def restricted(whole: Plan, surveyed: Survey, request: Request) -> Plan:
    """Return the part of a plan that is on the Secrets (``SECRET``) and keys (``SECRET/KEY``) of ``request.only``.

    Raises ConfigurationError for a name that is not there, and where the rest would fall apart: a value that is
    made anew must be sealed in every key that uses it, and what is of a whole Secret must reach all its keys.
    """
    only = request.only
    known = {step.secret for step in whole.steps} | {f"{step.secret}/{step.key}" for step in whole.steps if step.key}
    for name in only:
        if name not in known:
            raise ConfigurationError(f"--only {name}: no such secret or key{did_you_mean(name, known)}")
    # The version before moves with its key.
    chosen = tuple(
        step
        for step in whole.steps
        if step.secret in only or {f"{step.secret}/{step.key}", f"{step.secret}/{step.source}"} & {*only}
    )
    _check_secrets_whole(whole, chosen)
    _check_files_free(surveyed, chosen)
    picked = {(step.secret, step.key) for step in chosen}
    uses = {(secret.name, name): key.values for secret in surveyed.desired for name, key in secret.keys.items()}
    needed = {value for place, values in uses.items() if place in picked for value in values}
    for name in sorted(request.rotate - needed):
        raise ConfigurationError(f"--only leaves out every key that is made of {name}, which is to be rotated")
    for (secret, key), values in uses.items():
        halved = [value for value in values if value in whole.made and value in needed]
        if halved and (secret, key) not in picked:
            raise ConfigurationError(
                f"--only leaves out {secret}/{key}, which is made of {', '.join(halved)} too; "
                "a new version must reach every key in one run"
            )
    part = Plan(
        chosen,
        tuple(name for name in whole.made if name in needed),
        whole.missing if any(step.action is Action.BLOCKED for step in chosen) else (),
        {name: version for name, version in whole.versions.items() if name in needed},
        previous=whole.previous,
    )
    # Pods start anew for a part too; who may read is of the whole.
    rolled_out = rollout.step(surveyed, part)
    return part if rolled_out is None else replace(part, beside=(rolled_out,))


def _check_secrets_whole(whole: Plan, chosen: tuple[Step, ...]) -> None:
    changed = touched(chosen)
    for step in whole.steps:
        if step.secret in changed and step.reason in _OF_THE_SECRET and step not in chosen:
            raise ConfigurationError(
                f"--only leaves out a part of {step.secret} that must change with the rest: {step.reason}",
                hint=f"Name all of it: --only {step.secret}",
            )


def _check_files_free(surveyed: Survey, chosen: tuple[Step, ...]) -> None:
    """A manifest can take the place of another Secret's only where that one goes, or moves, in the same run."""
    changed = touched(chosen)
    for owner, filename in surveyed.filenames.items():
        for secret in changed & surveyed.entries.keys():
            if owner not in changed and owner != secret and surveyed.entries[secret].filename == filename:
                raise ConfigurationError(
                    f"--only leaves out {owner}, whose file {filename} is now that of {secret}",
                    hint=f"Name both: --only {secret} --only {owner}",
                )
