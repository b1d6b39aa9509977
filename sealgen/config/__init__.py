"""What the project says: its environment files, and where its files are."""

from __future__ import annotations

FOLDER = "environments"
"""Where environment files are, from the project's root."""
CERTIFICATE_CHANGED = ("keep", "reseal")
"""What a ciphertext of another certificate than the pin does: it stays, or is sealed again from its values."""
