"""``sealgen unseal``: Secrets from SealedSecrets with the controller's private keys, after a disaster."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import report
from sealgen.cli.progress import progress
from sealgen.cli.settings import global_options, settings
from sealgen.errors import ConfigurationError, SealgenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.crypto.private_key import PrivateKey
    from sealgen.recovery import Recovered, Sealed, Unopened

_MAX_BYTES = 64 * 1024 * 1024  # of any file


@click.command("unseal")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--private-key",
    "key_files",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    multiple=True,
    required=True,
    help="PEM, or the controller's key Secrets as YAML or JSON; repeat for more.",
)
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Write to FILE, for its owner alone.")
@click.option("--force", is_flag=True, help="Write over the output file that is there.")
@click.option("--skip-unopened", is_flag=True, help="Leave out the values that no key opens.")
@global_options
@click.pass_context
def command(
    context: click.Context,
    files: tuple[str, ...],
    key_files: tuple[str, ...],
    output: Path | None,
    force: bool,
    skip_unopened: bool,
) -> int:
    """Print in clear, as YAML, the Secrets that the controller would make of SealedSecrets.

    FILE is YAML or JSON, with several documents or Lists too; what else it holds is passed over. - is standard input,
    for a FILE or a private key. What opened which value is told on standard error; with --json that is printed, and
    no plaintext is.

    Exits 1, and prints no Secret, where no key opens a value; with --skip-unopened, 11.
    """
    from sealgen import private_files, recovery  # noqa: PLC0415

    if [*files, *key_files].count("-") > 1:
        raise click.UsageError("standard input (-) can be read once")
    if force and output is None:
        raise click.UsageError("--force is for --output")
    if output is not None:
        private_files.check_ignored(output.absolute().parent, output.absolute())
    private_keys = [key for file in key_files for key in recovery.read_private_keys(*_content(file))]
    recovered = _recovered(_sealed(files), private_keys)
    unopened = [_error(found, value) for found in recovered for value in found.unopened]
    code = 0 if not unopened else 11 if skip_unopened else 1
    _tell(recovered)
    if code != 1:
        text = _text(recovered).encode()
        if output is not None:
            (private_files.write_over if force else private_files.write_new)(output, text)
        elif not settings(context).json:
            click.echo(text, nl=False)  # UTF-8, whatever the terminal speaks: it is YAML
    _tell_unopened(recovered, unopened, code)
    if settings(context).json:
        errors = [report.error_data(error) for error in unopened]
        click.echo(report.envelope("unseal", code, [_data(found) for found in recovered], errors))
    return code


def _sealed(files: Sequence[str]) -> list[Sealed]:
    """Read the SealedSecrets of all files; others may be among them, as a folder has its kustomization."""
    from sealgen.recovery import read_among  # noqa: PLC0415

    found = {file: read_among(*_content(file)) for file in files}
    without = [file for file, sealed in found.items() if not sealed]
    if len(without) == len(found):
        raise ConfigurationError(f"no SealedSecret in {', '.join(without)}")
    for file in without:
        report.note(f"{file} holds no SealedSecret")
    return [sealed for of_file in found.values() for sealed in of_file]


def _content(file: str) -> tuple[bytes, str]:
    """Return a file's bytes, and its name for messages; it may be a pipe, as a shell makes for ``<(…)``."""
    shown = "standard input" if file == "-" else file
    try:
        if file == "-":
            content = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"can't read {shown}: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise ConfigurationError(f"{shown} is larger than {_MAX_BYTES // 1024 // 1024} MiB")
    return content, shown


def _recovered(sealed: Sequence[Sealed], private_keys: Sequence[PrivateKey]) -> list[Recovered]:
    from sealgen.recovery import recover  # noqa: PLC0415

    recovered = []
    with progress("opening, SealedSecret") as told:
        for number, one in enumerate(sealed, 1):
            told(number, len(sealed))
            recovered.append(recover(one, private_keys))
    return recovered


def _text(recovered: Sequence[Recovered]) -> str:
    from sealgen.kubernetes import secret  # noqa: PLC0415

    # What is left of a Secret of which no value was opened is none.
    kept = [found.secret for found in recovered if found.secret.data or not found.unopened]
    return "".join(map(secret.to_yaml, kept))


# --- what is told -----------------------------------------------------------------------------------------------


def _tell(recovered: Sequence[Recovered]) -> None:
    """Say which key opened which value, and what else is to be known."""
    for found in recovered:
        for warning in found.warnings:
            report.warn(f"{found.secret.at}: {_place(found)}: {warning}")
    rows = [
        (_place(found), key, opener.fingerprint, opener.file)
        for found in recovered
        for key, opener in found.opened.items()
    ]
    if rows and report.is_heard():
        table = report.table(("secret", "key", "opened by", "from"), rows, [{}] * len(rows))
        report.say(table, to_stderr=True)


def _tell_unopened(recovered: Sequence[Recovered], unopened: Sequence[SealgenError], code: int) -> None:
    if code == 11:
        for error in unopened:
            report.warn(str(error))
    elif code == 1 and not settings(click.get_current_context()).json:
        opened = sum(len(found.opened) for found in recovered)
        total = SealgenError(
            f"{report.count(len(unopened), 'value')} can't be opened, {opened} can; nothing was written",
            hint="--skip-unopened leaves out those that can't be.",
        )
        for error in (*unopened, total):
            click.echo(report.error_text(error), err=True)


def _place(found: Recovered) -> str:
    secret = found.secret
    return f"{secret.namespace}/{secret.name}" if secret.namespace else secret.name


def _error(found: Recovered, value: Unopened) -> SealgenError:
    return SealgenError(f"{_place(found)}/{value.key}: {value.problem}", at=value.at)


def _data(found: Recovered) -> dict[str, Any]:
    """Return what is told of a Secret; nothing of what it holds."""
    return {
        "file": found.secret.at.file,
        "namespace": found.secret.namespace,
        "secret": found.secret.name,
        "opened": [
            {"key": key, "fingerprint": opener.fingerprint, "private_key_file": opener.file}
            for key, opener in found.opened.items()
        ],
        "unopened": [{"key": value.key, "problem": value.problem} for value in found.unopened],
        "warnings": list(found.warnings),
    }
