"""Many environments are worked on at once, and it looks as if they had been in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgen.cli.abreast import MANY
from tests.support.project import Project, aura
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [f"env-{number:02}" for number in range(MANY + 3)]
SECRETS = ("backend-secrets", "postgres-secrets", "redis-secrets")
KEYS = 7


@pytest.fixture
def many(tmp_path: Path) -> Project:
    """Return a project of more environments than are worked on in turn, never sealed."""
    project = aura(tmp_path)
    text = project.read("environments/staging.yaml").decode()
    for name in NAMES:
        project.write(f"environments/{name}.yaml", text.replace("k8s/overlays/staging", f"k8s/overlays/{name}"))
    return project


def test_each_is_told_in_the_order_of_the_command_line(many: Project) -> None:
    ended = many.execute("seal", *reversed(NAMES))
    assert (ended.code, ended.err) == (0, "")
    lines = [line for line in ended.out.splitlines() if ": " in line and "secrets" in line.split(": ")[1]]
    assert lines == [f"{name}: 3 secrets, 7 keys, 7 sealed" for name in reversed(NAMES)]
    assert all(len(many.unsealed(name)) == KEYS for name in NAMES)
    again = many.execute("seal", *NAMES, "--json").document
    assert [result["environment"] for result in again["results"]] == NAMES


def test_one_that_fails_is_told_in_its_place_and_the_others_are_done(many: Project) -> None:
    many.edit("environments/env-03.yaml", "namespace:", "namespaces:")
    ended = many.execute("seal", *NAMES, "-q")
    assert ended == (
        2,
        "",
        "error: environments/env-03.yaml:1:1: unknown field 'namespaces'; did you mean 'namespace'?\n",
    )
    assert all(len(many.unsealed(name)) == KEYS for name in NAMES if name != "env-03")


def test_what_one_warns_of_comes_before_what_it_says(many: Project) -> None:
    many.edit("environments/env-05.yaml", "literal: aura", "literal: CHANGEME")
    ended = many.execute("seal", *NAMES)
    assert ended.code == 0
    assert ended.err.startswith("warning: postgres-secrets/postgres-user: the value looks like a placeholder")


def test_a_person_is_asked_as_if_it_were_alone(many: Project) -> None:
    many.edit("environments/env-04.yaml", "env: SMTP_PASSWORD", "prompt: The password")
    session = at_terminal(many, "seal", *NAMES, "-q", answers=["hunter2", "hunter2"])
    assert session.code == 0
    assert many.unsealed("env-04")["backend-secrets/SMTP_PASSWORD"] == b"hunter2"
    assert all(len(many.unsealed(name)) == KEYS for name in NAMES)


def test_environments_that_share_a_folder_are_not_in_each_others_way(many: Project) -> None:
    for name in NAMES:
        filenames = [{"name": secret, "filename": f"{name}-{secret}.yaml"} for secret in SECRETS]
        many.change(name, output="k8s/all", secrets=filenames)
    assert many.execute("seal", *NAMES, "-q") == (0, "", "")
    assert len(list((many.root / "k8s/all").iterdir())) == 3 * len(NAMES) + 1
    assert many.execute("plan", *NAMES, "-q") == (0, "", "")
