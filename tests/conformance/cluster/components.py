"""The parts of a cluster, started in the working directory in the order in which they need each other."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.conformance.cluster import tunnel
from tests.conformance.cluster.authority import HOST, Authority, new_key, private_pem, public_pem
from tests.conformance.cluster.processes import ClusterError, environ, tail, tied

if TYPE_CHECKING:
    from tests.conformance.cluster.processes import Processes

CONTROLLER: Final = "sealed-secrets-controller"
PROGRAMS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl", CONTROLLER, "unshare", "setpriv")
"""What must be on PATH; the definition of SealedSecret lies beside the controller."""
_DEFINITION: Final = "bitnami.com_sealedsecrets.yaml"
_OBJECTS: Final = Path(__file__).with_name("objects.yaml").absolute()
_POD_ADDRESS: Final = "198.18.0.10"
_STORAGE: Final = "unix://etcd.sock"
_EGRESS: Final = "egress.sock"


class Started(NamedTuple):
    """Where a cluster is: the URL of its API server, and the id of its controller's process."""

    server: str
    controller: int


def start(processes: Processes) -> Started:
    """Start all, and return when the controller answers."""
    authority = Authority.create(Path())
    port, controller_port = _free_port(), _free_port()
    server = f"https://{HOST}:{port}"
    Path("kubeconfig").write_text(authority.kubeconfig(server, "admin", ["system:masters"]))
    _start_etcd(processes)
    tunnel.start(_EGRESS, controller_port)
    _start_api_server(processes, authority, port)
    _create_objects(processes)
    _start_controller_manager(processes)
    return Started(server, _start_controller(processes, authority, port, controller_port))


def _start_etcd(processes: Processes) -> None:
    # Sockets in the working directory: nobody else reaches them, and their path can't be too long.
    listening = (f"--listen-client-urls={_STORAGE}", "--listen-peer-urls=unix://peer.sock")
    # Wanted, and of no use to a single member.
    advertised = f"--advertise-client-urls=http://{HOST}:2379"
    processes.start("etcd", tied("etcd", "--data-dir=etcd", "--unsafe-no-fsync", *listening, advertised))
    processes.wait("etcd", Path("etcd.sock").exists)


def _start_api_server(processes: Processes, authority: Authority, port: int) -> None:
    certificate, key = authority.issue("kube-apiserver")
    Path("server.crt").write_bytes(certificate)
    Path("server.key").write_bytes(key)
    service_accounts = new_key()
    Path("service-accounts.key").write_bytes(private_pem(service_accounts))
    Path("service-accounts.pub").write_bytes(public_pem(service_accounts))
    through_the_tunnel = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": _EGRESS}}}
    egress = {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": through_the_tunnel}],
    }
    Path("egress.json").write_text(json.dumps(egress))
    flags = (
        f"--etcd-servers={_STORAGE}",
        f"--bind-address={HOST}",
        f"--secure-port={port}",
        "--advertise-address=198.18.0.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        "--cert-dir=.",
        "--client-ca-file=ca.crt",
        "--tls-cert-file=server.crt",
        "--tls-private-key-file=server.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-key-file=service-accounts.pub",
        "--service-account-signing-key-file=service-accounts.key",
        "--egress-selector-config-file=egress.json",
    )
    processes.start("kube-apiserver", tied("kube-apiserver", *flags))
    processes.wait("kube-apiserver", partial(_answers, "/readyz"))
    processes.wait("kube-apiserver", partial(_answers, "/api/v1/namespaces/kube-system"))


def _create_objects(processes: Processes) -> None:
    controller = shutil.which(CONTROLLER)
    assert controller is not None
    _kubectl("create", "-f", str(Path(controller).with_name(_DEFINITION)), "-f", str(_OBJECTS))
    running = {"status": {"phase": "Running", "podIP": _POD_ADDRESS, "podIPs": [{"ip": _POD_ADDRESS}]}}
    pod = ("pod", "--namespace=kube-system", CONTROLLER)
    _kubectl("patch", *pod, "--subresource=status", f"--patch={json.dumps(running)}")
    processes.wait("kube-apiserver", partial(_answers, "/apis/bitnami.com/v1alpha1/sealedsecrets"))


def _start_controller_manager(processes: Processes) -> None:
    """Start what deletes namespaces and what nobody owns any more, and makes the service accounts of namespaces."""
    flags = (
        "--kubeconfig=kubeconfig",
        "--leader-elect=false",
        "--secure-port=0",
        "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller",
    )
    processes.start("kube-controller-manager", tied("kube-controller-manager", *flags))


def _start_controller(processes: Processes, authority: Authority, api_server_port: int, port: int) -> int:
    """Start the sealed-secrets controller; a folder is its /var/run, as it looks for its token nowhere else."""
    token = _kubectl("create", "token", "--namespace=kube-system", CONTROLLER, "--duration=8760h")
    account = Path("run/secrets/kubernetes.io/serviceaccount")
    account.mkdir(parents=True)
    (account / "token").write_text(token)
    (account / "ca.crt").write_bytes(authority.pem)
    (account / "namespace").write_text("kube-system")
    flags = (
        f"--listen-addr={HOST}:{port}",
        f"--listen-metrics-addr={HOST}:0",
        # The defaults are for clusters that have other things to do: five requests and two verifications a second.
        "--kubeclient-qps=500",
        "--kubeclient-burst=1000",
        "--rate-limit=1000",
        "--rate-limit-burst=1000",
    )
    unshare = ("unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]))
    mount = ("sh", "-c", 'mount --bind run /var/run && exec "$@"', "sh")
    id_ = processes.start(
        CONTROLLER,
        [*unshare, *mount, *tied(CONTROLLER, *flags)],
        KUBERNETES_SERVICE_HOST=HOST,
        KUBERNETES_SERVICE_PORT=str(api_server_port),
    )
    for service in ("http:sealed-secrets-controller:", "http:sealed-secrets:http"):
        path = f"/api/v1/namespaces/kube-system/services/{service}/proxy/v1/cert.pem"
        processes.wait(CONTROLLER, partial(_answers, path))
    return id_


def _free_port() -> int:
    """Return a port that nothing listens on, from those that no outgoing connection takes by itself."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, random.randint(20000, 31999)))  # noqa: S311
            return int(probe.getsockname()[1])


def _answers(path: str) -> bool:
    """Return whether the administrator's GET of a path succeeds."""
    try:
        _kubectl("get", "--raw", path)
    except ClusterError:
        return False
    return True


def _kubectl(*arguments: str) -> str:
    """Run kubectl as the administrator, and return what it prints; raise ClusterError if it fails."""
    done = subprocess.run(
        ["kubectl", "--kubeconfig=kubeconfig", "--request-timeout=20s", *arguments],
        env=environ(Path.cwd()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise ClusterError(f"kubectl {' '.join(arguments)}: {done.stderr.decode()}{tail('kube-apiserver')}")
    return done.stdout.decode()
