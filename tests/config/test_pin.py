"""The pin is written where it stands, or below the certificate: one scalar changes, every other byte stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.config import pin
from sealgen.config.backends import SealedSecretsBackend
from sealgen.config.environment import load
from sealgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD = "SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE"
NEW = "SHA256:/KxLE/niM1FcsiHMmabYuxoiVnd0+5HIer9ahnd+eEQ"
STAGING = "environments/staging.yaml"
BASE = "environments/base.yaml"
REST = "namespace: a\noutput: out\nsecrets: []\n"


class Files(dict[str, bytes]):
    """Files by their path; reading one that is not there gives None."""

    def __call__(self, path: str) -> bytes | None:
        return self.get(path)


def files(**texts: str | bytes) -> Files:
    """Return environment files by their names."""
    return Files(
        {f"environments/{name}.yaml": text.encode() if isinstance(text, str) else text for name, text in texts.items()}
    )


def edited(read: Files, name: str = "staging") -> dict[str, str]:
    """Return what changes, as file and text, once the new pin is written; what comes of it is an environment."""
    edit = pin.edit(name, read, NEW)
    assert edit.before == read[edit.file]
    backend = load(name, Files({**read, edit.file: edit.after})).backend
    assert isinstance(backend, SealedSecretsBackend)
    assert backend.fingerprint == NEW
    return {edit.file: edit.after.decode()}


def refusal(read: Files, name: str = "staging") -> str:
    with pytest.raises(ConfigurationError) as caught:
        pin.edit(name, read, NEW)
    return str(caught.value)


HINT = f"Write this line into it: 'fingerprint: {NEW}'"


# --- where it stands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend",
    [
        "backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint: {}\n  scope: strict\n",
        "backend:\n    fingerprint: {}   # ask Ann first\n\n    kind: sealed-secrets\n    certificate: c.pem\n",
        "backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  'fingerprint' :  \"{}\" # quoted\n",
        "backend: {{kind: sealed-secrets, fingerprint: '{}', certificate: c.pem}}  # flow\n",
        'backend: {{"fingerprint":"{}",kind: sealed-secrets, certificate: c.pem}}\n',
        "backend: {{\n  kind: sealed-secrets,   # one\n  certificate: c.pem,\n  fingerprint: {}\n}}\n",
        "backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint:\n    {}\n",
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff", "# Änderungen: das Plattform-Team 🔑\n---\n"])
def test_a_pin_is_replaced_where_it_stands_and_nothing_else_changes(backend: str, line_end: str, start: str) -> None:
    before = (start + "# ours\n" + backend + REST).replace("\n", line_end)
    assert edited(files(staging=before.format(OLD))) == {STAGING: before.format(NEW)}


def test_what_is_no_fingerprint_is_replaced_too() -> None:
    before = f"backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint: TODO\n{REST}"
    assert edited(files(staging=before)) == {STAGING: before.replace("TODO", NEW)}


@pytest.mark.parametrize("nothing", ["", " ", " # to come", " ~", " null # to come"])
def test_a_pin_that_is_empty_is_filled_in(nothing: str) -> None:
    before = f"backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint:{nothing}\n{REST}"
    after = edited(files(staging=before))[STAGING]
    words = nothing.replace("~", "").replace("null", "").strip()
    assert [line.split() for line in after.splitlines()] == [
        line.split() if "fingerprint" not in line else ["fingerprint:", NEW, *words.split()]
        for line in before.splitlines()
    ]


def test_the_pin_as_it_is_changes_nothing() -> None:
    before = f"backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint: {NEW}\n{REST}"
    edit = pin.edit("staging", files(staging=before), NEW)
    assert edit.before == edit.after


# --- where it is not there yet -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "backend:\n  kind: sealed-secrets\n  certificate: c.pem  # the file\n  scope: strict\n",
            "backend:\n  kind: sealed-secrets\n  certificate: c.pem  # the file\n  fingerprint: {}\n  scope: strict\n",
        ),
        (
            "backend:\n     certificate: 'c.pem'\n     kind: sealed-secrets\n",
            "backend:\n     certificate: 'c.pem'\n     fingerprint: {}\n     kind: sealed-secrets\n",
        ),
        (
            "backend: {{kind: sealed-secrets, certificate: c.pem}} # flow\n",
            "backend: {{kind: sealed-secrets, certificate: c.pem, fingerprint: {}}} # flow\n",
        ),
        (
            "backend: {{\n  kind: sealed-secrets,\n  certificate: 'c.pem'  # the file\n}}\n",
            "backend: {{\n  kind: sealed-secrets,\n  certificate: 'c.pem', fingerprint: {}  # the file\n}}\n",
        ),
        (
            "backend: {{certificate: c.pem, kind: sealed-secrets}}\n",
            "backend: {{certificate: c.pem, fingerprint: {}, kind: sealed-secrets}}\n",
        ),
        (
            "backend:\n  kind: sealed-secrets\n  certificate:\n    c.pem\n",
            "backend:\n  kind: sealed-secrets\n  certificate:\n    c.pem\n  fingerprint: {}\n",
        ),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_pin_is_written_below_the_certificate(before: str, after: str, line_end: str) -> None:
    first, then = ((text.format(NEW) + REST).replace("\n", line_end) for text in (before, after))
    assert edited(files(staging=first)) == {STAGING: then}


def test_the_last_line_may_have_no_end() -> None:
    before = f"{REST}backend:\n  kind: sealed-secrets\n  certificate: c.pem"
    assert edited(files(staging=before)) == {STAGING: f"{before}\n  fingerprint: {NEW}\n"}


def test_a_whole_file_in_braces_is_edited_too() -> None:
    before = (
        '{"namespace": "a", "output": "o", "secrets": [], "backend": {"kind": "sealed-secrets", "certificate": "c"}}'
    )
    after = before[:-2] + f", fingerprint: {NEW}}}}}"
    assert edited(files(staging=before)) == {STAGING: after}


# --- in a file that is extended ----------------------------------------------------------------------------------

EXTENDS = "extends: base\nnamespace: a\noutput: out\nsecrets: []\n"


def test_a_pin_of_the_base_is_replaced_there() -> None:
    base = f"backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint: {OLD} # shared\n"
    read = files(staging=EXTENDS, base=base)
    assert edited(read) == {BASE: base.replace(OLD, NEW)}


def test_a_pin_of_ones_own_is_replaced_and_not_that_of_the_base() -> None:
    base = f"backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint: {OLD}\n"
    own = f"{EXTENDS}backend: {{fingerprint: {OLD}}}\n"
    assert edited(files(staging=own, base=base)) == {STAGING: own.replace(OLD, NEW)}


def test_a_pin_is_written_below_the_certificate_of_the_base() -> None:
    base = "backend:\n  kind: sealed-secrets\n  certificate: c.pem\n"
    own = f"{EXTENDS}backend: {{scope: strict}}\n"
    assert edited(files(staging=own, base=base)) == {BASE: f"{base}  fingerprint: {NEW}\n"}


def test_a_pin_is_written_below_ones_own_certificate_though_the_rest_is_of_the_base() -> None:
    own = f"{EXTENDS}backend:\n  certificate: d.pem\n"
    read = files(staging=own, base="backend: {kind: sealed-secrets, certificate: c.pem}\n")
    assert edited(read) == {STAGING: f"{own}  fingerprint: {NEW}\n"}


def test_a_pin_that_a_file_removes_is_written_in_its_place() -> None:
    base = f"backend: {{kind: sealed-secrets, certificate: c.pem, fingerprint: {OLD}}}\n"
    own = f"{EXTENDS}backend:\n  certificate: d.pem\n  fingerprint: ~\n"
    assert edited(files(staging=own, base=base)) == {STAGING: own.replace("~", NEW)}


# --- what is refused ---------------------------------------------------------------------------------------------


def test_a_pin_in_a_block_is_not_edited() -> None:
    before = f"backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint: >-\n    {OLD}\n{REST}"
    assert refusal(files(staging=before)) == (
        "environments/staging.yaml:4:16: the layout of backend is too unusual to write its fingerprint in place\n"
        f"{HINT}"
    )


def test_a_pin_that_would_not_count_is_not_written() -> None:
    """The certificate is the base's, and the environment's own file removes whatever pin stands beside it."""
    base = f"backend:\n  kind: sealed-secrets\n  certificate: c.pem\n  fingerprint: {OLD}\n"
    own = f"{EXTENDS}backend:\n  fingerprint: ~\n"
    assert refusal(files(staging=own, base=base)) == (
        f"environments/base.yaml:3:3: the layout of backend is too unusual to write its fingerprint in place\n{HINT}"
    )


def test_a_layout_in_which_a_line_would_break_the_file_is_refused() -> None:
    before = f"backend:\n  kind: sealed-secrets\n  ? certificate\n  : c.pem\n{REST}"
    assert refusal(files(staging=before)) == (
        f"environments/staging.yaml:3:5: the layout of backend is too unusual to write its fingerprint in place\n{HINT}"
    )


def test_an_edit_that_would_change_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    before = f"backend: {{kind: sealed-secrets, certificate: c.pem, fingerprint: {OLD}}}\n{REST}"

    def clumsy(text: str, new: str) -> tuple[int, int, str]:
        return 0, len(text), text.replace(OLD, new).replace("namespace: a", "namespace: b")

    monkeypatch.setattr(pin, "_change", clumsy)
    assert refusal(files(staging=before)) == (
        "environments/staging.yaml:1:66: the layout of backend is too unusual to write its fingerprint in place\n"
        f"{HINT}"
    )


# --- reading without a pin ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "pinned"),
    [
        ("", None),
        ("\n  fingerprint: ~", None),
        ("\n  fingerprint: TODO", "TODO"),
        (f"\n  fingerprint: {OLD}", OLD),
    ],
)
def test_an_environment_is_read_whatever_its_pin(written: str, pinned: str | None) -> None:
    read = files(staging=f"backend:\n  kind: sealed-secrets\n  certificate: c.pem{written}\n{REST}")
    backend = pin.load_with_any("staging", read).backend
    assert isinstance(backend, SealedSecretsBackend)
    assert backend.certificate == "c.pem"
    assert pin.find("staging", read) == pinned


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"backend: {{kind: sealed-secrets}}\n{REST}",
            (
                "environments/staging.yaml:1:10: backend.certificate is missing; write certificate: "
                "environments/certificates/controller.pem"
            ),
        ),
        (
            f"backend: {{kind: sealed-secrets, certificate: c, fingerprint: []}}\n{REST}",
            "environments/staging.yaml:1:62: backend.fingerprint must be text, not a list",
        ),
        (
            f"backend: {{certificate: c}}\n{REST}",
            "environments/staging.yaml:1:10: backend.kind is missing; one of sealed-secrets, external-secrets, plain",
        ),
        (
            f"backend: {{kind: plain, fingerprint: {OLD}}}\n{REST}",
            "environments/staging.yaml:1:24: unknown field 'backend.fingerprint'; known are kind",
        ),
        (
            REST,
            (
                "environments/staging.yaml:1:1: backend is missing; write backend: {kind: sealed-secrets, "
                "certificate: …, fingerprint: …}"
            ),
        ),
        (f"backend: x\n{REST}", "environments/staging.yaml:1:10: backend must be a mapping"),
    ],
)
def test_all_else_that_is_wrong_is_told_as_ever(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        pin.load_with_any("staging", files(staging=text))
    assert str(caught.value) == message
    assert pin.find("staging", files(staging=text.replace("fingerprint", "scope"))) is None


# --- whatever the layout -----------------------------------------------------------------------------------------


def laid_out(entries: Mapping[str, str], *, braces: bool, margin: int, comment: bool, blank: bool) -> str:
    """Return a backend with these entries."""
    note = "  # {a: b}, 'c'" if comment else ""
    if braces:
        return f"backend: {{{', '.join(f'{name}: {text}' for name, text in entries.items())}}}{note}\n"
    between = "\n" if blank else ""
    lines = [f"{' ' * margin}{name}: {text}{note}\n{between}" for name, text in entries.items()]
    return f"backend:{note}\n{''.join(lines)}"


@given(
    order=st.permutations(["kind", "certificate", "fingerprint", "scope"]),
    pinned=st.booleans(),
    quote=st.sampled_from(["", "'", '"']),
    braces=st.booleans(),
    margin=st.integers(1, 8),
    comment=st.booleans(),
    blank=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_in_any_usual_layout_one_piece_is_put_in_and_the_rest_stays(
    order: list[str],
    pinned: bool,
    quote: str,
    braces: bool,
    margin: int,
    comment: bool,
    blank: bool,
    line_end: str,
) -> None:
    texts = {"kind": "sealed-secrets", "certificate": f"{quote}c.pem{quote}", "scope": "strict"}
    texts["fingerprint"] = f"{quote}{OLD}{quote}"
    entries = {name: texts[name] for name in order if pinned or name != "fingerprint"}
    backend = laid_out(entries, braces=braces, margin=margin, comment=comment, blank=blank)
    before = (REST + backend + "values: {}\n").replace("\n", line_end)
    (after,) = edited(files(staging=before)).values()
    if pinned:
        assert after == before.replace(OLD, NEW)
    else:
        piece = f", fingerprint: {NEW}" if braces else f"{' ' * margin}fingerprint: {NEW}{line_end}"
        start, _, end = after.partition(piece)
        assert start + end == before
