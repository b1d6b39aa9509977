"""A report as other tools take it: each format in a module of its own, chosen by name. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.formats.github import github
from sealgen.formats.gitlab import gitlab
from sealgen.formats.markdown import markdown
from sealgen.formats.sarif import sarif

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.formats.report import Report

FORMATS: dict[str, Callable[[Report], str]] = {
    "markdown": markdown,
    "github": github,
    "sarif": sarif,
    "gitlab": gitlab,
}
