"""For what place and scope a Secret is sealed, and what goes with it."""

from __future__ import annotations

import base64
import json
import shlex
from typing import TYPE_CHECKING, NoReturn

import pytest

from sealgen.crypto import hybrid
from sealgen.kubernetes import secret
from sealgen.kubernetes.sealed_object import Place
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.kubeseal import flags, merging, request, sealing
from sealgen.kubeseal.manifests import read_one
from tests.support.project import controller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.kubernetes.secret import PlainSecret
    from sealgen.kubeseal.request import Request

SCOPES = "sealedsecrets.bitnami.com/"


def asked(words: str = "", **variables: str) -> Request:
    """Return what a command line asks for."""
    return request.read(flags.parse(shlex.split(words), variables))


def secrets(annotations: Mapping[str, str] | None = None, namespace: str | None = "aura") -> list[PlainSecret]:
    """Return a Secret with these annotations."""
    metadata = {"name": "backend", "namespace": namespace, "annotations": annotations}
    one = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"key": "dmFsdWU="}}
    return secret.read_all(json.dumps(one).encode(), "in")


def told(**scopes: str) -> dict[str, str]:
    """Return annotations that tell scopes."""
    return {f"{SCOPES}{name.replace('_', '-')}": text for name, text in scopes.items()}


def never() -> NoReturn:
    """Stand for a kubeconfig that must not be asked."""
    raise AssertionError


@pytest.mark.parametrize(
    ("words", "annotations", "scope"),
    [
        ("", {}, Scope.STRICT),
        ("--scope namespace-wide", {}, Scope.NAMESPACE_WIDE),
        ("", told(namespace_wide="true"), Scope.NAMESPACE_WIDE),
        ("", told(cluster_wide="true", namespace_wide="true"), Scope.CLUSTER_WIDE),
        ("", told(cluster_wide="yes"), Scope.STRICT),
        ("--scope strict", told(cluster_wide="true"), Scope.STRICT),
        ("--scope namespace-wide", told(cluster_wide="true"), Scope.NAMESPACE_WIDE),
    ],
)
def test_the_flag_tells_the_scope_then_the_widest_annotation(
    words: str, annotations: dict[str, str], scope: Scope
) -> None:
    assert sealing.places(secrets(annotations), asked(words), never) == [Place("aura", "backend", scope)]


def test_the_secrets_own_namespace_counts_then_the_flag_then_the_context() -> None:
    assert sealing.places(secrets(), asked("-n aura"), never)[0].namespace == "aura"
    assert sealing.places(secrets(namespace=None), asked("-n flag"), never)[0].namespace == "flag"
    assert sealing.places(secrets(namespace=None), asked(), lambda: "context")[0].namespace == "context"


def test_a_cluster_wide_secret_keeps_what_it_says_or_says_no_namespace() -> None:
    wide = asked("--scope cluster-wide -n other")
    assert sealing.places(secrets(), wide, never)[0].namespace == "aura"
    assert sealing.places(secrets(namespace=None), wide, never)[0].namespace == ""


def test_flags_of_the_environment_are_no_contradiction() -> None:
    idle = {"SEALED_SECRETS_RECOVERY_PRIVATE_KEY": "a", "SEALED_SECRETS_FORMAT": "json"}
    assert asked("-w a.yaml", **idle).format is request.Format.YAML
    assert asked("--validate", SEALED_SECRETS_CERT="a", SEALED_SECRETS_SCOPE="strict").action is request.Action.VALIDATE


def test_no_copy_of_the_secret_in_clear_goes_with_it() -> None:
    copies = [f"{tool}/last-applied-configuration" for tool in ("kubectl.kubernetes.io", "kubecfg.ksonnet.io")]
    scopes = told(cluster_wide="no", namespace_wide="true")
    given = secrets({**dict.fromkeys(copies, "x"), **scopes, "kept": "1"})
    place = Place("aura", "backend", Scope.NAMESPACE_WIDE)
    key = controller().private_key
    (sealed,) = sealing.sealed([(given[0], place)], key.public_key())
    assert sealed.annotations == {"kept": "1"}
    assert hybrid.unseal(base64.b64decode(sealed.encrypted_data["key"]), [key], b"aura") == b"value"


TARGET = """\
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  annotations:
    sealedsecrets.bitnami.com/cluster-wide: "true"
  name: target
spec:
  encryptedData: {there: AgA=, key: AgB=} # ours
  template:
    metadata:
      annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}
      name: target
  unknown: [1x, 2x]
"""


def test_a_cluster_wide_target_takes_a_secret_of_any_namespace() -> None:
    target = read_one(TARGET.encode(), "target.yaml")
    _, place = merging.place(target, secrets(), asked("--merge-into target.yaml -n other"))
    assert place == Place("", "target", Scope.CLUSTER_WIDE)


def test_what_can_not_be_edited_in_place_is_laid_out_anew_with_all_that_it_holds() -> None:
    target = read_one(TARGET.encode(), "target.yaml")
    given, place = merging.place(target, secrets({"note": "1"}), asked("--merge-into target.yaml"))
    (sealed,) = sealing.sealed([(given, place)], controller().private_key.public_key())
    text = merging.merged(target, sealed, request.Format.YAML)
    assert (
        text
        == f"""\
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  annotations:
    sealedsecrets.bitnami.com/cluster-wide: "true"
  name: target
spec:
  encryptedData:
    key: {sealed.encrypted_data["key"]}
    there: AgA=
  template:
    metadata:
      annotations:
        note: "1"
        sealedsecrets.bitnami.com/cluster-wide: "true"
      name: target
  unknown:
  - 1x
  - 2x
"""
    )
    as_json = merging.merged(target, sealed, request.Format.JSON)
    assert json.loads(as_json)["spec"]["unknown"] == ["1x", "2x"]
    assert json.loads(as_json)["spec"]["encryptedData"]["there"] == "AgA="
    back = merging.merged(read_one(as_json.encode(), "target.json"), sealed, request.Format.YAML)
    assert back == text
