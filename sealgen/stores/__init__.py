"""Secret stores: one file each, and reading from several of them at once."""

from __future__ import annotations
