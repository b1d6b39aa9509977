"""Errors say where, what and what next, and each kind ends the process with its own code."""

from __future__ import annotations

import pytest

from sealgen.errors import CannotTell, ConfigurationError, Mark, SealgenError, did_you_mean, unknown_field


@pytest.mark.parametrize(("kind", "code"), [(SealgenError, 1), (ConfigurationError, 2), (CannotTell, 12)], ids=str)
def test_each_kind_of_error_has_its_exit_code(kind: type[SealgenError], code: int) -> None:
    assert kind("x").exit_code == code
    assert issubclass(kind, SealgenError)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SealgenError("it broke"), "it broke"),
        (SealgenError("it broke", at=Mark("a.yaml", 3, 7)), "a.yaml:3:7: it broke"),
        (SealgenError("it broke", at=Mark("a.yaml", 3, 0)), "a.yaml:3: it broke"),
        (SealgenError("it broke", hint="Mend it."), "it broke\nMend it."),
        (SealgenError("it broke", at=Mark("a.yaml", 1, 1), hint="Mend it."), "a.yaml:1:1: it broke\nMend it."),
    ],
)
def test_an_error_is_told_with_its_place_before_and_its_hint_below(error: SealgenError, told: str) -> None:
    assert str(error) == told


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("postgres_pasword", ["postgres_password", "redis_password"], "; did you mean 'postgres_password'?"),
        ("JWT_SECRET_KEY", ["jwt_secret_key", "redis_password"], "; did you mean 'jwt_secret_key'?"),
        ("namespace", ["NAMESPACE"], "; did you mean 'NAMESPACE'?"),
        ("zzz", ["staging", "development"], "; known are development, staging"),
        ("zzz", (f"v{number:02}" for number in range(14)), f"; known are {', '.join(f'v{n:02}' for n in range(14))}"),
        ("zzz", (f"v{number:02}" for number in range(15)), ""),
        ("zzz", [], ""),
        ("", ["a"], "; known are a"),
    ],
)
def test_the_nearest_name_is_offered_or_all_of_them_if_they_are_few(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("litteral", "unknown field 'values.a.litteral'; did you mean 'literal'?"),
        ("literal:s3cr3t", "unknown field 'values.a.literal:…'; a space is missing after 'literal:'"),
        ("litteral:s3cr3t", "unknown field 'values.a.litteral:…'; did you mean 'literal'?"),
        ("literal:", "unknown field 'values.a.literal:…'; a space is missing after 'literal:'"),
        (":s3cr3t", "unknown field 'values.a.:…'; known are env, literal"),
        ("s3cr3t:literal:env", "unknown field 'values.a.s3cr3t:…'; known are env, literal"),
        ("literal\n:s3cr3t", "unknown field 'values.a.literal\\n:…'; did you mean 'literal'?"),
    ],
)
def test_a_value_that_a_missing_space_put_into_a_fields_name_is_not_repeated(name: str, told: str) -> None:
    assert unknown_field("values.a.", name, iter(("literal", "env"))) == told
