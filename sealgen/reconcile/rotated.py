"""What the controller answers when it is asked to seal again, checked before any of it counts. Pure.

Source: Sealed Secrets 0.36.6, ``pkg/controller`` (``Rotate``): the answer is JSON without ``kind`` and ``apiVersion``,
and of all that it has only the ciphertexts are of use.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from sealgen.crypto import ciphertext as ciphertext_rules
from sealgen.errors import SealgenError
from sealgen.kubernetes.sealed_object import Place
from sealgen.kubernetes.sealed_secret import scope_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def ciphertexts(answer: bytes, place: Place, sent: Mapping[str, str], rsa_bytes: int) -> dict[str, str]:
    """Return the new ciphertexts by key, in the order of those that were ``sent``.

    ``place`` is what they were sent as, ``rsa_bytes`` the length of the modulus of the key that they are to be sealed
    with. Raises SealgenError for an answer that is of anything else, or whose values have another length.
    """
    try:
        sealed = json.loads(answer)
        metadata, new = sealed["metadata"], dict(sealed["spec"]["encryptedData"])
        found = Place(metadata.get("namespace", ""), metadata["name"], scope_of(metadata.get("annotations") or {}))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SealgenError("the controller's answer is no SealedSecret") from None
    if found != place:
        raise SealgenError(f"the controller's answer is of {_shown(found)}, and not of {_shown(place)}")
    if new.keys() != sent.keys():
        raise SealgenError(
            f"the controller's answer has the keys {', '.join(sorted(new)) or '(none)'}, and not {', '.join(sent)}"
        )
    for key, old in sent.items():
        if problem := _problem(new[key], old, rsa_bytes):
            raise SealgenError(f"the controller's answer is wrong in {key}: {problem}")
    return {key: new[key] for key in sent}


def _shown(place: Place) -> str:
    return f"{place.namespace}/{place.name} ({place.scope})"


def _problem(new: object, old: str, rsa_bytes: int) -> str | None:
    if not isinstance(new, str):
        return "it is no text"
    if new == old:
        return "it came back as it was"
    try:
        shape = ciphertext_rules.shape(base64.b64decode(new, validate=True))
    except ValueError:
        return "it is not standard base64"
    except ciphertext_rules.CiphertextError as error:
        return f"it is {error.message}"
    if shape.rsa_bytes != rsa_bytes:
        return f"it was sealed with a key of {shape.rsa_bytes * 8} bits, and the newest has {rsa_bytes * 8}"
    if shape.plaintext_bytes != ciphertext_rules.shape(base64.b64decode(old)).plaintext_bytes:
        return "it holds a value of another length"
    return None
