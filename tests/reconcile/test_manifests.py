"""One rendering serves all Secrets that are alike, and gives what rendering each by itself gives."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.config import environment
from sealgen.errors import SealgenError
from sealgen.reconcile import manifests
from sealgen.template.rendering import Templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.config.project import Project

HEAD = "apiVersion: v1\nkind: Secret\n"
Outcome = tuple[Any, ...]


def rendered(
    template: str, secrets: Mapping[str, Mapping[str, object]], more: str = "", *, plainly: bool = False
) -> tuple[Outcome, int]:
    """Return the manifests, or the error, of secrets made from one template; and how often one was rendered.

    ``more`` is a template to include; ``plainly`` renders each Secret by itself.
    """
    templates = {f"{name}.yaml.j2": text for name, text in (("t", template), ("more", more))}
    project = cast("Project", SimpleNamespace(template=templates.get, templates=lambda: ["t", "more"]))
    file = {
        "namespace": "spaced",
        "backend": {"kind": "plain"},
        "vars": {"common": "shared", "y": "why"},
        "values": {"a": {"literal": "1"}, "b": {"env": "B"}, "c": {"generate": "hex", "bytes": 16}},
        "secrets": {name: {"template": "t", **fields} for name, fields in secrets.items()},
    }
    loaded = environment.load(
        "staging", {"environments/staging.yaml": json.dumps(file, ensure_ascii=False).encode()}.get
    )
    with (
        patch.object(manifests, "_WORTH_A_PATTERN", 10**9 if plainly else manifests._WORTH_A_PATTERN),
        patch.object(Templates, "render", autospec=True, side_effect=Templates.render) as render,
    ):
        try:
            found = manifests.render_manifests(project, loaded)
        except SealgenError as error:
            # What a message shortens may end within a token, which is random.
            message = re.sub("S[a-p]*(Q[0-9]*)?…", "…", error.message)
            return (type(error), message, error.at, error.hint), render.call_count
    # Dictionaries are equal in any order, but what is written goes by theirs.
    ordered = [(name, found[name], list(found[name].keys), list(found[name].labels)) for name in found]
    return tuple(ordered), render.call_count


def is_as_by_itself(template: str, secrets: Mapping[str, Mapping[str, object]], more: str = "") -> Outcome:
    found, _ = rendered(template, secrets, more=more)
    assert found == rendered(template, secrets, more=more, plainly=True)[0]
    return found


# --- whatever the template and the vars are ---

# What YAML, Kubernetes or a reader of either may take for something, in the right place.
INERT = [
    "t",
    "e3",
    "ff",
    "on",
    "y",
    "n",
    "o",
    "no",
    "null",
    "true",
    "YAML",
    "TAG",
    "Opaque",
    "Secret",
    "v1",
    "kubernetes.io/tls",
    "aa",
    "bb-",
    "c.",
    "d_",
    "e/f",
    "spaced",
    "staging",
    "a",
    "b",
    "c",
    "x0",
    "aGVs",
]
INERT += ["k" * 64, "z" * 128]
HOSTILE = [
    "",
    "1",
    "1e3",
    "0x1",
    "~",
    "a: b",
    "#x",
    " #x",
    "é",
    "\U0001f511",
    "a\nb",
    "'",
    '"',
    "{{ x }}",
    "-",
    "z" * 129,
]
NAMES = ["aa", "bb", "a-b", "c.d", "a", "b", "c", "x0", "spaced", "aa-k"]
ODD_NAMES = ["t", "e3", "ff", "on", "y", "n", "null", "true", "1a", "9"]

inert = st.sampled_from(INERT)
data = st.recursive(
    inert | st.sampled_from(HOSTILE) | st.integers(-9, 9) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "x", "items"]), inner, max_size=2)
    ),
    max_leaves=4,
)

SIMPLE = ["vars.x", "vars.y", "secret.name", "values.p", "vars.x ~ vars.y", "vars.x ~ values.p ~ vars.y"]
PRINTED = [
    "vars.x",
    "vars.y",
    "vars.common",
    "vars['l'][0]",
    "vars.m.k",
    "vars.n",
    "secret.name",
    "secret.namespace",
    "environment",
    "values.p",
    "values.a",
    "z",
    "m(vars.x)",
    "m(secret.name ~ values.p)",
    "vars.x ~ vars.y",
    "secret.name ~ '-' ~ vars.x",
    "vars.x ~ values.p",
    "values.p ~ ':' ~ vars.x ~ secret.name",
    "[vars.x, values.p, secret.name] | join('-')",
    "vars.l | join(vars.x)",
    "[vars.x, secret.name] | tojson",
    "vars.l | tojson",
    "vars.m | tojson",
    "vars | tojson",
    "values | tojson",
    "vars | length",
    "vars.l | length",
    "vars.x | length",
    "values | first",
    "values | join(',')",
    "vars.keys() | join(',')",
    "vars.values() | join(',')",
    "vars.get('x', vars.y)",
    "vars.zz | default(vars.x)",
    "vars.x | default('d', true)",
    "values.zz | default(secret.name)",
    "'yes' if vars.x is defined else 'no'",
    "'same' if vars.x == vars.y else 'other'",
    "'same' if [vars.x] == [vars.x] else 'other'",
    "'in' if vars.x in vars.l else 'out'",
    "'set' if vars.x else 'unset'",
    "'t' if vars.x is string else 'f'",
    "vars.x or 'nothing'",
    "vars.l | sort | join",
    "vars.l | unique | join",
    "vars.l | map('upper') | join",
    "vars.l | select('defined') | join",
    "vars.x.upper()",
    "vars.x[0]",
    "vars.x.foo is defined",
    "'%s' % vars.x",
    "'{}'.format(vars.x)",
    "dict(k=vars.x).k",
    "vars.x | replace('a', vars.y)",
    "values.p | replace('a', vars.x)",
    "values.p | replace(vars.x, secret.name)",
    "values.p | htpasswd(vars.x)",
    "vars.x | htpasswd('u')",
    "(vars.x ~ values.p) | urlquote",
    "(vars.x ~ values.p) | b64encode",
    "((vars.x | upper) ~ values.p) | sqlquote",
    "(values.p | b64encode) ~ vars.x",
]
FILTERS = [
    "urlquote",
    "b64encode",
    "b64decode",
    "tojson",
    "sqlquote",
    "shellquote",
    "trim",
    "upper",
    "lower",
    "sha256",
    "list",
    "int",
    "indent",
]
BEFORE = ["1", "0x", "2001-12-14", "-", "tru", "x: ", "#", " #", "\\", "\\x4", "|", "!", "&", "%", "..", "- ", "a b\n"]
AFTER = [
    "e3",
    "21:59:43.10-",
    ": b",
    " # c",
    ":",
    "-",
    ".5",
    " ",
    "==",
    "{{ values.p }}",
    "{{ secret.name }}",
    "{{ vars.x }}",
]


@st.composite
def printed(draw: st.DrawFn) -> str:
    simple = draw(st.integers(0, 2)) > 0
    expression = draw(st.sampled_from(SIMPLE if simple else PRINTED))
    if not simple and draw(st.integers(0, 4)) == 0:
        expression = f"({expression}) | {draw(st.sampled_from(FILTERS))}"
    return f"{{{{ {expression} }}}}"


@st.composite
def scalar(draw: st.DrawFn, usual: str = "") -> str:
    """What stands behind a key; ``usual`` is what lets the Secret be read."""
    if usual and draw(st.integers(0, 19)):
        return usual
    text = draw(printed())
    if draw(st.integers(0, 5)) == 0:
        text = draw(st.sampled_from(BEFORE)) + text
    if draw(st.integers(0, 5)) == 0:
        text += draw(st.sampled_from(AFTER))
    style = draw(st.sampled_from(["", "", '"', '"', "'", "|\n    ", ">-\n    "]))
    if style[:1] in ("|", ">"):
        return style + text.replace("\n", "\n    ")
    return f"{style}{text}{style}".replace("\n", "\n    ")


@st.composite
def entry(draw: st.DrawFn, keys: list[str]) -> str:
    """One or more lines with a key of a mapping that is indented by two."""
    key = draw(st.sampled_from(keys))
    line = f"  {key}: {draw(scalar())}\n"
    around = draw(
        st.sampled_from(
            ["{}"] * 24
            + [
                "{{% if vars.b %}}\n{}{{% endif %}}\n",
                "{{% if vars.x == 'aa' %}}\n{}{{% else %}}\n  other: o\n{{% endif %}}\n",
                "{{% for i in vars['l'] %}}\n  i{{{{ loop.index }}}}: {{{{ i }}}}\n{{% endfor %}}\n{}",
                "{{% for v in values %}}\n  {{{{ v }}}}: {{{{ values[v] }}}}\n{{% endfor %}}\n",
                "{{% filter replace('q', 'r') %}}\n{}{{% endfilter %}}\n",
                "{{% include 'more.yaml.j2' %}}\n{}",
                "{{% set z = vars.x %}}\n{}",
                "{{% set z %}}\n{}{{% endset %}}\n{{{{ z }}}}",
            ]
        )
    )
    return around.format(line)


@st.composite
def template(draw: st.DrawFn) -> str:
    lines = ["{% macro m(w) %}{{ w }}+{{ vars.x }}{% endmacro %}\n{% set z = vars.y %}\n"]
    lines += draw(
        st.integers(0, 4).flatmap(
            lambda often: st.lists(
                st.sampled_from(["# {x}\n", "%{x} 1.1\n---\n", "%TAG !{x}! y\n---\n", "{# {x} #}\n"]),
                max_size=not often,
            )
        )
    )
    lines = [line.replace("{x}", draw(printed())) for line in lines]
    lines += [f"apiVersion: {draw(scalar('v1'))}\n", f"kind: {draw(scalar('Secret'))}\n", "metadata:\n  uid: u\n"]
    if draw(st.booleans()):
        lines.append(f"  name: {draw(scalar('{{ secret.name }}'))}\n")
    if draw(st.booleans()):
        lines.append(f"  namespace: {draw(scalar('{{ secret.namespace }}'))}\n")
    if draw(st.integers(0, 9)) == 0:
        lines.append(f"  managedFields: {{a: 1, {draw(printed())}: {draw(printed())}}}\n")
    scopes = [f"sealedsecrets.bitnami.com/{scope}-wide" for scope in ("namespace", "cluster")]
    left_out = "kubectl.kubernetes.io/last-applied-configuration"
    for field, keys in (
        ("labels", ["app", "x.y/z", "'{{ secret.name }}'"]),
        ("annotations", ["note", left_out, *scopes]),
    ):
        if draw(st.integers(0, 2)) == 0:
            lines.append(f"  {field}:\n" + "".join("  " + line for line in draw(entry(keys)).splitlines(keepends=True)))
    if draw(st.integers(0, 4)) == 0:
        lines.append(f"type: {draw(scalar())}\n")
    if draw(st.integers(0, 9)) == 0:
        lines.append(f"immutable: {draw(scalar('true'))}\n")
    if draw(st.integers(0, 3)) == 0:
        lines += ["data:\n", draw(entry(["d", "e"]))]
    lines.append("stringData:\n")
    keys = ["k", "j", "l", "m", "n", "'{{ secret.name }}'", "k-{{ vars.x }}", "{{ vars.x }}{{ vars.y }}"]
    for number in range(draw(st.integers(1, 3))):
        lines.append(draw(entry([keys[number]] * 9 + keys)))
    return "".join(lines)


@st.composite
def alike(draw: st.DrawFn) -> dict[str, dict[str, object]]:
    """Secrets whose vars have one shape, most of the time."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=3, max_size=4, unique=True))
    if draw(st.integers(0, 4)) == 0:
        names[draw(st.integers(0, 2))] = draw(st.sampled_from(ODD_NAMES))
    common = {"n": draw(st.integers(0, 2)), "b": draw(st.booleans())}
    hostile = draw(st.sampled_from([""] * 10 + ["x", "y"]))
    shadowed = draw(st.sampled_from(["p", "p", "a", "common"]))

    def variables() -> dict[str, object]:
        found: dict[str, object] = {
            "x": draw(inert),
            "y": draw(inert),
            "l": [draw(inert), draw(inert)],
            "m": {"k": draw(inert)},
        }
        return found | common | ({hostile: draw(data)} if hostile else {})

    values = st.sampled_from(["a", "b", "c"])
    return {name: {"vars": variables(), "values": {"p": draw(values), shadowed: draw(values)}} for name in names}


@settings(max_examples=500, deadline=None)
@given(template(), alike(), printed())
def test_secrets_that_are_alike_are_what_each_is_by_itself(
    source: str, secrets: dict[str, dict[str, object]], included: str
) -> None:
    is_as_by_itself(source, secrets, more=f"  more: '{included}'\n")


# --- what a stand-in may not do: each of these gave something else than the Secret by itself, or could ---


def three(*texts: str, **fields: object) -> dict[str, dict[str, object]]:
    """Three Secrets with a text each as ``vars.x``."""
    return {f"s{x}": {"vars": {"x": text}, **fields} for x, text in zip("abc", texts, strict=True)}


JOINED = "stringData:\n  k: '{{ (values.a ~ vars.x) | urlquote }}'\n"
WORDS = three("one", "two", "three")
OWN_VALUES = {f"s{x}": {"vars": {"x": x * 3}, "values": {"p": x}} for x in "abc"}


@pytest.mark.parametrize(
    ("body", "secrets"),
    [
        ("stringData:\n  '{{ secret.name }}-key': v\n", WORDS),
        ("stringData:\n  'key-{{ vars.x }}': v\n", WORDS),
        ("type: own/{{ secret.name }}\nstringData:\n  k: v\n", WORDS),
        ("type: own/{{ vars.x }}\nstringData:\n  k: '{{ (values.a ~ vars.x) | urlquote }}'\n", WORDS),
        ("metadata: {labels: {'{{ secret.name }}': v}}\nstringData:\n  k: v\n", WORDS),
        ("metadata: {annotations: {'{{ secret.name }}': v}}\nstringData:\n  k: v\n", WORDS),
        ("metadata: {managedFields: {sb: 1, '{{ secret.name }}': 2}}\nstringData:\n  k: v\n", WORDS),
        ("# {{ secret.name }}\nstringData:\n  k: v\n", WORDS),
        ("metadata: {name: {{ secret.name }}}\nstringData:\n  k: v\n", {"aa": {}, "bb": {}, "on": {}}),
        ("metadata: {name: '{{ secret.name }}'}\nstringData:\n  k: v\n", {"aa": {}, "bb": {}, "on": {}}),
        ("stringData:\n  k: '{{ vars.x | upper }}'\n", WORDS),
        ("stringData:\n  k: '{{ vars.x | tojson }}'\n", WORDS),
        ("stringData:\n  k: '{{ ((vars.x | upper) ~ values.a) | urlquote }}'\n", WORDS),
        ("stringData:\n  k: '{% filter upper %}{{ vars.x }}{% endfilter %}'\n", WORDS),
        ("data:\n  k: '{{ vars.x }}'\n", three("aGVs", "bG8h", "abc")),
        ("data:\n  k: '{{ vars.x }}{{ values.a | b64encode }}'\n", three("aGVs", "bG8h", "abc")),
        ("stringData:\n  k: {{ vars.x }}\n", three("one", "two", "yes")),
        ("stringData:\n  k: {{ vars.x }}{{ vars.x }}\n", three("one", "two", "n")),
        ("stringData:\n  k: 0x{{ vars.x }}\n", three("one", "two", "ff")),
        ("stringData:\n  k: 2001-12-14{{ vars.x }}21:59:43-{{ values.a }}\n", three("a", "b", "t")),
        ("data:\n  k: 2001-12-14{{ vars.x }}21:59:43-{{ values.a }}\n", three("a", "b", "t")),
        ("metadata: {labels: {app: {{ vars.x }}}}\nstringData:\n  k: v\n", three("one", "two", "no")),
        ("metadata: {labels: {app: {{ vars.x }}}}\nstringData:\n  k: v\n", three("one", "two", "end-")),
        ("metadata: {annotations: {app: {{ vars.x }}}}\nstringData:\n  k: v\n", three("one", "two", "no")),
        (
            "stringData:\n  k: v\nmetadata: {annotations: {a: '{% for i in range(2100) %}{{ vars.x }}{% endfor %}'}}\n",
            three("one", "two", "x" * 128),
        ),
        (
            "metadata: {annotations: {sealedsecrets.bitnami.com/cluster-wide: '{{ vars.x }}'}}\n" + JOINED,
            three("one", "two", "true"),
        ),
        ("metadata: {namespace: {{ vars.x }}}\nstringData:\n  k: v\n", three("one", "two", "spaced")),
        ("immutable: {{ vars.x }}\nstringData:\n  k: v\n", three("true", "false", "maybe")),
        ("{% include vars.x %}stringData:\n  k: v\n", three("one", "two", "three")),
        ("stringData:\n  k: '{% for v in values %}{{ v }}={{ values[v] }},{% endfor %}'\n", OWN_VALUES),
        ("stringData:\n  k: '{{ values.values() | join }}'\n", {s: {"values": {"b": s}} for s in "abc"}),
        ("stringData:\n  k: '{{ values.a }}{{ values.b }}'\n", {s: {"values": {"a": "b", "b": s}} for s in "abc"}),
        ("stringData:\n  k: '{% for i in range(40000) %}{{ vars.x }}{% endfor %}'\n", three("one", "two", "x" * 128)),
        ("stringData:\n  k: '{{ ('y' * 9000 ~ vars.x) | replace(values.a, 'z' * 9000) }}'\n", WORDS),
        ("stringData:\n  k: '{{ vars.x }}'\n", three("S0000", "S{}B0000".format("a" * 16), "0000")),
        ("stringData:\n  k: '{{ vars.x }}5{{ vars.x }}'\n", WORDS),
    ],
)
def test_what_is_printed_in_an_odd_place_is_as_by_itself(body: str, secrets: dict[str, dict[str, object]]) -> None:
    is_as_by_itself(HEAD + body, secrets)


def test_a_key_named_for_its_secret_has_that_name() -> None:
    found = is_as_by_itself(HEAD + "stringData:\n  '{{ secret.name }}': v\n", WORDS)
    assert [keys for _, _, keys, _ in found] == [["sa"], ["sb"], ["sc"]]


# --- how often a template is rendered ---

BENCHMARK = (
    HEAD + 'metadata: {labels: {app: b}}\nstringData:\n  K: "{{ values.p }}-{{ vars.x }}"\n  E: ""\n  PORT: "5432"\n'
)


@pytest.mark.parametrize(
    "source",
    [
        BENCHMARK,
        BENCHMARK.replace("{labels: {", "{name: {{ secret.name }}, labels: {own: {{ secret.name }}-{{ vars.x }}, "),
        BENCHMARK.replace("{labels: {", "{annotations: {own: '{{ secret.name }}'}, labels: {enabled: 'true', "),
        BENCHMARK + "  F: '{{ (values.p ~ vars.x) | urlquote }}'\n",
        BENCHMARK + "{% if vars.x is defined %}\n  F: f\n{% endif %}\n",
    ],
)
def test_one_rendering_serves_all_secrets_that_differ_in_what_is_printed(source: str) -> None:
    found, renderings = rendered(source, OWN_VALUES)
    assert renderings == 1
    assert (found, 3) == rendered(source, OWN_VALUES, plainly=True)


@pytest.mark.parametrize(
    "expression",
    [
        "'a' if vars.x else 'b'",
        "vars.x == 'a'",
        "vars.x | length",
        "vars.x | upper",
        "vars.x[0]",
        "secret.name.upper()",
    ],
)
def test_a_template_that_looks_at_its_vars_is_rendered_for_each(expression: str) -> None:
    # Once for all, in vain, and once for each.
    assert rendered(f"{BENCHMARK}  F: 'x{{{{ {expression} }}}}'\n", OWN_VALUES)[1] == 4


def test_secrets_that_differ_in_more_than_text_are_not_alike() -> None:
    secrets: dict[str, dict[str, object]] = {
        "sa": {"vars": {"x": "one"}},
        "sb": {"vars": {"x": 1}},
        "sc": {"vars": {"x": True}},
        "sd": {"vars": {"x": "1"}},
        "se": {"vars": {"x": "one"}, "namespace": "other"},
        "sf": {"vars": {"x": "one"}, "scope": "cluster-wide"},
        "sg": {"vars": {"x": "one"}, "type": "Opaque"},
        "sh": {"vars": {"x": ["one"]}},
        "si": {"vars": {"x": "one", "y": "two"}},
        "sj": {"vars": {"y": "two", "x": "one"}},
        "sk": {"vars": {"x": "one"}, "values": {"own": "a"}},
    }
    many = {f"{name}-{number}": fields for name, fields in secrets.items() for number in range(3)}
    for printed_of_all in ("{{ vars.x | tojson }}", "{{ vars.y }}", "{{ vars | join }}{{ values | join }}"):
        is_as_by_itself(f"{HEAD}stringData:\n  k: '{printed_of_all}'\n", many)


def test_two_secrets_that_are_alike_are_rendered_each() -> None:
    assert rendered(BENCHMARK, {name: OWN_VALUES[name] for name in ("sa", "sb")})[1] == 2


def test_only_those_whose_text_does_not_fit_are_rendered_by_themselves() -> None:
    source = HEAD + "stringData:\n  k: '{{ vars.x }}'\n"
    assert rendered(source, three("one", "two", "yes"))[1] == 2
