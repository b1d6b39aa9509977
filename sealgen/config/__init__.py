"""What the project says: its environment files, and where its files are."""

from __future__ import annotations

FOLDER = "environments"
"""Where environment files are, from the project's root."""
