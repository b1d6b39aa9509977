"""Rotation: when a value is due."""

from __future__ import annotations
