"""Makes ``docs/review.png``: a comment on a pull request, as ``sealgen diff --format markdown`` writes it.

``python -m tests.support.picture`` at the repository's root makes it anew; it takes Chromium, and markdown-it-py of the
conformance extra.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml

from tests.support.browser import screenshot
from tests.support.comment import page
from tests.support.project import Project, aura

WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: backend}
spec:
  template:
    spec:
      containers:
      - {name: app, envFrom: [{secretRef: {name: backend-secrets}}]}
"""


def reviewed(root: Path) -> str:
    """Return the comment on a change of a project: a rotation, with something that nothing explains beside it."""
    project = aura(root)
    project.environment("production", **_of(project))
    overlay = "k8s/overlays/production"
    project.write(f"{overlay}/backend.yaml", WORKLOAD)
    project.write(f"{overlay}/kustomization.yaml", "resources:\n- backend.yaml\n")
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "-q")
    for name in ("staging", "production"):
        project.run("seal", name, "-q")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "first")
    for name in ("staging", "production"):
        project.run("seal", name, "-q", "--rotate", "redis_password")
    _swap(project, f"{overlay}/backend-secrets.yaml", "JWT_SECRET_KEY", "SMTP_PASSWORD")
    project.edit("environments/production.yaml", "    env: SMTP_PASSWORD", "    exec: [pass, show, smtp]")
    return project.run("diff", "--format", "markdown").out


def _of(project: Project) -> dict[str, object]:
    given = yaml.safe_load(project.read("environments/staging.yaml"))
    return {field: given[field] for field in ("vars", "values", "secrets")}


def _swap(project: Project, path: str, one: str, other: str) -> None:
    lines = project.read(path).decode().splitlines(keepends=True)
    places = [next(i for i, line in enumerate(lines) if line.strip().startswith(f"{key}:")) for key in (one, other)]
    texts = [lines[place].partition(":")[2] for place in places]
    for place, text in zip(places, reversed(texts), strict=True):
        lines[place] = lines[place].partition(":")[0] + ":" + text
    project.write(path, "".join(lines))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        comment = reviewed(Path(folder) / "project")
        screenshot(page(comment), Path("docs/review.png").absolute(), 980, 535)
