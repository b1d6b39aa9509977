"""``sealgen render``: exact Secrets on standard output, values that stay the same, and who is refused."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.project import SMTP_PASSWORD, Project, aura, empty, environ

FULL = Path("/dev/full")
KEPT = ".sealgen/development.values"


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def plain(tmp_path: Path) -> Project:
    """Return a project with the plain environment ``development``: one secret of every kind of value."""
    project = empty(tmp_path)
    project.git("init", "--quiet")
    project.environment(
        "development",
        backend={"kind": "plain"},
        output=None,
        vars={"host": "redis"},
        values={
            "password": {"generate": "base64", "bytes": 24},
            "user": {"literal": "aura"},
            "smtp_password": {"env": "SMTP_PASSWORD"},
            "blob": {"file": "blob.bin"},
            "note": {"file": "note.txt"},
        },
        secrets=["all-secrets"],
    )
    project.change("development", output=None)
    project.write("blob.bin", bytes(range(256)))
    project.write("note.txt", "one\n  two: {{ 7*7 }}\n\tthree ✓\n\n")
    project.template(
        "all-secrets",
        {
            "URL": "redis://{{ values.user }}:{{ values.password | urlquote }}@{{ vars.host }}/0",
            "PASSWORD": "{{ values.password }}",
            "SMTP_PASSWORD": "{{ values.smtp_password }}",
            "blob.bin": "{{ values.blob }}",
            "note.txt": "{{ values.note }}",
            "EMPTY": "",
        },
        'metadata:\n  labels: {app: aura}\n  annotations: {note: "true"}\ntype: aura.example/all\nimmutable: true',
    )
    return project


def data(project: Project, *, env: dict[str, str | None] | None = None) -> dict[str, bytes]:
    """Return the plaintexts of the first Secret that a run prints."""
    ended = project.run("render", "development", env=env)
    assert (ended.code, ended.err) == (0, "")
    first = next(iter(yaml.safe_load_all(ended.out)))
    return {key: base64.b64decode(text, validate=True) for key, text in first["data"].items()}


def kept(project: Project) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(project.read(KEPT))
    return content


# --- what is printed --------------------------------------------------------------------------------------------


def test_a_secret_is_printed_exactly(plain: Project) -> None:
    ended = plain.run("render", "development")
    assert (ended.code, ended.err) == (0, "")
    password = base64.b64decode(kept(plain)["password"]["parts"][""])
    quoted = password.decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert ended.out == (
        "---\n"
        "apiVersion: v1\n"
        "data:\n"
        '  EMPTY: ""\n'
        f"  PASSWORD: {b64(password)}\n"
        f"  SMTP_PASSWORD: {b64(SMTP_PASSWORD.encode())}\n"
        f"  URL: {b64(f'redis://aura:{quoted}@redis/0'.encode())}\n"
        f"  blob.bin: {b64(bytes(range(256)))}\n"
        f"  note.txt: {b64(plain.read('note.txt'))}\n"
        "immutable: true\n"
        "kind: Secret\n"
        "metadata:\n"
        "  annotations:\n"
        '    note: "true"\n'
        "  labels:\n"
        "    app: aura\n"
        "  name: all-secrets\n"
        "  namespace: aura-development\n"
        "type: aura.example/all\n"
    )


def test_all_secrets_are_printed_in_the_order_of_the_environment_file(tmp_path: Path) -> None:
    project = aura(tmp_path)
    project.change(backend={"kind": "plain"}, output=None)
    ended = project.run("render", "staging")
    documents = list(yaml.safe_load_all(ended.out))
    assert [document["metadata"]["name"] for document in documents] == [
        "backend-secrets",
        "postgres-secrets",
        "redis-secrets",
    ]
    assert {document["metadata"]["namespace"] for document in documents} == {"aura-staging"}
    assert {document["type"] for document in documents} == {"Opaque"}


@pytest.mark.parametrize(
    "content",
    [
        b'": x\n  evil: "',
        b"{{ 7*7 }} {% raw %} %",
        b"\t\x00\r\n",
        "\N{GRINNING FACE} ü".encode(),
        b"--- \n...\n",
        b"x" * 200_000,
        bytes(range(256)) * 3,
        b"",
    ],
    ids=["yaml", "template", "control characters", "unicode", "document marks", "long", "binary", "empty"],
)
def test_a_value_arrives_byte_for_byte_whatever_it_holds(plain: Project, content: bytes) -> None:
    plain.write("blob.bin", content)
    printed = data(plain)
    assert list(printed) == ["EMPTY", "PASSWORD", "SMTP_PASSWORD", "URL", "blob.bin", "note.txt"]
    assert printed["blob.bin"] == content


def test_output_is_utf_8_whatever_the_terminal_speaks(plain: Project) -> None:
    plain.edit("templates/all-secrets.yaml.j2", 'note: "true"', 'note: "grün ✓"')
    latin = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": None}
    with plain.start("render", "development", env=latin) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert yaml.safe_load(out.decode())["metadata"]["annotations"] == {"note": "grün ✓"}


def test_nothing_but_the_kept_values_is_written(plain: Project) -> None:
    before = plain.tree()
    data(plain)
    assert plain.tree() == before
    written = {path.name for path in (plain.root / ".sealgen").iterdir()}
    assert written == {".gitignore", "lock", "development.lock", "development.values"}
    assert plain.git("status", "--porcelain", "--untracked-files=all").find(".sealgen") < 0


def test_json_has_the_manifests(plain: Project) -> None:
    printed = plain.run("render", "development").out
    ended = plain.run("render", "development", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.document["results"] == [{"environment": "development", "manifests": printed}]
    assert (ended.document["command"], ended.document["exit_code"], ended.document["errors"]) == ("render", 0, [])


def test_the_output_reads_as_kubernetes_wants_it(plain: Project) -> None:
    document = yaml.safe_load(plain.run("render", "development").out)
    assert set(document) == {"apiVersion", "kind", "metadata", "data", "type", "immutable"}
    assert (document["apiVersion"], document["kind"], document["immutable"]) == ("v1", "Secret", True)
    assert all(isinstance(text, str) for text in document["data"].values())


# --- values that are made stay the same -------------------------------------------------------------------------


def test_a_generated_value_stays_the_same_from_run_to_run(plain: Project) -> None:
    first = plain.run("render", "development")
    content = plain.read(KEPT)
    assert plain.run("render", "development") == first
    assert plain.read(KEPT) == content
    assert (plain.root / KEPT).stat().st_mode & 0o7777 == 0o600
    assert (plain.root / ".sealgen").stat().st_mode & 0o7777 == 0o700


def test_only_values_that_are_made_are_kept(plain: Project) -> None:
    data(plain)
    assert list(kept(plain)) == ["password"]


def test_another_specification_makes_a_new_value_and_leaves_the_others(plain: Project) -> None:
    plain.edit("environments/development.yaml", "  user:\n    literal: aura", "  user:\n    generate: uuid")
    before = data(plain)
    plain.edit("environments/development.yaml", "bytes: 24", "bytes: 32")
    after = data(plain)
    assert len(base64.b64decode(before["PASSWORD"])) == 24
    assert len(base64.b64decode(after["PASSWORD"])) == 32
    assert before["URL"].split(b":")[1] == after["URL"].split(b":")[1]
    assert data(plain) == after


def test_a_value_with_parts_is_kept_whole(plain: Project) -> None:
    plain.change("development", values={"key": {"generate": "ssh"}}, secrets=["keys"])
    plain.template("keys", {"public": "{{ values.key.public }}", "private": "{{ values.key.private }}"})
    first = data(plain)
    assert first["public"].startswith(b"ssh-ed25519 ")
    assert data(plain) == first


def test_a_value_that_lacks_a_part_is_made_anew(plain: Project) -> None:
    plain.change("development", values={"key": {"generate": "ssh"}}, secrets=["keys"])
    plain.template("keys", {"public": "{{ values.key.public }}"})
    data(plain)
    damaged = kept(plain)
    del damaged["key"]["parts"]["public"]
    plain.write(KEPT, json.dumps(damaged))
    assert data(plain)["public"].startswith(b"ssh-ed25519 ")
    assert set(kept(plain)["key"]["parts"]) == {"public", "private"}


def test_a_value_that_is_read_is_read_anew(plain: Project) -> None:
    assert data(plain)["SMTP_PASSWORD"] == SMTP_PASSWORD.encode()
    assert data(plain, env={"SMTP_PASSWORD": "another"})["SMTP_PASSWORD"] == b"another"


def test_the_removed_file_makes_new_values(plain: Project) -> None:
    first = data(plain)
    (plain.root / KEPT).unlink()
    assert data(plain)["PASSWORD"] != first["PASSWORD"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_kept_values_that_others_can_read_are_refused(plain: Project, mode: int) -> None:
    data(plain)
    path = plain.root / KEPT
    path.chmod(mode)
    content = path.read_bytes()
    assert plain.run("render", "development") == (
        2,
        "",
        f"error: {path} holds secrets and is open to others (mode {mode:04o})\nRun: chmod 600 {path}\n",
    )
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", ["", "{}x", "[]", '{"password": {}}', '{"password": {"specification": "x"}}'])
def test_a_damaged_file_of_kept_values_is_refused(plain: Project, content: str) -> None:
    data(plain)
    plain.write(KEPT, content)
    assert plain.run("render", "development") == (
        2,
        "",
        f"error: {KEPT} is damaged\nRemove it: its values are made anew.\n",
    )
    assert plain.read(KEPT) == content.encode()


def test_values_are_not_kept_where_git_would_take_them(plain: Project) -> None:
    plain.write(".sealgen/.gitignore", "# not ignored\n")
    assert plain.run("render", "development") == (
        2,
        "",
        (
            f"error: Git does not ignore {KEPT}, which holds secrets\n"
            f"Add the line '/{KEPT}' to {plain.root / '.gitignore'}.\n"
        ),
    )
    assert not (plain.root / KEPT).exists()


def test_values_are_not_kept_where_git_has_them(plain: Project) -> None:
    data(plain)
    plain.git("add", "--force", KEPT)
    content = plain.read(KEPT)
    assert plain.run("render", "development") == (
        2,
        "",
        (
            f"error: Git tracks {KEPT}, which holds secrets\n"
            f"Run 'git rm --cached {KEPT}', add the line '/{KEPT}' to {plain.root / '.gitignore'}, "
            "and replace the secrets: Git's history has them.\n"
        ),
    )
    assert plain.read(KEPT) == content


def test_outside_of_a_work_tree_values_are_kept_too(plain: Project) -> None:
    (plain.root / ".git").rename(plain.root / "moved")
    first = data(plain)
    assert data(plain) == first


def test_an_environment_without_values_that_are_made_keeps_nothing(plain: Project) -> None:
    plain.change("development", values={"user": {"literal": "aura"}}, secrets=["one"])
    plain.template("one", {"USER": "{{ values.user }}"})
    assert data(plain) == {"USER": b"aura"}
    assert not (plain.root / KEPT).exists()


# --- what is refused --------------------------------------------------------------------------------------------


def test_a_sealed_environment_is_not_printed(tmp_path: Path) -> None:
    project = aura(tmp_path)
    assert project.run("render", "staging") == (
        2,
        "",
        (
            "error: environments/staging.yaml:4:16: staging is not a plain environment: its Secrets are not printed\n"
            "Only 'backend: {kind: plain}' prints Secrets; this one is sealed: sealgen seal staging\n"
        ),
    )
    assert not (project.root / ".sealgen").exists()


@pytest.mark.parametrize("command", ["seal", "plan"])
def test_a_plain_environment_is_not_sealed(plain: Project, command: str) -> None:
    assert plain.run(command, "development") == (
        2,
        "",
        (
            "error: development is a plain environment: nothing of it is sealed\n"
            "Print its Secrets: sealgen render development\n"
        ),
    )
    assert not (plain.root / ".sealgen").exists()


def test_a_value_that_can_not_be_read_prints_nothing(plain: Project) -> None:
    assert plain.run("render", "development", env={"SMTP_PASSWORD": None}) == (
        12,
        "",
        (
            "error: values.smtp_password: the environment variable SMTP_PASSWORD is not set\n"
            "set SMTP_PASSWORD to the value and run again\n"
        ),
    )


def test_a_prompt_without_a_terminal_prints_nothing(plain: Project) -> None:
    plain.change("development", values={"user": {"prompt": "Whose?"}}, secrets=["one"])
    plain.template("one", {"USER": "{{ values.user }}"})
    assert plain.run("render", "development") == (
        12,
        "",
        "error: values.user is asked of a person, and there is no terminal to ask at\nrun this in a terminal\n",
    )
    assert not (plain.root / KEPT).exists()


def test_a_secret_that_the_api_server_would_not_take_is_refused(plain: Project) -> None:
    plain.write("blob.bin", bytes(1024 * 1024))
    plain.change("development", values={"blob": {"file": "blob.bin"}})
    plain.template("all-secrets", {"a": "{{ values.blob }}", "b": "x"})
    assert plain.run("render", "development") == (
        2,
        "",
        (
            "error: templates/all-secrets.yaml.j2:1: all-secrets: the values have 1048577 bytes together; "
            "a Secret can have 1048576 (1 MiB)\n"
        ),
    )


def test_bytes_that_can_not_be_joined_are_refused_without_any_of_them(plain: Project) -> None:
    plain.edit("templates/all-secrets.yaml.j2", "'{{ values.blob }}'", "'a {{ values.blob }}'")
    assert plain.run("render", "development") == (
        2,
        "",
        (
            "error: templates/all-secrets.yaml.j2:12:3: all-secrets/blob.bin: blob is not UTF-8 text, so it can't be "
            "joined with other text; place it alone, or through b64encode\n"
        ),
    )


def test_an_environment_that_is_not_there_is_named_with_the_nearest(plain: Project) -> None:
    assert plain.run("render", "develpment") == (
        2,
        "",
        "error: there is no environment 'develpment' (environments/develpment.yaml); did you mean 'development'?\n",
    )


def test_one_environment_is_printed_at_a_time(plain: Project) -> None:
    ended = plain.run("render", "development", "staging")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith("\nTry 'sealgen render --help'.\n")


# --- two runs at once, and readers that go away -----------------------------------------------------------------


def test_two_first_runs_at_once_print_the_same_values(plain: Project) -> None:
    runs = [plain.start("render", "development") for _ in range(3)]
    printed = []
    for process in runs:
        with process:
            out, err = process.communicate(timeout=60)
        printed.append(out)
        assert process.returncode == 0, err
    assert len(set(printed)) == 1


def test_a_reader_that_goes_away_ends_the_run_quietly(plain: Project) -> None:
    plain.write("blob.bin", bytes(700_000))
    with plain.start("render", "development") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        err = process.stderr.read()
        code = process.wait(timeout=60)
    assert (code, err) == (141, b"")


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [("render", "development"), ("render", "development", "--json"), ("--help",)])
def test_output_that_can_not_be_written_is_a_failure(plain: Project, arguments: tuple[str, ...]) -> None:
    with FULL.open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "sealgen", *arguments],
            cwd=plain.root,
            env=environ(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.stderr == b"error: can't write the output: No space left on device\n"
    assert ended.returncode == 1
