"""What kubeseal's own command line does, done right: its flags, its layout, how it seals and merges. Pure."""

from __future__ import annotations
