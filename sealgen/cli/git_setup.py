"""``sealgen git-setup``: have Git show and merge sealed manifests and locks in sealgen's way."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import click

from sealgen import git
from sealgen.cli import report
from sealgen.cli.settings import global_options, settings
from sealgen.config import FOLDER
from sealgen.errors import ConfigurationError, SealgenError
from sealgen.review import attributes

if TYPE_CHECKING:
    from pathlib import Path

    from sealgen.config.project import Project

_FILE = ".gitattributes"
_PURPOSE = "It is Git that is set up."


@click.command("git-setup")
@global_options
@click.pass_context
def command(context: click.Context) -> int:
    """Have Git show and merge what sealgen writes in sealgen's way.

    Adds lines to .gitattributes, to be committed, and drivers to this clone's own configuration: 'git diff', 'git
    log -p' and 'git show' then print a short line for each ciphertext, and branches that changed different keys or
    values merge without a conflict. Each clone is set up once; a clone that is not shows and merges as ever.
    """
    project = settings(context).project()
    if not git.is_work_tree(project.root):
        raise ConfigurationError(f"{project.root} is in no work tree of Git", hint="Make one: git init")
    attributed = _attribute(project)
    configured = _configure(project.root)
    if settings(context).json:
        data = {"gitattributes": attributed, "configuration": configured}
        click.echo(report.envelope("git-setup", 0, [data]))
        return 0
    told = f"{_FILE} has new lines: commit it" if attributed else f"{_FILE} has its lines"
    report.say(told)
    report.say("this clone is set up now" if configured else "this clone is set up")
    return 0


def _attribute(project: Project) -> bool:
    """Add the lines that .gitattributes lacks; tells whether there were any."""
    from sealgen.config.backends import SealedSecretsBackend  # noqa: PLC0415

    environments = map(project.environment, project.environments())
    sealed = [found.output for found in environments if isinstance(found.backend, SealedSecretsBackend)]
    lines = [*map(attributes.manifests, dict.fromkeys(sealed)), attributes.locks(FOLDER)]
    before = project.read(_FILE) or b""
    after = attributes.updated(before, lines)
    if after == before:
        return False
    path = project.root / _FILE
    new = project.root / f"{_FILE}.sealgen"
    try:
        new.write_bytes(after)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise SealgenError(f"can't write {_FILE}: {error.strerror}; nothing was changed") from None
    return True


def _configure(root: Path) -> bool:
    """Set the drivers in the clone's own configuration; tells whether any was set otherwise, or not at all."""
    # Git runs them at the work tree's top. -P: a folder of the name there must not take sealgen's place.
    top = git.run(root, "rev-parse", "--show-prefix", purpose=_PURPOSE).stdout.decode("utf-8", "surrogateescape")
    where = ["-C", folder] if (folder := top.rstrip("\n").rstrip("/")) else []
    program = shlex.join([os.fspath(sys.executable), "-P", "-m", "sealgen"])
    wanted = {
        f"diff.{attributes.DRIVER}.textconv": f"{program} textconv {shlex.join(where)}".rstrip(),
        f"merge.{attributes.DRIVER}.name": "sealed manifests and locks, key by key",
        f"merge.{attributes.DRIVER}.driver": f"{program} merge %O %A %B",
    }
    changed = False
    for name, value in wanted.items():
        found = git.run(root, "config", "--local", "--get", name, purpose=_PURPOSE)
        if found.stdout.decode("utf-8", "surrogateescape").rstrip("\n") != value:
            if git.run(root, "config", "--local", name, value, purpose=_PURPOSE).returncode != 0:
                raise SealgenError(f"can't set {name} in Git's configuration", hint="Run 'git config --local --list'.")
            changed = True
    return changed
