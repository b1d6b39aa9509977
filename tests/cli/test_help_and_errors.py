"""Help, usage errors, the JSON envelope, completion, and every failure told in one way and with one exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

import sealgen
from tests.support.project import Project, aura, empty, environ
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from tests.support.project import Ended

COMMON = ("-C DIR", "--json", "--no-color", "-q, --quiet", "-v, --verbose", "-h, --help")
COMMANDS = {
    ("seal",): ("[OPTIONS] ENV...", ("--all", "--rotate VALUE", "--only SECRET[/KEY]", "--no-wait")),
    ("plan",): ("[OPTIONS] ENV...", ("--all", "--rotate VALUE", "--only SECRET[/KEY]")),
    ("check",): ("[OPTIONS] ENV...", ("--all",)),
    ("render",): ("[OPTIONS] ENV", ()),
    ("cert",): ("[OPTIONS] COMMAND [ARGS]...", ("show",)),
    ("cert", "show"): ("[OPTIONS] ENV|FILE", ()),
    ("values",): ("[OPTIONS] COMMAND [ARGS]...", ("edit", "set", "rm", "list", "rekey")),
    ("values", "set"): ("[OPTIONS] ENV NAME", ("--stdin", "--trim", "--generate HOW", "--store STORE")),
    ("values", "rekey"): ("[OPTIONS] ENV...", ("--all", "--store STORE")),
    ("schema",): ("[OPTIONS]", ()),
    ("completion",): ("[OPTIONS] {bash|zsh|fish}", ()),
}
HEAVY = {"jinja2", "cryptography", "ruamel", "yaml", "bcrypt", "ssl", "urllib.request"}
CANARY = "canary-6bFq3T9x"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, never sealed, with a second environment that is plain."""
    project = aura(tmp_path)
    project.environment(
        "development", backend={"kind": "plain"}, values={"password": {"literal": "local"}}, secrets=["one"]
    )
    project.template("one", {"PASSWORD": "{{ values.password }}"})
    return project


def envelope(ended: Ended, command: str, code: int, message: str, hint: str | None = None, **more: object) -> bool:
    """Tell whether the run printed one JSON document with this one error, and nothing else."""
    error = {"environment": None, "message": message, "hint": hint, "file": None, "line": None, "column": None}
    expected = {
        "format": "sealgen/1",
        "version": sealgen.__version__,
        "command": command,
        "exit_code": code,
        "results": [],
        "errors": [error | more],
    }
    return (ended.code, ended.err, ended.document) == (code, "", expected)


# --- help -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "usage", "options"), [(name, *rest) for name, rest in COMMANDS.items()])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help_that_lists_its_options(
    project: Project, command: tuple[str, ...], usage: str, options: tuple[str, ...], flag: str
) -> None:
    ended = project.run(*command, flag)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: sealgen {' '.join(command)} {usage}\n")
    for option in (*options, *COMMON):
        assert re.search(rf"^  {re.escape(option)}  +\S", ended.out, re.MULTILINE), option


def test_the_first_help_lists_all_commands(project: Project) -> None:
    ended = project.run("--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Usage: sealgen [OPTIONS] COMMAND [ARGS]...\n")
    for name in {command[0] for command in COMMANDS}:
        assert re.search(rf"^  {name}  +\S.*\.$", ended.out, re.MULTILINE), name
    assert all(len(line) <= 100 for line in ended.out.splitlines())


def test_the_version_is_the_packages(project: Project) -> None:
    assert project.run("--version") == (0, f"sealgen {sealgen.__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("-h",), ("nonsense",), ("completion", "zsh")], ids=" ".join
)
def test_what_reads_no_project_loads_nothing_heavy(project: Project, arguments: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom sealgen.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    print('\\nLOADED', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=project.root, env=environ(), capture_output=True, check=True
    )
    loaded = set(done.stdout.decode().rpartition("\nLOADED ")[2].split())
    assert "click" in loaded
    assert not loaded & HEAVY


# --- the command line -------------------------------------------------------------------------------------------


def test_no_command_shows_the_help_and_is_no_success(project: Project) -> None:
    ended = project.run()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == project.run("--help").out
    ended = project.run("cert")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == project.run("cert", "--help").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sael"], "no command 'sael'; did you mean 'seal'?\nTry 'sealgen --help'."),
        (
            ["xyz"],
            "no command 'xyz'\nTry 'sealgen --help'.",
        ),
        (
            ["-x"],
            (
                "no option '-x'; known are --help, --json, --no-color, --quiet, --verbose, --version\n"
                "Try 'sealgen --help'."
            ),
        ),
        (["--jsn"], "no option '--jsn'; did you mean '--json'?\nTry 'sealgen --help'."),
        (["seal", "--al"], "no option '--al'; did you mean '--all'?\nTry 'sealgen seal --help'."),
        (
            ["check", "--rotate", "x"],
            ("no option '--rotate'; did you mean '--format'?\nTry 'sealgen check --help'."),
        ),
        (
            ["seal"],
            "name an environment (development, staging), or say --all\nTry 'sealgen seal --help'.",
        ),
        (["plan"], "name an environment (development, staging), or say --all\nTry 'sealgen plan --help'."),
        (["check"], "name an environment (development, staging), or say --all\nTry 'sealgen check --help'."),
        (
            ["check", "staging", "--all"],
            "name environments, or say --all; not both\nTry 'sealgen check --help'.",
        ),
        (["-C", "lost", "check"], "Invalid value for '-C': Directory 'lost' does not exist.\nTry 'sealgen --help'."),
        (["render"], "Missing argument 'ENV'.\nTry 'sealgen render --help'."),
        (["cert", "show"], "Missing argument 'ENV|FILE'.\nTry 'sealgen cert show --help'."),
        (
            ["completion", "tcsh"],
            (
                "Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of 'bash', 'zsh', 'fish'.\n"
                "Try 'sealgen completion --help'."
            ),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_line_that_can_not_be_right(project: Project, arguments: list[str], message: str) -> None:
    assert project.run(*arguments) == (2, "", f"error: {message}\n")
    message, hint = message.split("\n")
    command = next((word for word in arguments if (word,) in COMMANDS), "")
    assert envelope(project.run("--json", *arguments), command, 2, message, hint)
    assert envelope(project.run(*arguments, "--json"), command, 2, message, hint)


def test_json_without_a_command_is_an_error_in_the_envelope(project: Project) -> None:
    assert envelope(project.run("--json"), "", 2, "name a command", "Try 'sealgen --help'.")
    assert envelope(project.run("cert", "--json"), "cert", 2, "name a command", "Try 'sealgen cert --help'.")


def test_outside_of_a_project_that_is_told(tmp_path: Path) -> None:
    message = f"no project here: neither {tmp_path} nor a folder above it holds environments/ and templates/"
    hint = "Go there, or name it: sealgen -C FOLDER …"
    project = Project(tmp_path, aura(tmp_path / "other").controller)
    assert project.run("check", "--all") == (2, "", f"error: {message}\n{hint}\n")
    assert envelope(project.run("check", "--all", "--json"), "check", 2, message, hint)


def test_a_project_without_environments_is_no_success(tmp_path: Path) -> None:
    project = empty(tmp_path)
    for arguments in (("seal", "--all"), ("check", "--all"), ("plan",)):
        assert project.run(*arguments) == (
            2,
            "",
            "error: there is no environment: environments/ has no file NAME.yaml\n",
        )


def test_the_project_is_found_from_any_folder_of_it_and_by_name(project: Project, tmp_path: Path) -> None:
    expected = project.run("check", "staging")
    assert expected.code == 11
    assert project.run("check", "staging", cwd=project.root / "environments" / "certificates") == expected
    elsewhere = tmp_path.parent
    assert project.run("-C", str(project.root), "check", "staging", cwd=elsewhere) == expected
    assert project.run("check", "staging", "-C", str(project.root), cwd=elsewhere) == expected
    assert project.run("-C", "/", "check", "staging", "-C", str(project.root), cwd=elsewhere) == expected


def test_common_options_stand_before_the_command_or_after(project: Project) -> None:
    assert project.run("--json", "plan", "staging") == project.run("plan", "--json", "staging")
    assert project.run("-q", "check", "development") == project.run("check", "development", "-q") == (0, "", "")


def test_a_broken_environment_does_not_stand_in_the_way_of_another(project: Project) -> None:
    project.write("environments/broken.yaml", "values: [\n")
    assert project.run("check", "development").code == 0
    assert project.run("check", "--all").code == 2


# --- several environments ---------------------------------------------------------------------------------------


def test_an_error_in_one_environment_does_not_keep_the_others_back(project: Project) -> None:
    ended = project.run("check", "development", "lost", "development", "--json")
    assert (ended.code, ended.err) == (2, "")
    assert [result["environment"] for result in ended.document["results"]] == ["development"]
    assert ended.document["errors"] == [
        {
            "environment": "lost",
            "message": "there is no environment 'lost' (environments/lost.yaml); known are development, staging",
            "hint": None,
            "file": None,
            "line": None,
            "column": None,
        }
    ]


def test_an_error_has_its_place_in_the_envelope(project: Project) -> None:
    project.edit("environments/staging.yaml", "bytes: 32", "bites: 32")
    ended = project.run("plan", "staging", "--json")
    assert (ended.code, ended.err) == (2, "")
    (error,) = ended.document["errors"]
    assert (error["environment"], error["file"]) == ("staging", "environments/staging.yaml")
    assert (error["line"], error["column"]) == (12, 5)
    assert "bites" in error["message"]


def test_the_worst_environment_decides_on_the_exit_code(project: Project) -> None:
    project.environment("able", values={"a": {"generate": "hex", "bytes": 16}}, secrets=["two"])
    project.template("two", {"A": "{{ values.a }}"})
    without = {"SMTP_PASSWORD": None}
    assert project.run("plan", "able", env=without).code == 10
    assert project.run("plan", "staging", env=without).code == 12
    assert project.run("plan", "able", "staging", env=without).code == 12
    assert project.run("plan", "staging", "able", env=without).code == 12
    assert project.run("plan", "able", "staging", "development", env=without).code == 2
    assert project.run("seal", "able", env=without).code == 0
    assert project.run("plan", "able", env=without).code == 0


# --- faults of our own, and people who give up ------------------------------------------------------------------


def raising(error: BaseException) -> object:
    def raise_it(*_: object, **__: object) -> NoReturn:
        raise error

    return raise_it


@pytest.mark.parametrize("more", [(), ("-v",)])
@pytest.mark.parametrize(
    "error", [RuntimeError(CANARY), KeyError(CANARY), OSError(5, "strange", CANARY), RecursionError(CANARY)], ids=repr
)
def test_a_fault_of_ours_shows_its_place_and_nothing_else(
    project: Project, monkeypatch: pytest.MonkeyPatch, error: Exception, more: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sealgen.crypto.certificate.load", raising(error))
    try:
        raise ValueError(CANARY)
    except ValueError as cause:
        error.__cause__ = cause
    ended = project.run("cert", "show", "staging", *more)
    assert (ended.code, ended.out) == (1, "")
    assert re.fullmatch(
        rf"error: internal error \({type(error).__name__} in \S*tests/cli/test_help_and_errors\.py, line \d+\)\n"
        r"Nothing was left half done\. Please report it with the command that you ran\.\n",
        ended.err,
    )
    ended = project.run("cert", "show", "staging", "--json", *more)
    assert (ended.code, ended.document["exit_code"], ended.err) == (1, 1, "")
    assert ended.document["errors"][0]["message"].startswith("internal error (")
    assert CANARY not in ended.out


def test_a_run_that_is_interrupted_ends_with_130(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealgen.crypto.certificate.load", raising(KeyboardInterrupt()))
    message = "interrupted; nothing was left half done"
    assert project.run("cert", "show", "staging") == (130, "", f"error: {message}\n")
    assert envelope(project.run("cert", "show", "staging", "--json"), "cert", 130, message)


def test_ctrl_c_stops_the_run_and_what_it_started(project: Project) -> None:
    script = f"echo $$ > {project.root}/pid; exec sleep 60"
    project.change(values={"password": {"exec": ["sh", "-c", script]}}, secrets=["one"])
    before = project.tree()
    with project.start("seal", "staging") as process:
        pid = project.root / "pid"
        wait_until(lambda: pid.exists() and pid.read_text().endswith("\n"))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (130, b"")
    assert err == b"error: interrupted; nothing was left half done\n"
    wait_until(lambda: not alive(int(pid.read_text())))
    pid.unlink()
    assert project.tree() == before


def wait_until(condition: object) -> None:
    assert callable(condition)
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it took too long")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("arguments", ["--help", "check --all", "plan --json staging", "nonsense", "schema"])
def test_a_pipe_that_nobody_reads_is_no_traceback(project: Project, arguments: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = subprocess.run(
            [sys.executable, "-m", "sealgen", *arguments.split()],
            cwd=project.root,
            env=environ(),
            stdout=writer,
            stderr=subprocess.PIPE if arguments != "nonsense" else writer,
            check=False,
        )
    finally:
        os.close(writer)
    assert (process.returncode, process.stderr or b"") == (141, b"")


def test_a_terminal_that_lacks_a_character_gets_it_written_out(project: Project) -> None:
    latin = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": None}
    assert project.run("seal", "staging").code == 0
    ended = project.execute("plan", "staging", "--rotate", "jwt_secret_key", env=latin)
    assert (ended.code, ended.err) == (10, "")
    assert r"rotated: jwt_secret_key 1 \u2192 2" in ended.out


# --- colour -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", ["plan staging", "check staging", "check lost", "nonsense", "render staging"])
def test_a_terminal_gets_colour_unless_it_is_not_wanted(project: Project, arguments: str) -> None:
    words = arguments.split()
    assert "\x1b[" in at_terminal(project, *words).shown
    plain = at_terminal(project, *words, "--no-color").shown
    assert "\x1b" not in plain
    assert at_terminal(project, *words, env={"NO_COLOR": "1"}).shown == plain


def test_a_pipe_and_json_get_no_colour(project: Project) -> None:
    assert "\x1b" not in "".join(map(str, project.run("check", "staging", "lost")))
    shown = at_terminal(project, "check", "staging", "lost", "--json").shown
    assert "\x1b" not in shown
    assert json.loads(shown)["exit_code"] == 2


def test_names_of_environments_can_not_move_the_cursor(project: Project) -> None:
    name = "\x1b[2J\nstaging: 0 secrets, up to date\u202e"
    (project.root / "environments/staging.yaml").rename(project.root / f"environments/{name}.yaml")
    for command in ("check", "plan", "seal", "nothing"):
        for arguments in ((command, "--all"), (command, name), (name, command)):
            ended = project.run(*arguments)
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ended.out + ended.err), arguments
            assert not re.search("^staging", ended.out + ended.err, re.MULTILINE), arguments


# --- schema -----------------------------------------------------------------------------------------------------


def test_the_schema_is_the_one_that_the_documentation_has(project: Project) -> None:
    published = Path(__file__).parents[2] / "docs" / "environment.schema.json"
    ended = project.run("schema")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert ended.out == published.read_text(encoding="utf-8")


def test_the_schema_needs_no_project(tmp_path: Path, project: Project) -> None:
    assert project.run("schema", cwd=tmp_path.parent) == project.run("schema")


# --- completion -------------------------------------------------------------------------------------------------


def completed(project: Project, *words: str, of: str = "bash") -> list[str]:
    """Return what is offered for the last word, as the completion script of the shell is told it."""
    position = words[-1] if of == "fish" else str(len(words) - 1)
    told = {"_SEALGEN_COMPLETE": f"{of}_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": position}
    ended = project.run(env=told)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shells_script_is_printed(project: Project, shell: str) -> None:
    ended = project.run("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert f"_SEALGEN_COMPLETE={shell}_complete" in ended.out
    assert project.run(env={"_SEALGEN_COMPLETE": f"{shell}_source"}).out.strip() == ended.out.strip()


def test_commands_options_and_environments_are_offered(project: Project) -> None:
    assert completed(project, "sealgen", "se") == ["plain,seal"]
    assert completed(project, "sealgen", "c") == ["plain,check", "plain,cert", "plain,completion"]
    assert completed(project, "sealgen", "cert", "") == ["plain,fetch", "plain,show", "plain,usage"]
    assert completed(project, "sealgen", "completion", "z") == ["plain,zsh"]
    assert {"plain,--all", "plain,--rotate", "plain,--only", "plain,--json"} <= set(
        completed(project, "sealgen", "seal", "--")
    )
    for command in ("seal", "plan", "check", "render"):
        assert completed(project, "sealgen", command, "") == ["plain,development", "plain,staging"]
        assert completed(project, "sealgen", command, "st") == ["plain,staging"]
    assert completed(project, "sealgen", "cert", "show", "st") == ["plain,staging"]
    assert completed(project, "sealgen", "seal", "staging", "de") == ["plain,development"]


def test_environments_are_those_of_the_project_that_is_named(project: Project, tmp_path: Path) -> None:
    other = aura(tmp_path / "other")
    other.environment("qa", secrets=["redis-secrets"])
    assert completed(project, "sealgen", "-C", "other", "seal", "") == ["plain,qa", "plain,staging"]


def test_other_shells_are_told_in_their_own_way(project: Project) -> None:
    assert "staging" in completed(project, "sealgen", "render", "st", of="zsh")
    assert "staging" in " ".join(completed(project, "sealgen", "render", "st", of="fish"))


def test_completion_never_fails_and_never_speaks(project: Project) -> None:
    project.write("environments/broken.yaml", "values: [\n")
    assert completed(project, "sealgen", "seal", "st") == ["plain,staging"]
    assert completed(project, "sealgen", "-C", "/", "seal", "st") == []
    assert completed(project, "sealgen", "nonsense", "stag") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_with_the_printed_script(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "sealgen"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sealgen "$@"\n')
    program.chmod(0o755)
    script = (
        "source <(sealgen completion bash); COMP_WORDS=(sealgen seal st); COMP_CWORD=2; "
        '_sealgen_completion sealgen; echo "${COMPREPLY[*]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", script],
        cwd=project.root,
        env=environ({"PATH": f"{folder}:{os.environ['PATH']}"}),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"staging\n", b"")
