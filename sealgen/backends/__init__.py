"""Backends: what a recipe becomes."""

from __future__ import annotations
