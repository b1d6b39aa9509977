"""The sealed-secrets controller, through the API server's proxy to its Service.

Source: Sealed Secrets 0.36.6, ``cmd/controller/server.go`` and ``pkg/kubeseal``.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sealgen.cluster.connection import ApiError
from sealgen.errors import SealgenError

if TYPE_CHECKING:
    from sealgen.cluster.connection import Cluster

# The port is unnamed in the project's own manifests, and named so by its Helm chart.
_PORTS: Final = ("", "http")
_CAN_T_OPEN: Final = frozenset({500})


class Controller:
    """A controller, by its Service; who may use the proxy to it needs no other right."""

    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self.file = f"{namespace}/{name} of {cluster.server}"
        """What messages call it."""

    def certificate(self) -> bytes:
        """Return the certificates that it offers, in PEM, the newest first."""
        return self._request("GET", "cert.pem")

    def verify(self, manifest: bytes) -> bool:
        """Ask whether it can open a SealedSecret, JSON or YAML, without applying it.

        It opens all values, or says no. Raises ApiError where it refuses to tell, as later releases may, and for what
        is no SealedSecret (status 500).
        """
        try:
            self._request("POST", "verify", manifest)
        except ApiError as error:
            if error.status == 409:
                return False
            raise
        return True

    def rotate(self, manifest: bytes) -> bytes:
        """Have a SealedSecret sealed again with the newest key; returns what it answers, JSON.

        Only the ciphertexts of that are of use: labels, annotations and templates come back damaged. Raises ApiError
        where it can't open the SealedSecret (status 500, without a word), or refuses to.
        """
        return self._request("POST", "rotate", manifest, final=_CAN_T_OPEN)

    def _request(
        self, method: str, call: str, body: bytes | None = None, *, final: frozenset[int] = frozenset()
    ) -> bytes:
        content_type = "application/x-yaml" if body is not None else None
        try:
            return self._cluster.request(
                method, f"{self._proxy}/v1/{call}", body=body, content_type=content_type, final=final
            )
        except ApiError as error:
            if error.status == 503 and "no endpoints" in error.message:
                raise SealgenError(
                    f"the controller {self.file} is not running", hint=f"See: kubectl get pods -n {self._namespace}"
                ) from None
            raise

    @cached_property
    def _proxy(self) -> str:
        return self._proxy_of(self._port())

    def _proxy_of(self, port: str) -> str:
        service = quote(f"http:{self._name}:{port}", safe=":")
        return f"/api/v1/namespaces/{quote(self._namespace)}/services/{service}/proxy"

    def _port(self) -> str:
        """Return the name of the Service's port: from the Service, or, where that may not be read, by trying."""
        path = f"/api/v1/namespaces/{quote(self._namespace)}/services/{quote(self._name)}"
        try:
            ports = self._cluster.get(path).get("spec", {}).get("ports") or [{}]
        except ApiError as error:
            if error.status == 404:
                raise SealgenError(
                    f"there is no Service {self._namespace}/{self._name} in {self._cluster.server}",
                    hint="Name the controller's: cluster.controller and cluster.controller_namespace.",
                ) from None
            if error.status != 403:
                raise
            return next(filter(self._answers, _PORTS), _PORTS[0])
        return str(ports[0].get("name", ""))

    def _answers(self, port: str) -> bool:
        try:
            self._cluster.request("GET", f"{self._proxy_of(port)}/v1/cert.pem", tries=1)
        except ApiError as error:
            return error.status not in (404, 503)
        return True
