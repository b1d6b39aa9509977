"""A connection to an API server: whom the kubeconfig says to be, and requests that end in data or one clear error.

The kubernetes client signs in (certificates, tokens, exec plugins, inside a pod) and does TLS; requests and answers
are plain JSON. Every request only reads, or changes nothing that stays, so each may be repeated.
"""

from __future__ import annotations

import json
import os
import time
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sealgen.cluster.overrides import NONE
from sealgen.errors import ConfigurationError, SealgenError, did_you_mean, quoted, shortened
from sealgen.silence import keep_clients_silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealgen.cluster.overrides import Overrides

_TRIES: Final = 4
_FIRST_PAUSE: Final = 0.5  # seconds; each pause is twice the one before
_LONGEST_PAUSE: Final = 10.0  # seconds, whatever the server asks for
_PATIENCE: Final = 30.0  # seconds for a whole answer
_MAX_BYTES: Final = 64 * 1024**2
_PAGE: Final = 500  # objects a request
_MAY_PASS: Final = frozenset({429, 500, 502, 503, 504})
_WORDS: Final = 300  # characters of the server's own words in a message
_ANY: Final = "application/json, */*"
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""What to accept of an object: its metadata alone."""
METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""What to accept of a collection: the metadata of its objects alone."""


class ApiError(SealgenError):
    """The API server, or what it passes requests on to, refused a request."""

    def __init__(self, message: str, status: int, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Cluster:
    """A cluster, as one user."""

    def __init__(
        self,
        client: Any,
        context: str | None,
        namespace: str | None,
        pause: Callable[[float], None] = time.sleep,
        acting_as: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._client = client
        self._acting_as = tuple(acting_as)
        self._pause = pause
        self.context = context
        """The kubeconfig's context; None inside a pod."""
        self.namespace = namespace
        """The context's namespace, if it names one."""
        self.server: str = client.configuration.host

    def get(self, path: str, *, accept: str = _ANY, **query: str) -> dict[str, Any]:
        """Return the object at ``path``; raises ApiError where the server refuses."""
        content = self.request("GET", path, query=query, accept=accept)
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise SealgenError(f"{self.server} answers GET {path} with something that is no JSON object")
        return found

    def list(self, path: str, *, accept: str = _ANY, **query: str) -> Iterator[dict[str, Any]]:
        """Yield all objects of a collection, a page at a time."""
        position: dict[str, str] = {}
        while True:
            page = self.get(path, accept=accept, limit=str(_PAGE), **query, **position)
            yield from page.get("items") or ()
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return
            position = {"continue": following}

    def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
        accept: str = _ANY,
        tries: int = _TRIES,
        final: frozenset[int] = frozenset(),
    ) -> bytes:
        """Return what the answer holds.

        A request that fails in passing is tried again, at most ``tries`` times in all; statuses in ``final`` do not
        pass. Raises ApiError where the answer is a refusal, and SealgenError where there is none.
        """
        url = self.server + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Accept": accept} | ({"Content-Type": content_type} if content_type else {})
        pause = _FIRST_PAUSE
        while True:
            tries -= 1
            try:
                status, wait, content = self._once(method, url, headers, body)
            except _NoAnswer as error:
                if tries <= 0 or error.final:
                    raise SealgenError(f"can't reach {self.server}: {error.reason}", hint=error.hint) from None
                wait = None
            else:
                if 200 <= status < 300:
                    if _is_html(content):
                        raise _html(self.server, method, path, status)
                    return content
                if tries <= 0 or status not in _MAY_PASS - final:
                    self._refused(method, path, status, content)
            self._pause(min(wait if wait is not None else pause, _LONGEST_PAUSE))
            pause *= 2

    def _once(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, float | None, bytes]:
        """Return the status, how many seconds the server asks to wait, and the content of one answer."""
        import urllib3  # noqa: PLC0415  (only who talks to a cluster needs it)

        # Asked for each time, as a token may have been renewed.
        auths = self._client.configuration.auth_settings().values()
        signed = urllib3.HTTPHeaderDict(headers | {auth["key"]: auth["value"] for auth in auths})
        for name, text in self._acting_as:
            signed.add(name, text)
        deadline = time.monotonic() + _PATIENCE
        try:
            response = self._client.rest_client.pool_manager.request(
                method,
                url,
                body=body,
                headers=signed,
                timeout=urllib3.Timeout(connect=10.0, read=_PATIENCE),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            content = bytearray()
            for chunk in response.stream(65536):
                content += chunk
                if len(content) > _MAX_BYTES:
                    raise _NoAnswer(f"the answer has more than {_MAX_BYTES // 1024**2} MiB", final=True)
                if time.monotonic() > deadline:
                    raise _NoAnswer(f"no whole answer within {_PATIENCE:.0f} seconds")
        except urllib3.exceptions.HTTPError as error:
            raise _no_answer(error) from None
        asked = response.headers.get("Retry-After", "")
        return response.status, float(asked) if asked.isdecimal() else None, bytes(content)

    def _refused(self, method: str, path: str, status: int, content: bytes) -> NoReturn:
        if _is_html(content):
            raise _html(self.server, method, path, status)
        told = _told(content)
        words = f": {told}" if told else ""
        who = f"the context {quoted(self.context)}" if self.context else "this pod's service account"
        if status == 401:
            raise ApiError(
                f"{self.server} does not know who this is (401){words}",
                status,
                hint=f"The credentials of {who} may have expired; sign in again.",
            )
        if status == 403:
            raise ApiError(f"{who} may not {method} {path} (403){words}", status)
        if status == 404:
            raise ApiError(f"{self.server} has no {path} (404){words}", status)
        raise ApiError(f"{self.server} answers {method} {path} with status {status}{words}", status)


def connect(kubeconfig: str | None, context: str | None, instead: Overrides = NONE) -> Cluster:
    """Sign in as the kubeconfig's ``context`` says, or its current one, but for what ``instead`` says.

    Without ``kubeconfig``, ``$KUBECONFIG`` and then ``~/.kube/config`` is read, and without any, this is a pod.
    Raises ConfigurationError where there is no such file or context, and SealgenError where the client is missing.
    """
    try:
        import kubernetes.client  # noqa: PLC0415  (a quarter of a second)
        import kubernetes.config  # noqa: PLC0415
        import urllib3  # noqa: PLC0415
    except ModuleNotFoundError:
        raise SealgenError(
            "talking to a cluster needs the Kubernetes client, which is not installed",
            hint="Install it: pip install 'sealgen[cluster]'",
        ) from None
    keep_clients_silent()
    configuration = kubernetes.client.Configuration()
    configuration.retries = False
    where = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    files = [file for file in where.split(os.pathsep) if file and Path(file).expanduser().is_file()]
    name: str | None = None
    namespace: str | None = None
    if not files and "server" in instead.cluster and not (kubeconfig or context):
        kubernetes.config.load_kube_config_from_dict(instead.alone(), None, configuration, persist_config=False)
    elif not files:
        if kubeconfig or context or os.environ.get("KUBECONFIG"):
            raise ConfigurationError(f"there is no kubeconfig {where}")
        try:
            kubernetes.config.load_incluster_config(client_configuration=configuration)
        except kubernetes.config.ConfigException:
            raise ConfigurationError(
                f"there is no kubeconfig: $KUBECONFIG is not set, there is no {where}, and this is no pod of a cluster",
                hint="Get one from whoever runs the cluster, and name its context in the environment file.",
            ) from None
    else:
        names = os.pathsep.join(files)
        try:
            contexts, current = kubernetes.config.list_kube_config_contexts(names)
            known = {entry["name"]: entry["context"] for entry in contexts}
            name = context or current["name"]
            if name not in known:
                raise ConfigurationError(f"{where} has no context {quoted(str(name))}{did_you_mean(str(name), known)}")
            namespace = known[name].get("namespace")
            if instead:
                _load_overridden(names, name, instead, configuration)
            else:
                kubernetes.config.load_kube_config(names, name, configuration, persist_config=False)
        except ConfigurationError:
            raise
        except Exception as error:
            # The loader trips over malformed files in many ways, and its words may hold credentials.
            raise ConfigurationError(
                f"{where} can't be used as a kubeconfig{_kubeconfig_words(error)}",
                hint="Try it: kubectl version" + (f" --context {name}" if name else ""),
            ) from None
    urllib3.disable_warnings()  # of a kubeconfig that asks for no verification
    return Cluster(kubernetes.client.ApiClient(configuration), name, namespace, acting_as=instead.acting_as)


def _load_overridden(files: str, context: str, instead: Overrides, configuration: Any) -> None:
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger  # noqa: PLC0415

    config = KubeConfigMerger(files).config
    instead.put_into(config, context)
    KubeConfigLoader(config, active_context=context, config_base_path=None).load_and_set(configuration)


def _kubeconfig_words(error: Exception) -> str:
    import kubernetes.config  # noqa: PLC0415

    if isinstance(error, kubernetes.config.ConfigException):
        return f": {shortened(str(error).splitlines()[0], _WORDS)}" if str(error) else ""
    return ""


class _NoAnswer(Exception):  # noqa: N818
    def __init__(self, reason: str, *, hint: str | None = None, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.final = final
        """Whether trying again is of no use."""


def _no_answer(error: Exception) -> _NoAnswer:
    """Say why there is no answer, in few words."""
    import urllib3  # noqa: PLC0415

    if isinstance(error, urllib3.exceptions.SSLError):
        hint = "Is this the right cluster? Its certificate is not one that the kubeconfig trusts."
        return _NoAnswer(shortened(str(error), _WORDS), hint=hint, final=True)
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return _NoAnswer("its name is not known here")
    if isinstance(error, urllib3.exceptions.ProxyError):
        return _NoAnswer(f"the proxy does not let it through: {_system_words(error)}")
    if isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(
        error, urllib3.exceptions.NewConnectionError
    ):
        return _NoAnswer("no answer in time")
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return _NoAnswer(_system_words(error))
    return _NoAnswer("the connection was cut")


def _system_words(error: BaseException) -> str:
    """Return what the system says of the failure at the bottom of a chain of errors."""
    while True:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        below = error.__cause__ or error.__context__
        if below is None:
            return "no connection"
        error = below


def _is_html(content: bytes) -> bool:
    return content[:256].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _html(server: str, method: str, path: str, status: int) -> ApiError:
    return ApiError(
        f"{server} answers {method} {path} with a web page (status {status}), which no API server does",
        status,
        hint="Is there a proxy or a page to sign in on the way?",
    )


def _told(content: bytes) -> str:
    """Return the server's own words: the message of a Status, or a line of text."""
    try:
        message = json.loads(content)["message"]
    except (ValueError, KeyError, TypeError):
        message = content.decode("utf-8", "replace").strip()
    return shortened(str(message), _WORDS)
