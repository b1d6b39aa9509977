"""What reads the files for hooks and CI takes them: pre-commit runs the hooks, and checkers find nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance.conftest import tool
from tests.support.project import SMTP_PASSWORD, Project, aura, environ

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
AWS_KEY = "AKIA" + "QYLPMN5HHHFPZAM2"
"""What gitleaks knows by its form, and nobody's."""


def run(arguments: Sequence[str | Path], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    author = {f"GIT_{role}_{what}": "a@aura.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    pip = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTPS_", "HOME"))}
    env = {**environ(), **pip, **author, **more}
    del env["PYTHONPATH"]
    return subprocess.run(arguments, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, sealed and committed."""
    project = aura(tmp_path / "project")
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "--quiet")
    assert project.run("seal", "staging", "-q").code == 0
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "first")
    return project


# --- pre-commit ---


@pytest.fixture(scope="session")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return pre-commit, and a repository with what it installs of this tree."""
    program = tool("pre-commit")
    folder = tmp_path_factory.mktemp("hooks") / "sealgen"
    shutil.copytree(ROOT / "sealgen", folder / "sealgen", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".pre-commit-hooks.yaml", "LICENSE"):
        shutil.copy2(ROOT / name, folder)
    for arguments in (("init", "-q"), ("add", "--all"), ("commit", "-q", "-m", "sealgen")):
        assert run(["git", *arguments], folder).returncode == 0
    return program, folder


def configure(project: Project, hooks: tuple[str, Path]) -> None:
    program, repository = hooks
    revision = run(["git", "rev-parse", "HEAD"], repository).stdout.strip()
    project.write(
        ".pre-commit-config.yaml",
        f"repos:\n- repo: {repository}\n  rev: {revision}\n  hooks: [{{id: sealgen-check}}, {{id: sealgen-scan}}]\n",
    )
    project.git("add", "--all")
    assert run([program, "install"], project.root).returncode == 0


def test_pre_commit_runs_the_hooks(project: Project, hooks: tuple[str, Path], tmp_path: Path) -> None:
    configure(project, hooks)
    home = {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    done = run(["git", "commit", "-m", "with hooks"], project.root, **home)
    assert done.returncode == 0, done.stderr
    assert [line.rpartition(".")[2] for line in done.stderr.splitlines() if line.startswith("sealgen")] == [
        "Passed",
        "Passed",
    ]
    project.write("notes.txt", f"{SMTP_PASSWORD}\n")
    project.write("plain.yaml", "kind: Secret\n")
    project.git("add", "--all")
    done = run(["git", "commit", "-m", "leak"], project.root, **home)
    assert done.returncode == 1
    assert "error: plain.yaml:1: a plain Secret is tracked by Git [plaintext-secret]" in done.stderr
    assert "notes.txt:1: smtp_password of staging, as it is" in done.stderr
    assert SMTP_PASSWORD not in done.stderr


# --- workflows ---


def test_actionlint_finds_nothing() -> None:
    done = run([tool("actionlint"), *WORKFLOWS], ROOT)
    assert (done.returncode, done.stdout) == (0, "")


def test_zizmor_finds_nothing() -> None:
    options = ["--offline", "--no-progress", "--format", "json"]
    done = run([tool("zizmor"), *options, ROOT / "action.yml", *WORKFLOWS], ROOT)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


# --- gitleaks ---


@pytest.mark.parametrize("mode", ["git", "dir"])
def test_gitleaks_leaves_what_is_sealed_alone_and_nothing_else(mode: str, project: Project, tmp_path: Path) -> None:
    gitleaks = tool("gitleaks")
    report, config = tmp_path / "report.json", tmp_path / "gitleaks.toml"

    def found(*more: str | Path) -> set[tuple[str, str]]:
        common: list[str | Path] = ["--no-banner", "--report-format", "json", "--report-path", report]
        run([gitleaks, mode, ".", *common, *more], project.root)
        return {(Path(leak["File"]).name, leak["RuleID"]) for leak in json.loads(report.read_text())}

    # A ciphertext may hold a word by chance, such as "user", for which gitleaks lets it pass.
    for _ in range(20):
        if found():
            break
        assert project.run("seal", "staging", "-q", "--rotate", "jwt_secret_key") == (0, "", "")
        project.git("commit", "--all", "--quiet", "-m", "rotate")
    assert {rule for _, rule in found()} == {"generic-api-key"}
    config.write_text(project.run("check", "--all", "--gitleaks").out)
    assert found("--config", config) == set()
    for path in (project.manifest("redis-secrets"), "environments/staging.lock"):
        project.write(path, project.read(path) + f"# {AWS_KEY}\napi_key: q8Zt3vKx1LmN0pRs7WyBq8Zt\n".encode())
    project.git("commit", "--all", "--quiet", "-m", "leak")
    assert found("--config", config) == {
        (name, rule)
        for name in ("redis-secrets.yaml", "staging.lock")
        for rule in ("aws-access-token", "generic-api-key")
    }
