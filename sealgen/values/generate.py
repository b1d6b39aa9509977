"""The source ``generate``: made at random in the run that seals it, and stored nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.values.generators.keys import KEY_GENERATORS
from sealgen.values.generators.text import TEXT_GENERATORS
from sealgen.values.generators.tls import TLS_GENERATORS

if TYPE_CHECKING:
    from sealgen.values.source import Source
    from sealgen.yaml.schema import Record

GENERATORS: dict[str, Record[Source]] = {**TEXT_GENERATORS, **KEY_GENERATORS, **TLS_GENERATORS}
"""By what stands after ``generate:``."""
