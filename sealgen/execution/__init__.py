"""Carrying out rotations: commands of a runbook, run one after another, and a journal of what came of them."""

from __future__ import annotations
