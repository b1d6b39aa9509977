"""Values in a file that age encrypted: read, written, and refused with nothing of them told."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING
from unittest.mock import patch

import pyrage
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.errors import CannotTell, ConfigurationError, Mark, SealgenError
from sealgen.overlay import single
from sealgen.stores import age, values_text
from sealgen.stores.age_file import AgeFile
from sealgen.stores.deadline import Deadline
from sealgen.stores.refusal import Overtaken, Refused
from sealgen.values.age import AgeStore
from sealgen.values.credential import Credential
from sealgen.values.entry import Entry
from sealgen.values.secret import Secret
from tests.stores.asking import refused, value
from tests.support.age import Key, key
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from pathlib import Path

FILE = "environments/staging.values.age"
ME, OTHER = key(), key()
ENVIRON = {"SEALGEN_AGE_IDENTITY": ME.identity}
STORES = f"{{local: {{kind: age, file: {FILE}, recipients: [{ME.recipient}]}}}}"
VALUES = f"""\
password: {CANARY}
number: 012345
json: '{{"db": {{"password": "x y"}}, "port": 5432}}'
keystore:
  base64: /u3+7Q==
encoded: aGk=
"""


def store(*keys: Key, **fields: object) -> AgeStore:
    given = {"file": FILE, "recipients": tuple(each.recipient for each in keys or (ME,)), **fields}
    return AgeStore(**given)  # type: ignore[arg-type]  # of a test's own choosing


def filled(text: str) -> str:
    """Return the text with keys, which are new in each process and so no parameters of tests."""
    keys = {"<mine>": ME.identity, "<another's>": OTHER.identity, "<recipient>": ME.recipient}
    for word, text_of_key in keys.items():
        text = text.replace(word, text_of_key)
    return text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project's root whose file this machine's identity opens."""
    ME.encrypt(tmp_path / FILE, VALUES.encode())
    return tmp_path


# --- reading ---


@pytest.mark.parametrize(
    ("yaml", "content"),
    [
        ("{age: password}", CANARY.encode()),
        ("{age: number}", b"012345"),
        ("{age: json, property: [db, password]}", b"x y"),
        ("{age: json, property: port}", b"5432"),
        ("{age: keystore}", b"\xfe\xed\xfe\xed"),
        ("{age: encoded, encoding: base64}", b"hi"),
    ],
)
def test_a_value_is_its_bytes(root: Path, yaml: str, content: bytes) -> None:
    assert value(yaml, root, ENVIRON, STORES) == content


def test_a_file_in_armor_is_read_too(root: Path) -> None:
    ME.encrypt(root / FILE, b"password: x\n", armored=True)
    assert value("{age: password}", root, ENVIRON, STORES) == b"x"


def test_all_values_of_a_run_are_of_one_opening(root: Path) -> None:
    values = age.connect(store(), root, ENVIRON)
    first = Entry(store(), "password", None)
    values.read([first], Deadline(5))
    ME.encrypt(root / FILE, b"password: another\n")
    assert values.read([first], Deadline(5)) == {first: CANARY.encode()}


@pytest.mark.parametrize(
    ("yaml", "kind", "message"),
    [
        (
            "{age: pasword}",
            CannotTell,
            (f"{FILE} has no value pasword; did you mean 'password'?\nPut it there: sealgen values set ENV pasword"),
        ),
        (
            "{age: json, property: user}",
            CannotTell,
            f"json of {FILE} has no property 'user'; known are db, port",
        ),
        ("{age: json, property: db}", SealgenError, f"'db' of json of {FILE} is an object, not text"),
        (
            "{age: password, property: x}",
            SealgenError,
            f"password of {FILE} is no JSON, so that it has no property 'x'",
        ),
        ("{age: password, encoding: base64}", SealgenError, f"password of {FILE} is not base64"),
    ],
)
def test_what_is_no_such_value(root: Path, yaml: str, kind: type[SealgenError], message: str) -> None:
    assert refused(yaml, root, ENVIRON, STORES) == (kind, f"values.password: {message}")


NOBODY = (
    f"{FILE} needs an age identity, and none is here\n"
    "Set SEALGEN_AGE_IDENTITY_FILE to the path of one that 'age-keygen -o FILE' made, "
    "or SEALGEN_AGE_IDENTITY to what it holds."
)
STRANGER = (
    f"no age identity in $SEALGEN_AGE_IDENTITY opens {FILE}\n"
    "Whoever can open it adds your recipient to the store's recipients, and runs: sealgen values rekey ENV"
)
PASSPHRASE = (
    "the age identity in $SEALGEN_AGE_IDENTITY is itself encrypted with a passphrase, which sealgen does not ask for\n"
    "Give it what 'age --decrypt' makes of it, in SEALGEN_AGE_IDENTITY."
)
SSH_KEY = (
    "the SSH key in $SEALGEN_AGE_IDENTITY can't be used: it has a passphrase, or is of a kind that age does not know\n"
    "age knows ed25519 and RSA. An identity of age's own: age-keygen -o FILE"
)


@pytest.mark.parametrize(
    ("identity", "kind", "message"),
    [
        (None, CannotTell, NOBODY),
        ("", CannotTell, NOBODY),
        ("<another's>", CannotTell, STRANGER),
        (CANARY, ConfigurationError, "line 1 of $SEALGEN_AGE_IDENTITY is no age identity"),
        (f"# mine\n<mine>\n{CANARY}", ConfigurationError, "line 3 of $SEALGEN_AGE_IDENTITY is no age identity"),
        ("# none\n", ConfigurationError, "$SEALGEN_AGE_IDENTITY holds no age identity"),
        (
            f"AGE-PLUGIN-YUBIKEY-1{CANARY}",
            ConfigurationError,
            "the age identity in $SEALGEN_AGE_IDENTITY needs a plug-in of age, and sealgen runs none",
        ),
        (f"-----BEGIN AGE ENCRYPTED FILE-----\n{CANARY}", ConfigurationError, PASSPHRASE),
        (f"age-encryption.org/v1\n{CANARY}", ConfigurationError, PASSPHRASE),
        (f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n", ConfigurationError, SSH_KEY),
    ],
)
def test_an_identity_that_does_not_open_it(
    root: Path, identity: str | None, kind: type[SealgenError], message: str
) -> None:
    environ = {} if identity is None else {"SEALGEN_AGE_IDENTITY": filled(identity)}
    canaries = (CANARY, OTHER.identity, ME.identity)
    assert refused("{age: password}", root, environ, STORES, canaries) == (kind, f"values.password: {message}")


def test_an_identity_is_found_in_a_variable_or_the_file_that_one_names_the_first_that_is_set(root: Path) -> None:
    (root / "id").write_text(f"# created: today\n# public key: x\n{OTHER.identity}\n{ME.identity}\n")
    (root / "other").write_text(OTHER.identity)
    for environ in (
        {"SEALGEN_AGE_IDENTITY": f"{OTHER.identity}\n{ME.identity}\n"},
        {"SEALGEN_AGE_IDENTITY_FILE": "id", "SOPS_AGE_KEY": OTHER.identity},
        {"SEALGEN_AGE_IDENTITY_FILE": str(root / "id")},
        {"SOPS_AGE_KEY": ME.identity, "SOPS_AGE_KEY_FILE": "other"},
        {"SOPS_AGE_KEY_FILE": "id"},
    ):
        assert value("{age: password}", root, environ, STORES) == CANARY.encode()
    stranger = {"SEALGEN_AGE_IDENTITY_FILE": "other", "SOPS_AGE_KEY": ME.identity}
    assert refused("{age: password}", root, stranger, STORES)[1].startswith(
        f"values.password: no age identity in other opens {FILE}\n"
    )


def test_a_store_may_say_where_its_identity_is(root: Path) -> None:
    (root / "id").write_text(ME.identity)
    for identity in (Credential(file="id"), Credential(env="MINE")):
        file = AgeFile(store(identity=identity), root, {"SEALGEN_AGE_IDENTITY": OTHER.identity, "MINE": ME.identity})
        assert file.read().text.reveal() == VALUES.encode()
    with pytest.raises(CannotTell) as caught:
        AgeFile(store(identity=Credential(env="NONE")), root, ENVIRON).read()
    assert str(caught.value) == f"the age identity for {FILE}: there is nothing in $NONE\nset NONE and run again"


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_ssh_key_opens_what_is_for_it(tmp_path: Path, kind: str) -> None:
    made = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH)
    (tmp_path / "id").write_bytes(made.private_bytes(*form, serialization.NoEncryption()))
    public = made.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    file = AgeFile(store(recipients=(public,)), tmp_path, {"SEALGEN_AGE_IDENTITY_FILE": "id"})
    file.write(file.read(), Secret(b"a: x\n"))
    assert file.read().text.reveal() == b"a: x\n"
    (tmp_path / "id").write_bytes(made.private_bytes(*form, serialization.BestAvailableEncryption(b"passphrase")))
    with pytest.raises(ConfigurationError) as caught:
        file.read()
    assert str(caught.value) == SSH_KEY.replace("$SEALGEN_AGE_IDENTITY", "id")


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (None, CannotTell, f"there is no file {FILE}\nIts first value makes it: sealgen values set ENV NAME"),
        (b"", SealgenError, f"{FILE} is not encrypted with age\nRemove it, and put the values in anew."),
        (
            f"password: {CANARY}\n".encode(),
            SealgenError,
            (
                f"{FILE} is not encrypted with age\n"
                "If it holds values, replace them: whoever has the repository can read them."
            ),
        ),
        (
            b"age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 15\n",
            SealgenError,
            f"{FILE} is encrypted with a passphrase, not for recipients",
        ),
    ],
)
def test_a_file_that_is_none(root: Path, content: bytes | None, kind: type[SealgenError], message: str) -> None:
    (root / FILE).unlink()
    if content is not None:
        (root / FILE).write_bytes(content)
    assert refused("{age: password}", root, ENVIRON, STORES) == (kind, f"values.password: {message}")


def test_a_file_that_was_altered_or_cut_off(root: Path) -> None:
    content = (root / FILE).read_bytes()
    for damaged in (content[:-1], content[:-1] + bytes([content[-1] ^ 1]), content[:60]):
        (root / FILE).write_bytes(damaged)
        assert refused("{age: password}", root, ENVIRON, STORES) == (
            SealgenError,
            (f"values.password: {FILE} is damaged, or was altered after it was encrypted\nGit has it: git log {FILE}"),
        )


def test_a_folder_in_its_place(root: Path) -> None:
    (root / FILE).unlink()
    (root / FILE).mkdir()
    assert refused("{age: password}", root, ENVIRON, STORES) == (
        SealgenError,
        f"values.password: {FILE} is no file of values",
    )


def test_a_text_that_is_wrong_is_told_by_its_place_alone(root: Path) -> None:
    ME.encrypt(root / FILE, f"a: x\npassword: *{CANARY}\n".encode())
    assert refused("{age: a}", root, ENVIRON, STORES) == (
        ConfigurationError,
        (
            f"values.password: {FILE}:2:11: an alias (…); write the value out\n"
            "A text that begins with a mark such as * & ! { [ # % @, or that holds ': ' or ' #', needs quotes."
        ),
    )


def test_without_the_library_the_line_that_installs_it_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    assert refused("{age: password}", root, ENVIRON, STORES) == (
        SealgenError,
        "values.password: age needs pyrage, which is not installed\nInstall it: pip install 'sealgen[age]'",
    )


# --- the file ---


def test_what_is_written_is_for_its_recipients_and_says_who_they_are(tmp_path: Path) -> None:
    file = AgeFile(store(ME, OTHER), tmp_path, ENVIRON)
    written = file.write(file.read(), Secret(b"a: x\n"))
    both = tuple(sorted((ME.recipient, OTHER.recipient)))
    assert written is not None
    assert (written.recipients, written.removed) == (both, ())
    for each in (ME, OTHER):
        assert each.decrypt(tmp_path / FILE).decode() == (
            "# Whoever has one of these keys can open this file; sealgen writes these lines.\n"
            f"# - {both[0]}\n# - {both[1]}\na: x\n"
        )
    assert file.read().text.reveal() == b"a: x\n"
    assert file.read().recipients == both
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o644


def test_what_is_as_it_was_is_not_written_and_other_recipients_are_a_change(tmp_path: Path) -> None:
    file = AgeFile(store(ME), tmp_path, ENVIRON)
    file.write(file.read(), Secret(b"a: x\n"))
    before = (tmp_path / FILE).read_bytes()
    assert file.write(file.read(), Secret(b"a: x\n")) is None
    assert (tmp_path / FILE).read_bytes() == before
    more = AgeFile(store(ME, OTHER), tmp_path, ENVIRON)
    written = more.write(more.read(), more.read().text)
    assert written is not None
    assert (written.added, written.removed) == ((OTHER.recipient,), ())
    written = file.write(file.read(), file.read().text)
    assert written is not None
    assert (written.added, written.removed) == ((), (OTHER.recipient,))
    with pytest.raises(pyrage.DecryptError):
        OTHER.decrypt(tmp_path / FILE)


def test_recipients_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "team").write_text(f"# the team\n\n{ME.recipient}\n  {OTHER.recipient}  \n")
    file = AgeFile(store(recipients="team"), tmp_path, ENVIRON)
    written = file.write(file.read(), Secret(b"a: x\n"))
    assert written is not None
    assert written.recipients == tuple(sorted((ME.recipient, OTHER.recipient)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "b.yaml:3:5: team can't be read as a file of recipients"),
        ("# nobody\n", "b.yaml:3:5: team has no recipient"),
        (
            "<recipient>\nage1x\n",
            "team:2:1: 'age1x' is no recipient: age1… and 58 more, ssh-ed25519 …, or ssh-rsa …",
        ),
        (
            "<mine>\n",
            (
                "team:1:1: that is an identity, which is secret and opens the file; "
                "its recipient is what 'age-keygen -y' prints"
            ),
        ),
    ],
)
def test_a_file_of_recipients_that_can_not_be(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "team").write_text(filled(content))
    file = AgeFile(store(recipients="team", recipients_at=Mark("b.yaml", 3, 5)), tmp_path, ENVIRON)
    with pytest.raises(ConfigurationError) as caught:
        file.write(file.read(), Secret(b"a: x\n"))
    assert str(caught.value) == message
    assert not (tmp_path / FILE).exists()


def test_a_recipient_that_is_mistyped(tmp_path: Path) -> None:
    wrong = ME.recipient[:-1] + ("q" if ME.recipient[-1] != "q" else "p")
    file = AgeFile(store(recipients=(wrong,), recipients_at=Mark("b.yaml", 3, 5)), tmp_path, ENVIRON)
    with pytest.raises(ConfigurationError) as caught:
        file.write(file.read(), Secret(b"a: x\n"))
    assert str(caught.value) == f"b.yaml:3:5: '{wrong}' is mistyped: it is no key"


@settings(deadline=None, max_examples=20)
@given(text=st.text(st.characters(exclude_categories=["Cs"])).map(str.encode))
def test_any_text_survives_the_lines_ahead_of_it(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    file = AgeFile(store(ME), tmp_path_factory.mktemp("root"), ENVIRON)
    file.write(file.read(), Secret(text))
    assert file.read().text.reveal() == text


# --- writing ---


def entry(name: str = "password") -> Entry:
    return Entry(store(), name, None)


def test_an_entry_is_looked_at_and_put_if_it_is_as_it_was_seen(root: Path) -> None:
    values = age.connect(store(), root, ENVIRON)
    seen = values.look(entry(), Deadline(5))
    assert (seen.content, seen.tags) == (CANARY.encode(), None)
    values.write(entry(), b"\xff\x00", seen, {}, Deadline(5))
    assert values.look(entry(), Deadline(5)).content == b"\xff\x00"
    assert values.read([entry()], Deadline(5)) == {entry(): b"\xff\x00"}
    with pytest.raises(Overtaken):
        values.write(entry(), b"late", seen, {}, Deadline(5))
    assert b"number: 012345" in ME.decrypt(root / FILE)
    assert values.owned
    assert values.problem(entry(), b"x" * 10_000) is None


def test_a_value_that_is_not_there_is_made_once_and_the_file_with_it(tmp_path: Path) -> None:
    values = age.connect(store(), tmp_path, ENVIRON)
    seen = values.look(entry(), Deadline(5))
    assert (seen.content, seen.tags) == (None, None)
    assert seen.token is not None
    values.write(entry(), b"first", seen, {}, Deadline(5))
    with pytest.raises(Overtaken):
        values.write(entry(), b"second", seen, {}, Deadline(5))
    assert values.read([entry()], Deadline(5)) == {entry(): b"first"}


def test_an_empty_value_is_not_an_absent_one(root: Path) -> None:
    ME.encrypt(root / FILE, b"password: ''\n")
    values = age.connect(store(), root, ENVIRON)
    assert values.look(entry(), Deadline(5)).token != values.look(entry("none"), Deadline(5)).token


def test_of_two_that_make_a_value_at_once_one_does_and_other_values_all_arrive(tmp_path: Path) -> None:
    writers = [age.connect(store(), tmp_path, ENVIRON) for _ in range(4)]
    barrier, made = threading.Barrier(4), []

    def work(number: int) -> None:
        writer = writers[number]
        seen, own = (writer.look(entry(name), Deadline(30)) for name in ("shared", f"own-{number}"))
        barrier.wait()
        writer.write(entry(f"own-{number}"), b"x", own, {}, Deadline(30))
        try:
            writer.write(entry("shared"), b"%d" % number, seen, {}, Deadline(30))
        except Overtaken:
            return
        made.append(b"%d" % number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = values_text.read(AgeFile(store(), tmp_path, ENVIRON).read().text.reveal(), FILE)
    assert [found["shared"].reveal()] == made
    assert set(found) == {"shared", "own-0", "own-1", "own-2", "own-3"}


def test_what_others_write_meanwhile_is_not_lost(root: Path) -> None:
    values = age.connect(store(), root, ENVIRON)
    seen = values.look(entry(), Deadline(5))
    exchange = single.exchange

    def overtaken(*arguments: object) -> None:
        ME.encrypt(root / FILE, b"other: new\npassword: " + CANARY.encode() + b"\n")
        patched.stop()
        exchange(*arguments)  # type: ignore[arg-type]

    patched = patch("sealgen.overlay.single.exchange", overtaken)
    patched.start()
    values.write(entry(), b"next", seen, {}, Deadline(5))
    assert ME.decrypt(root / FILE).splitlines()[-2:] == [b"other: new", b"password: next"]


def test_a_file_that_can_not_be_written_is_told(root: Path) -> None:
    values = age.connect(store(), root, ENVIRON)
    seen = values.look(entry(), Deadline(5))
    with (
        patch("sealgen.overlay.single.flush", side_effect=OSError(28, "No space left on device")),
        pytest.raises(Refused) as caught,
    ):
        values.write(entry(), b"x", seen, {}, Deadline(5))
    assert caught.value.problem == f"can't write {FILE}: No space left on device; nothing was changed"
    assert values.look(entry(), Deadline(5)).content == CANARY.encode()
