"""Recovery: what a controller would make of SealedSecrets of anyone's making, and why where it can't be made."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from sealgen.crypto import hybrid
from sealgen.errors import ConfigurationError
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.recovery import Recovered, read_all, read_private_keys, recover
from tests.support.leaks import leaked
from tests.support.project import controller
from tests.support.sealing_keys import LABEL, key_secret, private_pem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.crypto.private_key import PrivateKey

ONE, TWO = controller("one"), controller("two")
VALUES = {"password": b"correct horse battery staple", "binary": bytes(range(40)), "empty": b""}


def keys(*controllers: Any) -> list[PrivateKey]:
    return [key for one in controllers for key in read_private_keys(private_pem(one), f"{one.fingerprint[-3:]}.pem")]


def sealed(value: bytes, label: bytes = b"aura/backend", by: Any = ONE) -> str:
    return base64.b64encode(hybrid.seal(value, by.private_key.public_key(), label)).decode()


def manifest(ciphertexts: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a SealedSecret; ``fields`` are those of its metadata, but for ``template`` and ``spec``."""
    template = fields.pop("template", {"metadata": {"name": "backend", "namespace": "aura"}})
    spec = fields.pop("spec", {"encryptedData": ciphertexts, "template": template})
    metadata = {"name": "backend", "namespace": "aura", **fields}
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {name: field for name, field in metadata.items() if field is not None},
        "spec": spec,
    }


def recovered(document: dict[str, Any], *private_keys: PrivateKey) -> Recovered:
    (one,) = read_all(json.dumps(document, indent=1).encode(), "s.json")
    return recover(one, private_keys or keys(ONE))


def revealed(found: Recovered) -> dict[str, bytes]:
    return {key: value.reveal() for key, value in found.secret.data.items()}


def annotated(scope: Scope) -> dict[str, str]:
    return {scope.annotation: "true"} if scope.annotation else {}


@pytest.mark.parametrize("scope", Scope)
def test_every_value_is_opened_by_the_objects_own_scope(scope: Scope) -> None:
    ciphertexts = {key: sealed(value, scope.label("aura", "backend")) for key, value in VALUES.items()}
    found = recovered(manifest(ciphertexts, annotations=annotated(scope), template={}))
    assert revealed(found) == VALUES
    assert {key: opener.fingerprint for key, opener in found.opened.items()} == dict.fromkeys(VALUES, ONE.fingerprint)
    assert not found.unopened


def test_the_template_gives_type_labels_annotations_and_immutable_as_the_controller_takes_them() -> None:
    wide = annotated(Scope.CLUSTER_WIDE)
    template = {
        "type": "example.org/mine",
        "immutable": True,
        "metadata": {
            "labels": {"app": "backend"},
            "annotations": {**wide, "mine": "x", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "ownerReferences": [{"kind": "X"}],
            "creationTimestamp": None,
            "finalizers": ["a/b"],
        },
    }
    found = recovered(manifest({"a": sealed(b"x", b"")}, annotations=wide, labels={"not": "this"}, template=template))
    secret = found.secret
    assert (secret.name, secret.namespace, secret.type, secret.immutable) == (
        "backend",
        "aura",
        "example.org/mine",
        True,
    )
    assert secret.labels == {"app": "backend"}
    assert secret.annotations == {**wide, "mine": "x"}
    assert not found.warnings


def test_the_objects_name_and_namespace_count_and_not_the_templates() -> None:
    elsewhere = {"metadata": {"name": "other", "namespace": "elsewhere"}}
    found = recovered(manifest({"a": sealed(b"x")}, template=elsewhere))
    assert (found.secret.namespace, found.secret.name, revealed(found)) == ("aura", "backend", {"a": b"x"})


def test_a_cluster_wide_one_needs_no_namespace() -> None:
    found = recovered(manifest({"a": sealed(b"x", b"")}, annotations=annotated(Scope.CLUSTER_WIDE), namespace=None))
    assert found.secret.namespace is None
    assert revealed(found) == {"a": b"x"}


def test_where_object_and_template_tell_different_scopes_the_objects_counts_and_it_is_said() -> None:
    template = {"metadata": {"annotations": annotated(Scope.CLUSTER_WIDE)}}
    found = recovered(manifest({"a": sealed(b"x")}, template=template))
    assert revealed(found) == {"a": b"x"}
    assert found.warnings == ("it is opened with the scope strict of its metadata; its template says cluster-wide",)


def test_what_only_the_controller_renders_is_left_out_and_it_is_said() -> None:
    template = {"data": {"url": "{{ .a }}", "b.conf": "x"}}
    found = recovered(manifest({"a": sealed(b"x")}, template=template))
    assert revealed(found) == {"a": b"x"}
    assert found.warnings == (
        "'url', 'b.conf' of spec.template.data is left out: only the controller renders Go templates",
    )
    assert revealed(recovered(manifest({}, spec={"template": template}))) == {}


def test_each_value_is_opened_by_the_key_that_it_needs() -> None:
    document = manifest({"a": sealed(b"1"), "b": sealed(b"2", by=TWO), "c": sealed(b"3")})
    found = recovered(document, *keys(TWO, ONE))
    assert revealed(found) == {"a": b"1", "b": b"2", "c": b"3"}
    assert [opener.fingerprint for opener in found.opened.values()] == [
        ONE.fingerprint,
        TWO.fingerprint,
        ONE.fingerprint,
    ]


def test_line_breaks_in_a_ciphertext_count_for_nothing() -> None:
    text = sealed(b"x")
    assert revealed(recovered(manifest({"a": f"{text[:64]}\n{text[64:]}\r\n"}))) == {"a": b"x"}


TRIED = "no private key opens it with the label 'aura/backend' (scope strict)"
OTHERWISE = ": it was sealed with another certificate or for another place, or it was altered"


def altered(text: str) -> str:
    content = bytearray(base64.b64decode(text))
    content[-1] ^= 1
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (sealed(b"x", by=TWO), TRIED + OTHERWISE),
        (altered(sealed(b"x")), TRIED + OTHERWISE),
        (sealed(b"x", b"aura/other"), TRIED + OTHERWISE),
        (sealed(b"x", b"aura"), TRIED + ", but one does with the label 'aura' (scope namespace-wide)"),
        (sealed(b"x", b""), TRIED + ", but one does with the empty label (scope cluster-wide)"),
        (sealed(b"x", b"old/name"), TRIED + ", but one does with the label 'old/name' (scope strict)"),
        (sealed(b"x", b"old"), TRIED + ", but one does with the label 'old' (scope namespace-wide)"),
        ("", "it is not a ciphertext: 0 bytes are too few to begin with a length"),
        ("AAAA", "it is not a ciphertext: it begins with the RSA length 0, which is at least 256"),
        ("hunter2", "it is not base64"),
        ("ä", "it is not base64"),
    ],
)
def test_of_a_value_that_is_not_opened_it_is_said_why_and_the_others_are_opened(text: str, problem: str) -> None:
    template = {"metadata": {"name": "name", "namespace": "old"}}
    found = recovered(manifest({"a": text, "b": sealed(b"x")}, template=template))
    assert [(value.key, value.problem) for value in found.unopened] == [("a", problem)]
    assert [(value.at.file, value.at.line) for value in found.unopened] == [("s.json", 10)]
    assert revealed(found) == {"b": b"x"}


def test_all_objects_of_a_file_are_read() -> None:
    documents = [manifest({}, name="a"), {"kind": "List", "items": [manifest({}, name="b"), manifest({}, name="c")]}]
    content = "\n---\n".join(map(json.dumps, documents)).encode()
    assert [one.secret.name for one in read_all(content, "s.yaml")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({**manifest({}), "kind": "Secret"}, "s.json:3:10: kind is 'Secret', not 'SealedSecret'"),
        (
            {**manifest({}), "apiVersion": "v1"},
            "s.json:2:16: apiVersion is 'v1', not 'bitnami.com/v1alpha1'",
        ),
        (manifest({}, name=None), "s.json:4:14: metadata.name is missing"),
        (manifest({}, namespace=None), "s.json:4:14: metadata.namespace is missing"),
        (manifest({}, spec={"data": "hunter2"}), "s.json:8:10: spec.encryptedData is missing"),
        (manifest({"a": {"b": "hunter2"}}), "s.json:10:9: spec.encryptedData.a must be text"),
        (manifest({}, template={"immutable": "x"}), "s.json:11:17: spec.template.immutable must be true or false"),
    ],
)
def test_what_is_no_sealed_secret_is_refused_with_its_place(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read_all(json.dumps(document, indent=1).encode(), "s.json")
    assert str(refusal.value) == message


def test_private_keys_are_read_from_pem_and_from_key_secrets() -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [key_secret(ONE, "a"), key_secret(TWO, "b")]}
    for content, wanted in (
        (private_pem(ONE) + private_pem(TWO), [ONE, TWO]),
        (json.dumps(listed).encode(), [ONE, TWO]),
        (json.dumps(key_secret(TWO, "b")).encode(), [TWO]),
        (b"kind: of key\n" + private_pem(ONE), [ONE]),
    ):
        found = [key.fingerprint for key in read_private_keys(content, "keys")]
        assert found == [one.fingerprint for one in wanted]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"hunter2",
            "keys is not PEM; a private key begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----",
        ),
        (b"kind: [hunter2", "keys:2:1: not YAML: did not find expected ',' or ']'"),
        (
            b"kind: ConfigMap\n",
            (
                f"keys holds no key Secret, which has the label {LABEL}\n"
                f"'kubectl get secret -n kube-system -l {LABEL} -o yaml' prints them."
            ),
        ),
    ],
)
def test_what_holds_no_private_key_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read_private_keys(content, "keys")
    assert str(refusal.value) == message


def test_what_is_told_holds_no_plaintext() -> None:
    ciphertexts = {key: sealed(value, b"elsewhere") for key, value in VALUES.items()} | {
        "ok": sealed(VALUES["password"])
    }
    found = recovered(manifest(ciphertexts, template={"data": {"x": "{{ .ok }}"}}))
    assert len(found.unopened) == len(VALUES)
    assert not leaked(repr(found).encode(), VALUES)
