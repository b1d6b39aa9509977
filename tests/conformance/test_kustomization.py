"""The real kustomize accepts what sealgen makes of a kustomization, and agrees on labels."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from sealgen.kubernetes.kustomization import FILENAME, transformer_problems, update
from sealgen.kubernetes.sealed_secret import Scope
from tests.cli.test_external_secrets import BACKEND, FOLDER, PUSH
from tests.support.project import aura


def built(kustomize: str, folder: Path, kustomization: bytes, names: list[str]) -> list[tuple[str, str]]:
    """Return names and namespaces of the SealedSecrets that the kustomization yields."""
    for name in names:
        (folder / f"{name}.yaml").write_text(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"
            f"metadata:\n  name: {name}\n  namespace: aura-staging\nspec:\n  encryptedData: {{}}\n"
        )
    (folder / FILENAME).write_bytes(kustomization)
    done = subprocess.run([kustomize, "build", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [document["metadata"] for document in yaml.safe_load_all(done.stdout)]
    return [(metadata["name"], metadata["namespace"]) for metadata in found]


LAYOUTS = {
    "made": None,
    "list": b"kind: Kustomization\nresources:\n  - a.yaml # first\nlabels: []\n",
    "brackets": b"resources: [a.yaml]\n",
    "null": b"apiVersion: kustomize.config.k8s.io/v1beta1\nresources:\n",
    "no field": b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
    "Windows": b"resources:\r\n- ./a.yaml\r\n",
    "JSON": b'{"resources": ["a.yaml"]}\n',
    "dropped": b"resources:\n- gone.yaml\n",
}


@pytest.mark.parametrize("before", LAYOUTS.values(), ids=LAYOUTS)
def test_kustomize_lists_what_was_added_and_not_what_was_removed(
    kustomize: str, tmp_path: Path, before: bytes | None
) -> None:
    after = update(before, FILENAME, ["a.yaml", "b.yaml"], ["gone.yaml"])
    assert after is not None
    assert sorted(built(kustomize, tmp_path, after, ["a", "b"])) == [("a", "aura-staging"), ("b", "aura-staging")]


FIELDS = [
    "namePrefix: blue-",
    "nameSuffix: -blue",
    "namespace: aura-blue",
    "namespace: aura-staging",
    "namePrefix: ''",
    "namespace:",
]


@pytest.mark.parametrize("field", FIELDS)
def test_kustomize_changes_name_or_namespace_exactly_where_a_problem_is_told(
    kustomize: str, tmp_path: Path, field: str
) -> None:
    kustomization = f"{field}\nresources:\n- a.yaml\n".encode()
    found = built(kustomize, tmp_path, kustomization, ["a"])
    told = transformer_problems(kustomization, FILENAME, [("a", "aura-staging", Scope.STRICT)])
    assert (found != [("a", "aura-staging")]) == bool(told)


def test_kustomize_passes_external_secrets_and_their_store_as_they_are(kustomize: str, tmp_path: Path) -> None:
    project = aura(tmp_path)
    hostile = {"redis-password": "{{ vars.braces }} {{ values.redis_password | urlquote }} }}\n# - yes"}
    project.template("redis-secrets", hostile, "metadata:\n  annotations: {note: '012'}\ntype: Opaque\nimmutable: true")
    variables = {"postgres_host": "postgres", "braces": "{{"}
    project.change(backend=BACKEND, push=PUSH, vars=variables)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    folder = project.root / FOLDER
    done = subprocess.run([kustomize, "build", folder], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    names = ("backend-secrets", "postgres-secrets", "redis-secrets", "secret-store")
    written = [yaml.safe_load((folder / f"{name}.yaml").read_bytes()) for name in names]
    assert list(yaml.safe_load_all(done.stdout)) == written


@pytest.mark.parametrize(
    ("environment", "kinds"),
    [
        ("staging", ["SealedSecret"] * 3),
        ("production", ["ExternalSecret"] * 3 + ["SecretStore"]),
    ],
)
def test_the_shipped_overlays_are_built(kustomize: str, environment: str, kinds: list[str]) -> None:
    overlay = Path(__file__).parents[2] / "k8s/overlays" / environment
    done = subprocess.run([kustomize, "build", overlay], capture_output=True, text=True, check=True)
    found = list(yaml.safe_load_all(done.stdout))
    assert sorted(document["kind"] for document in found) == kinds
    assert {document["metadata"]["namespace"] for document in found} == {f"aura-{environment}"}
