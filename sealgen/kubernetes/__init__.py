"""Kubernetes' objects and rules: Secrets, SealedSecrets, kustomizations."""

from __future__ import annotations
