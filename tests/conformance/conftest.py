"""What conformance tests share: the real kubeseal and kustomize, a throwaway sealing key, and a real cluster."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization

from tests.conformance.cluster.cluster import Cluster, running
from tests.conformance.cluster.components import PROGRAMS
from tests.support.controller import controller_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import rsa


class KeyPair(NamedTuple):
    """A sealing key of 2048 bits, with its certificate and private key (PKCS #8) in PEM files."""

    private_key: rsa.RSAPrivateKey
    certificate: Path
    key: Path


def tool(name: str) -> str:
    """Return the path of a program: the variable of its name in capitals, else PATH; a missing one fails in CI."""
    path = shutil.which(os.environ.get(name.upper()) or name)
    if path is None:
        reason = f"{name} is neither in ${name.upper()} nor on PATH"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def kubeseal() -> str:
    """Return the path of the real kubeseal."""
    return tool("kubeseal")


@pytest.fixture(scope="session")
def kustomize() -> str:
    """Return the path of the real kustomize."""
    return tool("kustomize")


@pytest.fixture(scope="session")
def keypair(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    """Make a sealing key and its certificate, as the controller does."""
    private_key, certificate = controller_certificate(2048, datetime.now(UTC) - timedelta(days=1))
    folder = tmp_path_factory.mktemp("sealing-key")
    pair = KeyPair(private_key, folder / "tls.crt", folder / "tls.key")
    pair.certificate.write_bytes(certificate)
    pair.key.touch(mode=0o600)
    pair.key.write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pair


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run a Kubernetes API with the sealed-secrets controller, one for all tests: each takes a namespace of its own."""
    for program in PROGRAMS:
        tool(program)
    with running(tmp_path_factory.mktemp("cluster") / "cluster") as it:
        yield it


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """Return a namespace of the test's own."""
    return cluster.namespace()
