"""Plain Secrets: read strictly, by the API server's rules and with no opinion of YAML's, and written in clear."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError, Mark
from sealgen.kubernetes.secret import PlainSecret, read_all, to_yaml, tree
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: backend\n  namespace: aura\n"


def revealed(secret: PlainSecret) -> dict[str, bytes]:
    return {key: value.reveal() for key, value in secret.data.items()}


def one(text: str) -> PlainSecret:
    (secret,) = read_all(text.encode(), "s.yaml")
    return secret


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read_all(text.encode(), "s.yaml")
    return str(refused.value)


def test_all_that_a_secret_says_is_read() -> None:
    secret = one(
        HEAD + "  labels: {app: backend}\n  annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}\n"
        "type: example.org/mine\nimmutable: true\ndata: {a: AAE=}\nstringData: {b: text}\n"
    )
    assert (secret.name, secret.namespace, secret.type, secret.immutable) == (
        "backend",
        "aura",
        "example.org/mine",
        True,
    )
    assert secret.labels == {"app": "backend"}
    assert secret.annotations == {"sealedsecrets.bitnami.com/cluster-wide": "true"}
    assert revealed(secret) == {"a": b"\0\1", "b": b"text"}
    assert secret.at == Mark("s.yaml", 1, 1)


def test_what_a_secret_does_not_say_is_nothing() -> None:
    secret = one("apiVersion: v1\nkind: Secret\nmetadata:\n  name: backend\n")
    assert (secret.namespace, secret.type, secret.immutable) == (None, None, None)
    assert (secret.labels, secret.annotations, secret.data) == ({}, {}, {})


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", b"yes"),
        ("012345", b"012345"),
        ("1e3", b"1e3"),
        ("0x10", b"0x10"),
        ("true", b"true"),
        ("2001-01-01", b"2001-01-01"),
        ("1_000", b"1_000"),
        ("''", b""),
        ("'null'", b"null"),
        ('"\\u0000"', b"\0"),
        ("|\n    a\n    b\n", b"a\nb\n"),
        (">-\n    a\n    b\n", b"a b"),
        ("ö", "ö".encode()),
    ],
)
def test_text_under_string_data_is_what_is_written(written: str, value: bytes) -> None:
    assert revealed(one(f"{HEAD}stringData:\n  A: {written}\n")) == {"A": value}


def test_numbers_and_truth_values_of_json_are_what_is_written() -> None:
    text = '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":{"a":1.50,"b":true,"c":"\\u00e9/"}}'
    assert revealed(one(text)) == {"a": b"1.50", "b": b"true", "c": "é/".encode()}


@pytest.mark.parametrize("escapes", [r"\ud83d\ude00", r"\uD83D\uDE00", r"\\\ud83d\ude00", r"\\ud83d\\ude00", "😀"])
def test_a_character_that_json_writes_as_two_escapes_is_read(escapes: str) -> None:
    text = f'{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"a"}},"stringData":{{"a":"{escapes}"}}}}'
    assert revealed(one(text)) == {"a": json.loads(f'"{escapes}"').encode()}


@pytest.mark.parametrize("character", ["\x7f", "\x85", "\u2028", "\ufeff"])
def test_a_character_that_yaml_wants_escaped_is_read_as_it_is_in_json_alone(character: str) -> None:
    text = f'{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"a"}},"stringData":{{"a":"{character}"}}}}'
    assert revealed(one(text)) == {"a": character.encode()}
    code = f"{ord(character):04x}"
    for yaml_text in (text.replace('"a":', "'a':"), text.replace(f'"{character}"', f"'{character}'")):
        assert refusal(yaml_text).endswith(
            f"the character U+{code.upper()} can't stand here as it is; in double quotes, write \\u{code} for it"
        )


def test_json_texts_may_follow_each_other_with_nothing_between() -> None:
    texts = [f'{{"apiVersion": "v1", "kind": "Secret",\n"metadata": {{"name": "{name}"}}}}' for name in "abc"]
    text = texts[0] + texts[1] + "\n\n" + texts[2] + "\n"
    assert [(secret.name, secret.at.line) for secret in read_all(text.encode(), "s.json")] == [
        ("a", 1),
        ("b", 2),
        ("c", 5),
    ]
    assert [secret.name for secret in read_all(f"{text}---\n{HEAD}".encode(), "s")] == ["a", "b", "c", "backend"]
    assert refusal(f"{text}]").startswith("s.yaml:7:1: not YAML: ")


def test_escapes_of_json_mean_nothing_in_yaml() -> None:
    text = "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {a: '\\ud83d\\ude00'}}"
    assert revealed(one(text)) == {"a": b"\\ud83d\\ude00"}


@pytest.mark.parametrize("written", ["YWJj", "'YWJj'", '"YW\\r\\nJj\\n"', "|\n    YW\n    Jj\n"])
def test_data_is_base64_and_line_breaks_in_it_count_for_nothing(written: str) -> None:
    assert revealed(one(f"{HEAD}data:\n  a: {written}\n")) == {"a": b"abc"}


def test_data_that_yaml_takes_for_a_number_is_base64_all_the_same() -> None:
    assert revealed(one(f"{HEAD}data: {{a: 1234, b: 1e10}}\n")) == {
        "a": base64.b64decode("1234"),
        "b": base64.b64decode("1e10"),
    }


@pytest.mark.parametrize("written", ["", "null", '""'])
def test_an_empty_value_is_one_also_as_kubeseal_prints_it(written: str) -> None:
    assert revealed(one(f"{HEAD}data:\n  a: {written}\n")) == {"a": b""}


def test_string_data_is_written_over_data_as_by_the_api_server() -> None:
    secret = one(f"{HEAD}stringData: {{b: new}}\ndata: {{a: YQ==, b: b2xk}}\n")
    assert revealed(secret) == {"a": b"a", "b": b"new"}


def test_what_an_api_server_and_kubectl_added_is_left_out() -> None:
    secret = one(
        HEAD + "  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{\"data\":{}}'\n    mine: x\n"
        "    kubecfg.ksonnet.io/last-applied-configuration: '{}'\n"
        "  creationTimestamp: null\n  uid: 0-1\n  resourceVersion: '7'\n  ownerReferences: [{name: a}]\n"
        "  managedFields: [{fieldsV1: {'f:data': {}}}]\n  finalizers: [a/b]\n"
    )
    assert secret.annotations == {"mine": "x"}


LIST = """\
apiVersion: v1
kind: {kind}
metadata:
  resourceVersion: ""
items:
- apiVersion: v1
  kind: Secret
  metadata: {{name: a}}
- apiVersion: v1
  kind: Secret
  metadata: {{name: b}}
"""


@pytest.mark.parametrize("kind", ["List", "SecretList"])
def test_the_secrets_of_a_list_are_read(kind: str) -> None:
    secrets = read_all(LIST.format(kind=kind).encode(), "s.yaml")
    assert [(secret.name, secret.at.line) for secret in secrets] == [("a", 6), ("b", 9)]


def test_the_items_of_a_list_of_secrets_need_not_say_what_they_are() -> None:
    text = '{"kind": "SecretList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]}'
    assert [secret.name for secret in read_all(text.encode(), "s.json")] == ["a"]
    assert refusal(text.replace("SecretList", "List")) == "s.yaml:1:48: apiVersion is missing"


def test_every_document_is_read_and_those_that_say_nothing_are_not() -> None:
    text = f"# a comment\n---\n---\n{HEAD}---\n{LIST.format(kind='List')}---\nnull\n"
    assert [secret.name for secret in read_all(text.encode(), "s.yaml")] == ["backend", "a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml holds no object"),
        ("kind: List\n", "s.yaml holds no object"),
        ("- a\n", "s.yaml:1:1: an object must be a mapping"),
        ("kind: List\nitems: {}\n", "s.yaml:2:8: items must be a list"),
        ("kind: List\nitems: [a]\n", "s.yaml:2:9: an object must be a mapping"),
        ("kind: [a]\n", "s.yaml:1:7: kind must be text"),
        ("kind: Secret\n", "s.yaml:1:1: apiVersion is missing"),
        ("apiVersion: v2\nkind: Secret\n", "s.yaml:1:13: apiVersion is 'v2', not 'v1'"),
        ("apiVersion: v1\n", "s.yaml:1:1: kind is missing"),
        ("apiVersion: v1\nkind: ConfigMap\n", "s.yaml:2:7: kind is 'ConfigMap', not 'Secret'"),
        ("apiVersion: v1\nkind: Secret\n", "s.yaml:1:1: metadata.name is missing"),
        ("apiVersion: v1\nkind: Secret\nmetadata: []\n", "s.yaml:3:11: metadata must be a mapping"),
        (
            HEAD.replace("backend", "BAD NAME!"),
            (
                "s.yaml:4:9: metadata.name: 'BAD NAME!' can't be a name: use lower-case letters, digits, '-' and '.', "
                "with a letter or digit at both ends and next to each '.'; did you mean 'bad-name'?"
            ),
        ),
        (HEAD.replace("backend", "123"), "s.yaml:4:9: metadata.name must be text"),
        (HEAD.replace("aura", "y"), "s.yaml:5:14: metadata.namespace must be text"),
        (
            HEAD.replace("aura", "a.b"),
            (
                "s.yaml:5:14: metadata.namespace: 'a.b' can't be a namespace: use lower-case letters, digits and '-', "
                "with a letter or digit at both ends; did you mean 'a-b'?"
            ),
        ),
        (HEAD + "  labels: {a: true}\n", "s.yaml:6:15: metadata.labels.a must be text"),
        (HEAD + "  labels: {1: a}\n", "s.yaml:6:12: a key of metadata.labels must be text"),
        (
            HEAD + "  labels: {a: b c}\n",
            (
                "s.yaml:6:15: metadata.labels.a: 'b c' can't be a label value: use letters, digits, '-', '_' and '.', "
                "with a letter or digit at both ends, or nothing; did you mean 'b-c'?"
            ),
        ),
        (
            HEAD + "  annotations: {a/: b}\n",
            (
                "s.yaml:6:17: metadata.annotations: 'a/' can't be an annotation key: "
                "before its one '/' is a DNS name, after it a name"
            ),
        ),
        (
            HEAD + f"  annotations: {{a: {'x' * 262144}}}\n",
            "s.yaml:6:16: the annotations have 262145 bytes together; Kubernetes takes 262144 (256 KiB)",
        ),
        (HEAD + "  label: {}\n", "s.yaml:6:3: unknown field 'metadata.label'; did you mean 'labels'?"),
        (HEAD + "type:s3cr3t: x\n", "s.yaml:6:1: unknown field 'type:…'; a space is missing after 'type:'"),
        (HEAD + "stringdata: {}\n", "s.yaml:6:1: unknown field 'stringdata'; did you mean 'stringData'?"),
        (HEAD + "data: {}\ndata: {}\n", "s.yaml:7:1: 'data' occurs twice; the first is in line 6"),
        (
            HEAD + "stringData:\n  a: b\n  a: c\n",
            "s.yaml:8:3: 'a' occurs twice; the first is in line 7",
        ),
        (HEAD + "immutable: yes\n", "s.yaml:6:12: immutable must be true or false"),
        (HEAD + "type: 1\n", "s.yaml:6:7: type must be text"),
        (HEAD + "data: a\n", "s.yaml:6:7: data must be a mapping"),
        (
            HEAD + "data: {a: hunter2}\n",
            "s.yaml:6:11: data.a is not base64; write plain text under stringData",
        ),
        (HEAD + "data: {a: YQ}\n", "s.yaml:6:11: data.a is not base64; write plain text under stringData"),
        (HEAD + "data: {a: ä}\n", "s.yaml:6:11: data.a is not base64; write plain text under stringData"),
        (HEAD + "stringData: {a: }\n", "s.yaml:6:17: stringData.a is null; write '' for an empty value"),
        (HEAD + "stringData: {a: ~}\n", "s.yaml:6:17: stringData.a is null; write '' for an empty value"),
        (
            HEAD + "stringData: {a: {b: hunter2}}\n",
            "s.yaml:6:17: stringData.a must be text; write a structure as a block (|)",
        ),
        (HEAD + "stringData: {1: a}\n", "s.yaml:6:14: a key of stringData must be text"),
        (
            HEAD + "stringData: {a b: c}\n",
            "s.yaml:6:14: stringData: 'a b' can't be a key: use letters, digits, '-', '_' and '.'; did you mean 'a-b'?",
        ),
        (HEAD + "stringData: &a {}\n", "s.yaml:6:13: an anchor (&a); write the value out where it is used"),
        (
            HEAD + "type: kubernetes.io/tls\nstringData: {tls.crt: a}\n",
            "s.yaml:1:1: backend: a Secret of type kubernetes.io/tls needs the key 'tls.key'",
        ),
        (
            HEAD + "type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: hunter2}\n",
            "s.yaml:1:1: backend: '.dockerconfigjson' is not valid JSON",
        ),
        (
            HEAD + f"stringData: {{a: {'x' * 2**20}, b: y}}\n",
            "s.yaml:1:1: backend: the values have 1048577 bytes together; a Secret can have 1048576 (1 MiB)",
        ),
    ],
)
def test_what_is_no_secret_is_refused_with_its_place_and_without_a_value(text: str, message: str) -> None:
    assert refusal(text) == message


FULL = PlainSecret(
    name="backend",
    namespace="aura",
    type="Opaque",
    immutable=False,
    labels={"b": "1", "a": "x"},
    annotations={"x": "<y>&\u2028é"},
    data={"b": Secret(b"\0\xff"), "a": Secret(b"")},
    at=Mark("s.yaml", 1, 1),
)


def test_a_secret_is_written_as_one_document_with_its_keys_sorted_and_its_values_in_base64() -> None:
    assert to_yaml(FULL) == (
        '---\napiVersion: v1\ndata:\n  a: ""\n  b: AP8=\nimmutable: false\nkind: Secret\nmetadata:\n'
        '  annotations:\n    x: "<y>&\\Lé"\n  labels:\n    a: x\n    b: "1"\n  name: backend\n  namespace: aura\n'
        "type: Opaque\n"
    )


def test_what_a_secret_does_not_say_is_not_written() -> None:
    bare = PlainSecret("a", None, None, None, {}, {}, {}, Mark("s.yaml", 1, 1))
    assert to_yaml(bare) == "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"


LABELS = st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.from_regex(r"[a-z0-9]{0,9}", fullmatch=True))
# PyYAML, which reads it once more below, has no idea what the bare = of YAML 1.1 is.
ANNOTATIONS = st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.text().filter(lambda text: text != "="))
KEYS = st.dictionaries(st.from_regex(r"[-_a-zA-Z0-9]{1,20}", fullmatch=True), st.binary(max_size=50), max_size=5)


@settings(deadline=None)
@given(LABELS, ANNOTATIONS, KEYS, st.none() | st.booleans())
def test_every_secret_that_is_written_is_read_back(
    labels: Mapping[str, str], annotations: Mapping[str, str], data: Mapping[str, bytes], immutable: bool | None
) -> None:
    secrets = {key: Secret(value) for key, value in data.items()}
    written = PlainSecret("a", "b", "c", immutable, labels, annotations, secrets, Mark("s.yaml", 1, 1))
    for text in (to_yaml(written), json.dumps(tree(written)), json.dumps(tree(written), ensure_ascii=False)):
        (found,) = read_all(text.encode(), "s.yaml")
        assert (found.labels, found.annotations, found.immutable) == (labels, annotations, immutable)
        assert revealed(found) == data
    parsed = yaml.safe_load(to_yaml(written))
    assert {key: base64.b64decode(text) for key, text in parsed.get("data", {}).items()} == data
