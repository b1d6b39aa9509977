"""How an environment is in its cluster: what is applied, what came of it, who uses it, and who may read it."""

from __future__ import annotations
