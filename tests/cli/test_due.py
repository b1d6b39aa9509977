"""``sealgen due``: which values are due, in every format, by the lock alone; and no format shows a value."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sealgen.cli.abreast import MANY
from tests.support.calendars import events
from tests.support.project import SMTP_PASSWORD, Project, aura

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = {"SEALGEN_FINGERPRINT_KEY": None, "SMTP_PASSWORD": None}
SCHEDULED = {"jwt_secret_key": "90d", "postgres_password": "180d", "smtp_password": "30d"}
FORMATS = ["text", "json", "ics", "markdown", "prometheus"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project after its first run; three of its values grow old."""
    project = aura(tmp_path)
    for name, every in SCHEDULED.items():
        project.edit("environments/staging.yaml", f"  {name}:\n", f"  {name}:\n    rotate_every: {every}\n")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def passed(project: Project, days: int, environment: str = "staging") -> None:
    """Let all versions of the lock be so old."""
    path = f"environments/{environment}.lock"
    date = f'"date":"{today() - dt.timedelta(days)}"'
    project.write(path, re.sub(r'"date":"[0-9-]+"', date, project.read(path).decode()))


def on(days: int) -> str:
    """Return the date that is so many days ahead."""
    return str(today() + dt.timedelta(days))


def test_what_it_says_where_nothing_is_due(project: Project) -> None:
    assert project.run("due", env=NOTHING) == (
        0,
        (
            "staging\n"
            "  VALUE              DUE         WHEN         AGE     EVERY     SOURCE\n"
            f"  smtp_password      {on(30)}  in 30 days   0 days  30 days   env\n"
            f"  jwt_secret_key     {on(90)}  in 90 days   0 days  90 days   generate\n"
            f"  postgres_password  {on(180)}  in 180 days  0 days  180 days  generate\n"
            "staging: 3 values, nothing due\n"
        ),
        "",
    )


def test_what_it_says_of_what_is_due(project: Project) -> None:
    passed(project, 90)
    assert project.run("due", "staging", "-v", env=NOTHING) == (
        11,
        (
            "staging\n"
            "  VALUE              DUE         WHEN             AGE      EVERY     SOURCE\n"
            f"  smtp_password      {on(-60)}  60 days overdue  90 days  30 days   env\n"
            f"  jwt_secret_key     {on(0)}  today            90 days  90 days   generate\n"
            f"  postgres_password  {on(90)}  in 90 days       90 days  180 days  generate\n"
            "staging: 3 values, 1 overdue, 1 due\n"
            "  make the next versions: sealgen rotate staging --due\n"
            "  change where they are: smtp_password (env)\n"
            "  no rotate_every: redis_password\n"
        ),
        "",
    )


def test_what_it_advises_is_all_that_is_made_and_due(project: Project) -> None:
    passed(project, 89)
    assert project.run("due", "-q", env=NOTHING).code == 11
    told = project.run("due", env=NOTHING).out
    assert "staging: 3 values, 1 overdue, 1 soon\n  change where they are: smtp_password (env)\n" in told
    assert "sealgen rotate" not in told
    passed(project, 90)
    assert project.run("rotate", "staging", "--due", "-q").code == 0
    assert "staging: 3 values, 1 overdue\n" in project.run("due", env=NOTHING).out


def test_quiet_is_what_is_due_and_no_more(project: Project) -> None:
    assert project.run("due", "-q", env=NOTHING) == (0, "", "")
    passed(project, 30)
    assert project.run("due", "-q", env=NOTHING) == (
        11,
        (
            "staging\n"
            "  VALUE          DUE         WHEN   AGE      EVERY    SOURCE\n"
            f"  smtp_password  {on(0)}  today  30 days  30 days  env\n"
        ),
        "",
    )


@pytest.mark.parametrize(
    ("within", "values"),
    [("29d", []), ("30d", ["smtp_password"]), ("13w", ["smtp_password", "jwt_secret_key"]), ("1y", list(SCHEDULED))],
)
@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_due_later_can_be_left_out_of_every_format(
    project: Project, within: str, values: list[str], format_: str
) -> None:
    ended = project.run("due", "--within", within, "--format", format_, env=NOTHING)
    assert (ended.code, ended.err) == (0, "")
    assert {
        name for name in SCHEDULED if name.replace("_", "&#95;" if format_ == "markdown" else "_") in ended.out
    } == (set(values))


def test_what_is_due_already_is_never_left_out(project: Project) -> None:
    passed(project, 90)
    ended = project.run("due", "--within", "1d", "--json", env=NOTHING)
    assert ended.code == 11
    assert [value["left"] for value in ended.document["results"][0]["values"]] == [-60, 0]


def test_json(project: Project) -> None:
    passed(project, 25)
    ended = project.run("due", "staging", "--format", "json", env=NOTHING)
    assert project.run("due", "staging", "--json", env=NOTHING) == ended
    document = ended.document
    assert (ended.code, document["command"], document["exit_code"], document["errors"]) == (0, "due", 0, [])
    (result,) = document["results"]
    assert {name: result[name] for name in ("environment", "namespace", "ageless")} == {
        "environment": "staging",
        "namespace": "aura-staging",
        "ageless": ["redis_password"],
    }
    assert [value["value"] for value in result["values"]] == ["smtp_password", "jwt_secret_key", "postgres_password"]
    # A tenth of thirty days is three.
    assert result["values"][0] == {
        "value": "smtp_password",
        "source": "env",
        "made": False,
        "rotated": on(-25),
        "due": on(5),
        "every": 30,
        "age": 25,
        "left": 5,
        "standing": "later",
    }


def test_a_calendar(project: Project) -> None:
    document = project.run("due", "--format", "ics", env=NOTHING).out
    assert [(str(event["SUMMARY"]), str(event["DTSTART"].dt)) for event in events(document)] == [
        ("Rotate smtp_password of staging", on(30)),
        ("Rotate jwt_secret_key of staging", on(90)),
        ("Rotate postgres_password of staging", on(180)),
    ]
    assert document.count("\n") == document.count("\r\n")


def test_metrics(project: Project) -> None:
    document = project.run("due", "--format", "prometheus", env=NOTHING).out
    due, rotated = text_string_to_metric_families(document)
    assert {sample.labels["value"]: sample.value for sample in due.samples} == {
        name: dt.datetime.fromisoformat(f"{on(int(every[:-1]))}T00:00:00Z").timestamp()
        for name, every in SCHEDULED.items()
    }
    assert {sample.value for sample in rotated.samples} == {dt.datetime.fromisoformat(f"{on(0)}T00:00:00Z").timestamp()}


def test_markdown(project: Project) -> None:
    passed(project, 90)
    ended = project.run("due", "--format", "markdown", env=NOTHING)
    assert ended.code == 11
    lines = ended.out.splitlines()
    assert lines[0] == "### Rotation of secret values: 2 findings"
    assert lines[2:6] == [
        "<details open><summary><b>staging</b>: 3 values, 2 findings</summary>",
        "",
        "| | value | due | is | when |",
        "|-|-|-|-|-|",
    ]
    assert lines[6].startswith("| 🛑 | <code>smtp&#95;password</code> | ")
    assert lines[6].endswith(
        f"| overdue | <code>60 days overdue&#58; version of {on(-90)}, every 30 days&#59; "
        "read &#40;env&#41;, so it is changed there</code> |"
    )
    assert lines[7].startswith("| ⚠️ | <code>jwt&#95;secret&#95;key</code> | ")
    assert lines[8].startswith("|  | <code>postgres&#95;password</code> | ")


def test_markdown_of_nothing(tmp_path: Path) -> None:
    project = aura(tmp_path)
    assert project.run("due", "--format", "markdown").out == ("### Rotation of secret values\n\nNo value is due.\n")


@pytest.mark.parametrize("format_", FORMATS)
def test_no_format_shows_a_value(project: Project, format_: str) -> None:
    project.edit(
        "environments/staging.yaml", "    literal: aura\n", "    literal: aura-canary\n    rotate_every: 10d\n"
    )
    assert project.run("seal", "staging", "-q", "--rotate", "postgres_password").code == 0
    passed(project, 500)
    ended = project.run("due", "-v", "--format", format_)
    assert ended.code == 11
    values = {text.decode() for text in project.unsealed().values()} | {SMTP_PASSWORD, "aura-canary"}
    assert not [text for text in values if text in ended.out + ended.err]


def test_all_environments_are_told_of_unless_some_are_named(project: Project) -> None:
    project.write("environments/production.yaml", project.read("environments/staging.yaml"))
    project.environment("local", backend={"kind": "plain"}, values={}, secrets=[])
    project.change("production", namespace="aura-production", output="k8s/overlays/production")
    assert project.run("seal", "production", "-q").code == 0
    passed(project, 90, "production")
    ended = project.run("due", env=NOTHING)
    assert ended.code == 11
    assert [line for line in ended.out.splitlines() if re.match("[a-z]+:", line)] == [
        "local: nothing is sealed",
        "production: 3 values, 1 overdue, 1 due",
        "staging: 3 values, nothing due",
    ]
    assert project.run("due", "staging", env=NOTHING).code == 0
    assert [result["environment"] for result in project.run("due", "--json").document["results"]] == [
        "local",
        "production",
        "staging",
    ]


def test_many_environments_are_in_one_document(project: Project) -> None:
    for number in range(MANY):
        name = f"e{number}"
        project.write(f"environments/{name}.yaml", project.read("environments/staging.yaml"))
        project.write(f"environments/{name}.lock", project.read("environments/staging.lock"))
    document = project.execute("due", "--format", "ics", env=NOTHING).out
    assert len(events(document)) == 3 * (MANY + 1)


def test_what_was_never_sealed_has_no_age(tmp_path: Path) -> None:
    project = aura(tmp_path)
    project.edit("environments/staging.yaml", "  jwt_secret_key:\n", "  jwt_secret_key:\n    rotate_every: 1d\n")
    told = "staging: no value grows old: none that is in the lock has a rotate_every\n"
    assert project.run("due") == (0, told, "")


def test_it_needs_neither_templates_nor_the_overlay(project: Project) -> None:
    before = project.run("due", env=NOTHING)
    for path in ("templates/redis-secrets.yaml.j2", "k8s/overlays/staging/redis-secrets.yaml"):
        (project.root / path).unlink()
    assert project.run("due", env=NOTHING) == before


@pytest.mark.parametrize("format_", FORMATS)
def test_an_environment_that_can_not_be_read_is_an_error_and_the_others_are_told(
    project: Project, format_: str
) -> None:
    project.write("environments/broken.yaml", "namespace: [\n")
    ended = project.run("due", "--format", format_, env=NOTHING)
    assert ended.code == 2
    told = ended.out if format_ == "json" else ended.err
    assert "environments/broken.yaml" in told
    assert SCHEDULED.keys() <= set(re.findall("[a-z_]+", ended.out.replace("&#95;", "_")))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--within", "30"), "Invalid value for '--within': '30' is no duration; write it as 30d, 12w, 2y"),
        (("--within", "0d"), "Invalid value for '--within': '0d' is no duration; write it as 30d, 12w, 2y"),
        (("--within", "1m\n"), r"Invalid value for '--within': '1m\n' is no duration; write it as 30d, 12w, 2y"),
        (
            ("--all",),
            "no option '--all'; known are --format, --help, --json, --no-color, --quiet, --verbose, --within",
        ),
        (
            ("--format", "csv"),
            "Invalid value for '--format': 'csv' is not one of 'text', 'json', 'ics', 'markdown', 'prometheus'.",
        ),
    ],
)
def test_a_command_line_that_can_not_be_right(project: Project, arguments: tuple[str, ...], message: str) -> None:
    assert project.run("due", *arguments) == (2, "", f"error: {message}\nTry 'sealgen due --help'.\n")


def test_an_unknown_environment(project: Project) -> None:
    assert project.run("due", "stagin") == (
        2,
        "",
        "error: there is no environment 'stagin' (environments/stagin.yaml); did you mean 'staging'?\n",
    )


def test_a_lock_that_is_malformed(project: Project) -> None:
    project.write("environments/staging.lock", project.read("environments/staging.lock") + b"x\n")
    ended = project.run("due", "--json")
    assert ended.code == 2
    (error,) = json.loads(ended.out)["errors"]
    assert (error["file"], error["message"]) == (
        "environments/staging.lock",
        "not a line of a lock as sealgen writes it; restore it from Git",
    )
