"""What the tests of ``sealgen diff`` share: steps of a history, and how what is told of it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from tests.support.project import FINGERPRINT_KEY, SMTP_PASSWORD, Project, controller

if TYPE_CHECKING:
    from collections.abc import Callable

BACKEND = "k8s/overlays/staging/backend-secrets.yaml"
POSTGRES = "k8s/overlays/staging/postgres-secrets.yaml"
LOCK = "environments/staging.lock"
TEMPLATE = "templates/backend-secrets.yaml.j2"
ENVIRONMENT = "environments/staging.yaml"

Step: TypeAlias = "Callable[[Project], None]"
Case: TypeAlias = tuple[list[Step], list[str], int]
"""What is done, one step after another; what the table says of it, without its head; and the exit code."""


def commit(project: Project, message: str) -> None:
    project.git("add", "-A")
    project.git("commit", "-q", "-m", message)


def seal(*arguments: str) -> Callable[[Project], None]:
    def act(project: Project) -> None:
        assert project.run("seal", "staging", "-q", *arguments).code == 0

    return act


def edit(path: str, old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.edit(path, old, new)


def change(**fields: object) -> Callable[[Project], None]:
    return lambda project: project.change(**fields)


def line_of(project: Project, path: str, key: str) -> str:
    """Return the line of a key in a manifest."""
    return next(line for line in project.read(path).decode().splitlines() if line.strip().startswith(f"{key}:"))


def replace_ciphertext(project: Project, key: str, text: str) -> None:
    line = line_of(project, BACKEND, key)
    project.edit(BACKEND, line, f"{line.partition(':')[0]}: {text}")


def other_certificate(project: Project) -> None:
    project.write("environments/certificates/controller.pem", controller("other").certificate)


def also(path: str, **fields: object) -> Callable[[Project], None]:
    """Return a change of the environment file: these fields for one of its secrets."""
    names = ("backend-secrets", "postgres-secrets", "redis-secrets")
    return change(secrets=[{"name": name, **(fields if name == path else {})} for name in names])


def git(*arguments: str) -> Callable[[Project], None]:
    def act(project: Project) -> None:
        project.git(*arguments)

    return act


def rows(text: str) -> list[str]:
    """Return the rows of the tables, each with single spaces."""
    lines = [line for line in text.splitlines() if line.startswith("  ") and not line.strip().startswith("SECRET")]
    return [" ".join(line.split()) for line in lines]


def normal(text: str, project: Project) -> str:
    today = datetime.now(UTC).date()
    for date in (today, today - timedelta(days=1)):  # where it is midnight just now
        text = text.replace(str(date), "TODAY")
    return text.replace(project.controller.fingerprint, "PIN").replace(controller("other").fingerprint, "OTHER")


def is_told(case: Case, project: Project) -> None:
    """Prove that a change is told for what it is: in the work tree, between commits, and in every format."""
    steps, expected, code = case
    for step in steps:
        step(project)
    told = project.run("diff")
    assert told.err == ""
    assert rows(normal(told.out, project)) == expected
    assert told.code == code
    commit(project, "second")
    between = project.run("diff", "HEAD~..HEAD")
    assert (between.code, between.out) == (told.code, told.out)
    assert project.run("diff") == (0, "nothing sealed changed\n", "")
    for format_ in ("json", "markdown", "github", "sarif", "gitlab"):
        shown = project.run("diff", "HEAD~..HEAD", "--format", format_)
        assert shown.code == code
        for secret in (SMTP_PASSWORD, FINGERPRINT_KEY):
            assert secret not in shown.out
