"""Many values are sealed by child processes, which give what one process would, and of which nothing is left."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import sealgen
from sealgen.crypto import crew
from sealgen.crypto.crew import FEW
from sealgen.crypto.hybrid import seal, unseal
from sealgen.errors import SealgenError
from sealgen.overlay.state import lock_holder
from sealgen.overlay.transaction import exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

# Tests may run beside a thread of pytest's own, which holds no lock that sealing needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

LABEL = b"aura-staging/backend-secrets"
ENDED = "a process that sealed values was ended from outside; nothing was written"


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make every value one of many, and return the children that were started since."""
    started: list[int] = []
    fork = os.fork

    def noted() -> int:
        child = fork()
        started.append(child)
        return child

    monkeypatch.setattr(os, "fork", noted)
    monkeypatch.setattr(crew, "FEW", 0)
    return started


@pytest.fixture
def _nothing_is_left(children: list[int]) -> Iterator[None]:
    """Fail where a test leaves a descriptor or a process."""
    before = os.listdir("/dev/fd")  # noqa: PTH208
    yield
    assert os.listdir("/dev/fd") == before  # noqa: PTH208
    for child in children:
        with pytest.raises(ChildProcessError):
            os.waitpid(child, os.WNOHANG)


def use_processors(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(number)), raising=False)


def some(count: int) -> list[tuple[bytes, bytes]]:
    """Return so many pairs of plaintext, of any length, and label."""
    return [(b"%d," % number * (number * 7 % 90), b"namespace/%d" % number) for number in range(count)]


def sealed(items: Sequence[tuple[bytes, bytes]], public_key: RSAPublicKey) -> Iterator[bytes]:
    """Seal with a crew that ends with the generator."""
    with crew.crew() as hands:
        yield from hands.seal(items, public_key)


def opened(
    ciphertexts: Iterator[bytes], items: Sequence[tuple[bytes, bytes]], private_key: RSAPrivateKey
) -> list[tuple[bytes, bytes]]:
    pairs = zip(ciphertexts, items, strict=True)
    return [(unseal(ciphertext, [private_key], label), label) for ciphertext, (_, label) in pairs]


@pytest.mark.usefixtures("_nothing_is_left")
@pytest.mark.parametrize("processors", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 33, 49, 100])
def test_many_values_are_sealed_in_their_order(
    private_key: RSAPrivateKey, children: list[int], monkeypatch: pytest.MonkeyPatch, count: int, processors: int
) -> None:
    use_processors(monkeypatch, processors)
    items = some(count)
    assert opened(sealed(items, private_key.public_key()), items, private_key) == items
    # With one processor there is nobody to share the work with.
    assert len(children) == (0 if processors == 1 else processors)


@pytest.mark.usefixtures("_nothing_is_left")
@pytest.mark.parametrize("size", [0, 1, 100_000, 1_000_000])
def test_a_value_of_any_length_comes_back(private_key: RSAPrivateKey, size: int) -> None:
    items = [(os.urandom(size), b"%d" % number) for number in range(3)]
    assert opened(sealed(items, private_key.public_key()), items, private_key) == items


@pytest.mark.usefixtures("_nothing_is_left")
def test_a_key_whose_bits_fill_no_byte_is_used_as_any_other() -> None:
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2052)
    items = some(20)
    assert opened(sealed(items, private_key.public_key()), items, private_key) == items


@pytest.mark.usefixtures("_nothing_is_left")
@pytest.mark.parametrize(("count", "here"), [(0, 0), (1, 1), (FEW, FEW), (FEW + 1, 0)])
def test_few_values_are_sealed_by_the_caller(
    private_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch, count: int, here: int
) -> None:
    labels = []

    def noted(plaintext: bytes, public_key: RSAPublicKey, label: bytes) -> bytes:
        labels.append(label)
        return seal(plaintext, public_key, label)

    monkeypatch.setattr(crew, "FEW", FEW)
    monkeypatch.setattr(crew, "seal", noted)
    use_processors(monkeypatch, 2)
    items = some(count)
    assert opened(sealed(items, private_key.public_key()), items, private_key) == items
    assert len(labels) == here


@pytest.mark.usefixtures("_nothing_is_left")
def test_a_crew_seals_as_often_as_it_is_asked_to(private_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    use_processors(monkeypatch, 2)
    with crew.crew() as hands:
        for items in (some(40), some(7)):
            assert opened(hands.seal(items, private_key.public_key()), items, private_key) == items


@pytest.mark.usefixtures("_nothing_is_left")
def test_the_processors_that_count_are_those_that_may_be_used(
    private_key: RSAPrivateKey, children: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    use_processors(monkeypatch, 2)
    list(sealed(some(1), private_key.public_key()))
    assert len(children) == 2


@pytest.mark.usefixtures("_nothing_is_left")
@pytest.mark.parametrize(("known", "processes"), [(3, 3), (None, 0)])
def test_where_a_system_does_not_tell_which_may_be_used_all_are(
    private_key: RSAPrivateKey,
    children: list[int],
    monkeypatch: pytest.MonkeyPatch,
    known: int | None,
    processes: int,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    list(sealed(some(1), private_key.public_key()))
    assert len(children) == processes


def killed(*_: object) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def failing(*_: object) -> bytes:
    raise MemoryError


def asking_to_end(*_: object) -> bytes:
    raise SystemExit


def slow(plaintext: bytes, public_key: RSAPublicKey, label: bytes) -> bytes:
    time.sleep(0.02)
    return seal(plaintext, public_key, label)


@pytest.mark.usefixtures("_nothing_is_left")
@pytest.mark.parametrize("ends", [killed, failing, asking_to_end])
def test_a_child_that_ends_too_soon_is_an_error_and_prints_nothing(
    private_key: RSAPrivateKey,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    ends: Callable[..., bytes],
) -> None:
    use_processors(monkeypatch, 2)

    def at_last(plaintext: bytes, public_key: RSAPublicKey, label: bytes) -> bytes:
        return seal(plaintext, public_key, label) if plaintext != b"bad" else ends()

    monkeypatch.setattr(crew, "seal", at_last)
    items = [*some(200), (b"bad", LABEL), *some(40)]
    ciphertexts = sealed(items, private_key.public_key())
    assert opened((next(ciphertexts) for _ in range(32)), items[:32], private_key) == items[:32]
    with pytest.raises(SealgenError) as refusal:
        list(ciphertexts)
    assert str(refusal.value) == ENDED
    assert refusal.value.exit_code == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_nothing_is_left")
@pytest.mark.parametrize("taken", [0, 1, 20])
def test_children_whose_ciphertexts_nobody_wants_end_soon(
    private_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    use_processors(monkeypatch, 3)
    monkeypatch.setattr(crew, "seal", slow)
    ciphertexts = sealed(some(3000), private_key.public_key())
    for _ in range(taken):
        next(ciphertexts)
    begun = time.monotonic()
    del ciphertexts
    assert time.monotonic() - begun < 5  # of 20 seconds


@pytest.mark.usefixtures("_nothing_is_left")
def test_children_end_where_the_generator_is_closed(
    private_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_processors(monkeypatch, 2)
    ciphertexts = sealed(some(100), private_key.public_key())
    next(ciphertexts)
    ciphertexts.close()  # type: ignore[attr-defined]
    assert list(ciphertexts) == []


@pytest.mark.usefixtures("_nothing_is_left")
@pytest.mark.parametrize("possible", [0, 1, 2])
def test_where_no_more_processes_can_be_started_fewer_do_it(
    private_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch, possible: int
) -> None:
    use_processors(monkeypatch, 3)
    forks = iter([os.fork] * possible)

    def fork() -> int:
        if another := next(forks, None):
            return another()
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", fork)
    items = some(100)
    assert opened(sealed(items, private_key.public_key()), items, private_key) == items


@pytest.mark.usefixtures("_nothing_is_left")
def test_children_that_the_system_waits_for_are_no_error(private_key: RSAPrivateKey) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        items = some(40)
        assert opened(sealed(items, private_key.public_key()), items, private_key) == items
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.usefixtures("_nothing_is_left")
def test_children_hold_no_lock(private_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_processors(monkeypatch, 2)
    monkeypatch.setattr(crew, "seal", slow)
    with exclusive(tmp_path, "staging", (), None):
        assert lock_holder(tmp_path, "staging") is not None
        ciphertexts = sealed(some(1000), private_key.public_key())
        next(ciphertexts)
    assert lock_holder(tmp_path, "staging") is None
    next(ciphertexts)  # they work on


# --- signals: in a process of its own, with a session of its own ---

SCRIPT = """
import os, signal, sys, time
from cryptography.hazmat.primitives.asymmetric import rsa
from sealgen.crypto import crew
key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
def slow(*arguments, seal=crew.seal):
    time.sleep(0.02)
    return seal(*arguments)
crew.seal = slow
%s
hands = crew.Crew()
for _ in range(3):
    hands.start()
ciphertexts = hands.seal([(b"", b"")] * %d, key)
next(ciphertexts)
print("begun", flush=True)
print(1 + sum(1 for _ in ciphertexts), flush=True)
"""


def started(setup: str = "", count: int = 6000) -> subprocess.Popen[str]:
    """Start a process that seals 150 values a second; it says when it has begun, and then how many there were."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT % (setup, count)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(sealgen.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_what_interrupts_all_processes_ends_all() -> None:
    with started() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        os.killpg(process.pid, signal.SIGINT)
        # The end of the pipe comes when the last process that holds it has ended.
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out) == (-signal.SIGINT, "")
    assert err.count("Traceback") == 1  # the parent's


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_ends_the_parent_ends_its_children(sent: signal.Signals) -> None:
    with started() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(sent)
        process.communicate(timeout=15)
    assert process.returncode == -sent


def test_where_an_interrupt_is_ignored_all_go_on() -> None:
    with started("signal.signal(signal.SIGINT, signal.SIG_IGN)", count=300) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err) == (0, "300\n", "")


def test_a_child_that_is_interrupted_as_it_begins_does_not_go_on_as_its_parent() -> None:
    setup = """
fork = os.fork
def interrupted():
    child = fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGINT)
    return child
os.fork = interrupted
"""
    with started(setup) as process:
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out) == (1, "")
    assert err.count("Traceback") == 1
    assert err.endswith(f"sealgen.errors.SealgenError: {ENDED}\n")
