"""The key Secrets of a sealed-secrets controller, in which its private keys are: read from a backup of them.

Source: bitnami-labs/sealed-secrets 0.36.6, ``cmd/controller/keys.go``. ``kubectl get secret -n kube-system -l
sealedsecrets.bitnami.com/sealed-secrets-key -o yaml`` prints them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.content.secret_types import TLS
from sealgen.crypto import private_key
from sealgen.errors import ConfigurationError, printable
from sealgen.kubernetes import objects
from sealgen.kubernetes.secret import API_VERSION, KIND, values

if TYPE_CHECKING:
    from sealgen.crypto.private_key import PrivateKey
    from sealgen.kubernetes.objects import Field

LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key"
"""What the controller labels its own with: ``active``, or ``compromised`` for one that seals nothing any more."""
_KEY = "tls.key"


def read(content: bytes, file: str) -> list[PrivateKey]:
    """Read the private keys of the key Secrets in a file: YAML or JSON, several documents, Lists.

    Those with the controller's label count, whatever its value; where none has it, as after an edit, those of type
    ``kubernetes.io/tls``. ``file`` is the name that errors and the keys carry, with that of the Secret. Raises
    ConfigurationError where there is none, or one that is no key of the controller.
    """
    secrets = [root for root in objects.read_all(content, file) if root["kind"].text_if_given() == KIND]
    found = [root for root in secrets if LABEL in root["metadata"]["labels"].entries()]
    found = found or [root for root in secrets if root["type"].text_if_given() == TLS]
    if not found:
        raise ConfigurationError(
            f"{file} holds no key Secret, which has the label {LABEL}",
            hint=f"'kubectl get secret -n kube-system -l {LABEL} -o yaml' prints them.",
        )
    return [key for root in found for key in _keys(root, file)]


def _keys(root: Field, file: str) -> list[PrivateKey]:
    root["apiVersion"].must_be(API_VERSION)
    data = values(root)
    if _KEY not in data:
        raise ConfigurationError(f"a key Secret without '{_KEY}'", at=root.at)
    name = root["metadata"]["name"].text_if_given() or "without a name"
    return private_key.load(data[_KEY].reveal(), f"{file} (Secret {printable(name)})")
