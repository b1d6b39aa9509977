"""A template becomes the Secret that it says, byte for byte, or is refused with its line and what would be right."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError, Mark, SealgenError
from sealgen.kubernetes import manifest
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.recipe import Filtered, Reference, resolve, text
from sealgen.template.rendering import Templates
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.recipe import Recipe
    from sealgen.yaml.schema import Data

FILE = "templates/app.yaml.j2"
HEAD = "apiVersion: v1\nkind: Secret\n"
KEYS = 'stringData:\n  k: "{{ values.a }}"\n'
KNOWN = {"a": ("",), "b": ("",), "tls": ("crt", "key")}
VARIABLES: dict[str, Data] = {"host": "db", "port": 5432, "on": True, "names": ["one", "two"]}
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CLUSTER_WIDE = "sealedsecrets.bitnami.com/cluster-wide"
NAMESPACE_WIDE = "sealedsecrets.bitnami.com/namespace-wide"

# What breaks templates that paste values, and what breaks YAML that is written by hand.
EVIL = [
    '": x\n  evil: "',
    "{{ 7*7 }}",
    "{% raw %}",
    "%",
    "\t",
    "\0",
    "😀",
    "x" * 200_000,
    "\n",
    "# c",
    "'",
    "\\",
    "&a",
    "",
]
any_text = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(EVIL)


def read(source: str, *, scope: Scope = Scope.STRICT, secret_type: str | None = None, **files: str) -> SecretManifest:
    """Render and read ``app.yaml.j2``; ``files`` are other templates, without their suffix."""
    templates = {"app.yaml.j2": source, **{f"{name}.j2": content for name, content in files.items()}}
    rendered = Templates(templates.get).render(
        "app.yaml.j2",
        known=KNOWN,
        aliases={},
        variables=VARIABLES,
        names={"secret": {"name": "app", "namespace": "test"}},
    )
    return manifest.read(rendered, name="app", namespace="test", scope=scope, type=secret_type)


def recipes(source: str, **files: str) -> dict[str, Recipe]:
    secret = read(source, scope=Scope.STRICT, secret_type=None, **files)
    return {name: key.recipe for name, key in secret.keys.items()}


def plaintexts(source: str, **values: bytes) -> dict[str, bytes]:
    return {
        name: resolve(recipe, lambda reference: Secret(values[reference.value]))
        for name, recipe in recipes(source).items()
    }


def refusal(source: str, *, scope: Scope = Scope.STRICT, secret_type: str | None = None, **files: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(source, scope=scope, secret_type=secret_type, **files)
    assert caught.value.__suppress_context__
    assert caught.value.hint is None
    return str(caught.value)


# What a Secret may be.

WHOLE = """\
apiVersion: v1
kind: Secret
metadata:
  name: {{ secret.name }}
  namespace: {{ secret.namespace }}
  labels:
    app.kubernetes.io/name: app
    empty: ''
  annotations:
    note: |
      two
      lines
    Example.com/x: 'true'
type: example.com/own
immutable: false
data:
  a: "{{ values.a }}"
stringData:
  b: {{ values.b }}-{{ vars.host }}
  c.d-e_F: text
"""


def test_a_secret_is_read_as_it_is_written() -> None:
    secret = read(WHOLE)
    assert (secret.name, secret.namespace, secret.scope) == ("app", "test", Scope.STRICT)
    assert (secret.type, secret.immutable) == ("example.com/own", False)
    assert secret.labels == {"app.kubernetes.io/name": "app", "empty": ""}
    assert secret.annotations == {"note": "two\nlines\n", "Example.com/x": "true"}
    assert {name: (text(key.recipe), str(key.at)) for name, key in secret.keys.items()} == {
        "a": ("«a|b64decode»", f"{FILE}:17:3"),
        "b": ("«b»-db", f"{FILE}:19:3"),
        "c.d-e_F": ("text", f"{FILE}:20:3"),
    }


def test_what_the_environment_says_may_be_left_out() -> None:
    secret = read(HEAD + KEYS)
    assert (secret.name, secret.namespace, secret.type, secret.immutable) == ("app", "test", None, None)
    assert (secret.labels, secret.annotations) == ({}, {})
    assert read(HEAD + KEYS, secret_type="example.com/own").type == "example.com/own"
    assert read(HEAD + "type: Opaque\n" + KEYS, secret_type="Opaque").type == "Opaque"
    assert read(HEAD + "type: ''\n" + KEYS).type is None
    assert read(HEAD + "metadata: {labels: , annotations: ~}\ndata:\n" + KEYS).labels == {}
    assert read(HEAD + "immutable: true\n" + KEYS).immutable is True


def test_the_place_of_a_secret_is_where_its_text_begins() -> None:
    assert read(HEAD + KEYS).at == Mark(FILE, 1, 0)
    assert read("{# a comment #}\n{% set x = 1 %}\n" + HEAD + KEYS).at == Mark(FILE, 3, 0)


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_annotation_that_says_the_same_is_taken_out(scope: Scope) -> None:
    note = f"{scope.annotation}: 'true'" if scope.annotation else "{}"
    secret = read(f"{HEAD}metadata:\n  annotations:\n    {note}\n{KEYS}", scope=scope)
    assert (secret.scope, secret.annotations) == (scope, {})


@pytest.mark.parametrize("value", ["'false'", "'True'", "'1'", "''"])
def test_a_scope_annotation_counts_only_when_it_is_true(value: str) -> None:
    secret = read(f"{HEAD}metadata: {{annotations: {{{CLUSTER_WIDE}: {value}}}}}\n{KEYS}")
    assert (secret.scope, secret.annotations) == (Scope.STRICT, {})


def test_what_an_api_server_adds_is_left_out() -> None:
    server_side = f"""\
metadata:
  annotations:
    {LAST_APPLIED}: '{{"x": "{"y" * 300_000}"}}'
    kept: x
  creationTimestamp: null
  deletionGracePeriodSeconds: 30
  deletionTimestamp: 2024-01-01T00:00:00Z
  generation: 1
  managedFields: [{{manager: kubectl, fieldsV1: {{f:data: {{.: {{}}}}}}}}]
  ownerReferences: [{{apiVersion: v1, kind: Pod, name: x, uid: y}}]
  resourceVersion: "1"
  selfLink: /x
  uid: 00000000-0000-0000-0000-000000000000
"""
    assert read(HEAD + server_side + KEYS).annotations == {"kept": "x"}


def test_macros_loops_and_includes_may_write_keys() -> None:
    source = (
        "{% macro entry(name, value) %}\n  {{ name }}: '{{ value }}'\n{% endmacro %}\n"
        + HEAD
        + "stringData:\n{% for name in vars.names %}\n{{ entry(name, values.a ~ '-' ~ name) }}\n{% endfor %}\n"
        + "{% include 'part.j2' %}\n"
    )
    assert {name: text(recipe) for name, recipe in recipes(source, part="  three: {{ values.b }}\n").items()} == {
        "one": "«a»-one",
        "two": "«a»-two",
        "three": "«b»",
    }


# The same template gives the same keys, whatever the values hold.

PLACES = """\
apiVersion: v1
kind: Secret
data:
  encoded: {{ values.a | b64encode }}
stringData:
  plain: {{ values.a }}
  double: "{{ values.a }}"
  single: '{{ values.a }}'
  block: |-
    {{ values.a }}
  folded: >-
    {{ values.a }}
  last: ok
"""
JOINED = """\
apiVersion: v1
kind: Secret
stringData:
  plain: <{{ values.a }}>
  double: "a\\tb{{ values.a }}"
  single: 'it''s {{ values.a }}'
  block: |
    {{ values.a }}
      {{ values.b }}
  config.json: |
    {"user": {{ values.b | tojson }}, "list": {{ [values.a, 1] | tojson }}}
  last: ok
"""


@given(st.binary(max_size=30) | any_text.map(str.encode))
@example(bytes(range(256)))
@example("x\r\n\ufeff\u2028\x85 \n\n".encode())
@example(b"x" * 200_000)
def test_a_single_value_arrives_byte_for_byte_wherever_it_stands(value: bytes) -> None:
    names = ("encoded", "plain", "double", "single", "block", "folded")
    assert plaintexts(PLACES, a=value) == {**dict.fromkeys(names, value), "last": b"ok"}


@given(any_text, any_text)
@example('": x\n  evil: "', "{{ 7*7 }}")
@example("%\t\0😀", "x" * 200_000)
def test_a_joined_value_arrives_byte_for_byte_and_adds_no_key(one: str, two: str) -> None:
    resolved = {name: value.decode() for name, value in plaintexts(JOINED, a=one.encode(), b=two.encode()).items()}
    assert json.loads(resolved.pop("config.json")) == {"user": two, "list": [one, 1]}
    assert resolved == {
        "plain": f"<{one}>",
        "double": f"a\tb{one}",
        "single": f"it's {one}",
        "block": f"{one}\n  {two}\n",
        "last": "ok",
    }


URI = """\
apiVersion: v1
kind: Secret
stringData:
  URI: "postgresql+psycopg://{{ values.a | urlquote }}:{{ values.b | urlquote }}@{{ vars.host }}:{{ vars.port }}/db"
"""


@given(any_text.filter(bool), any_text)
@example("a/b@c:d", "pa/ss+word==@evil:1/?x#y%41[::1]")
def test_a_url_parser_gives_every_password_back(user: str, password: str) -> None:
    uri = plaintexts(URI, a=user.encode(), b=password.encode())["URI"].decode()
    parsed = urlsplit(uri)
    assert (parsed.scheme, parsed.hostname, parsed.port) == ("postgresql+psycopg", "db", 5432)
    assert (parsed.path, parsed.query, parsed.fragment) == ("/db", "", "")
    assert unquote(parsed.username or "") == user
    assert unquote(parsed.password or "") == password


def test_bytes_that_are_no_text_are_not_joined() -> None:
    with pytest.raises(SealgenError) as caught:
        plaintexts(HEAD + "stringData:\n  k: <{{ values.a }}>\n", a=b"canary\xff")
    assert str(caught.value) == (
        "a is not UTF-8 text, so it can't be joined with other text; place it alone, or through b64encode"
    )


# data and stringData.


@pytest.mark.parametrize(
    ("written", "recipe"),
    [
        ("{{ values.a | b64encode }}", (Reference("a"),)),
        ('"{{ values.a | b64encode }}"', (Reference("a"),)),
        ("|\n    {{ values.a | b64encode }}", (Reference("a"),)),
        ("{{ (values.a ~ ':' ~ values.b) | b64encode }}", (Reference("a"), ":", Reference("b"))),
        ("{{ values.a }}", (Filtered("b64decode", (Reference("a"),)),)),
        (
            "{{ values.tls.crt | urlquote }}",
            (Filtered("b64decode", (Filtered("urlquote", (Reference("tls", "crt"),)),)),),
        ),
    ],
)
def test_data_is_the_base64_of_what_is_sealed(written: str, recipe: Recipe) -> None:
    assert recipes(f"{HEAD}data:\n  k: {written}\n")["k"] == recipe


@pytest.mark.parametrize(
    ("written", "plaintext"),
    [
        ("aGk=", b"hi"),
        ("'aGk='", b"hi"),
        ("''", b""),
        ("/w==", b"\xff"),
        ("|\n    aG\n    k=", b"hi"),
        ("{{ 'hi' | b64encode }}", b"hi"),
        ("{{ vars.port | b64encode }}", b"5432"),
    ],
)
def test_data_may_be_written_out(written: str, plaintext: bytes) -> None:
    assert plaintexts(f"{HEAD}data:\n  k: {written}\n") == {"k": plaintext}


def test_a_value_may_hold_base64_in_lines() -> None:
    value = base64.encodebytes(b"x" * 100)
    assert plaintexts(HEAD + "data:\n  k: {{ values.a }}\n", a=value) == {"k": b"x" * 100}


@pytest.mark.parametrize("written", ["hello", "'no base64'", "aGk", "a-_b", ">\n    aG\n    k=", "{{ 'x y' }}"])
def test_data_that_is_no_base64_is_refused(written: str) -> None:
    assert refusal(f"{HEAD}data:\n  k: {written}\n") == (
        f"{FILE}:4:6: data.k is not base64; write it under stringData, or pass it through b64encode"
    )


def test_a_value_in_data_that_is_no_base64_is_refused_when_it_is_sealed() -> None:
    with pytest.raises(SealgenError) as caught:
        plaintexts(HEAD + "data:\n  k: {{ values.a }}\n", a=b"canary!")
    assert str(caught.value) == "a|b64decode: takes standard base64 with padding, and this is not"


NOT_TEXT = [
    *("yes", "no", "on", "off", "y", "N", "true", "FALSE", "=", "<<"),
    *("012345", "1e3", "0x1F", "0o17", "0b11", "1_000", "1.5", "-3", "+7", "5432", ".inf", "-.INF", ".nan"),
    *("12:30:45", "2024-01-01", "2024-01-01T00:00:00Z"),
]
NULLS = ["null", "Null", "NULL", "~", ""]


@pytest.mark.parametrize("written", NOT_TEXT)
@pytest.mark.parametrize("field", ["data", "stringData"])
def test_what_yaml_may_take_for_something_else_is_refused_with_advice(field: str, written: str) -> None:
    assert refusal(f"{HEAD}{field}:\n  k: {written}\n") == (
        f"{FILE}:4:6: {field}.k is not text for every YAML reader; put it in quotes"
    )


@pytest.mark.parametrize("written", NULLS)
@pytest.mark.parametrize("field", ["data", "stringData"])
def test_null_is_refused_with_advice(field: str, written: str) -> None:
    assert refusal(f"{HEAD}{field}:\n  k: {written}\n") == (
        f"{FILE}:4:{6 if written else 5}: {field}.k is null; write '' for an empty value"
    )


@pytest.mark.parametrize("written", NOT_TEXT + NULLS)
def test_what_is_quoted_arrives_as_it_is_written(written: str) -> None:
    source = f"{HEAD}stringData:\n  s: '{written}'\n  d: \"{written}\"\n  b: |-\n    {written}\n  j: x{written}\n"
    assert plaintexts(source) == {
        "s": written.encode(),
        "d": written.encode(),
        "b": written.encode(),
        "j": f"x{written}".encode(),
    }


def test_a_printed_number_is_no_text_unless_it_is_quoted() -> None:
    assert refusal(HEAD + "stringData:\n  k: {{ vars.port }}\n") == (
        f"{FILE}:4:6: stringData.k is not text for every YAML reader; put it in quotes"
    )
    assert plaintexts(HEAD + "stringData:\n  k: '{{ vars.port }}'\n") == {"k": b"5432"}


def test_blocks_keep_or_fold_lines_as_yaml_says() -> None:
    source = (
        HEAD
        + "stringData:\n  keep: |+\n    a\n\n  clip: |\n    a\n     b\n  strip: |-\n    a\n  fold: >\n    a\n    b\n"
    )
    assert plaintexts(source) == {"keep": b"a\n\n", "clip": b"a\n b\n", "strip": b"a", "fold": b"a b\n"}


# What is refused.

LETTERS = "use letters, digits, '-', '_' and '.', with a letter or digit at both ends"
ONE_SLASH = "before its one '/' is a DNS name, after it a name"
CLEAR = "would hold a secret in clear (a); secrets go into data or stringData only"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (f'{HEAD}metadata:\n  labels:\n    x: "{{{{ values.a }}}}"\n', f"5:8: metadata.labels.x {CLEAR}"),
        (f'{HEAD}metadata:\n  labels:\n    "{{{{ values.a }}}}": x\n', f"5:5: a key of metadata.labels {CLEAR}"),
        (f"{HEAD}metadata:\n  annotations:\n    x: a {{{{ values.a }}}}\n", f"5:8: metadata.annotations.x {CLEAR}"),
        (
            f"{HEAD}metadata:\n  annotations:\n    {{{{ values.a }}}}: x\n",
            f"5:5: a key of metadata.annotations {CLEAR}",
        ),
        (f"{HEAD}metadata:\n  name: a-{{{{ values.a }}}}\n", f"4:9: metadata.name {CLEAR}"),
        (f"{HEAD}metadata:\n  namespace: {{{{ values.a | lower }}}}\n", f"4:14: metadata.namespace {CLEAR}"),
        (f"{HEAD}metadata:\n  {{{{ values.a }}}}: x\n", f"4:3: a field of metadata {CLEAR}"),
        (f"{HEAD}{{{{ values.a }}}}: x\n", f"3: a field of the Secret {CLEAR}"),
        (f"{HEAD}type: '{{{{ values.a }}}}'\n", f"3:7: type {CLEAR}"),
        (f"{HEAD}immutable: {{{{ values.a }}}}\n", f"3:12: immutable {CLEAR}"),
        ("apiVersion: v1\nkind: {{ values.a }}\n", f"2:7: kind {CLEAR}"),
        ("kind: Secret\napiVersion: v{{ values.a }}\n", f"2:13: apiVersion {CLEAR}"),
        (f"{HEAD}stringData:\n  {{{{ values.a }}}}: x\n", f"4:3: a key of stringData {CLEAR}"),
        (f"{HEAD}data:\n  x{{{{ values.a }}}}: x\n", f"4:3: a key of data {CLEAR}"),
        (f"{HEAD}metadata:\n  uid: {{{{ values.a }}}}\n", f"4:8: metadata.uid {CLEAR}"),
        (
            f"{HEAD}metadata:\n  ownerReferences:\n  - name: {{{{ values.a }}}}\n",
            f"5:11: metadata.ownerReferences.name {CLEAR}",
        ),
        (
            f"{HEAD}metadata:\n  managedFields: [x, {{'{{{{ values.a }}}}': x}}]\n",
            f"4:23: a key of metadata.managedFields {CLEAR}",
        ),
        (
            f"{HEAD}metadata:\n  annotations:\n    {LAST_APPLIED}: |\n      {{{{ values.a }}}}\n",
            f"5:55: metadata.annotations.{LAST_APPLIED} {CLEAR}",
        ),
    ],
)
def test_a_secret_that_would_stand_in_clear_is_refused_with_its_path(source: str, problem: str) -> None:
    keys = "" if "stringData" in source else KEYS
    assert refusal(source + keys) == f"{FILE}:{problem}"


def test_every_secret_that_would_stand_in_clear_is_named_once() -> None:
    source = f"{HEAD}type: x{{{{ values.b }}}}{{{{ values.tls.key | replace(values.b, 'x') }}}}\n"
    assert refusal(source) == f"{FILE}:3:7: type {CLEAR.replace('(a)', '(b, tls.key)')}"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (f"{HEAD}# {{{{ values.a }}}}\n{KEYS}", "3:3"),
        (f"{HEAD}{KEYS}# x {{{{ values.a }}}}\n", "5:5"),
        (f"{HEAD}stringData:\n  j: |\n    # {{{{ values.a }}}}\n  k: x # {{{{ values.b }}}}\n", "6:10"),
        (f"{{# #}}\n{HEAD}stringData:\n  k: '#{{{{ values.a }}}}' # {{{{ values.a }}}}\n", "5"),
        (f"--- # {{{{ values.a }}}}\n{HEAD}{KEYS}", "1"),
    ],
)
def test_a_secret_in_a_comment_is_refused(source: str, place: str) -> None:
    assert refusal(source) == (
        f"{FILE}:{place}: a secret stands in a comment; write a template comment instead: {{# … #}}"
    )


def test_a_secret_in_a_template_comment_is_nothing() -> None:
    assert list(recipes(f"{HEAD}{{# {{{{ values.b }}}} #}}\n{KEYS}# a: comment\n")) == ["k"]


def test_a_secret_in_a_directive_is_refused() -> None:
    assert refusal(f"%TAG !x{{{{ values.a }}}}! tag:x\n---\n{HEAD}{KEYS}") == (
        f"{FILE}:1: a secret stands where it is not the value of a key"
    )


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('"\\{{ values.a }}"', "7: not YAML: found unknown escape character"),
        ('"\\x4{{ values.a }}"', "9: not YAML: did not find expected hexdecimal number"),
        ("!{{ values.a }} x", "6: a YAML tag (!«a»); write plain text"),
        ("&{{ values.a }} x", "6: an anchor (&«a»); write the value out where it is used"),
        ("*{{ values.a }}", "6: an alias (*«a»); write the value out"),
        ("{{ values.a }}: x", ": not YAML: mapping values are not allowed in this context"),
        ("[{{ values.a }}]", "6: stringData.k must be text; write a structure as a block (|)"),
        ("{x: {{ values.a }} }", "6: stringData.k must be text; write a structure as a block (|)"),
        ("{{ {'x': values.a} | tojson }}", "6: stringData.k must be text; write a structure as a block (|)"),
    ],
)
def test_a_secret_inside_yaml_signs_is_refused_by_name(written: str, problem: str) -> None:
    place = f"{FILE}:4{problem}" if problem.startswith(":") else f"{FILE}:4:{problem}"
    assert refusal(f"{HEAD}stringData:\n  k: {written}\n") == place


def test_an_escaped_backslash_before_a_secret_is_a_backslash() -> None:
    assert plaintexts(HEAD + 'stringData:\n  k: "\\\\{{ values.a }}"\n', a=b"x") == {"k": b"\\x"}


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("", ":1: the file is empty"),
        ("{% if not vars.on %}\n" + HEAD + "{% endif %}", ":1: the file is empty"),
        ("{{ values.a }}", ":1: a template gives a mapping"),
        ("- a\n", ":1: a template gives a mapping"),
        (HEAD + KEYS + "---\n" + HEAD + KEYS, ":5:1: a second document; a file holds one"),
        (
            "apiVersion: v1\nkind: ConfigMap\nbinaryData: {}\n",
            ":2:7: kind is 'ConfigMap'; a template gives one Secret (kind: Secret)",
        ),
        ("apiVersion: v1\nkind: List\nitems: []\n", ":2:7: kind is 'List'; a template gives one Secret (kind: Secret)"),
        (
            "x: y\napiVersion: v2\nkind: Secret\n",
            ":2:13: apiVersion is 'v2'; a template gives one Secret (apiVersion: v1)",
        ),
        ("x: y\nkind: [Secret]\n", ":2:7: kind must be text"),
        ("kind: Secret\n" + KEYS, ":1: apiVersion is missing; write apiVersion: v1"),
        ("apiVersion: v1\n" + KEYS, ":1: kind is missing; write kind: Secret"),
        ("kind: Secret\napiversion: v1\n", ":2:1: unknown field 'apiversion'; did you mean 'apiVersion'?"),
        (HEAD + "stringdata: {}\n", ":3:1: unknown field 'stringdata'; did you mean 'stringData'?"),
        (HEAD + "Data: {}\n", ":3:1: unknown field 'Data'; did you mean 'data'?"),
        (
            HEAD + "spec: {}\n",
            ":3:1: unknown field 'spec'; known are apiVersion, data, immutable, kind, metadata, stringData, type",
        ),
        (HEAD + "metadata: {label: {}}\n", ":3:12: unknown field 'metadata.label'; did you mean 'labels'?"),
        (
            HEAD + "metadata: {finalizers: []}\n",
            ":3:12: unknown field 'metadata.finalizers'; known are annotations, labels, name, namespace",
        ),
        (HEAD + "metadata:\n" + KEYS, ":3:10: metadata must be a mapping"),
        (HEAD + "metadata: {labels: [a]}\n", ":3:20: metadata.labels must be a mapping"),
        (HEAD + "metadata: {labels: {a: [b]}}\n", ":3:24: metadata.labels.a must be text"),
        (HEAD + "metadata: {labels: {a: }}\n", ":3:24: metadata.labels.a is null; write '' for an empty value"),
        (
            HEAD + "metadata: {labels: {a: 1}}\n",
            ":3:24: metadata.labels.a is not text for every YAML reader; put it in quotes",
        ),
        (
            HEAD + "metadata: {labels: {a: 'b c'}}\n",
            f":3:24: metadata.labels.a: 'b c' can't be a label value: {LETTERS}, or nothing; did you mean 'b-c'?",
        ),
        (
            HEAD + "metadata: {labels: {a b: c}}\n",
            f":3:21: metadata.labels: 'a b' can't be a label key: {LETTERS}; did you mean 'a-b'?",
        ),
        (
            HEAD + "metadata: {annotations: {a: true}}\n",
            ":3:29: metadata.annotations.a is not text for every YAML reader; put it in quotes",
        ),
        (
            HEAD + "metadata: {annotations: {a/b/c: x}}\n",
            f":3:26: metadata.annotations: 'a/b/c' can't be an annotation key: {ONE_SLASH}",
        ),
        (
            HEAD + "metadata: {annotations: {a: " + "x" * 262_144 + "}}\n",
            ":3:25: the annotations have 262145 bytes together; Kubernetes takes 262144 (256 KiB)",
        ),
        (HEAD + "immutable: yes\n", ":3:12: immutable must be true or false"),
        (HEAD + "immutable: 'true'\n", ":3:12: immutable must be true or false"),
        (HEAD + "immutable: [true]\n", ":3:12: immutable must be true or false"),
        (HEAD + "immutable:\n", ":3:11: immutable must be true or false"),
        (HEAD + "type: yes\n", ":3:7: type is not text for every YAML reader; put it in quotes"),
        (HEAD + "type:\n", ":3:6: type is null; write '' for an empty value"),
        (
            HEAD + "type: kubernetes.io/tls\n" + KEYS,
            ":3:7: a Secret of type kubernetes.io/tls needs the keys 'tls.crt' and 'tls.key'",
        ),
        (HEAD, ":1: the Secret has no keys; give it data or stringData"),
        (HEAD + "data: {}\nstringData:\n", ":1: the Secret has no keys; give it data or stringData"),
        (HEAD + "data: []\n", ":3:7: data must be a mapping"),
        (HEAD + "stringData: {{ values.a }}\n", ":3:13: stringData must be a mapping"),
        (HEAD + "stringData:\n  k: x\n  k: y\n", ":5:3: 'k' occurs twice; the first is in line 4"),
        (HEAD + "stringData:\n  k: x\nkind: Secret\n", ":5:1: 'kind' occurs twice; the first is in line 2"),
        (
            HEAD + "stringData:\n  yes: x\n",
            ":4:3: a key of stringData is not text for every YAML reader; put it in quotes",
        ),
        (HEAD + "data:\n  k: eA==\nstringData:\n  k: x\n", ":6:3: 'k' stands in data and in stringData; keep one"),
        (
            HEAD + "stringData:\n  A KEY: x\n",
            ":4:3: stringData: 'A KEY' can't be a key: use letters, digits, '-', '_' and '.'; did you mean 'A_KEY'?",
        ),
        (HEAD + "stringData:\n  k: &x y\n", ":4:6: an anchor (&x); write the value out where it is used"),
        (HEAD + "stringData:\n  k: *x\n", ":4:6: an alias (*x); write the value out"),
        (HEAD + "stringData:\n  k: !!binary aGk=\n", ":4:6: a YAML tag (tag:yaml.org,2002:binary); write plain text"),
        (
            HEAD + "stringData:\n  <<: {a: b}\n",
            ":4:3: a key of stringData is not text for every YAML reader; put it in quotes",
        ),
        (HEAD + "stringData:\n  ? [a]\n  : b\n", ":4:5: a key must be text"),
    ],
)
def test_what_kubernetes_would_refuse_or_misread_is_refused(source: str, problem: str) -> None:
    assert refusal(source) == FILE + problem


@pytest.mark.parametrize(
    ("annotations", "scope", "told"),
    [
        (f"{{{CLUSTER_WIDE}: 'true'}}", Scope.STRICT, "cluster-wide"),
        (f"{{{CLUSTER_WIDE}: 'true'}}", Scope.NAMESPACE_WIDE, "cluster-wide"),
        (f"{{{NAMESPACE_WIDE}: 'true'}}", Scope.STRICT, "namespace-wide"),
        (f"{{{NAMESPACE_WIDE}: 'true'}}", Scope.CLUSTER_WIDE, "namespace-wide"),
        (f"{{{NAMESPACE_WIDE}: 'true', {CLUSTER_WIDE}: 'true'}}", Scope.NAMESPACE_WIDE, "cluster-wide"),
    ],
)
def test_a_scope_other_than_the_environment_s_is_refused(annotations: str, scope: Scope, told: str) -> None:
    assert refusal(f"{HEAD}metadata:\n  annotations: {annotations}\n{KEYS}", scope=scope) == (
        f"{FILE}:4:16: the annotations say scope {told}, but the environment file says {scope}; "
        "leave the annotation out: sealgen writes it"
    )


def test_a_name_or_namespace_other_than_the_environment_s_is_refused() -> None:
    assert refusal(HEAD + "metadata:\n  name: other\n" + KEYS) == (
        f"{FILE}:4:9: metadata.name is 'other', but the environment file says 'app'; "
        "leave it out, or write {{ secret.name }}"
    )
    assert refusal(HEAD + "metadata:\n  namespace: other\n" + KEYS) == (
        f"{FILE}:4:14: metadata.namespace is 'other', but the environment file says 'test'; "
        "leave it out, or write {{ secret.namespace }}"
    )


def test_a_type_other_than_the_environment_s_is_refused() -> None:
    assert refusal(HEAD + "type: Opaque\n" + KEYS, secret_type="example.com/own") == (
        f"{FILE}:3:7: type is 'Opaque', but the environment file says 'example.com/own'; leave one of them out"
    )


def test_a_type_of_the_environment_file_is_held_to_its_keys() -> None:
    assert refusal(HEAD + KEYS, secret_type="kubernetes.io/ssh-auth") == (
        f"{FILE}:1: a Secret of type kubernetes.io/ssh-auth needs the key 'ssh-privatekey'"
    )


# Places.


def test_an_error_after_loops_comments_and_includes_has_the_line_of_the_template() -> None:
    before = "{# two\nlines #}\n" + HEAD + "stringData:\n{% for name in vars.names %}\n  {{ name }}: x\n{% endfor %}\n"
    include = "{% include 'part.j2' %}\n"
    unquoted = "is not text for every YAML reader; put it in quotes"
    assert refusal(before + include + "  c: d\n  k: yes\n", part="  p: q\n") == f"{FILE}:11:6: stringData.k {unquoted}"
    assert refusal(before + include, part="  p: q\n  k: yes\n") == f"templates/part.j2:2:6: stringData.k {unquoted}"
    assert refusal(before + "{% if vars.on %}\n  k: yes\n{% endif %}\n") == f"{FILE}:10: stringData.k {unquoted}"
    macro = "{% macro entry(k) %}\n  {{ k }}: yes\n{% endmacro %}\n" + HEAD + "stringData:\n\n{{ entry('k') }}\n"
    assert refusal(macro) == f"{FILE}:8: stringData.k {unquoted}"
    broken = "not YAML: mapping values are not allowed in this context"
    assert refusal(before + "  k: a: b\n") == f"{FILE}:9: {broken}"
    assert refusal(before + "  j: a\n  k: a: b\n") == f"{FILE}:10:7: {broken}"
    assert refusal(before + "  k: 'a\n") == f"{FILE}:9: not YAML: found unexpected end of stream"


def test_a_key_has_the_place_of_its_template() -> None:
    source = (
        HEAD + "stringData:\n{% for name in vars.names %}\n  {{ name }}: x\n{% endfor %}\n{% include 'part.j2' %}\n"
    )
    keys = read(source, part="  p: q\n  r: s\n").keys
    assert {name: str(key.at) for name, key in keys.items()} == {
        "one": f"{FILE}:5",
        "two": f"{FILE}:5",
        "p": "templates/part.j2:1",
        "r": "templates/part.j2:2:3",
    }
