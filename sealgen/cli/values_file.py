"""What the commands of ``sealgen values`` have in common: whose file it is, its rules, and what was done to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from sealgen.cli import report
from sealgen.cli.settings import complete_environment, settings
from sealgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.stores.age_file import AgeFile, Opened, Written
    from sealgen.values.age import AgeStore
    from sealgen.values.entry import Part
    from sealgen.values.secret import Secret
    from sealgen.values.value import Value

C = TypeVar("C", bound="Callable[..., Any]")


def one_environment(command: C) -> C:
    """Add the environment whose file it is, and the store, where it has several."""
    command = store_option(command)
    return click.argument("name", metavar="ENV", shell_complete=complete_environment)(command)


def store_option(command: C) -> C:
    """Add the store, for an environment that has several."""
    return click.option(
        "--store", metavar="STORE", help="Its name under stores:, where the environment has several of kind age."
    )(command)


class Target(NamedTuple):
    """A file of values, and the environment by which it was named."""

    environment: Environment
    store: AgeStore
    file: AgeFile

    def parts(self) -> Iterator[tuple[Value, Part]]:
        """Yield the values that the file has, or is to have, each with the part of an entry that it is."""
        from sealgen.values.stored import parts_in_stores  # noqa: PLC0415

        for value in self.environment.values.values():
            for part in parts_in_stores([value.source]):
                if part.entry.store == self.store:
                    yield value, part

    def readers(self, entry: str) -> list[str]:
        """Return the names of the environment's values that are this value of the file, or a part of it."""
        return list(dict.fromkeys(value.name for value, part in self.parts() if part.entry.name == entry))

    def check_rules(self, entry: str, content: Secret) -> None:
        """Raise SealgenError where the value breaks a rule of the environment's value that it is."""
        from sealgen.values import rules  # noqa: PLC0415

        for value, part in self.parts():
            if part.entry.name == entry and not part.property and part.encoding is None:
                rules.check(value.name, value.rules, {"": content})


def target(project: Project, name: str, store: str | None) -> Target:
    """Return the file that the command line means; raises ConfigurationError where there is none."""
    from sealgen.config.stores import of_kind  # noqa: PLC0415
    from sealgen.stores.age_file import AgeFile  # noqa: PLC0415
    from sealgen.values.age import AgeStore  # noqa: PLC0415

    environment = project.environment(name)
    found = of_kind(name, environment.stores, AgeStore.kind, store)
    assert isinstance(found, AgeStore)  # noqa: S101  (it is of this kind)
    return Target(environment, found, AgeFile(found, project.root, os.environ))


def check_name(text: str) -> str:
    """Return a name of the command line; raises ConfigurationError for what can't be one."""
    import re  # noqa: PLC0415

    from sealgen.values.age import NAME, NAME_WORDS  # noqa: PLC0415

    if not re.fullmatch(NAME, text):
        raise ConfigurationError(f"NAME must be {NAME_WORDS}")
    return text


def complete_name(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the names that the environment's values ask for; those of the file itself are encrypted."""
    try:
        from sealgen.values.stored import parts_in_stores  # noqa: PLC0415

        environment = settings(context).project().environment(context.params["name"])
        parts = parts_in_stores(value.source for value in environment.values.values())
        names = {part.entry.name for part in parts if part.entry.store.kind == "age"}
    except Exception:
        return []
    return sorted(name for name in names if name.startswith(incomplete))


def tell_readers(opened: Opened, written: Written) -> None:
    """Say who can open the file from now on, where that changed or was not known."""
    if opened.encrypted is None:
        report.say(f"  for {report.count(len(written.recipients), 'recipient')}")
    elif opened.recipients is None:
        report.note("who could open it before is not known, as sealgen did not write it")
    for words, recipients in (("can open it now", written.added), ("can't open it any more", written.removed)):
        for recipient in recipients:
            report.say(f"  {words}: {recipient}")
    if written.removed:
        report.warn("Git's history has the file as it was, with its values: rotate what they could read")


def data(found: Target, written: Written | None, **more: Any) -> dict[str, Any]:
    """Return what was done, for the envelope."""
    return {
        "environment": found.environment.name,
        "file": found.file.path,
        "written": written is not None,
        **more,
        "recipients_added": list(written.added) if written else [],
        "recipients_removed": list(written.removed) if written else [],
    }
