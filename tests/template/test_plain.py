"""A template that only prints gives without Jinja2 what it gives with it; all others are left to Jinja2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.template import plain
from sealgen.template.interpreter import Interpreter
from sealgen.template.names import Values, Variables
from sealgen.template.rendered import assemble

if TYPE_CHECKING:
    from sealgen.template.rendered import Rendered

NAMES: dict[str, Any] = {
    "secret": {"name": "app", "namespace": "test"},
    "environment": "staging",
    "values": Values({"a": ("",), "tls": ("crt", "key")}, {"password": "a"}),
    "vars": Variables(
        {"host": "db", "port": 5432, "on": True, "none": None, "list": ["x"], "items": 3, "of": {"a": "b"}}
    ),
}
PRINTED = [
    *("{{ values.a }}", "{{values.password}}", "{{ values.tls.crt|urlquote }}", "{{ values.a | b64encode|tojson }}"),
    *("{{ secret.name }}", "{{ environment }}", "{{ vars.port }}", "{{ vars.items }}", "{{  vars.of.a }}"),
]
LEFT = [
    *("{{ values }}", "{{ values.tls }}", "{{ values.none }}", "{{ values.a.b }}", "{{ other }}", "{{ true }}"),
    *("{{ vars.on }}", "{{ vars.none }}", "{{ vars.list }}", "{{ vars.host.upper }}", "{{ vars.of.b }}"),
    *("{{ vars.host | upper }}", "{{ values.a | htpasswd }}", "{{ values.a | none }}", "{{ values.a | urlquote() }}"),
    *("{{- values.a }}", "{{ values.a -}}", "{{ values.a ~ 1 }}", "{{\nvalues.a }}", "{{ 'x' }}", "{{ vars.0 }}"),
    *("{{{ values.a }}", "{{ values.a }", "{% if true %}", "{# comment #}", "\r", "x" * 2**16),
]


def pieces(text: str) -> Any:
    return plain.pieces(text, "templates/app.j2", NAMES)


def seen(rendered: Rendered) -> Any:
    return rendered.recipe(rendered.text), rendered.lines, len(rendered.secrets)


@given(st.lists(st.sampled_from(PRINTED) | st.text("{}a:|\n \u2028")).map("".join))
def test_what_a_template_prints_is_what_jinja2_would_print(text: str) -> None:
    found = pieces(text)
    if found is not None:
        interpreted = Interpreter({"app.j2": text}.get).render("app.j2", NAMES)
        assert seen(assemble("templates/app.j2", [found])) == seen(interpreted)


@pytest.mark.parametrize("printed", PRINTED)
def test_a_template_that_only_prints_needs_no_jinja2(printed: str) -> None:
    assert pieces(f"a: {printed}\n") is not None


@pytest.mark.parametrize("left", LEFT)
def test_what_does_more_or_is_wrong_is_left_to_jinja2(left: str) -> None:
    assert pieces(f"a: {left}\n") is None
