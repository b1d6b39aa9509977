"""The reviewer's side: what a sealed diff means."""

from __future__ import annotations
