"""The README's commands, run in a fresh clone of this tree: what it shows is what a newcomer sees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Running the tests from a test would never end; CI runs this one from a fresh clone before anything else.
NOT_FROM_HERE = {"make test"}


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Return each command of the console blocks with the lines that are shown below it."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall(text):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the files of this tree that Git knows or would take, committed."""
    folder = tmp_path_factory.mktemp("clone") / "sealgen"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    author = ["-c", "user.name=A Newcomer", "-c", "user.email=newcomer@example.org"]
    for arguments in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message=Clone"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the README in a shell, as a newcomer's: without this test's own environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    pip = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTPS_"))}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=kept | pip, capture_output=True, text=True, check=False
    )


@pytest.mark.fresh_clone
def test_the_readme_shows_what_its_commands_print(clone: Path) -> None:
    told = commands((ROOT / "README.md").read_text())
    assert [command for command, _ in told][:2] == ["make seal ENV=staging", "make test"]
    for command, shown in told:
        if command in NOT_FROM_HERE:
            continue
        done = run(command, clone)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        printed = re.sub(r"\(\d{4}-\d\d-\d\d\)", "(DATE)", done.stdout).splitlines()
        if "…" in shown:
            printed[shown.index("…") :] = ["…"]
        assert printed == shown, command
    # The setting up left nothing for Git to see but the rotation.
    status = run("git status --short", clone).stdout.splitlines()
    assert status == [" M environments/staging.lock", " M k8s/overlays/staging/backend-secrets.yaml"]
