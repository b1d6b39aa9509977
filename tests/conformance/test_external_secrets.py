"""The operator's real custom resource definitions take what sealgen writes, unknown fields being errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from sealgen.kubernetes import external_secret
from sealgen.kubernetes.external_secret import API_VERSIONS
from sealgen.status import external, external_store
from tests.cli.test_external_secrets import BACKEND, FOLDER, PUSH
from tests.config.test_external_secrets import STORES
from tests.conformance.conftest import tool
from tests.conformance.external_secrets.operator import define
from tests.support.project import Project, aura, controller

if TYPE_CHECKING:
    from tests.conformance.cluster.cluster import Cluster

KINDS = {
    "ExternalSecret": "externalsecrets",
    "SecretStore": "secretstores",
    "ClusterSecretStore": "clustersecretstores",
    "PushSecret": "pushsecrets",
    "Password": "passwords",
    "UUID": "uuids",
}


@pytest.fixture(scope="session")
def definitions() -> Path:
    """Return the folder with the operator's definitions, which are installed beside its template engine."""
    return Path(tool("esoctl")).parent / "external-secrets-crds"


def written(folder: Path, text: tuple[str, str], kind: str, api_version: str) -> list[dict[str, Any]]:
    project = aura(folder)
    store = yaml.safe_load(f"{{name: aura, kind: {kind}, {text[0]}}}")
    push = {"vault": PUSH}.get(text[1]) or {text[1]: "{dashed-value}"}
    project.change(backend={**BACKEND, "secret_store": store, "api_version": api_version}, push=push)
    if text[1] == "azure-keyvault":
        project.change(stores={"main": {"kind": "azure-keyvault", "vault": "https://aura.vault.azure.net"}})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return [
        document
        for path in sorted((project.root / FOLDER).glob("*.yaml"))
        if path.name != "kustomization.yaml"
        for document in yaml.safe_load_all(path.read_text())
    ]


def pushes(folder: Path) -> list[dict[str, Any]]:
    """Return the PushSecrets of the environment that is written there; one of them has a template."""
    printed = Project(folder, controller()).run("push", "staging", "--push-secrets")
    assert (printed.code, printed.err) == (0, "")
    found = list(yaml.safe_load_all(printed.out))
    assert [(document["kind"], "template" in document["spec"]) for document in found] == [
        ("PushSecret", True),
        ("PushSecret", False),
        ("PushSecret", False),
    ]
    return found


def strict(schema: Any) -> Any:
    """Return a schema in which a field that is not declared is an error, as for an API server that is told so."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        closed["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        closed["additionalProperties"] = False
    return closed


def schema(folder: Path, kind: str, version: str) -> Any:
    (file,) = folder.glob(f"*external-secrets.io_{KINDS[kind]}.yaml")
    definition = yaml.load(file.read_bytes(), yaml.CSafeLoader)
    (found,) = [entry for entry in definition["spec"]["versions"] if entry["name"] == version]
    whole = strict(found["schema"]["openAPIV3Schema"])
    whole["properties"]["metadata"] = {"type": "object"}
    return whole


@pytest.mark.parametrize("version", API_VERSIONS)
@pytest.mark.parametrize("kind", ["SecretStore", "ClusterSecretStore"])
def test_every_provider_and_way_to_sign_in_is_what_the_definitions_say(
    definitions: Path, tmp_path: Path, kind: str, version: str
) -> None:
    validators = {
        name: jsonschema.Draft202012Validator(schema(definitions, name, version)) for name in (kind, "ExternalSecret")
    }
    for place, text in enumerate(STORES.values()):
        folder = tmp_path / str(place)
        folder.mkdir()
        documents = written(folder, text, kind, version)
        assert [document["kind"] for document in documents] == ["ExternalSecret"] * 3 + [kind]
        for document in documents:
            validators[document["kind"]].validate(document)


@pytest.mark.parametrize("kind", ["SecretStore", "ClusterSecretStore"])
def test_push_secrets_for_every_provider_are_what_the_definition_says(
    definitions: Path, tmp_path: Path, kind: str
) -> None:
    validator = jsonschema.Draft202012Validator(schema(definitions, "PushSecret", "v1alpha1"))
    for place, text in enumerate(STORES.values()):
        folder = tmp_path / str(place)
        folder.mkdir()
        written(folder, text, kind, "v1")
        for document in pushes(folder):
            validator.validate(document)


def generators(folder: Path) -> list[dict[str, Any]]:
    """Return the generators of the environment that is written there, once the operator makes its values."""
    project = Project(folder, controller())
    made = {"hex": {"bytes": 32}, "uuid": {}}
    values = {name: {"generate": name, "made_by": "operator", **fields} for name, fields in made.items()}
    project.change(values=values, secrets=["made"])
    project.template("made", {name: f"{{{{ values.{name} }}}}" for name in values})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    found = list(yaml.safe_load_all(project.read(f"{FOLDER}/generators.yaml")))
    assert [document["kind"] for document in found] == ["Password", "PushSecret", "UUID", "PushSecret"]
    return found


def test_generators_are_what_the_definitions_say(definitions: Path, tmp_path: Path) -> None:
    validators = {
        name: jsonschema.Draft202012Validator(schema(definitions, name, "v1alpha1"))
        for name in ("Password", "UUID", "PushSecret")
    }
    for place, text in enumerate(STORES.values()):
        folder = tmp_path / str(place)
        folder.mkdir()
        written(folder, text, "SecretStore", "v1")
        for document in generators(folder):
            validators[document["kind"]].validate(document)


def test_the_api_server_takes_them_and_what_it_adds_is_no_change(cluster: Cluster, tmp_path: Path) -> None:
    define(cluster)
    cluster.namespace("aura-staging")
    for place, text in enumerate(STORES.values()):
        folder = tmp_path / str(place)
        folder.mkdir()
        stream = yaml.safe_dump_all(written(folder, text, "SecretStore", "v1"))
        taken = cluster.kubectl(
            "create", "--dry-run=server", "--validate=strict", "--output=yaml", "-f", "-", input=stream
        )
        overlay = {path.name: path.read_bytes() for path in (folder / FOLDER).iterdir()}
        kinds = []
        for found in yaml.safe_load_all(taken):
            kinds.append(found["kind"])
            if found["kind"] == "SecretStore":
                wanted = external_store.written(overlay["secret-store.yaml"], "")
                assert external_store.difference(wanted, found) == []
            else:
                filename = f"{found['metadata']['name']}.yaml"
                one = external_secret.read(overlay[filename], filename)
                assert list(external.difference(one, external.applied(found))) == []
        assert kinds == ["ExternalSecret"] * 3 + ["SecretStore"]
        stream = yaml.safe_dump_all([*pushes(folder), *generators(folder)])
        cluster.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", input=stream)
