"""YAML text: read without opinions, written in kubeseal's layout."""

from __future__ import annotations
