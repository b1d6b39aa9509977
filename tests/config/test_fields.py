"""Fields written into an environment's own file: what is not theirs stays byte for byte."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.config import fields
from sealgen.errors import ConfigurationError, Mark

OWN = """\
# the team's own
extends: base
backend: # sealed
  kind: sealed-secrets
  # of the controller
  certificate: c.pem

# where it goes
output: k8s/overlays/x # here
"""
GIVEN = """\
---
# the operator's
backend:
  kind: external-secrets # always
  secret_store: {name: aura}

push: {vault: a}
"""
AFTER = """\
# the team's own
extends: base
# the operator's
backend:
  kind: external-secrets # always
  secret_store: {name: aura}
push: {vault: a}

# where it goes
output: k8s/overlays/x # here
"""
BASE = "namespace: a\npush: {vault: b}\n"


def edited(own: str, text: str, base: str = BASE) -> str:
    return edit(own, text, base).after.decode()


def edit(own: str, text: str, base: str = BASE) -> fields.FieldsEdit:
    files = {"environments/x.yaml": own.encode(), "environments/base.yaml": base.encode()}
    return fields.edit("x", files.get, fields.given(text.encode(), "given.yaml"))


def test_a_field_comes_in_the_place_of_its_own_and_others_behind_it() -> None:
    assert edited(OWN, GIVEN) == AFTER


def test_what_comes_back_leaves_the_file_as_it_was() -> None:
    own = OWN.replace("backend: # sealed", "backend:")
    block = own[own.index("backend:") : own.index("\n\n# where") + 1]
    there = edited(own, GIVEN.replace("# the operator's\n", ""), "namespace: a\n")
    assert edited(there, f"{block}push: null\n", "namespace: a\n") == own


def test_a_field_that_is_null_hides_what_is_inherited() -> None:
    assert edited("extends: base\n", "push: null\n") == "extends: base\npush: null\n"
    assert edited("a: 1\n", "push: null\n") == "a: 1\n"


def test_what_the_file_has_not_comes_at_its_end() -> None:
    assert edited("extends: base", "push:\n  vault: a") == "extends: base\npush:\n  vault: a\n"


def test_the_ends_of_lines_and_a_byte_order_mark_are_those_of_the_file() -> None:
    assert edited("\ufeffa: 1\r\nb: 2\r\n", "a: 3\n", "") == "\ufeffa: 3\r\nb: 2\r\n"


def test_a_block_of_text_goes_with_all_its_lines() -> None:
    assert edited("a: |\n  one\n\n  two\nb: 2\n", "a: 3\n") == "a: 3\nb: 2\n"


def test_a_place_is_told_where_it_was_written() -> None:
    change = edit(OWN, GIVEN)
    line = change.after.decode().splitlines().index("  secret_store: {name: aura}") + 1
    assert change.original(Mark("environments/x.yaml", line, 3)) == Mark("given.yaml", 5, 3)
    assert change.original(Mark("environments/x.yaml", line + 4, 1)) == Mark("environments/x.yaml", 9, 1)
    assert change.original(Mark("environments/base.yaml", line, 1)) == Mark("environments/base.yaml", line, 1)
    assert change.original(None) is None


@pytest.mark.parametrize("text", ["[]", "{}", "a"])
def test_what_has_no_fields_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        fields.given(text.encode(), "given.yaml")
    assert caught.value.message == "it must have fields as an environment file has them: backend, push…"


def test_fields_in_braces_are_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        fields.given(b"{backend: {kind: plain}}\n", "given.yaml")
    assert str(caught.value) == "given.yaml:1:1: it must be a mapping with a field a line, not one in braces"


def test_a_file_in_braces_is_not_edited() -> None:
    with pytest.raises(ConfigurationError) as caught:
        edit("{extends: base}\n", "push: null\n")
    assert str(caught.value) == (
        "environments/x.yaml:1:1: the layout of the file is too unusual to write fields in place\n"
        "Write them with your editor, then run 'sealgen seal'."
    )


TREES = st.recursive(
    st.sampled_from(["text", "yes", "", "a: b", "two\nlines\n", "012345"]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "c"]), below, max_size=2),
    max_leaves=5,
)
FIELDS = st.dictionaries(st.sampled_from(["one", "two", "three", "four"]), TREES, min_size=1)


@settings(max_examples=150)
@given(own=FIELDS, given=FIELDS, flow=st.booleans(), ended=st.booleans())
def test_the_file_says_what_it_said_but_for_the_fields(
    own: dict[str, object], given: dict[str, object], flow: bool, ended: bool
) -> None:
    written = [yaml.safe_dump({name: tree}, default_flow_style=False) for name, tree in own.items()]
    if flow:
        written = [f"{name}: {yaml.safe_dump([tree], default_flow_style=True, width=9)}" for name, tree in own.items()]
        own = {name: [tree] for name, tree in own.items()}
    text = "# a comment\n" + "".join(written)
    after = edited(text if ended else text.rstrip("\n"), yaml.safe_dump(given), "")
    assert yaml.safe_load(after) == own | given
    assert after.startswith("# a comment\n")
