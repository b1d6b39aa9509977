"""AWS's two stores: the bytes of a secret or a parameter, and one clear error for each way there are none."""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sealgen.config.stores import placed
from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from sealgen.values.stored import parts_in_stores
from tests.stores.asking import refused, stores, value
from tests.support.api_server import Answer, ApiServer, Request, api_server
from tests.values.reading import CANARY, read, surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "{aws-secretsmanager: aura/postgres, property: password}"
PARAMETER = "{aws-ssm: /aura/password}"
KEY = "aws-key-of-a-test-7"
UNTOLD = (CANARY, KEY)
STRANGE = "NAME in WHERE can't be had: it answers as AWS does not; is there a proxy on the way? (4 tries)"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """Run a server that AWS's client takes for both services."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with api_server(tmp_path) as it:
        for name, text in {
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": it.url,
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(name, text)
        yield it


def answer(data: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(data).encode(), "application/x-amz-json-1.1")


def fault(code: str, status: int = 400) -> Answer:
    return answer({"__type": code, "message": f"It is {CANARY}", "Message": CANARY}, status)


def asked(server: ApiServer) -> list[tuple[str, Any]]:
    """Return the operations that were asked for, and with what."""
    return [
        (request.headers["X-Amz-Target"].partition(".")[2], json.loads(request.body)) for request in server.requests
    ]


def said(server: ApiServer, yaml: str, named: str = "{}") -> tuple[type[SealgenError], str]:
    kind, message = refused(yaml, server.kubeconfig.parent, os.environ, named, canaries=UNTOLD)
    return kind, message.replace(server.url, "ENDPOINT")


def test_a_property_of_a_secret(server: ApiServer) -> None:
    server.answers["POST /"] = answer({"SecretString": '{"password": "ß x", "port": 5432}'})
    assert value(SECRET, server.kubeconfig.parent, os.environ) == "ß x".encode()
    assert asked(server) == [("GetSecretValue", {"SecretId": "aura/postgres", "VersionStage": "AWSCURRENT"})]


def test_text_and_bytes_arrive_as_they_are(server: ApiServer) -> None:
    server.answers["POST /"] = answer({"SecretString": "ß\r\n"})
    assert value("{aws-secretsmanager: a}", server.kubeconfig.parent, os.environ) == "ß\r\n".encode()
    content = bytes(range(256))
    server.answers["POST /"] = answer({"SecretBinary": base64.b64encode(content).decode()})
    assert value("{aws-secretsmanager: a}", server.kubeconfig.parent, os.environ) == content


@pytest.mark.parametrize(
    ("version", "sent"),
    [
        ("AWSPREVIOUS", {"VersionStage": "AWSPREVIOUS"}),
        ("a1b2c3d4-5678-90ab-cdef-EXAMPLE11111", {"VersionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"}),
    ],
)
def test_a_version_of_a_secret(server: ApiServer, version: str, sent: dict[str, str]) -> None:
    server.answers["POST /"] = answer({"SecretString": "x"})
    yaml = f"{{aws-secretsmanager: a, version: {version}}}"
    assert value(yaml, server.kubeconfig.parent, os.environ) == b"x"
    assert asked(server) == [("GetSecretValue", {"SecretId": "a", **sent})]
    server.answers["POST /"] = fault("ResourceNotFoundException")
    assert said(server, yaml) == (
        CannotTell,
        f"values.password: there is no version {version} of a in AWS Secrets Manager, region eu-central-1",
    )


def test_a_parameter(server: ApiServer) -> None:
    server.answers["POST /"] = answer({"Parameter": {"Name": "/aura/password", "Value": "ß x", "Version": 3}})
    assert value(PARAMETER, server.kubeconfig.parent, os.environ) == "ß x".encode()
    assert value("{aws-ssm: /aura/password, version: live}", server.kubeconfig.parent, os.environ) == "ß x".encode()
    assert asked(server) == [
        ("GetParameter", {"Name": "/aura/password", "WithDecryption": True}),
        ("GetParameter", {"Name": "/aura/password:live", "WithDecryption": True}),
    ]


def several(server: ApiServer) -> dict[str, bytes | str]:
    """Read twelve parameters, and return each one's bytes or message."""
    around = surroundings(server.kubeconfig.parent, os.environ)
    values = {f"v{number}": read(f"{{aws-ssm: /aura/p{number}, version: 1}}") for number in range(12)}
    around.stores.ahead(parts_in_stores(each.source for each in values.values()))
    found: dict[str, bytes | str] = {}
    for name, each in values.items():
        try:
            found[name] = each.source.obtain(name, around)[""].reveal()
        except SealgenError as error:
            found[name] = error.message
    return found


def parameters(request: Request) -> Answer:
    """Answer as Parameter Store does that has all but one of the parameters."""
    body = json.loads(request.body)
    names = body.get("Names") or [body["Name"]]
    given = [
        {"Name": name.partition(":")[0], "Selector": ":1", "Value": name} for name in names if name != "/aura/p5:1"
    ]
    if "Names" in body:
        return answer({"Parameters": given[::-1], "InvalidParameters": []})
    return answer({"Parameter": given[0]}) if given else fault("ParameterNotFound")


def test_ten_parameters_are_one_request_and_what_is_missing_is_told_alone(server: ApiServer) -> None:
    server.answers["POST /"] = parameters
    found = several(server)
    assert {name: content for name, content in found.items() if name != "v5"} == {
        f"v{number}": f"/aura/p{number}:1".encode() for number in range(12) if number != 5
    }
    assert found["v5"] == "values.v5: there is no version 1 of /aura/p5 in AWS Parameter Store, region eu-central-1"
    operations = asked(server)
    assert sorted(operation for operation, _ in operations) == ["GetParameter", "GetParameters", "GetParameters"]
    assert sorted(len(body["Names"]) for operation, body in operations if operation == "GetParameters") == [2, 10]


def test_where_several_at_once_are_refused_each_is_asked_for_alone(server: ApiServer) -> None:
    server.answers["POST /"] = lambda request: (
        fault("AccessDeniedException") if b"Names" in request.body else parameters(request)
    )
    assert several(server)["v3"] == b"/aura/p3:1"


@pytest.mark.parametrize("yaml", [SECRET, PARAMETER])
@pytest.mark.parametrize(
    ("response", "message"),
    [
        (
            fault("AccessDeniedException"),
            "WHERE refuses NAME to the credentials that are found by env (AccessDeniedException)",
        ),
        (
            fault("ExpiredTokenException"),
            (
                "WHERE does not accept the credentials that are found by env (ExpiredTokenException)\n"
                "Sign in as for the aws command; try it: aws sts get-caller-identity"
            ),
        ),
        (fault("ThrottlingException"), "NAME in WHERE can't be had: it answers ThrottlingException (400) (4 tries)"),
        (
            fault("InternalServiceError", 500),
            "NAME in WHERE can't be had: it answers InternalServiceError (500) (4 tries)",
        ),
        (fault("InvalidRequestException"), "NAME in WHERE can't be read as it is now; is it scheduled for deletion?"),
        (fault("ResourceNotFoundException"), "there is no NAME in WHERE"),
        (fault("ParameterNotFound"), "there is no NAME in WHERE"),
        (fault("SomethingNew", 418), "WHERE answers NAME with SomethingNew (418)"),
        (Answer(200, b"<html>" + CANARY.encode()), STRANGE),
        (Answer(200, b"{", cut=True), STRANGE),
    ],
)
def test_each_way_to_fail_has_one_clear_error(server: ApiServer, yaml: str, response: Answer, message: str) -> None:
    server.answers["POST /"] = response
    where, name = ("Secrets Manager", "aura/postgres") if yaml == SECRET else ("Parameter Store", "/aura/password")
    expected = message.replace("WHERE", f"AWS {where}, region eu-central-1").replace("NAME", name)
    assert said(server, yaml) == (CannotTell, f"values.password: {expected}")


def test_what_a_secret_holds_is_no_value(server: ApiServer) -> None:
    where = "aura/postgres in AWS Secrets Manager, region eu-central-1"
    server.answers["POST /"] = answer({"SecretString": CANARY})
    assert said(server, SECRET) == (
        SealgenError,
        f"values.password: {where} is no JSON, so that it has no property 'password'",
    )
    server.answers["POST /"] = answer({"SecretString": json.dumps({"pasword": CANARY})})
    assert said(server, SECRET) == (
        CannotTell,
        f"values.password: {where} has no property 'password'; did you mean 'pasword'?",
    )


def test_nobody_listens(server: ApiServer) -> None:
    named = "main: {kind: aws-ssm, region: eu-west-1, endpoint: 'http://127.0.0.1:1'}"
    assert said(server, PARAMETER, named) == (
        CannotTell,
        (
            "values.password: /aura/password in AWS Parameter Store, region eu-west-1, at http://127.0.0.1:1 "
            "can't be had: no connection (4 tries)"
        ),
    )


def test_there_are_no_credentials(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert said(server, PARAMETER) == (
        CannotTell,
        (
            "values.password: AWS Parameter Store, region eu-central-1: there are no credentials to ask with "
            "(NoCredentialsError)\nSign in as for the aws command; try it: aws sts get-caller-identity"
        ),
    )


def test_a_profile(server: ApiServer, tmp_path: Path) -> None:
    named = "main: {kind: aws-ssm, profile: aura}"
    assert said(server, PARAMETER, named) == (CannotTell, "values.password: AWS's configuration has no profile 'aura'")
    (tmp_path / "credentials").write_text(f"[aura]\naws_access_key_id = A\naws_secret_access_key = {KEY}\n")
    (tmp_path / "config").write_text("[profile aura]\nregion = eu-west-3\n")
    server.answers["POST /"] = fault("AccessDeniedException")
    os.environ.pop("AWS_DEFAULT_REGION")
    assert said(server, PARAMETER, named) == (
        CannotTell,
        (
            "values.password: AWS Parameter Store, region eu-west-3 refuses /aura/password to the credentials of the "
            "profile 'aura' that are found by shared-credentials-file (AccessDeniedException)"
        ),
    )


def test_there_is_no_region(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert said(server, SECRET) == (
        CannotTell,
        (
            "values.password: it is not said in which region AWS Secrets Manager is to be asked\n"
            "Set AWS_REGION, or write stores: {main: {kind: aws-secretsmanager, region: …}}."
        ),
    )


def test_a_configuration_that_is_none(server: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(CANARY)
    assert said(server, SECRET) == (
        CannotTell,
        "values.password: AWS's configuration can't be read (ConfigParseError)",
    )


def test_the_client_is_not_installed(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    for yaml, called in ((SECRET, "AWS Secrets Manager"), (PARAMETER, "AWS Parameter Store")):
        assert said(server, yaml) == (
            SealgenError,
            (
                f"values.password: reading {called} needs boto3, which is not installed\n"
                "Install it: pip install 'sealgen[aws]'"
            ),
        )


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "{aws-ssm: a b}",
            "base.yaml:1:11: values.password.aws-ssm: it must be a name or an ARN, without spaces",
        ),
        (
            "{aws-ssm: a, version: 'a b'}",
            "base.yaml:1:23: values.password.version can't be 'a b'; it must be a version's number or a label",
        ),
        (
            "{aws-secretsmanager: a, version: 'a b'}",
            "base.yaml:1:34: values.password.version can't be 'a b'; it must be a version's ID or a staging label",
        ),
    ],
)
def test_what_can_not_be_is_refused(yaml: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(yaml)
    assert str(caught.value) == message


def test_the_fields_of_a_store() -> None:
    named = stores("main: {kind: aws-ssm, region: eu-west-1, profile: p, endpoint: 'https://vpce'}")
    (found,) = placed({"password": read(PARAMETER)}, named).values()
    assert found.source.kind == "aws-ssm"
    with pytest.raises(ConfigurationError) as caught:
        stores("main: {kind: aws-ssm, endpoint: vpce}")
    assert str(caught.value) == (
        "base.yaml:1:33: stores.main.endpoint can't be 'vpce'; it must be an http:// or https:// URL"
    )
