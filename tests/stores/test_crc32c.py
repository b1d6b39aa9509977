"""CRC-32C as its specification has it."""

from __future__ import annotations

import pytest

from sealgen.stores.crc32c import crc32c


@pytest.mark.parametrize(
    ("content", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_the_examples_of_rfc_3720(content: bytes, checksum: int) -> None:
    assert crc32c(content) == checksum
