"""What is in a Secret: formats of values, what a type requires, and what looks like a mistake."""

from __future__ import annotations
