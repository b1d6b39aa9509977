"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.checks.registry import CHECKS

if TYPE_CHECKING:
    from sealgen.formats.report import Severity


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    id: str
    """That of the check."""
    file: str
    """From the project's root."""
    line: int | None
    message: str

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return CHECKS[self.id].severity

    @property
    def place(self) -> str:
        """``FILE:LINE``, or ``FILE``."""
        return f"{self.file}:{self.line}" if self.line else self.file
