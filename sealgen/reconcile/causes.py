"""Why the controller can't open a ciphertext: the likely causes, told apart by the manifest and the lock. Pure."""

from __future__ import annotations

import base64
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from sealgen.crypto import ciphertext as ciphertext_rules
from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.kubernetes.sealed_object import Place
from sealgen.kubernetes.sealed_secret import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from sealgen.crypto.certificate import Certificate
    from sealgen.kubernetes.sealed_object import SealedObject
    from sealgen.lock import LockedKey


class Cause(StrEnum):
    """What is wrong with a SealedSecret or some of its keys."""

    RENAMED = "renamed"
    MOVED = "moved"
    SCOPE = "scope-changed"
    COPIED = "copied"
    ALTERED = "altered"
    CERTIFICATE = "other-certificate"
    UNLOCKED = "not-in-lock"
    TEMPLATE = "template"
    MISSING = "missing"
    MALFORMED = "malformed"
    ANSWER = "bad-answer"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Unopened:
    """A key that the controller does not open where it is."""

    key: str
    ciphertext: str
    opens_as: Place | None = None
    """Another place that it was asked about, as which it opens."""


@dataclass(frozen=True)
class Records:
    """All that is known of an environment's ciphertexts without opening them."""

    lock_file: str
    locked: Mapping[tuple[str, str], LockedKey]
    """What the lock says of each key, by Secret and key."""
    filenames: Set[str]
    """The files of the overlay that have a SealedSecret."""
    others: Mapping[str, str]
    """Where the locks of other environments have a ciphertext, in words, by its digest."""
    pin: str
    newest: Certificate
    """With which the controller seals now."""
    opened: Set[str]
    """Fingerprints of certificates of which it opened a ciphertext, so that it must have their keys."""

    @cached_property
    def by_digest(self) -> Mapping[str, list[tuple[str, str]]]:
        """The keys that the lock has of a ciphertext, by its digest."""
        found = defaultdict(list)
        for place, locked in self.locked.items():
            found[locked.ciphertext].append(place)
        return found

    @cached_property
    def file_of(self) -> Mapping[str, str]:
        """The file of each Secret that the lock knows."""
        return {secret: locked.filename for (secret, _), locked in self.locked.items()}

    @cached_property
    def secret_in(self) -> Mapping[str, str]:
        """The Secret that the lock has in each file."""
        return {file: secret for secret, file in self.file_of.items()}

    def origin(self, sealed: SealedObject, filename: str, key: str) -> tuple[str, str] | None:
        """Return the key that a ciphertext was sealed as, by the lock: of several, the likeliest."""
        known = self.by_digest.get(ciphertext_digest(sealed.ciphertexts[key]), [])
        here = (sealed.place.name, key)
        return min(known, key=lambda it: (it != here, self.locked[it].filename != filename, it), default=None)

    def knows(self, ciphertext: str) -> bool:
        """Tell whether some environment's lock has a ciphertext."""
        return ciphertext_digest(ciphertext) in self.by_digest or ciphertext_digest(ciphertext) in self.others

    def place(self, origin: tuple[str, str]) -> Place:
        """Return what a key of the lock is bound to."""
        return Place(self.locked[origin].namespace, origin[0], self.locked[origin].scope)


def damage(ciphertext: str) -> str | None:
    """Say why a text can't be a ciphertext, None if it can."""
    try:
        # The controller reads over ends of lines.
        ciphertext_rules.shape(base64.b64decode(ciphertext.replace("\r", "").replace("\n", ""), validate=True))
    except ValueError:
        return "it is not standard base64"
    except ciphertext_rules.CiphertextError as error:
        return f"it is {error.message}"
    return None


def causes(sealed: SealedObject, filename: str, unopened: Unopened, records: Records) -> Iterator[tuple[Cause, str]]:
    """Yield what is likely to be wrong with a key, each with its evidence; at least one cause.

    ``filename`` is that of the manifest within the overlay.
    """
    text = unopened.ciphertext
    origin = records.origin(sealed, filename, unopened.key)
    if problem := damage(text):
        yield Cause.ALTERED, f"altered or cut off: {problem}"
    elif origin is not None:
        place = records.place(origin)
        if place.label != sealed.place.label and _is_copied(sealed, filename, origin, records):
            yield Cause.COPIED, f"copied: by the lock it is the ciphertext of {'/'.join(origin)}{_proof(unopened)}"
        elif place.label != sealed.place.label:
            by_lock = f"by {records.lock_file} it was sealed"
            yield from _differences(sealed.place, place, by_lock, _proof(unopened))
        if unopened.opens_as is None:
            yield _of_certificate(records.locked[origin].certificate, records)
    elif (other := records.others.get(ciphertext_digest(text))) is not None:
        yield Cause.COPIED, f"copied: it is the ciphertext of {other}"
    elif unopened.opens_as is not None:
        yield from _differences(sealed.place, unopened.opens_as, "it was sealed", _proof(unopened))
    elif (_owner(sealed, filename, records), unopened.key) in records.locked:
        yield Cause.ALTERED, f"altered or replaced: {records.lock_file} has another ciphertext of it"
    else:
        yield _of_unknown_origin(text, records)


def _owner(sealed: SealedObject, filename: str, records: Records) -> str:
    """Return the Secret of the lock that a manifest is: by its file, or by its name if it was moved to another file."""
    if filename in records.secret_in:
        return records.secret_in[filename]
    name = sealed.place.name
    return name if records.file_of.get(name) not in records.filenames else ""


def _is_copied(sealed: SealedObject, filename: str, origin: tuple[str, str], records: Records) -> bool:
    """Tell a ciphertext that was copied from another Secret from one whose Secret was renamed."""
    home = records.locked[origin].filename
    if origin[0] == sealed.place.name or home == filename:
        return False
    return home in records.filenames or sealed.place.name in records.file_of


def _proof(unopened: Unopened) -> str:
    return ", and so the controller opens it" if unopened.opens_as else ", but so the controller does not open it"


def _differences(here: Place, place: Place, told: str, proof: str) -> Iterator[tuple[Cause, str]]:
    """Yield what tells the place of a key from the one that it was sealed for; ``told`` begins the evidence."""
    if place.scope is not here.scope:
        yield Cause.SCOPE, f"scope changed to {here.scope}: {told} with scope {place.scope}{proof}"
    if place.scope is not Scope.CLUSTER_WIDE and place.namespace != here.namespace:
        yield Cause.MOVED, f"moved to another namespace: {told} for the namespace {place.namespace}{proof}"
    if place.scope is Scope.STRICT and place.name != here.name:
        yield Cause.RENAMED, f"renamed: {told} for the name {place.name}{proof}"


def _of_certificate(fingerprint: str, records: Records) -> tuple[Cause, str]:
    newest = records.newest.fingerprint
    if fingerprint == newest or fingerprint in records.opened:
        evidence = (
            "by the lock it is what was sealed for this place, with a certificate whose key the controller has; the "
            "lock may be wrong, and the controller's log says more"
        )
        return Cause.UNEXPLAINED, f"unexplained: {evidence}"
    sealed_with, offered = (
        f"{each}{' (the pinned one)' if each == records.pin else ''}" for each in (fingerprint, newest)
    )
    evidence = (
        f"by the lock it was sealed with {sealed_with}, and the controller's newest is {offered}: the controller is "
        "another cluster's, or has lost the older key"
    )
    return Cause.CERTIFICATE, f"another certificate: {evidence}"


def _of_unknown_origin(text: str, records: Records) -> tuple[Cause, str]:
    bits = ciphertext_rules.shape(base64.b64decode(text)).rsa_bytes * 8
    newest = records.newest.bits
    if bits != (newest + 7) // 8 * 8:
        evidence = f"it was sealed with a key of {bits} bits, and the controller's newest has {newest}"
        return Cause.CERTIFICATE, f"another certificate: {evidence}; {records.lock_file} does not have it"
    may_be = "sealed with the certificate of another cluster, or for another name or namespace, or be altered"
    return Cause.UNLOCKED, f"not sealed by sealgen: {records.lock_file} does not have it; it may be {may_be}"


@dataclass(frozen=True)
class Finding:
    """What is wrong with some keys of a SealedSecret, or with all of it."""

    cause: Cause
    file: str
    line: int | None
    secret: str
    """``NAMESPACE/NAME``; empty where the file could not be read."""
    keys: tuple[str, ...]
    """Empty where it is not about keys."""
    message: str
    """The cause and its evidence, as a sentence."""


def findings(sealed: SealedObject, filename: str, unopened: Iterable[Unopened], records: Records) -> Iterator[Finding]:
    """Yield the causes of all that the controller does not open of a SealedSecret, those of several keys once."""
    keys: dict[tuple[Cause, str], list[str]] = defaultdict(list)
    for each in unopened:
        for cause in causes(sealed, filename, each, records):
            keys[cause].append(each.key)
    if not keys and sealed.rendered:
        names = ", ".join(sealed.rendered)
        keys[Cause.TEMPLATE, f"spec.template.data can't be rendered ({names}), while every key opens"] = []
    elif not keys:
        keys[Cause.UNEXPLAINED, "unexplained: the controller does not open it, but each of its keys"] = []
    for (why, message), of_keys in keys.items():
        secret = f"{sealed.place.namespace}/{sealed.place.name}"
        yield Finding(why, sealed.at.file, sealed.at.line, secret, tuple(of_keys), message)
