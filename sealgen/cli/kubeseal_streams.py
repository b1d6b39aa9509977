"""What sealgen's kubeseal works on and with, and where its output goes: certificate, controller, namespace, files."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealgen.cli import report
from sealgen.errors import ConfigurationError, quoted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from sealgen.cluster.controller import Controller
    from sealgen.cluster.overrides import Overrides
    from sealgen.kubeseal.flags import Flags
    from sealgen.kubeseal.request import Request

_STANDARD_INPUT = "standard input"
_MAX_BYTES = 64 * 1024 * 1024  # of any file
_IN_A_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def public_key(request: Request, flags: Flags) -> RSAPublicKey:
    """Return what to seal with; raises SealgenError where the certificate can't be had or is not valid today."""
    from sealgen.crypto import certificate  # noqa: PLC0415

    found = certificate.load(*_certificate(request, flags))
    certificate.check_validity(found, dt.datetime.now(dt.UTC))
    return found.public_key


def checked_certificate(request: Request, flags: Flags) -> bytes:
    """Return the certificate in PEM, as it is; raises SealgenError where it can't be had, or is none."""
    from sealgen.crypto import certificate  # noqa: PLC0415

    pem, file = _certificate(request, flags)
    certificate.load(pem, file)
    return pem


def _certificate(request: Request, flags: Flags) -> tuple[bytes, str]:
    """Return the certificate, and what messages call it."""
    from sealgen import certificates  # noqa: PLC0415

    source = request.certificate
    if not source:
        asked = controller(flags)
        return asked.certificate(), asked.file
    if source.startswith("http://"):
        report.warn(f"{source} is not https: who is on the way could put a certificate of their own there")
    if source.startswith(("https://", "http://")):
        return certificates.fetch(source), source
    if source.startswith("file://"):
        from urllib.parse import unquote  # noqa: PLC0415

        return certificates.content_of(unquote(source.removeprefix("file://"))), source
    if "://" in source:
        raise ConfigurationError(f"--cert is {quoted(source)}, which is neither a path nor an https:// URL")
    return certificates.content_of(source), source


def controller(flags: Flags) -> Controller:
    """Sign in to the cluster, and return its controller."""
    from sealgen.cluster.connection import connect  # noqa: PLC0415
    from sealgen.cluster.controller import Controller  # noqa: PLC0415

    cluster = connect(flags.text("kubeconfig") or None, flags.text("context") or None, _overrides(flags))
    return Controller(cluster, flags.text("controller-namespace"), flags.text("controller-name"))


def _overrides(flags: Flags) -> Overrides:
    from sealgen.cluster.overrides import Overrides  # noqa: PLC0415

    def told(*names: str) -> dict[str, str]:
        return {name: text for name in names if (text := flags.text(name))}

    def paths(*names: str) -> dict[str, str]:
        return {name: str(Path(path).absolute()) for name, path in told(*names).items()}

    skip = {"insecure-skip-tls-verify": True} if flags.on("insecure-skip-tls-verify") else {}
    acting = [("Impersonate-User", flags.text("as")), ("Impersonate-Uid", flags.text("as-uid"))]
    acting += [("Impersonate-Group", group) for group in flags.texts("as-group")]
    return Overrides(
        cluster_name=flags.text("cluster"),
        user_name=flags.text("user"),
        cluster={**told("server", "tls-server-name", "proxy-url"), **paths("certificate-authority"), **skip},
        user={**told("token", "username", "password"), **paths("client-certificate", "client-key")},
        acting_as=tuple((name, text) for name, text in acting if text),
    )


def context_namespace(flags: Flags) -> str:
    """Return the namespace that kubectl would take, of the kubeconfig's context or of this pod, and say which it is.

    Raises ConfigurationError where there is neither.
    """
    from sealgen.kubernetes import rules  # noqa: PLC0415
    from sealgen.kubeseal import kubeconfig  # noqa: PLC0415

    where = flags.text("kubeconfig") or os.environ.get("KUBECONFIG") or "~/.kube/config"
    paths = [Path(part).expanduser() for part in where.split(os.pathsep) if part]
    found = [path for path in paths if path.is_file()]
    if found:
        context = kubeconfig.context([(str(path), content(str(path))) for path in found], flags.text("context"))
        namespace, origin = context.namespace or "default", f"the kubeconfig's context '{context.name}'"
    elif flags.text("kubeconfig") or not _IN_A_POD.joinpath("token").is_file():
        raise ConfigurationError(
            f"no namespace is told, and there is no kubeconfig {where} whose context could tell it",
            hint="Write metadata.namespace, or name one with -n.",
        )
    else:
        namespace = os.environ.get("POD_NAMESPACE") or content(str(_IN_A_POD / "namespace")).decode().strip()
        origin = "this pod"
    if problem := rules.namespace_problem(namespace):
        raise ConfigurationError(f"the namespace of {origin}: {problem}")
    report.note(f"no namespace is told: taking '{namespace}', that of {origin} (-n names another)")
    return namespace


def given(request: Request) -> tuple[bytes, str]:
    """Return what is to be worked on, and what messages call it."""
    if request.source:
        return content(request.source), request.source
    if sys.stdin is None:
        raise ConfigurationError("there is no standard input; name a file with -f")
    if sys.stdin.isatty():
        report.note(f"reading {_STANDARD_INPUT}, the terminal: end with Ctrl-D")
    try:
        return _bounded(sys.stdin.buffer.read(_MAX_BYTES + 1), _STANDARD_INPUT), _STANDARD_INPUT
    except OSError as error:
        raise ConfigurationError(f"can't read {_STANDARD_INPUT}: {error.strerror}") from None


def content(file: str) -> bytes:
    """Return the bytes of a file that the command line names; it may be a pipe, as a shell makes for ``<(...)``."""
    try:
        with Path(file).open("rb") as opened:
            return _bounded(opened.read(_MAX_BYTES + 1), file)
    except OSError as error:
        raise ConfigurationError(f"can't read {file}: {error.strerror}") from None


def _bounded(content: bytes, file: str) -> bytes:
    if len(content) > _MAX_BYTES:
        raise ConfigurationError(f"{file} is larger than {_MAX_BYTES // 1024 // 1024} MiB")
    return content


def write(request: Request, text: str | bytes) -> None:
    """Print the result, or write it to the file that it is for."""
    result = text.encode() if isinstance(text, str) else text
    if not request.target:
        click.echo(result, nl=False)  # UTF-8, whatever the terminal speaks: it is for programs
        return
    from sealgen import private_files  # noqa: PLC0415
    from sealgen.kubeseal.request import Action  # noqa: PLC0415
    from sealgen.overlay import single  # noqa: PLC0415

    in_clear = request.action is Action.RECOVERY_UNSEAL
    (private_files.write_over if in_clear else single.replace)(Path(request.target), result)
