"""The source ``keyring``, as an environment file says it."""

from __future__ import annotations

import pytest

from sealgen.errors import ConfigurationError
from tests.values.reading import read, refusal


def test_it_can_be_read_again() -> None:
    source = read("{keyring: https://aura.example/x/me@aura.example, property: a}").source
    assert not source.made
    assert source.specification() == {"keyring": "https://aura.example/x/me@aura.example", "property": ["a"]}


FORM = "it must be SERVICE/USERNAME, as in aura/postgres; the last '/' parts them"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{keyring: aura}", f"1:11: values.password.keyring: {FORM}"),
        ("{keyring: aura/}", f"1:11: values.password.keyring: {FORM}"),
        ("{keyring: /me}", f"1:11: values.password.keyring: {FORM}"),
        ('{keyring: "a/\\e"}', f"1:11: values.password.keyring: {FORM}"),
        (
            "{keyring: a/b, variable: x}",
            (
                "1:16: values.password.variable goes with dotenv, not with keyring, "
                "which takes property, encoding, timeout"
            ),
        ),
    ],
)
def test_what_can_not_be_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"
