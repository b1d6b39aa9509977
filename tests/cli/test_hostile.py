"""Hostile projects end with one clear error each, soon, in little memory, and with no file changed."""

# ruff: noqa: E501  (a message stands on one line, so that a search finds it)

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.project import Ended, Project, empty, environ
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from pathlib import Path

MEMORY = 1024**3  # bytes of address space
SECONDS = 15  # of processor time; what is not limited would take hours
ENV = "environments/staging.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with the environment staging: one Secret, one value."""
    project = empty(tmp_path / "project")
    project.environment(
        vars={"host": "db", "list": ["x", "z"], "map": {"a": 1}}, values={"a": {"literal": "x"}}, secrets=["one"]
    )
    template(project, "{{ values.a }}")
    return project


def template(project: Project, text: str, name: str = "one") -> None:
    """Write a template whose fifth line is ``text``."""
    project.write(f"templates/{name}.yaml.j2", f"apiVersion: v1\nkind: Secret\nstringData:\n  KEY: >-\n    {text}\n")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def limited(project: Project, *arguments: str) -> Ended:
    """Run the command line as a process of its own, within limits, and make sure that it changes no file."""
    before = project.tree()
    ended = run_limited(project, *arguments)
    assert project.tree() == before
    return ended


def run_limited(project: Project, *arguments: str) -> Ended:
    """Run the command line as a process of its own, within limits."""
    done = subprocess.run(
        [sys.executable, "-m", "sealgen", *arguments],
        cwd=project.root,
        env=environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=_limit,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def unsafe(attribute: str, kind: str) -> str:
    return f"not allowed in a template: access to attribute '{attribute}' of '{kind}' object is unsafe."


ESCAPES = [
    ("{{ ''.__class__.__mro__[1].__subclasses__() }}", unsafe("__class__", "str")),
    ("{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}", unsafe("__class__", "str")),
    ("{{ '' | attr('%c%cclass%c%c' | format(95, 95, 95, 95)) }}", unsafe("__class__", "str")),
    ("{{ '' | attr(['__cla', 'ss__'] | join) }}", unsafe("__class__", "str")),
    ("{{ 1 | attr('real') | attr('__class__') }}", unsafe("__class__", "int")),
    ("{{ ['x'] | map(attribute='__class__.__mro__') | list | first }}", unsafe("__class__", "str")),
    ("{{ ['x'] | selectattr('__class__') | list }}", unsafe("__class__", "str")),
    ("{{ ['x'] | unique(attribute='__class__') | list }}", unsafe("__class__", "str")),
    ("{{ ['x'] | sum(attribute='__class__') }}", unsafe("__class__", "str")),
    ("{{ ['x'] | join(',', attribute='__class__') }}", unsafe("__class__", "str")),
    ("{{ '{0.__class__}'['format']('') }}", unsafe("__class__", "str")),
    ("{{ ('{0.__class__}' | attr('format'))('') }}", unsafe("__class__", "str")),
    ("{{ '{a.__class__}'.format_map({'a': 1}) }}", unsafe("__class__", "int")),
    ("{{ '{0:{1.__class__}}'.format(1, 2) }}", unsafe("__class__", "int")),
    ("{% for f in ['{0.__class__}'] | map(attribute='format') %}{{ f('') }}{% endfor %}", unsafe("__class__", "str")),
    ("{{ '{0.__class__}' | format('x') }}", "not all arguments converted during string formatting"),
    ("{{ ['{0.__class__}'] | map('format', '') | first }}", "not all arguments converted during string formatting"),
    ("{{ [].__class__ }}", unsafe("__class__", "list")),
    ("{{ {}.__class__ }}", unsafe("__class__", "dict")),
    ("{{ ().__class__ }}", unsafe("__class__", "tuple")),
    ("{{ 1.0.__class__ }}", unsafe("__class__", "float")),
    ("{{ none.__class__ }}", unsafe("__class__", "NoneType")),
    ("{{ dict.mro() }}", unsafe("mro", "type")),
    ("{{ range.__reduce__ }}", unsafe("__reduce__", "function")),
    ("{{ cycler.__init__.__globals__ }}", unsafe("__init__", "type")),
    ("{{ cycler('a').next.__func__ }}", unsafe("__func__", "method")),
    ("{{ joiner().__call__.__globals__ }}", unsafe("__call__", "Joiner")),
    ("{{ namespace(a=1)['_Namespace__attrs'] }}", unsafe("_Namespace__attrs", "Namespace")),
    ("{{ self._TemplateReference__context }}", unsafe("_TemplateReference__context", "TemplateReference")),
    ("{{ nothing.__init__.__globals__ }}", unsafe("__init__", "_Undefined")),
    ("{% macro m() %}{{ caller._func }}{% endmacro %}{% call m() %}{% endcall %}", unsafe("_func", "Macro")),
    ("{% macro m() %}{% endmacro %}{{ m._environment }}", unsafe("_environment", "Macro")),
    ("{% import 'part.yaml.j2' as p %}{{ p.__init__ }}", unsafe("__init__", "TemplateModule")),
    ("{% import 'part.yaml.j2' as p %}{{ p._body_stream }}", unsafe("_body_stream", "TemplateModule")),
    ("{% from 'part.yaml.j2' import _x %}", "names starting with an underline can not be imported"),
    ("{% for x in [1] %}{{ loop._recurse }}{% endfor %}", unsafe("_recurse", "LoopContext")),
    ("{{ (['x'] | map('upper')).gi_frame }}", unsafe("gi_frame", "generator")),
    ("{{ vars.items().__class__ }}", unsafe("__class__", "dict_items")),
    ("{{ vars.pop('host') }}", unsafe("pop", "Variables")),
    ("{{ vars.list.sort() }}", unsafe("sort", "list")),
    ("{{ 'x'.encode('punycode') }}", unsafe("encode", "str")),
    ("{{ (1).to_bytes(1, 'big') }}", unsafe("to_bytes", "int")),
    ("{{ values.a.__class__ }}", "«a» is a secret: it has no '__class__'"),
    ("{{ values._known }}", "values has no '_known'; known are a"),
    ("{{ lipsum.__globals__ }}", "'lipsum' is undefined; did you mean vars.lipsum or values.lipsum?"),
    ("{{ __builtins__ }}", "'__builtins__' is undefined; did you mean vars.__builtins__ or values.__builtins__?"),
    ("{{ {'a': 1} | xmlattr }}", "there is no filter 'xmlattr'; did you mean 'attr'?"),
    ("{% debug %}", "Encountered unknown tag 'debug'."),
]


def test_published_escapes_lead_nowhere(project: Project) -> None:
    expected = ""
    template(project, "{% set _x = 1 %}", "part")
    (project.root / ENV).unlink()
    for number, (text, problem) in enumerate(ESCAPES):
        name = f"e{number:02}"
        project.environment(
            name, vars={"host": "db", "list": ["x", "z"]}, values={"a": {"literal": "x"}}, secrets=[name]
        )
        template(project, text, name)
        expected += f"error: templates/{name}.yaml.j2:5: {problem}\n"
    ended = limited(project, "plan", "--all")
    assert ended.err.splitlines() == expected.splitlines()
    assert ended == (2, "", expected)


LOOP = "{% for i in range(100000) %}"
LONG = "{% set t = 'x' * 10**7 %}" + LOOP


def doubled(start: str, step: str, then: str) -> str:
    """Return a template in which something grows twofold forty times."""
    return f"{{% set n = namespace(x={start}) %}}{{% for i in range(40) %}}{{% set n.x = {step} %}}{{% endfor %}}{then}"


TOO_MUCH = "this is too much work: a template has 500000 steps, and loops, calls, and long texts, lists and numbers use them up"


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 10**9 }}",
        LOOP + LOOP + "{% endfor %}{% endfor %}",
        LOOP + "{% for j in range(100000) if false %}{% endfor %}{% endfor %}",
        LOOP + "{% set z = range(100000) | join %}{% endfor %}",
        LOOP + "{{ '' }}" * 1000 + "{% endfor %}",
        LOOP + "{% set z = dict.fromkeys(range(100000)) %}{% endfor %}",
        "{% set r = range(100000) | list %}" + LOOP + "{% set z = r.index(99999) %}{% endfor %}",
        "{% set r = range(100000) | list %}" + LOOP + "{% set z = cycler(*r) %}{% endfor %}",
        "{% set u = 'x' * 10**7 %}" + LONG + "{% set z = t == u %}{% endfor %}",
        LONG + "{% set z = 'y' in t %}{% endfor %}",
        LONG + "{% set z = t[1:] %}{% endfor %}",
        LONG + "{% set z = t is lower %}{% endfor %}",
        LONG + "{% set z = t | urlquote %}{% endfor %}",
        LONG + "{% set z = t | sha256 %}{% endfor %}",
        "{{ ([[1]] * 100000) | sum(start=[]) }}",
        "{{ (' ' * 300000) | wordwrap(1) }}",
        "{{ '{1:{0.x}}'.format(namespace(x=10**9), 1) }}",
        "{{ '{:{}}'.format(1, '9' * 9) }}",
        "{{ '{:٩٩٩٩٩٩٩٩٩}'.format(1) }}",
        "{% set b = 3 ** 1000000 %}{% set c = 3 ** 500000 %}{{ b // c }}",
        doubled("(1,)", "(n.x, n.x)", "{{ n.x == (n.x, 1) }}"),
        doubled("(1,)", "(n.x, n.x)", "{{ vars[n.x] }}"),
        doubled("(1,)", "(n.x, n.x)", "{{ {n.x: 1} }}"),
        doubled("[1]", "[n.x, n.x]", "{{ n | string }}"),
        doubled("[1]", "[n.x, n.x]", "{{ n.x is in [[1]] }}"),
        doubled("values.a", "(n.x ~ n.x) | upper", "{{ n.x }}"),
        doubled("values.a", "n.x | replace(n.x, n.x)", "{{ n.x }}"),
        LOOP + "{% include 'gone' ignore missing %}{% endfor %}",
    ],
)
def test_work_without_end_is_refused(project: Project, text: str) -> None:
    template(project, text)
    assert limited(project, "plan", "staging") == (2, "", f"error: templates/one.yaml.j2:5: {TOO_MUCH}\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "{% set n = namespace(x=values.a) %}{% for i in range(16) %}{% set n.x = (n.x ~ n.x) | upper %}{% endfor %}{{ n.x }}",
            "5: the template gives more than 4194304 characters",
        ),
        (doubled("(1,)", "(n.x, n.x)", "{% include [n.x] %}"), "5: a template's name must be text, not a list"),
        (doubled("(1,)", "(n.x, n.x)", "{% extends n.x %}"), "5: a template's name must be text, not a list"),
        (
            "{{ vars['x' * 10**6] }}",
            f"5: vars has no '{'x' * 79}…'; known are host, list, map",
        ),
        (
            "{{ " + "[" * 3000 + "]" * 3000 + " }}",
            "1: templates include or call each other without end, or something is nested too deep",
        ),
        (
            "{% include 'one.yaml.j2' %}",
            "5: templates include or call each other without end, or something is nested too deep",
        ),
        ("{% include '../secret' %}", "5: there is no template templates/../secret"),
        ("{% import '/etc/passwd' as p %}", "5: there is no template templates//etc/passwd"),
        ("{% extends '../../etc/passwd' %}", "5: there is no template templates/../../etc/passwd"),
        ("{% include 'a/../../x' %}", "5: there is no template templates/a/../../x"),
    ],
)
def test_a_template_that_leads_nowhere_is_refused(project: Project, text: str, problem: str) -> None:
    project.write("secret", "out of templates")
    template(project, text)
    assert limited(project, "plan", "staging") == (2, "", f"error: templates/one.yaml.j2:{problem}\n")


def test_no_link_leads_out_of_templates(project: Project) -> None:
    outside = project.root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("not yours")
    (project.root / "templates/file").symlink_to(outside / "secret")
    (project.root / "templates/folder").symlink_to(outside)
    (project.root / "templates/zero").symlink_to("/dev/zero")
    for name in ("file", "folder/secret", "zero"):
        template(project, f"{{% include '{name}' %}}")
        message = f"error: templates/{name} is a link that leads out of templates/\n"
        assert limited(project, "plan", "staging") == (2, "", message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("vars:", "x: &a [x]\ny: [*a, *a]\nvars:", "7:4: an anchor (&a); write the value out where it is used"),
        ("vars:", "x: " + "{a: " * 100000 + "\nvars:", "7:256: nested deeper than 64 levels"),
        ("vars:", "vars: !!python/object/new:os.system [id]", "7:7: a YAML tag (tag:yaml.org,2002:python/object/new:os.system); write plain text"),
        ("host: db", "host: '\0'", "8:10: the character U+0000 can't stand here as it is; in double quotes, write \\u0000 for it"),
        ("vars:", "\ufeffvars:", "7:1: the character U+FEFF can't stand here as it is; in double quotes, write \\ufeff for it"),
        ("output: k8s/overlays/staging", "output: ../out", "6:9: output: '../out' must be a path below the project's root"),
        ("output: k8s/overlays/staging", "output: /out", "6:9: output: '/out' must be a path below the project's root"),
        ("output: k8s/overlays/staging", "output: templates/x", "6:9: output: 'templates/x' can't be the output: sealgen reads environments/ and templates/ and never writes there"),
        ("- one", "- {name: one, filename: ../x.yaml}", "18:25: secrets[0].filename: '../x.yaml' must be a file name that ends in .yaml, without a folder"),
        ("- one", "- {name: one, template: ../x}", "18:25: secrets[0].template: '../x' must be a path below the project's root"),
        ("environments/certificates/controller.pem", "../x.pem", "4:16: backend.certificate: '../x.pem' must be a path below the project's root"),
        ("namespace:", "extends: ../x\nnamespace:", "1:10: extends can't be '../x'; it must be the name of a file of environments/, without .yaml: lower-case letters, digits, '-', '_', '.'"),
    ],
)  # fmt: skip
def test_a_hostile_environment_file_is_refused(project: Project, old: str, new: str, message: str) -> None:
    project.edit(ENV, old, new)
    assert limited(project, "plan", "staging") == (2, "", f"error: {ENV}:{message}\n")


@pytest.mark.parametrize("command", ["check", "seal"])
@pytest.mark.parametrize(
    "path",
    [
        ENV,
        "templates/one.yaml.j2",
        "environments/staging.lock",
        "k8s/overlays/staging/one.yaml",
        "k8s/overlays/staging/kustomization.yaml",
        "environments/certificates/controller.pem",
    ],
)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_has_no_end_is_refused_in_any_files_place(project: Project, kind: str, path: str, command: str) -> None:
    assert project.run("seal", "staging").code == 0
    (project.root / path).unlink()
    if kind == "pipe":
        os.mkfifo(project.root / path)
    else:
        (project.root / path).symlink_to("/dev/zero")
    ended = run_limited(project, command, "staging")
    leads_out = kind == "device" and path.startswith("templates/")
    problem = "is a link that leads out of templates/" if leads_out else "is not a regular file"
    assert ended == (2 if leads_out else 1, "", f"error: {path} {problem}\n")


@pytest.mark.parametrize("command", ["plan", "seal"])
def test_a_pattern_that_never_ends_is_refused(project: Project, command: str) -> None:
    project.change(values={"a": {"literal": "a" * 64, "pattern": "(a+)+b"}})
    assert limited(project, command, "staging") == (
        2,
        "",
        (
            f"error: {ENV}:{place(project, '(a+)+b')}: values.a.pattern, '(a+)+b', takes longer than 2 s to match\n"
            "Write it without a repetition in a repetition: a+, not (a+)+.\n"
        ),
    )


def place(project: Project, text: str) -> str:
    """Return the line and column of a text in the environment file."""
    before = project.read(ENV).decode().partition(text)[0]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("lint", "lint can't be '{}'; known are error, warn"),
        ("extends", "extends can't be '{}'; it must be the name of a file of environments/, without .yaml: lower-case letters, digits, '-', '_', '.'"),
        ("namespace", "namespace: '{}' can't be a namespace: use lower-case letters, digits and '-', with a letter or digit at both ends"),
    ],
)  # fmt: skip
def test_a_text_of_a_megabyte_is_not_repeated(project: Project, field: str, problem: str) -> None:
    project.change(**{field: "X" * 2**20})
    at = place(project, "X" * 80)
    assert limited(project, "plan", "staging") == (
        2,
        "",
        f"error: {ENV}:{at}: {problem.format('X' * 79 + '…')}\n",
    )


def test_the_largest_environment_file_of_the_smallest_entries_is_read_in_bearable_time(project: Project) -> None:
    text = project.read(ENV) + b"x: [" + b"a," * (3 * 1024**2 - 1024) + b"a]\n"
    project.write(ENV, text)
    line = text.count(b"\n")
    assert limited(project, "plan", "staging") == (
        2,
        "",
        f"error: {ENV}:{line}:1: unknown field 'x'; known are access, backend, cluster, extends, lint, namespace, output, policy, push, rollout, secrets, stores, values, vars\n",
    )


def test_a_file_of_50_megabytes_is_refused(project: Project) -> None:
    project.write(ENV, project.read(ENV) + b"#" + b"x" * (50 * 1024**2))
    assert limited(project, "plan", "staging") == (2, "", f"error: {ENV} is larger than 6 MiB\n")


def test_a_terminal_gets_no_escapes_of_the_project(project: Project) -> None:
    hostile = "\x1b]0;title\x07\x1b[2J\nforged\r\u202e"
    project.change(vars={"hostile": hostile})
    template(project, "{{ vars[vars.hostile] }}")
    session = at_terminal(project, "plan", "staging")
    assert session.code == 2
    # Colours are sealgen's own; the terminal itself begins each line with a carriage return.
    shown = re.sub(r"\x1b\[[0-9]+m", "", session.shown).replace("\r\n", "\n")
    assert shown == (
        "error: templates/one.yaml.j2:5: vars has no '\\x1b]0;title\\x07\\x1b[2J\\nforged\\r\\u202e'; known are hostile\n"
    )
