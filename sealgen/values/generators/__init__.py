"""Generators: values that are made at random, used in the same run and written down nowhere."""

from __future__ import annotations
