"""What is read of the API's answers: the controller's word, and keys, owners and dates by metadata alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sealgen.status import live
from sealgen.status.live import Name
from tests.support.live_objects import NAMESPACE, WRITTEN, secret

NAME = Name(NAMESPACE, "backend-secrets")
WRITTEN_AT = dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)


def sealed(status: Any, **metadata: Any) -> live.AppliedSecret:
    told = {"name": "backend-secrets", "namespace": NAMESPACE, "uid": "u", "generation": 3, **metadata}
    return live.applied({"metadata": told, "spec": {"encryptedData": {"a": "A"}}, "status": status})


# --- SealedSecrets ---


def test_the_condition_and_whether_it_is_of_the_present_generation() -> None:
    synced = {"type": "Synced", "status": "True", "lastUpdateTime": WRITTEN}
    found = sealed({"observedGeneration": 3, "conditions": [{"type": "Other", "status": "False"}, synced]})
    assert (found.synced, found.seen, found.updated, found.message) == (True, True, WRITTEN_AT, "")
    assert sealed({"observedGeneration": 2, "conditions": [synced]}).seen is False
    failed = sealed({"observedGeneration": 3, "conditions": [{"type": "Synced", "status": "False", "message": "no"}]})
    assert (failed.synced, failed.message) == (False, "no")


@pytest.mark.parametrize(
    "status", [None, {}, {"conditions": []}, {"conditions": [{"type": "Synced", "status": "Unknown"}]}]
)
def test_no_condition_is_neither_synced_nor_not(status: Any) -> None:
    assert sealed(status).synced is None


def test_the_keys_are_those_that_are_sealed_and_those_that_the_template_adds() -> None:
    found = live.applied(
        {
            "metadata": {
                "name": "a",
                "namespace": "b",
                "annotations": {"sealedsecrets.bitnami.com/cluster-wide": "true"},
            },
            "spec": {
                "encryptedData": {"a": "A"},
                "template": {"data": {"b": "{{ .a }}"}, "metadata": {"creationTimestamp": None, "labels": {}}},
            },
        }
    )
    assert found.keys == {"a", "b"}
    assert found.template == {"data": {"b": "{{ .a }}"}}
    assert found.scopes == {"sealedsecrets.bitnami.com/cluster-wide"}
    assert not found.deleted
    assert sealed({}, deletionTimestamp=WRITTEN).deleted


# --- Secrets, by metadata ---


def test_keys_owner_and_date_of_a_secret_are_in_its_metadata() -> None:
    found = live.secret(secret("backend-secrets", ["A", "B"]))
    assert found == live.LiveSecret(
        NAME,
        frozenset({"uid-of-backend-secrets"}),
        handed_over=False,
        others=False,
        keys=frozenset({"A", "B"}),
        changed=WRITTEN_AT,
    )


def test_who_labels_a_secret_later_does_not_change_it() -> None:
    found = secret("x", ["A"])
    found["metadata"]["managedFields"] += [
        {"manager": "kubectl", "time": "2026-11-23T10:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
        {"manager": "other", "time": "2026-11-19T10:00:00Z", "fieldsV1": {"f:data": {"f:B": {}}}},
    ]
    assert (live.secret(found).changed, live.secret(found).keys) == (WRITTEN_AT, frozenset("AB"))


def test_where_fields_are_not_managed_keys_and_date_are_not_known() -> None:
    found = live.secret(secret("x", [], managedFields=[]))
    assert (found.keys, found.changed) == (None, None)


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {"kubernetes.io/service-account.name": "default"}},
        {"annotations": {"cert-manager.io/certificate-name": "web"}},
        {"labels": {"owner": "helm", "name": "aura"}},
        {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
        {"labels": {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"}},
        {"ownerReferences": [{"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "uid": "e"}]},
    ],
)
def test_what_tools_keep_is_theirs(metadata: Any) -> None:
    assert live.secret(secret("x", ["A"], **{"ownerReferences": [], **metadata})).others


@pytest.mark.parametrize("word", ["managed", "patch"])
def test_an_annotation_hands_a_secret_over_if_it_is_exactly_true(word: str) -> None:
    annotation = f"sealedsecrets.bitnami.com/{word}"
    assert live.secret(secret("x", [], annotations={annotation: "true"})).handed_over
    assert not live.secret(secret("x", [], annotations={annotation: "True"})).handed_over


def test_an_owner_that_does_not_control_is_none() -> None:
    owner = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "uid": "u"}
    assert live.secret(secret("x", [], ownerReferences=[owner])).owners == frozenset()
