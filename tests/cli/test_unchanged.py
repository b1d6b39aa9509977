"""A run on what is unchanged since the last one answers from memory, and any change whatever makes it look again."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

import sealgen
from sealgen.kubernetes import sealed_secret
from sealgen.overlay import seen
from sealgen.reconcile.manifests import render_manifests
from tests.support.project import Ended, Project, empty

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UP_TO_DATE = Ended(0, "staging: 2 secrets, 4 keys, up to date\n", "")
LITERAL = "a-literal-user"
GENERATED = {"user": {"literal": LITERAL}, "password": {"generate": "hex", "bytes": 24}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with all kinds of files, sealed, none of whose values is read."""
    project = empty(tmp_path)
    project.write("environments/base.yaml", "vars: {host: db}\n")
    project.environment(extends="base", values=GENERATED, secrets=["one", "two"])
    include = '{% include "part.yaml.j2" %}{% include "optional.yaml.j2" ignore missing %}'
    project.template("one", {"uri": "{{ values.user }}:{{ values.password }}@{{ vars.host }}", "more": include})
    project.template("two", {"user": "{{ values.user }}", "password": "{{ values.password }}"})
    project.write("templates/part.yaml.j2", "a part of it")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert memory(project).exists()
    return project


def memory(project: Project, environment: str = "staging") -> Path:
    return project.root / f".sealgen/{environment}.seen"


def run(project: Project, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[Ended, bool]:
    """Run the command line; return how it ended, and whether it looked at what is there."""
    with patch("sealgen.reconcile.survey.render_manifests", wraps=render_manifests) as looked:
        ended = project.run(*arguments, env=env)
    return ended, looked.called


@pytest.mark.parametrize("command", ["seal", "plan"])
def test_what_is_unchanged_is_answered_from_memory_in_the_same_words(project: Project, command: str) -> None:
    assert run(project, command, "staging") == (UP_TO_DATE, False)
    memory(project).unlink()
    assert run(project, command, "staging") == (UP_TO_DATE, True)


def test_a_manifest_is_only_parsed_where_it_is_not_as_it_would_be_written(project: Project) -> None:
    overlay = project.root / "k8s/overlays/staging"
    memory(project).unlink()
    with patch("sealgen.kubernetes.sealed_secret.read", wraps=sealed_secret.read) as parsed:
        assert project.run("plan", "staging") == UP_TO_DATE
        assert not parsed.called
        written = (overlay / "one.yaml").read_bytes()
        (overlay / "one.yaml").write_bytes(written.replace(b"    more: ", b"    more:  "))
        assert project.run("plan", "staging").code == 10
        assert parsed.call_count == 1
        (overlay / "one.yaml").write_bytes(written.replace(b"\n", b"\r\n"))
        assert project.run("plan", "staging") == UP_TO_DATE
        assert parsed.call_count == 1


def test_a_run_that_looks_and_finds_nothing_to_do_remembers_that(project: Project) -> None:
    memory(project).unlink()
    assert run(project, "seal", "staging") == (UP_TO_DATE, True)
    assert run(project, "seal", "staging") == (UP_TO_DATE, False)


def test_a_plan_remembers_nothing(project: Project) -> None:
    memory(project).unlink()
    assert run(project, "plan", "staging") == (UP_TO_DATE, True)
    assert not memory(project).exists()


def test_quiet_is_quiet_from_memory_too(project: Project) -> None:
    assert run(project, "seal", "staging", "-q") == ((0, "", ""), False)


def test_a_run_from_memory_changes_nothing(project: Project) -> None:
    before = project.tree()
    assert run(project, "seal", "staging") == (UP_TO_DATE, False)
    assert project.tree() == before


FILES = [
    "environments/staging.yaml",
    "environments/base.yaml",
    "environments/certificates/controller.pem",
    "environments/staging.lock",
    "templates/one.yaml.j2",
    "templates/two.yaml.j2",
    "templates/part.yaml.j2",
    "k8s/overlays/staging/one.yaml",
    "k8s/overlays/staging/two.yaml",
    "k8s/overlays/staging/kustomization.yaml",
]


def is_looked_at(project: Project) -> None:
    """Fail where a run answers from memory; what it finds may be an error."""
    for command in ("plan", "seal"):
        ended, looked = run(project, command, "staging")
        assert looked or ended.code, ended


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_is_changed_is_looked_at(project: Project, path: str) -> None:
    project.write(path, project.read(path) + b"\n")
    is_looked_at(project)


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_is_gone_is_noticed(project: Project, path: str) -> None:
    (project.root / path).unlink()
    is_looked_at(project)


@pytest.mark.parametrize("path", [*FILES, ".sealgen/staging.seen"])
def test_a_pipe_in_place_of_a_file_is_noticed_and_not_waited_for(project: Project, path: str) -> None:
    (project.root / path).unlink()
    os.mkfifo(project.root / path)
    ended = project.execute("seal", "staging")
    assert ended == UP_TO_DATE if path == ".sealgen/staging.seen" else ended.code in (1, 2), ended
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "path",
    [
        "templates/optional.yaml.j2",
        "k8s/overlays/staging/kustomization.yml",
        ".sealgen/staging.journal",
        ".sealgen/staging.staging/0",
    ],
)
def test_a_file_that_appears_where_a_run_looked_is_noticed(project: Project, path: str) -> None:
    if path.endswith(".yml"):
        (project.root / path).with_suffix(".yaml").rename(project.root / path)
        assert project.run("seal", "staging", "-q").code == 0
        assert run(project, "seal", "staging") == (UP_TO_DATE, False)
        path = path.replace(".yml", ".yaml")
    project.write(path, b"resources: []\n")
    is_looked_at(project)


def test_an_interrupted_run_is_finished_first(project: Project) -> None:
    project.write(".sealgen/staging.staging/0", b"")
    told = "staging: discarded what an interrupted run had prepared; nothing had been changed\n"
    ended, looked = run(project, "seal", "staging")
    assert looked
    assert (ended.code, ended.out) == (0, UP_TO_DATE.out)
    assert "interrupted" in ended.err or ended.err == told
    assert not (project.root / ".sealgen/staging.staging").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"[[", b"\xff", b'{"format": 1}'])
def test_a_damaged_memory_makes_a_run_look(project: Project, content: bytes) -> None:
    memory(project).write_bytes(content)
    assert run(project, "seal", "staging") == (UP_TO_DATE, True)
    assert run(project, "seal", "staging") == (UP_TO_DATE, False)


def test_another_sealgen_looks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealgen, "__version__", "99")
    seen.judges.cache_clear()  # as in a process of its own
    assert run(project, "plan", "staging") == (UP_TO_DATE, True)
    seen.judges.cache_clear()


def test_a_memory_that_can_t_be_written_does_no_harm(project: Project) -> None:
    memory(project).unlink()
    memory(project).mkdir()
    for command in ("seal", "plan", "seal"):
        assert run(project, command, "staging") == (UP_TO_DATE, True)


@pytest.mark.parametrize(
    "options",
    [
        ("--json",),
        ("-v",),
        ("--only", "one"),
        ("--only", "one/uri"),
        ("--rotate", "password"),
        ("--accept-fingerprint-key",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("command", ["plan", "seal"])
def test_what_asks_for_more_than_the_answer_looks(project: Project, command: str, options: tuple[str, ...]) -> None:
    _, looked = run(project, command, "staging", *options)
    assert looked


def test_after_a_run_on_a_part_nothing_is_remembered(project: Project) -> None:
    assert project.run("seal", "staging", "--only", "one").code == 0
    assert not memory(project).exists()


def test_after_a_rotation_the_next_run_answers_from_memory(project: Project) -> None:
    assert project.run("seal", "staging", "--rotate", "password").code == 0
    assert run(project, "seal", "staging") == (UP_TO_DATE, False)


def test_a_run_that_fails_forgets(project: Project) -> None:
    project.write("templates/one.yaml.j2", "{{ vars.nothing }}")
    assert project.run("seal", "staging").code == 2
    assert not memory(project).exists()


READ: dict[str, dict[str, object]] = {
    "env": {"env": "TOKEN"},
    "file": {"file": "token"},
    "dotenv": {"dotenv": "token", "variable": "TOKEN"},
    "exec": {"exec": ["cat", "token"]},
}


@pytest.mark.parametrize("source", READ.values(), ids=READ)
def test_what_is_made_of_values_that_are_read_is_never_remembered(project: Project, source: dict[str, object]) -> None:
    project.change(values={**GENERATED, "password": source})
    project.write(".gitignore", "token\n")
    project.write("token", "TOKEN=first-token\n")
    (project.root / "token").chmod(0o600)
    for _ in range(2):
        ended, looked = run(project, "seal", "staging", env={"TOKEN": "first-token"})
        assert (ended.code, looked) == (0, True), ended
        assert not memory(project).exists()
    project.write("token", "TOKEN=second-token\n")
    ended, _ = run(project, "seal", "staging", env={"TOKEN": "second-token"})
    assert "2 sealed" in ended.out


def test_a_plain_environment_is_never_remembered(project: Project) -> None:
    project.environment("development", backend={"kind": "plain"}, values=GENERATED, secrets=["two"])
    for command in ("render", "seal", "plan"):
        project.run(command, "development")
    assert not memory(project, "development").exists()


def test_the_memory_holds_no_value_and_no_digest_of_one(project: Project) -> None:
    content = memory(project).read_bytes()
    unsealed = project.unsealed()
    del unsealed["one/more"]  # no value: all that a template holds
    for value in (LITERAL.encode(), *unsealed.values()):
        assert value not in content
        for algorithm in hashlib.algorithms_guaranteed:
            digest = hashlib.new(algorithm, value)
            found = digest.digest(32) if algorithm.startswith("shake") else digest.digest()  # type: ignore[call-arg]
            assert found.hex().encode() not in content
            assert base64.b64encode(found)[:-3] not in content
        assert hashlib.blake2b(value, digest_size=32).hexdigest().encode() not in content
