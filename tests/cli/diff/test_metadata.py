"""What stands around the ciphertexts: labels, annotations, types, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.diff.history import BACKEND, TEMPLATE, Case, edit, is_told, seal

if TYPE_CHECKING:
    from tests.support.project import Project


def in_windows(project: Project) -> None:
    """Write every file as a checkout with core.autocrlf does."""
    for path, content in project.contents().items():
        project.write(path, content.replace(b"\n", b"\r\n"))


CASES: dict[str, Case] = {
    "a label that changed": (
        [edit(TEMPLATE, "app: backend", "app: frontend"), seal()],
        ["backend-secrets metadata labels.app: backend → frontend"],
        0,
    ),
    "a manifest with another line end": (
        [lambda project: project.write(BACKEND, project.read(BACKEND).replace(b"\n", b"\r\n"))],
        [],
        0,
    ),
    "a template that changes nothing": ([edit(TEMPLATE, "type: Opaque", "type: Opaque  # as ever")], [], 0),
    "an annotation in a template": (
        [edit(TEMPLATE, "  labels:\n", "  annotations: {team: backend}\n  labels:\n"), seal()],
        [
            "backend-secrets metadata annotations.team: + backend",
        ],
        0,
    ),
    "a label that went": (
        [edit(TEMPLATE, "  labels:\n    app: backend\n", "  labels: {}\n"), seal()],
        [
            "backend-secrets metadata labels.app: - backend",
        ],
        0,
    ),
    "another type": (
        [edit(TEMPLATE, "type: Opaque", "type: example.org/backend"), seal()],
        [
            "backend-secrets metadata type: Opaque → example.org/backend",
        ],
        0,
    ),
    "a Secret that is immutable": (
        [edit(TEMPLATE, "type: Opaque", "type: Opaque\nimmutable: true"), seal()],
        [
            "backend-secrets metadata immutable: + true",
        ],
        0,
    ),
    "a checkout in Windows": ([in_windows], [], 0),
    "an owner that the controller does not set": (
        [
            edit(
                BACKEND,
                "    metadata:\n      labels:",
                "    metadata:\n      annotations:\n"
                '        sealedsecrets.bitnami.com/skip-set-owner-references: "true"\n      labels:',
            )
        ],
        [
            "! backend-secrets metadata annotations.sealedsecrets.bitnami.com/skip-set-owner-references: + true",
        ],
        11,
    ),
    "a controller's annotation": (
        [
            edit(
                BACKEND,
                "    metadata:\n      labels:",
                '    metadata:\n      annotations:\n        sealedsecrets.bitnami.com/managed: "true"\n      labels:',
            )
        ],
        ["! backend-secrets metadata annotations.sealedsecrets.bitnami.com/managed: + true"],
        11,
    ),
    "a template that the controller runs": (
        [edit(BACKEND, "  template:\n", "  template:\n    data:\n      X: '{{ .JWT_SECRET_KEY }}'\n")],
        ["! backend-secrets metadata data.X: + {{ .JWT_SECRET_KEY }}"],
        11,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_told_for_what_it_is(case: Case, project: Project) -> None:
    is_told(case, project)
