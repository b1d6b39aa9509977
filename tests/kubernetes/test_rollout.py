"""The transformers that roll out, byte for byte, and where a Secret's name is referred to."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealgen.kubernetes.rollout import ANNOTATION, KINDS, references, suffixed, transformers

FILE = "environments/staging.yaml"
FIRST = "# Written by sealgen from rollout: in environments/staging.yaml; sealgen seal undoes what is changed here.\n"
DIGEST = "0123456789abcdef" * 4


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def test_the_whole_file() -> None:
    assert transformers({"Deployment/backend": DIGEST}, {"redis-secrets": ("aura", DIGEST)}, FILE) == (
        FIRST
        + """\
---
apiVersion: builtin
kind: PatchTransformer
metadata:
  name: annotate-deployment-backend
patch: |
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: backend
  spec:
    template:
      metadata:
        annotations:
          sealgen.dev/secrets: 0123456789abcdef
target:
  group: apps
  kind: Deployment
  name: backend
---
apiVersion: builtin
kind: PatchTransformer
metadata:
  name: rename-redis-secrets
options:
  allowNameChange: true
patch: |
  apiVersion: bitnami.com/v1alpha1
  kind: SealedSecret
  metadata:
    name: redis-secrets-0123456789
  spec:
    template:
      metadata:
        name: redis-secrets-0123456789
target:
  group: bitnami.com
  kind: SealedSecret
  name: redis-secrets
  namespace: aura
"""
    )


def test_the_template_of_pods_is_where_the_kind_has_it() -> None:
    for document in documents(transformers({f"{kind}/a": DIGEST for kind in KINDS}, {}, FILE)):
        patch = yaml.safe_load(document["patch"])
        spec = patch["spec"]["jobTemplate"]["spec"] if patch["kind"] == "CronJob" else patch["spec"]
        assert spec["template"]["metadata"]["annotations"] == {ANNOTATION: DIGEST[:16]}


def test_a_name_is_no_pattern() -> None:
    (document,) = documents(transformers({"Deployment/a.b-c": DIGEST}, {}, FILE))
    assert document["target"]["name"] == r"a\.b-c"
    assert yaml.safe_load(document["patch"])["metadata"]["name"] == "a.b-c"


def test_a_secret_without_a_namespace_is_renamed_in_any() -> None:
    (document,) = documents(transformers({}, {"a": ("", DIGEST)}, FILE))
    assert "namespace" not in document["target"]


@given(st.text("0123456789abcdef", min_size=64, max_size=64), st.sampled_from(["0123", "1e3", "yes", "a", "0x1"]))
def test_digests_and_names_are_text_to_every_reader(digest: str, name: str) -> None:
    first, second = documents(transformers({f"Deployment/{name}": digest}, {name: (name, digest)}, FILE))
    patch = yaml.safe_load(first["patch"])
    assert patch["spec"]["template"]["metadata"]["annotations"] == {ANNOTATION: digest[:16]}
    assert patch["metadata"]["name"] == first["target"]["name"] == second["target"]["namespace"] == name
    assert yaml.safe_load(second["patch"])["metadata"]["name"] == suffixed(name, digest) == f"{name}-{digest[:10]}"


def test_all_places_of_a_pod_are_in_all_that_describe_one() -> None:
    text = references(FILE)
    assert text.startswith(FIRST)
    (document,) = documents(text)
    (reference,) = document["nameReference"]
    assert (reference["group"], reference["kind"]) == ("bitnami.com", "SealedSecret")
    paths = {(spec.get("kind"), spec["path"]) for spec in reference["fieldSpecs"]}
    for place in ("containers/envFrom/secretRef/name", "volumes/secret/secretName", "imagePullSecrets/name"):
        assert {
            (None, f"spec/{place}"),
            (None, f"template/spec/{place}"),
            (None, f"spec/template/spec/{place}"),
            (None, f"spec/jobTemplate/spec/template/spec/{place}"),
        } <= paths
    assert ("Role", "rules/resourceNames") in paths
