"""Having the controller seal again what is not under its newest key, so that no plaintext leaves the cluster."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from sealgen import lock
from sealgen.cluster.connection import ApiError
from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from sealgen.kubernetes import objects, sealed_object
from sealgen.overlay import transaction
from sealgen.overlay.transaction import FileChange
from sealgen.reconcile import rotated, sealed_objects
from sealgen.reconcile.causes import Cause, Finding
from sealgen.reconcile.planning import sealed_secrets_backend
from sealgen.reconcile.sealed_objects import Found
from sealgen.reconcile.survey import lock_path, written_to
from sealgen.reconcile.verification import REFUSALS, Inquiry, explain, gather, newest, others, unreadable, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import PurePosixPath

    from sealgen.cluster.controller import Controller
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate
    from sealgen.kubernetes.sealed_object import SealedObject
    from sealgen.overlay.transaction import Run
    from sealgen.reconcile.causes import Records

_BATCH: Final = 50  # Secrets; so many are written together, and are what an interrupted run loses at most
_OF_THIS_ONE: Final = frozenset({400, 409, 413, 422, 500})
"""Statuses that say something of what was sent, and nothing of what is sent next."""


@dataclass(frozen=True)
class Move:
    """A Secret that has ciphertexts under another key than the newest."""

    secret: str
    certificates: Mapping[str, str]
    """The fingerprint of what sealed it, by key."""


@dataclass(frozen=True)
class Outstanding:
    """What is to be sealed again in an environment, and what is not."""

    environment: str
    newest: str
    """The fingerprint of the newest key's certificate."""
    moves: tuple[Move, ...]
    kept: int
    """How many keys are under the newest key already."""
    unlocked: tuple[str, ...]
    """``SECRET/KEY`` in the overlay that no lock knows, so that nobody can say what sealed them."""


@dataclass(frozen=True)
class Reencrypted:
    """What became of it; a run that ends early has ``left`` some, and says why."""

    outstanding: Outstanding
    done: tuple[Move, ...]
    refused: tuple[Move, ...]
    findings: tuple[Finding, ...]
    """What stands in the way of those that were refused."""
    left: tuple[Move, ...]
    error: SealgenError | None


def outstanding(project: Project, environment: Environment, controller: Controller) -> Outstanding:
    """Tell what is to be sealed again, which changes nothing; raises SealgenError."""
    return _Overlay(project, environment, controller).outstanding()


def reencrypt(
    project: Project,
    environment: Environment,
    controller: Controller,
    *,
    tell: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> Reencrypted:
    """Have all ciphertexts sealed with the controller's newest key, whose certificate must be the pinned one.

    They are written in batches, each whole with its part of the lock: what a run that fails or is interrupted has
    written stays, and the next one goes on from there. ``tell`` is told of what an interrupted run left, and of
    another run that is waited for; ``progress`` of how many Secrets are sealed, and of how many. Raises SealgenError
    where nothing could be begun.
    """
    sealed_secrets_backend(environment)
    with transaction.exclusive(project.root, environment.name, written_to(environment), tell) as run:
        if run.recovered:
            tell(run.recovered)
            environment = project.environment(environment.name)
        overlay = _Overlay(project, environment, controller)
        return _in_batches(overlay, overlay.outstanding(), run, progress)


def _in_batches(
    overlay: _Overlay, outstanding: Outstanding, run: Run, progress: Callable[[int, int], None]
) -> Reencrypted:
    moves = outstanding.moves
    done: list[Move] = []
    refused: list[Move] = []
    findings: list[Finding] = []
    for start in range(0, len(moves), _BATCH):
        batch = moves[start : start + _BATCH]
        try:
            for number, move in enumerate(batch, start):
                progress(number, len(moves))
                if found := overlay.seal_again(move):
                    refused.append(move)
                    findings += found
            if any(move not in refused for move in batch):
                overlay.check_certificate()
                run.apply(overlay.changes())
        except SealgenError as error:
            left = tuple(move for move in moves[start:] if move not in refused)
            return Reencrypted(outstanding, tuple(done), tuple(refused), tuple(findings), left, error)
        done += (move for move in batch if move not in refused)
    return Reencrypted(outstanding, tuple(done), tuple(refused), tuple(findings), (), None)


class _Overlay:
    """An environment's manifests and lock, as they are and as they are to be."""

    def __init__(self, project: Project, environment: Environment, controller: Controller) -> None:
        self._project = project
        self._environment = environment
        self._backend = sealed_secrets_backend(environment)
        self._controller = controller
        self._newest = self.check_certificate()
        self._lock_content, self._lock = sealed_objects.read_lock(project, environment.name)
        self._objects = list(sealed_objects.find(project, environment))
        self._found = [each for each in self._objects if isinstance(each, Found)]
        self._written = {each.path: each.content for each in self._found}
        self._contents = dict(self._written)
        self._keys = dict(self._lock.keys)
        self._opened: set[str] = set()

    def check_certificate(self) -> Certificate:
        """Return the controller's certificate; raises ConfigurationError where it is not the pinned one."""
        found = newest(self._controller)
        pin, name = self._backend.fingerprint, self._environment.name
        if found.fingerprint != pin:
            raise ConfigurationError(
                f"the controller {found.file} seals with {found.fingerprint}, but {name} pins {pin}",
                at=self._backend.fingerprint_at,
                hint=f"If that is the right cluster, take its certificate first: sealgen cert fetch {name}",
            )
        return found

    def outstanding(self) -> Outstanding:
        """Return what the lock has under another key than the newest."""
        older: dict[str, dict[str, str]] = defaultdict(dict)
        for (secret, key), locked in self._keys.items():
            if locked.certificate != self._newest.fingerprint:
                older[secret][key] = locked.certificate
        return Outstanding(
            environment=self._environment.name,
            newest=self._newest.fingerprint,
            moves=tuple(Move(secret, certificates) for secret, certificates in older.items()),
            kept=len(self._keys) - sum(map(len, older.values())),
            unlocked=tuple(self._unlocked()),
        )

    def _unlocked(self) -> list[str]:
        strangers = {
            f"{each.sealed.place.name}/{key}": ciphertext_digest(text)
            for each in self._found
            for key, text in each.sealed.ciphertexts.items()
            if (each.sealed.place.name, key) not in self._keys
        }
        # Environments may share a folder.
        known = others(self._project, self._environment.name) if strangers else {}
        return [place for place, digest in strangers.items() if digest not in known]

    def changes(self) -> Iterator[FileChange]:
        """Yield what was sealed since the last time, as files."""
        for path, content in self._contents.items():
            if content != self._written[path]:
                yield FileChange(path, self._written[path], content)
                self._written[path] = content
        content = lock.dump(replace(self._lock, keys=self._keys))
        yield FileChange(lock_path(self._environment.name), self._lock_content, content)
        self._lock_content = content

    def seal_again(self, move: Move) -> list[Finding]:
        """Have a Secret's keys sealed again; returns what stands in the way, and then nothing of it changes.

        Raises SealgenError for what stands in the way of all others too.
        """
        found = self._manifest(move)
        if isinstance(found, Finding):
            return [found]
        sealed = found.sealed
        if any(
            ciphertext_digest(sealed.ciphertexts.get(key, "")) != self._keys[move.secret, key].ciphertext
            for key in move.certificates
        ):
            return self._why_not(found, "it is not what the lock says; see 'sealgen plan'", Cause.ALTERED)
        # Two keys that have one ciphertext have one afterwards.
        sent = {sealed.ciphertexts[key]: key for key in reversed(list(move.certificates))}
        texts = {sent[text]: text for text in map(sealed.ciphertexts.__getitem__, move.certificates)}
        try:
            answer = self._controller.rotate(sealed_object.to_json(sealed.place, texts))
        except ApiError as error:
            if error.status in REFUSALS:
                raise self._refusal(error) from None
            if error.status not in _OF_THIS_ONE:
                raise
            return self._why_not(found, f"the controller opens it, but: {error.message}", Cause.ANSWER)
        try:
            new = rotated.ciphertexts(answer, sealed.place, texts, (self._newest.bits + 7) // 8)
        except SealgenError as error:
            return [whole(found, Cause.ANSWER, error.message)]
        edited = self._edited(found, {sealed.ciphertexts[key]: text for key, text in new.items()})
        if edited is None:
            return [whole(found, Cause.MALFORMED, "it can't be edited in place: a ciphertext must stand on one line")]
        self._contents[found.path] = edited
        for key in move.certificates:
            text = new[sent[sealed.ciphertexts[key]]]
            self._keys[move.secret, key] = replace(
                self._keys[move.secret, key],
                certificate=self._newest.fingerprint,
                ciphertext=ciphertext_digest(text),
            )
        self._opened.update(move.certificates.values())
        return []

    def _manifest(self, move: Move) -> Found | Finding:
        locked = self._keys[move.secret, next(iter(move.certificates))]
        path = self._environment.output / locked.filename
        there = [each for each in self._objects if each.path == path]
        named = [each for each in there if isinstance(each, Found) and each.sealed.place.name == move.secret]
        for each in (*named, *there):
            return each if isinstance(each, Found) else unreadable(each)
        secret = f"{locked.namespace}/{move.secret}"
        message = "missing: the lock has it in this file, which holds no SealedSecret; restore it from Git"
        return Finding(Cause.MISSING, str(path), None, secret, (), message)

    def _edited(self, found: Found, new: Mapping[str, str]) -> bytes | None:
        """Return a file with new ciphertexts in the place of others, and every other byte kept; None if it can't be."""
        before = self._contents[found.path]
        after = before
        for old, text in new.items():
            after = after.replace(old.encode(), text.encode())
        expected = [
            (it.place, {key: new.get(text, text) for key, text in it.ciphertexts.items()})
            if it.place == found.sealed.place
            else (it.place, it.ciphertexts)
            for it in self._read(before, found.path)
        ]
        read = [(it.place, it.ciphertexts) for it in self._read(after, found.path)]
        return after if read == expected else None

    def _read(self, content: bytes, path: PurePosixPath) -> list[SealedObject]:
        roots = objects.read_all(content, str(path))
        namespace = self._environment.namespace
        return [sealed_object.read(root, namespace) for root in roots if sealed_object.is_sealed_secret(root)]

    # --- what stands in the way ---

    def _why_not(self, found: Found, otherwise: str, cause: Cause) -> list[Finding]:
        """Find out why a Secret can't be sealed again; ``otherwise`` it can be opened, and the reason is known."""
        inquiry = Inquiry(self._controller, self._environment.name)
        try:
            if inquiry.opens(found.sealed.place, found.sealed.ciphertexts, {}):
                return [whole(found, cause, otherwise)]
            return list(explain(inquiry, found, self._records))
        except CannotTell as error:
            return [whole(found, Cause.UNEXPLAINED, f"unexplained: {error.message}")]

    @cached_property
    def _records(self) -> Records:
        return gather(
            self._project,
            self._environment,
            self._backend,
            self._newest,
            self._found,
            self._lock.keys,
            self._opened,
        )

    def _refusal(self, error: ApiError) -> CannotTell:
        name = self._environment.name
        return CannotTell(
            f"{name}: the controller does not seal anything again: {error.message}",
            hint="Its later releases restrict that, and so may a role. Sealing from the sources needs no controller: "
            f"sealgen seal {name} --certificate-changed reseal",
        )
