"""A server of HashiCorp Vault or OpenBao: how it is found, signed in to, and asked.

Source: Vault's HTTP API (``/auth/approle``, ``/auth/kubernetes``, ``/auth/jwt``), and the variables of its command.
"""

from __future__ import annotations

import json
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from sealgen.errors import ConfigurationError, quoted, shortened
from sealgen.stores import credentials
from sealgen.stores.document import from_json
from sealgen.stores.http import Answer, NoAnswer, Requests
from sealgen.stores.refusal import Failed, Refused
from sealgen.values.credential import Credential
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.stores.deadline import Deadline
    from sealgen.values.vault import Auth, VaultStore

# 412 is a standby that lags behind, 472 and 473 one that can't serve, 503 a sealed one.
_MAY_PASS = frozenset({412, 429, 472, 473, 500, 502, 503, 504})
_WORDS = 200  # characters of the server's own words in a message


class Server:
    """A server, signed in to when it is first asked."""

    def __init__(
        self, store: VaultStore, address: str, namespace: str, requests: Requests, signing_in: _SigningIn
    ) -> None:
        self._address = address
        self.where = f"Vault at {address}" + (f", namespace {namespace}" if namespace else "")
        self.namespace = namespace
        self._requests = requests
        self._auth = store.auth
        self._signing_in = signing_in
        self._token: Secret | None = None
        self._lock = threading.Lock()

    def ask(self, method: str, path: str, deadline: Deadline, *, query: str = "", body: bytes | None = None) -> Answer:
        """Return an answer that is no failure of the server's; raises Refused for a redirect, Failed for a failure."""
        with self._lock:
            token = self._signed_in(deadline)
        return self._ask(method, path, token, deadline, query=query, body=body)

    def _signed_in(self, deadline: Deadline) -> Secret:
        if self._token is None:
            auth, secret = self._auth, self._signing_in.secret
            self._token = secret if auth.kind == "token" else self._log_in(auth, secret, deadline)
        return self._token

    def _log_in(self, auth: Auth, secret: Secret, deadline: Deadline) -> Secret:
        text = secret.reveal().decode("utf-8", "replace")
        sent = {"role_id": auth.role, "secret_id": text} if auth.kind == "approle" else {"role": auth.role, "jwt": text}
        body = json.dumps({name: said for name, said in sent.items() if said is not None}).encode()
        answer = self._ask("POST", f"auth/{auth.mount}/login", None, deadline, body=body)
        if answer.status not in (200, 204):
            raise Refused(
                f"{self.where} does not sign in {self._signing_in.words} ({answer.status}){_told(answer, text)}"
            )
        try:
            token = from_json(answer.content)["auth"]["client_token"]
            return Secret(token.encode())
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self.strange(f"auth/{auth.mount}/login") from None

    def _ask(
        self,
        method: str,
        path: str,
        token: Secret | None,
        deadline: Deadline,
        *,
        query: str = "",
        body: bytes | None = None,
    ) -> Answer:
        """Return an answer that is no failure of the server's; raises Refused for a redirect, Failed for a failure."""
        headers = {"X-Vault-Request": "true"}
        if self.namespace:
            headers["X-Vault-Namespace"] = self.namespace
        if token is not None:
            headers["X-Vault-Token"] = token.reveal().decode("latin-1")
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._requests.send(method, f"{self._address}/v1/{quote(path)}{query}", headers, deadline, body)
        except NoAnswer as error:
            raise Failed(error.reason, may_pass=error.may_pass, is_down=True) from None
        if answer.status == 503:
            raise Failed("it is sealed, or has no leader (503)", is_down=True, wait=answer.wait)
        if answer.status in _MAY_PASS:
            raise Failed(f"it answers with status {answer.status}", wait=answer.wait)
        if 300 <= answer.status < 400:
            there = urlsplit(answer.location)
            raise Refused(
                f"{self.where} sends on to {shortened(f'{there.scheme}://{there.hostname}:{there.port}')}, which is "
                "not followed",
                hint="Name the server that answers as the address.",
            )
        return answer

    def data(self, answer: Answer, asked: str) -> dict[str, Any]:
        """Return what an answer to a question about ``asked`` is; raises Refused for one that is no success."""
        if answer.status != 200:
            # What a server says when it fails to give a secret is not repeated: it may hold some of it.
            raise Refused(f"{self.where} answers {asked} with status {answer.status}")
        try:
            data = from_json(answer.content)["data"]
        except (ValueError, KeyError, TypeError):
            data = None
        if not isinstance(data, dict):
            raise self.strange(asked)
        return data

    def strange(self, asked: str) -> Refused:
        """Return the refusal of an answer that can't be Vault's."""
        return Refused(f"{self.where} answers {asked} as Vault does not; is there a proxy on the way?")

    def denied(self, asked: str, hint: str) -> Refused:
        """Return the refusal where the token may not; ``hint`` says what it takes."""
        return Refused(
            f"{self.where} refuses {asked} to {self._signing_in.words} (403)",
            hint=f"It may have expired; {hint}.",
        )


class _SigningIn(NamedTuple):
    secret: Secret
    words: str
    """Who this is, for messages."""


def connect(store: VaultStore, root: Path, environ: Mapping[str, str]) -> Server:
    """Return the server that the store and Vault's variables name.

    Raises Refused where they name none, or there is nothing to sign in with.
    """
    address = (store.address or environ.get("VAULT_ADDR", "")).rstrip("/")
    if not address:
        raise Refused(
            "it is not said where Vault is",
            hint="Set VAULT_ADDR, or write stores: {main: {kind: vault, address: https://…}}.",
        )
    if urlsplit(address).scheme not in ("http", "https") or "@" in address:
        raise Refused("$VAULT_ADDR must be an http:// or https:// URL, with no user", kind=ConfigurationError)
    namespace = (store.namespace or environ.get("VAULT_NAMESPACE", "")).strip("/")
    signing_in = _signing_in(store.auth, f"Vault at {address}", root, environ)
    return Server(store, address, namespace, Requests(_context(store, root, environ)), signing_in)


def _signing_in(auth: Auth, where: str, root: Path, environ: Mapping[str, str]) -> _SigningIn:
    if auth.kind != "token":
        assert auth.credential is not None  # noqa: S101  (what else is required)
        role = f" {quoted(auth.role)}" if auth.role and auth.kind != "approle" else ""
        words = f"the {auth.kind} role{role} at auth/{auth.mount} with {auth.credential}"
        return _SigningIn(credentials.read(auth.credential, root, environ, f"{where}, signing in as {words}"), words)
    found = auth.credential
    if found is None:
        home = Path(environ.get("HOME") or "/", ".vault-token")
        if environ.get("VAULT_TOKEN") or not home.is_file():
            found = Credential(env="VAULT_TOKEN")
        else:
            found = Credential(file=str(home))
    words = f"the token in {found}"
    return _SigningIn(credentials.read(found, root, environ, f"{where}, signing in with {words}"), words)


def _context(store: VaultStore, root: Path, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return whom to trust; raises Refused for files that can't be used."""
    ca = store.ca or environ.get("VAULT_CACERT")
    folder, certificate = environ.get("VAULT_CAPATH"), environ.get("VAULT_CLIENT_CERT")
    try:
        context = ssl.create_default_context(cafile=str(root / ca) if ca else None, capath=None if ca else folder)
        if certificate:
            context.load_cert_chain(certificate, environ.get("VAULT_CLIENT_KEY"), password="")
    except OSError as error:  # as SSLError is
        raise Refused(
            f"Vault's certificates can't be read ({', '.join(filter(None, (ca, folder, certificate)))}): "
            f"{shortened(error.strerror or 'no PEM file')}",
            kind=ConfigurationError,
        ) from None
    if not store.ca and environ.get("VAULT_SKIP_VERIFY", "").lower() in ("1", "t", "true"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _told(answer: Answer, secret: str) -> str:
    """Return the server's own words, where they are words and not what it was sent."""
    try:
        errors = from_json(answer.content)["errors"]
    except (ValueError, KeyError, TypeError):
        return ""
    words = "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    return f": {shortened(words, _WORDS)}" if words and secret not in words else ""
