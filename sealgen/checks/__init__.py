"""What can be proven of environments without any plaintext: one module an idea."""

from __future__ import annotations
