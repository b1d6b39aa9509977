"""What is wanted against what is there: surveying it, planning, and carrying the plan out."""

from __future__ import annotations
