"""The command line: it parses, calls one function, and renders its result once."""

from __future__ import annotations
