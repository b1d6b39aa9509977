"""What a diff takes from a manifest, whoever wrote it."""

from __future__ import annotations

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from sealgen.review.end import Manifest, read_manifest


def ciphertext(seed: int) -> str:
    """Return something of a ciphertext's form."""
    return "Ag" + base64.b64encode(hashlib.shake_256(bytes([seed])).digest(600)).decode()


def manifest(*seeds: int, annotation: str = "x") -> bytes:
    """Return a manifest as kubeseal lays it out."""
    keys = "".join(f"    KEY_{number}: {ciphertext(seed)}\n" for number, seed in enumerate(seeds))
    return f"""---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  annotations:
    note: {annotation}
  name: secret
  namespace: aura
spec:
  encryptedData:
{keys}  template:
    metadata:
      name: secret
""".encode()


def read(content: bytes) -> Manifest:
    """Return the one manifest of a file."""
    [found] = read_manifest(content, "s.yaml").values()
    return found


def test_two_manifests_of_one_structure_keep_their_own_ciphertexts() -> None:
    old, new = read(manifest(1, 2)), read(manifest(3, 4))
    assert old.ciphertexts == {"KEY_0": ciphertext(1), "KEY_1": ciphertext(2)}
    assert new.ciphertexts == {"KEY_0": ciphertext(3), "KEY_1": ciphertext(4)}
    assert old.lines == new.lines == {"KEY_0": 11, "KEY_1": 12}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3), st.integers(0, 3))
def test_a_line_of_a_text_that_looks_like_a_ciphertext_is_told_as_it_stands(seeds: list[int], inside: int) -> None:
    line = f"KEY_0: {ciphertext(inside)}"
    found = read(manifest(*seeds).replace(b"spec:\n", f"spec:\n  note: |-\n    {line}\n".encode()))
    assert found.ciphertexts == {f"KEY_{number}": ciphertext(seed) for number, seed in enumerate(seeds)}
    assert found.facts["spec.note"] == line


def test_an_annotation_that_looks_like_a_ciphertext_is_told_as_it_stands() -> None:
    found = read(manifest(1, annotation=f"x\n    KEY_9: {ciphertext(9)}"))
    assert found.facts["metadata.annotations.KEY_9"] == ciphertext(9)
    assert found.ciphertexts == {"KEY_0": ciphertext(1)}
