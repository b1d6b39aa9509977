"""Asking the controller whether it can open what is sealed, without applying it, and finding out why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.cluster.connection import ApiError
from sealgen.config import FOLDER
from sealgen.crypto import certificate
from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.errors import CannotTell, SealgenError
from sealgen.kubernetes import sealed_object
from sealgen.kubernetes.sealed_object import Place
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.reconcile import causes, sealed_objects
from sealgen.reconcile.causes import Cause, Finding, Records, Unopened
from sealgen.reconcile.planning import sealed_secrets_backend
from sealgen.reconcile.sealed_objects import Found, Unreadable
from sealgen.reconcile.survey import lock_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from sealgen.cluster.controller import Controller
    from sealgen.config.backends import SealedSecretsBackend
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.kubernetes.sealed_object import SealedObject
    from sealgen.lock import LockedKey

REFUSALS = frozenset({401, 403, 404, 405, 410, 501})
"""Statuses that say nothing of a SealedSecret, but that this call is not for whoever makes it."""


@dataclass(frozen=True)
class Verified:
    """What the controller can open of an environment."""

    environment: str
    secrets: int
    keys: int
    findings: tuple[Finding, ...]


def verify(
    project: Project,
    environment: Environment,
    controller: Controller,
    progress: Callable[[int, int], None],
) -> Verified:
    """Ask whether the controller opens each SealedSecret in the overlay, and find out why it does not.

    ``progress`` is told of how many were asked about, and of how many. Raises CannotTell where the controller does not
    say, and SealgenError where it can't be asked.
    """
    backend = sealed_secrets_backend(environment)
    objects = list(sealed_objects.find(project, environment))
    found = [each for each in objects if isinstance(each, Found)]
    inquiry = Inquiry(controller, environment.name)
    _, lock = sealed_objects.read_lock(project, environment.name)
    closed: list[Found] = []
    empty: list[Found] = []
    opened: set[str] = set()
    for number, each in enumerate(found):
        progress(number, len(found))
        sealed = each.sealed
        if not sealed.ciphertexts:
            empty.append(each)
        elif inquiry.opens(sealed.place, sealed.ciphertexts, sealed.rendered):
            opened.update(_certificates(sealed, lock.keys))
        else:
            closed.append(each)
    findings = [unreadable(each) for each in objects if isinstance(each, Unreadable)]
    # The controller opens nothing, and says yes.
    findings += [whole(each, Cause.MALFORMED, "it holds no ciphertext") for each in empty]
    if closed:
        records = gather(project, environment, backend, newest(controller), found, lock.keys, opened)
        for each in closed:
            findings += explain(inquiry, each, records)
    findings.sort(key=lambda finding: (finding.file, finding.line or 0))
    return Verified(environment.name, len(found), sum(len(each.sealed.ciphertexts) for each in found), tuple(findings))


def newest(controller: Controller) -> certificate.Certificate:
    """Return the certificate with which the controller seals now."""
    return certificate.load(controller.certificate(), controller.file)


def unreadable(found: Unreadable) -> Finding:
    """Say what is wrong with a file."""
    line = found.error.at.line if found.error.at else None
    return Finding(Cause.MALFORMED, str(found.path), line, "", (), f"can't be read: {found.error.message}")


def whole(found: Found, cause: Cause, message: str) -> Finding:
    """Say what is wrong with a SealedSecret, and not with some of its keys."""
    place, at = found.sealed.place, found.sealed.at
    return Finding(cause, at.file, at.line, f"{place.namespace}/{place.name}", (), message)


class Inquiry:
    """Questions to the controller."""

    def __init__(self, controller: Controller, environment: str) -> None:
        self._controller = controller
        self._environment = environment

    def opens(self, place: Place, ciphertexts: Mapping[str, str], rendered: Mapping[str, str]) -> bool:
        """Ask whether all of these open as what is at ``place``; raises CannotTell where the controller won't say."""
        try:
            return self._controller.verify(sealed_object.to_json(place, ciphertexts, rendered))
        except ApiError as error:
            if error.status not in REFUSALS:
                raise
            raise CannotTell(
                f"{self._environment}: the controller does not say what it can open: {error.message}",
                hint="Its later releases restrict that, and so may a role. Once it is applied, the status tells: "
                f"sealgen status {self._environment}",
            ) from None

    def closed(self, place: Place, ciphertexts: Mapping[str, str], *, all_asked: bool) -> Set[str]:
        """Return the keys that do not open as what is at ``place``.

        ``all_asked`` tells that all of them together are known not to.
        """
        if not all_asked and self.opens(place, ciphertexts, {}):
            return set()
        if len(ciphertexts) == 1:
            return set(ciphertexts)
        return {key for key, text in ciphertexts.items() if not self.opens(place, {key: text}, {})}


def gather(
    project: Project,
    environment: Environment,
    backend: SealedSecretsBackend,
    newest: certificate.Certificate,
    found: Sequence[Found],
    locked: Mapping[tuple[str, str], LockedKey],
    opened: Set[str],
) -> Records:
    """Gather what is known of the overlay's ciphertexts, from the locks of all environments."""
    return Records(
        lock_file=str(lock_path(environment.name)),
        locked=locked,
        filenames={each.path.name for each in found},
        others=others(project, environment.name),
        pin=backend.fingerprint,
        newest=newest,
        opened=opened,
    )


def others(project: Project, environment: str) -> dict[str, str]:
    """Return where the locks of other environments have a ciphertext, in words, by its digest."""
    others: dict[str, str] = {}
    for name in sorted(file.stem for file in (project.root / FOLDER).glob("[!.]*.lock") if file.stem != environment):
        try:
            _, lock = sealed_objects.read_lock(project, name)
        except SealgenError:
            continue  # It is told of where that environment is asked for.
        for (secret, key), locked in lock.keys.items():
            others.setdefault(locked.ciphertext, f"{secret}/{key} of the environment {name} ({lock_path(name)})")
    return others


def _certificates(sealed: SealedObject, locked: Mapping[tuple[str, str], LockedKey]) -> Iterator[str]:
    """Yield the certificates, by the lock, of the ciphertexts that are as it says."""
    for key, text in sealed.ciphertexts.items():
        known = locked.get((sealed.place.name, key))
        if known is not None and known.ciphertext == ciphertext_digest(text):
            yield known.certificate


def explain(inquiry: Inquiry, found: Found, records: Records) -> Iterable[Finding]:
    """Find out what is wrong with a SealedSecret that the controller does not open."""
    sealed, filename = found.sealed, found.path.name
    return causes.findings(sealed, filename, _unopened(inquiry, sealed, filename, records), records)


def _unopened(inquiry: Inquiry, sealed: SealedObject, filename: str, records: Records) -> list[Unopened]:
    """Return the keys that do not open, and as what they do.

    They are asked about together where they were sealed for one place by the lock: the controller answers few
    questions a second.
    """
    together: dict[bytes, dict[str, str]] = {}
    places = {sealed.place.label: sealed.place}
    unopened = []
    for key, text in sealed.ciphertexts.items():
        if causes.damage(text):
            unopened.append(Unopened(key, text))
            continue
        origin = records.origin(sealed, filename, key)
        place = records.place(origin) if origin else sealed.place
        places.setdefault(place.label, place)
        together.setdefault(place.label, {})[key] = text
    for label, texts in together.items():
        place = places[label]
        all_asked = place is sealed.place and len(texts) == len(sealed.ciphertexts) and not sealed.rendered
        closed = inquiry.closed(place, texts, all_asked=all_asked)
        if place is not sealed.place:
            unopened += [Unopened(key, text, None if key in closed else place) for key, text in texts.items()]
            continue
        strangers = {key: texts[key] for key in texts if key in closed and not records.knows(texts[key])}
        opens_as = _elsewhere(inquiry, sealed, strangers) if strangers else {}
        unopened += [Unopened(key, texts[key], opens_as.get(key)) for key in texts if key in closed]
    order = list(sealed.ciphertexts)
    return sorted(unopened, key=lambda each: order.index(each.key))


def _elsewhere(inquiry: Inquiry, sealed: SealedObject, strangers: Mapping[str, str]) -> dict[str, Place]:
    """Try keys that no lock knows as what the manifest could have been: with another scope, and as its template says.

    The first of them stands for all, until it opens.
    """
    here, told = sealed.place, sealed.told
    tried = {here.label}
    first = next(iter(strangers))
    for namespace, name in ((here.namespace, here.name), (told.namespace, told.name)):
        for scope in Scope:
            place = Place(namespace, name, scope)
            if place.label in tried:
                continue
            tried.add(place.label)
            if inquiry.opens(place, {first: strangers[first]}, {}):
                closed = inquiry.closed(place, strangers, all_asked=False) if len(strangers) > 1 else set()
                return {key: place for key in strangers if key not in closed}
    return {}
