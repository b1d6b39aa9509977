"""The private keys of tests' own controllers, as an operator backs them up."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from tests.support.project import Controller

LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key"


def private_pem(controller: Controller, layout: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    """Return a controller's private key in PEM."""
    return controller.private_key.private_bytes(Encoding.PEM, layout, NoEncryption())


def key_secret(controller: Controller, name: str, label: str = "active") -> dict[str, Any]:
    """Return the Secret that a controller keeps its key in, as ``kubectl get secret`` gives it.

    Source: Sealed Secrets 0.36.6, ``cmd/controller/keys.go``: the key is in PKCS #1.
    """
    pem = private_pem(controller, PrivateFormat.TraditionalOpenSSL)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {LABEL: label},
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "type": "kubernetes.io/tls",
        "data": {
            "tls.crt": base64.b64encode(controller.certificate).decode(),
            "tls.key": base64.b64encode(pem).decode(),
        },
    }
