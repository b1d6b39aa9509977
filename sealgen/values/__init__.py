"""Values: where secrets come from, and how they travel."""

from __future__ import annotations
