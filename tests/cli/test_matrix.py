"""The environments that a change touches, for a job of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, empty

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with a base, two environments with a template each, and a template that others include."""
    project = empty(tmp_path)
    project.write("environments/base.yaml", "values: {token: {generate: uuid}}\n")
    for name in ("staging", "production"):
        project.environment(name, extends="base", secrets=[name])
        project.template(name, {"token": "{{ values.token }}"})
    project.write("templates/shared.j2", "app: x\n")
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "-q")
    assert project.run("seal", "--all", "-q") == (0, "", "")
    commit(project)
    return project


def commit(project: Project) -> None:
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "a commit")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("environments/staging.yaml", ["staging"]),
        ("environments/staging.lock", ["staging"]),
        ("environments/base.yaml", ["production", "staging"]),
        ("environments/certificates/controller.pem", ["production", "staging"]),
        ("templates/production.yaml.j2", ["production"]),
        ("templates/shared.j2", ["production", "staging"]),
        ("k8s/overlays/production/production.yaml", ["production"]),
        ("k8s/overlays/production/new.yaml", ["production"]),
        ("README.md", []),
    ],
)
def test_an_environment_is_touched_by_its_own_files(path: str, names: list[str], project: Project) -> None:
    before = project.read(path) if (project.root / path).exists() else b""
    project.write(path, before + b"\n")
    expected = "".join(f"{name}\n" for name in names)
    assert project.run("matrix") == (0, expected, "")
    results = [{"environment": name, "files": [path]} for name in names]
    assert project.run("matrix", "--json").document["results"] == results
    commit(project)
    assert project.run("matrix") == (0, "", "")
    assert project.run("matrix", "HEAD~..HEAD") == (0, expected, "")
    assert project.run("matrix", "--merge-base", "HEAD~") == (0, expected, "")


def test_what_can_not_be_read_is_touched_by_any_environment_file(project: Project) -> None:
    project.write("environments/staging.yaml", "{")
    commit(project)
    project.write("environments/base.yaml", project.read("environments/base.yaml") + b"\n")
    assert project.run("matrix") == (0, "production\nstaging\n", "")


def test_a_path_is_refused(project: Project) -> None:
    ended = project.run("matrix", "templates")
    assert ended.code == 2
    assert ended.err.splitlines()[0] == "error: 'templates' is no commit; a matrix is of all files"


def test_an_environment_is_touched_by_the_files_that_encrypt_its_values(project: Project) -> None:
    file = "environments/shared.values.age"
    stores = {"local": {"kind": "age", "file": file, "recipients": ["age1" + "q" * 58]}}
    project.change("staging", stores=stores, values={"password": {"age": "password"}})
    project.change("production", values={"password": {"sops": "secrets/production.yaml", "property": "x"}})
    commit(project)
    project.write(file, "x")
    assert project.run("matrix") == (0, "staging\n", "")
    project.write("secrets/production.yaml", "x")
    assert project.run("matrix") == (0, "production\nstaging\n", "")
