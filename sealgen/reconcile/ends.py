"""Gathering the two ends of a diff: as little as differs is read, and nothing of it needs a plaintext."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sealgen import certificates, lock, recipe, template
from sealgen.config.backends import SealedSecretsBackend
from sealgen.errors import SealgenError
from sealgen.kubernetes import access, external_secret, rollout
from sealgen.kubernetes.own_files import is_ours
from sealgen.kubernetes.sealed_secret import KIND
from sealgen.lock import Lock
from sealgen.reconcile.external_ends import differing, external_end, secrets_of
from sealgen.reconcile.manifests import render_manifests
from sealgen.reconcile.revisions import Revisions
from sealgen.reconcile.rollout import written
from sealgen.reconcile.survey import lock_path
from sealgen.review import ignores
from sealgen.review.end import CertificateFile, End, Manifest, read_manifest
from sealgen.review.external_end import ExternalEnd, is_external
from sealgen.review.kustomized import Kustomized, kustomized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.reconcile.revisions import Revision
    from sealgen.review.ignores import Ignore


class _Gathered:
    """What is read of an environment at one end."""

    def __init__(self, revision: Revision, name: str, other: _Gathered | None = None) -> None:
        """``other`` is the other end, where that was read: what its files mean is not found out twice."""
        self.revision = revision
        self.project = revision.project
        self.problems: list[SealgenError] = []
        self.environment: Environment | None = None
        self.own: dict[str, bytes | None] = {}
        """The files that were read to understand it, by path."""
        if name in revision.names:
            self._understand(name, other)
        self.kustomized: Kustomized | None = None
        self.lock_content = self._normal(lock_path(name))

    def _understand(self, name: str, other: _Gathered | None) -> None:
        if other and other.environment and other.is_of(self.project):
            self.environment, self.own = other.environment, other.own
            return
        try:
            noting = replace(self.project, note=lambda path, content: self.own.update({str(path): content}))
            self.environment = noting.environment(name)
        except SealgenError as error:
            self.problems.append(error)

    def is_of(self, project: Project) -> bool:
        """Tell whether another revision has the very files that say what the environment is."""
        try:
            return all(project.files.read(path) == content for path, content in self.own.items())
        except SealgenError:
            return False

    def end(self, locked: Lock, manifests: Mapping[str, Manifest], recipes: Mapping[tuple[str, str], str]) -> End:
        """Return what was gathered."""
        return End(
            self.environment,
            tuple(self.problems),
            self._certificate(),
            locked,
            manifests,
            kustomized=self._kustomized(locked),
            recipes=recipes,
        )

    def _kustomized(self, locked: Lock) -> Kustomized:
        """Return what is built from the output folder, less what sealgen writes there by what the lock says."""
        built, environment = self.kustomized, self.environment
        if built is None or environment is None:
            return Kustomized()
        ours = {
            (built.file, f"{rollout.LISTED_IN[name]}: {name}")
            for name, content in written(environment, locked).items()
            if self._normal(environment.output / name) == content
        }
        return replace(built, reaches={place: reach for place, reach in built.reaches.items() if place not in ours})

    def described_by(self) -> set[str]:
        """Return the paths of the environment's files and its templates."""
        entries = self.environment.secrets if self.environment else ()
        return {*self.own, *(f"{template.FOLDER}/{entry.template}{template.SUFFIX}" for entry in entries)}

    def ignores(self, paths: Iterable[str]) -> tuple[Ignore, ...]:
        """Return the comments of some files that silence a check."""
        contents = ((path, self.revision.content(path) or b"") for path in paths)
        return tuple(found for path, content in contents for found in ignores.read(path, content, wide=False))

    def _certificate(self) -> CertificateFile | None:
        """Return the certificate, where it is in the repository."""
        backend = self.environment.backend if self.environment else None
        if not isinstance(backend, SealedSecretsBackend) or certificates.is_remote(backend):
            return None
        content = self._normal(PurePosixPath(backend.certificate))
        return CertificateFile(backend.certificate, content) if content else None

    def read_lock(self, name: str) -> Lock:
        try:
            return lock.read(self.lock_content, str(lock_path(name))) if self.lock_content else Lock()
        except SealgenError as error:
            self.problems.append(error)
            return Lock()

    def files(self, output: PurePosixPath) -> dict[str, bytes]:
        """Return the YAML files of a folder, not of those below, by path from the root."""
        found = {}
        for suffix in (".yaml", ".yml"):
            for filename in self.project.files.below(str(output), suffix):
                path = f"{output}/{filename}"
                if "/" not in filename and (content := self._normal(path)) is not None:
                    found[path] = content
        return found

    def build(self, files: Mapping[str, bytes]) -> None:
        """Look at what is built from the output folder; ``files`` are those that were read."""
        if self.environment is None:
            return
        try:
            self.kustomized = kustomized(
                str(self.environment.output),
                lambda path: files.get(path) or self.project.files.read(path),
                (external_secret.KIND, *external_secret.STORE_KINDS) if is_external(self.environment) else (KIND,),
            )
        except SealgenError as error:
            self.problems.append(error)

    def elsewhere(self, known: Mapping[str, bytes], words: Sequence[str], *revisions: Revision) -> dict[str, bytes]:
        """Return the files with such words that are built in from other folders, but for other environments' own."""
        found = {
            path: content.replace(b"\r\n", b"\n")
            for path, content in (self.kustomized.files if self.kustomized else {}).items()
            if path not in known and any(word.encode() in content for word in words)
        }
        outputs = {output for revision in revisions for output in revision.outputs} if found else set()
        return {path: content for path, content in found.items() if posixpath.dirname(path) not in outputs}

    def _normal(self, path: str | PurePosixPath) -> bytes | None:
        try:
            content = self.project.read(path)
        except SealgenError as error:
            self.problems.append(error)
            return None
        return content.replace(b"\r\n", b"\n") if content else content

    def manifests(self, path: str, content: bytes | None) -> dict[str, Manifest] | None:
        """Return the SealedSecrets of a file, none of one that is not there; None where it can't be read."""
        try:
            return read_manifest(content, path) if content is not None else {}
        except SealgenError as error:
            self.problems.append(error)
            return None

    def recipes(self, locked: Lock, places: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return the recipes of these keys for reading, as far as they are those that the lock has."""
        if self.environment is None:
            return {}
        try:
            rendered = render_manifests(self.project, self.environment)
        except SealgenError as error:
            self.problems.append(error)
            return {}
        return {
            (secret, key): recipe.text(rendered[secret].keys[key].recipe)
            for secret, key in places
            if secret in rendered
            and key in rendered[secret].keys
            and (known := locked.keys.get((secret, key)))
            and recipe.digest(rendered[secret].keys[key].recipe) == known.recipe
        }


def ends(before: Project, after: Project) -> Iterator[tuple[str, End, End]]:
    """Yield each environment of either, by name, as it is in ``before`` and in ``after``.

    What can't be read is a problem of its end.
    """
    revisions = Revisions(before, after)
    for name in sorted(revisions.before.names | revisions.after.names):
        yield name, *_ends(revisions, name)


def _ends(revisions: Revisions, name: str) -> tuple[End, End]:
    before, after = revisions.before, revisions.after
    old = _Gathered(before, name)
    new = _Gathered(after, name, old)
    outputs = {found.environment.output for found in (old, new) if found.environment}
    olds, news = ({path: text for output in outputs for path, text in end.files(output).items()} for end in (old, new))
    old.build(olds)
    new.build(news)
    own_olds, own_news = dict(olds), dict(news)
    has_externals = any(is_external(end.environment) for end in (old, new))
    words = (KIND, external_secret.API_GROUP) if has_externals else (KIND,)
    olds |= old.elsewhere(own_olds, words, before, after)
    news |= new.elsewhere(own_news, words, before, after)
    changed_olds: dict[str, Manifest] = {}
    changed_news: dict[str, Manifest] = {}
    for path in sorted({*olds, *news}):
        if olds.get(path) == news.get(path):
            continue
        was, now = old.manifests(path, olds.get(path)), new.manifests(path, news.get(path))
        if now is not None:  # of a file that can't be read nothing more is said
            changed_olds |= was or {}
            changed_news |= now
    same_locks = old.lock_content == new.lock_content
    rolled_out = any(end.environment and end.environment.rollout.given for end in (old, new))
    if not changed_olds and not changed_news and same_locks and not rolled_out:
        old_lock = new_lock = Lock()
    else:
        old_lock, new_lock = old.read_lock(name), new.read_lock(name)
    # Those whose recipe is another, or was none.
    places = {
        place
        for place, locked in new_lock.keys.items()
        if (known := old_lock.keys.get(place)) is None or known.recipe != locked.recipe
    }
    externals = ExternalEnd(), ExternalEnd()
    if has_externals and (olds != news or not same_locks or not revisions.agree_on_sources):
        same = {path for path, content in olds.items() if news.get(path) == content}
        externals = differing(
            external_end(before.project, old.environment, olds, own_olds.keys() | same, old.problems),
            external_end(after.project, new.environment, news, own_news.keys() | same, new.problems),
            new.problems,
        )
    news_differ = not is_external(new.environment) and (bool(places) or not revisions.agree_on_sources)
    # What silences a check in a file that is the same did so before.
    described = old.described_by(), new.described_by()
    alike = {path for path in described[0] & described[1] if revisions.agree_on(path)}
    silenced = [end.ignores(sorted(paths - alike)) for end, paths in zip((old, new), described, strict=True)]
    end = new.end(new_lock, changed_news, new.recipes(new_lock, places) if news_differ else {})
    end = replace(
        end, unlisted=_unlisted(old, new, own_news), left=_left(old, new), external=externals[1], ignores=silenced[1]
    )
    start = old.end(old_lock, changed_olds, old.recipes(old_lock, places & old_lock.keys.keys()) if places else {})
    return replace(start, external=externals[0], ignores=silenced[0]), end


def _unlisted(old: _Gathered, new: _Gathered, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the manifests that the kustomization lists no more, and that are still there."""
    if old.kustomized is None or new.kustomized is None or _output(old) != _output(new):
        return ()
    gone = old.kustomized.listed - new.kustomized.listed
    there = ((path, files[path]) for path in sorted(gone) if path in files)
    fields = (access.FIELD, *external_secret.FIELDS)
    return tuple(path for path, content in there if KIND.encode() in content or is_ours(content, *fields))


def _left(old: _Gathered, new: _Gathered) -> dict[str, tuple[str, ...]]:
    """Return the Secrets whose manifests are left in a folder that was the output, and is no more."""
    output = _output(old)
    if output is None or new.problems or output == _output(new):
        return {}
    files = new.files(output)
    found = (new.manifests(path, content) or {} for path, content in files.items())
    names = sorted({name for manifests in found for name in manifests} | secrets_of(files))
    return {str(output): tuple(names)} if names else {}


def _output(gathered: _Gathered) -> PurePosixPath | None:
    return gathered.environment.output if gathered.environment else None
