"""Writing AWS's two stores: on a condition, with tags, and one clear error for each way it fails."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores.reading import Stores
from sealgen.values.aws_secretsmanager import SecretsManagerStore
from sealgen.values.aws_ssm import ParameterStore
from sealgen.values.entry import Entry, Part
from sealgen.values.secret import Secret
from tests.stores.test_aws import UNTOLD, answer, asked, fault, server
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from sealgen.stores.writing import Held
    from tests.support.api_server import Answer, ApiServer, Request

__all__ = ["server"]
TAGS = [{"Key": "managed-by", "Value": "sealgen"}, {"Key": "sealgen-environment", "Value": "staging"}]
SECRET = Entry(SecretsManagerStore(), "aura/db", None)
PARAMETER = Entry(ParameterStore(), "/aura/db", None)
V1, V2 = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
NO_SECRET, NO_PARAMETER = fault("ResourceNotFoundException"), fault("ParameterNotFound")
DESCRIBED = answer({"Name": "aura/db", "Tags": TAGS})
CURRENT = answer({"SecretString": "one", "VersionId": V1})
STORED = answer({"Parameter": {"Name": "/aura/db", "Type": "SecureString", "Value": "one", "Version": 3}})
LISTED = answer({"TagList": TAGS})


def look(entry: Entry, server: ApiServer, **answers: Answer | list[Answer]) -> Held:
    """Look at an entry of a service that has these answers, by operation; a list has those of several times."""

    def serve(request: Request) -> Answer:
        given = answers[request.headers["X-Amz-Target"].partition(".")[2]]
        return given.pop(0) if isinstance(given, list) else given

    server.answers["POST /"] = serve
    return Stores(server.kubeconfig.parent, os.environ, pause=lambda _: None).look(entry, 30)


def put(held: Held, content: bytes = b"two") -> bool:
    """Put a value that is all of the entry."""
    entry = held._entry
    return held.put({Part(entry, (), None, 30): Secret(content)}, "staging")


def writes(server: ApiServer) -> list[tuple[str, Any]]:
    """Return the operations that change something, without the client's own token."""
    return [
        (operation, {name: said for name, said in body.items() if name != "ClientRequestToken"})
        for operation, body in asked(server)
        if not operation.startswith(("Get", "Describe", "List"))
    ]


def told(caught: pytest.ExceptionInfo[SealgenError]) -> tuple[type[SealgenError], str]:
    assert not any(canary in str(caught.value) for canary in UNTOLD)
    assert caught.value.__cause__ is None
    return type(caught.value), str(caught.value)


def test_a_secret_is_made_with_its_tags(server: ApiServer) -> None:
    held = look(SECRET, server, DescribeSecret=NO_SECRET, CreateSecret=answer({"VersionId": V1}))
    assert (held.is_there, held.is_conditional, held.not_ours("staging")) == (False, True, None)
    assert put(held) is True
    assert writes(server) == [("CreateSecret", {"Name": "aura/db", "SecretString": "two", "Tags": TAGS})]


def test_bytes_that_are_no_text_are_a_binary_secret(server: ApiServer) -> None:
    held = look(SECRET, server, DescribeSecret=NO_SECRET, CreateSecret=answer({"VersionId": V1}))
    assert put(held, b"\xff\x00") is True
    assert writes(server) == [("CreateSecret", {"Name": "aura/db", "SecretBinary": "/wA=", "Tags": TAGS})]


def test_the_next_version_of_a_secret_becomes_current_on_a_condition(server: ApiServer) -> None:
    held = look(
        SECRET,
        server,
        DescribeSecret=DESCRIBED,
        GetSecretValue=CURRENT,
        PutSecretValue=answer({"VersionId": V2}),
        UpdateSecretVersionStage=answer({}),
    )
    assert put(held) is True
    name = {"SecretId": "aura/db"}
    assert writes(server) == [
        ("PutSecretValue", {**name, "SecretString": "two", "VersionStages": ["sealgen-next"]}),
        (
            "UpdateSecretVersionStage",
            {**name, "VersionStage": "AWSCURRENT", "RemoveFromVersionId": V1, "MoveToVersionId": V2},
        ),
    ]


def test_a_secret_that_somebody_makes_meanwhile_stays(server: ApiServer) -> None:
    held = look(SECRET, server, DescribeSecret=NO_SECRET, CreateSecret=fault("ResourceExistsException"))
    assert put(held) is False


def test_a_version_that_becomes_current_meanwhile_stays(server: ApiServer) -> None:
    held = look(
        SECRET,
        server,
        DescribeSecret=DESCRIBED,
        GetSecretValue=CURRENT,
        PutSecretValue=answer({"VersionId": V2}),
        UpdateSecretVersionStage=[fault("InvalidParameterException"), answer({})],
    )
    assert put(held) is False
    # Without a label, the version that came second is as good as gone.
    assert writes(server)[-1] == (
        "UpdateSecretVersionStage",
        {"SecretId": "aura/db", "VersionStage": "sealgen-next", "RemoveFromVersionId": V2},
    )


def test_a_secret_without_a_version_gets_its_first(server: ApiServer) -> None:
    held = look(
        SECRET,
        server,
        DescribeSecret=DESCRIBED,
        GetSecretValue=NO_SECRET,
        PutSecretValue=answer({"VersionId": V1}),
    )
    assert (held.is_there, held.not_ours("staging")) == (False, None)
    assert put(held) is True
    assert writes(server) == [("PutSecretValue", {"SecretId": "aura/db", "SecretString": "two"})]


def test_a_secret_that_is_taken_over_gets_the_tags(server: ApiServer) -> None:
    held = look(
        SECRET,
        server,
        DescribeSecret=answer({"Tags": [{"Key": "team", "Value": "a"}]}),
        GetSecretValue=CURRENT,
        TagResource=answer({}),
        PutSecretValue=answer({"VersionId": V2}),
        UpdateSecretVersionStage=answer({}),
    )
    assert held.not_ours("staging") is not None
    assert put(held) is True
    assert writes(server)[0] == ("TagResource", {"SecretId": "aura/db", "Tags": TAGS})


def test_a_secret_that_is_scheduled_for_deletion_is_not_written(server: ApiServer) -> None:
    with pytest.raises(CannotTell) as caught:
        look(SECRET, server, DescribeSecret=answer({"DeletedDate": 1767225600.0}))
    assert told(caught)[1] == "aura/db in AWS Secrets Manager, region eu-central-1 is scheduled for deletion"


def test_a_parameter_is_made_only_where_there_is_none(server: ApiServer) -> None:
    made = [answer({"Version": 1}), fault("ParameterAlreadyExists")]
    held = look(PARAMETER, server, GetParameter=NO_PARAMETER, PutParameter=made)
    assert (held.is_there, held.is_conditional, held.not_ours("staging")) == (False, True, None)
    assert put(held) is True
    assert writes(server) == [
        ("PutParameter", {"Name": "/aura/db", "Value": "two", "Type": "SecureString", "Tags": TAGS}),
    ]
    assert put(held) is False


def test_the_next_version_of_a_parameter(server: ApiServer) -> None:
    held = look(
        PARAMETER,
        server,
        GetParameter=STORED,
        ListTagsForResource=LISTED,
        PutParameter=answer({"Version": 4}),
    )
    assert held.not_ours("staging") is None
    assert put(held) is True
    assert writes(server) == [("PutParameter", {"Name": "/aura/db", "Value": "two", "Overwrite": True})]


def test_a_parameter_that_changed_before_or_while_it_was_written_is_told(server: ApiServer) -> None:
    later = answer({"Parameter": {"Name": "/aura/db", "Type": "SecureString", "Value": "x", "Version": 4}})
    held = look(PARAMETER, server, GetParameter=[STORED, later], ListTagsForResource=LISTED)
    assert put(held) is False
    assert not writes(server)
    held = look(
        PARAMETER,
        server,
        GetParameter=STORED,
        ListTagsForResource=LISTED,
        PutParameter=answer({"Version": 5}),
    )
    assert put(held) is False


def test_a_parameter_that_is_taken_over_gets_the_tags(server: ApiServer) -> None:
    held = look(
        PARAMETER,
        server,
        GetParameter=STORED,
        ListTagsForResource=answer({"TagList": []}),
        AddTagsToResource=answer({}),
        PutParameter=answer({"Version": 4}),
    )
    assert put(held) is True
    assert writes(server)[0] == (
        "AddTagsToResource",
        {"ResourceType": "Parameter", "ResourceId": "/aura/db", "Tags": TAGS},
    )


def test_a_parameter_that_is_not_encrypted_is_not_written(server: ApiServer) -> None:
    plain = answer({"Parameter": {"Name": "/aura/db", "Type": "String", "Value": CANARY, "Version": 3}})
    with pytest.raises(SealgenError) as caught:
        look(PARAMETER, server, GetParameter=plain)
    assert told(caught) == (
        SealgenError,
        ("/aura/db in AWS Parameter Store, region eu-central-1 is of type String, and so it is not encrypted"),
    )


@pytest.mark.parametrize(
    ("entry", "operation", "answers"),
    [
        (SECRET, "secretsmanager:CreateSecret", {"DescribeSecret": NO_SECRET}),
        (SECRET, "secretsmanager:DescribeSecret", {}),
        (SECRET, "secretsmanager:PutSecretValue", {"DescribeSecret": DESCRIBED, "GetSecretValue": CURRENT}),
        (PARAMETER, "ssm:PutParameter", {"GetParameter": NO_PARAMETER}),
        (PARAMETER, "ssm:ListTagsForResource", {"GetParameter": STORED}),
    ],
)
def test_what_may_not_be_done_says_which_permission_it_needs(
    server: ApiServer, entry: Entry, operation: str, answers: dict[str, Answer]
) -> None:
    denied = {operation.partition(":")[2]: fault("AccessDeniedException")}
    with pytest.raises(CannotTell) as caught:
        put(look(entry, server, **answers, **denied), CANARY.encode())
    where = "Secrets Manager" if entry is SECRET else "Parameter Store"
    assert told(caught)[1] == (
        f"AWS {where}, region eu-central-1 refuses {entry.name} to the credentials that are found by env "
        f"(AccessDeniedException)\nIt needs the permission {operation}."
    )


def test_what_may_pass_is_tried_again_and_told_when_it_does_not(server: ApiServer) -> None:
    made = [fault("ThrottlingException"), fault("InternalServiceError", 500), answer({"VersionId": V1})]
    assert put(look(SECRET, server, DescribeSecret=NO_SECRET, CreateSecret=made)) is True
    held = look(SECRET, server, DescribeSecret=NO_SECRET, CreateSecret=fault("ThrottlingException"))
    with pytest.raises(CannotTell) as caught:
        put(held, CANARY.encode())
    assert told(caught)[1] == (
        "aura/db in AWS Secrets Manager, region eu-central-1 can't be written: "
        "it answers ThrottlingException (400) (4 tries)"
    )


@pytest.mark.parametrize(
    ("entry", "content", "problem"),
    [
        (SECRET, b"x" * 65536, None),
        (SECRET, b"x" * 65537, "it would have more than the 65,536 bytes that AWS Secrets Manager takes"),
        (SECRET, b"", "it would be empty, which AWS Secrets Manager does not take"),
        (
            Entry(SecretsManagerStore(), "aura#db", None),
            b"x",
            "its name must be letters, digits and /_+=.@-, 512 at most",
        ),
        (PARAMETER, b"x" * 4096, None),
        (
            PARAMETER,
            b"x" * 4097,
            "it would have more than the 4,096 bytes that AWS Parameter Store's standard tier takes",
        ),
        (PARAMETER, b"", "it would be empty, which AWS Parameter Store does not take"),
        (
            PARAMETER,
            b"\xff",
            "it is not UTF-8 text, and AWS Parameter Store takes nothing else; say encoding: base64",
        ),
        *(
            (
                Entry(ParameterStore(), name, None),
                b"x",
                "its name must be letters, digits and _.-, or a path of such names that begins with a /",
            )
            for name in ("aura/db", "/aura//db", "/aura/d b")
        ),
        (Entry(ParameterStore(), "aura.db", None), b"x", None),
    ],
)
def test_what_a_store_would_not_take_is_known_before_it_is_sent(
    server: ApiServer, entry: Entry, content: bytes, problem: str | None
) -> None:
    held = look(entry, server, DescribeSecret=NO_SECRET, GetParameter=NO_PARAMETER)
    found = held.problem({Part(entry, (), None, 30): Secret(content)})
    assert (found and found.partition(" can't be written: ")[2]) == problem


@pytest.mark.parametrize("store", [SecretsManagerStore(), ParameterStore()])
def test_nothing_is_made_under_an_arn(server: ApiServer, store: SecretsManagerStore | ParameterStore) -> None:
    entry = Entry(store, "arn:aws:x:eu-central-1:1:aura/db", None)
    with pytest.raises(CannotTell) as caught:
        put(look(entry, server, DescribeSecret=NO_SECRET, GetParameter=NO_PARAMETER))
    assert told(caught)[1].endswith("region eu-central-1, and none is made under an ARN; write its name")


def test_json_is_put_with_what_else_it_holds(server: ApiServer) -> None:
    held = look(
        SECRET,
        server,
        DescribeSecret=DESCRIBED,
        GetSecretValue=answer({"SecretString": '{"port": 5432, "password": "one"}', "VersionId": V1}),
        PutSecretValue=answer({"VersionId": V2}),
        UpdateSecretVersionStage=answer({}),
    )
    assert held.put({Part(SECRET, ("password",), None, 30): Secret(b"two")}, "staging") is True
    assert json.loads(writes(server)[0][1]["SecretString"]) == {"port": 5432, "password": "two"}
