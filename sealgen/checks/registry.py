"""Every check there is: its id, how much its findings matter, and what it says. ``docs/checks.md`` has the rest."""

from __future__ import annotations

from typing import NamedTuple

from sealgen.formats.report import Severity

PAGE = "docs/checks.md"


class Check(NamedTuple):
    """A check; ``id`` is the heading of its section in ``docs/checks.md`` too."""

    id: str
    severity: Severity
    sentence: str
    """What it finds."""


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_ALL = (
    # What is sealed, against what is wanted.
    Check("out-of-date", _E, "the overlay, the lock and the kustomization are not what 'sealgen seal' would write"),
    Check(
        "ciphertext-shape", _E, "a ciphertext is none: not strict base64, cut off, or of another modulus than its key"
    ),
    Check("ciphertext-twice", _E, "two keys hold one ciphertext"),
    Check("manifest-unknown", _W, "a SealedSecret in the output folder that the lock does not know"),
    # Who is trusted with what.
    Check("scope-mismatch", _E, "a SealedSecret and its template tell different scopes"),
    Check("controller-annotation", _E, "an annotation that the controller obeys and no template wants"),
    Check("controller-template", _E, "a template in a SealedSecret, which the controller runs on what it opened"),
    Check("pin-mismatch", _E, "the certificate is not the one that the environment pins"),
    Check("certificate-invalid", _E, "the certificate has expired, or is not valid yet"),
    Check("certificate-expires", _W, "the certificate expires within 60 days"),
    Check("certificate-superseded", _N, "keys that another certificate than the pinned one sealed"),
    # Values.
    Check("rotation-due", _W, "a value that is older than its rotate_every"),
    Check("rotation-soon", _N, "a value that will soon be older than its rotate_every"),
    Check("date-in-future", _W, "a version that the lock dates in the future, so that it never grows old"),
    Check("specification-changed", _W, "a value that was made to another specification than it has now"),
    Check("value-weak", _W, "a value that is made at random from too few possibilities"),
    Check("policy-entropy", _E, "a value that is made with less entropy than the policy asks for"),
    Check("policy-age", _E, "a value that is older than the policy allows"),
    Check("policy-rotation", _E, "a value without a rotate_every within the policy's max_age"),
    Check(
        "literal-credential", _W, "text in clear, in an environment file or a template, that looks like a credential"
    ),
    Check("uri-unescaped", _W, "a value inside a URI that may hold what has a meaning there"),
    # Between environments.
    Check("value-shared", _W, "one value in two environments"),
    Check("parity", _N, "a key that most environments have and this one has not"),
    # Kustomize.
    Check("kustomization-transformer", _E, "a kustomization that would give a SealedSecret another name or namespace"),
    Check("kustomization-entry", _E, "the kustomization lists what is not there"),
    # Rolling out.
    Check("rollout-workload", _W, "a workload of rollout: that the overlay is not built from"),
    Check("rollout-reference", _W, "what refers to a Secret of rollout: in a way that kustomize does not follow"),
    # Git.
    Check("plaintext-secret", _E, "a plain Secret that Git tracks"),
    Check("values-in-clear", _E, "a store's file that age should have encrypted, and has not"),
    Check("private-key", _E, "a private key that Git tracks"),
    Check("plaintext-secret-history", _E, "a plain Secret in Git's history; with --history"),
    Check("private-key-history", _E, "a private key in Git's history; with --history"),
    # Of the comments that silence a check.
    Check("ignore-reason", _E, "a comment that silences a check and gives no reason"),
    Check("ignore-unknown", _W, "a comment that silences a check that there is not"),
)
CHECKS = {check.id: check for check in _ALL}
"""By id, in the order in which they are listed."""
