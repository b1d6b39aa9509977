"""The cryptography of Sealed Secrets: bytes in, bytes out."""

from __future__ import annotations
