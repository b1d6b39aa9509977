"""All that talks to Kubernetes; nothing here changes anything in a cluster."""

from __future__ import annotations
