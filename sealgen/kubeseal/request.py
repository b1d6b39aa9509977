"""What a kubeseal command line asks for: one action, with all that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sealgen.errors import ConfigurationError, SealgenError, quoted
from sealgen.kubernetes import rules
from sealgen.kubernetes.sealed_secret import Scope

if TYPE_CHECKING:
    from sealgen.kubeseal.flags import Flags


class Action(StrEnum):
    """What to do; but for the first, the name of the flag that says so."""

    SEAL = "seal"
    RAW = "raw"
    MERGE_INTO = "merge-into"
    FETCH_CERT = "fetch-cert"
    VALIDATE = "validate"
    RE_ENCRYPT = "re-encrypt"
    RECOVERY_UNSEAL = "recovery-unseal"


class Format(StrEnum):
    """How a manifest is written."""

    JSON = "json"
    YAML = "yaml"


# What each action goes by; of these flags, the others would say nothing to it.
_GOES_BY: Final = {
    Action.SEAL: {"cert", "scope", "name", "secret-file", "sealed-secret-file"},
    Action.RAW: {"cert", "scope", "name", "from-file", "sealed-secret-file"},
    Action.MERGE_INTO: {"cert", "scope", "secret-file"},
    Action.FETCH_CERT: {"cert", "sealed-secret-file"},
    Action.VALIDATE: {"secret-file"},
    Action.RE_ENCRYPT: {"secret-file", "sealed-secret-file"},
    Action.RECOVERY_UNSEAL: {"secret-file", "sealed-secret-file", "recovery-private-key"},
}
_ANY: Final = frozenset().union(*_GOES_BY.values())


@dataclass(frozen=True)
class Request:
    """What to do."""

    action: Action
    certificate: str
    """A file or URL; empty for the controller's."""
    scope: Scope | None
    """None where the Secret tells it."""
    name: str
    """Empty where the Secret tells it."""
    namespace: str
    """Empty where the Secret tells it."""
    allow_empty_data: bool
    source: str
    """The file to read; empty for standard input."""
    target: str
    """The file to write; empty for standard output."""
    format: Format
    keeps_format: bool
    """Whether a file that is merged into keeps its own instead."""
    private_keys: tuple[str, ...]
    """Files."""


def read(flags: Flags) -> Request:
    """Return what the flags ask for.

    Raises ConfigurationError for flags that don't go together, and SealgenError for what kubeseal too refuses.
    """
    action = _action(flags)
    if flags.texts("from-file") and action is not Action.RAW:
        raise SealgenError("--from-file requires --raw")
    idle = sorted((flags.written & _ANY) - _GOES_BY[action])
    if idle:
        raise ConfigurationError(
            f"--{idle[0]} says nothing to "
            + ("sealing a Secret" if action is Action.SEAL else f"--{action}")
            + "; leave it out"
        )
    source = _value_file(flags) if action is Action.RAW else flags.text("secret-file")
    target = flags.text("merge-into" if action is Action.MERGE_INTO else "sealed-secret-file")
    if action is Action.RE_ENCRYPT:
        target = target or source
    scope, name, namespace = flags.text("scope"), flags.text("name"), flags.text("namespace")
    for flag, problem in (
        ("--name", rules.name_problem(name) if name else None),
        ("--namespace", rules.namespace_problem(namespace) if namespace else None),
    ):
        if problem:
            raise SealgenError(f"{flag}: {problem}")
    if action is Action.RECOVERY_UNSEAL and not flags.texts("recovery-private-key"):
        raise SealgenError("--recovery-unseal needs a key to open with: --recovery-private-key FILE")
    return Request(
        action=action,
        certificate=flags.text("cert"),
        scope=Scope(scope) if scope else None,
        name=name,
        namespace=namespace,
        allow_empty_data=flags.on("allow-empty-data"),
        source=source,
        target=target,
        format=_format(flags, action, target),
        keeps_format=not _told_format(flags),
        private_keys=flags.texts("recovery-private-key"),
    )


def _action(flags: Flags) -> Action:
    told = [
        action
        for action in Action
        if action is not Action.SEAL and (flags.text(action) != "" if action is Action.MERGE_INTO else flags.on(action))
    ]
    if len(told) > 1:
        raise ConfigurationError(f"--{told[0]} and --{told[1]} are two things to do; give one")
    return told[0] if told else Action.SEAL


def _value_file(flags: Flags) -> str:
    files = flags.texts("from-file")
    if len(files) > 1:
        raise SealgenError("--raw seals one value; give one --from-file")
    before, equals, after = "".join(files).partition("=")
    if equals and not after:
        raise SealgenError(f"--from-file {before}= names no file")
    return after or before


def _told_format(flags: Flags) -> str:
    return flags.text("format").lower() if "format" in flags.told else ""


def _format(flags: Flags, action: Action, target: str) -> Format:
    told = _told_format(flags)
    if action in (Action.RAW, Action.FETCH_CERT, Action.VALIDATE):
        return Format.JSON  # of what is no manifest
    if told not in ("", *Format):
        raise SealgenError(f"-o is {quoted(told)}, which is not json or yaml")
    if action is not Action.MERGE_INTO and target.endswith((".yaml", ".yml")):
        if told == Format.JSON and "format" in flags.written:
            raise ConfigurationError(f"-o json contradicts the name of {target}; leave one of them out")
        return Format.YAML
    return Format(told or Format.JSON)
