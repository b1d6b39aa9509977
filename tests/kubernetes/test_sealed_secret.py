"""The SealedSecret's manifest: written as kubeseal does, and read strictly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from sealgen.kubernetes.sealed_secret import Scope, SealedSecret, ciphertexts, read, to_yaml

FULL = """---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  annotations:
    sealedsecrets.bitnami.com/namespace-wide: "true"
  name: backend-secrets
  namespace: aura-staging
spec:
  encryptedData:
    JWT_SECRET_KEY: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq==
    POSTGRES_DB_URI: AgBCQ1c=
  template:
    immutable: true
    metadata:
      annotations:
        owner: platform
        sealedsecrets.bitnami.com/namespace-wide: "true"
      labels:
        app.kubernetes.io/name: backend
      name: backend-secrets
      namespace: aura-staging
    type: Opaque
"""
SEALED = SealedSecret(
    name="backend-secrets",
    namespace="aura-staging",
    scope=Scope.NAMESPACE_WIDE,
    encrypted_data={"JWT_SECRET_KEY": "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq==", "POSTGRES_DB_URI": "AgBCQ1c="},
    type="Opaque",
    labels={"app.kubernetes.io/name": "backend"},
    annotations={"owner": "platform"},
    immutable=True,
)
BARE = """---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: redis
  namespace: aura
spec:
  encryptedData:
    password: AgA=
  template:
    metadata:
      name: redis
      namespace: aura
"""
BARE_SEALED = SealedSecret("redis", "aura", Scope.STRICT, {"password": "AgA="}, None, {}, {}, None)


@pytest.mark.parametrize(("sealed", "text"), [(SEALED, FULL), (BARE_SEALED, BARE)])
def test_a_manifest_is_written_as_kubeseal_writes_it_and_read_back(sealed: SealedSecret, text: str) -> None:
    assert to_yaml(sealed) == text
    assert read(text.encode(), "f.yaml") == sealed


def test_the_ciphertexts_of_what_was_written_are_found_without_reading_it() -> None:
    labelled = replace(SEALED, encrypted_data={"a": "AgA=", "b-1.c_D": "AgB+/x=="}, labels={"type": "Opaque"})
    assert ciphertexts(to_yaml(labelled).encode()) == labelled.encrypted_data
    assert ciphertexts(b"\n  encryptedData:\n    a: \xff\n    b: AgA=\n") == {"b": "AgA="}
    assert ciphertexts(b"") == {}


def test_immutable_false_is_written_and_an_empty_type_is_not() -> None:
    assert "    immutable: false\n    metadata:" in to_yaml(replace(BARE_SEALED, immutable=False))
    assert to_yaml(replace(BARE_SEALED, type="")) == BARE


def test_a_cluster_wide_manifest_says_so_twice_and_keeps_its_namespace() -> None:
    annotation = (
        'annotations:\n{0}  sealedsecrets.bitnami.com/cluster-wide: "true"\n{0}name: redis\n{0}namespace: aura\n'
    )
    text = to_yaml(replace(BARE_SEALED, scope=Scope.CLUSTER_WIDE))
    assert text.count(annotation.format("  ")) == 1
    assert text.count(annotation.format("      ")) == 1
    assert read(text.encode(), "f.yaml").scope is Scope.CLUSTER_WIDE


@pytest.mark.parametrize(
    ("scope", "label", "annotation"),
    [
        (Scope.STRICT, b"aura/redis", None),
        (Scope.NAMESPACE_WIDE, b"aura", "sealedsecrets.bitnami.com/namespace-wide"),
        (Scope.CLUSTER_WIDE, b"", "sealedsecrets.bitnami.com/cluster-wide"),
    ],
)
def test_a_scope_has_its_label_and_its_annotation(scope: Scope, label: bytes, annotation: str | None) -> None:
    assert scope.label("aura", "redis") == label
    assert scope.annotation == annotation


def test_scopes_are_ordered_from_the_narrowest_to_the_widest() -> None:
    assert list(Scope) == [Scope.STRICT, Scope.NAMESPACE_WIDE, Scope.CLUSTER_WIDE]
    assert [str(scope) for scope in Scope] == ["strict", "namespace-wide", "cluster-wide"]


def test_a_scope_cannot_be_told_a_second_time() -> None:
    with pytest.raises(ValueError, match=r"^annotations tell a scope$"):
        replace(SEALED, annotations={"sealedsecrets.bitnami.com/cluster-wide": "true"})


def test_fields_that_are_not_modelled_are_not_looked_at() -> None:
    text = BARE.replace("metadata:\n  name", "metadata:\n  creationTimestamp: null\n  finalizers: [a]\n  name")
    text = text.replace("  template:\n", "  template:\n    data: {x: '{{ .password }}'}\n") + "status: {a: 1}\n"
    assert read(text.encode(), "f.yaml") == BARE_SEALED


@pytest.mark.parametrize(
    "template",
    [
        "",
        "  template: null\n",
        "  template: {}\n",
        "  template:\n    metadata:\n      annotations:\n      labels: null\n    type:\n    immutable: ~\n",
        '  template:\n    type: ""\n',
    ],
)
def test_nothing_in_the_template_is_nothing_told(template: str) -> None:
    assert read((BARE[: BARE.index("  template:")] + template).encode(), "f.yaml") == BARE_SEALED


@pytest.mark.parametrize("value", ["yEs", "=", "1e999", "190:20:30", "2001-02-29"])
def test_text_that_kubeseal_leaves_unquoted_is_text(value: str) -> None:
    text = BARE + f"      labels: {{a: {value}}}\n"
    assert read(text.encode(), "f.yaml").labels == {"a": value}


def test_an_annotation_tells_a_scope_only_when_it_is_exactly_true() -> None:
    annotations = '  annotations: {sealedsecrets.bitnami.com/cluster-wide: "True"}\n'
    text = BARE.replace("metadata:\n  name", f"metadata:\n{annotations}  name")
    assert read(text.encode(), "f.yaml") == BARE_SEALED


def test_of_two_scope_annotations_the_wider_counts_as_for_the_controller() -> None:
    told = ", ".join(f'sealedsecrets.bitnami.com/{scope}: "true"' for scope in ("cluster-wide", "namespace-wide"))
    both = f"annotations: {{{told}}}\n"
    text = BARE.replace("  name: redis\n", f"  {both}  name: redis\n", 1) + f"      {both}"
    assert read(text.encode(), "f.yaml") == replace(BARE_SEALED, scope=Scope.CLUSTER_WIDE)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (BARE, "", "f.yaml:1:1: the file is empty"),
        (BARE, "- a", "f.yaml:1:1: a SealedSecret must be a mapping"),
        (BARE, "null", "f.yaml:1:1: apiVersion is missing"),
        (BARE, "{}", "f.yaml:1:1: apiVersion is missing"),
        ("bitnami.com/v1alpha1", "v1", "f.yaml:2:13: apiVersion is 'v1', not 'bitnami.com/v1alpha1'"),
        ("kind: SealedSecret", "kind: Secret", "f.yaml:3:7: kind is 'Secret', not 'SealedSecret'"),
        ("kind: SealedSecret", "kind: [a]", "f.yaml:3:7: kind must be text"),
        ("kind: SealedSecret\n", "", "f.yaml:2:1: kind is missing"),
        ("kind: SealedSecret", "kind:", "f.yaml:3:6: kind is missing"),
        ("  name: redis\n", "", "f.yaml:5:3: metadata.name is missing"),
        ("  namespace: aura\n", "", "f.yaml:5:3: metadata.namespace is missing"),
        ("  name: redis", "  name: 012", "f.yaml:5:9: metadata.name must be text"),
        ("  namespace: aura", "  namespace: y", "f.yaml:6:14: metadata.namespace must be text"),
        ("metadata:\n  name: redis\n  namespace: aura\n", "", "f.yaml:2:1: metadata.name is missing"),
        ("spec:", "specs:", "f.yaml:2:1: spec.encryptedData is missing"),
        ("  encryptedData:\n    password: AgA=\n", "", "f.yaml:8:3: spec.encryptedData is missing"),
        ("\n    password: AgA=", "", "f.yaml:8:17: spec.encryptedData is missing"),
        ("\n    password: AgA=", " AgA=", "f.yaml:8:18: spec.encryptedData must be a mapping"),
        ("AgA=", "{a: b}", "f.yaml:9:15: spec.encryptedData.password must be text"),
        ("AgA=", "1234", "f.yaml:9:15: spec.encryptedData.password must be text"),
        (" AgA=", "", "f.yaml:9:14: spec.encryptedData.password must be text"),
        ("password:", "017:", "f.yaml:9:5: a key of spec.encryptedData must be text"),
        ("  template:\n", "  template: a\nx:\n", "f.yaml:10:13: spec.template must be a mapping"),
        (
            "      name: redis\n",
            "      name: other\n",
            "f.yaml:12:13: spec.template.metadata.name is 'other', not 'redis'",
        ),
        (
            "      namespace: aura",
            "      namespace: other",
            "f.yaml:13:18: spec.template.metadata.namespace is 'other', not 'aura'",
        ),
        (
            "      name: redis\n",
            "      labels: {a: [b]}\n",
            "f.yaml:12:19: spec.template.metadata.labels.a must be text",
        ),
        (
            "      name: redis\n",
            "      annotations: {a: true}\n",
            "f.yaml:12:24: spec.template.metadata.annotations.a must be text",
        ),
        (
            "    metadata:",
            "    immutable: yes\n    metadata:",
            "f.yaml:11:16: spec.template.immutable must be true or false",
        ),
        (
            "    metadata:",
            '    immutable: "true"\n    metadata:',
            "f.yaml:11:16: spec.template.immutable must be true or false",
        ),
        ("    metadata:", "    type: 1\n    metadata:", "f.yaml:11:11: spec.template.type must be text"),
        (
            "kind: SealedSecret",
            "kind: SealedSecret\nkind: b",
            "f.yaml:4:1: 'kind' occurs twice; the first is in line 3",
        ),
    ],
)
def test_what_is_no_sealed_secret_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    assert old in BARE
    with pytest.raises(ConfigurationError) as refusal:
        read(BARE.replace(old, new, 1).encode(), "f.yaml")
    assert str(refusal.value) == message


IN_OBJECT = '  annotations:\n    sealedsecrets.bitnami.com/namespace-wide: "true"\n'
IN_TEMPLATE = '        sealedsecrets.bitnami.com/namespace-wide: "true"\n'


@pytest.mark.parametrize(
    ("removed", "at", "opened", "told"),
    [
        (IN_OBJECT, "15:9", "strict", "namespace-wide"),
        (IN_TEMPLATE, "17:9", "namespace-wide", "strict"),
        (f"      annotations:\n        owner: platform\n{IN_TEMPLATE}", "6:5", "namespace-wide", "strict"),
    ],
)
def test_a_scope_told_differently_by_object_and_template_is_refused(
    removed: str, at: str, opened: str, told: str
) -> None:
    assert removed in FULL
    with pytest.raises(ConfigurationError) as refusal:
        read(FULL.replace(removed, "", 1).encode(), "f.yaml")
    assert str(refusal.value) == (
        f"f.yaml:{at}: the scope is {opened} by metadata.annotations, "
        f"but {told} by spec.template.metadata.annotations\nRestore the file from Git, or seal it again."
    )


TEXTS = st.dictionaries(st.text(), st.text(), max_size=3)


@given(
    st.builds(
        SealedSecret,
        name=st.text(),
        namespace=st.text(),
        scope=st.sampled_from(Scope),
        encrypted_data=TEXTS,
        type=st.none() | st.text(min_size=1),
        labels=TEXTS,
        annotations=TEXTS,
        immutable=st.none() | st.booleans(),
    )
)
def test_every_manifest_that_is_written_is_read_back_unchanged(sealed: SealedSecret) -> None:
    assert read(to_yaml(sealed).encode(), "f.yaml") == sealed
