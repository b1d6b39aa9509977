"""The real operator makes values as ``made_by: operator`` says: of the wanted form, once, and for all who read them."""

from __future__ import annotations

import json
import re
import string
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance import test_operator, test_stores
from tests.conformance.test_operator import applied, external, in_aws, put, signs_in, until, vault, wait, wait_ready

if TYPE_CHECKING:
    from tests.conformance.cluster.cluster import Cluster
    from tests.conformance.test_stores import Bao
    from tests.support.project import Project

aws, bao, drongo = test_stores.aws, test_stores.bao, test_stores.drongo
azure, clouds = test_operator.azure, test_operator.clouds
operator, environ, project = test_operator.operator, test_operator.environ, test_operator.project

PUNCTUATION = re.escape(string.punctuation)
MADE: dict[str, tuple[dict[str, Any], str]] = {
    "hex": ({"bytes": 32}, "[0-9a-f]{64}"),
    "base64": ({"bytes": 24}, "[A-Za-z0-9+/]{32}"),
    "urlsafe": ({"bytes": 48}, "[A-Za-z0-9_-]{64}"),
    "alphanumeric": ({"length": 4096}, "[A-Za-z0-9]{4096}"),
    "password": (
        {
            "length": 256,
            "charset": f"a-z{string.punctuation.replace('-', '')}-",
            "minimums": {"lower": 0, "symbols": 0},
        },
        f"[a-z{PUNCTUATION}]{{256}}",
    ),
    "uuid": ({}, "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
}


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    name = cluster.namespace()
    signs_in(cluster, name)
    return name


def by_operator(generate: str, **fields: object) -> dict[str, object]:
    return {"generate": generate, "made_by": "operator", **fields}


def test_what_is_made_is_of_the_wanted_form_and_stays_while_other_values_change(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], namespace: str
) -> None:
    push = {"vault": f"secret/{namespace}/made", "property": "{value}"}
    values: dict[str, object] = {
        name: by_operator(name, push=dict(push), **fields) for name, (fields, _) in MADE.items()
    }
    values["user"] = {"vault": f"secret/{namespace}/user", "property": "user"}
    put(bao, namespace, user="first")
    backend = external(vault(bao), refresh_interval="1s")
    project.environment("production", namespace=namespace, backend=backend, values=values, secrets=["one", "two"])
    project.template("one", {name: f"{{{{ values.{name} }}}}" for name in values})
    project.template("two", {"uri": "redis://:{{ values.password | urlquote }}@redis", "hex": "{{ values.hex }}"})
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one", "two")

    made = cluster.secret(namespace, "one")
    for name, (_, pattern) in MADE.items():
        assert re.fullmatch(pattern, made[name].decode()), name
    assert set(made["alphanumeric"].decode()) == set(string.ascii_letters + string.digits)
    assert bao.ask("GET", f"secret/data/{namespace}/made")["data"]["data"] == {
        name: made[name].decode() for name in MADE
    }
    # Both Secrets have the same.
    other = cluster.secret(namespace, "two")
    assert other["hex"] == made["hex"]

    # A value that is read changes, and what was made does not.
    put(bao, namespace, user="next")
    test_operator.wait_data(cluster, namespace, "one", "user", b"next")
    made["user"] = b"next"
    assert cluster.secret(namespace, "one") == made
    # A Secret that is gone is made of the same again.
    cluster.kubectl("delete", "secret/one", f"--namespace={namespace}")
    wait(cluster, namespace, "create", "secret/one")
    assert cluster.secret(namespace, "one") == made
    # What puts it looks again, and then is another object in another cluster's place.
    names = [f"pushsecret/generated-{name}" for name in MADE]
    before = synced(cluster, namespace)
    cluster.kubectl("label", *names, "again=yes", f"--namespace={namespace}")
    until(lambda: not set(synced(cluster, namespace)) & set(before), "the operator does not look again")
    cluster.kubectl("delete", *names, f"--namespace={namespace}", test_operator.PATIENCE)
    applied(cluster, project, "production", environ)
    wait(cluster, namespace, "condition=Ready", *names)
    assert cluster.secret(namespace, "two") == other
    assert bao.ask("GET", f"secret/metadata/{namespace}/made")["data"]["current_version"] == len(MADE)
    assert cluster.get("generatorstates.generators.external-secrets.io", f"--namespace={namespace}")["items"] == []

    # sealgen leaves them to the operator.
    unchanged = f"production: {len(MADE)} values, {len(MADE)} unchanged\n"
    assert project.run("push", "production", *MADE, env=environ) == (0, unchanged, "")


def synced(cluster: Cluster, namespace: str) -> list[str]:
    """Return the version of each PushSecret that the operator has carried out."""
    found = cluster.get("pushsecrets", f"--namespace={namespace}")["items"]
    return [f"{one['metadata']['name']} {one['status']['syncedResourceVersion']}" for one in found]


@pytest.mark.parametrize("store", ["aws-secretsmanager", "aws-ssm"])
def test_a_value_that_is_an_entry_or_the_one_property_of_it(
    cluster: Cluster, project: Project, environ: dict[str, str], namespace: str, store: str
) -> None:
    service, begin = {"aws-secretsmanager": ("SecretsManager", ""), "aws-ssm": ("ParameterStore", "/")}[store]
    values = {
        "whole": by_operator("hex", push={store: f"{begin}{namespace}-whole"}),
        "deep": by_operator("uuid", push={store: f"{begin}{namespace}-deep", "property": ["a", "b.c"]}),
        "encoded": by_operator("hex", push={store: f"{begin}{namespace}-encoded", "encoding": "base64"}),
    }
    backend = external(in_aws(service), refresh_interval="1s")
    project.environment("production", namespace=namespace, backend=backend, values=values, secrets=["one"])
    project.template("one", {name: f"{{{{ values.{name} }}}}" for name in values})
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    test_operator.is_told(cluster, project)
    made = cluster.secret(namespace, "one")
    assert [len(made[name]) for name in values] == [64, 36, 64]
    held = test_stores.client("secretsmanager" if store == "aws-secretsmanager" else "ssm")
    if store == "aws-secretsmanager":
        text = held.get_secret_value(SecretId=f"{namespace}-deep")["SecretString"]
    else:
        parameter = held.get_parameter(Name=f"/{namespace}-deep", WithDecryption=True)["Parameter"]
        assert parameter["Type"] == "SecureString"
        text = parameter["Value"]
    assert json.loads(text) == {"a": {"b.c": made["deep"].decode()}}


def test_status_tells_of_a_value_that_the_operator_can_not_put(
    cluster: Cluster, project: Project, environ: dict[str, str], namespace: str
) -> None:
    # AWS keeps such names to itself.
    values = {"one": by_operator("hex", push={"aws-ssm": "/aws/one"})}
    project.environment(
        "production", namespace=namespace, backend=external(in_aws("ParameterStore")), values=values, secrets=["one"]
    )
    project.template("one", {"one": "{{ values.one }}"})
    applied(cluster, project, "production", environ)
    test_operator.is_told(cluster, project, "not-synced", "value-not-made")


def test_what_is_in_the_store_already_is_what_it_is(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], namespace: str
) -> None:
    put(bao, namespace, token="there before")
    value = by_operator("hex", push={"vault": f"secret/{namespace}/token", "property": "token"})
    backend = external(vault(bao), refresh_interval="1s")
    project.environment("production", namespace=namespace, backend=backend, values={"token": value}, secrets=["one"])
    project.template("one", {"token": "{{ values.token }}"})
    applied(cluster, project, "production", environ)
    wait(cluster, namespace, "condition=Ready", "pushsecret/generated-token")
    wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one") == {"token": b"there before"}
