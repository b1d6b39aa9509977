"""Every check has its section in docs/checks.md, with its severity and its sentence, and every section a check."""

from __future__ import annotations

import re
from pathlib import Path

from sealgen.checks.registry import CHECKS, PAGE

ROOT = Path(__file__).parent.parent.parent
SECTION = re.compile(r"^## ([a-z-]+)\n\n(\w+): (.*)$", re.MULTILINE)


def test_the_page_has_a_section_for_each_check_in_its_order() -> None:
    sections = SECTION.findall((ROOT / PAGE).read_text(encoding="utf-8"))
    assert sections == [
        (check.id, check.severity.value.capitalize(), f"{check.sentence}.") for check in CHECKS.values()
    ]


def test_a_check_is_named_where_it_is_made() -> None:
    package = ROOT / "sealgen" / "checks"
    text = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.py") if path.name != "registry.py")
    unnamed = {id_ for id_ in CHECKS if f'"{id_}"' not in text and f'"{id_.removesuffix("-history")}"' not in text}
    assert unnamed == set()
