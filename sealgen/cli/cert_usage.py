"""``sealgen cert usage``: which certificate seals what, and which sealing keys nothing here needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import report
from sealgen.cli.settings import chosen, complete_environment, global_options, settings
from sealgen.errors import SealgenError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate
    from sealgen.reconcile.usage import Usage


@click.command("usage", short_help="Show which certificate seals what, and which keys can be retired.")
@click.argument("names", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option("--all", "every", is_flag=True, help="All environments of the project, as without ENV.")
@click.option("--keys", "bundle", metavar="FILE|-", help="Certificates of the keys that the cluster has, in PEM.")
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], every: bool, bundle: str | None) -> int:
    """Show, from locks and manifests, which certificate seals how many keys of which secrets; without ENV, in all.

    A sealing key can be retired once nothing needs it. --keys tells of which of the cluster's that is so; who may
    read them gets their certificates by:

    \b
    kubectl get secrets -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key \\
      -o go-template='{{range .items}}{{index .data "tls.crt" | base64decode}}{{end}}'
    """  # noqa: D301  (\b keeps Click from filling the command's lines)
    from sealgen.certificates import content_of  # noqa: PLC0415
    from sealgen.crypto.certificate import load_all  # noqa: PLC0415

    keys = () if bundle is None else load_all(content_of(bundle), "standard input" if bundle == "-" else bundle)
    project = settings(context).project()
    found: list[Usage] = []
    errors: list[tuple[str, SealgenError]] = []
    for name in chosen(project, names, every=every or not names):
        try:
            found += _usage(project, name, skip_plain=not names)
        except SealgenError as error:
            errors.append((name, error))
            if not settings(context).json:
                click.echo(report.error_text(error), err=True)
    code = report.worst(error.exit_code for _, error in errors)
    # Otherwise something that was not looked at may need any key.
    whole = not names and not errors and not any(used.keys(None) for used in found)
    if settings(context).json:
        results = list(_data(found, keys, whole=whole))
        click.echo(report.envelope("cert", code, results, [report.error_data(error, name) for name, error in errors]))
        return code
    report.say(_table(found, keys))
    for line in (*_told(found), *_told_of_keys(found, keys, whole=whole), _UNKNOWN):
        report.say(printable(line))
    return code


_UNKNOWN = "Not known here: what other repositories and branches hold, and what a cluster has that is in none of them."


def _usage(project: Project, name: str, *, skip_plain: bool) -> Iterator[Usage]:
    from sealgen.config.backends import SealedSecretsBackend  # noqa: PLC0415
    from sealgen.reconcile.planning import sealed_secrets_backend  # noqa: PLC0415
    from sealgen.reconcile.usage import usage  # noqa: PLC0415

    environment = project.environment(name)
    if isinstance(environment.backend, SealedSecretsBackend) or not skip_plain:
        yield usage(project, environment, sealed_secrets_backend(environment))


def _table(found: Sequence[Usage], keys: Sequence[Certificate]) -> str:
    rows = [
        (
            used.environment,
            fingerprint or "not known",
            "pin" if fingerprint == used.pin else "",
            str(used.keys(fingerprint)),
            ", ".join(f"{name} {number}" for name, number in sorted(secrets.items())),
        )
        for used in found
        for fingerprint, secrets in used.secrets.items()
    ]
    rows += [("(none)", key.fingerprint, "", "0", "") for key in keys if not _users(found, key.fingerprint)]
    return report.table(("environment", "certificate", "", "keys", "secrets"), rows, [{}] * len(rows))


def _users(found: Sequence[Usage], fingerprint: str | None) -> list[Usage]:
    """Return the environments that pin a certificate, or have something sealed with it."""
    return [used for used in found if fingerprint in used.secrets]


def _used(found: Sequence[Usage]) -> list[str]:
    """Return the fingerprints of the certificates that are pinned or seal something, each once."""
    return list(dict.fromkeys(fingerprint for used in found for fingerprint in used.secrets if fingerprint))


def _told(found: Sequence[Usage]) -> Iterator[str]:
    older = {name: [used for used in _users(found, name) if used.pin != name] for name in _used(found)}
    for fingerprint, users in older.items():
        if users:
            keys = ", ".join(f"{report.count(used.keys(fingerprint), 'key')} of {used.environment}" for used in users)
            moves = f"sealgen reencrypt {' '.join(used.environment for used in users)}"
            yield f"{fingerprint} can't be retired, as it seals {keys}: {moves} moves them to the newest."
    unknown = _users(found, None)
    for used in unknown:
        ciphertexts = report.count(used.keys(None), "ciphertext")
        yield f"{used.environment}: its lock does not tell which certificate sealed {ciphertexts}."
    if not unknown and not any(older.values()):
        yield "All keys that were looked at are sealed with what their environment pins; none needs an older key."


def _told_of_keys(found: Sequence[Usage], keys: Sequence[Certificate], *, whole: bool) -> Iterator[str]:
    if not keys:
        return
    given = {key.fingerprint for key in keys}
    for fingerprint in _used(found):
        if fingerprint not in given:
            yield f"{fingerprint} is not among the given keys: they do not open what it seals."
    for key in keys:
        if not _users(found, key.fingerprint):
            told = "nothing here needs it, and it can be retired" if whole else "nothing that was looked at needs it"
            yield f"{key.fingerprint}, issued {key.not_before:%Y-%m-%d}: {told}."


def _data(found: Sequence[Usage], keys: Sequence[Certificate], *, whole: bool) -> Iterator[dict[str, Any]]:
    issued = {key.fingerprint: key.not_before.isoformat() for key in keys}
    unknown = [None] if _users(found, None) else []
    for fingerprint in dict.fromkeys((*_used(found), *issued, *unknown)):
        users = _users(found, fingerprint)
        yield {
            "fingerprint": fingerprint,
            "issued": issued.get(fingerprint or ""),
            "given": fingerprint in issued,
            "needed": True if users else False if whole else None,
            "environments": [
                {
                    "environment": used.environment,
                    "pin": used.pin == fingerprint,
                    "keys": used.keys(fingerprint),
                    "secrets": dict(used.secrets[fingerprint]),
                }
                for used in users
            ],
        }
