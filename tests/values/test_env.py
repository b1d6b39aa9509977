"""A variable of the environment arrives byte for byte, or sealgen says that it is not set."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import CannotTell, ConfigurationError
from tests.values.reading import only, read, refusal, surroundings


@given(st.binary().filter(lambda content: b"\0" not in content))
def test_any_bytes_arrive(content: bytes) -> None:
    assert only("env: SMTP_PASSWORD", surroundings(environ={"SMTP_PASSWORD": os.fsdecode(content)})) == content


def test_an_empty_variable_is_a_value() -> None:
    assert only("env: SMTP_PASSWORD", surroundings(environ={"SMTP_PASSWORD": ""})) == b""


def test_a_variable_that_is_not_set_says_what_to_set() -> None:
    assert refusal("env: SMTP_PASSWORD", CannotTell) == (
        "values.password: the environment variable SMTP_PASSWORD is not set\n"
        "set SMTP_PASSWORD to the value and run again"
    )


@pytest.mark.parametrize("name", ["1A", "A-B", "$A", "A=B", ""])
def test_what_is_no_variable_is_refused(name: str) -> None:
    assert refusal(f"env: '{name}'", ConfigurationError) == (
        f"base.yaml:1:6: values.password.env can't be '{name}'; it must be letters, digits and '_', no digit first"
    )


def test_it_can_be_read_again() -> None:
    source = read("env: SMTP_PASSWORD").source
    assert not source.made
    assert source.specification() == {"env": "SMTP_PASSWORD"}
