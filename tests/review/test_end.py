"""What a diff takes from a manifest, whoever wrote it."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from sealgen.review.end import Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable


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


def plainly(content: bytes, file: str) -> dict[str, Manifest]:
    """Return the manifests of a file that has the very word for what is left out, so that nothing is."""
    return read_manifest(content + b"# LEFT-OUT\n", file)


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


def test_manifests_of_one_structure_keep_their_own_names_and_files() -> None:
    one, other = manifest(1), manifest(1).replace(b"name: secret", b"name: other")
    assert [
        read_manifest(content, file) for content, file in ((one, "a.yaml"), (other, "b.yaml"), (one, "c.yaml"))
    ] == [
        {"secret": plainly(one, "a.yaml")["secret"]},
        {"other": plainly(other, "b.yaml")["other"]},
        {"secret": plainly(one, "c.yaml")["secret"]},
    ]


# Places where what is left out of a structure, or something like it, could stand.
LINES = (
    "",
    "  name: secret",
    "  name: other",
    "  name: 'secret'",
    "  name: true",
    "      name: secret",
    "      name: other",
    "      name: 'secret'",
    "    name: secret",
    "    KEY_0: {0}",
    "    KEY_9: {0}",
    "    KEY_9: '{0}'",
    "      KEY_9: {0}",
    "      name: |-",
    "        name: secret",
    "  namespace: secret",
    "    LEFT-OUT: LEFT-OUT",
    "  note: LEFT-OUT",
    "  # name: secret",
    "---",
    "kind: SealedSecret",
)


def check_with_lines(lines: Iterable[tuple[int, str]], indent: int) -> None:
    """Put lines in a manifest whose ciphertexts stand so deep, and read it."""
    told = manifest(1, 2).decode().replace("    KEY", f"{' ' * indent}KEY").splitlines()
    for place, line in lines:
        told.insert(place, line.format(ciphertext(7)))
    check_as_yaml("\n".join([*told, ""]).encode())


def check_as_yaml(content: bytes) -> None:
    """Read a manifest, or get the error that its YAML has."""
    try:
        expected = plainly(content, "s.yaml")
    except ConfigurationError as error:
        with pytest.raises(ConfigurationError, match=f"^{re.escape(str(error))}$"):
            read_manifest(content, "s.yaml")
    else:
        assert read_manifest(content, "s.yaml") == expected


@pytest.mark.parametrize("line", LINES)
def test_a_manifest_with_an_unusual_line_is_read_as_yaml_is(line: str) -> None:
    for place in range(18):
        for indent in (4, 6):
            check_with_lines([(place, line)], indent)


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        (f"    KEY_0: {ciphertext(1)}", "      name: secret"),
        ("      name: secret", "      name: 'secret'"),
        ("name: secret", "name: 'secret'"),
        ("name: secret", "name: null"),
        ("name: secret", "name: true"),
        ("namespace: aura", "namespace: secret"),
    ],
)
def test_a_manifest_with_an_unusual_name_is_read_as_yaml_is(found: str, instead: str) -> None:
    check_as_yaml(manifest(1).replace(found.encode(), instead.encode()))


@given(st.lists(st.tuples(st.integers(0, 17), st.sampled_from(LINES)), max_size=3), st.integers(2, 6))
def test_a_manifest_with_unusual_lines_is_read_as_yaml_is(lines: list[tuple[int, str]], indent: int) -> None:
    check_with_lines(lines, indent)
