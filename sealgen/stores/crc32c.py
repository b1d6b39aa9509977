"""CRC-32C, by which Google's Secret Manager tells that nothing was lost on the way.

Source: RFC 3720, section 12.1 and appendix B.4 (the polynomial of Castagnoli, reflected).
"""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ _POLYNOMIAL * (byte & 1)
    return byte


_TABLE = tuple(map(_entry, range(256)))


def crc32c(content: bytes) -> int:
    """Return the checksum of ``content``, from 0 to 2³² - 1."""
    rest = 0xFFFFFFFF
    for byte in content:
        rest = rest >> 8 ^ _TABLE[(rest ^ byte) & 0xFF]
    return rest ^ 0xFFFFFFFF
