"""Sealed secrets for GitOps: rendered from templates, sealed natively, reviewable in Git."""

from __future__ import annotations

__version__ = "0.1.0"
