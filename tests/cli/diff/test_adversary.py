"""What an adversary does in a pull request is found, by check or by diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.diff import test_contents, test_metadata, test_settings, test_unexplained

if TYPE_CHECKING:
    from tests.support.project import Project

CASES = {**test_contents.CASES, **test_metadata.CASES, **test_settings.CASES, **test_unexplained.CASES}

# What an adversary's pull request does, by the case above, and the checks that find it too.
ADVERSARY = {
    "two ciphertexts that changed places": {"out-of-date"},
    "a ciphertext that came from another Secret": {"out-of-date", "ciphertext-twice"},
    "a ciphertext that another tool made": {"out-of-date", "ciphertext-shape"},
    "a lock that was changed alone": {"out-of-date"},
    "a key that was added by hand": {"out-of-date", "ciphertext-shape"},
    "a key that was renamed by hand": {"out-of-date"},
    "a SealedSecret that nobody knows": {"manifest-unknown"},
    "a scope that the object and its template tell differently": {"scope-mismatch"},
    "a scope that is wider in object and template": {"out-of-date"},
    "a manifest that moved to another namespace": {"out-of-date"},
    "a manifest of before a rotation": {"out-of-date"},
    "a certificate's file that is another": {"pin-mismatch"},
    "a pin that changed alone": {"pin-mismatch", "certificate-superseded"},
    "a controller's annotation": {"out-of-date", "controller-annotation"},
    "an owner that the controller does not set": {"out-of-date", "controller-annotation"},
    "a template that the controller runs": {"out-of-date", "controller-template"},
    "a kustomization that changed alone": {"out-of-date"},
    # Of these check says nothing: they are what the pull request itself says is wanted, or forged as a whole.
    "a ciphertext and a lock that were changed together": set(),
    "a pin that is another": {"certificate-superseded"},
    "a new source that runs a program": set(),
}


@pytest.mark.parametrize(("case", "ids"), ADVERSARY.items(), ids=ADVERSARY)
def test_what_an_adversary_does_is_found_by_check_or_by_diff(case: str, ids: set[str], project: Project) -> None:
    steps, _, code = CASES[case]
    for step in steps:
        step(project)
    told = project.run("check", "staging", "--json", env={"SEALGEN_FINGERPRINT_KEY": None, "SMTP_PASSWORD": None})
    assert {finding["id"] for finding in told.document["results"][0]["findings"]} == ids
    assert 11 in (told.code, code)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("a template that shows a secret in a label", "metadata.labels.app would hold a secret in clear"),
        ("an output outside of the project", "output: '../elsewhere' must be a path below the project's root"),
        ("a manifest that is no YAML", "not YAML: found a tab character that violates indentation"),
        ("a lock that is none", "the lock has format 9, and this sealgen knows 1; update sealgen"),
    ],
)
def test_what_can_not_be_right_is_refused_by_check(case: str, message: str, project: Project) -> None:
    for step in CASES[case][0]:
        step(project)
    told = project.run("check", "staging")
    assert told.code == 2
    assert message in told.err
