"""What programs of steps have in their environment: what sealgen has, less its key, and the cluster that is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealgen.config.cluster import ClusterSettings
from sealgen.config.files import WorkTree
from sealgen.config.project import Project
from sealgen.execution.surroundings import environ_of
from sealgen.values.fingerprint import KEY_VARIABLE

GIVEN = {"PATH": "/bin", KEY_VARIABLE: "x", "A": "b"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose state has a folder for rotations."""
    (tmp_path / ".sealgen/rotations").mkdir(parents=True)
    return Project(WorkTree(tmp_path))


def test_without_a_cluster_only_the_fingerprint_key_is_taken_out(project: Project) -> None:
    assert environ_of(project, "staging", ClusterSettings(), GIVEN) == {"PATH": "/bin", "A": "b"}
    given = {"KUBECONFIG": "mine"}
    assert environ_of(project, "staging", ClusterSettings(), given) == given


@pytest.mark.parametrize(
    ("kubeconfig", "variable", "expected"),
    [
        (None, None, str(Path("~/.kube/config").expanduser())),
        (None, "one:two", "one:two"),
        ("kube/config", "one", "{root}/kube/config"),
        ("~/aura", None, str(Path("~/aura").expanduser())),
    ],
)
def test_a_context_comes_first_whatever_the_kubeconfig(
    project: Project, kubeconfig: str | None, variable: str | None, expected: str
) -> None:
    given = GIVEN if variable is None else {**GIVEN, "KUBECONFIG": variable}
    settings = ClusterSettings(kubeconfig, "aura: staging")
    first = project.root / ".sealgen/rotations/staging.kubeconfig"
    found = environ_of(project, "staging", settings, given)["KUBECONFIG"]
    assert found == f"{first}:{expected.format(root=project.root)}"
    assert json.loads(first.read_bytes()) == {"apiVersion": "v1", "kind": "Config", "current-context": "aura: staging"}


def test_a_kubeconfig_alone_takes_the_place_of_the_variable(project: Project) -> None:
    found = environ_of(project, "staging", ClusterSettings("config"), {"KUBECONFIG": "other"})
    assert found == {"KUBECONFIG": f"{project.root}/config"}
