"""Writing Google's Secret Manager: whoever adds the next number came first; labels say whose a secret is."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores.crc32c import crc32c
from sealgen.stores.reading import Stores
from sealgen.values.entry import Entry, Part
from sealgen.values.gcp_secretmanager import SecretManagerStore
from sealgen.values.secret import Secret
from tests.stores.test_gcp_secretmanager import TOKEN, WHO, fault, server, version
from tests.support.api_server import Answer, ApiServer, Request, as_json
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from sealgen.stores.writing import Held

__all__ = ["server"]
ALL = "/v1/projects/aura/secrets"
PATH = f"{ALL}/aura-db"
ENTRY = Entry(SecretManagerStore(), "aura-db", None)
LABEL = "aura-db in Google Secret Manager, project aura"
OURS = {"managed-by": "sealgen", "sealgen-environment": "staging"}


class Shelf:
    """The secret ``aura-db``, as the service has it; versions of None are disabled."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.secret: dict[str, Any] | None = None
        self.versions: list[bytes | None] = []
        server.answers |= {
            f"GET {PATH}": self.get,
            f"POST {ALL}": self.create,
            f"PATCH {PATH}": self.change,
            f"POST {PATH}:addVersion": self.add,
            f"GET {PATH}/versions/latest:access": lambda _: self.access(len(self.versions)),
        }
        for number in range(1, 9):
            server.answers[f"GET {PATH}/versions/{number}:access"] = lambda _, number=number: self.access(number)  # type: ignore[misc]  # a default

    def made(self, *versions: bytes | None, **secret: Any) -> Shelf:
        """Have the secret, with these labels or annotations and these versions."""
        self.secret, self.versions = {"name": PATH, "etag": '"e1"', **secret}, list(versions)
        return self

    def access(self, number: int) -> Answer:
        if not 0 < number <= len(self.versions):
            return fault(404, "NOT_FOUND")
        content = self.versions[number - 1]
        if content is None:
            return fault(400, "FAILED_PRECONDITION", "[x] is in DISABLED state.")
        answer = json.loads(version(content).content)
        return as_json({**answer, "name": f"projects/1/secrets/aura-db/versions/{number}"})

    def get(self, _: Request) -> Answer:
        return as_json(self.secret) if self.secret else fault(404, "NOT_FOUND")

    def create(self, request: Request) -> Answer:
        if self.secret:
            return fault(409, "ALREADY_EXISTS")
        self.made(**json.loads(request.body))
        return as_json(self.secret)

    def change(self, request: Request) -> Answer:
        told = json.loads(request.body)
        if not self.secret or told["etag"] != self.secret["etag"]:
            return fault(400, "FAILED_PRECONDITION")
        self.secret |= {**told, "etag": '"e2"'}
        return as_json(self.secret)

    def add(self, request: Request) -> Answer:
        payload = json.loads(request.body)["payload"]
        content = base64.b64decode(payload["data"])
        assert payload["dataCrc32c"] == str(crc32c(content))
        self.versions.append(content)
        return as_json({"name": f"projects/1/secrets/aura-db/versions/{len(self.versions)}"})

    def look(self, entry: Entry = ENTRY) -> Held:
        return Stores(self.server.kubeconfig.parent, os.environ, pause=lambda _: None).look(entry, 30)

    def changes(self) -> list[str]:
        """Return the requests that change something."""
        return [f"{each.method} {each.path}" for each in self.server.requests if each.method != "GET"][1:]


@pytest.fixture
def shelf(server: ApiServer) -> Shelf:
    return Shelf(server)


def put(held: Held, content: bytes = b"two", environment: str = "staging") -> bool:
    return held.put({Part(held._entry, (), None, 30): Secret(content)}, environment)


def told(caught: pytest.ExceptionInfo[SealgenError]) -> tuple[type[SealgenError], str]:
    assert not any(canary in str(caught.value) for canary in (CANARY, TOKEN))
    assert caught.value.__cause__ is None
    return type(caught.value), str(caught.value)


def test_a_secret_is_made_with_its_labels(shelf: Shelf) -> None:
    held = shelf.look()
    assert (held.is_there, held.is_conditional, held.not_ours("staging")) == (False, True, None)
    assert put(held, bytes(range(256))) is True
    assert shelf.changes() == [f"POST {ALL}", f"POST {PATH}:addVersion"]
    assert shelf.secret is not None
    assert (shelf.secret["labels"], shelf.secret["annotations"]) == (OURS, {})
    assert shelf.secret["replication"] == {"automatic": {}}
    assert shelf.versions == [bytes(range(256))]
    created = next(each for each in shelf.server.requests if each.path == ALL)
    assert created.query == {"secretId": "aura-db"}
    assert shelf.look().not_ours("staging") is None


def test_what_can_be_no_label_is_an_annotation(shelf: Shelf) -> None:
    assert put(shelf.look(), environment="eu.staging") is True
    assert shelf.secret is not None
    assert shelf.secret["labels"] == {"managed-by": "sealgen"}
    assert shelf.secret["annotations"] == {"sealgen-environment": "eu.staging"}
    assert shelf.look().not_ours("eu.staging") is None


def test_a_regional_secret_is_made_where_it_is(server: ApiServer) -> None:
    above = "/v1/projects/aura/locations/europe-west3/secrets"
    added = as_json({"name": "projects/1/locations/europe-west3/secrets/aura-db/versions/1"})
    server.answers |= {
        f"GET {above}/aura-db": fault(404, "NOT_FOUND"),
        f"POST {above}": as_json({}),
        f"POST {above}/aura-db:addVersion": added,
    }
    entry = Entry(SecretManagerStore(location="europe-west3"), "aura-db", None)
    held = Stores(server.kubeconfig.parent, os.environ, pause=lambda _: None).look(entry, 30)
    assert put(held) is True
    created = next(each for each in server.requests if each.path == above)
    assert json.loads(created.body) == {"labels": OURS, "annotations": {}}


def test_the_next_version_is_added_and_no_label_touched_that_is_there(shelf: Shelf) -> None:
    shelf.made(b"one", labels={**OURS, "team": "a"})
    held = shelf.look()
    assert held.not_ours("staging") is None
    assert held.not_ours("production") == "it is that of the environment 'staging'"
    assert put(held) is True
    assert shelf.versions == [b"one", b"two"]
    assert shelf.changes() == [f"POST {PATH}:addVersion"]


def test_labels_that_are_lacking_are_added_and_others_kept(shelf: Shelf) -> None:
    shelf.made(b"one", labels={"team": "a"}, annotations={"sealgen-environment": "eu.old", "note": "b"})
    held = shelf.look()
    assert held.not_ours("staging") == (
        "it does not have the tags managed-by: sealgen and sealgen-environment: staging"
    )
    assert put(held) is True
    assert shelf.secret is not None
    assert shelf.secret["labels"] == {**OURS, "team": "a"}
    assert shelf.secret["annotations"] == {"note": "b"}
    assert shelf.changes() == [f"PATCH {PATH}", f"POST {PATH}:addVersion"]


def test_a_secret_that_somebody_makes_meanwhile_stays(shelf: Shelf) -> None:
    held = shelf.look()
    shelf.made(b"theirs", labels=OURS)
    assert put(held) is False
    assert shelf.versions == [b"theirs"]


def test_of_two_that_make_a_secret_the_first_version_stays_the_newest(shelf: Shelf) -> None:
    one = shelf.look()
    shelf.made(labels=OURS)  # by another, who has not added its version yet
    two = shelf.look()
    assert put(two, b"theirs") is True
    assert put(one, b"mine") is False
    assert shelf.versions == [b"theirs"]


def test_who_adds_a_version_too_late_puts_the_one_before_it_back(shelf: Shelf) -> None:
    shelf.made(b"one", labels=OURS)
    one, two = shelf.look(), shelf.look()
    assert put(two, b"theirs") is True
    assert put(one, b"mine") is False
    assert shelf.versions[-1] == b"theirs"
    again = shelf.look()
    assert put(again, b"three") is True
    assert shelf.versions[-1] == b"three"


def test_labels_that_change_meanwhile_stay(shelf: Shelf) -> None:
    shelf.made(b"one")
    held = shelf.look()
    shelf.server.answers[f"PATCH {PATH}"] = fault(409, "ABORTED")
    assert put(held) is False
    assert shelf.versions == [b"one"]


def test_a_secret_whose_newest_version_is_disabled_is_not_written(shelf: Shelf) -> None:
    shelf.made(b"one", None, labels=OURS)
    with pytest.raises(SealgenError) as caught:
        shelf.look()
    assert told(caught) == (CannotTell, f"the newest version of {LABEL} is disabled")


def test_an_answer_that_was_lost_is_not_written_twice(shelf: Shelf) -> None:
    shelf.made(b"one", labels=OURS)
    held = shelf.look()

    def lost(request: Request) -> Answer:
        shelf.add(request)
        return Answer(200, b"{", cut=True)

    shelf.server.answers[f"POST {PATH}:addVersion"] = lost
    assert put(held) is True
    assert shelf.versions == [b"one", b"two"]


@pytest.mark.parametrize(
    ("asked", "made", "needed"),
    [
        (f"POST {ALL}", False, "secretmanager.secrets.create on the project"),
        (f"POST {PATH}:addVersion", True, "roles/secretmanager.secretVersionAdder on it"),
    ],
)
def test_writing_is_denied(shelf: Shelf, asked: str, made: bool, needed: str) -> None:
    if made:
        shelf.made(b"one", labels=OURS)
    held = shelf.look()
    shelf.server.answers[asked] = fault(403, "PERMISSION_DENIED")
    with pytest.raises(SealgenError) as caught:
        put(held, CANARY.encode())
    assert told(caught) == (
        CannotTell,
        (
            f"Google Secret Manager refuses aura-db, project aura to {WHO} (403)\n"
            f"Is there such a secret? It takes {needed}."
        ),
    )


def test_looking_is_denied(shelf: Shelf) -> None:
    shelf.server.answers[f"GET {PATH}"] = fault(403, "PERMISSION_DENIED")
    with pytest.raises(SealgenError) as caught:
        shelf.look()
    assert told(caught) == (
        CannotTell,
        (
            f"Google Secret Manager refuses aura-db, project aura to {WHO} (403)\n"
            "Is there such a secret? It takes secretmanager.secrets.get on it."
        ),
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it would be empty, which Google Secret Manager does not take"),
        (b"x" * 65537, "it would have more than the 65,536 bytes that Google Secret Manager takes"),
    ],
)
def test_what_the_service_does_not_take_is_not_sent(shelf: Shelf, content: bytes, problem: str) -> None:
    held = shelf.look()
    with pytest.raises(SealgenError) as caught:
        put(held, content)
    assert told(caught) == (SealgenError, f"{LABEL} can't be written: {problem}")
    assert shelf.changes() == []
    assert put(held, b"x" * 65536) is True
