"""Writing files as a transaction."""

from __future__ import annotations
