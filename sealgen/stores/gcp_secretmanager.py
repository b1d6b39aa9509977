"""Google Cloud's Secret Manager: a secret's bytes, at a version or an alias.

Google's own library signs in, by Application Default Credentials: a service account's key, workload identity, what
gcloud keeps, or the machine's own. What it signs is plain REST. Sources: the REST reference of Secret Manager v1
(``projects.secrets`` and its ``versions``, also below ``locations``), regional endpoints, and ``google.rpc.Status``.

A version can't be added on a condition. But versions are numbered in turn: whoever adds one that does not have the next
number after the one that was seen came too late, and puts what came before it back on top.
"""

from __future__ import annotations

import base64
import json
import re
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from sealgen.errors import ConfigurationError
from sealgen.stores.crc32c import crc32c
from sealgen.stores.document import from_json
from sealgen.stores.gcp_sign_in import SIGN_IN, SignIn
from sealgen.stores.http import Answer, NoAnswer, Requests
from sealgen.stores.refusal import Failed, Overtaken, Refused, not_installed
from sealgen.stores.writing import Seen
from sealgen.values.gcp_secretmanager import RESOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.entry import Entry
    from sealgen.values.gcp_secretmanager import SecretManagerStore

_CALLED: Final = "Google Secret Manager"
_ENDPOINT: Final = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"
_MAY_PASS: Final = frozenset({408, 429, 500, 502, 503, 504})
_MAX_BYTES: Final = 65536
_LABEL: Final = r"[a-z0-9_-]{0,63}"
"""What a label's text must match; what does not is an annotation, which nobody can search for."""
_NEWEST: Final = "/versions/latest:access"
_GET: Final = "secretmanager.secrets.get on it"


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
        """The resource's name; that of all secrets there, where there is no name."""
        location = f"locations/{self.location}/" if self.location else ""
        return f"projects/{self.project}/{location}secrets" + (f"/{self.name}" if self.name else "")


class SecretManager:
    """Secret Manager, signed in to when it is first asked."""

    most: ClassVar[int] = 1
    keyed: ClassVar[bool] = False
    owned: ClassVar[bool] = False
    versioned: ClassVar[bool] = True

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
        secret = self._placed(entry, deadline)
        answer = self._ask("GET", secret, f"/versions/{entry.version or 'latest'}:access", deadline)
        if answer.status != 200:
            raise self._answered(answer, entry, secret)
        return {entry: _payload(answer, self.label(entry))}

    def problem(self, entry: Entry, content: Document) -> str | None:
        """Say that it is too large, or nothing."""
        if not content:
            return f"it would be empty, which {_CALLED} does not take"
        if len(content) > _MAX_BYTES:
            return f"it would have more than the {_MAX_BYTES:,} bytes that {_CALLED} takes"
        return None

    def look(self, entry: Entry, deadline: Deadline) -> Seen:
        """Return the newest version, its number, and the secret's labels and annotations."""
        secret = self._placed(entry, deadline)
        answer = self._ask("GET", secret, "", deadline)
        if answer.status == 404 and _fault(answer)[0] == "NOT_FOUND":
            return Seen(None, "0", None)
        if answer.status != 200:
            raise self._answered(answer, entry, secret, _GET)
        tags = {**_texts(answer, "annotations"), **_texts(answer, "labels")}
        answer = self._ask("GET", secret, _NEWEST, deadline)
        if answer.status == 404 and _fault(answer)[0] == "NOT_FOUND":
            return Seen(None, "0", tags)
        if answer.status != 200:
            raise self._answered(answer, entry, secret)
        label = self.label(entry)
        return Seen(_payload(answer, label), str(_number(answer, label)), tags)

    def write(self, entry: Entry, content: Document, seen: Seen, tags: Mapping[str, str], deadline: Deadline) -> None:
        """Make the secret, or see to its labels, and add the next version."""
        assert isinstance(content, bytes)  # noqa: S101  (entries are not keyed)
        assert seen.token is not None  # noqa: S101  (it is a number)
        secret = self._placed(entry, deadline)
        if seen.tags is None:
            self._create(entry, secret, tags, deadline)
        elif not seen.tags.items() >= tags.items():
            self._tag(entry, secret, tags, deadline)
        number, following = self._add(entry, secret, content, deadline), int(seen.token) + 1
        if number != following:
            first = self._ask("GET", secret, f"/versions/{following}:access", deadline)
            if first.status == 200:
                self._add(entry, secret, _payload(first, self.label(entry)), deadline)
            raise Overtaken

    def _create(self, entry: Entry, secret: Resource, tags: Mapping[str, str], deadline: Deadline) -> None:
        body: dict[str, object] = {**_kinds_of(tags)}
        if secret.location is None:
            body["replication"] = {"automatic": {}}
        above = secret._replace(name="")
        answer = self._ask("POST", above, f"?secretId={secret.name}", deadline, body)
        if answer.status == 409:
            raise Overtaken
        if answer.status != 200:
            raise self._answered(answer, entry, secret, "secretmanager.secrets.create on the project")

    def _tag(self, entry: Entry, secret: Resource, tags: Mapping[str, str], deadline: Deadline) -> None:
        answer = self._ask("GET", secret, "", deadline)
        if answer.status != 200:
            raise self._answered(answer, entry, secret, _GET)
        body: dict[str, object] = {}
        for kind, given in _kinds_of(tags).items():
            others = {name: text for name, text in _texts(answer, kind).items() if name not in tags}
            body[kind] = {**others, **given}
        if etag := from_json(answer.content).get("etag"):
            body["etag"] = etag
        answer = self._ask("PATCH", secret, "?updateMask=labels,annotations", deadline, body)
        if answer.status == 409 or _fault(answer)[0] in ("ABORTED", "FAILED_PRECONDITION"):
            raise Overtaken
        if answer.status != 200:
            raise self._answered(answer, entry, secret, "secretmanager.secrets.update on it")

    def _add(self, entry: Entry, secret: Resource, content: bytes, deadline: Deadline) -> int:
        """Add a version, and return its number."""
        payload = {"data": base64.b64encode(content).decode(), "dataCrc32c": str(crc32c(content))}
        answer = self._ask("POST", secret, ":addVersion", deadline, {"payload": payload})
        if answer.status != 200:
            raise self._answered(answer, entry, secret, "roles/secretmanager.secretVersionAdder on it")
        return _number(answer, self.label(entry))

    def _placed(self, entry: Entry, deadline: Deadline) -> Resource:
        """Return the secret, in a project; raises Refused where none is said, and as signing in does."""
        secret = self._secret(entry)
        if secret.project is None:
            self._project = self._sign_in.project(deadline)
            secret = self._secret(entry)
        if secret.project is None:
            raise Refused(
                f"it is not said in which project {entry.name} in {_CALLED} is",
                hint="Set GOOGLE_CLOUD_PROJECT, or write stores: {main: {kind: gcp-secretmanager, project: …}}.",
            )
        return secret

    def _secret(self, entry: Entry) -> Resource:
        match = re.fullmatch(RESOURCE, entry.name)
        assert match is not None  # noqa: S101  (the configuration was refused otherwise)
        project, location, name = match.groups()
        if project is None:
            return Resource(self._project, self._store.location, name)
        return Resource(project, location or self._store.location, name)

    def _ask(
        self, method: str, secret: Resource, below: str, deadline: Deadline, body: Mapping[str, object] | None = None
    ) -> Answer:
        """Return an answer that is no failure of the server's; raises Failed for one that is."""
        region = f".{secret.location}.rep" if secret.location else ""
        url = f"{self._endpoint or f'https://secretmanager{region}.googleapis.com'}/v1/{secret.path}{below}"
        headers = self._sign_in.headers(url, deadline)
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._requests.send(method, url, headers, deadline, content)
        except NoAnswer as error:
            raise Failed(error.reason, may_pass=error.may_pass, is_down=True) from None
        if answer.status in _MAY_PASS:
            raise Failed(f"it answers with status {answer.status}", wait=answer.wait)
        return answer

    def _answered(
        self,
        answer: Answer,
        entry: Entry,
        secret: Resource,
        needed: str = "roles/secretmanager.secretAccessor on it",
    ) -> Refused:
        label = self.label(entry)
        status, told, reasons = _fault(answer)
        if answer.status == 400 and status == "FAILED_PRECONDITION":
            # Only which state it is, is taken from what the server says.
            state = re.search(r"\b(DISABLED|DESTROYED)\b", told)
            which = label if entry.version else f"the newest version of {label}"
            if state:
                return Refused(f"{which} {'is disabled' if state[1] == 'DISABLED' else 'was destroyed'}")
        if answer.status == 401:
            return Refused(f"{_CALLED} does not accept {self._sign_in.who()} (401)", hint=SIGN_IN)
        if answer.status == 403 and "SERVICE_DISABLED" in reasons:
            return Refused(
                f"the API of {_CALLED} is not enabled in project {secret.project}",
                hint="Enable it: gcloud services enable secretmanager.googleapis.com",
            )
        if answer.status == 403:
            return Refused(
                f"{_CALLED} refuses {label.replace(f' in {_CALLED}', '')} to {self._sign_in.who()} (403)",
                hint=f"Is there such a secret? It takes {needed}.",
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


def _number(answer: Answer, label: str) -> int:
    """Return the number of the version that an answer names."""
    try:
        return int(from_json(answer.content)["name"].rpartition("/versions/")[2])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _strange(label) from None


def _kinds_of(tags: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the tags as labels, and what can't be a label as annotations."""
    labels = {name: text for name, text in tags.items() if re.fullmatch(_LABEL, text)}
    return {"labels": labels, "annotations": {name: text for name, text in tags.items() if name not in labels}}


def _texts(answer: Answer, kind: str) -> dict[str, str]:
    try:
        return {str(name): str(text) for name, text in from_json(answer.content).get(kind, {}).items()}
    except (ValueError, AttributeError):
        return {}


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
    return SecretManager(store, store.project or environ.get("GOOGLE_CLOUD_PROJECT"), endpoint, SignIn(_CALLED))
