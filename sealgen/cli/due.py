"""``sealgen due``: which values are due for rotation, and when the others will be."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, report
from sealgen.cli.settings import complete_environment, global_options, settings
from sealgen.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgen.config.project import Project
    from sealgen.rotation.schedule import Age, Schedule

FORMATS = ("text", "json", "ics", "markdown", "prometheus")
_STYLES: dict[str, dict[str, Any]] = {
    "overdue": {"fg": "red", "bold": True},
    "due": {"fg": "yellow", "bold": True},
    "soon": {"fg": "yellow"},
    "later": {},
}


def _days(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    from sealgen.yaml.schema import DAYS  # noqa: PLC0415  (--help needs none)

    if text is None:
        return None
    duration = DAYS.measure(text)
    if duration is None:
        raise click.BadParameter(f"'{printable(text)}' is no duration; write it as {DAYS.examples}")
    return duration


@click.command("due")
@click.argument("names", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option("--within", metavar="DURATION", callback=_days, help="Only what is due by then: 30d, 12w or 1y ahead.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default=None, help="Default: text.")
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], within: int | None, format_: str | None) -> int:
    """Show which values are due for rotation, and when the others will be.

    Of all environments, unless some are named. A value is due when its version is as old as its rotate_every, by the
    date in the lock; neither a plaintext nor a key is needed. Exits 0 when nothing is due, 11 when something is.
    """
    if format_ == "json":
        settings(context).json = True
    today = dt.datetime.now(dt.UTC).date()

    def run(project: Project, name: str) -> each.Outcome:
        from sealgen.config.backends import PlainBackend  # noqa: PLC0415
        from sealgen.reconcile.scheduled import scheduled  # noqa: PLC0415
        from sealgen.rotation.reporting import data  # noqa: PLC0415

        environment = project.environment(name)
        schedule = scheduled(project, environment, today)
        if format_ in (None, "text"):
            if isinstance(environment.backend, PlainBackend):
                report.say(f"{name}: nothing is sealed")
            else:
                _print(schedule, within)
        late = any(age.is_due for age in schedule.ages)
        return each.Outcome(11 if late else 0, data(_by(schedule, within)))

    return each.environment(context, "due", names, not names, run, _renderer(format_))


def _by(schedule: Schedule, within: int | None) -> Schedule:
    """Return the part of a schedule that is due in so many days, all of it for None."""
    chosen = (age for age in schedule.ages if within is None or age.left <= within)
    return replace(schedule, ages=tuple(chosen))


def _renderer(format_: str | None) -> Callable[..., str] | None:
    if format_ in (None, "text", "json"):
        return None

    def render(results: Sequence[dict[str, Any]], _: Sequence[dict[str, Any]]) -> str:
        from sealgen.formats.markdown import markdown  # noqa: PLC0415
        from sealgen.rotation import ics, prometheus, reporting  # noqa: PLC0415

        if format_ == "ics":
            return ics.calendar(results)
        return prometheus.metrics(results) if format_ == "prometheus" else markdown(reporting.report(results))

    return render


def _print(schedule: Schedule, within: int | None) -> None:
    # Quiet is what is wrong alone.
    rows = [age for age in _by(schedule, within).ages if report.is_heard() or age.is_due]
    if rows:
        report.wrong(_table(schedule.environment, rows))
    report.say(_summary(schedule))
    if schedule.ageless and settings(click.get_current_context()).verbose:
        report.say(f"  no rotate_every: {', '.join(schedule.ageless)}")


def _table(environment: str, ages: Sequence[Age]) -> str:
    from sealgen.rotation.reporting import when  # noqa: PLC0415
    from sealgen.rotation.schedule import days  # noqa: PLC0415

    cells = [(age.value, str(age.due), when(age.left), days(age.days), days(age.every), age.source) for age in ages]
    styles = [_STYLES[age.standing] for age in ages]
    lines = report.table(("value", "due", "when", "age", "every", "source"), cells, styles)
    return f"{click.style(environment, bold=True)}\n{lines}"


def _summary(schedule: Schedule) -> str:
    name, ages = schedule.environment, schedule.ages
    if not ages:
        return f"{name}: no value grows old: none that is in the lock has a rotate_every"
    counts = {word: sum(age.standing == word for age in ages) for word in _STYLES}
    told = ", ".join(f"{number} {word}" for word, number in counts.items() if number and word != "later")
    lines = [f"{name}: {report.count(len(ages), 'value')}, {told or 'nothing due'}"]
    late = [age for age in ages if age.is_due]
    if any(age.made for age in late):
        lines.append(f"  make the next versions: sealgen rotate {name} --due")
    if read := [f"{age.value} ({age.source})" for age in late if not age.made]:
        lines.append(f"  change where they are: {', '.join(read)}")
    return "\n".join(lines)
