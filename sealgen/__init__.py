"""Sealed secrets for GitOps: rendered from templates, sealed natively, reviewable in Git.

The command line is ``sealgen``; what programs may use is named in ``__all__``, and docs/library.md shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealgen.library import (
        Certificate,
        ConfigurationError,
        PlainSecret,
        PrivateKey,
        Scope,
        SealedSecret,
        SealgenError,
        Secret,
        read_certificate,
        read_private_keys,
        read_sealed_secrets,
        read_secrets,
        seal,
        seal_manifest,
        seal_secret,
        to_yaml,
        unseal,
    )

__version__ = "0.1.0"

__all__ = [
    "Certificate",
    "ConfigurationError",
    "PlainSecret",
    "PrivateKey",
    "Scope",
    "SealedSecret",
    "SealgenError",
    "Secret",
    "__version__",
    "read_certificate",
    "read_private_keys",
    "read_sealed_secrets",
    "read_secrets",
    "seal",
    "seal_manifest",
    "seal_secret",
    "to_yaml",
    "unseal",
]


if not TYPE_CHECKING:  # or no name would be unknown to a type checker

    def __getattr__(name: str) -> object:
        """Load the library when something of it is asked for: ``sealgen --help`` needs none of it."""
        if name not in __all__:
            raise AttributeError(f"module 'sealgen' has no attribute '{name}'")
        from sealgen import library  # noqa: PLC0415

        return getattr(library, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
