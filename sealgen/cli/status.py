"""``sealgen status``: how the overlay is in the cluster."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, report
from sealgen.cli.progress import progress
from sealgen.cli.settings import environments, global_options, settings
from sealgen.errors import printable

if TYPE_CHECKING:
    from sealgen.config.project import Project
    from sealgen.kubernetes.access import Subject
    from sealgen.status.external_inquiry import ExternalInquiry
    from sealgen.status.findings import Finding
    from sealgen.status.inquiry import Inquiry, Status
    from sealgen.status.judgement import Row

_PACE = 2.0  # seconds between two looks at the cluster
_TIMEOUT = 300  # seconds
_UNITS = {"s": 1, "m": 60, "h": 3600}


def _seconds(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,5})([smh])", text)
    if match is None:
        raise click.BadParameter(f"'{text}' is no duration; write 30s or 5m")
    return int(match[1]) * _UNITS[match[2]]


@click.command("status")
@environments
@click.option("--watch", is_flag=True, help="Wait until all is applied and synced.")
@click.option("--timeout", metavar="DURATION", callback=_seconds, help="How long to wait; 5m, unless told otherwise.")
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], every: bool, watch: bool, timeout: int | None) -> int:
    """Show how the overlay is in the cluster; read only, and no data of a Secret is asked for.

    Exits 0 when all is well, 11 for findings, 12 when the SealedSecrets or ExternalSecrets may not be read. With
    --watch it exits 0 as soon as all is applied and synced, whatever else there is to find, and 11 when that takes too
    long.
    """
    if timeout is not None and not watch:
        raise click.UsageError("--timeout is for --watch")
    current = settings(context)

    def run(project: Project, name: str) -> each.Outcome:
        from sealgen.cluster.of_environment import cluster_of  # noqa: PLC0415
        from sealgen.config.external_secrets import ExternalSecretsBackend  # noqa: PLC0415
        from sealgen.reconcile.planning import sealed_secrets_backend  # noqa: PLC0415
        from sealgen.status.external_inquiry import ExternalInquiry  # noqa: PLC0415
        from sealgen.status.inquiry import Inquiry  # noqa: PLC0415

        environment = each.written(project, name, every=every)
        backend = environment.backend
        inquiry: Inquiry | ExternalInquiry
        if isinstance(backend, ExternalSecretsBackend):
            inquiry = ExternalInquiry(project, environment, backend, cluster_of(project, environment.cluster))
        else:
            sealed_secrets_backend(environment)
            inquiry = Inquiry(project, environment, cluster_of(project, environment.cluster))
        if watch:
            _wait(inquiry, name, _TIMEOUT if timeout is None else timeout)
        status = inquiry.status(dt.datetime.now(dt.UTC))
        if current.verbose:
            report.say(_tables(status))
        for finding in status.findings:
            report.wrong(_finding(finding))
        report.say(_summary(status))
        failed = not status.settled if watch else status.failed
        return each.Outcome(12 if status.hidden and not status.failed else 11 if failed else 0, _data(status))

    return each.environment(context, "status", names, every, run)


def _wait(inquiry: Inquiry | ExternalInquiry, name: str, timeout: int) -> None:
    """Wait until all that can come is there, or for so many seconds."""
    deadline = time.monotonic() + timeout
    with progress(f"{name}: synced") as told:
        while True:
            done, total = inquiry.progress()
            told(done, total)
            left = deadline - time.monotonic()
            if done == total or left <= 0:
                return
            time.sleep(min(_PACE, left))


# --- for people ---


def _tables(status: Status) -> str:
    cells = [
        (
            str(row.name),
            str(row.synced),
            "?" if row.differs is None else ", ".join(row.differs) or "same",
            str(row.secret),
            _moment(row.changed),
            *((_moment(row.refreshed),) if status.refreshes else ()),
            row.detail,
        )
        for row in status.rows
    ]
    styles = [_style(row) for row in status.rows]
    lines = [click.style(status.environment, bold=True)]
    times = ("changed (UTC)", "refreshed (UTC)") if status.refreshes else ("changed (UTC)",)
    lines.append(report.table((status.noun, "synced", "overlay", "secret", *times, "detail"), cells, styles))
    if status.readers:
        who = [
            (
                _subject(reader.subject),
                ", ".join(reader.verbs),
                f"{', '.join(reader.secrets) if reader.secrets is not None else 'all'} of {reader.namespace}",
                "access:" if reader.by_access else ", ".join(reader.through),
            )
            for reader in status.readers
        ]
        dim = [{"dim": True} if reader.by_access else {} for reader in status.readers]
        lines.append(report.table(("who", "may", "secrets", "by"), who, dim))
    return "\n".join(lines)


def _moment(time_: dt.datetime | None) -> str:
    return f"{time_:%Y-%m-%d %H:%M:%S}" if time_ else "?"


def _style(row: Row) -> dict[str, Any]:
    return {"dim": True} if row.settled else {"fg": "yellow"}


def _subject(subject: Subject) -> str:
    return (
        f"{subject.kind} {subject.namespace}/{subject.name}" if subject.namespace else f"{subject.kind} {subject.name}"
    )


def _finding(finding: Finding) -> str:
    word = click.style(f"{finding.severity}:", fg="red" if finding.severity == "error" else "yellow", bold=True)
    command = f"\n  {printable(finding.command)}" if finding.command else ""
    return f"{word} {printable(finding.message)} [{finding.id}]{command}"


def _summary(status: Status) -> str:
    settled = sum(row.settled for row in status.rows)
    told = report.count(len(status.findings), "finding") if status.findings else "nothing wrong"
    lines = [f"{status.environment}: {report.count(len(status.rows), status.noun)}, {settled} synced, {told}"]
    if status.readers:
        subjects = {by: {r.subject for r in status.readers if r.by_access is by} for by in (True, False)}
        others = len(subjects[False] - subjects[True])
        lines.append(
            f"  may read them: {len(subjects[True])} by access:, {report.count(others, 'other')} (-v lists them)"
        )
    lines.extend(f"  not seen: {printable(text)}" for text in status.unseen)
    return "\n".join(lines)


# --- for programs ---


def _data(status: Status) -> dict[str, Any]:
    return {
        "environment": status.environment,
        "settled": status.settled,
        f"{status.noun.replace(' ', '_')}s": [
            {
                "namespace": row.name.namespace,
                "name": row.name.name,
                "synced": str(row.synced),
                "differs": None if row.differs is None else list(row.differs),
                "secret": str(row.secret),
                "detail": row.detail or None,
                "changed": _time(row.changed),
                **({"refreshed": _time(row.refreshed)} if status.refreshes else {}),
            }
            for row in status.rows
        ],
        "restarts": [
            {
                "namespace": restart.workload.namespace,
                "kind": restart.workload.kind,
                "name": restart.workload.name,
                "pods": list(restart.pods),
                "secret": restart.secret.name,
                "changed": _time(restart.changed),
                "source": restart.source,
                "where": list(restart.where),
            }
            for restart in status.restarts
        ],
        "readers": [
            {
                "kind": reader.subject.kind,
                "name": reader.subject.name,
                "subject_namespace": reader.subject.namespace or None,
                "namespace": reader.namespace,
                "secrets": None if reader.secrets is None else list(reader.secrets),
                "verbs": list(reader.verbs),
                "through": list(reader.through),
                "by_access": reader.by_access,
            }
            for reader in status.readers
        ],
        "findings": [
            {
                "id": finding.id,
                "severity": str(finding.severity),
                "message": finding.message,
                "command": finding.command,
            }
            for finding in status.findings
        ],
        "unseen": list(status.unseen),
    }


def _time(time_: dt.datetime | None) -> str | None:
    return None if time_ is None else time_.isoformat()
