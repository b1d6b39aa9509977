"""Templates in which secrets are stand-ins."""

from __future__ import annotations

FOLDER = "templates"
"""Where templates are, from the project's root."""
SUFFIX = ".yaml.j2"
