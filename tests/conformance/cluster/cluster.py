"""A real Kubernetes API with the real sealed-secrets controller, on 127.0.0.1, in a folder.

Tests take the fixture ``cluster`` (tests/conformance/conftest.py). It is one for the session: a test works in
namespaces of its own, and asks for the certificate when it needs it, as another test may have had a new key made.

    def test_it(cluster: Cluster) -> None:
        namespace = cluster.namespace()                       # a new one, or cluster.namespace("aura-staging")
        cluster.kubectl("apply", "-f", "-", input=manifest)   # returns standard output, raises KubectlError
        cluster.wait_synced(namespace)                        # until the controller has opened all its SealedSecrets
        cluster.secret(namespace, "name")                     # the bytes by key
        cluster.certificate(); cluster.new_sealing_key()      # PEM as /v1/cert.pem serves it; SIGUSR1, and the new one
        cluster.kubeconfig                                    # an administrator's
        cluster.user("ann", groups=["proxy-users"])           # a kubeconfig of who may use the service proxy only
        cluster.user("bob", rules={namespace: [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]})

The controller is the Service ``sealed-secrets-controller`` (unnamed port) and the Service ``sealed-secrets`` (port
``http``), both in kube-system. No node and no scheduler: a Pod is an object whose status tests write themselves. Of the
controllers of Kubernetes those run that delete namespaces, collect garbage and make service accounts.

For people: ``make cluster`` and ``make cluster-down``, which run this module.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.conformance.cluster.authority import Authority
from tests.conformance.cluster.components import CONTROLLER, PROGRAMS
from tests.conformance.cluster.processes import PATIENCE, ClusterError, environ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ROOT = Path(__file__).parents[3]
_SUPERVISOR = (sys.executable, "-m", "tests.conformance.cluster.supervisor")


class KubectlError(Exception):
    """kubectl failed; the message is what it wrote on standard error."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster, by its folder."""

    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of an administrator; its context is ``admin``."""
        return self.folder / "kubeconfig"

    @property
    def server(self) -> str:
        """The URL of the API server, whose certificate ``ca.crt`` in the folder vouches for."""
        server: str = self._state["server"]
        return server

    # --- everything ---

    def kubectl(self, *arguments: str, input: str | bytes = b"", kubeconfig: Path | None = None) -> str:  # noqa: A002
        """Run kubectl as the administrator, or with another kubeconfig; return its output, raise KubectlError."""
        done = subprocess.run(
            ["kubectl", "--kubeconfig", kubeconfig or self.kubeconfig, *arguments],
            env=environ(self.folder),
            input=input.encode() if isinstance(input, str) else input,
            capture_output=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            if _process(self.folder) is None:
                raise ClusterError(f"the cluster has ended: {_log(self.folder).read_text()}")
            raise KubectlError(done.stderr.decode())
        return done.stdout.decode()

    def get(self, *arguments: str) -> Any:
        """Return what ``kubectl get`` gives as JSON."""
        return json.loads(self.kubectl("get", "--output=json", *arguments))

    def apply(self, *objects: Mapping[str, object]) -> None:
        """Apply objects."""
        self.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def namespace(self, name: str | None = None) -> str:
        """Make sure that there is a namespace, a new one if no name is given; return its name."""
        name = name or f"test-{uuid.uuid4().hex[:12]}"
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    # --- the controller ---

    def certificate(self) -> bytes:
        """Return the certificate that the controller serves, in PEM."""
        services = "/api/v1/namespaces/kube-system/services"
        return self.kubectl("get", "--raw", f"{services}/http:{CONTROLLER}:/proxy/v1/cert.pem").encode()

    def new_sealing_key(self) -> bytes:
        """Let the controller make its next sealing key; return its certificate in PEM."""
        before = self.certificate()
        # Keys are ordered by this date, in whole seconds.
        made = x509.load_pem_x509_certificate(before).not_valid_before_utc
        time.sleep(max(0.0, 1.1 - (datetime.now(UTC) - made).total_seconds()))
        os.kill(self._state["controller"], signal.SIGUSR1)
        deadline = time.monotonic() + PATIENCE
        while (now := self.certificate()) == before:
            if time.monotonic() > deadline:
                raise ClusterError(f"no new sealing key after {PATIENCE:.0f} s; see {self.folder / CONTROLLER}.log")
            time.sleep(0.1)
        return now

    def sealing_keys(self) -> list[Any]:
        """Return the Secrets that hold the controller's sealing keys, the oldest first."""
        label = "sealedsecrets.bitnami.com/sealed-secrets-key"
        keys: list[Any] = self.get("secrets", "--namespace=kube-system", f"--selector={label}")["items"]
        return sorted(keys, key=lambda key: x509.load_pem_x509_certificate(_data(key)["tls.crt"]).not_valid_before_utc)

    def newest_key(self) -> rsa.RSAPrivateKey:
        """Return the sealing key that the controller's certificate is of."""
        key = load_pem_private_key(_data(self.sealing_keys()[-1])["tls.key"], None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def wait_synced(self, namespace: str) -> None:
        """Wait until the controller has opened all SealedSecrets of a namespace, as they are now."""
        left: dict[str, str] = {}
        deadline = 0.0
        while now := self._not_synced(namespace):
            if now != left:
                left, deadline = now, time.monotonic() + PATIENCE
            if time.monotonic() > deadline:
                raise ClusterError(f"{namespace}: not opened after {PATIENCE:.0f} s: {dict(list(left.items())[:10])}")
            time.sleep(0.2)

    def _not_synced(self, namespace: str) -> dict[str, str]:
        """Return what the controller has said so far of those that it hasn't opened, by name."""
        waiting = {}
        for item in self.get("sealedsecrets", f"--namespace={namespace}")["items"]:
            status = item.get("status", {})
            conditions = status.get("conditions", [])
            is_opened = any(it["type"] == "Synced" and it["status"] == "True" for it in conditions)
            if not is_opened or status.get("observedGeneration") != item["metadata"]["generation"]:
                waiting[item["metadata"]["name"]] = "; ".join(it.get("message", "") for it in conditions)
        return waiting

    def secret(self, namespace: str, name: str) -> dict[str, bytes]:
        """Return the bytes of a Secret by key."""
        return _data(self.get("secret", f"--namespace={namespace}", name))

    # --- who may less ---

    def user(
        self,
        name: str,
        *,
        groups: Sequence[str] = (),
        rules: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        namespace: str = "default",
    ) -> Path:
        """Return the kubeconfig of a user who may do what the RBAC rules allow, by namespace; ``""`` is all of them.

        Its context has the user's name and this namespace.
        """
        for where, allowed in (rules or {}).items():
            scope = "" if where else "Cluster"
            metadata = {"name": f"test-{name}"} | ({"namespace": where} if where else {})
            rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": metadata}
            api_group = "rbac.authorization.k8s.io"
            self.apply(
                {**rbac, "kind": f"{scope}Role", "rules": allowed},
                {
                    **rbac,
                    "kind": f"{scope}RoleBinding",
                    "roleRef": {"apiGroup": api_group, "kind": f"{scope}Role", "name": f"test-{name}"},
                    "subjects": [{"apiGroup": api_group, "kind": "User", "name": name}],
                },
            )
        path = self.folder / "users" / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(Authority.load(self.folder).kubeconfig(self.server, name, groups, namespace))
        return path

    @property
    def _state(self) -> Any:
        return json.loads((self.folder / "cluster.json").read_bytes())


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a cluster in a folder, which is made and must be new; it ends with this process at the latest."""
    process = _start(folder, ("setpriv", "--pdeathsig", "TERM", "--", *_SUPERVISOR))
    try:
        yield Cluster(folder)
    finally:
        process.terminate()
        process.wait()


def _start(folder: Path, supervisor: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the supervisor, away from the terminal's signals, and wait until the cluster is up."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _log(folder).open("wb") as errors:
        process = subprocess.Popen(
            [*supervisor, folder.absolute()],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout as answer:
        try:
            ready = answer.readline() == b"ready\n"
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if not ready:
        process.wait()
        raise ClusterError(f"the cluster doesn't start: {_log(folder).read_text()}")
    return process


def _log(folder: Path) -> Path:
    """Return where the supervisor of a cluster in a folder says what is wrong: beside the folder, which may be gone."""
    return folder.with_name(f"{folder.name}.log")


def _data(secret: Any) -> dict[str, bytes]:
    return {key: base64.b64decode(text, validate=True) for key, text in secret.get("data", {}).items()}


def _process(folder: Path) -> int | None:
    """Return the id of the supervisor that runs a cluster in a folder, if one does."""
    with contextlib.suppress(FileNotFoundError), (folder / "pid").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read())
    return None


def up(folder: Path) -> None:
    """Start a cluster that stays when this process ends, unless it runs; say how to use it."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        sys.exit(f"not on PATH: {', '.join(missing)}; tests/conformance/install builds what Linux doesn't have")
    if _process(folder) is None:
        _remove(folder)
        print(f"starting a cluster in {folder}", file=sys.stderr)  # noqa: T201
        try:
            _start(folder, _SUPERVISOR)
        except ClusterError as error:
            sys.exit(str(error))
    print(f"export KUBECONFIG={Cluster(folder).kubeconfig}")  # noqa: T201


def down(folder: Path) -> None:
    """End the cluster of a folder, if it runs, and remove the folder."""
    process = _process(folder)
    if process is not None:
        os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while _process(folder) is not None:
            if time.monotonic() > deadline:
                sys.exit(f"process {process} still runs after {PATIENCE:.0f} s")
            time.sleep(0.1)
    _remove(folder)


def _remove(folder: Path) -> None:
    """Remove what a cluster has left in a folder and beside it."""
    if folder.exists() and not (folder / "pid").exists():
        sys.exit(f"{folder} is not a cluster's")
    shutil.rmtree(folder, ignore_errors=True)
    _log(folder).unlink(missing_ok=True)


if __name__ == "__main__":
    {"up": up, "down": down}[sys.argv[1]](Path(sys.argv[2]).absolute())
