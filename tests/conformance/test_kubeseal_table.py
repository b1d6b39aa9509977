"""The real kubeseal and ours, side by side: the same end, layout and values; or a difference that is told.

Each difference has an id, under which docs/kubeseal.md says what it is and why.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import PrivateFormat

from sealgen.crypto import hybrid
from sealgen.kubeseal.flags import CLUSTER as CLUSTER_FLAGS
from sealgen.kubeseal.flags import LOGGING, SEALING
from tests.support import kubeseal as ours
from tests.support.api_server import PROXY, SERVICE, Answer, ApiServer, Request, api_server, refusal
from tests.support.controller import controller_certificate
from tests.support.dated_certificate import dated_certificate
from tests.support.project import environ
from tests.support.server_certificate import private_pem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tests.conformance.conftest import KeyPair

PAGE = Path(__file__).parents[2] / "docs/kubeseal.md"


# --- what is given ----------------------------------------------------------------------------------------------


def secret(data: object = None, metadata: object = None, **fields: object) -> str:
    """Return a Secret in JSON, which is YAML too."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "backend", "namespace": "aura"} if metadata is None else metadata,
            "data": {"user": "YXVyYQ==", "password": "cy9lK2M9"} if data is None else data,
            **fields,
        }
    )


NAMELESS = {"namespace": "aura"}
NOWHERE = {"name": "backend"}
BLOCK = """\
apiVersion: v1
kind: Secret
metadata:
  name: backend
  namespace: aura
stringData:
  {}
"""
RICH = secret(
    {"b": "AP8=", "a": "", "c": "bGluZQoK"},
    {
        "name": "backend",
        "namespace": "aura",
        "labels": {"tier": "1", "app": "yes"},
        "annotations": {"note": "<a> & 'b' é", "long": "word " * 30},
    },
    type="Opaque",
    immutable=True,
    stringData={"d": "yes", "b": "of stringData"},
)
FROM_A_CLUSTER = secret(
    metadata={
        "name": "backend",
        "namespace": "aura",
        "uid": "1",
        "resourceVersion": "7",
        "generation": 2,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "selfLink": "/x",
        "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "2"}],
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "cGxhaW4=",
            "kubecfg.ksonnet.io/last-applied-configuration": "cGxhaW4=",
            "kept": "1",
        },
    }
)
MORE = secret({"token": "dG9rZW4=", "user": "bmV3"}, NOWHERE)
MORE_RICH = secret(
    {"token": "dG9rZW4="},
    {"name": "other", "labels": {"tier": "2", "new": "1"}, "annotations": {"note": "n", "more": "a long one, " * 30}},
)


def annotated(**told: str) -> dict[str, object]:
    """Return metadata with annotations that tell scopes."""
    names = {f"sealedsecrets.bitnami.com/{scope.replace('_', '-')}": text for scope, text in told.items()}
    return {"name": "backend", "namespace": "aura", "annotations": names}


CONTEXTS = {
    "contexts": [
        {"name": "one", "context": {"cluster": "test", "user": "test", "namespace": "of-one"}},
        {"name": "two", "context": {"cluster": "test", "user": "test"}},
        {"name": "broken", "context": {"cluster": "lost", "user": "test", "namespace": "of-broken"}},
    ],
    "clusters": [{"name": "test", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "test", "user": {"token": "token-of-a-test"}}],
    "current-context": "one",
}


# --- the table --------------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """How a run ended: what it printed and left behind, ciphertexts masked, and what those hold."""

    code: int
    out: bytes
    files: dict[str, bytes]
    values: list[Any]
    modes: dict[str, int]


Check: TypeAlias = Callable[[Outcome, Outcome], object]


@dataclass(frozen=True)
class Case:
    """A run of both. Without ``difference``, the outcomes are equal; ``code`` is kubeseal's exit status."""

    words: str
    stdin: str | bytes = ""
    code: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    difference: str = ""
    ours: int | None = None
    """Our exit status, where it is another."""
    check: Check | None = None
    """What the two outcomes (kubeseal's, ours) must be like, where both go on."""


S = secret()
C = "--cert tls.crt"
UNSEAL = "--recovery-unseal --recovery-private-key tls.key"
KUBECONFIG = {"KUBECONFIG": "kubeconfig"}
CLUSTER = {"KUBECONFIG": "{cluster}"}
TWO_KUBECONFIGS = {"KUBECONFIG": "lost:empty:kubeconfig"}
RAW = f"{C} --raw --name backend -n aura"

SAME = [
    # Reading and laying out.
    Case(C, S),
    Case(f"{C} -o yaml", S),
    Case(f"{C} -o YAML", S),
    Case(f"{C} -oyaml", S),
    Case(f"{C} -o=yaml", S),
    Case(f"{C} --format yaml", S),
    Case(f"{C} --format=json", S),
    Case(f"{C} -o xml", S, 1),
    Case(C, RICH),
    Case(f"{C} -o yaml", RICH),
    Case(C, f"{S}\n{RICH}"),
    Case(f"{C} -o yaml", f"---\n{S}\n---\n# nothing\n---\n{RICH}\n...\n"),
    Case(
        f"{C} -o yaml",
        BLOCK.format('uri: |\n    first\n    second\n  folded: >-\n    a\n    b\n  quoted: "\\t\\u00e9"'),
    ),
    Case(C, b"\xef\xbb\xbf" + S.encode()),
    Case(C, BLOCK.format("a: b").replace("\n", "\r\n")),
    Case(C, secret({"k": "YQ==\n"})),
    Case(C, secret(type="kubernetes.io/basic-auth", data={"username": "YQ=="}), 0),
    Case(C, secret(immutable=False)),
    Case(C, FROM_A_CLUSTER),
    Case(C, secret({}), 1),
    Case(f"{C} --allow-empty-data", secret({})),
    Case(f"{C} --allow-empty-data -o yaml", secret({})),
    Case(C, "", 1),
    Case(C, "# nothing\n", 1),
    Case(C, "text", 1),
    Case(C, "- a\n", 1),
    Case(C, "a: [\n", 1),
    Case(C, b"\xff\xfe\x00", 1),
    Case(C, secret({"k": "not base64!"}), 1),
    Case(C, secret(stringData={"k": ["a"]}), 1),
    Case(C, secret(metadata=NAMELESS), 1),
    # The name, the namespace, the scope.
    Case(f"{C} --name other", S),
    Case(f"{C} --name other", secret(metadata=NAMELESS)),
    Case(f"{C} -n aura", S),
    Case(f"{C} --namespace=aura", S),
    Case(f"{C} -n other", S, 1),
    Case(f"{C} -n other", secret(metadata=NOWHERE)),
    Case(f"{C} -n first -n second", secret(metadata=NOWHERE)),
    Case(C, secret(metadata=NOWHERE), 1),
    Case(f"{C} -n ''", secret(metadata=NOWHERE), 1),
    Case(C, secret(metadata=NOWHERE), env=KUBECONFIG),
    Case(f"{C} --context two -o yaml", secret(metadata=NOWHERE), env=KUBECONFIG),
    Case(f"{C} --context lost", secret(metadata=NOWHERE), 1, env=KUBECONFIG),
    Case(f"{C} --kubeconfig kubeconfig", secret(metadata=NOWHERE)),
    Case(f"{C} --kubeconfig lost", secret(metadata=NOWHERE), 1, env=KUBECONFIG),
    Case(C, secret(metadata=NOWHERE), env=TWO_KUBECONFIGS),
    Case(f"{C} --raw --name backend", "value", env=KUBECONFIG),
    Case(f"{C} -n other", S, 1, env=KUBECONFIG),
    Case(f"{C} --scope strict", S),
    Case(f"{C} --scope namespace-wide", S),
    Case(f"{C} --scope cluster-wide -o yaml", RICH),
    Case(f"{C} --scope ''", S),
    Case(C, secret(metadata=annotated(namespace_wide="true"))),
    Case(f"{C} -o yaml", secret(metadata=annotated(cluster_wide="true"))),
    Case(f"{C} --scope cluster-wide", secret(metadata=annotated(namespace_wide="true"))),
    Case(f"{C} --scope cluster-wide", secret(metadata=NOWHERE)),
    Case(f"{C} --scope cluster-wide -n other -o yaml", secret(metadata=NOWHERE)),
    Case(f"{C} --scope cluster-wide -n other", S),
    Case(f"{C} --scope namespace-wide", secret(metadata=NOWHERE), 1),
    # Files.
    Case(f"{C} -f in.json", files={"in.json": S}),
    Case(f"{C} --secret-file=in.json", "not read", files={"in.json": S}),
    Case(f"{C} -f lost", code=1),
    Case(f"{C} -w out.yaml", S),
    Case(f"{C} -w out.yml", S),
    Case(f"{C} -w out.json", S),
    Case(f"{C} -w out.json -o yaml", S),
    Case(f"{C} -w out", S, files={"out": "before"}),
    Case(f"{C} -w out.json", secret({}), 1, files={"out.json": "before"}),
    Case(f"{C} -w lost/out.json", S, 1),
    # Certificates.
    Case("--cert lost", S, 1),
    Case("--cert value", S, 1),
    Case("--cert tls.key", S, 1),
    Case("--cert expired.crt", S, 1),
    Case("--cert two.crt", S),
    Case("--cert file://{folder}/tls.crt", S),
    Case("--cert http://127.0.0.1:1/v1/cert.pem", S, 1),
    Case(f"{C} --fetch-cert"),
    Case(f"{C} --fetch-cert -w out.pem"),
    Case("", S, 1),
    # The words of a command line.
    Case("--version"),
    Case("--version=true"),
    Case(f"{C} -v 5 --v=5 -v5 -v=5 --logtostderr --stderrthreshold=2 --vmodule=a=1,b=2 --log_dir=x", S),
    Case(f"{C} --alsologtostderr=false --log_backtrace_at=a.go:1 --log_file_max_size 1 --skip_headers=T", S),
    Case(f"{C} --raw=false --validate=0 --version=F", S),
    # Variables.
    Case("-o yaml", S, env={"SEALED_SECRETS_CERT": "tls.crt"}),
    Case(C, S, env={"SEALED_SECRETS_FORMAT": "yaml", "SEALED_SECRETS_SCOPE": "namespace-wide"}),
    Case(f"{C} --scope cluster-wide", S, env={"SEALED_SECRETS_SCOPE": "namespace-wide"}),
    Case(C, secret(metadata=NOWHERE), env={"SEALED_SECRETS_NAMESPACE": "told"}),
    Case(C, secret(metadata=NAMELESS), env={"SEALED_SECRETS_NAME": "told", "SEALED_SECRETS_V": "x"}),
    # One value.
    Case(RAW, "value"),
    Case(RAW, b"\x00\xff\n"),
    Case(RAW, ""),
    Case(f"{C} --raw --scope namespace-wide -n aura", "value"),
    Case(f"{C} --raw --scope cluster-wide", "value"),
    Case(f"{C} --raw --scope cluster-wide -o yaml", "value"),
    Case(f"{RAW} --from-file value"),
    Case(f"{RAW} --from-file=key=value"),
    Case(f"{RAW} --from-file='\"value\"'"),
    Case(f"{RAW} -w out.txt", "value"),
    Case(f"{RAW} --from-file value --from-file tls.crt", code=1),
    Case(f"{RAW} --from-file value,tls.crt", code=1),
    Case(f"{RAW} --from-file lost", code=1),
    Case(f"{C} --from-file value", S, 1),
    Case(f"{C} --raw -n aura", "value", 1),
    Case(f"{C} --raw --name backend", "value", 1),
    # Merging.
    Case(f"{C} --merge-into sealed.json", MORE),
    Case(f"{C} --merge-into sealed.yaml -o yaml", MORE),
    Case(f"{C} --merge-into sealed.json -o yaml", MORE),
    Case(f"{C} --merge-into sealed.yaml -o json", MORE),
    Case(f"{C} --merge-into rich.json", MORE_RICH),
    Case(f"{C} --merge-into rich.yaml -o yaml", MORE_RICH),
    Case(f"{C} --merge-into sealed.json -n aura", MORE),
    Case(f"{C} --merge-into sealed.json -n other", MORE, 1),
    Case(f"{C} --merge-into sealed.json", secret({}), 1),
    Case(f"{C} --merge-into sealed.json --allow-empty-data", secret({}, NOWHERE)),
    Case(f"{C} --merge-into lost", MORE, 1),
    Case(f"{C} --merge-into value", MORE, 1),
    Case(f"{C} --merge-into kubeconfig", MORE, 1),
    Case(f"{C} --merge-into sealed.json", secret(metadata=NAMELESS)),
    # Recovery.
    Case("--recovery-unseal -f sealed.json", code=1),
    Case("--recovery-unseal --recovery-private-key lost -f sealed.json", code=1),
    Case("--recovery-unseal --recovery-private-key other.key -f sealed.json", code=1),
    Case("--recovery-unseal --recovery-private-key tls.crt -f sealed.json", code=1),
    Case(UNSEAL, "text", 1),
    Case(f"{UNSEAL} -f foreign.json", code=1),
    Case(f"{UNSEAL} -f sealed.json -w out/out.json", code=1),
    # The controller.
    Case("--fetch-cert", env=CLUSTER),
    Case("--fetch-cert --kubeconfig {cluster} --context test -w out.pem"),
    Case("--fetch-cert --server {server} --token token-of-a-test"),
    Case("--fetch-cert --server {server} --username somebody --password secret"),
    Case("--fetch-cert --cluster test --user test --as somebody --as-group a --as-group b --as-uid 1", env=CLUSTER),
    Case("--fetch-cert --cluster lost", code=1, env=CLUSTER),
    Case("--fetch-cert --user lost", code=1, env=CLUSTER),
    Case("--fetch-cert --controller-name lost", code=1, env=CLUSTER),
    Case("--fetch-cert --controller-namespace lost", code=1, env=CLUSTER),
    Case("--fetch-cert", code=1, env=KUBECONFIG),
    Case("", S, env=CLUSTER),
    Case("-o yaml", secret(metadata=NOWHERE), env=CLUSTER),
    Case("--cert {server}/cert.pem", S),
    Case("--validate -f sealed.json", env=CLUSTER),
    Case("--validate -f rich.yaml", env=CLUSTER),
    Case("--validate -f foreign.json", code=1, env=CLUSTER),
    Case("--validate --controller-name refusing -f sealed.json", code=1, env=CLUSTER),
    Case("--re-encrypt -f sealed.json", env=CLUSTER),
    Case("--re-encrypt -f sealed.json -w out.yaml", env=CLUSTER),
    Case("--re-encrypt -f sealed.yaml", env=CLUSTER),
    Case("--re-encrypt -f foreign.json", code=1, env=CLUSTER),
    Case("--re-encrypt --controller-name refusing -f sealed.json", code=1, env=CLUSTER),
]


def data(outcome: Outcome) -> object:
    """Return the data of the one Secret that was printed."""
    (found,) = outcome.values
    return {key: "" if text in (None, "null") else text for key, text in found["data"].items()}


DIFFERENT = [
    Case(C, json.dumps({"apiVersion": "v1", "kind": "List", "items": [json.loads(S)]}), 1, difference="list", ours=0),
    Case(
        C,
        BLOCK.format("a: yes\n  b: 012345\n  c: 1e3\n  d: 0x1F"),
        difference="yaml-text",
        check=lambda _, ours: ours.values == [{"a": b"yes", "b": b"012345", "c": b"1e3", "d": b"0x1F"}],
    ),
    Case(C, BLOCK.format("a: b").replace("aura", "n"), difference="yaml-text", ours=1),
    Case(C, BLOCK.format("a: b\n  a: c"), difference="duplicate-key", ours=1),
    Case(C, BLOCK.format("a: &b c\n  d: *b"), difference="anchors", ours=1),
    Case(C, secret(kind="ConfigMap"), difference="not-a-secret", ours=1),
    Case(C, json.dumps({"metadata": {"name": "backend", "namespace": "aura"}, "data": {}, "stringData": {"a": "b"}}),
         difference="not-a-secret", ours=1),
    Case(C, secret(apiVersion="v2"), difference="not-a-secret", ours=1),
    Case(C, secret(stringdata={"a": "b"}), difference="unknown-field", ours=1),
    Case(C, secret(metadata={"name": "BAD NAME!", "namespace": "aura"}), difference="names", ours=1),
    Case(C, secret({"bad key!": ""}), difference="names", ours=1),
    Case(C, secret(metadata={"name": "a", "namespace": "aura", "labels": {"a": "b c"}}), difference="names", ours=1),
    Case(f"{C} -n 'BAD NS'", secret(metadata=NOWHERE), difference="names", ours=1),
    Case(f"{C} --name Upper", S, difference="names", ours=1),
    Case(C, secret({"tls.key": "YQ=="}, type="kubernetes.io/tls"), difference="content", ours=1),
    Case(C, secret({".dockerconfigjson": "YQ=="}, type="kubernetes.io/dockerconfigjson"), difference="content", ours=1),
    Case(C, secret(stringData={"a": "x" * 1024 * 1025}), difference="content", ours=1),
    Case(C, f"{S}\n---\na: [\n---\n{S}", difference="whole-input", ours=1),
    Case(C, f"{S}\n{secret({})}", 1, difference="whole-input", check=lambda theirs, ours: theirs.out and not ours.out),
    Case(f"{C} -n other", secret(metadata=NOWHERE), 1, difference="no-context", ours=0, env={"KUBECONFIG": "value"}),
    Case(f"{C} -n other --kubeconfig lost", secret(metadata=NOWHERE), 1, difference="no-context", ours=0),
    Case(f"{C} --context broken", secret(metadata=NOWHERE), 1, difference="no-context", ours=0, env=KUBECONFIG),
    Case(f"{C} --server https://127.0.0.1:1", secret(metadata=NOWHERE), difference="no-context", ours=1),
    Case(
        f"{C} --scope strict",
        secret(metadata=annotated(cluster_wide="true")),
        difference="scope-strict",
        check=lambda _, ours: b"wide" not in ours.out,
    ),
    Case(C, secret(metadata=annotated(cluster_wide="yes")), difference="scope-annotations"),
    Case(C, secret(metadata=annotated(cluster_wide="true", namespace_wide="true")), difference="scope-annotations"),
    Case(C, secret(metadata={"name": "a", "namespace": "b", "finalizers": ["c"], "generateName": "d"}),
         difference="left-out"),
    Case(f"{C} -o yaml", secret(metadata={"name": "a", "namespace": "b", "annotations": {"a": "b\u2028c"}}),
         difference="line-separators"),
    Case(f"{C} --name other", f"{S}\n{S}", difference="one-name", ours=1),
    Case(f"{C} in.json", S, difference="stray-words", ours=2),
    Case(f"{C} --allow-empty-data true", S, difference="stray-words", ours=2),
    Case(f"{C} -- -o yaml", S, difference="stray-words", ours=2),
    Case(f"{C} --raw --merge-into sealed.json", MORE, difference="two-things", ours=2),
    Case(f"{C} --fetch-cert --raw", difference="two-things", ours=2),
    Case("--validate --re-encrypt -f sealed.json", difference="two-things", ours=2, env=CLUSTER),
    Case(f"{RAW} -f value", "", difference="idle-flags", ours=2),
    Case(f"{C} --merge-into sealed.json -w out.json", MORE, difference="idle-flags", ours=2),
    Case(f"{C} --merge-into sealed.json --name other", MORE, difference="idle-flags", ours=2),
    Case(f"{C} --fetch-cert --scope cluster-wide", difference="idle-flags", ours=2),
    Case(f"{C} --recovery-private-key tls.key", S, difference="idle-flags", ours=2),
    Case("--validate -f sealed.json -w out.json", difference="idle-flags", ours=2, env=CLUSTER),
    Case("--re-encrypt -f sealed.json --scope cluster-wide", difference="idle-flags", ours=2, env=CLUSTER),
    Case(f"{C} -o json -w out.yaml", S, difference="format-and-name", ours=2),
    Case(C, S, difference="variables", ours=2, env={"SEALED_SECRETS_SCOPE": "cluster"}),
    Case(C, S, difference="variables", ours=2, env={"SEALED_SECRETS_RAW": "maybe"}),
    Case(C, S, difference="variables", env={"SEALED_SECRETS_VERSION": "1"}),
    Case("--fetch-cert", code=1, difference="variables", ours=0,
         env={**CLUSTER, "SEALED_SECRETS_CONTROLLER_NAME": ""}),
    Case(f"{C} -w folder", S, difference="files", ours=1),
    Case(f"{C} -w open.json", S, difference="files",
         check=lambda theirs, ours: (theirs.modes["open.json"], ours.modes["open.json"]) == (0o600, 0o664)),
    Case(f"{C} -w link.json", S, difference="files",
         check=lambda theirs, ours: ours.files["link.json"] == b"-> open.json" != theirs.files["link.json"]),
    Case("--cert early.crt", S, difference="certificates", ours=1),
    Case("--cert small.crt", S, difference="certificates", ours=1),
    Case("--cert with-key.crt", S, difference="certificates", ours=1),
    Case("--cert value --fetch-cert", difference="certificates", ours=1),
    Case(f"{C} --merge-into sealed.yaml", MORE, difference="merge-format",
         check=lambda _, ours: ours.files["sealed.yaml"].startswith(b"---\n")),
    Case(f"{C} --merge-into sealed.json", MORE_RICH, 2, difference="merge-absent", ours=0),
    Case(f"{C} --merge-into bare.yaml -o yaml", MORE, 2, difference="merge-absent", ours=0),
    Case(f"{C} --merge-into wide.json", MORE, difference="merge-scope",
         check=lambda theirs, ours: theirs.values != ours.values),
    Case(f"{C} --merge-into wide.json --scope namespace-wide", MORE, difference="merge-scope", ours=1),
    Case(f"{C} --merge-into rich.json --scope cluster-wide", MORE, difference="merge-scope", ours=1),
    Case(f"{C} --merge-into rich.json", secret(metadata={"name": "a", "namespace": "other"}), difference="merge-place",
         ours=1),
    Case(f"{C} --merge-into two.yaml -o yaml", MORE, difference="merge-one", ours=1),
    Case(f"{C} --merge-into sealed.yaml -o yaml", f"{MORE}\n---\n{MORE}", difference="merge-one", ours=1),
    Case(f"{C} --merge-into commented.yaml -o yaml", MORE, difference="merge-keeps",
         check=lambda _, ours: b"# of the team" in ours.files["commented.yaml"]),
    Case("--re-encrypt -f rich.json", difference="re-encrypt", env=CLUSTER,
         check=lambda theirs, ours: [b"labels" in end.files["rich.json"] for end in (theirs, ours)] == [False, True]),
    Case("--re-encrypt -f commented.yaml", difference="re-encrypt", env=CLUSTER,
         check=lambda _, ours: b"# of the team" in ours.files["commented.yaml"]),
    Case("--rotate -f sealed.json -w out.json", difference="rotate", env=CLUSTER),
    Case("--validate", "", difference="nothing", ours=1, env=CLUSTER),
    Case("--re-encrypt", "", difference="nothing", ours=1, env=CLUSTER),
    Case(UNSEAL, "", difference="nothing", ours=1),
    Case(f"{UNSEAL} -f kubeconfig", difference="nothing", ours=1),
    Case("--validate -f sealed-secrets-list.json", code=1, difference="list", ours=0, env=CLUSTER),
    Case(f"{UNSEAL} -f sealed.json", difference="recovered", check=lambda theirs, ours: data(theirs) == data(ours)),
    Case(f"{UNSEAL} -o yaml", "{rich.yaml}", difference="recovered",
         check=lambda theirs, ours: data(theirs) == data(ours) and b"null" not in ours.out),
    Case(f"{UNSEAL} -f wide.json -w out.json", difference="recovered",
         check=lambda _, ours: ours.modes["out.json"] == 0o600),
    Case("--recovery-unseal --recovery-private-key other.key,rsa.key -f sealed.yaml", difference="recovered",
         check=lambda theirs, ours: data(theirs) == data(ours)),
    Case("--recovery-unseal --recovery-private-key keys.yaml -f sealed.yaml", difference="recovered",
         check=lambda theirs, ours: data(theirs) == data(ours)),
    Case("--recovery-unseal -f sealed.json", env={"SEALED_SECRETS_RECOVERY_PRIVATE_KEY": "tls.key"},
         difference="recovered", check=lambda theirs, ours: data(theirs) == data(ours)),
    Case(f"{UNSEAL} -f two.yaml", difference="recovered-all",
         check=lambda theirs, ours: (len(theirs.values), len(ours.values)) == (1, 2)),
    Case(f"{UNSEAL} -f rendered.json", difference="recovered-templates", ours=1),
    Case("--help", difference="usage"),
    Case("-h", difference="usage"),
    *(
        Case(words, code=2, difference="usage")
        for words in ("--bogus", "--version --bogus", "-x", "-vx", "-o", "--=x", "---x", "--raw=maybe", "--scope a",
                      "--stderrthreshold=x", "--vmodule=x", "--log_backtrace_at=x", "--log_file_max_size=x",
                      "--ver", "--recovery-private-key='a\"b'")
    ),
]  # fmt: skip


# --- running it -------------------------------------------------------------------------------------------------


class Site(NamedTuple):
    """What all runs begin with: a folder of files, and a cluster."""

    folder: Path
    server: ApiServer
    private_key: RSAPrivateKey


@pytest.fixture(scope="module")
def site(kubeseal: str, keypair: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Make the files that the table names, and run an API server with a controller behind it."""
    folder = tmp_path_factory.mktemp("site")
    files = folder / "files"
    files.mkdir()
    shutil.copy(keypair.certificate, files / "tls.crt")
    shutil.copy(keypair.key, files / "tls.key")
    _write_keys(files, keypair)
    _write_manifests(kubeseal, files)
    with api_server(folder) as server:
        _serve(server, keypair)
        yield Site(folder, server, keypair.private_key)


def _write_keys(files: Path, keypair: KeyPair) -> None:
    day = timedelta(days=1)
    other, other_certificate = controller_certificate(2048, datetime.now(UTC) - day)
    certificate = keypair.certificate.read_bytes()
    pem = keypair.key.read_bytes()
    (files / "rsa.key").write_bytes(private_pem(keypair.private_key, PrivateFormat.TraditionalOpenSSL))
    (files / "other.key").write_bytes(private_pem(other))
    (files / "expired.crt").write_bytes(dated_certificate(keypair.private_key, -2 * day, -day))
    (files / "early.crt").write_bytes(dated_certificate(keypair.private_key, day, 2 * day))
    (files / "small.crt").write_bytes(controller_certificate(1024, datetime.now(UTC) - day)[1])
    (files / "two.crt").write_bytes(certificate + other_certificate)
    (files / "with-key.crt").write_bytes(certificate + pem)
    key_secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "key", "labels": {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"}},
        "data": {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(pem).decode()},
    }
    (files / "keys.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [key_secret]}))


def _write_manifests(kubeseal: str, files: Path) -> None:
    def sealed(manifest: str, *words: str, certificate: str = "tls.crt") -> str:
        run = subprocess.run(
            [kubeseal, "--cert", certificate, *words],
            input=manifest.encode(),
            capture_output=True,
            cwd=files,
            env=environ(),
            check=True,
        )
        return run.stdout.decode()

    (files / "value").write_text("value")
    (files / "empty").touch()
    (files / "kubeconfig").write_text(yaml.safe_dump(CONTEXTS))
    (files / "folder").mkdir()
    (files / "open.json").write_text("before")
    (files / "open.json").chmod(0o664)
    (files / "link.json").symlink_to("open.json")
    (files / "sealed.json").write_text(sealed(S))
    (files / "sealed.yaml").write_text(sealed(S, "-o", "yaml"))
    (files / "rich.json").write_text(sealed(RICH))
    (files / "rich.yaml").write_text(sealed(RICH, "-o", "yaml"))
    (files / "wide.json").write_text(sealed(S, "--scope", "cluster-wide"))
    (files / "two.yaml").write_text(sealed(f"{S}\n{RICH}", "-o", "yaml"))
    (files / "bare.yaml").write_text(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: bare\n  namespace: aura\nspec:\n"
        "  template:\n    type: Opaque\n"
    )
    commented = sealed(RICH, "-o", "yaml").replace("  encryptedData:", "  # of the team\n  encryptedData:")
    (files / "commented.yaml").write_text(commented)
    rendered = json.loads(sealed(S))
    listed = {"apiVersion": "v1", "kind": "List", "items": [rendered]}
    (files / "sealed-secrets-list.json").write_text(json.dumps(listed))
    rendered["spec"]["template"]["data"] = {"uri": "{{ .user }}"}
    (files / "rendered.json").write_text(json.dumps(rendered))
    moved = json.loads(sealed(S))
    moved["metadata"]["namespace"] = "elsewhere"
    (files / "foreign.json").write_text(json.dumps(moved))


def _serve(server: ApiServer, keypair: KeyPair) -> None:
    server.serve_controller(keypair.certificate.read_bytes())
    server.answers["GET /cert.pem"] = Answer(200, keypair.certificate.read_bytes(), "application/x-pem-file")
    refusing = PROXY.replace("sealed-secrets-controller", "refusing")
    server.answers["GET /api/v1/namespaces/kube-system/services/refusing"] = server.answers[f"GET {SERVICE}"]

    def verify(request: Request) -> Answer:
        try:
            _opened(json.loads(request.body), keypair.private_key)
        except hybrid.CiphertextError:
            return Answer(409)
        return Answer(200)

    def rotate(request: Request) -> Answer:
        """Answer as the controller does, which loses labels, annotations and type."""
        try:
            values = _opened(json.loads(request.body), keypair.private_key)
        except hybrid.CiphertextError:
            return Answer(409)
        manifest = json.loads(request.body)
        place = {name: manifest["metadata"][name] for name in ("name", "namespace")}
        label = _label(manifest)
        sealed = {
            key: base64.b64encode(hybrid.seal(value, keypair.private_key.public_key(), label)).decode()
            for key, value in values.items()
        }
        metadata = {**place, "annotations": manifest["metadata"].get("annotations") or {}}
        spec = {"encryptedData": sealed, "template": {"metadata": {**metadata, "creationTimestamp": None}}}
        kind = {"kind": "SealedSecret", "apiVersion": "bitnami.com/v1alpha1"}
        return Answer(200, json.dumps({**kind, "metadata": metadata, "spec": spec}).encode())

    for call, answer in (("verify", verify), ("rotate", rotate)):
        server.answers[f"POST {PROXY}{call}"] = answer
        server.answers[f"POST {refusing}{call}"] = refusal(403, "not here")


def _label(manifest: Any) -> bytes:
    metadata = manifest["metadata"]
    told = [name for name, text in (metadata.get("annotations") or {}).items() if text == "true"]
    if "sealedsecrets.bitnami.com/cluster-wide" in told:
        return b""
    wide = "sealedsecrets.bitnami.com/namespace-wide" in told
    return (metadata["namespace"] if wide else f"{metadata['namespace']}/{metadata['name']}").encode()


def _opened(manifest: Any, private_key: RSAPrivateKey) -> dict[str, bytes]:
    return {
        key: hybrid.unseal(base64.b64decode(text), [private_key], _label(manifest))
        for key, text in manifest["spec"]["encryptedData"].items()
    }


CIPHERTEXT = re.compile(rb"A[A-Za-z0-9+/]{340,}={0,2}")


def outcome(folder: Path, code: int, out: bytes, site: Site) -> Outcome:
    """Return what a run left: all that it changed, with the values that were sealed."""
    files, modes = {}, {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        before = site.folder / "files" / name
        if path.is_symlink():
            files[name] = f"-> {path.readlink()}".encode()
        elif path.is_file() and not (before.is_file() and before.read_bytes() == path.read_bytes()):
            files[name] = path.read_bytes()
            modes[name] = path.stat().st_mode & 0o777
    values = [value for text in (out, *files.values()) for value in _values(text, site.private_key)]
    masked = {name: CIPHERTEXT.sub(b"CIPHERTEXT", content) for name, content in files.items()}
    return Outcome(code, CIPHERTEXT.sub(b"CIPHERTEXT", out), masked, values, modes)


def _values(text: bytes, private_key: RSAPrivateKey) -> Iterator[Any]:
    """Yield what is sealed in a text, or what cannot be opened, and Secrets as they are."""
    if CIPHERTEXT.fullmatch(text):
        for label in (b"aura/backend", b"aura", b"", b"of-one/backend"):
            try:
                yield label, hybrid.unseal(base64.b64decode(text), [private_key], label)
            except hybrid.CiphertextError:
                continue
        return
    for manifest in _documents(text):
        if manifest.get("kind") == "Secret":
            yield manifest
        elif manifest.get("kind") == "SealedSecret":
            try:
                yield _opened(manifest, private_key)
            except hybrid.CiphertextError:
                yield "can't be opened"


def _documents(text: bytes) -> Iterator[Any]:
    left = text.decode("utf-8", "replace").strip()
    if left.startswith("---\n"):
        yield from yaml.load_all(left, Loader=yaml.BaseLoader)
    while left.startswith("{"):
        found, end = json.JSONDecoder().raw_decode(left)
        yield found
        left = left[end:].strip()


def run_both(kubeseal: str, case: Case, site: Site, tmp_path: Path) -> tuple[Outcome, Outcome]:
    """Run kubeseal, and then ours, each in its own copy of the files."""
    found = []
    for who in ("kubeseal", "ours"):
        folder = tmp_path / who
        shutil.copytree(site.folder / "files", folder, symlinks=True)
        for name, text in case.files.items():
            (folder / name).write_text(text)
        places = {"{folder}": str(folder), "{cluster}": str(site.server.kubeconfig), "{server}": site.server.url}
        words = [_placed(word, places) for word in shlex.split(case.words)]
        env = {name: _placed(text, places) for name, text in case.env.items()}
        stdin = case.stdin if isinstance(case.stdin, bytes) else case.stdin.encode()
        if stdin == b"{rich.yaml}":
            stdin = (folder / "rich.yaml").read_bytes()
        if who == "kubeseal":
            clean = {name: text for name, text in environ(env).items() if not name.startswith("PYTHON")}
            run = subprocess.run(
                [kubeseal, *words],
                input=stdin,
                capture_output=True,
                cwd=folder,
                env={"HOME": str(folder / "home"), **clean},
                check=False,
                timeout=60,
            )
            found.append(outcome(folder, run.returncode, run.stdout, site))
        else:
            ended = ours.run(words, folder, stdin, env)
            found.append(outcome(folder, ended.code, ended.out, site))
    return found[0], found[1]


def _placed(text: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        text = text.replace(name, place)
    return text


def names(cases: Sequence[Case]) -> list[str]:
    """Return what the cases are called: their words, counted."""
    return [f"{number}: {case.words}" for number, case in enumerate(cases, 1)]


@pytest.mark.parametrize("case", SAME, ids=names(SAME))
def test_the_same_comes_of_both(kubeseal: str, case: Case, site: Site, tmp_path: Path) -> None:
    theirs, ours_ = run_both(kubeseal, case, site, tmp_path)
    assert theirs.code == case.code
    assert ours_._replace(modes={}) == theirs._replace(modes={})


@pytest.mark.parametrize(
    "case", DIFFERENT, ids=[f"{case.difference} {name}" for case, name in zip(DIFFERENT, names(DIFFERENT), strict=True)]
)
def test_what_is_different_is_so_as_it_is_told(kubeseal: str, case: Case, site: Site, tmp_path: Path) -> None:
    theirs, ours_ = run_both(kubeseal, case, site, tmp_path)
    assert (theirs.code, ours_.code) == (case.code, case.code if case.ours is None else case.ours)
    assert theirs != ours_
    if ours_.code:
        assert (ours_.out, ours_.files) == (b"", {"link.json": b"-> open.json"})
    if case.check is not None:
        assert case.check(theirs, ours_)


def test_kubeseal_has_our_flags_and_no_others(kubeseal: str, tmp_path: Path) -> None:
    run = subprocess.run([kubeseal, "--help"], capture_output=True, cwd=tmp_path, env=environ(), check=True)
    theirs = re.findall(r"^ +(?:-(\w), )?--([\w-]+)", run.stdout.decode() + run.stderr.decode(), re.MULTILINE)
    known = SEALING | CLUSTER_FLAGS | LOGGING
    letters = {name: flag.letter for name, flag in known.items()} | {"help": ""}
    assert {name: letter for letter, name in theirs} == letters


def test_each_difference_is_on_the_page_and_each_on_the_page_is_tried() -> None:
    told = re.findall("^### `([a-z-]+)`", PAGE.read_text(), re.MULTILINE)
    assert sorted(told) == sorted({case.difference for case in DIFFERENT})


def test_the_table_is_long_enough() -> None:
    assert len(SAME) + len(DIFFERENT) >= 80
