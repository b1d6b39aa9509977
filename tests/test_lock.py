"""A lock says what was sealed, in one form only, merges like source, and tells nothing of a value."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.lock import Lock, LockedKey, LockedValue, dump, read
from sealgen.values.env import Env
from sealgen.values.fingerprint import FingerprintKey
from sealgen.values.secret import Secret
from sealgen.values.value import specification_digest
from sealgen.values.version import counter_of, made_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIN = "SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE"
HMAC = "hmac-sha256:" + "0123456789abcdef" * 2
LITERAL = "literal:" + "f" * 32
MADE = "3-1f9c2ab4"
NOT_A_LINE = "not a line of a lock as sealgen writes it; restore it from Git"
OUT_OF_ORDER = "out of order, or there twice; restore the lock from Git"
UNFINISHED = "the last line is unfinished; restore it from Git"
CONFLICT = "a merge conflict; keep the lines that belong to the manifests you keep, then run 'sealgen plan'"

LOCK = Lock(
    fingerprint_key="0123456789abcdef",
    values={
        "user": LockedValue(LITERAL, "2026-02-28", "a" * 64),
        "jwt_key": LockedValue(MADE, "2026-03-01", "b" * 64),
        "smtp": LockedValue(HMAC, "2024-02-29", "c" * 64),
    },
    keys={
        ("backend", "JWT"): LockedKey(
            filename="backend.yaml",
            namespace="aura",
            scope=Scope.STRICT,
            recipe="d" * 64,
            values={"user": LITERAL, "jwt_key": MADE},
            certificate=PIN,
            ciphertext="e" * 64,
        ),
        ("backend", "A.b-c_d"): LockedKey(
            filename="backend.yaml",
            namespace="aura",
            scope=Scope.CLUSTER_WIDE,
            recipe="1" * 64,
            values={},
            certificate=PIN,
            ciphertext="2" * 64,
        ),
    },
)
TEXT = (
    '{"sealgen":"lock","format":1,"fingerprint_key":"0123456789abcdef"}\n'
    f'{{"value":"jwt_key","version":"{MADE}","date":"2026-03-01","specification":"{"b" * 64}"}}\n'
    f'{{"value":"smtp","version":"{HMAC}","date":"2024-02-29","specification":"{"c" * 64}"}}\n'
    f'{{"value":"user","version":"{LITERAL}","date":"2026-02-28","specification":"{"a" * 64}"}}\n'
    '{"secret":"backend","key":"A.b-c_d","file":"backend.yaml","namespace":"aura","scope":"cluster-wide",'
    f'"recipe":"{"1" * 64}","values":{{}},"certificate":"{PIN}","ciphertext":"{"2" * 64}"}}\n'
    '{"secret":"backend","key":"JWT","file":"backend.yaml","namespace":"aura","scope":"strict",'
    f'"recipe":"{"d" * 64}","values":{{"jwt_key":"{MADE}","user":"{LITERAL}"}},"certificate":"{PIN}",'
    f'"ciphertext":"{"e" * 64}"}}\n'
)


def refusal(content: bytes | str) -> str:
    """Return the whole message with which reading fails."""
    with pytest.raises(ConfigurationError) as caught:
        read(content.encode() if isinstance(content, str) else content, "staging.lock")
    assert caught.value.__cause__ is None
    return str(caught.value)


def with_line(number: int, **changes: Any) -> str:
    """Return TEXT with changed fields in one line; None drops a field."""
    lines = TEXT.splitlines()
    data = json.loads(lines[number - 1]) | changes
    lines[number - 1] = json.dumps({k: v for k, v in data.items() if v is not None}, separators=(",", ":"))
    return "\n".join(lines) + "\n"


def test_a_lock_is_json_lines_in_order() -> None:
    assert dump(LOCK).decode() == TEXT
    assert read(TEXT.encode(), "staging.lock") == LOCK


def test_an_empty_lock_is_its_header() -> None:
    assert dump(Lock()) == b'{"sealgen":"lock","format":1}\n'
    assert read(dump(Lock()), "staging.lock") == Lock()


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
hexes = st.text("0123456789abcdef", min_size=32, max_size=32)
tokens = st.text("0123456789abcdef", min_size=8, max_size=8)
versions = (
    st.builds(made_version, st.integers(1, 999_999_999), tokens)
    | hexes.map("hmac-sha256:".__add__)
    | hexes.map("literal:".__add__)
)


def whole(lock: Lock) -> Lock:
    """Return the lock with a line for every value that its keys are made of."""
    used = {name for key in lock.keys.values() for name in key.values}
    return dataclasses.replace(
        lock, values={name: LockedValue("1-00000000", "2026-11-24", "0" * 64) for name in used} | dict(lock.values)
    )


locks = st.builds(
    Lock,
    fingerprint_key=st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
    values=st.dictionaries(names, st.builds(LockedValue, versions, st.dates().map(str), digests), max_size=4),
    keys=st.dictionaries(
        st.tuples(
            st.from_regex("[a-z]{1,3}(-[a-z]{1,3})?", fullmatch=True),
            st.from_regex("[A-Z._-]{3,6}X", fullmatch=True).filter(lambda key: not key.startswith("..")),
        ),
        st.builds(
            LockedKey,
            filename=st.from_regex(r"[a-zA-Z0-9][a-z.]{0,5}\.ya?ml", fullmatch=True),
            namespace=st.from_regex("[a-z0-9]{1,5}(-[a-z0-9]{1,5})?", fullmatch=True),
            scope=st.sampled_from(Scope),
            recipe=digests,
            values=st.dictionaries(names, versions, max_size=3),
            certificate=st.just(PIN),
            ciphertext=digests,
        ),
        max_size=4,
    ),
).map(whole)


@given(locks)
@settings(max_examples=100, deadline=None)
def test_a_lock_is_read_as_it_was_written(lock: Lock) -> None:
    content = dump(lock)
    assert read(content, "staging.lock") == lock
    assert dump(read(content, "staging.lock")) == content


@given(locks, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_equal_locks_are_equal_bytes_whatever_the_order(lock: Lock, random: Any) -> None:
    def shuffled(mapping: Any) -> Any:
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    keys = {place: dataclasses.replace(key, values=shuffled(key.values)) for place, key in lock.keys.items()}
    assert dump(Lock(lock.fingerprint_key, shuffled(lock.values), shuffled(keys))) == dump(lock)


@given(st.binary(max_size=40), st.integers(0, len(TEXT)), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_damage_is_refused_and_never_read_as_something_else(junk: bytes, start: int, length: int) -> None:
    content = TEXT.encode()
    damaged = content[:start] + junk + content[start + length :]
    with contextlib.suppress(ConfigurationError):
        assert dump(read(damaged, "staging.lock")) == damaged


@pytest.mark.parametrize(
    "version",
    [
        0,
        3,
        -1,
        True,
        1.0,
        "1",
        "",
        "3-",
        "-1f9c2ab4",
        "0-1f9c2ab4",
        "03-1f9c2ab4",
        "-3-1f9c2ab4",
        "+3-1f9c2ab4",
        "3-1f9c2ab",
        "3-1f9c2ab40",
        "3-1F9C2AB4",
        "3-1f9c2abg",
        "3_1f9c2ab4",
        "3-1f9c2ab4\n",
        " 3-1f9c2ab4",
        "\u0663-1f9c2ab4",
        "1000000000-1f9c2ab4",
        None,
        [1],
        f"sha256:{'0' * 64}",
        f"hmac-sha256:{'0' * 64}",
        "0" * 32,
        HMAC + "0",
        HMAC.upper(),
        HMAC + "\n",
        "md5:" + "0" * 32,
    ],
)
def test_a_version_is_a_counter_with_random_digits_or_a_digest_of_a_kind_that_tells_nothing(version: object) -> None:
    """A hash without a key could be guessed against: there is no place for one."""
    assert refusal(with_line(2, version=version)) == f"staging.lock:2:1: {NOT_A_LINE}"
    assert refusal(with_line(6, values={"jwt_key": version})) == f"staging.lock:6:1: {NOT_A_LINE}"


@pytest.mark.parametrize(
    ("number", "field", "wrong"),
    [
        (1, "sealgen", "luck"),
        (1, "sealgen", None),
        (1, "format", None),
        (1, "fingerprint_key", "0123"),
        (1, "fingerprint_key", "0" * 64),
        (1, "fingerprint_key", 1),
        (2, "value", "jwt-key"),
        (2, "value", "a\x1b[2J"),
        (2, "value", 1),
        (2, "version", None),
        (2, "date", "2026-3-1"),
        (2, "date", "2026-02-30"),
        (2, "date", "20260301"),
        (2, "date", "\u0662\u0660\u0662\u0666-03-01"),
        (2, "date", "2026-03-01T00:00:00Z"),
        (2, "date", 20260301),
        (2, "date", None),
        (2, "specification", "b" * 63),
        (2, "specification", "B" * 64),
        (2, "specification", None),
        (5, "secret", "Backend"),
        (5, "secret", "../backend"),
        (5, "secret", "a\nb"),
        (5, "secret", []),
        (5, "secret", None),
        (5, "key", ".."),
        (5, "key", "a b"),
        (5, "key", {}),
        (5, "key", None),
        (5, "file", "../backend.yaml"),
        (5, "file", "/etc/passwd"),
        (5, "file", "a/b.yaml"),
        (
            5,
            "file",
            "..",
        ),
        (5, "file", ".hidden.yaml"),
        (5, "file", "a.yaml\n"),
        (5, "file", ""),
        (5, "file", 1),
        (5, "file", None),
        (5, "namespace", "Aura"),
        (5, "namespace", ""),
        (5, "namespace", None),
        (5, "scope", "namespace"),
        (5, "scope", 1),
        (5, "scope", None),
        (5, "recipe", ""),
        (5, "recipe", None),
        (5, "values", []),
        (5, "values", {"a b": MADE}),
        (5, "values", {"a": 1}),
        (5, "values", None),
        (5, "certificate", PIN + "="),
        (5, "certificate", "aura.pem"),
        (5, "certificate", None),
        (5, "ciphertext", "2" * 65),
        (5, "ciphertext", None),
    ],
)
def test_a_field_holds_only_what_sealgen_writes_there(number: int, field: str, wrong: object) -> None:
    """A path in ``file`` above all: a lock must not lead out of the output folder."""
    assert refusal(with_line(number, **{field: wrong})) == f"staging.lock:{number}:1: {NOT_A_LINE}"


@pytest.mark.parametrize(
    "line", ["", "x", "[]", "[1]", '"value"', "1", "null", "{}", '{"value":"x"}', "{", "\xff", "[" * 100_000]
)
def test_a_line_is_one_of_three_objects(line: str) -> None:
    first, *rest = TEXT.splitlines(keepends=True)
    content = "".join([first, line + "\n", *rest]).encode("latin-1")
    assert refusal(content) == f"staging.lock:2:1: {NOT_A_LINE}"
    assert refusal((line + "\n").encode("latin-1") + first.encode()) == f"staging.lock:1:1: {NOT_A_LINE}"


def _lines() -> list[str]:
    return TEXT.splitlines(keepends=True)


def _otherwise() -> Iterator[tuple[str, str, int, str]]:
    """Yield what is the same data in another form, the line where it differs, and what is said of it."""
    head, jwt, smtp, user, first, second = _lines()
    yield "values out of order", "".join([head, smtp, jwt, user, first, second]), 3, OUT_OF_ORDER
    yield "keys out of order", "".join([head, jwt, smtp, user, second, first]), 6, OUT_OF_ORDER
    yield "keys before values", "".join([head, first, second, jwt, smtp, user]), 4, OUT_OF_ORDER
    yield "a key before its values", "".join([head, jwt, smtp, first, user, second]), 5, OUT_OF_ORDER
    yield "a line twice", "".join([head, jwt, jwt, smtp, user, first, second]), 3, OUT_OF_ORDER
    yield "a value twice", "".join([head, jwt, jwt.replace("3-", "4-"), smtp, user, first, second]), 3, OUT_OF_ORDER
    yield "a key twice", "".join([head, jwt, smtp, user, first, first, second]), 6, OUT_OF_ORDER
    yield "a space", TEXT.replace('"version":"3', '"version": "3'), 2, NOT_A_LINE
    yield "a space after a line", TEXT.replace('"}\n', '"} \n', 1), 1, NOT_A_LINE
    yield "an escape", TEXT.replace("jwt_key", "jwt\\u005fkey", 1), 2, NOT_A_LINE
    made = f'"version":"{MADE}"'
    yield "fields out of order", TEXT.replace(f'"value":"jwt_key",{made}', f'{made},"value":"jwt_key"'), 2, NOT_A_LINE
    pairs = f'"jwt_key":"{MADE}","user":"{LITERAL}"'
    yield (
        "values of a key out of order",
        TEXT.replace(pairs, f'"user":"{LITERAL}","jwt_key":"{MADE}"'),
        6,
        OUT_OF_ORDER,
    )
    yield "a value of a key twice", TEXT.replace(pairs, f'"jwt_key":"4-00000000",{pairs}'), 6, OUT_OF_ORDER
    yield "an unknown field", TEXT.replace(made, f'"length":32,{made}'), 2, NOT_A_LINE
    yield "an unknown field of the header", TEXT.replace('"format":1', '"format":1,"x":2'), 1, NOT_A_LINE
    yield "a field twice", TEXT.replace(made, f"{made},{made}"), 2, NOT_A_LINE
    yield "no line end", TEXT.removesuffix("\n"), 6, UNFINISHED
    yield "half a line", TEXT[:-30], 6, UNFINISHED
    yield "a header without its end", head.removesuffix("\n"), 1, UNFINISHED
    yield (
        "an empty key",
        TEXT.replace("0123456789abcdef", "", 1).replace(',"fingerprint_key":""', ',"fingerprint_key":null'),
        1,
        NOT_A_LINE,
    )
    yield "CRLF", TEXT.replace("\n", "\r\n"), 1, NOT_A_LINE
    yield "an empty line at the end", TEXT + "\n", 7, NOT_A_LINE
    yield "the header again", "".join([head, head]), 2, NOT_A_LINE


@pytest.mark.parametrize(
    ("content", "line", "message"), [case[1:] for case in _otherwise()], ids=[case[0] for case in _otherwise()]
)
def test_there_is_one_form_only(content: str, line: int, message: str) -> None:
    assert refusal(content) == f"staging.lock:{line}:1: {message}"


def test_a_key_of_a_value_that_has_no_line_is_refused() -> None:
    """A merge that lost a value's line would make its next version the first again."""
    head, _, smtp, user, first, second = _lines()
    assert refusal("".join([head, smtp, user, first, second])) == (
        "staging.lock:5:1: the key is made of jwt_key, which has no line of its own; restore it from Git"
    )
    assert refusal("".join([head, smtp, first, second])) == (
        "staging.lock:4:1: the key is made of jwt_key, which has no line of its own; restore it from Git"
    )


@pytest.mark.parametrize(
    ("version", "counter"),
    [(MADE, 3), ("1-00000000", 1), ("999999999-ffffffff", 999_999_999), (HMAC, None), (LITERAL, None)],
)
def test_only_the_version_of_what_is_made_has_a_counter(version: str, counter: int | None) -> None:
    assert counter_of(version) == counter
    assert read(with_line(3, version=version).encode(), "staging.lock").values["smtp"].version == version


@given(st.integers(1, 999_999_999), tokens)
def test_the_counter_of_a_version_is_what_it_was_made_with(counter: int, token: str) -> None:
    assert counter_of(made_version(counter, token)) == counter


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"\0", TEXT[:20].encode(), TEXT.encode("utf-16"), b"\xef\xbb\xbf" + TEXT.encode()],
    ids=["nothing", "an empty line", "NUL", "half a header", "UTF-16", "a byte order mark"],
)
def test_what_is_no_lock_at_all_is_refused(content: bytes) -> None:
    assert refusal(content) == f"staging.lock:1:1: {NOT_A_LINE}"


@pytest.mark.parametrize("format_", [2, 0, 99])
def test_a_later_format_is_refused_with_advice(format_: int) -> None:
    content = f'{{"sealgen":"lock","format":{format_},"new":"field"}}\nwhatever\n'
    assert refusal(content) == (
        f"staging.lock:1:1: the lock has format {format_}, and this sealgen knows 1; update sealgen"
    )


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "=======", ">>>>>>> topic", "||||||| 1234567"])
def test_a_merge_conflict_is_refused_with_advice(marker: str) -> None:
    lines = _lines()
    assert refusal("".join([*lines[:2], marker + "\n", *lines[2:]])) == f"staging.lock:3:1: {CONFLICT}"


# Merging.


def _many(changes: dict[str, str]) -> Lock:
    """Return a lock of ten values, each in a key of its own; the changed ones with their new version."""
    versions = {f"value_{letter}": "1-00000000" for letter in "abcdefghij"} | changes
    return Lock(
        values={
            name: LockedValue(version, f"2026-01-{counter_of(version):02}", "a" * 64)
            for name, version in versions.items()
        },
        keys={
            ("backend", name.upper()): LockedKey(
                filename="backend.yaml",
                namespace="aura",
                scope=Scope.STRICT,
                recipe="b" * 64,
                values={name: version},
                certificate=PIN,
                ciphertext=hashlib.sha256(f"{name} {version}".encode()).hexdigest(),
            )
            for name, version in versions.items()
        },
    )


def _git_merge(folder: Path, base: Lock, ours: Lock, theirs: Lock) -> tuple[int, bytes]:
    """Merge as Git merges any file; return the number of conflicts and the result."""
    paths = []
    for name, lock in (("ours", ours), ("base", base), ("theirs", theirs)):
        (folder / name).write_bytes(dump(lock))
        paths.append(str(folder / name))
    done = subprocess.run(["git", "merge-file", "-p", *paths], capture_output=True, check=False)
    return done.returncode, done.stdout


def test_locks_that_change_different_values_merge_cleanly(tmp_path: Path) -> None:
    conflicts, merged = _git_merge(
        tmp_path, _many({}), _many({"value_b": "2-1f9c2ab4"}), _many({"value_h": "2-1f9c2ab4"})
    )
    assert conflicts == 0
    assert read(merged, "staging.lock") == _many({"value_b": "2-1f9c2ab4", "value_h": "2-1f9c2ab4"})


def test_a_new_value_and_a_changed_one_merge_cleanly(tmp_path: Path) -> None:
    added = {"value_dd": "1-1f9c2ab4"}
    conflicts, merged = _git_merge(tmp_path, _many({}), _many(added), _many({"value_h": "2-1f9c2ab4"}))
    assert conflicts == 0
    assert read(merged, "staging.lock") == _many({**added, "value_h": "2-1f9c2ab4"})


def test_two_versions_of_one_value_are_a_conflict_that_is_told_of(tmp_path: Path) -> None:
    """The next version of both branches has the same number: its random digits are what differs."""
    ours, theirs = _many({"value_b": "2-1f9c2ab4"}), _many({"value_b": "2-65574bab"})
    conflicts, merged = _git_merge(tmp_path, _many({}), ours, theirs)
    assert conflicts == 2
    assert refusal(merged) == f"staging.lock:3:1: {CONFLICT}"


def test_a_changed_value_changes_its_own_line_and_those_of_its_keys() -> None:
    before, after = (dump(_many(changes)).splitlines() for changes in ({}, {"value_c": "2-1f9c2ab4"}))
    assert [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == [3, 13]


# What it tells an attacker.


def test_nothing_in_a_lock_can_be_guessed_against() -> None:
    """Who holds the lock and guesses right sees nothing match: a weak value is not found by trying."""
    guess, key = b"hunter2", FingerprintKey(Secret(bytes(range(32))))
    source = Env("SMTP_PASSWORD")
    version = key.version("staging", "smtp", {"": Secret(guess)})
    lock = dataclasses.replace(
        LOCK,
        fingerprint_key=key.id,
        values={"smtp": LockedValue(version, "2026-03-01", specification_digest(source))},
        keys={("backend", "SMTP"): dataclasses.replace(LOCK.keys["backend", "JWT"], values={"smtp": version})},
    )
    content = dump(lock)
    assert guess not in content
    public = [b"", b"staging", b"smtp", b"stagingsmtp", b"staging/smtp", key.id.encode(), b"SMTP_PASSWORD"]
    for known in public:
        for text in (guess, known + guess, known + b":" + guess, known + b"\0" + guess, guess + known):
            for algorithm in ("md5", "sha1", "sha256", "sha512", "blake2b"):
                digest = hashlib.new(algorithm, text).digest()
                assert digest.hex()[:16].encode() not in content
                assert base64.b64encode(digest)[:16] not in content
    other = FingerprintKey(Secret(bytes(32)))
    assert other.version("staging", "smtp", {"": Secret(guess)}) != version


def test_a_lock_has_no_place_for_a_value_or_its_length() -> None:
    assert [field.name for field in dataclasses.fields(LockedValue)] == ["version", "date", "specification"]
    assert [field.name for field in dataclasses.fields(LockedKey)] == [
        "filename",
        "namespace",
        "scope",
        "recipe",
        "values",
        "certificate",
        "ciphertext",
    ]
