"""A configuration with which gitleaks leaves alone what is sealed, and nothing else. Pure.

Its rules take ciphertexts and digests for keys. What is allowed is a line of the one form, in the one place.
Source: gitleaks 8.30 (``config/config.go``, ``config/allowlist.go``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgen.config import FOLDER
from sealgen.crypto.ciphertext import MIN_RSA_BYTES, TAG_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

# The shortest ciphertext; the length that it begins with, of keys of 2048 to 16384 bits, gives its first letters.
_SHORTEST = (2 + MIN_RSA_BYTES + TAG_BYTES) * 4 // 3
_CIPHERTEXT = (
    rf"^\s*['\x22]?[-._a-zA-Z0-9]+['\x22]?: ['\x22]?A[QgwA-Z][A-Za-z0-9+/]{{{_SHORTEST - 2},}}={{0,2}}['\x22]?\s*$"
)
_LOCK_LINE = r"^\{\x22(?:sealgen|value|secret)\x22:\x22[-._a-zA-Z0-9]+\x22,\x22(?:format|version|key)\x22:.*\}\s*$"


def configuration(outputs: Iterable[str]) -> str:
    """Return the TOML file for the output folders of some environments, by path from the repository's root."""
    folders = "|".join(sorted({re.escape(output) for output in outputs}))
    return "\n".join(
        [
            "# Written by sealgen check --gitleaks: gitleaks --config THIS_FILE …",
            "[extend]",
            "useDefault = true",
            "",
            *_allowlist("ciphertexts in sealed manifests", rf"^(?:{folders})/[^/]+\.ya?ml$", _CIPHERTEXT),
            "",
            *_allowlist("digests in locks", rf"^{FOLDER}/[^/]+\.lock$", _LOCK_LINE),
            "",
        ]
    )


def _allowlist(description: str, path: str, line: str) -> list[str]:
    return [
        "[[allowlists]]",
        f'description = "{description}"',
        # Without a rule it would be for all rules, and 'gitleaks dir' then skips the whole file.
        'targetRules = ["generic-api-key"]',
        'condition = "AND"',
        'regexTarget = "line"',
        f"paths = ['''{path}''']",
        f"regexes = ['''{line}''']",
    ]
