"""The stores of a run: several entries at once, each once, tried again where it may help, errors in their order."""

from __future__ import annotations

import sys
import threading
import time
import types
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores import reading
from sealgen.stores.reading import Stores
from sealgen.stores.refusal import Failed, Refused, not_installed
from sealgen.values.entry import Entry, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sealgen.stores.deadline import Deadline


@dataclass(frozen=True)
class Shelf:
    """A store of a test."""

    kind: ClassVar[str] = "shelf"
    name: str = "a"


class Shelves:
    """What a test's store answers, and what it was asked."""

    def __init__(self, answer: Callable[[Entry], Any], most: int = 1) -> None:
        self.answer = answer
        self.most = most
        self.asked: list[list[str]] = []
        self.opened = 0
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()

    def connect(self, store: Shelf, root: Path, environ: Mapping[str, str]) -> Shelves:
        self.opened += 1
        return self

    def label(self, entry: Entry) -> str:
        return f"{entry.name} on the shelf"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> dict[Entry, Any]:
        with self.lock:
            self.asked.append([entry.name for entry in entries])
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            return {entry: self.answer(entry) for entry in entries}
        finally:
            with self.lock:
                self.at_once -= 1


@pytest.fixture
def pauses() -> list[float]:
    """Return the pauses that were made."""
    return []


@pytest.fixture
def open_stores(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> Callable[[Shelves], Stores]:
    """Return what opens a test's store."""

    def opened(shelves: Shelves) -> Stores:
        module = types.ModuleType("sealgen.stores.shelf_of_a_test")
        module.connect = shelves.connect  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(reading._MODULES, "shelf", "shelf_of_a_test")
        return Stores(Path("/nowhere"), {}, pauses.append)

    return opened


def part(name: str, timeout: int = 30, store: str = "a") -> Part:
    return Part(Entry(Shelf(store), name, None), (), None, timeout)


def test_an_entry_is_read_once_whoever_asks(open_stores: Callable[[Shelves], Stores]) -> None:
    shelves = Shelves(lambda entry: entry.name.encode())
    stores = open_stores(shelves)
    stores.ahead([part("one"), part("one"), part("two")])
    stores.ahead([part("one")])
    assert [stores.read("x", part(name)).reveal() for name in ("two", "one", "one", "three")] == [
        b"two",
        b"one",
        b"one",
        b"three",
    ]
    assert sorted(shelves.asked) == [["one"], ["three"], ["two"]]
    assert shelves.opened == 1


def test_properties_of_an_entry_are_one_request(open_stores: Callable[[Shelves], Stores]) -> None:
    shelves = Shelves(lambda _: {"user": "aura", "password": "x"})
    stores = open_stores(shelves)
    entry = Entry(Shelf(), "one", None)
    for name, content in (("user", b"aura"), ("password", b"x")):
        assert stores.read("x", Part(entry, (name,), None, 30)).reveal() == content
    assert shelves.asked == [["one"]]


def test_versions_and_stores_are_told_apart(open_stores: Callable[[Shelves], Stores]) -> None:
    stores = open_stores(Shelves(lambda entry: f"{entry.store}{entry.version}".encode()))
    entries = [Entry(Shelf("a"), "one", None), Entry(Shelf("a"), "one", "1"), Entry(Shelf("b"), "one", None)]
    assert len({stores.read("x", Part(entry, (), None, 30)).reveal() for entry in entries}) == 3


def test_eight_are_asked_for_at_once_and_no_more(open_stores: Callable[[Shelves], Stores]) -> None:
    barrier = threading.Barrier(8, timeout=10)
    shelves = Shelves(lambda entry: [barrier.wait(), entry.name.encode()][1])
    stores = open_stores(shelves)
    parts = [part(f"e{number}") for number in range(24)]
    stores.ahead(parts)
    assert [stores.read("x", each).reveal() for each in parts] == [each.entry.name.encode() for each in parts]
    assert shelves.most_at_once == 8


def test_a_store_that_can_is_asked_for_several_in_one_request(open_stores: Callable[[Shelves], Stores]) -> None:
    shelves = Shelves(lambda entry: Refused("gone") if entry.name == "e3" else entry.name.encode(), most=10)
    stores = open_stores(shelves)
    parts = [part(f"e{number}") for number in range(12)]
    stores.ahead(parts)
    assert stores.read("x", parts[11]).reveal() == b"e11"
    assert sorted(map(len, shelves.asked)) == [2, 10]
    with pytest.raises(CannotTell, match=r"^values\.y: gone$"):
        stores.read("y", parts[3])


def test_what_fails_in_passing_is_tried_again_with_longer_pauses(
    open_stores: Callable[[Shelves], Stores], pauses: list[float]
) -> None:
    def answer(_: Entry) -> bytes:
        raise Failed("it is busy")

    stores = open_stores(Shelves(answer))
    with pytest.raises(CannotTell) as caught:
        stores.read("x", part("one"))
    assert str(caught.value) == "values.x: one on the shelf can't be had: it is busy (4 tries)"
    assert pauses == [0.25, 0.5, 1.0]


def test_the_wait_that_is_asked_for_is_kept_to_within_reason(
    open_stores: Callable[[Shelves], Stores], pauses: list[float]
) -> None:
    waits = [3.0, 3600.0, 0.0]

    def answer(_: Entry) -> bytes:
        if not waits:
            return b"at last"
        raise Failed("it is busy", wait=waits.pop(0))

    assert open_stores(Shelves(answer)).read("x", part("one", 600)).reveal() == b"at last"
    assert pauses == [3.0, 10.0, 1.0]


def test_nobody_waits_for_what_can_not_come_in_time(
    open_stores: Callable[[Shelves], Stores], pauses: list[float]
) -> None:
    def answer(_: Entry) -> bytes:
        raise Failed("it is busy", wait=9)

    with pytest.raises(CannotTell) as caught:
        open_stores(Shelves(answer)).read("x", part("one", 5))
    assert str(caught.value) == "values.x: one on the shelf can't be had: it is busy"
    assert pauses == []


def test_what_does_not_pass_is_not_tried_again(open_stores: Callable[[Shelves], Stores], pauses: list[float]) -> None:
    def answer(_: Entry) -> bytes:
        raise Failed("no TLS", may_pass=False)

    with pytest.raises(CannotTell, match=r"^values\.x: one on the shelf can't be had: no TLS$"):
        open_stores(Shelves(answer)).read("x", part("one"))
    assert pauses == []


def test_a_store_that_answers_nothing_is_not_asked_for_more(open_stores: Callable[[Shelves], Stores]) -> None:
    def answer(_: Entry) -> bytes:
        raise Failed("Connection refused", is_down=True)

    shelves = Shelves(answer)
    stores = open_stores(shelves)
    for name in ("one", "two"):
        with pytest.raises(CannotTell) as caught:
            stores.read(name, part(name))
        assert str(caught.value) == f"values.{name}: {name} on the shelf can't be had: Connection refused (4 tries)"
    assert shelves.asked == [["one"]] * 4


def test_a_store_that_can_not_be_opened_is_tried_once(open_stores: Callable[[Shelves], Stores]) -> None:
    shelves = Shelves(lambda _: b"")
    stores = open_stores(shelves)

    def connect(*_: object) -> Shelves:
        shelves.opened += 1
        raise not_installed("reading a shelf", "ladder", "shelf")

    sys.modules["sealgen.stores.shelf_of_a_test"].connect = connect  # type: ignore[attr-defined]
    stores.ahead([part("one"), part("two")])
    for name in ("one", "two"):
        with pytest.raises(SealgenError) as caught:
            stores.read(name, part(name))
        assert str(caught.value) == (
            f"values.{name}: reading a shelf needs ladder, which is not installed\n"
            "Install it: pip install 'sealgen[shelf]'"
        )
    assert shelves.opened == 1


def test_a_fault_of_ours_in_a_thread_arrives_where_the_value_is_asked_for(
    open_stores: Callable[[Shelves], Stores],
) -> None:
    stores = open_stores(Shelves(lambda _: 1 // 0))
    stores.ahead([part("one")])
    with pytest.raises(ZeroDivisionError):
        stores.read("x", part("one"))


def test_errors_come_in_the_order_of_asking_whichever_was_first(open_stores: Callable[[Shelves], Stores]) -> None:
    def answer(entry: Entry) -> Refused:
        time.sleep(0.05 if entry.name == "a" else 0)
        return Refused(f"no {entry.name}")

    stores = open_stores(Shelves(answer))
    parts = [part(name) for name in "abc"]
    stores.ahead(parts)
    messages = []
    for each in parts:
        with pytest.raises(CannotTell) as caught:
            stores.read(each.entry.name, each)
        messages.append(str(caught.value))
    assert messages == ["values.a: no a", "values.b: no b", "values.c: no c"]


def test_nothing_that_was_read_is_in_a_representation(open_stores: Callable[[Shelves], Stores]) -> None:
    stores = open_stores(Shelves(lambda _: b"canary-5b1f0e"))
    secret = stores.read("x", part("one"))
    assert "canary" not in f"{stores!r} {stores._readings!r} {secret!r} {vars(stores)!r}"
