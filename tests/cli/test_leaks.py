"""No plaintext gets out: not in success, not in failure, in no form and no part, to no file, screen or child."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests.support.leaks import leaked
from tests.support.project import FINGERPRINT_KEY, Project, empty, environ
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.support.project import Ended

CANARIES = {
    "env": "eNv+9/~\"\\'%é{{7*7}}$Xk2QwZ8rT5bVn4 s",
    "file": "fIl\x07e/3#\N{GRINNING FACE}<jW6>\tpLq9vB0cRy1:mH8\u202eDg7",
    "dotenv": 'dOt"E+5nv=@tY2/uIo6!pAs4;dFg8(hJk)1lZ3',
    "exec": "eXe%25c&9|zR4?wQ7^tM1`kP6_yU3-nJ0,bG5.hF8",
    "literal": "lIt[e]r/2+aL:5 {vC8}xS0*oN7!qE4@iD9#gB6",
}
"""A value for each source that is read, with characters that each form writes in its own way."""
ASKED = "aSk%4?9/eD+7=zXc1vBn3mQw5eRt8yUi2oPa6"
SOURCES: dict[str, dict[str, Any]] = {
    "env": {"env": "CANARY"},
    "file": {"file": "private/value"},
    "dotenv": {"dotenv": "private/.env", "variable": "CANARY"},
    "exec": {"exec": ["private/program"]},
    "literal": {"literal": CANARIES["literal"]},
}
GENERATED: dict[str, dict[str, Any]] = {
    "hex": {"generate": "hex", "bytes": 32},
    "password": {"generate": "password", "length": 32},
    "base64": {"generate": "base64", "bytes": 32},
    "key": {"generate": "ed25519"},
    "ssh": {"generate": "ssh"},
}
PARTS = {"hex": "hex", "password": "password", "base64": "base64", "key": "key.private", "ssh": "ssh.private"}
PRIVATE = "private/"
"""What the user wrote and keeps; with the environment files, the one place where plaintexts may be."""
KEPT = re.compile(r"\.sealgen/(?:[a-z]+\.values|fingerprint\.key)|environments/[a-z]+\.yaml|private/.*")


@dataclass
class Watched:
    """A project in which all that gets out of a run is collected."""

    project: Project
    log: Path
    """What children were given: arguments and variables."""
    environ: dict[str, str | None]
    plaintexts: dict[str, bytes]
    shown: list[str] = field(default_factory=list)

    def run(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Ended:
        ended = self.project.run(*arguments, env={**self.environ, **(env or {})})
        self.shown += [ended.out, ended.err]
        return ended

    def run_all(self, *arguments: str) -> list[Ended]:
        return [self.run(*arguments, *more) for more in ((), ("-v",), ("--json",), ("-q",))]

    def leaks(self) -> dict[str, list[str]]:
        """Return where something got out: on the screen, to a child, or into a file that may hold none."""
        places = {"the screen": "\n".join(self.shown).encode(), "a child": self.log.read_bytes()}
        for path in self.project.root.rglob("*"):
            name = str(path.relative_to(self.project.root))
            if path.is_file() and not KEPT.fullmatch(name):
                places[name] = name.encode("utf-8", "surrogateescape") + b"\n" + path.read_bytes()
        found = {place: leaked(content, self.plaintexts) for place, content in places.items()}
        return {place: names for place, names in found.items() if names}

    def value(self, name: str, **fields: Any) -> None:
        """Add fields to a value of the environment ``staging``."""
        self.project.change(values={**self.values(), name: {**self.values()[name], **fields}})

    def values(self) -> dict[str, dict[str, Any]]:
        return {**SOURCES, **GENERATED}

    def key(self, text: str, header: str = "") -> None:
        """Let the environment have one Secret with one key."""
        self.project.change(secrets=["one"])
        self.project.template("one", {"KEY": text}, header)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    root = tmp_path / "project"
    root.mkdir()
    project = empty(root)
    project.git("init", "--quiet")
    project.write("private/value", CANARIES["file"])
    project.write("private/.env", f"OTHER=x\nCANARY='{CANARIES['dotenv']}'\n")
    log = tmp_path / "children"
    log.touch()
    program(project, CANARIES["exec"], log)
    project.environment(values={**SOURCES, **GENERATED}, secrets=["all", "uris"])
    own = {name.upper(): f"{{{{ values.{name} }}}}" for name in SOURCES}
    made = {name.upper(): f"{{{{ values.{place} }}}}" for name, place in PARTS.items()}
    project.template("all", {**own, **made})
    project.template(
        "uris",
        {
            **{name: f"a://{{{{ values.{name} | urlquote }}}}:x@{{{{ values.hex }}}}/" for name in SOURCES},
            "json": '{{ {"a": values.env, "b": [values.file, values.literal | upper]} | tojson }}',
            "shell": "X={{ values.exec | shellquote }} Y={{ values.dotenv | sqlquote }}",
            "digest": "{{ values.env | sha256 }} {{ values.file | b64encode }}",
            "htpasswd": '{{ values.password | htpasswd("aura") }}',
        },
    )
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    git = bin_ / "git"
    git.write_text(f'#!/bin/sh\n{{ printf "%s\\n" "$@"; env; }} >> "{log}"\nexec {shutil.which("git")} "$@"\n')
    git.chmod(0o755)
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    environ: dict[str, str | None] = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "CANARY": CANARIES["env"],
        "HOME": str(nowhere),
        "TMPDIR": str(nowhere),
    }
    plaintexts = {name: text.encode() for name, text in CANARIES.items()}
    plaintexts["the fingerprint key"] = FINGERPRINT_KEY.encode()
    yield Watched(project, log, environ, plaintexts)
    assert not list(nowhere.iterdir())


def program(project: Project, printed: str, log: Path, then: str = "") -> None:
    """Write the program whose output is a value; it tells which arguments it got, and which key it must not have."""
    project.write("private/output", printed)
    project.write(
        "private/program",
        f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" "$SEALGEN_FINGERPRINT_KEY" >> "{log}"\ncat private/output\n{then}\n',
    )
    (project.root / "private/program").chmod(0o700)


def body(value: bytes) -> bytes:
    """Return a value without the lines that all keys in PEM have, which Git is asked to look for."""
    return b"\n".join(line for line in value.splitlines() if not line.startswith(b"-----"))


def test_the_watch_sees_a_part_in_any_form() -> None:
    canaries = {name: text.encode() for name, text in CANARIES.items()}
    text = CANARIES["env"]
    assert leaked(b"nothing of it", canaries) == []
    for shown in (
        text[3:15],
        base64.b64encode(f"user:{text}".encode()).decode(),
        text.encode().hex(),
        json.dumps({"x": text}),
        repr({"x": text.encode()}),
    ):
        assert any(name.startswith("env (") for name in leaked(f"x{shown}x".encode(), canaries)), shown


# --- success ----------------------------------------------------------------------------------------------------


def test_success_shows_and_writes_only_what_is_sealed(watched: Watched) -> None:
    for command in ("plan", "seal", "seal", "plan", "check"):
        for ended in watched.run_all(command, "staging"):
            assert ended.code == (10 if command == "plan" and len(watched.shown) <= 8 else 0), ended
    unsealed = watched.project.unsealed()
    for name, text in CANARIES.items():
        assert unsealed[f"all/{name.upper()}"] == text.encode()
    watched.plaintexts |= {name: body(unsealed[f"all/{name.upper()}"]) for name in PARTS}
    assert watched.leaks() == {}
    for arguments in (
        ("seal", "staging", "--rotate", "hex"),
        ("seal", "staging", "--rotate", "key", "--rotate", "ssh"),
        ("rotate", "staging", "password", "--dry-run"),
        ("rotate", "staging", "hex"),
        ("plan", "staging", "--rotate", "password"),
        ("plan", "staging", "--only", "all/ENV"),
        ("cert", "show", "staging"),
        ("render", "staging"),
        ("check", "--all"),
        ("schema",),
    ):
        watched.run_all(*arguments)
    unsealed = watched.project.unsealed()
    watched.plaintexts |= {f"the next {name}": body(unsealed[f"all/{name.upper()}"]) for name in PARTS}
    assert watched.leaks() == {}


def test_only_the_values_of_a_plain_environment_are_kept_and_to_their_owner_alone(watched: Watched) -> None:
    watched.project.change(backend={"kind": "plain"}, output=None)
    before = os.umask(0)
    try:
        printed = watched.project.run("render", "staging", env=watched.environ)
    finally:
        os.umask(before)
    assert printed.code == 0
    again = watched.project.run("render", "staging", "-v", env=watched.environ)
    assert [line for line in again.out.splitlines() if "htpasswd" not in line] == [
        line for line in printed.out.splitlines() if "htpasswd" not in line
    ]
    kept = json.loads(watched.project.read(".sealgen/staging.values"))
    watched.plaintexts |= {
        name: body(base64.b64decode(text))
        for name in kept
        for part, text in kept[name]["parts"].items()
        if part != "public"
    }
    watched.shown += [printed.err, again.err]
    watched.run_all("check", "staging")
    watched.run_all("seal", "staging")
    assert watched.leaks() == {}


def test_all_that_sealgen_keeps_is_private_and_ignored(watched: Watched) -> None:
    watched.project.environment("local", backend={"kind": "plain"}, values=GENERATED, secrets=["two"])
    watched.project.template("two", {"A": "{{ values.hex }}"})
    before = os.umask(0)
    try:
        assert watched.run("seal", "staging", env={"SEALGEN_FINGERPRINT_KEY": None}).code == 0
        assert watched.project.run("render", "local", env=watched.environ).code == 0
    finally:
        os.umask(before)
    kept = sorted(
        path.relative_to(watched.project.root).as_posix() for path in (watched.project.root / ".sealgen").iterdir()
    )
    assert {".sealgen/fingerprint.key", ".sealgen/local.values"} <= set(kept)
    for name in kept:
        assert stat.S_IMODE((watched.project.root / name).stat().st_mode) == 0o600, name
        assert watched.project.git("check-ignore", name) == f"{name}\n"
    assert stat.S_IMODE((watched.project.root / ".sealgen").stat().st_mode) == 0o700
    watched.plaintexts["the kept fingerprint key"] = watched.project.read(".sealgen/fingerprint.key").strip()
    assert watched.leaks() == {}


def test_children_get_nothing_that_they_do_not_need(watched: Watched) -> None:
    watched.project.change(backend={"kind": "plain"}, output=None)
    watched.run("check", "staging")
    assert watched.project.run("render", "staging", env=watched.environ).code == 0
    given = watched.log.read_text()
    assert "grep\n" in given
    assert "check-ignore\n" in given
    assert "private/program\n\n" in given  # no argument, and an empty key
    assert "CANARY" not in given
    assert "SMTP_PASSWORD" not in given
    assert leaked(given.encode(), watched.plaintexts) == []


def test_what_a_person_enters_is_shown_nowhere(watched: Watched) -> None:
    watched.project.change(values={"asked": {"prompt": "Which?", "min_length": 8}}, secrets=["one"])
    watched.project.template("one", {"A": "{{ values.asked }}", "B": "a://{{ values.asked | urlquote }}@b"})
    watched.plaintexts["asked"] = ASKED.encode()
    watched.plaintexts["mistyped"] = ASKED[::-1].encode()
    for arguments, answers in (
        (("seal", "staging", "-v"), [ASKED, ASKED[::-1], ASKED, ASKED]),
        (("seal", "staging", "--rotate", "asked", "--json"), [ASKED, ASKED]),
        (("seal", "staging", "--rotate", "asked"), [ASKED, None]),
    ):
        watched.shown.append(at_terminal(watched.project, *arguments, answers=answers).shown)
    assert watched.project.unsealed()["one/A"] == ASKED.encode()
    assert watched.leaks() == {}


# --- failure ----------------------------------------------------------------------------------------------------


def rules(watched: Watched) -> None:
    for name in SOURCES:
        watched.value(name, min_length=1000)
        watched.run_all("seal", "staging")
        watched.run_all("check", "staging")
        watched.value(name, max_length=5)
        watched.run_all("seal", "staging")
        watched.value(name, pattern="[0-9]+")
        watched.run_all("seal", "staging")
        watched.run_all("plan", "staging")
    watched.project.write("private/value", CANARIES["file"].encode() + b"\xff")
    watched.value("file", pattern=".*")
    assert watched.run_all("seal", "staging")[0].code == 1


def suspicious_values(watched: Watched) -> None:
    log = watched.log
    for text in (CANARIES["exec"] + "\n", f"\ufeff{CANARIES['exec']}\r\n", f" {CANARIES['exec']} "):
        program(watched.project, text, log)
        watched.key("{{ values.exec }}")
        watched.project.change(lint="error")
        assert watched.run_all("seal", "staging")[0].code == 2
        watched.project.change(lint="warn")
        ended = watched.run("seal", "staging")
        assert (ended.code, ended.err[:9]) == (0, "warning: ")
    for key in ("a.json", "a.pem", "tls.key", ".dockerconfigjson"):
        watched.project.template("one", {key: "{{ values.exec }}"})
        watched.run_all("seal", "staging")


def content_that_a_type_forbids(watched: Watched) -> None:
    for type_, keys in {
        "kubernetes.io/tls": ("tls.crt", "tls.key"),
        "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
        "kubernetes.io/dockercfg": (".dockercfg",),
        "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    }.items():
        watched.project.change(secrets=["one"])
        watched.project.template("one", dict.fromkeys(keys, "{{ values.exec }}"), f"type: {type_}")
        watched.run_all("seal", "staging")
    docker = json.dumps({"auths": {"r": {"auth": CANARIES["exec"], "password": CANARIES["env"]}}, "x": 1})
    program(watched.project, docker, watched.log)
    watched.project.template("one", {".dockerconfigjson": "{{ values.exec }}"}, "type: kubernetes.io/dockerconfigjson")
    watched.run_all("seal", "staging")


def filters_that_can_not_take_a_value(watched: Watched) -> None:
    watched.project.write("private/output", CANARIES["exec"].encode() + b"\0\xff" + b"x" * 80)
    for text in (
        "{{ values.exec | tojson }}",
        "{{ values.exec | b64decode }}",
        "{{ values.exec | sqlquote }}",
        "{{ values.exec | shellquote }}",
        '{{ values.exec | htpasswd("u") }}',
        "{{ values.exec | trim }}",
        '{{ values.exec | replace("a", values.env) }}',
        '{{ values.env | replace("", values.file) }}',
        '{{ values.env | htpasswd(values.literal ~ ":") }}',
        "{{ values.env | b64decode }}",
        "x {{ values.exec }}",
    ):
        watched.key(text)
        assert watched.run_all("seal", "staging")[0].code == 2, text
    watched.project.write("templates/one.yaml.j2", "apiVersion: v1\nkind: Secret\ndata:\n  KEY: '{{ values.env }}'\n")
    assert watched.run_all("seal", "staging")[0].code == 2


def templates_that_look_into_a_value(watched: Watched) -> None:
    for name in SOURCES:
        for text in (
            f'{{{{ values.{name} == "x" }}}}',
            f"{{{{ values.{name}[0] }}}}",
            f"{{{{ values.{name} | length }}}}",
            f"{{% if values.{name} %}}x{{% endif %}}",
            f'{{{{ "x" * values.{name} }}}}',
        ):
            watched.key(text)
            assert watched.run_all("plan", "staging")[0].code == 2, text
        watched.key("x", f"metadata: {{labels: {{a: '{{{{ values.{name} }}}}'}}}}")
        assert watched.run_all("plan", "staging")[0].code == 2


def values_written_into_the_template(watched: Watched) -> None:
    for line in (
        f"data: {{KEY: '{CANARIES['env']}'}}",
        f"data:\n  KEY: {CANARIES['exec']}",
        "data:\n  KEY: [" + json.dumps(CANARIES["dotenv"]) + "]",
        "stringData:\n  KEY: {a: " + json.dumps(CANARIES["dotenv"]) + "}",
        "stringData:\n  KEY: !!str " + json.dumps(CANARIES["dotenv"]),
        "stringData:\n  KEY: &a " + json.dumps(CANARIES["dotenv"]),
        "stringData:\n  KEY: " + json.dumps(CANARIES["dotenv"]) + " x",
        "stringData:\n  KEY: '" + CANARIES["env"],
        "stringData:\n  KEY: |\n   " + CANARIES["exec"] + "\n  " + CANARIES["exec"],
        "stringData:\n\tKEY: " + CANARIES["exec"],
    ):
        watched.project.change(secrets=["one"])
        watched.project.write(
            "templates/one.yaml.j2", f"apiVersion: v1\nkind: Secret\n{{% raw %}}{line}{{% endraw %}}\n"
        )
        for ended in watched.run_all("plan", "staging"):
            assert ended.code == 2, line
        (watched.project.root / "templates/one.yaml.j2").unlink()


def environment_files_that_are_wrong(watched: Watched) -> None:
    path = "environments/staging.yaml"
    text = watched.project.read(path).decode()
    secret = json.dumps(CANARIES["literal"])
    for value in (
        secret,
        f"[{secret}]",
        f"{{literal: [{secret}]}}",
        f"{{literal: {{a: {secret}}}}}",
        f"{{literal: {secret}, min_length: 200}}",
        f"{{literal: {secret}, pattern: x}}",
        f"{{literal: {secret}, literal: {secret}}}",
        f"{{literal: {secret}, env: X}}",
        f"{{literal: {secret}, unknown: 1}}",
        f"{{literal: {secret}",
        f"{{literal: &a {secret}}}",
        f"{{literal: !secret {secret}}}",
        f"{{literal: {secret} {secret}}}",
        f"\n<<<<<<< HEAD\n  literal: {secret}\n=======",
    ):
        head = text[: text.index("\nvalues:\n")]
        watched.project.write(path, f"{head}\nvalues:\n  broken: {value}\nsecrets: [one]\n")
        for command in ("plan", "check"):
            for ended in watched.run_all(command, "staging"):
                assert ended.code == 2, value
    watched.project.write(path, text)


def sources_that_fail(watched: Watched) -> None:
    watched.key("{{ values.exec }}")
    program(watched.project, CANARIES["exec"], watched.log, "cat private/output >&2; exit 3")
    assert watched.run_all("seal", "staging")[0].code == 12
    # What a child writes itself is seen only where the run has a standard error of its own.
    alone = watched.project.execute("seal", "staging", "-v", env=watched.environ)
    watched.shown += [alone.out, alone.err]
    program(watched.project, CANARIES["exec"], watched.log, "sleep 10")
    watched.project.change(values={"exec": {"exec": ["private/program"], "timeout": "1s"}})
    assert watched.run("seal", "staging").code == 12
    program(watched.project, CANARIES["exec"] * 40_000, watched.log)
    assert watched.run_all("seal", "staging")[0].code == 12
    watched.project.change(values={"dotenv": SOURCES["dotenv"]})
    watched.key("{{ values.dotenv }}")
    for line in (
        f"CANARY={CANARIES['dotenv']}\nCANARY={CANARIES['dotenv']}\n",
        f"CANARY='{CANARIES['dotenv']}\n",
        f"{CANARIES['dotenv']}\n",
        f"OTHER='{CANARIES['dotenv']}'\n",
    ):
        watched.project.write("private/.env", line)
        assert watched.run_all("seal", "staging")[0].code in (1, 12), line
    watched.project.change(values={"file": SOURCES["file"]})
    watched.key("{{ values.file }}")
    watched.project.write("private/value", CANARIES["file"] * 30_000)
    assert watched.run_all("seal", "staging")[0].code == 12
    watched.project.write("private/value", CANARIES["file"] * 15_000)
    watched.project.template("one", {"A": "{{ values.file }}", "B": "{{ values.file }}"})
    assert watched.run_all("seal", "staging")[0].code == 2


def places_that_can_not_be_written(watched: Watched) -> None:
    watched.project.write("k8s/overlays", "in the way\n")
    assert watched.run_all("seal", "staging")[0].code == 1
    (watched.project.root / "k8s/overlays").unlink()
    watched.project.write("k8s/overlays/staging/all.yaml", "not ours\n")
    assert watched.run_all("seal", "staging")[0].code == 2


def keys_that_are_wrong(watched: Watched) -> None:
    for name, text in CANARIES.items():
        if "\0" not in text:
            ended = watched.run("seal", "staging", env={"SEALGEN_FINGERPRINT_KEY": text})
            assert ended.code == 2, name
            watched.run("plan", "staging", "--json", env={"SEALGEN_FINGERPRINT_KEY": text})
    watched.run_all("seal", "staging")
    (watched.project.root / ".sealgen/fingerprint.key").touch(mode=0o600)
    watched.project.write(".sealgen/fingerprint.key", CANARIES["exec"])
    assert watched.run("plan", "staging", env={"SEALGEN_FINGERPRINT_KEY": None}).code == 2


def kept_values_that_are_damaged(watched: Watched) -> None:
    watched.project.environment("local", backend={"kind": "plain"}, values=GENERATED, secrets=["one"])
    watched.key("{{ values.hex }}")
    assert watched.project.run("render", "local", env=watched.environ).code == 0
    for content in (
        CANARIES["exec"],
        json.dumps({"hex": {"specification": "x", "parts": {"": CANARIES["exec"]}}}),
        json.dumps({CANARIES["exec"]: CANARIES["exec"]}),
    ):
        watched.project.write(".sealgen/local.values", content)
        for ended in watched.run_all("render", "local"):
            assert ended.code == 2


FAILURES: tuple[Callable[[Watched], None], ...] = (
    rules,
    suspicious_values,
    content_that_a_type_forbids,
    filters_that_can_not_take_a_value,
    templates_that_look_into_a_value,
    values_written_into_the_template,
    environment_files_that_are_wrong,
    sources_that_fail,
    places_that_can_not_be_written,
    keys_that_are_wrong,
    kept_values_that_are_damaged,
)


@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__.replace("_", " "))
def test_failure_shows_nothing(watched: Watched, fail: Callable[[Watched], None]) -> None:
    fail(watched)
    assert any(watched.shown)
    assert watched.leaks() == {}


@pytest.mark.parametrize("more", [(), ("-v",), ("--json",)], ids=" ".join)
def test_a_fault_of_ours_in_the_middle_of_sealing_shows_nothing(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    def seal(plaintext: bytes, *_: object) -> NoReturn:
        raise RuntimeError(plaintext, plaintext.decode("utf-8", "replace"), {"plaintext": plaintext})

    monkeypatch.setattr("sealgen.crypto.crew.seal", seal)
    ended = watched.run("seal", "staging", *more)
    assert ended.code == 1
    assert "internal error (RuntimeError in " in ended.out + ended.err
    assert watched.leaks() == {}
    assert not (watched.project.root / "k8s").exists()


def test_a_process_that_crashes_leaves_no_core_dump(watched: Watched) -> None:
    program(watched.project, CANARIES["exec"], watched.log, "kill -ABRT $PPID; sleep 5")
    watched.key("{{ values.env }}{{ values.exec }}")
    # A shell's limit is what the process begins with.
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -c unlimited && exec "$0" -m sealgen seal staging -v', sys.executable],
        cwd=watched.project.root,
        env=environ(watched.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGABRT
    watched.shown += [done.stdout.decode(), done.stderr.decode()]
    assert [path.name for path in watched.project.root.glob("core*")] == []
    assert watched.leaks() == {}


def test_no_argument_and_no_child_shows_a_value_while_a_run_goes_on(watched: Watched) -> None:
    # The program looks at what Linux shows of its own process and of sealgen's.
    look = (
        f'{{ cat /proc/$$/cmdline /proc/$PPID/cmdline | tr "\\0" "\\n"; '
        f'tr "\\0" "\\n" < /proc/$$/environ | grep -v "^CANARY="; }} >> "{watched.log}"'
    )
    program(watched.project, CANARIES["exec"], watched.log, look)
    watched.key("{{ values.env }}{{ values.file }}{{ values.dotenv }}{{ values.exec }}{{ values.password }}")
    watched.project.change(lint="warn")
    ended = watched.project.execute("seal", "staging", "-v", env=watched.environ)
    assert ended.code == 0, ended
    watched.shown += [ended.out, ended.err]
    given = watched.log.read_text()
    assert "-m\nsealgen\nseal\nstaging\n-v\n" in given
    assert "SEALGEN_FINGERPRINT_KEY" not in given
    assert watched.leaks() == {}


# --- hostile names ----------------------------------------------------------------------------------------------

HOSTILE = "\x1b]0;title\x07\x1b[2J\nforged: all is well\r\u202e\u2028"


@pytest.mark.parametrize(
    "source",
    [{"file": HOSTILE}, {"dotenv": HOSTILE}, {"exec": [HOSTILE]}, {"exec": ["/bin/sh", "-c", "exit 1", HOSTILE]}],
    ids=["file", "dotenv", "program", "argument"],
)
def test_names_of_sources_come_out_inert(watched: Watched, source: dict[str, Any]) -> None:
    watched.project.change(values={"hostile": source})
    watched.key("{{ values.hostile }}")
    inert(watched, "seal", "plan")


def test_names_of_templates_variables_and_outputs_come_out_inert(watched: Watched) -> None:
    for fields in (
        {"secrets": [{"name": "one", "template": HOSTILE}]},
        {"secrets": [HOSTILE]},
        {"secrets": [{"name": "one", "values": {"x": HOSTILE}}]},
        {"namespace": HOSTILE},
        {"output": f"k8s/{HOSTILE}"},
        {"output": f"../{HOSTILE}"},
        {"backend": watched.project.backend(certificate=HOSTILE)},
        {"backend": watched.project.backend(certificate=f"https://127.0.0.1:1/{HOSTILE}")},
        {"backend": watched.project.backend(fingerprint=HOSTILE)},
        {HOSTILE: 1},
        {"values": {HOSTILE: {"literal": "x"}}},
        {"values": {"x": {HOSTILE: "x"}}},
        {"extends": HOSTILE},
        {"lint": HOSTILE},
    ):
        before = watched.project.read("environments/staging.yaml")
        watched.project.change(**fields)
        inert(watched, "seal", "plan", "check")
        watched.project.write("environments/staging.yaml", before)


def test_what_a_template_says_comes_out_inert(watched: Watched) -> None:
    for text in ("{{ vars[hostile] }}", "{{ values[vars.hostile] }}", "{{ undefined(vars.hostile) }}"):
        watched.project.change(vars={"hostile": HOSTILE})
        watched.key(text)
        inert(watched, "plan")
    for line in (
        f"kind: {json.dumps(HOSTILE)}",
        f"{json.dumps(HOSTILE)}: 1",
        f"metadata: {{name: {json.dumps(HOSTILE)}}}",
    ):
        watched.key("x", line)
        inert(watched, "plan")


def test_what_the_overlay_and_the_lock_say_comes_out_inert(watched: Watched) -> None:
    watched.key("x")
    assert watched.run("seal", "staging").code == 0
    kustomization = "k8s/overlays/staging/kustomization.yaml"
    content = watched.project.read(kustomization).decode()
    for line in (
        f"- {json.dumps(HOSTILE + '.yaml')}",
        f"namePrefix: {json.dumps(HOSTILE)}",
        f"kind: {json.dumps(HOSTILE)}",
    ):
        watched.project.write(kustomization, f"{content}{line}\n")
        inert(watched, "check", "plan")
    watched.project.write(kustomization, content)
    lock = watched.project.read("environments/staging.lock").decode()
    for old in ("one", "KEY", "aura-staging"):
        watched.project.write("environments/staging.lock", lock.replace(f'"{old}"', json.dumps(HOSTILE)))
        inert(watched, "check", "plan")


def inert(watched: Watched, *commands: str) -> None:
    """Run commands and look for anything that moves the cursor, turns the text round, or forges a line."""
    for command in commands:
        for more in ((), ("-v",), ("--json",)):
            ended = watched.run(command, "staging", *more)
            for shown in (ended.out, ended.err):
                assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", shown), shown
                assert not re.search("^ *forged", shown, re.MULTILINE), shown
