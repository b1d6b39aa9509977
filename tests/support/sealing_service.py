"""What a sealed-secrets controller answers behind the API server: it opens with all of its keys, and seals with one.

It is as Sealed Secrets 0.36.6 is, also in what it damages: ``pkg/controller`` (``AttemptUnseal`` and ``Rotate``).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgen.crypto import hybrid
from sealgen.kubernetes.sealed_secret import Scope, scope_of
from tests.support.api_server import PROXY, Answer

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer, Request
    from tests.support.project import Controller


@dataclass
class SealingService:
    """A controller with these keys, the newest first."""

    keys: list[Controller]
    server: ApiServer
    asked: list[dict[str, Any]] = field(default_factory=list)
    """What it was asked to open or to seal again, in order."""
    renew_after: int | None = None
    """After how many objects that it sealed again it has another key than before."""

    def __post_init__(self) -> None:
        self.server.serve_controller(b"")
        self.server.answers[f"GET {PROXY}cert.pem"] = lambda _: Answer(200, self.keys[0].certificate)
        self.server.answers[f"POST {PROXY}verify"] = self.verify
        self.server.answers[f"POST {PROXY}rotate"] = self.rotate

    def calls(self, name: str) -> int:
        """Return how often it was called."""
        return sum(request.path == f"{PROXY}{name}" for request in self.server.requests)

    def verify(self, request: Request) -> Answer:
        """Say whether it opens all of a SealedSecret."""
        asked = json.loads(request.body)
        self.asked.append(asked)
        return Answer(409 if self._opened(asked) is None else 200)

    def rotate(self, request: Request) -> Answer:
        """Seal all of a SealedSecret again with the newest key."""
        asked = json.loads(request.body)
        self.asked.append(asked)
        opened = self._opened(asked)
        if opened is None:
            return Answer(500)
        metadata = asked["metadata"]
        public_key = self.keys[0].private_key.public_key()
        sealed = {
            key: base64.b64encode(hybrid.seal(value, public_key, _label(metadata))).decode()
            for key, value in opened.items()
        }
        spec = {"encryptedData": sealed, "template": {"metadata": {**metadata, "creationTimestamp": None}}}
        answer = {"metadata": {**metadata, "creationTimestamp": None}, "spec": spec}
        if self.renew_after is not None:
            self.renew_after -= 1
            if self.renew_after == 0:
                self.keys.insert(0, self.keys[-1])
        return Answer(200, json.dumps(answer).encode())

    def _opened(self, asked: dict[str, Any]) -> dict[str, bytes] | None:
        label = _label(asked["metadata"])
        private_keys = [key.private_key for key in self.keys]
        data = {}
        for key, text in asked["spec"]["encryptedData"].items():
            try:
                data[key] = hybrid.unseal(base64.b64decode(text, validate=True), private_keys, label)
            except (ValueError, hybrid.CiphertextError):
                return None
        # It renders Go templates; one with a call that is not closed is enough for a test.
        for key, text in asked["spec"]["template"].get("data", {}).items():
            if text.count("{{") != text.count("}}"):
                return None
            data[key] = text.encode()
        return data


def _label(metadata: dict[str, Any]) -> bytes:
    scope: Scope = scope_of(metadata.get("annotations") or {})
    return scope.label(metadata.get("namespace", ""), metadata["name"])
