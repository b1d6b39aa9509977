"""Azure Key Vault: a secret's text, at its current version or another.

Azure's own libraries sign in (``DefaultAzureCredential``, but for what would open a window) and see to it that a token
goes to no server but a vault of its audience. Sources: the REST reference of Key Vault's secrets, version 7.4, and its
error codes; on what ``nbf`` and ``exp`` mean, "About keys, secrets and certificates".

A vault knows no condition for a new version. So it is looked at once more right before one is put, and once after: of
two that put one in the same moment, the one whose version is not the current one came first, and is told that it was
overtaken. Where the other looked before and put after both, the next run sees another value.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sealgen.stores.refusal import Failed, Overtaken, Refused, not_installed
from sealgen.stores.writing import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.azure_keyvault import KeyVaultStore
    from sealgen.values.entry import Entry

_API: Final = "7.4"
_MAX_BYTES: Final = 25 * 1024
_SIGN_IN_AGAIN: Final = 1  # how often; it does not tell whether that could help
_GET: Final = "the role Key Vault Secrets User, or an access policy with get"
_SET: Final = "the role Key Vault Secrets Officer, or an access policy with get and set"
_SIGN_IN: Final = "Sign in: az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"


class KeyVault:
    """A vault, signed in to when it is first asked."""

    most: ClassVar[int] = 1
    keyed: ClassVar[bool] = False
    owned: ClassVar[bool] = False
    versioned: ClassVar[bool] = True

    def __init__(self, store: KeyVaultStore) -> None:
        self._url = store.vault
        self._where = f"Azure Key Vault {store.vault.removeprefix('https://')}"
        self._clients: dict[float, Any] = {}
        self._credential: Any = None
        self._lock = threading.Lock()
        self._first = threading.Lock()
        self._knows_us = False

    def label(self, entry: Entry) -> str:
        """Return the name, the version and the vault."""
        version = f"version {entry.version} of " if entry.version else ""
        return f"{version}{entry.name} in {self._where}"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document]:
        """Read the secret."""
        (entry,) = entries
        label = self.label(entry)
        found = self._ask(label, deadline, lambda client: client.get_secret(entry.name, entry.version))
        if found is None:
            raise self._missing(entry, deadline)[0]
        until, since = found.properties.expires_on, found.properties.not_before
        now = dt.datetime.now(dt.UTC)
        # The vault gives it out even so: what these dates mean is left to who asks.
        if until is not None and until <= now:
            raise Refused(f"{label} has expired: it was valid until {_moment(until)}")
        if since is not None and since > now:
            raise Refused(f"{label} is not valid yet: it will be from {_moment(since)}")
        return {entry: self._text(found, label)}

    def problem(self, entry: Entry, content: Document) -> str | None:
        """Say that it is too large, or no text."""
        assert isinstance(content, bytes)  # noqa: S101  (entries are not keyed)
        try:
            content.decode()
        except UnicodeDecodeError:
            return "it is not UTF-8 text, and Azure Key Vault takes nothing else; say encoding: base64"
        if len(content) > _MAX_BYTES:
            return f"it would have more than the {_MAX_BYTES:,} bytes that Azure Key Vault takes"
        return None

    def look(self, entry: Entry, deadline: Deadline) -> Seen:
        """Return the current version, its ID, and its tags."""
        label = self.label(entry)
        found = self._ask(label, deadline, lambda client: client.get_secret(entry.name))
        if found is None:
            missing, is_deleted = self._missing(entry, deadline)
            if is_deleted:
                raise missing
            return Seen(None, "", None)
        return Seen(self._text(found, label), str(found.properties.version), dict(found.properties.tags or {}))

    def write(self, entry: Entry, content: Document, seen: Seen, tags: Mapping[str, str], deadline: Deadline) -> None:
        """Put the next version, with the tags of the one before and these; its dates and its type are not kept."""
        assert isinstance(content, bytes)  # noqa: S101  (entries are not keyed)
        if self.look(entry, deadline).token != seen.token:
            raise Overtaken
        text, all_tags, label = content.decode(), {**(seen.tags or {}), **tags}, self.label(entry)

        def put(client: Any) -> Any:
            return client.set_secret(entry.name, text, tags=all_tags)

        version = str(self._ask(label, deadline, put, _SET).properties.version)
        if self.look(entry, deadline).token != version:
            raise Overtaken

    def _text(self, found: Any, label: str) -> bytes:
        if not isinstance(found.value, str):
            raise self._strange(label)
        return found.value.encode()

    def _ask(self, label: str, deadline: Deadline, request: Callable[[Any], Any], needed: str = _GET) -> Any:
        """Return what ``request`` gets from the client, None where there is none; raises Refused and Failed.

        ``needed`` is what it takes, said to who is refused.
        """
        if self._knows_us:
            return self._answer(label, deadline, request, needed)
        with self._first:  # The first signs in, which may start a program.
            answer = self._answer(label, deadline, request, needed)
            self._knows_us = True
            return answer

    def _answer(self, label: str, deadline: Deadline, request: Callable[[Any], Any], needed: str) -> Any:
        from azure.core import exceptions as fault  # noqa: PLC0415

        deadline.left()
        try:
            return request(self._client(deadline.seconds))
        except (fault.IncompleteReadError, fault.ServiceResponseError) as error:
            deadline.left()
            late = isinstance(error, fault.ServiceResponseTimeoutError)
            raise Failed("no answer in time" if late else "the connection was cut", is_down=True) from None
        except fault.HttpResponseError as error:
            deadline.left()
            if error.response is not None and error.status_code == 404 and _codes(error)[0] == "SecretNotFound":
                return None
            raise self._answered(error, label, needed) from None
        except fault.ServiceRequestError as error:
            deadline.left()
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error.inner_exception)
            reason = "its certificate is not trusted" if untrusted else "no connection"
            raise Failed(reason, may_pass=not untrusted, is_down=True) from None
        except (fault.AzureError, ValueError, AttributeError, TypeError, KeyError):
            # A challenge that asks for a token of another audience is a ValueError, and so is what is no JSON.
            raise self._strange(label) from None

    def _answered(self, error: Any, label: str, needed: str) -> Refused | Failed:
        """Return what an answer means that is neither the secret nor that there is none."""
        here = label.replace(f" in {self._where}", "")
        if error.response is None:
            # What it says may hold what a program or a server said; only Entra's number of the error is none of that.
            number = re.search(r"\bAADSTS[0-9]{1,8}\b", str(error.message))
            return Refused(
                f"{self._where}: nobody can be signed in to ask" + (f" ({number[0]})" if number else ""), hint=_SIGN_IN
            )
        status, code, inner = error.status_code, *_codes(error)
        if inner == "ObjectIsDeletedButRecoverable":
            return Refused(f"{label} was deleted, and its name is not free as long as it can be recovered")
        if status == 401:
            return Refused(f"{self._where} does not accept who is signed in (401)", hint=_SIGN_IN)
        if status == 403 and inner == "SecretDisabled":
            return Refused(f"{label} is disabled")
        if status == 403:
            return Refused(
                f"{self._where} refuses {here} to who is signed in (403)",
                hint=_DENIED.get(inner, f"It takes {needed}."),
            )
        if status in (408, 429) or status >= 500:
            asked = error.response.headers.get("Retry-After", "")
            return Failed(f"it answers with status {status}", wait=float(asked) if asked.isdecimal() else 0)
        if not code:
            return self._strange(label)
        return Refused(f"{self._where} answers {here} with status {status}")

    def _missing(self, entry: Entry, deadline: Deadline) -> tuple[Refused, bool]:
        """Return why there is no such secret, and whether it was deleted, which is told where one may know."""
        from azure.core.exceptions import AzureError  # noqa: PLC0415

        try:
            deleted = self._client(deadline.seconds).get_deleted_secret(entry.name)
            when, until = deleted.deleted_date, deleted.scheduled_purge_date
        except (AzureError, ValueError, AttributeError, TypeError):
            when = until = None
        if when is None or until is None:
            return Refused(f"there is no {self.label(entry)}"), False
        refused = Refused(
            f"{entry.name} in {self._where} was deleted at {_moment(when)}",
            hint=f"Until {_moment(until)} it can be recovered: az keyvault secret recover --id "
            f"{self._url}/deletedsecrets/{entry.name}",
        )
        return refused, True

    def _strange(self, label: str) -> Refused:
        return Refused(f"{label} is answered as Key Vault does not; is there a proxy on the way?")

    def _client(self, seconds: float) -> Any:
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415
        from azure.keyvault.secrets import SecretClient  # noqa: PLC0415

        with self._lock:
            if self._credential is None:
                self._credential = DefaultAzureCredential(
                    exclude_interactive_browser_credential=True,
                    exclude_broker_credential=True,
                    retry_total=_SIGN_IN_AGAIN,
                    connection_timeout=seconds,
                    read_timeout=seconds,
                )
            if seconds not in self._clients:
                self._clients[seconds] = SecretClient(
                    self._url,
                    self._credential,
                    api_version=_API,
                    retry_total=0,
                    permit_redirects=False,
                    connection_timeout=seconds,
                    read_timeout=seconds,
                )
            return self._clients[seconds]


_DENIED: Final = {
    "ForbiddenByFirewall": "Its firewall does not let this machine's address in.",
    "ForbiddenByConnection": "It has no public endpoint: ask from a network that has its private one.",
}


def _codes(error: Any) -> tuple[str, str]:
    """Return the code and the inner code that a vault's error has; nothing of what is no such error."""
    told = error.error
    inner = getattr(told, "innererror", None)
    code = inner.get("code") if isinstance(inner, dict) else None
    return str(getattr(told, "code", None) or ""), str(code or "")


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def connect(store: KeyVaultStore, _: Path, environ: Mapping[str, str]) -> KeyVault:
    """Return the vault; raises Refused where Azure's libraries are not installed."""
    try:
        import azure.identity  # noqa: PLC0415  (a third of a second)
        import azure.keyvault.secrets  # noqa: F401, PLC0415
    except ImportError:
        raise not_installed("reading Azure Key Vault", "azure-identity and azure-keyvault-secrets", "azure") from None
    return KeyVault(store)
