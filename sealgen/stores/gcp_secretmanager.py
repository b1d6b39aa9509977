"""Google Cloud's Secret Manager: a secret's bytes, at a version or an alias.

Google's own library signs in, by Application Default Credentials: a service account's key, workload identity, what
gcloud keeps, or the machine's own. What it signs is plain REST. Sources: the REST reference of Secret Manager v1
(``projects.secrets.versions.access``, also below ``locations``), its regional endpoints, and ``google.rpc.Status``.
"""

from __future__ import annotations

import base64
import re
import threading
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol

from sealgen.errors import ConfigurationError
from sealgen.stores.crc32c import crc32c
from sealgen.stores.document import from_json
from sealgen.stores.http import Answer, NoAnswer, Requests
from sealgen.stores.refusal import Failed, Refused, not_installed
from sealgen.values.gcp_secretmanager import RESOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.entry import Entry
    from sealgen.values.gcp_secretmanager import SecretManagerStore

_CALLED: Final = "Google Secret Manager"
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_ENDPOINT: Final = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"
_SIGN_IN: Final = "Sign in: gcloud auth application-default login"
_MAY_PASS: Final = frozenset({408, 429, 500, 502, 503, 504})


class Resource(NamedTuple):
    """What a secret is asked for by; no project where none is known."""

    project: str | None
    location: str | None
    name: str

    def __str__(self) -> str:
        """Return the name and where it is, for messages."""
        where = f", project {self.project}" if self.project else ""
        return f"{self.name} in {_CALLED}{where}" + (f", location {self.location}" if self.location else "")

    @property
    def path(self) -> str:
        """The resource's name."""
        location = f"locations/{self.location}/" if self.location else ""
        return f"projects/{self.project}/{location}secrets/{self.name}"


class SignIn(Protocol):
    """Who asks, as Google's library found it."""

    def project(self, deadline: Deadline) -> str | None:
        """Return the project that comes with the credentials; raises as ``headers`` does."""

    def headers(self, url: str, deadline: Deadline) -> Mapping[str, str]:
        """Return what signs a request to ``url``; raises Refused and Failed."""

    def who(self) -> str:
        """Return who that is, for messages."""


class SecretManager:
    """Secret Manager, signed in to when it is first asked."""

    most: ClassVar[int] = 1

    def __init__(self, store: SecretManagerStore, project: str | None, endpoint: str, sign_in: SignIn) -> None:
        self._store = store
        self._project = project
        self._endpoint = endpoint
        self._sign_in = sign_in
        self._requests = Requests()

    def label(self, entry: Entry) -> str:
        """Return the name, the version and the project."""
        version = f"version {entry.version} of " if entry.version else ""
        return f"{version}{self._secret(entry)}"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document]:
        """Read the secret."""
        (entry,) = entries
        secret = self._secret(entry)
        if secret.project is None:
            self._project = self._sign_in.project(deadline)
            secret = self._secret(entry)
        if secret.project is None:
            raise Refused(
                f"it is not said in which project {entry.name} in {_CALLED} is",
                hint="Set GOOGLE_CLOUD_PROJECT, or write stores: {main: {kind: gcp-secretmanager, project: …}}.",
            )
        answer = self._ask("GET", secret, f"/versions/{entry.version or 'latest'}:access", deadline)
        if answer.status != 200:
            raise self._answered(answer, entry, secret)
        return {entry: _payload(answer, self.label(entry))}

    def _secret(self, entry: Entry) -> Resource:
        match = re.fullmatch(RESOURCE, entry.name)
        assert match is not None  # noqa: S101  (the configuration was refused otherwise)
        project, location, name = match.groups()
        if project is None:
            return Resource(self._project, self._store.location, name)
        return Resource(project, location or self._store.location, name)

    def _ask(self, method: str, secret: Resource, below: str, deadline: Deadline) -> Answer:
        """Return an answer that is no failure of the server's; raises Failed for one that is."""
        region = f".{secret.location}.rep" if secret.location else ""
        url = f"{self._endpoint or f'https://secretmanager{region}.googleapis.com'}/v1/{secret.path}{below}"
        headers = self._sign_in.headers(url, deadline)
        try:
            answer = self._requests.send(method, url, headers, deadline)
        except NoAnswer as error:
            raise Failed(error.reason, may_pass=error.may_pass, is_down=True) from None
        if answer.status in _MAY_PASS:
            raise Failed(f"it answers with status {answer.status}", wait=answer.wait)
        return answer

    def _answered(self, answer: Answer, entry: Entry, secret: Resource) -> Refused:
        label = self.label(entry)
        status, told, reasons = _fault(answer)
        if answer.status == 400 and status == "FAILED_PRECONDITION":
            # Only which state it is, is taken from what the server says.
            state = re.search(r"\b(DISABLED|DESTROYED)\b", told)
            which = label if entry.version else f"the newest version of {label}"
            if state:
                return Refused(f"{which} {'is disabled' if state[1] == 'DISABLED' else 'was destroyed'}")
        if answer.status == 401:
            return Refused(f"{_CALLED} does not accept {self._sign_in.who()} (401)", hint=_SIGN_IN)
        if answer.status == 403 and "SERVICE_DISABLED" in reasons:
            return Refused(
                f"the API of {_CALLED} is not enabled in project {secret.project}",
                hint="Enable it: gcloud services enable secretmanager.googleapis.com",
            )
        if answer.status == 403:
            return Refused(
                f"{_CALLED} refuses {label.replace(f' in {_CALLED}', '')} to {self._sign_in.who()} (403)",
                hint="Is there such a secret? It takes roles/secretmanager.secretAccessor on it.",
            )
        if answer.status == 404 and status == "NOT_FOUND":
            return Refused(f"there is no {label}" + ("" if entry.version else ", or it has no version"))
        if not status:
            return _strange(label)
        return Refused(f"{_CALLED} answers {label.replace(f' in {_CALLED}', '')} with status {answer.status}")


def _payload(answer: Answer, label: str) -> bytes:
    try:
        payload = from_json(answer.content)["payload"]
        content = base64.b64decode(payload.get("data", ""), validate=True)
        checksum = payload.get("dataCrc32c")
        damaged = checksum is not None and int(checksum) != crc32c(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _strange(label) from None
    if damaged:
        raise Failed("the answer was damaged on the way: its checksum is another")
    return content


def _fault(answer: Answer) -> tuple[str, str, list[Any]]:
    """Return the status, the message and the reasons that an error names; nothing of what is no such error."""
    try:
        error = from_json(answer.content)["error"]
        reasons = [detail.get("reason") for detail in error.get("details", [])]
        return str(error.get("status", "")), str(error.get("message", "")), reasons
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", "", []


def _strange(label: str) -> Refused:
    return Refused(f"{label} is answered as Google does not; is there a proxy on the way?")


class _Default:
    """Application Default Credentials, looked for when they are first needed."""

    def __init__(self) -> None:
        self._found: tuple[Any, str | None] | Refused | None = None
        self._lock = threading.Lock()

    def project(self, deadline: Deadline) -> str | None:
        with self._lock:
            return self._credentials(deadline)[1]

    def headers(self, url: str, deadline: Deadline) -> Mapping[str, str]:
        from google.auth import exceptions as fault  # noqa: PLC0415

        headers: dict[str, str] = {}
        with self._lock:
            credentials, _ = self._credentials(deadline)
            try:
                credentials.before_request(_within(deadline), "GET", url, headers)
            except fault.TransportError:
                deadline.left()
                raise Failed("there is no answer to signing in", is_down=True) from None
            except fault.GoogleAuthError as error:
                deadline.left()
                # What it says may hold what a file or a program with credentials said.
                if error.retryable:
                    raise Failed("signing in fails", is_down=True) from None
                raise Refused(f"Google does not sign in {self.who()} ({type(error).__name__})", hint=_SIGN_IN) from None
        return headers

    def who(self) -> str:
        found = self._found[0] if isinstance(self._found, tuple) else None
        account = getattr(found, "service_account_email", None)
        return f"the service account {account}" if account else "the application default credentials"

    def _credentials(self, deadline: Deadline) -> tuple[Any, str | None]:
        import google.auth.credentials  # noqa: PLC0415
        from google.auth import exceptions as fault  # noqa: PLC0415

        if self._found is None:
            try:
                # Given the scopes, it would ask another service for the project of a workload identity.
                found, project = google.auth.default(request=_within(deadline))
                scoped = google.auth.credentials.with_scopes_if_required(found, [_SCOPE])
                self._found = scoped, project
            except (fault.DefaultCredentialsError, ValueError) as error:
                deadline.left()
                # What it says may hold what is in the file.
                self._found = Refused(
                    f"{_CALLED}: there are no credentials to ask with ({type(error).__name__})", hint=_SIGN_IN
                )
            except fault.GoogleAuthError:
                deadline.left()
                raise Failed("there is no answer to signing in", is_down=True) from None
        if isinstance(self._found, Refused):
            raise self._found
        return self._found


def _within(deadline: Deadline) -> Any:
    """Return what Google's library makes its requests with, none of which lasts longer than there is time."""
    from google.auth.transport.requests import Request  # noqa: PLC0415

    request = Request()

    def asked(*arguments: Any, timeout: float | None = None, **named: Any) -> Any:
        left = deadline.left()
        return request(*arguments, timeout=min(timeout or left, left), **named)

    return asked


def connect(store: SecretManagerStore, _: Path, environ: Mapping[str, str]) -> SecretManager:
    """Return Secret Manager in the store's project; raises Refused where Google's library is not installed."""
    # It advises its user of quotas, and of Pythons to come.
    warnings.filterwarnings("ignore", module=r"google\.")
    try:
        import google.auth.transport.requests  # noqa: F401, PLC0415  (a fifth of a second)
    except ImportError:
        raise not_installed(f"reading {_CALLED}", "google-auth", "gcp") from None
    endpoint = environ.get(_ENDPOINT, "").rstrip("/")
    if endpoint and not re.fullmatch(r"https?://[^\s/?#@]+[^\s?#@]*", endpoint):
        raise Refused(f"${_ENDPOINT} must be an http:// or https:// URL, with no user", kind=ConfigurationError)
    return SecretManager(store, store.project or environ.get("GOOGLE_CLOUD_PROJECT"), endpoint, _Default())
