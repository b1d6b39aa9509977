"""``sealgen values``: a file that age encrypted is edited, set, listed and encrypted anew, and no value gets out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from sealgen.stores import values_text
from tests.support.age import key
from tests.support.leaks import leaked
from tests.support.project import SMTP_PASSWORD, empty, environ
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.project import Ended, Project

ME, OTHER = key(), key()
FILE = "environments/staging.values.age"
MINE = {"SEALGEN_AGE_IDENTITY": ME.identity}
SECRET = "purple monkey dishwasher 7c1f"
NEXT = "orange otter in the oven 9d2e"
ADVICE = "A text that begins with a mark such as * & ! { [ # % @, or that holds ': ' or ' #', needs quotes.\n"


def stores(*recipients: str, **more: Any) -> dict[str, Any]:
    return {"local": {"kind": "age", "file": FILE, "recipients": list(recipients or (ME.recipient,)), **more}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose values are in a file that is not there yet."""
    made = empty(tmp_path / "project")
    made.environment(
        stores=stores(),
        values={
            "password": {"age": "password", "min_length": 8},
            "user": {"age": "db", "property": "user"},
        },
        secrets=["app"],
    )
    made.template("app", {"password": "{{ values.password }}", "user": "{{ values.user }}"})
    return made


@pytest.fixture
def filled(project: Project) -> Project:
    """Return the project with two values in its file, sealed."""
    ME.encrypt(project.root / FILE, f'# ours\npassword: {SECRET}\ndb: \'{{"user": "aura"}}\'\n'.encode())
    assert project.run("seal", "staging", "-q", env=MINE) == (0, "", "")
    return project


def held(project: Project) -> dict[str, bytes]:
    values = values_text.read(ME.decrypt(project.root / FILE), FILE)
    return {name: value.reveal() for name, value in values.items()}


def piped(project: Project, content: bytes, *arguments: str, env: Mapping[str, str | None] = MINE) -> Ended:
    """Run the command line as a process of its own with this on its standard input."""
    from tests.support.project import Ended  # noqa: PLC0415

    done = subprocess.run(
        [sys.executable, "-m", "sealgen", *arguments],
        cwd=project.root,
        env=environ(env),
        input=content,
        capture_output=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def editor(project: Project, script: str) -> dict[str, str]:
    """Return the environment in which the editor is this shell script, the file being ``$1``."""
    program = project.root.parent / "editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return {**MINE, "EDITOR": str(program)}


# --- set ---


def test_a_value_is_put_replaced_and_left_alone_where_it_is_the_same(project: Project) -> None:
    assert piped(project, f"{SECRET}\n".encode(), "values", "set", "staging", "password", "--stdin", "--trim") == (
        0,
        f"staging: put password into {FILE}\n  for 1 recipient\n",
        "",
    )
    assert held(project) == {"password": SECRET.encode()}
    before = (project.root / FILE).read_bytes()
    assert piped(project, SECRET.encode(), "values", "set", "staging", "password", "--stdin") == (
        0,
        "staging: password is that already; nothing was written\n",
        "",
    )
    assert (project.root / FILE).read_bytes() == before
    assert piped(project, b"\xff\x00 binary\n", "values", "set", "staging", "password", "--stdin") == (
        0,
        f"staging: replaced password in {FILE}\n",
        "",
    )
    assert held(project) == {"password": b"\xff\x00 binary\n"}


def test_what_is_set_is_sealed_next(filled: Project) -> None:
    piped(filled, NEXT.encode(), "values", "set", "staging", "password", "--stdin")
    ended = filled.run("seal", "staging", env=MINE)
    assert "value changed: password" in ended.out
    assert filled.unsealed() == {"app/password": NEXT.encode(), "app/user": b"aura"}


def test_a_value_is_typed_in_hidden_and_twice(project: Project) -> None:
    session = at_terminal(
        project, "--no-color", "values", "set", "staging", "password", answers=[SECRET, SECRET], env=MINE
    )
    assert session == (
        0,
        f"password: \r\nOnce more: \r\nstaging: put password into {FILE}\r\n  for 1 recipient\r\n",
        False,
    )
    assert held(project) == {"password": SECRET.encode()}


def test_a_value_is_made_as_an_environment_file_says_it(project: Project) -> None:
    ended = project.run("values", "set", "staging", "token", "--generate", "hex, bytes: 24", env=MINE)
    assert ended == (
        0,
        f"staging: put token into {FILE}\n  for 1 recipient\n",
        "no value of staging reads it yet: token: {age: token}\n",
    )
    assert len(bytes.fromhex(held(project)["token"].decode())) == 24


@pytest.mark.parametrize(
    ("arguments", "code", "err"),
    [
        (("a b", "--stdin"), 2, "NAME must be letters, digits, '_', '-', '.' and '/', a letter, digit or '_' first\n"),
        (
            ("password",),
            12,
            "password is asked of a person, and there is no terminal to ask at\nSay --stdin to pipe it in.\n",
        ),
        (("password", "--generate", "hexa"), 2, "--generate:1:12: --generate can't be 'hexa'; did you mean 'hex'?\n"),
        (
            ("password", "--generate", "hex, bytes: 3"),
            2,
            "--generate:1:24: --generate.bytes must be a whole number from 16 to 4096, not 3\n",
        ),
        (("password", "--stdin", "--generate", "uuid"), 2, "--stdin or --generate, not both\n{try}"),
        (("password", "--trim"), 2, "--trim goes with --stdin\n{try}"),
        (("password", "--stdin"), 1, "values.password is shorter than its min_length, 8 bytes\n"),
        (
            ("password", "--stdin", "--store", "locall"),
            2,
            "staging has no store 'locall' of kind age; did you mean 'local'?\n",
        ),
    ],
)
def test_what_can_not_be_set_is_refused(project: Project, arguments: tuple[str, ...], code: int, err: str) -> None:
    ended = project.execute("values", "set", "staging", *arguments, env=MINE)
    hint = "Try 'sealgen values set --help'.\n"
    assert ended == (code, "", f"error: {err.replace('{try}', hint)}")
    assert not (project.root / FILE).exists()


def test_too_much_is_refused(project: Project) -> None:
    ended = piped(project, bytes(1024 * 1024 + 1), "values", "set", "staging", "password", "--stdin")
    assert ended == (1, "", "error: standard input is larger than 1 MiB, which is what a Secret can hold\n")


# --- which file ---


def test_an_environment_without_a_file_of_values_or_with_several(project: Project) -> None:
    project.change(stores={**stores(), "more": {**stores()["local"], "file": "more.age"}}, values={}, secrets=[])
    assert project.run("values", "list", "staging", env=MINE).err == (
        "error: staging has more than one store of kind age, local and more; say which, as in --store local\n"
    )
    project.run("values", "set", "staging", "a", "--generate", "uuid", "--store", "more", env=MINE)
    assert (project.root / "more.age").exists()
    project.change(stores=None)
    assert project.run("values", "list", "staging", env=MINE) == (
        2,
        "",
        (
            "error: staging has no store of kind age\n"
            "Its file could say stores: {local: {kind: age, file: environments/values.age, recipients: [age1…]}}\n"
        ),
    )


@pytest.mark.parametrize(
    "arguments", [("list", "staging"), ("edit", "staging"), ("rekey", "staging"), ("rm", "staging", "password")]
)
def test_without_an_identity_nothing_is_done(filled: Project, arguments: tuple[str, ...]) -> None:
    before = filled.contents()
    for env in ({}, {"SEALGEN_AGE_IDENTITY": OTHER.identity}):
        ended = filled.run("values", *arguments, env=env)
        assert (ended.code, ended.out) == (12, "")
        assert "age identity" in ended.err
    assert filled.contents() == before


# --- rm ---


def test_a_value_is_taken_out_and_what_reads_it_is_told(filled: Project) -> None:
    assert filled.run("values", "rm", "staging", "password", env=MINE) == (
        0,
        f"staging: took password out of {FILE}\n",
        (
            "who could open it before is not known, as sealgen did not write it\n"
            "warning: values.password of staging reads password, which is gone\n"
        ),
    )
    assert list(held(filled)) == ["db"]
    assert filled.run("values", "rm", "staging", "dbs", env=MINE) == (
        2,
        "",
        f"error: {FILE} has no value dbs; did you mean 'db'?\n",
    )


# --- list ---


def test_the_list_has_names_and_who_reads_them_and_nothing_of_values(filled: Project) -> None:
    filled.run("values", "set", "staging", "unused", "--generate", "uuid", env=MINE)
    filled.change(values={"password": {"age": "password"}, "other": {"age": "none"}}, secrets=[])
    date = filled.lock()["password"]["date"]
    assert filled.run("values", "list", "staging", env=MINE) == (
        0,
        (
            "  NAME      READ BY    SEALED\n"
            f"  password  password   {date}\n"
            "  db        (nothing)  (never)\n"
            "  unused    (nothing)  (never)\n"
            "  none      other      (not in the file)\n"
            f"staging: 3 values in {FILE}\n"
        ),
        "",
    )
    document = filled.run("values", "list", "staging", "--json", env=MINE).document
    assert document["results"][0]["values"][::3] == [
        {"name": "password", "there": True, "read_by": ["password"], "sealed": date},
        {"name": "none", "there": False, "read_by": ["other"], "sealed": None},
    ]


def test_a_file_that_is_not_there_has_no_values(project: Project) -> None:
    project.change(values={}, secrets=[])
    assert project.run("values", "list", "staging", env=MINE) == (0, f"staging: 0 values in {FILE}\n", "")


# --- rekey ---


def test_the_same_values_for_other_recipients(filled: Project) -> None:
    filled.run("values", "rekey", "staging", "-q", env=MINE)
    filled.change(stores=stores(ME.recipient, OTHER.recipient))
    assert filled.run("values", "rekey", "staging", env=MINE) == (
        0,
        f"staging: encrypted {FILE} for 2 recipients\n  can open it now: {OTHER.recipient}\n",
        "",
    )
    assert OTHER.decrypt(filled.root / FILE) == ME.decrypt(filled.root / FILE)
    before = filled.contents()
    assert filled.run("values", "rekey", "--all", env=MINE) == (
        0,
        f"staging: {FILE} is for these recipients already\n",
        "",
    )
    assert filled.contents() == before
    filled.change(stores=stores())
    ended = filled.run("values", "rekey", "staging", "--json", env=MINE)
    assert ended.document["results"] == [
        {
            "environment": "staging",
            "file": FILE,
            "written": True,
            "recipients_added": [],
            "recipients_removed": [OTHER.recipient],
        }
    ]
    assert filled.run("plan", "staging", env=MINE).code == 0


def test_who_was_removed_is_told_with_what_follows(filled: Project) -> None:
    filled.change(stores=stores(ME.recipient, OTHER.recipient))
    filled.run("values", "rekey", "staging", "-q", env=MINE)
    filled.change(stores=stores())
    assert filled.run("values", "rekey", "staging", env=MINE) == (
        0,
        f"staging: encrypted {FILE} for 1 recipient\n  can't open it any more: {OTHER.recipient}\n",
        "warning: Git's history has the file as it was, with its values: rotate what they could read\n",
    )


def test_environments_without_a_file_of_values_are_left_out_of_all(project: Project) -> None:
    project.environment("other", values={}, secrets=[])
    assert project.run("values", "rekey", "--all", env=MINE) == (
        0,
        f"staging: there is no {FILE} yet\n",
        "other: skipped, as it has no store of kind age\n",
    )


# --- edit ---


def test_what_is_saved_is_encrypted_and_the_file_is_gone(filled: Project) -> None:
    seen = filled.root.parent / "seen"
    script = (
        f'{{ echo "$@"; stat -c %a "$1" "$(dirname "$1")"; env; }} > {seen}; cat "$1" > {seen}.text\n'
        f'sed -i "s/^password:.*/password: {NEXT}/" "$1"; echo "token: 012345" >> "$1"'
    )
    assert filled.run("values", "edit", "staging", env=editor(filled, script)) == (
        0,
        f"staging: wrote {FILE}: added token; changed password\n",
        "who could open it before is not known, as sealgen did not write it\n",
    )
    assert held(filled) == {"password": NEXT.encode(), "db": b'{"user": "aura"}', "token": b"012345"}
    path, *rest = seen.read_text().splitlines()
    assert rest[:2] == ["600", "700"]
    assert not Path(path).parent.exists()
    assert Path(f"{seen}.text").read_text() == f'# ours\npassword: {SECRET}\ndb: \'{{"user": "aura"}}\'\n'
    given = "\n".join(rest)
    assert ME.identity not in given
    assert "SEALGEN_FINGERPRINT_KEY" not in given


def test_what_is_not_changed_is_not_written(filled: Project) -> None:
    before = filled.contents()
    assert filled.run("values", "edit", "staging", "-q", env=editor(filled, ":")).code == 0
    filled.run("values", "rekey", "staging", "-q", env=MINE)
    before = filled.contents()
    assert filled.run("values", "edit", "staging", env=editor(filled, "touch $1")) == (
        0,
        "staging: nothing was changed\n",
        "",
    )
    assert filled.contents() == before


def test_the_first_edit_makes_the_file_once_something_is_in_it(project: Project) -> None:
    assert project.run("values", "edit", "staging", env=editor(project, ":")).out == "staging: nothing was changed\n"
    assert not (project.root / FILE).exists()
    ended = project.run("values", "edit", "staging", env=editor(project, f"echo 'password: {SECRET}' >> $1"))
    assert ended == (0, f"staging: wrote {FILE}: added password\n  for 1 recipient\n", "")
    assert held(project) == {"password": SECRET.encode()}


@pytest.mark.parametrize(
    ("line", "code", "message", "hint"),
    [
        ("x: *otter", 2, f"{FILE}:4:4: an alias (…); write the value out", ADVICE),
        ("password: 2", 2, f"{FILE}:4:1: (…) occurs twice; the first is in line 2", ADVICE),
        ("x:", 2, f"{FILE}:4:3: x is empty; write '' for an empty text", ""),
    ],
)
def test_without_a_terminal_a_mistake_ends_it(filled: Project, line: str, code: int, message: str, hint: str) -> None:
    before = filled.contents()
    ended = filled.run("values", "edit", "staging", env=editor(filled, f"echo '{line}' >> $1"))
    assert ended == (code, "", f"error: {message}; nothing was written, and what was typed is gone\n{hint}")
    assert filled.contents() == before


def test_a_rule_of_the_environment_counts_in_the_editor_too(filled: Project) -> None:
    ended = filled.run("values", "edit", "staging", env=editor(filled, 'sed -i "s/^password:.*/password: short/" $1'))
    assert ended == (
        1,
        "",
        (
            "error: values.password is shorter than its min_length, 8 bytes; nothing was written, "
            "and what was typed is gone\n"
        ),
    )


AGAIN = "staging: edit again? Otherwise what you typed is gone. [Y/n]: "


@pytest.mark.parametrize(("answers", "code"), [(["y"], 0), ([""], 0), (["n"], 2), ([None], 130)])
def test_at_a_terminal_a_mistake_may_be_edited_again(filled: Project, answers: Sequence[str | None], code: int) -> None:
    filled.run("values", "rekey", "staging", "-q", env=MINE)
    before = filled.contents()
    script = f'if grep -q "^b:" $1; then sed -i "s/^b:.*/b: {NEXT}/" $1; else echo "b: *{NEXT}" >> $1; fi'
    session = at_terminal(
        filled, "--no-color", "values", "edit", "staging", answers=answers, env=editor(filled, script)
    )
    told = f"error: {FILE}:4:4: an alias (…); write the value out\r\n{ADVICE[:-1]}\r\n{AGAIN}"
    assert session.code == code
    assert session.shown.startswith(told)
    assert NEXT not in session.shown
    if code == 0:
        assert session.shown.endswith(f"staging: wrote {FILE}: added b\r\n")
        assert held(filled)["b"] == NEXT.encode()
    else:
        end = {2: "n\r\nerror: nothing was written\r\n", 130: "error: interrupted; nothing was left half done\r\n"}
        assert session.shown.endswith(end[code])
        assert filled.contents() == before


def test_an_editor_that_fails_changes_nothing(filled: Project) -> None:
    before = filled.contents()
    env = editor(filled, f"echo 'x: {NEXT}' >> $1; exit 1")
    ended = filled.run("values", "edit", "staging", env=env)
    assert ended == (
        1,
        "",
        (f"error: the editor '{env['EDITOR']}' ended with status 1; nothing was written, and what was typed is gone\n"),
    )
    assert filled.run("values", "edit", "staging", env=editor(filled, "rm $1")) == (
        1,
        "",
        "error: the editor left no file to read: No such file or directory; nothing was written\n",
    )
    assert filled.contents() == before


def test_recipients_that_are_none_are_told_before_the_editor_opens(filled: Project) -> None:
    filled.change(stores={"local": {**stores()["local"], "recipients": "team"}})
    ended = filled.run("values", "edit", "staging", env=editor(filled, f"touch {filled.root}/opened"))
    assert ended.code == 2
    assert ended.err.endswith(": team can't be read as a file of recipients\n")
    assert not (filled.root / "opened").exists()
    filled.write("team", f"{ME.recipient[:-1]}{'q' if ME.recipient[-1] != 'q' else 'p'}\n")
    ended = filled.run("values", "set", "staging", "password", "--generate", "uuid", env=MINE)
    assert ended.code == 2
    assert ended.err.endswith("is mistyped: it is no key\n")


def test_what_was_typed_is_kept_where_the_file_changed_meanwhile(filled: Project) -> None:
    seen = filled.root.parent / "seen"
    script = f'echo "$1" > {seen}; echo "mine: {NEXT}" >> $1; cp {filled.root.parent}/theirs {filled.root / FILE}'
    ME.encrypt(filled.root.parent / "theirs", b"theirs: x\n")
    ended = filled.run("values", "edit", "staging", env=editor(filled, script))
    path = Path(seen.read_text().strip())
    assert ended == (
        1,
        "",
        (
            f"error: {FILE} changed while sealgen ran; nothing was written\n"
            f"Run it again. What you typed is kept in {path}, as it is; remove it yourself.\n"
        ),
    )
    assert f"mine: {NEXT}" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert held(filled) == {"theirs": b"x"}
    path.unlink()
    path.parent.rmdir()


def test_where_no_folder_is_in_memory_that_is_said(filled: Project) -> None:
    seen = filled.root.parent / "seen"
    with patch("sealgen.scratch._IN_MEMORY", frozenset()):
        ended = filled.run("values", "edit", "staging", env=editor(filled, f'echo "$1" > {seen}'))
    assert ended.err.startswith(
        f"warning: no folder here is in memory alone: until you close the editor, the values are in {seen.read_text()}"
    )
    assert not Path(seen.read_text().strip()).exists()


def test_json_names_what_changed(filled: Project) -> None:
    script = f'echo "b: {NEXT}" >> $1; sed -i /^db:/d $1'
    ended = filled.run("values", "edit", "staging", "--json", env=editor(filled, script))
    (result,) = ended.document["results"]
    assert (ended.document["command"], result["added"], result["changed"], result["removed"]) == (
        "values",
        ["b"],
        [],
        ["db"],
    )


# --- completion ---


def completed(project: Project, *words: str) -> list[str]:
    """Return what is offered for the last word."""
    told = {"_SEALGEN_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    return project.run(env=told).out.split()


def test_names_are_offered_without_an_identity(project: Project) -> None:
    assert completed(project, "sealgen", "values", "r") == ["plain,rekey", "plain,rm"]
    assert completed(project, "sealgen", "values", "set", "st") == ["plain,staging"]
    assert completed(project, "sealgen", "values", "set", "staging", "") == ["plain,db", "plain,password"]
    assert completed(project, "sealgen", "values", "rm", "staging", "db", "p") == ["plain,password"]
    assert completed(project, "sealgen", "values", "set", "none", "") == []


# --- values that are kept and pushed there ---


def test_a_generated_value_is_kept_in_the_file_and_read_from_there(project: Project) -> None:
    kept = {"generate": "hex", "bytes": 16, "keep": {"age": "{dashed-value}"}}
    project.change(values={"api_key": kept}, secrets=["app"])
    project.template("app", {"key": "{{ values.api_key }}"})
    assert project.run("seal", "staging", env=MINE) == (
        0,
        (
            "staging\n"
            "  SECRET  KEY  ACTION  REASON\n"
            f"  app     key  seal    new key: api_key is made, and put into api-key of {FILE}\n"
            "staging: 1 secret, 1 key, 1 sealed\n"
        ),
        "",
    )
    first = held(project)["api-key"]
    assert project.unsealed() == {"app/key": first}
    assert project.run("seal", "staging", env=MINE).out == "staging: 1 secret, 1 key, up to date\n"
    assert project.run("rotate", "staging", "api_key", "-q", env=MINE) == (0, "", "")
    assert project.unsealed() == {"app/key": held(project)["api-key"]}
    assert held(project)["api-key"] != first
    listed = project.run("values", "list", "staging", "--json", env=MINE).document["results"][0]["values"]
    assert [(row["name"], row["read_by"]) for row in listed] == [("api-key", ["api_key"])]


def test_two_machines_that_make_a_kept_value_at_once_have_one(project: Project) -> None:
    kept = {"generate": "hex", "bytes": 16, "keep": {"age": "{value}"}}
    for name in ("staging", "second"):
        project.environment(
            name,
            stores=stores(),
            values={"key": {**kept, "keep": {"age": "shared"}}},
            secrets=["app"],
            namespace=f"aura-{name}",
        )
    project.template("app", {"key": "{{ values.key }}"})
    runs = [project.start("seal", name, "-q", env=MINE) for name in ("staging", "second")]
    for run in runs:
        _, err = run.communicate(timeout=120)
        assert (run.returncode, err) == (0, b"")
    assert project.unsealed("staging") == project.unsealed("second") == {"app/key": held(project)["shared"]}


def test_values_are_pushed_into_the_file(project: Project) -> None:
    project.change(values={"smtp": {"env": "SMTP_PASSWORD", "push": {"age": "smtp/{value}"}}}, secrets=["app"])
    project.template("app", {"smtp": "{{ values.smtp }}"})
    ended = project.run("push", "staging", env=MINE)
    assert (ended.code, ended.err) == (0, "")
    assert held(project) == {"smtp/smtp": SMTP_PASSWORD.encode()}
    before = (project.root / FILE).read_bytes()
    assert project.run("push", "staging", env=MINE).code == 0
    assert (project.root / FILE).read_bytes() == before


# --- what gets out ---


def test_no_value_and_no_identity_gets_out(filled: Project, tmp_path: Path) -> None:
    """But for the file that the editor has, which is wiped."""
    (tmp_path / "nowhere").mkdir()
    log = tmp_path / "log"
    binary = tmp_path / "bin"
    binary.mkdir()
    (binary / "git").write_text(f'#!/bin/sh\n{{ printf "%s\\n" "$@"; env; }} >> "{log}"\nexit 1\n')
    (binary / "git").chmod(0o700)
    around = {
        "PATH": f"{binary}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "nowhere"),
        "HOME": str(tmp_path / "nowhere"),
    }
    look = f'{{ tr "\\0" "\\n" < /proc/$PPID/cmdline; tr "\\0" "\\n" < /proc/$$/cmdline; env; }} >> "{log}"; '
    change = f"sed -i \"s/^password:.*/password: '{NEXT}'/\" $1"
    shown: list[str] = []
    for more in ((), ("-v",), ("--json",)):
        for script in (look + change, look + f"echo 'x: *{NEXT}' >> $1", look + f"echo '{NEXT}' >> $1"):
            env = {**editor(filled, script), **around}
            shown += filled.run("values", "edit", "staging", *more, env=env)[1:]
        for content in (SECRET.encode(), NEXT.encode()):
            shown += piped(filled, content, "values", "set", "staging", "password", "--stdin", *more)[1:]
        for arguments in (("list", "staging"), ("rekey", "staging"), ("set", "staging", "x", "--generate", "uuid")):
            shown += filled.run("values", *arguments, *more, env={**MINE, **around})[1:]
        shown += filled.run("seal", "staging", *more, env={**MINE, **around})[1:]
        shown += filled.run("values", "rm", "staging", "x", *more, env={**MINE, **around})[1:]
    plaintexts = {"secret": SECRET.encode(), "next": NEXT.encode(), "identity": ME.identity.encode()}
    assert not leaked("\n".join(shown).encode(), plaintexts)
    assert not leaked(log.read_bytes(), plaintexts)
    for path in filled.root.rglob("*"):
        assert not path.is_file() or not leaked(path.read_bytes(), plaintexts), path
    assert not list((tmp_path / "nowhere").iterdir())


def test_programs_do_not_get_the_identity(project: Project) -> None:
    project.environment(values={"program": {"exec": ["sh", "-c", "env > told; echo value"]}}, secrets=["one"])
    project.template("one", {"A": "{{ values.program }}"})
    assert project.run("seal", "staging", "-q", env=MINE).code == 0
    told = project.read("told")
    assert b"SMTP_PASSWORD" in told
    assert b"SEALGEN_AGE_IDENTITY" not in told


def test_check_needs_no_identity_and_finds_what_should_be_encrypted_and_is_not(filled: Project) -> None:
    filled.write(".gitignore", ".sealgen/\n")
    filled.git("init", "-q")
    filled.git("add", "-A")
    assert filled.run("check", "staging", env={}).code == 0
    filled.write(FILE, f"password: {SECRET}\n")
    filled.write("age.key", f"# created: today\n{ME.identity}\n")
    filled.git("add", "-A")
    ended = filled.run("check", "staging", env={})
    assert ended.code == 11
    assert f"error: {FILE}:1: it is not encrypted with age [values-in-clear]\n" in ended.out
    assert "error: age.key:2: a private key is tracked by Git [private-key]\n" in ended.out
    assert not leaked((ended.out + ended.err).encode(), {"identity": ME.identity.encode(), "value": SECRET.encode()})
