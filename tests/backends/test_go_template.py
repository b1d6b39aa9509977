"""A recipe's Go template reads like the recipe, and takes no text for a sign of the template's own."""

from __future__ import annotations

import pytest

from sealgen.backends.go_template import TEXT, Untranslatable, folded, translate
from sealgen.filters import FILTERS, FilterError
from sealgen.recipe import Filtered, Part, Reference

USER, PASSWORD = Reference("postgres_user"), Reference("postgres_password")
CERTIFICATE = Reference("tls", "tls.crt")


def sql(name: str) -> str:
    """Return what quotes the value of this name."""
    escape = rf'{{{{ contains "\\" {name} | ternary "E" "" }}}}'
    return escape + rf"""'{{{{ {name} | replace "'" "''" | replace "\\" "\\\\" }}}}'"""


TEMPLATES: dict[str, tuple[list[Part], str]] = {
    "text": (["aura_db"], "aura_db"),
    "nothing": ([], ""),
    "a value": ([PASSWORD], "{{ .postgres_password }}"),
    "a part with a dot in its name": ([CERTIFICATE], '{{ index . "tls.tls.crt" }}'),
    "a URI": (
        ["postgresql://", USER, ":", Filtered("urlquote", (PASSWORD,)), "@db/aura"],
        'postgresql://{{ .postgres_user }}:{{ .postgres_password | urlquery | replace "+" "%20" }}@db/aura',
    ),
    "several parts through a filter": (
        [Filtered("b64encode", (USER, ":", PASSWORD))],
        '{{ print .postgres_user ":" .postgres_password | b64enc }}',
    ),
    "a filter after a filter": (
        [Filtered("b64encode", (Filtered("sha256", (PASSWORD,)),))],
        "{{ .postgres_password | sha256sum | b64enc }}",
    ),
    "a filter within a sum": (
        [Filtered("trim", (Filtered("sha256", (PASSWORD,)), "\n"))],
        '{{ print (.postgres_password | sha256sum) "\\n" | trim }}',
    ),
    "nothing through a filter": ([Filtered("sha256", ())], '{{ "" | sha256sum }}'),
    "replaced": (
        [Filtered("replace", (PASSWORD,), (('"\x00é',), (USER,)))],
        '{{ .postgres_password | replace "\\"\\u0000é" .postgres_user }}',
    ),
    "an SQL string": (
        [Filtered("sqlquote", (Reference("a"),))],
        sql(".a"),
    ),
    "an SQL string of several parts": (
        [Filtered("sqlquote", (Reference("a"), Reference("b")))],
        "{{ $v1 := print .a .b }}" + sql("$v1"),
    ),
    "what must be text": (
        [Filtered(TEXT, (PASSWORD,))],
        (
            "{{ if ne .postgres_password (.postgres_password | toRawJson | fromJson) }}"
            '{{ fail "not text" }}{{ end }}{{ .postgres_password }}'
        ),
    ),
    "the template's own signs": (
        ["{{ .x }} {", PASSWORD, "} {{"],
        '{{ "{{" }} .x }} {{ "{" }}{{ .postgres_password }}} {{ "{{" }}',
    ),
    "an object in JSON": (['{"auths":{"a":', PASSWORD, "}}"], '{"auths":{"a":{{ .postgres_password }}}}'),
}


@pytest.mark.parametrize(("parts", "template"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_recipe_is_this_template(parts: list[Part], template: str) -> None:
    assert translate(tuple(parts), str) == template


REFUSED = {
    "redisquote": "redisquote is for a command's standard input, and the engine has nothing like it",
    "htpasswd": "htpasswd has a new salt each time, so that the Secret would change at every refresh",
    "upper": "upper is not the same for every letter in Go and in Python",
    "lower": "lower is not the same for every letter in Go and in Python",
}


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_what_the_engine_can_not_do_exactly_is_refused(name: str, reason: str) -> None:
    with pytest.raises(Untranslatable) as refused:
        translate((Filtered(name, (PASSWORD,), ((USER,),) if name == "htpasswd" else ()),), str)
    assert str(refused.value) == reason


def test_every_filter_is_translated_or_refused_with_a_reason() -> None:
    for name, filter_ in FILTERS.items():
        recipe = (Filtered(name, (PASSWORD,), ((USER,),) * len(filter_.parameters)),)
        if name in REFUSED:
            with pytest.raises(Untranslatable):
                translate(recipe, str)
        else:
            assert ".postgres_password" in translate(recipe, str)


def test_values_that_are_no_secret_are_text_and_so_is_what_filters_make_of_them() -> None:
    recipe = ("sql://", USER, ":", Filtered("urlquote", (USER, "@")), Filtered("urlquote", (PASSWORD,)))
    assert folded(recipe, {USER: "aura"}) == ("sql://aura:aura%40", Filtered("urlquote", (PASSWORD,)))


def test_a_salted_filter_is_not_run_on_text() -> None:
    recipe = (Filtered("htpasswd", (USER,), (("aura",),)),)
    assert folded(recipe, {USER: "aura"}) == (Filtered("htpasswd", ("aura",), (("aura",),)),)


def test_what_no_text_can_hold_stays_for_the_engine() -> None:
    recipe = (Filtered("b64decode", ("/w==",)),)
    assert folded(recipe, {}) == recipe


def test_a_filter_that_can_not_take_a_text_says_so() -> None:
    with pytest.raises(FilterError, match=r"^b64decode takes standard base64 with padding, and this is not$"):
        folded((Filtered("b64decode", (USER,)),), {USER: "!"})
