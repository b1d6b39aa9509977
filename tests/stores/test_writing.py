"""Looking at an entry and writing it: whose it is, what it takes, and what comes of others who write it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import pytest

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores.reading import Stores
from sealgen.stores.refusal import Failed, Overtaken, Refused
from sealgen.stores.writing import Held, Seen
from sealgen.values.entry import Entry, Part
from sealgen.values.secret import Secret
from sealgen.values.sops import SopsStore
from sealgen.values.vault import VaultStore
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document

ENTRY = Entry(VaultStore(), "shelf/db", None)
PART = Part(ENTRY, (), None, 30)
OURS = {"managed-by": "sealgen", "sealgen-environment": "staging"}


class Shelf:
    """A store that holds one entry, and fails as a test says."""

    most: ClassVar[int] = 1
    keyed: ClassVar[bool] = False
    owned: ClassVar[bool] = False
    versioned: ClassVar[bool] = True

    def __init__(self, content: bytes | None = None, tags: dict[str, str] | None = None) -> None:
        self.content: Document | None = content
        self.version = 0 if content is None else 1
        self.tags = tags
        self.writes = 0
        self.before: list[Callable[[], None]] = []
        """What happens before each write in turn."""
        self.after: list[Callable[[], None]] = []

    def label(self, entry: Entry) -> str:
        return f"{entry.name} on the shelf"

    def read(self, entries: Sequence[Entry], _: Deadline) -> Mapping[Entry, Document | Refused]:
        return {entry: Refused("there is none") if self.content is None else self.content for entry in entries}

    def problem(self, _: Entry, content: Document) -> str | None:
        return "it would be too large" if len(content) > 100 else None

    def look(self, _: Entry, __: Deadline) -> Seen:
        return Seen(self.content, str(self.version), self.tags)

    def write(self, _: Entry, content: Document, seen: Seen, tags: Mapping[str, str], __: Deadline) -> None:
        if self.before:
            self.before.pop(0)()
        if seen.token != str(self.version):
            raise Overtaken
        self.writes += 1
        self.content, self.version = content, self.version + 1
        if self.after:
            self.after.pop(0)()
        self.tags = {**(self.tags or {}), **tags}


def stores(shelf: object, monkeypatch: pytest.MonkeyPatch, root: Path) -> Stores:
    """Return stores of which the only one is the shelf."""
    monkeypatch.setattr("sealgen.stores.vault.connect", lambda *_: shelf)
    return Stores(root, {}, pause=lambda _: None)


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Shelf], Held]:
    """Return what looks at the entry of a shelf."""
    return lambda shelf: stores(shelf, monkeypatch, tmp_path).look(ENTRY, 30)


def fail(reason: str, *, may_pass: bool = True, is_down: bool = False) -> Callable[[], None]:
    def raises() -> None:
        raise Failed(reason, may_pass=may_pass, is_down=is_down)

    return raises


@pytest.mark.parametrize(
    ("content", "tags", "why"),
    [
        (None, None, None),
        (b"x", OURS, None),
        (b"x", {**OURS, "team": "a"}, None),
        (None, {}, "it does not have the tags managed-by: sealgen and sealgen-environment: staging"),
        (b"x", {}, "it does not have the tags managed-by: sealgen and sealgen-environment: staging"),
        (b"x", None, "it can have no tags, which would say whose it is"),
        (b"x", {"managed-by": "external-secrets"}, "it is managed by 'external-secrets'"),
        (b"x", {"managed-by": "sealgen"}, "it is that of the environment ''"),
        (b"x", {**OURS, "sealgen-environment": "production"}, "it is that of the environment 'production'"),
    ],
)
def test_whose_an_entry_is(
    look: Callable[[Shelf], Held], content: bytes | None, tags: dict[str, str] | None, why: str | None
) -> None:
    assert look(Shelf(content, tags)).not_ours("staging") == why


def test_all_of_a_store_that_is_ours_by_nature_is_ours(
    look: Callable[[Shelf], Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shelf, "owned", True)
    assert look(Shelf(b"x")).not_ours("staging") is None


def test_it_is_put_with_the_tags(look: Callable[[Shelf], Held]) -> None:
    shelf = Shelf()
    assert look(shelf).put({PART: Secret(b"new")}, "staging") is True
    assert (shelf.content, shelf.tags) == (b"new", OURS)


def test_one_who_comes_second_does_not_write(look: Callable[[Shelf], Held]) -> None:
    shelf = Shelf(b"one", OURS)
    first, second = look(shelf), look(shelf)
    assert first.put({PART: Secret(b"two")}, "staging") is True
    assert second.put({PART: Secret(b"three")}, "staging") is False
    assert shelf.content == b"two"


def test_what_fails_in_passing_is_tried_again(look: Callable[[Shelf], Held]) -> None:
    shelf = Shelf()
    shelf.before = [fail("busy"), fail("busy")]
    assert look(shelf).put({PART: Secret(b"new")}, "staging") is True
    assert (shelf.content, shelf.writes) == (b"new", 1)


def test_what_was_done_though_its_answer_was_lost_is_not_done_twice(look: Callable[[Shelf], Held]) -> None:
    shelf = Shelf()

    def lose() -> None:
        shelf.tags = OURS
        raise Failed("cut")

    shelf.after = [lose]
    assert look(shelf).put({PART: Secret(b"new")}, "staging") is True
    assert (shelf.content, shelf.tags, shelf.writes) == (b"new", OURS, 1)


def test_what_was_half_done_is_finished(look: Callable[[Shelf], Held]) -> None:
    shelf = Shelf()

    def cut() -> None:
        shelf.tags = {}
        raise Failed("cut")

    shelf.after = [cut]
    assert look(shelf).put({PART: Secret(b"new")}, "staging") is True
    assert (shelf.content, shelf.tags, shelf.writes) == (b"new", OURS, 2)


def test_a_try_that_failed_does_not_hide_that_another_came_first(look: Callable[[Shelf], Held]) -> None:
    shelf = Shelf()

    def others() -> None:
        shelf.content, shelf.version, shelf.tags = b"theirs", 1, OURS
        raise Failed("cut")

    shelf.before = [others]
    assert look(shelf).put({PART: Secret(b"new")}, "staging") is False
    assert shelf.content == b"theirs"


@pytest.mark.parametrize(
    ("happens", "message"),
    [
        ([fail("busy")] * 4, "shelf/db on the shelf can't be written: busy (4 tries)"),
        ([fail("no TLS", may_pass=False, is_down=True)], "shelf/db on the shelf can't be written: no TLS"),
    ],
)
def test_a_store_that_fails_is_told_with_nothing_of_the_value(
    look: Callable[[Shelf], Held], happens: list[Callable[[], None]], message: str
) -> None:
    shelf = Shelf()
    held = look(shelf)
    shelf.before = list(happens)
    with pytest.raises(CannotTell) as caught:
        held.put({PART: Secret(CANARY.encode())}, "staging")
    assert str(caught.value) == message
    assert caught.value.__cause__ is None
    assert CANARY not in repr(vars(held)) + repr(Seen(CANARY.encode(), "1", None))


def test_what_it_does_not_take_is_not_sent(look: Callable[[Shelf], Held]) -> None:
    shelf = Shelf()
    held = look(shelf)
    told = "shelf/db on the shelf can't be written: it would be too large"
    assert held.problem({PART: Secret(b"x" * 101)}) == told
    with pytest.raises(SealgenError) as caught:
        held.put({PART: Secret(b"x" * 101)}, "staging")
    assert (str(caught.value), shelf.writes) == (told, 0)


def test_what_was_read_is_read_again_once_it_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    its = stores(Shelf(b"one", OURS), monkeypatch, tmp_path)
    assert its.read("password", PART).reveal() == b"one"
    held = its.look(ENTRY, 30)
    assert its.read("password", PART).reveal() == b"one"
    assert held.put({PART: Secret(b"two")}, "staging") is True
    assert its.read("password", PART).reveal() == b"two"


def test_eight_are_looked_at_at_once_and_each_fails_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shelf, barrier, lock = Shelf(b"x"), threading.Barrier(8, timeout=10), threading.Lock()
    at_once, most = 0, 0

    def look(entry: Entry, _: Deadline) -> Seen:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        barrier.wait()
        with lock:
            at_once -= 1
        if entry.name == "e3":
            raise Refused("e3 is gone")
        return Seen(entry.name.encode(), "1", None)

    monkeypatch.setattr(shelf, "look", look)
    entries = [replace(ENTRY, name=f"e{number}") for number in range(16)]
    looked = stores(shelf, monkeypatch, tmp_path).look_all(dict.fromkeys(entries, 30))
    assert (list(looked), most) == (entries, 8)
    failed = [(entry.name, str(held)) for entry, held in looked.items() if isinstance(held, SealgenError)]
    assert failed == [("e3", "e3 is gone")]


def test_a_fault_of_ours_while_looking_arrives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shelf = Shelf()
    monkeypatch.setattr(shelf, "look", lambda *_: dict[str, Seen]()["none"])
    with pytest.raises(KeyError):
        stores(shelf, monkeypatch, tmp_path).look_all({ENTRY: 30})


def test_a_store_that_can_only_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SealgenError) as caught:
        Stores(tmp_path, {}).look(Entry(SopsStore(), "secrets.yaml", None), 30)
    assert (type(caught.value), str(caught.value)) == (SealgenError, "secrets.yaml can be read, and not written")


def test_a_store_that_can_not_be_signed_in_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotTell) as caught:
        Stores(tmp_path, {}).look(ENTRY, 30)
    assert str(caught.value) == (
        "it is not said where Vault is\nSet VAULT_ADDR, or write stores: {main: {kind: vault, address: https://…}}."
    )
