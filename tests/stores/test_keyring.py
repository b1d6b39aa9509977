"""The system's keyring: what it has arrives, a host without one is told plainly, and nobody is waited for too long."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores import keyring as keyring_store
from sealgen.stores.deadline import Deadline
from sealgen.stores.refusal import Refused
from sealgen.stores.writing import Seen
from sealgen.values.entry import Entry
from sealgen.values.keyring import KeyringStore
from tests.stores.asking import refused, value
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ENTRY = Entry(KeyringStore(), "aura/postgres/me", None)
SAID = "{keyring: aura/postgres/me}"


class InMemory(keyring.backend.KeyringBackend):  # type: ignore[misc]  # it is not typed for us
    """A keyring that keeps nothing beyond this process."""

    priority = 1
    name = "in memory"

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.first: Callable[[], object] = lambda: None

    def get_password(self, service: str, username: str) -> str | None:
        self.first()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.first()
        self.held[service, username] = password

    def raises(self, error: Exception) -> None:
        def first() -> None:
            raise error

        self.first = first


@pytest.fixture(autouse=True)
def backend() -> Iterator[InMemory]:
    """Have the library find a keyring in memory."""
    before, ours = keyring.get_keyring(), InMemory()
    ours.held["aura/postgres", "me"] = "x y\N{GRINNING FACE}"
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


def test_a_password_is_its_bytes(tmp_path: Path, backend: InMemory) -> None:
    assert value(SAID, tmp_path, {}) == "x y\N{GRINNING FACE}".encode()
    backend.held["aura/postgres", "me"] = '{"password": "of JSON"}'
    assert value("{keyring: aura/postgres/me, property: password}", tmp_path, {}) == b"of JSON"
    backend.held["aura/postgres", "me"] = "/u0="
    assert value("{keyring: aura/postgres/me, encoding: base64}", tmp_path, {}) == b"\xfe\xed"


def test_one_that_is_not_there(tmp_path: Path) -> None:
    assert refused("{keyring: my aura/me}", tmp_path, {}) == (
        CannotTell,
        "values.password: there is no my aura/me in the keyring (in memory)\nPut it there: keyring set 'my aura' me",
    )


def test_a_host_without_a_keyring(tmp_path: Path) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    assert refused(SAID, tmp_path, {}) == (
        CannotTell,
        (
            "values.password: aura/postgres/me needs a keyring, and this system has none that the keyring library "
            "knows\nOn a server, as in CI, take the value from another source; see: keyring --list-backends"
        ),
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            keyring.errors.KeyringLocked(CANARY),
            "can't be had: the keyring is locked\nUnlock it and run again.",
        ),
        (keyring.errors.InitError(CANARY), "can't be had (InitError)"),
        (RuntimeError(CANARY), "can't be had (RuntimeError)"),
    ],
)
def test_a_keyring_that_fails_is_told_without_its_words(
    tmp_path: Path, backend: InMemory, error: Exception, message: str
) -> None:
    backend.raises(error)
    assert refused(SAID, tmp_path, {}) == (
        CannotTell,
        f"values.password: aura/postgres/me in the keyring (in memory) {message}",
    )


def test_a_keyring_that_waits_for_its_user_is_left_when_time_is_up(tmp_path: Path, backend: InMemory) -> None:
    never = threading.Event()
    backend.first = lambda: never.wait(60)
    assert refused("{keyring: aura/postgres/me, timeout: 1s}", tmp_path, {}) == (
        CannotTell,
        "values.password: aura/postgres/me in the keyring (in memory) can't be had: no answer within 1 s",
    )
    never.set()


def test_without_the_library_the_line_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert refused(SAID, tmp_path, {}) == (
        SealgenError,
        (
            "values.password: the keyring needs the keyring library, which is not installed\n"
            "Install it: pip install 'sealgen[keyring]'"
        ),
    )


def test_a_password_is_put_on_no_condition_as_a_keyring_knows_none(tmp_path: Path, backend: InMemory) -> None:
    store: Any = keyring_store.connect(KeyringStore(), tmp_path, {})
    seen = store.look(ENTRY, Deadline(5))
    assert seen == Seen("x y\N{GRINNING FACE}".encode(), None, None)
    store.write(ENTRY, b"next", seen, {}, Deadline(5))
    assert backend.held["aura/postgres", "me"] == "next"
    del backend.held["aura/postgres", "me"]
    assert store.look(ENTRY, Deadline(5)) == Seen(None, None, None)
    assert not store.owned
    backend.raises(keyring.errors.PasswordSetError(CANARY))
    with pytest.raises(Refused) as caught:
        store.write(ENTRY, b"x", seen, {}, Deadline(5))
    assert caught.value.problem == "aura/postgres/me in the keyring (in memory) can't be written (PasswordSetError)"


def test_bytes_that_are_no_text_do_not_fit(tmp_path: Path) -> None:
    store: Any = keyring_store.connect(KeyringStore(), tmp_path, {})
    assert store.problem(ENTRY, b"x") is None
    assert store.problem(ENTRY, b"\xff") == (
        "it is not UTF-8 text, and a keyring takes nothing else; say encoding: base64"
    )
