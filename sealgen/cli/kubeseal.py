"""``sealgen kubeseal``: in the place of kubeseal, with its flags, its output and its exit codes."""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING

import click

from sealgen.cli import kubeseal_streams as streams
from sealgen.cli import report
from sealgen.cli.settings import settings
from sealgen.errors import SealgenError
from sealgen.kubeseal import flags as table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.cluster.controller import Controller
    from sealgen.kubeseal.flags import Flag, Flags
    from sealgen.kubeseal.request import Request

VERSION = "v0.36.6"
"""The kubeseal whose command line this is."""


class _Kubeseal(click.Command):
    """A command whose line is read as kubeseal reads it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.params["words"] = tuple(args)
        return []

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[FLAGS]")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, flags in (("Flags", table.SEALING), ("The cluster", table.CLUSTER)):
            with formatter.section(title):
                formatter.write_dl([_described(name, flag) for name, flag in flags.items()])
        with formatter.section("Accepted, and of no effect"):
            formatter.write_text(", ".join(f"--{name}" for name in table.LOGGING))


def _described(name: str, flag: Flag) -> tuple[str, str]:
    letter = f"-{flag.letter}, " if flag.letter else ""
    metavar = f" {flag.kind.metavar}" if flag.kind.metavar else ""
    return f"{letter}--{name}{metavar}", flag.help + (f"  [default: {flag.default}]" if flag.default else "")


@click.command("kubeseal", cls=_Kubeseal)
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> int:
    """Seal, merge, validate, re-encrypt and recover as kubeseal does, outside of any project.

    alias kubeseal='sealgen kubeseal' is all that a script needs. docs/kubeseal.md lists what is different.
    """
    if settings(context).json or settings(context).directory:
        raise click.UsageError("--json and -C say nothing to kubeseal's command line", context)
    flags = table.parse(words, os.environ)
    if flags.on("help"):
        click.echo(context.get_help())
    elif flags.on("version"):
        click.echo(f"kubeseal version: {VERSION}")
    else:
        _run(flags)
    return 0


def _run(flags: Flags) -> None:
    from sealgen.kubeseal.request import read  # noqa: PLC0415

    request = read(flags)
    try:
        _do(request, flags)
    except SealgenError as error:
        # kubeseal ends with 2 for its flags alone.
        raise SealgenError(error.message, at=error.at, hint=_hint(error)) from None


# What errors say of a project, and what is to be said here.
_WORDS = {
    "sealgen cert fetch ENV": "sealgen kubeseal --fetch-cert",
    "cluster.controller and cluster.controller_namespace": "--controller-name and --controller-namespace",
    "name its context in the environment file": "name it with --kubeconfig",
}


def _hint(error: SealgenError) -> str | None:
    hint = error.hint
    for of_a_project, here in _WORDS.items():
        hint = hint and hint.replace(of_a_project, here)
    return hint


def _do(request: Request, flags: Flags) -> None:
    from sealgen.kubeseal.request import Action  # noqa: PLC0415

    match request.action:
        case Action.SEAL:
            streams.write(request, _sealed(request, flags))
        case Action.RAW:
            streams.write(request, _sealed_value(request, flags))
        case Action.MERGE_INTO:
            streams.write(request, _merged(request, flags))
        case Action.FETCH_CERT:
            streams.write(request, streams.checked_certificate(request, flags))
        case Action.VALIDATE:
            _validate(request, streams.controller(flags))
        case Action.RE_ENCRYPT:
            streams.write(request, _reencrypted(request, streams.controller(flags)))
        case Action.RECOVERY_UNSEAL:
            streams.write(request, _recovered(request))


# --- what is done -----------------------------------------------------------------------------------------------


def _sealed(request: Request, flags: Flags) -> str:
    from sealgen.kubernetes import sealed_secret, secret  # noqa: PLC0415
    from sealgen.kubeseal import manifests, sealing  # noqa: PLC0415

    public_key = streams.public_key(request, flags)
    secrets = secret.read_all(*streams.given(request), request.name or None)
    places = sealing.places(secrets, request, functools.cache(lambda: streams.context_namespace(flags)))
    sealed = sealing.sealed(list(zip(secrets, places, strict=True)), public_key)
    return "".join(manifests.written(sealed_secret.tree(one), request.format) for one in sealed)


def _sealed_value(request: Request, flags: Flags) -> str:
    from sealgen.kubeseal import sealing  # noqa: PLC0415
    from sealgen.values.secret import Secret  # noqa: PLC0415

    place = sealing.place_of_value(request, lambda: streams.context_namespace(flags))
    public_key = streams.public_key(request, flags)
    return sealing.sealed_value(Secret(streams.given(request)[0]), place, public_key)


def _merged(request: Request, flags: Flags) -> str:
    from sealgen.kubernetes import secret  # noqa: PLC0415
    from sealgen.kubeseal import manifests, merging, sealing  # noqa: PLC0415

    public_key = streams.public_key(request, flags)
    target = manifests.read_one(streams.content(request.target), request.target)
    secrets = secret.read_all(*streams.given(request), target.sealed.place.name)
    added, place = merging.place(target, secrets, request)
    (sealed,) = sealing.sealed([(added, place)], public_key)
    return merging.merged(target, sealed, target.format if request.keeps_format else request.format)


def _validate(request: Request, controller: Controller) -> None:
    from sealgen.kubernetes import sealed_object  # noqa: PLC0415
    from sealgen.kubeseal import manifests  # noqa: PLC0415

    broken = []
    for one in manifests.read_all(*streams.given(request)):
        sealed = one.sealed
        with _about("validate", sealed.place.name):
            if not controller.verify(sealed_object.to_json(sealed.place, sealed.ciphertexts, sealed.rendered)):
                broken.append(sealed.place.name)
    if broken:
        raise SealgenError(f"unable to decrypt sealed secret: {', '.join(broken)}")


def _reencrypted(request: Request, controller: Controller) -> str:
    from sealgen.crypto import certificate  # noqa: PLC0415
    from sealgen.kubernetes import sealed_object  # noqa: PLC0415
    from sealgen.kubeseal import manifests, reencryption  # noqa: PLC0415
    from sealgen.reconcile import rotated  # noqa: PLC0415

    found = manifests.read_all(*streams.given(request))
    newest = certificate.load(controller.certificate(), controller.file)
    written = reencryption.in_place if request.source == request.target != "" else reencryption.anew
    texts = []
    for one in found:
        place, sent = one.sealed.place, one.sealed.ciphertexts
        with _about("re-encrypt", place.name):
            answer = controller.rotate(sealed_object.to_json(place, sent))
            new = rotated.ciphertexts(answer, place, sent, (newest.bits + 7) // 8)
        texts.append(written(one, new, request.format))
    return "".join(texts)


@contextlib.contextmanager
def _about(verb: str, name: str) -> Iterator[None]:
    """Say about which SealedSecret the controller refuses to answer, or answers something else."""
    try:
        yield
    except SealgenError as error:
        raise SealgenError(f"cannot {verb} {name}: {error.message}", hint=error.hint) from None


def _recovered(request: Request) -> str:
    from sealgen import recovery  # noqa: PLC0415
    from sealgen.kubeseal import recovered  # noqa: PLC0415

    keys = [key for file in request.private_keys for key in recovery.read_private_keys(streams.content(file), file)]
    secrets = recovered.recovered(*streams.given(request), keys)
    for secret in secrets:
        for warning in secret.warnings:
            report.warn(f"{secret.secret.name}: {warning}")
    return recovered.written(secrets, request.format)
