"""age's keys: the recipients that a store names, and the identities of this machine.

Source: the age format's recipients and identities (C2SP age), and pyrage 1.4 for the SSH keys that it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sealgen.errors import CannotTell, ConfigurationError, Mark
from sealgen.regular_file import NotRegularError, TooLargeError, read_regular
from sealgen.stores import credentials
from sealgen.stores.refusal import Refused, not_installed
from sealgen.values.age import IDENTITY_VARIABLE, recipient, recipient_problem
from sealgen.values.credential import Credential

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sealgen.values.age import AgeStore
    from sealgen.values.secret import Secret

_MAX_BYTES = 65536
_TEXTS_AND_FILES = ((IDENTITY_VARIABLE, f"{IDENTITY_VARIABLE}_FILE"), ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"))
"""Variables with identities, and with the path of a file of them, in the order in which they count."""


class Identities(NamedTuple):
    """What opens files here, and where it was found, for messages."""

    keys: list[Any]
    where: str


def pyrage() -> Any:
    """Return the library that encrypts; raises SealgenError where it is not installed."""
    try:
        import pyrage  # noqa: PLC0415  (an extra, and 10 ms)
    except ImportError:
        raise not_installed("age", "pyrage", "age").error() from None
    return pyrage


def recipients(store: AgeStore, root: Path) -> tuple[str, ...]:
    """Return the store's recipients, in order of their text.

    Raises ConfigurationError for a file of them that is not there or holds something else.
    """
    if isinstance(store.recipients, tuple):
        return tuple(sorted(set(store.recipients)))
    file = store.recipients
    try:
        text = read_regular(str(root / file), _MAX_BYTES).decode()
    except (OSError, NotRegularError, TooLargeError, UnicodeDecodeError):
        raise ConfigurationError(f"{file} can't be read as a file of recipients", at=store.recipients_at) from None
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()  # noqa: PLW2901  (white space around says nothing)
        if line and not line.startswith("#"):
            if problem := recipient_problem(line):
                raise ConfigurationError(problem, at=Mark(file, number, 1))
            found.add(recipient(line))
    if not found:
        raise ConfigurationError(f"{file} has no recipient", at=store.recipients_at)
    return tuple(sorted(found))


def public_keys(texts: tuple[str, ...], at: Mark) -> list[Any]:
    """Return recipients as pyrage knows them; raises ConfigurationError for one that is mistyped."""
    age = pyrage()
    found = []
    for text in texts:
        kind = age.ssh if text.startswith("ssh-") else age.x25519
        try:
            found.append(kind.Recipient.from_str(text))
        except age.RecipientError:
            raise ConfigurationError(f"'{text}' is mistyped: it is no key", at=at) from None
    return found


def identities(store: AgeStore, root: Path, environ: Mapping[str, str]) -> Identities:
    """Return what may open the store's file here.

    Raises CannotTell where there is nothing, and ConfigurationError for what is no identity that sealgen can use.
    """
    where = store.identity or _where(environ)
    if where is None:
        raise CannotTell(
            f"{store.file} needs an age identity, and none is here",
            hint=f"Set {IDENTITY_VARIABLE}_FILE to the path of one that 'age-keygen -o FILE' made, "
            f"or {IDENTITY_VARIABLE} to what it holds.",
        )
    try:
        content = credentials.read(where, root, environ, f"the age identity for {store.file}")
    except Refused as refused:
        raise refused.error() from None
    return Identities(list(_keys(content, str(where))), str(where))


def _where(environ: Mapping[str, str]) -> Credential | None:
    for text, file in _TEXTS_AND_FILES:
        if environ.get(text):
            return Credential(env=text)
        if environ.get(file):
            return Credential(file=environ[file])
    return None


def _keys(content: Secret, where: str) -> Iterator[Any]:
    age = pyrage()
    text = content.reveal()
    if text.startswith((b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")):
        raise ConfigurationError(
            f"the age identity in {where} is itself encrypted with a passphrase, which sealgen does not ask for",
            hint=f"Give it what 'age --decrypt' makes of it, in {IDENTITY_VARIABLE}.",
        )
    if text.startswith(b"-----BEGIN "):
        try:
            yield age.ssh.Identity.from_buffer(text if text.endswith(b"\n") else text + b"\n")
        except age.IdentityError:
            raise ConfigurationError(
                f"the SSH key in {where} can't be used: it has a passphrase, or is of a kind that age does not know",
                hint="age knows ed25519 and RSA. An identity of age's own: age-keygen -o FILE",
            ) from None
        return
    plug_in = False
    found = 0
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
        line = line.strip()  # noqa: PLW2901  (white space around says nothing)
        if not line or line.startswith("#"):
            continue
        if line.upper().startswith("AGE-PLUGIN-"):
            plug_in = True
            continue
        try:
            yield age.x25519.Identity.from_str(line)
        except age.IdentityError:
            raise ConfigurationError(f"line {number} of {where} is no age identity") from None
        found += 1
    if not found:
        raise ConfigurationError(
            f"the age identity in {where} needs a plug-in of age, and sealgen runs none"
            if plug_in
            else f"{where} holds no age identity"
        )
