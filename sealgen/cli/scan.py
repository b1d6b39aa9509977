"""``sealgen scan``: look for the values themselves where they must not be."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import click

from sealgen import git
from sealgen.cli import report, steps
from sealgen.cli.settings import chosen, environments, global_options, settings
from sealgen.errors import ConfigurationError, SealgenError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sealgen.review.leaks import Leak

_CHUNK = 1024 * 1024  # bytes


class _Found(NamedTuple):
    place: str
    leak: Leak


@click.command("scan")
@environments
@click.option("--staged", is_flag=True, help="Look at what is staged for the next commit.")
@click.option("--range", "range_", metavar="A..B", help="Look at all that the commits of a range brought.")
@click.option("--stdin", is_flag=True, help="Look at standard input, such as a log.")
@global_options
@click.pass_context
def command(
    context: click.Context, names: tuple[str, ...], every: bool, staged: bool, range_: str | None, stdin: bool
) -> int:
    """Look for the values of environments where they must not be, by default in the files that Git tracks.

    Values that can be read here are looked for as they are, and in base64, hex, URL and JSON encoding. They are never
    printed: what is found is told by place and name. Exits 11 where one is found.
    """
    from sealgen.reconcile.at_hand import values_at_hand  # noqa: PLC0415
    from sealgen.review.leaks import SHORTEST, Needles  # noqa: PLC0415

    if sum(map(bool, (staged, range_, stdin))) > 1:
        raise click.UsageError("--staged, --range and --stdin are of one run each")
    project = settings(context).project()
    texts = _standard_input() if stdin else _of_git(project.root, staged=staged, range_=range_)
    around = steps.surroundings(project, ask=None)
    values = values_at_hand(project, chosen(project, names, every=every), around, report.note)
    for name, value in values.items():
        if len(value) < SHORTEST:
            report.note(f"{name} is not looked for: it is shorter than {SHORTEST} bytes")
    needles = Needles(values)
    found = [_Found(place, leak) for place, chunks in texts for leak in needles.leaks(chunks)] if needles else []
    code = 11 if found else 0
    if settings(context).json:
        data = [{"place": place, **leak._asdict()} for place, leak in found]
        click.echo(report.envelope("scan", code, [{"values": len(values), "found": data}]))
        return code
    for place, leak in found:
        report.wrong(f"{place}:{leak.line}: {leak.value}, {leak.encoding}")
    told = f"found in {report.count(len(found), 'place')}" if found else "none found"
    report.say(f"{report.count(len(values), 'value')} looked for, {told}" if values else "no value can be read here")
    return code


def _standard_input() -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "standard input", iter(lambda: sys.stdin.buffer.read(_CHUNK), b"")


def _of_git(root: Path, *, staged: bool, range_: str | None) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Return the texts to look at, each with its place."""
    if not git.is_work_tree(root):
        raise ConfigurationError(f"{root} is in no work tree of Git", hint="Look at a log: sealgen scan --stdin ENV")
    if staged:
        return _blobs(root, git.staged(root))
    if range_ is not None:
        start, dots, end = range_.partition("..")
        if not dots:
            raise click.UsageError("--range is A..B, such as main..HEAD")
        return _blobs(root, git.brought(root, git.commit(root, start or "HEAD"), git.commit(root, end or "HEAD")))
    return _tracked(root)


def _blobs(root: Path, blobs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Iterable[bytes]]]:
    seen: set[str] = set()
    with closing(git.Blobs(root)) as reader:
        for place, blob in blobs:
            if blob not in seen:
                seen.add(blob)
                yield place, [reader.read(blob)]


def _tracked(root: Path) -> Iterator[tuple[str, Iterable[bytes]]]:
    for path in git.tracked_files(root):
        if not (root / path).is_symlink() and (root / path).is_file():
            yield path, _chunks(root, path)


def _chunks(root: Path, path: str) -> Iterator[bytes]:
    try:
        with (root / path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise SealgenError(f"can't read {path}: {error.strerror}") from None
