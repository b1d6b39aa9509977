"""Templates in which secrets are stand-ins."""

from __future__ import annotations
