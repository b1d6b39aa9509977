"""Carrying out a plan: values are resolved and sealed, and the overlay and its lock change in one transaction."""

from __future__ import annotations

import base64
import binascii
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sealgen import certificates
from sealgen.errors import CannotTell, ConfigurationError
from sealgen.overlay import seen, transaction
from sealgen.overlay.state import journal_of
from sealgen.plan import Action, Made, Plan, Reason, touched
from sealgen.recipe import values_in
from sealgen.reconcile import keeping
from sealgen.reconcile.keeping import Overtaken
from sealgen.reconcile.outcome import outcome
from sealgen.reconcile.planning import Planned, asked_for, is_read, prepare, readable_back, sealed_secrets_backend
from sealgen.reconcile.survey import written_to
from sealgen.values import fingerprint_key, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import PurePosixPath

    from sealgen.backends.resolution import Plaintext, Warned
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.crypto.crew import Crew
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.overlay.seen import Witness
    from sealgen.overlay.transaction import FileChange, Run
    from sealgen.reconcile.request import Request
    from sealgen.values.source import Parts, Surroundings


@dataclass(frozen=True)
class Sealed:
    """What a run did."""

    environment: str
    plan: Plan
    secrets: int
    keys: int
    warnings: tuple[Warned, ...]
    days_left: int | None
    """Until the certificate expires; None where nothing was sealed with it."""
    files: tuple[str, ...]
    """What was written or removed, from the project's root."""
    values: tuple[str, ...]
    """The values that its keys are made of."""
    made: Mapping[str, Parts] = field(repr=False)
    """The values that the run made, by name: nobody else has them yet."""


def seal(
    project: Project,
    environment: Environment,
    request: Request,
    surroundings: Surroundings,
    witness: Witness,
    crew: Crew,
    *,
    tell: Callable[[str], None],
    waiting: Callable[[str], None] | None,
    progress: Callable[[int, int], None],
    approve: Callable[[Planned], None] = lambda _: None,
    along: Sequence[FileChange] = (),
) -> Sealed:
    """Bring the overlay and the lock of an environment up to date.

    ``witness`` notes what the project reads, and ``crew`` seals. ``tell`` is told of what an interrupted run left,
    ``waiting`` of another run that is waited for (None: it is not), ``progress`` of how many files are made, and of
    how many. ``approve`` is given the plan before anything is made, and may raise what ends the run. ``along`` are
    changes of other files, which ``project`` shows as made already.
    Nothing is written unless all of it is. Raises CannotTell where the plan is blocked or unknown, and SealgenError
    for everything else that stands in the way.
    """
    if not journal_of(project.root, environment.name).exists():  # what is to be finished may have changed the backend
        sealed_secrets_backend(environment)
    within = written_to(environment)
    with transaction.exclusive(project.root, environment.name, within, waiting) as run:
        if run.recovered:
            tell(run.recovered)
            environment = project.environment(environment.name)
        seen.remember(project.root, environment.name, None)
        sealed = _seal(project, environment, request, surroundings, run, witness, crew, progress, approve, along)
        # What a source gives is in no file that was noted, and what was left out may be anything.
        if not request.only and not request.alone and not any(is_read(environment, name) for name in sealed.values):
            noted = witness.seen(sealed.secrets, sealed.keys)
            seen.remember(project.root, environment.name, noted)
        return sealed


def _seal(
    project: Project,
    environment: Environment,
    request: Request,
    surroundings: Surroundings,
    run: Run,
    witness: Witness,
    crew: Crew,
    progress: Callable[[int, int], None],
    approve: Callable[[Planned], None],
    along: Sequence[FileChange],
) -> Sealed:
    planned = _prepared(project, environment, request, surroundings)
    approve(planned)
    ciphertexts: Iterator[str] = iter(())
    warnings: tuple[Warned, ...] = ()
    days_left = None
    made: Mapping[str, Parts] = {}
    while any(planned.plan.having(Action.SEAL)):
        try:
            ciphertexts, warnings, days_left, made = _seal_keys(project, planned, surroundings, crew)
            break
        except Overtaken as overtaken:
            # What is in the store now is the value, and what this run has put there is no longer to be made.
            request = replace(request, rotate=request.rotate - overtaken.put)
            planned = _prepared(project, environment, request, surroundings)
    files: tuple[PurePosixPath, ...] = ()
    if planned.plan.changes or along:
        changes = itertools.chain(along, outcome(planned, ciphertexts, f"{surroundings.now:%Y-%m-%d}"))
        total = len(touched(planned.plan.steps))
        files = run.apply(_noted(changes, witness, lambda done: progress(min(done, total), total)))
    return Sealed(
        environment=environment.name,
        plan=planned.plan,
        secrets=len(planned.survey.manifests),
        keys=sum(len(secret.keys) for secret in planned.survey.manifests.values()) + planned.plan.previous,
        warnings=warnings,
        days_left=days_left,
        files=tuple(map(str, files)),
        values=tuple(planned.plan.versions),
        made=made,
    )


def _prepared(project: Project, environment: Environment, request: Request, surroundings: Surroundings) -> Planned:
    planned = prepare(project, environment, request, surroundings, lambda: fingerprint_key.make(project.root))
    if planned.plan.stuck:
        raise Stuck(planned)
    return planned


def _noted(changes: Iterable[FileChange], witness: Witness, progress: Callable[[int], None]) -> Iterator[FileChange]:
    for number, change in enumerate(changes):
        progress(number)
        witness.note_digest(change.path, change.digest_after)
        yield change


class Stuck(CannotTell):
    """The plan is blocked or unknown, and nothing was written."""

    def __init__(self, planned: Planned) -> None:
        name = planned.environment.name
        super().__init__(f"{name}: not all of it can be sealed here, so nothing was written", hint=advice(planned))
        self.planned = planned


def advice(planned: Planned) -> str:
    """Return the way out of a plan that is blocked or unknown."""
    ways = []
    if any(planned.plan.having(Action.UNKNOWN)):
        ways.append("Run it where the sources and the fingerprint key are.")
    name, blocked = planned.environment.name, list(planned.plan.having(Action.BLOCKED))
    if blocked and planned.request.from_cluster:
        ways.append(f"The lock has no key that is {', '.join(planned.plan.missing)} alone, to read it back from.")
    if blocked:
        reasons = {step.reason for step in blocked}
        way = "Restore the manifest from Git, or make" if reasons & {Reason.MISSING, Reason.ALTERED} else "Make"
        way += f" a new version with the run: {_command(name, planned.request, planned.plan)}"
        asking = replace(planned.request, from_cluster=True)
        live = readable_back(planned.survey, asking)
        reading_back = asked_for(planned.survey, planned.observed, planned.backend, asking, live)
        if sum(1 for _ in reading_back.having(Action.BLOCKED)) < len(blocked):
            way += f"; or read back what is live: {_command(name, asking, reading_back)}"
        if Reason.CERTIFICATE in reasons:
            way += f"; or, in the same cluster, let its controller seal them: sealgen reencrypt {name}"
        ways.append(way)
    return " ".join(ways)


def _command(environment: str, request: Request, plan: Plan) -> str:
    """Return the command that asks for the same, and for a new version of what the plan misses."""
    words = ["sealgen seal", environment]
    if request.certificate_changed:
        words.append(f"--certificate-changed {request.certificate_changed}")
    if request.from_cluster:
        words.append("--from-cluster")
    words += (f"--rotate {name}" for name in sorted({*plan.missing, *request.rotate}))
    return " ".join(words)


def _seal_keys(
    project: Project, planned: Planned, surroundings: Surroundings, crew: Crew
) -> tuple[Iterator[str], tuple[Warned, ...], int, Mapping[str, Parts]]:
    """Return the new ciphertexts as they come, warnings, the certificate's days left, and the values that were made."""
    from sealgen.backends import resolution, sealed_secrets  # noqa: PLC0415  (cryptography: only to seal)
    from sealgen.crypto import certificate as certificate_rules  # noqa: PLC0415

    environment = planned.environment
    certificate = planned.certificate or certificates.pinned(project, environment, planned.backend)
    at = planned.backend.certificate_at
    certificate_rules.check_validity(certificate, surroundings.now, at, environment.name)
    plaintexts: dict[str, Parts] = {**planned.observed.plaintexts, **_read_back(project, planned)}
    for name in planned.plan.made:
        value = planned.environment.values[name]
        plaintexts[name] = value.source.obtain(name, surroundings)
        rules.check(name, value.rules, plaintexts[name])

    manifests = planned.survey.manifests
    wanted = [(manifests[step.secret], step.key) for step in planned.plan.having(Action.SEAL)]
    resolved = resolution.resolve_keys(wanted, plaintexts)
    # A certificate and its key must match, also where one of them stays.
    staying = resolution.resolve_keys(_staying_at_hand(planned), plaintexts)
    sizes = _bytes_not_at_hand(planned, staying)
    needed = {name for secret, key in wanted for name in values_in(secret.keys[key].recipe)}
    if fresh := [fresh for name, fresh in planned.observed.fresh.items() if name in needed]:
        # Put where it is kept before anything is made of it, and only if all is well with the values.
        resolution.check([*resolved, *staying], sizes)
        keeping.put(fresh, environment.name, surroundings)
    # Many are sealed in child processes, while this one looks at the values.
    ciphertexts = sealed_secrets.seal(resolved, certificate, crew)
    if not fresh:
        resolution.check([*resolved, *staying], sizes)
    warnings = resolution.warnings(resolved, planned.environment)
    days_left = certificate_rules.days_left(certificate, surroundings.now)
    new = {*planned.plan.made, *planned.request.rotate} & plaintexts.keys()
    return ciphertexts, warnings, days_left, {name: plaintexts[name] for name in new}


def _read_back(project: Project, planned: Planned) -> dict[str, Parts]:
    made = planned.plan.made
    if not any(isinstance(state, Made) and name not in made for name, state in planned.observed.states.items()):
        return {}
    from sealgen.reconcile.read_back import read_back  # noqa: PLC0415  (most runs ask no cluster)

    try:
        return read_back(project, planned)
    except CannotTell as refused:
        environment, request = planned.environment, replace(planned.request, from_cluster=False)
        otherwise = asked_for(planned.survey, planned.observed, planned.backend, request, {})
        refused.hint = (
            f"If the cluster is behind, apply the overlay first: kubectl apply -k {environment.output}; "
            f"or make a new version with the run: {_command(environment.name, request, otherwise)}"
        )
        raise


def _staying_at_hand(planned: Planned) -> list[tuple[SecretManifest, str]]:
    """Return the keys beside those to seal that stay as they are and whose values were read."""
    touched = {step.secret for step in planned.plan.having(Action.SEAL)}
    staying = []
    for step in planned.plan.having(Action.KEEP):
        if step.secret in touched and not step.source:  # a version before is at hand nowhere
            secret = planned.survey.manifests[step.secret]
            if values_in(secret.keys[step.key].recipe) <= planned.observed.plaintexts.keys():
                staying.append((secret, step.key))
    return staying


def _bytes_not_at_hand(planned: Planned, staying: list[Plaintext]) -> dict[str, int]:
    """Return, by Secret, how many bytes the keys have that stay as they are, but for those ``staying``."""
    from sealgen.crypto import hybrid  # noqa: PLC0415

    counted = {(step.secret, step.key) for step in planned.plan.having(Action.SEAL, Action.DROP)}
    counted |= {(plaintext.secret.name, plaintext.key) for plaintext in staying}
    copied = {(step.secret, step.key): step.source for step in planned.plan.having(Action.COPY)}
    totals: dict[str, int] = {}
    for secret in {step.secret for step in planned.plan.having(Action.SEAL)} & planned.survey.files.keys():
        there = planned.survey.files[secret].sealed.encrypted_data
        moved = {key: there[source] for (owner, key), source in copied.items() if owner == secret}
        for key, text in {**there, **moved}.items():
            if (secret, key) in counted:
                continue
            try:
                size = hybrid.shape(base64.b64decode(text, validate=True)).plaintext_bytes
            except (binascii.Error, hybrid.CiphertextError):
                path = planned.environment.output / planned.survey.filenames[secret]
                raise ConfigurationError(f"{path}: {key} holds no ciphertext; restore it from Git") from None
            totals[secret] = totals.get(secret, 0) + size
    return totals
