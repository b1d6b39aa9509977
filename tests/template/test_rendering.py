"""A template places secrets and never looks into one: what it may do works, all else is refused with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError, Mark
from sealgen.recipe import Filtered, Reference, text
from sealgen.template.opaque import Opaque, OpaqueError
from sealgen.template.rendered import MAX_OUTPUT
from sealgen.template.rendering import Templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.template.rendered import Rendered
    from sealgen.yaml.schema import Data

KNOWN = {"a": ("",), "b": ("",), "tls": ("crt", "key")}
VARIABLES: dict[str, Data] = {
    "host": "db",
    "port": 5432,
    "on": True,
    "off": False,
    "none": None,
    "list": ["x", "y"],
    "users": [{"name": "ann"}, {"name": "bob"}],
    "items": 3,
    "lines": "one\ntwo: : two\nthree",
}
LISTED = (
    "filters on secrets are b64decode, b64encode, htpasswd, lower, redisquote, replace, sha256, shellquote, sqlquote, "
    "tojson, trim, upper, urlquote"
)


def render(source: str, **files: str) -> Rendered:
    """Render ``app.j2``; ``files`` are other templates, without their suffix."""
    templates = {"app.j2": source, **{f"{name}.j2": content for name, content in files.items()}}
    return Templates(templates.get).render(
        "app.j2",
        known=KNOWN,
        aliases={"password": "a"},
        variables=VARIABLES,
        names={"secret": {"name": "app", "namespace": "test"}, "environment": "staging"},
    )


def reading(source: str, **files: str) -> str:
    """Return the whole output as one recipe, for reading."""
    rendered = render(source, **files)
    return text(rendered.recipe(rendered.text))


def refusal(source: str, **files: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        render(source, **files)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert caught.value.hint is None
    return str(caught.value)


# What may be done.


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("{{ values.a }}", "«a»"),
        ("{{ values['a'] }}", "«a»"),
        ("{{ values.password }}", "«a»"),
        ("{{ values.tls.crt }}{{ values['tls']['key'] }}", "«tls.crt»«tls.key»"),
        ("{{ values.a ~ '-' ~ vars.port ~ true }}", "«a»-5432true"),
        ("{{ [values.a, 'x', vars.port] | join('+') }}", "«a»+x+5432"),
        ("{{ ['x', 'y'] | join(values.a) }}", "x«a»y"),
        ("{{ ['x', 'y'] | join(1) }}", "x1y"),
        ("{{ vars.users | join(', ', attribute='name') }}", "ann, bob"),
        ("{{ [{'p': values.a}] | join(attribute='p') }}", "«a»"),
        ("{{ [] | join(values.a) }}", ""),
        ("{{ values.missing | default(values.a) }}", "«a»"),
        ("{{ values.a | default('x') }}{{ values.a | d('x') }}", "«a»«a»"),
        ("{{ vars.off | default(values.a, true) }}", "«a»"),
        ("{{ vars.off | default(default_value=values.a, boolean=true) }}", "«a»"),
        ("{% if values.a is defined %}x{% endif %}{% if values.zz is undefined %}y{% endif %}", "xy"),
        ("{{ values.a is undefined }}", "false"),
        ("{{ values.a if vars.on else values.b }}", "«a»"),
        ("{% if vars.off %}{{ values.zz }}{% elif 'db' == vars.host %}{{ values.a }}{% endif %}", "«a»"),
        ("{% for name in values %}{{ name }} {% endfor %}", "password a b tls "),
        ("{% for name, value in values | items if name != 'tls' %}{{ value }}{% endfor %}", "«a»«a»«b»"),
        ("{{ values | length }}{{ 'a' in values }}", "4true"),
        ("{% for part in values.tls %}{{ part }}={{ values.tls[part] }} {% endfor %}", "crt=«tls.crt» key=«tls.key» "),
        (
            "{% for x in [values.a, values.b] %}{{ loop.index }}{{ x }}{{ loop.cycle('-', ';') }}{% endfor %}",
            "1«a»-2«b»;",
        ),
        ("{% for x in [values.a] recursive %}{{ x }}{{ loop([]) }}{% endfor %}", "«a»"),
        ("{{ [values.a, values.b] | last }}{{ [values.a, values.b] | reverse | first }}", "«b»«b»"),
        ("{{ [values.a, 'q'] | map('urlquote') | join('&') }}", "«a|urlquote»&q"),
        ("{{ [{'p': values.a}] | map(attribute='p') | join }}", "«a»"),
        ("{% set x = values.a %}{{ x }}{% with y = x %}{{ y }}{% endwith %}", "«a»«a»"),
        ("{% set x %}<{{ values.a }}>{% endset %}{{ x }}{{ x | upper }}", '<«a»>«("<" ~ a ~ ">")|upper»'),
        ("{% set x | b64encode %}{{ values.a }}{% endset %}{{ x }}", "«a|b64encode»"),
        (
            "{% set ns = namespace(x='') %}{% for v in [1, 2] %}{% set ns.x = ns.x ~ values.a %}{% endfor %}{{ ns.x }}",
            "«a»«a»",
        ),
        ("{% filter b64encode %}u:{{ values.a }}{% endfilter %}", '«("u:" ~ a)|b64encode»'),
        ("{% filter upper | urlquote %}é{% endfilter %}", "%C3%89"),
        ("{{ {'k': values.a, 'l': [1, true, none, 'é']} | tojson }}", '{"k": «a|tojson», "l": [1, true, null, "é"]}'),
        ("{{ values.tls | tojson }}", '{"crt": «tls.crt|tojson», "key": «tls.key|tojson»}'),
        ("{{ (1, '<&>') | tojson }}{{ {} | tojson }}", '[1, "<&>"]{}'),
        ("{{ cycler(values.a, values.b).next() }}", "«a»"),
        ("{% set j = joiner(values.a) %}{{ j() }}x{{ j() }}", "x«a»"),
        ("{{ dict(k=values.a).k }}", "«a»"),
        ("{{ secret.name }}/{{ secret.namespace }}@{{ environment }}", "app/test@staging"),
        ("{{ vars.items }}{{ vars['host'] }}", "3db"),
        ("{% for k, v in secret.items() %}{{ k }}={{ v }};{% endfor %}", "name=app;namespace=test;"),
        ("{{ 1 + 2 * 3 }}{{ 7 // 2 }}{{ 'a' 'b' }}{{ -1 }}", "73ab-1"),
        ("{{ vars.off }}{{ not vars.off }}{{ 1 < 2 }}", "falsetruetrue"),
        ("{{ ('x' ~ true) | trim }}", "xtrue"),
        ("{% raw %}{{ values.a }}{% endraw %}{# {{ values.zz }} #}", "{{ values.a }}"),
        ("{{ '{{ values.a }}' }}", "{{ values.a }}"),
        ("  {% if vars.on %}\nx\n  {% endif %}\ny\n", "x\ny\n"),
        ("«{{ values.a }}", "«««a»"),
    ],
)
def test_secrets_are_placed_joined_and_passed_on(source: str, read: str) -> None:
    assert reading(source) == read


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("{{ values.a | urlquote }}", "«a|urlquote»"),
        ("{{ values.a | b64encode | b64decode }}", "«a|b64encode|b64decode»"),
        ("{{ values.a | trim | upper | lower | sha256 }}", "«a|trim|upper|lower|sha256»"),
        ("{{ values.a | tojson | sqlquote | shellquote }}", "«a|tojson|sqlquote|shellquote»"),
        ("{{ values.a | htpasswd('ann') }}", '«a|htpasswd("ann")»'),
        ("{{ values.a | htpasswd(user=values.b) }}", "«a|htpasswd(b)»"),
        ("{{ values.a | replace('x', vars.port) }}", '«a|replace("x", "5432")»'),
        ("{{ values.a | replace(new='n', old='o') }}", '«a|replace("o", "n")»'),
        ("{{ values.a | replace('o', new=values.b) }}", '«a|replace("o", b)»'),
        ("{{ 'x-y' | replace('-', values.a) }}", '«"x-y"|replace("-", a)»'),
        ("{{ 'x-y' | replace('-', new=values.a) }}", '«"x-y"|replace("-", a)»'),
        ("{{ ('x' ~ values.a ~ '') | upper }}", '«("x" ~ a)|upper»'),
        # A salt makes it different each time: a run that changes nothing would change it.
        ("{{ 'plain' | htpasswd('ann') }}", '«"plain"|htpasswd("ann")»'),
    ],
)
def test_filters_on_secrets_are_recorded(source: str, read: str) -> None:
    assert reading(source) == read


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("{{ 'a b/é' | urlquote }}", "a%20b%2F%C3%A9"),
        ("{{ vars.port | b64encode }}", "NTQzMg=="),
        ("{{ true | b64encode | b64decode }}", "true"),
        ("{{ 'say \"é\"' | tojson }}", '"say \\"é\\""'),
        ('{{ "it\'s" | sqlquote }}', "'it''s'"),
        ("{{ 'a b' | shellquote }}", "'a b'"),
        ("{{ 'abc' | sha256 }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("{{ 'a-b-c' | replace('-', '+', 1) }}{{ 'a-b' | replace(new='+', old='-') }}", "a+b-ca+b"),
        ("{{ '/x/' | trim('/') }}{{ ' x ' | trim }}{{ 'x' | upper }}{{ 'X' | lower }}", "xxXx"),
        ("{{ 'a' | indent(2, true) }}{{ ['b'] | first }}{{ 'abc' | length }}", "  ab3"),
    ],
)
def test_filters_on_text_that_is_no_secret_are_applied(source: str, output: str) -> None:
    assert render(source).text == output


def test_macros_calls_includes_and_imports_keep_recipes() -> None:
    assert (
        reading(
            "{% macro url(user, password=values.b) %}x://{{ user }}:{{ password | urlquote }}{% endmacro %}"
            "{{ url('u') }} {{ url(values.a, 'p') | b64encode }} {{ url(user=values.a) | length if false else '' }}"
        )
        == 'x://u:«b|urlquote» «("x://" ~ a ~ ":p")|b64encode» '
    )
    assert (
        reading("{% macro m() %}[{{ caller(values.a) }}]{% endmacro %}{% call(x) m() %}<{{ x }}>{% endcall %}")
        == "[<«a»>]"
    )
    assert reading("{% include 'part.j2' %}!", part="{{ values.a }}{{ vars.host }}") == "«a»db!"
    assert reading("{% filter upper %}{% include 'part.j2' %}{% endfilter %}", part="{{ values.a }}") == "«a|upper»"
    assert reading("{% set x %}{% include 'part.j2' %}{% endset %}{{ x }}", part="<{{ values.a }}>") == "<«a»>"
    assert reading("{% for x in [1] %}{% include 'part.j2' %}{% endfor %}", part="{{ x }}{{ values.a }}") == "1«a»"
    assert reading("{% include 'no.j2' ignore missing %}{% include ['no.j2', 'part.j2'] %}", part="x") == "x"
    macro = "{% macro m(x) %}{{ x }}{{ values.b }}{% endmacro %}"
    assert reading("{% import 'lib.j2' as lib with context %}{{ lib.m(values.a) }}", lib=macro) == "«a»«b»"
    assert reading("{% from 'lib.j2' import m as n with context %}{{ n(values.a) }}", lib=macro) == "«a»«b»"
    nested = "{% filter upper %}{{ x }}{% endfilter %}{% call n() %}{{ x }}{% endcall %}"
    assert (
        reading(
            "{% macro n() %}({{ caller() }}){% endmacro %}"
            "{% macro m(x) %}{% filter trim %}"
            + nested
            + "{% endfilter %}"
            + nested
            + "{% endmacro %}{{ m(values.a) }}"
        )
        == '«(a|upper ~ "(" ~ a ~ ")")|trim»«a|upper»(«a»)'
    )
    plain = "{% macro m(x) %}<{{ x }}>{% endmacro %}"
    assert reading("{% from 'lib.j2' import m %}{{ m(values.a) ~ '!' }}", lib=plain) == "<«a»>!"


def test_blocks_and_inheritance_keep_recipes() -> None:
    base = "a: {% block a %}{{ values.a }}{% endblock %}; b: {% block b %}-{% endblock %}"
    child = "{% extends 'base.j2' %}ignored {{ values.a }}{% block a %}<{{ super() }}>{{ self.b() }}{% endblock %}"
    assert reading(child, base=base) == "a: <«a»>-; b: -"
    assert reading("{% extends 'base.j2' %}{% block b %}{{ values.b }}{% endblock %}", base=base) == "a: «a»; b: «b»"
    looped = "{% for x in ['p', 'q'] %}{% block x scoped %}{{ x }}{{ values.a }}{% endblock %}{% endfor %}"
    assert reading(looped) == "p«a»q«a»"


def test_an_output_has_one_token_for_each_place_and_no_other_text_like_it() -> None:
    rendered = render("{{ values.a }}x{{ values.a ~ 'y' }}{{ values.b }}12345")
    assert rendered.secrets == (Reference("a"), Reference("a"), Reference("b"))
    assert list(rendered.tokens(rendered.text)) == [0, 1, 2]
    assert rendered.text == f"{rendered.token(0)}x{rendered.token(1)}y{rendered.token(2)}12345"
    assert rendered.recipe(rendered.text) == (Reference("a"), "x", Reference("a"), "y", Reference("b"), "12345")
    assert rendered.token_prefix.isalpha()
    assert rendered.token_prefix != render("{{ values.a }}").token_prefix


def test_what_is_rendered_twice_is_the_same() -> None:
    templates = Templates({"app.j2": "{{ values.a | htpasswd('u') }}{{ 'x' | htpasswd('u') }}"}.get)
    first, second = (
        templates.render("app.j2", known=KNOWN, aliases={}, variables={}, names={}).secrets for _ in range(2)
    )
    assert first == second
    assert first == (
        Filtered("htpasswd", (Reference("a"),), (("u",),)),
        Filtered("htpasswd", ("x",), (("u",),)),
    )


def test_an_alias_is_a_name_for_another_value_in_one_template() -> None:
    templates = Templates({"app.j2": "{{ values.a }}{{ values.tls.key }}"}.get)
    rendered = templates.render(
        "app.j2", known={"x": ("",), "y": ("crt", "key")}, aliases={"a": "x", "tls": "y"}, variables={}, names={}
    )
    assert text(rendered.recipe(rendered.text)) == "«x»«y.key»"


# What is refused.


@pytest.mark.parametrize(
    ("expression", "deed"),
    [
        ("{% if values.a %}{% endif %}", "tested"),
        ("{% if vars.off %}{% elif values.a %}{% endif %}", "tested"),
        ("{% if vars.on and values.a %}{% endif %}", "tested"),
        ("{% if values.a or vars.on %}{% endif %}", "tested"),
        ("{% set x %}{{ values.a }}{% endset %}{% if x %}{% endif %}", "tested"),
        ("{{ not values.a }}", "tested"),
        ("{{ 'x' if values.a else 'y' }}", "tested"),
        ("{% for x in vars.list if values.a %}{% endfor %}", "tested"),
        ("{{ [values.a] | select | list }}", "tested"),
        ("{{ [{'p': values.a}] | selectattr('p') | list }}", "tested"),
        ("{{ [{'p': values.a}] | rejectattr('p') | list }}", "tested"),
        ("{{ values.a | default('x', true) }}", "tested"),
        ("{{ values.a | default('x', boolean=true) }}", "tested"),
        ("{% include values.a %}", "tested"),
        ("{{ values.a == 'x' }}", "compared"),
        ("{{ 'x' != values.a }}", "compared"),
        ("{{ values.a == values.a }}", "compared"),
        ("{{ values.a < 'x' }}", "compared"),
        ("{{ 'x' <= values.a }}", "compared"),
        ("{{ values.a > 1 }}", "compared"),
        ("{{ 1 >= values.a }}", "compared"),
        ("{{ values.a in ['x'] }}", "compared"),
        ("{{ 'x' not in [values.a] }}", "compared"),
        ("{{ 'x' is in([values.a]) }}", "compared"),
        ("{{ [values.b, values.a] | sort }}", "compared"),
        ("{{ [1, values.a] | max }}{{ [1, values.a] | min }}", "compared"),
        ("{{ [{'p': 1}, {'p': values.a}] | groupby('p') }}", "compared"),
        ("{{ {'j': 1, 'k': values.a} | dictsort(by='value') }}", "compared"),
        ("{% for x in [1, 2] %}{{ loop.changed(values.a) }}{% endfor %}", "compared"),
        ("{{ 'x' in values.a }}", "looped over or searched"),
        ("{% for c in values.a %}{% endfor %}", "looped over or searched"),
        ("{% for c in values.a %}{{ loop.length }}{% endfor %}", "looped over or searched"),
        ("{% for x, y in [values.a] %}{% endfor %}", "looped over or searched"),
        ("{% set x, y = values.a %}", "looped over or searched"),
        ("{{ dict([values.a]) }}", "looped over or searched"),
        ("{{ values.a | join }}", "looped over or searched"),
        ("{{ values.a[0] }}", "taken apart"),
        ("{{ values.a['x'] }}", "taken apart"),
        ("{{ values.a[1:] }}", "taken apart"),
        ("{{ values.a['__class__'] }}", "taken apart"),
        ("{{ [values.a] | map(attribute='recipe') | list }}", "taken apart"),
        ("{{ [values.a] | join(attribute=0) }}", "taken apart"),
        ("{{ '{0[recipe]}'.format(values.a) }}", "taken apart"),
        ("{{ values.a + 'x' }}", "added (join with ~)"),
        ("{{ 'x' + values.a }}", "added (join with ~)"),
        ("{{ [1] + values.a }}", "added (join with ~)"),
        ("{{ [values.a] | sum }}", "added (join with ~)"),
        ("{{ values.a * 2 }}", "calculated with"),
        ("{{ 'x' * values.a }}", "calculated with"),
        ("{{ values.a - 1 }}", "calculated with"),
        ("{{ 1 - values.a }}", "calculated with"),
        ("{{ values.a / 2 }}", "calculated with"),
        ("{{ 2 / values.a }}", "calculated with"),
        ("{{ values.a // 2 }}", "calculated with"),
        ("{{ 2 // values.a }}", "calculated with"),
        ("{{ values.a ** 2 }}", "calculated with"),
        ("{{ 2 ** values.a }}", "calculated with"),
        ("{{ values.a % 2 }}", "formatted (join with ~)"),
        ("{{ 2 % values.a }}", "formatted (join with ~)"),
        ("{{ '{}'.format(values.a) }}", "formatted (join with ~)"),
        ("{{ '{k}'.format_map({'k': values.a}) }}", "formatted (join with ~)"),
        ("{{ 'x' % values.a }}", "formatted (join with ~)"),
        ("{{ '%s' % values.a }}", "turned into text (join with ~)"),
        ("{{ '%r' % [values.a] }}", "turned into text (join with ~)"),
        ("{{ '%(k)s' % {'k': values.a} }}", "turned into text (join with ~)"),
        ("{{ '{!r}'.format(values.a) }}", "turned into text (join with ~)"),
        ("{{ [values.a] | string }}", "turned into text (join with ~)"),
        ("{{ {'k': values.a} | pprint }}", "turned into text (join with ~)"),
        ("{{ {'k': values.a} | urlencode }}", "turned into text (join with ~)"),
        ("{{ -values.a }}", "turned into a number"),
        ("{{ +values.a }}", "turned into a number"),
        ("{{ '%d' % values.a }}", "turned into a number"),
        ("{{ vars.list[values.a] }}", "turned into a number"),
        ("{{ vars.list[values.a:] }}", "turned into a number"),
        ("{% for x in range(values.a) %}{% endfor %}", "turned into a number"),
        ("{{ {values.a: 1} }}", "used as a key"),
        ("{{ {'x': 1}[values.a] }}", "used as a key"),
        ("{{ dict([[values.a, 1]]) }}", "used as a key"),
        ("{{ vars[values.a] }}", "used as a key"),
        ("{{ values[values.a] }}", "used as a key"),
        ("{{ values.a in vars }}", "used as a key"),
        ("{{ [values.a] | unique | list }}", "used as a key"),
        ("{% include ['x.j2', values.a] %}", "used as a key"),
        ("{% import values.a as m %}", "used as a key"),
        ("{% extends values.a %}", "used as a key"),
        ("{{ values.a() }}", "called"),
        ("{% call values.a() %}{% endcall %}", "called"),
        ("{{ values.a is string }}", "tested ('is string')"),
        ("{{ values.a is none }}", "tested ('is none')"),
        ("{{ values.a is upper }}", "tested ('is upper')"),
        ("{{ values.a is sameas values.a }}", "tested ('is sameas')"),
        ("{{ 'x' is eq(values.a) }}", "tested ('is eq')"),
        ("{{ 5 is divisibleby(num=values.a) }}", "tested ('is divisibleby')"),
        ("{{ [values.a] | reject('equalto', 'x') | list }}", "tested ('is equalto')"),
    ],
)
def test_what_would_look_into_a_secret_is_refused(expression: str, deed: str) -> None:
    problem = f"templates/app.j2:3: «a» is a secret: it can't be {deed} in a template"
    assert refusal(f"# one\n# {{{{ values.b }}}}\n{expression}\n") == problem


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("{{ values.a | length }}", "length"),
        ("{{ values.a | count }}", "count"),
        ("{{ values.a | sort }}", "sort"),
        ("{{ values.a | first }}", "first"),
        ("{{ values.a | list }}", "list"),
        ("{{ values.a | string }}", "string"),
        ("{{ values.a | int }}", "int"),
        ("{{ values.a | indent(2) }}", "indent"),
        ("{{ values.a | truncate(1) }}", "truncate"),
        ("{{ values.a | wordcount }}", "wordcount"),
        ("{{ values.a | urlencode }}", "urlencode"),
        ("{{ values.a | format }}", "format"),
        ("{{ values.a | attr('recipe') }}", "attr"),
        ("{{ values.a | map('upper') }}", "map"),
        ("{{ '%s' | format(values.a) }}", "format"),
        ("{{ 'x' | center(values.a) }}", "center"),
        ("{{ 1 | int(default=values.a) }}", "int"),
        ("{{ ['%s'] | map('format', values.a) | list }}", "map"),
        ("{{ [values.a] | map('length') | list }}", "length"),
        ("{% macro m(x) %}{{ x | length }}{% endmacro %}{{ m(values.a) }}", "length"),
        ("{% filter length %}{{ values.a }}{% endfilter %}", "length"),
        ("{% set x | length %}{{ values.a }}{% endset %}", "length"),
    ],
)
def test_a_filter_outside_the_closed_list_is_refused(expression: str, name: str) -> None:
    problem = f"templates/app.j2:2: «a» is a secret: it can't pass through {name}; {LISTED}"
    assert refusal(f"\n{expression}") == problem


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("{{ values.a.upper() }}", "«a» is a secret: it has no 'upper'; the filter is written | upper"),
        ("{{ values.a.recipe }}", "«a» is a secret: it has no 'recipe'"),
        ("{{ '{0.recipe}'.format(values.a) }}", "«a» is a secret: it has no 'recipe'"),
        ("{{ (values.a ~ 'x').strip() }}", "«a»x is a secret: it has no 'strip'"),
        ("{{ values.a in 'xyz' }}", "'in <string>' requires string as left operand, not a secret"),
        ("{{ ','.join([values.a]) }}", "sequence item 0: expected str instance, a secret found"),
        ("{{ 'x'.replace('x', values.a) }}", "replace() argument 2 must be str, not a secret"),
        ("{{ values.tls }}", "values.tls has parts; write values.tls.crt or values.tls.key"),
        ("{{ values.tls ~ 'x' }}", "values.tls has parts; write values.tls.crt or values.tls.key"),
        ("{{ values.tls | urlquote }}", "values.tls has parts; write values.tls.crt or values.tls.key"),
        ("{{ values.a | replace('x') }}", "the filter replace takes old and new"),
        ("{{ values.a | replace('x', 'y', 1) }}", "the filter replace takes old and new"),
        ("{{ values.a | replace('x', old='y') }}", "the filter replace takes old and new"),
        ("{{ values.a | replace('x', count=1) }}", "the filter replace takes old and new"),
        ("{{ values.a | trim('x') }}", "the filter trim takes no argument"),
        ("{{ values.a | htpasswd }}", "the filter htpasswd takes user"),
        ("{{ 'x' | htpasswd(name='u') }}", "the filter htpasswd takes user"),
        ("{{ 'x' | urlquote(1) }}", "the filter urlquote takes no argument"),
        ("{{ values.a | htpasswd(none) }}", "null can't be printed; use tojson or a loop"),
        ("{{ values.a | replace(['x'], 'y') }}", "a list can't be printed; use tojson or a loop"),
        ("{{ vars.users | b64encode }}", "a list can't be printed; use tojson or a loop"),
        ("{{ '!' | b64decode }}", "b64decode: takes standard base64 with padding, and this is not"),
        ("{{ '/w==' | b64decode }}", "b64decode gives bytes that are not text"),
        ("{{ {1: values.a} | tojson }}", "tojson takes mappings with text keys, and 1 is none"),
        (
            "{{ [namespace()] | tojson }}",
            "tojson takes text, whole numbers, true, false, null, lists and mappings, not a Namespace",
        ),
        ("{{ values.a | urlqote }}", "there is no filter 'urlqote'; did you mean 'urlquote'?"),
        (
            "{% if vars.on %}{{ values.a | urlqote }}{% endif %}",
            "there is no filter 'urlqote'; did you mean 'urlquote'?",
        ),
        ("{{ values.a is defned }}", "there is no test 'defned'; did you mean 'defined'?"),
        ("{{ values.a | replace('\\ud800', '') }}", "half of a surrogate pair is no character"),
    ],
)
def test_a_misuse_of_a_secret_says_what_is_right(expression: str, problem: str) -> None:
    assert refusal(f"\n{expression}") == f"templates/app.j2:2: {problem}"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("{{ values.c }}", "values has no 'c'; known are a, b, password, tls"),
        ("{{ values.pasword }}", "values has no 'pasword'; did you mean 'password'?"),
        ("{{ values['pasword'] }}", "values has no 'pasword'; did you mean 'password'?"),
        ("{{ values.items() }}", "values has no 'items'; known are a, b, password, tls"),
        ("{{ values[1] }}", "values has no '1'; known are a, b, password, tls"),
        ("{{ values.tls.crd }}", "values.tls has no 'crd'; did you mean 'crt'?"),
        ("{{ values.tls['pem'] }}", "values.tls has no 'pem'; known are crt, key"),
        ("{{ values.tls.items() }}", "values.tls has no 'items'; known are crt, key"),
        ("{{ vars.hots }}", "vars has no 'hots'; did you mean 'host'?"),
        ("{{ vars.hots | urlquote }}", "vars has no 'hots'; did you mean 'host'?"),
        ("{{ [vars.hots] | tojson }}", "vars has no 'hots'; did you mean 'host'?"),
        ("{{ values.a | replace('x', vars.hots) }}", "vars has no 'hots'; did you mean 'host'?"),
        ("{% if vars.hots %}{% endif %}", "vars has no 'hots'; did you mean 'host'?"),
        ("{{ secret.nme }}", "this mapping has no 'nme'; did you mean 'name'?"),
        ("{{ vars.users[0].nme }}", "this mapping has no 'nme'; did you mean 'name'?"),
        ("{{ vars.users[7] }}", "list object has no element 7"),
        ("{{ host }}", "'host' is undefined; did you mean vars.host or values.host?"),
        ("{{ lipsum() }}", "'lipsum' is undefined; did you mean vars.lipsum or values.lipsum?"),
        ("{{ [1] | random }}", "there is no filter 'random'"),
        *(("{{ 'x' | " + name + " }}", f"there is no filter '{name}'") for name in ("safe", "e", "escape", "urlize")),
        ("{{ 'x' | forceescape }}", "there is no filter 'forceescape'"),
        ("{{ 'x' | striptags }}", "there is no filter 'striptags'; did you mean 'string'?"),
        ("{{ {} | xmlattr }}", "there is no filter 'xmlattr'; did you mean 'attr'?"),
        ("{{ vars.none }}", "null can't be printed; use tojson or a loop"),
        ("{{ vars.list }}", "a list can't be printed; use tojson or a loop"),
        ("{{ vars }}{{ values }}", "a mapping can't be printed; use tojson or a loop"),
        ("{{ values }}", "a mapping can't be printed; use tojson or a loop"),
        ("{{ ['x', none] | join }}", "null can't be printed; use tojson or a loop"),
        ("{{ 'x' ~ secret }}", "a mapping can't be printed; use tojson or a loop"),
        ("{{ namespace() }}", "a Namespace can't be printed; use tojson or a loop"),
        ("{{ 7 / 2 }}", "a number with a fraction can't be printed; use | int, or // instead of /"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ vars.list.index('q') }}", "'q' is not in list"),
        ("{% set vars.host = 'x' %}", "cannot assign attribute on non-namespace object"),
        ("{% if %}", "Expected an expression, got 'end of statement block'"),
        ("{% fi %}", "Encountered unknown tag 'fi'."),
        ("{% do 1 %}", "Encountered unknown tag 'do'."),
        ("{{ }}", "Expected an expression, got 'end of print statement'"),
        (
            "{% autoescape true %}{{ values.a }}{% endautoescape %}",
            "autoescape is for HTML, and this is YAML",
        ),
        ("{% include 'none.j2' %}", "there is no template templates/none.j2"),
        ("{% include '../secret' %}", "there is no template templates/../secret"),
        ("{% import 'none.j2' as m %}", "there is no template templates/none.j2"),
        ("{% extends 'none.j2' %}", "there is no template templates/none.j2"),
        ("{% include [] %}", "Tried to select from an empty list of templates."),
        (
            "{% include 'part.j2' without context %}",
            "an include 'without context' would see no values; leave that out",
        ),
        (
            "{% from 'part.j2' import m %}{{ m() }}",
            "the template 'part.j2' (imported on line 2 in 'app.j2') does not export the requested name 'm'",
        ),
        ("{% block x required %}{% endblock %}", "Required block 'x' not found"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_the_nearest_name(expression: str, problem: str) -> None:
    assert refusal(f"\n{expression}\n", part="") == f"templates/app.j2:2: {problem}"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("{% macro m(x, x) %}{% endmacro %}", "duplicate argument 'l_1_x' in function definition"),
        ("{{ dict(a=1, a=2) }}", "keyword argument repeated: a"),
        ("{% for x in vars.list %}" * 25 + "{% endfor %}" * 25, "too many statically nested blocks"),
    ],
)
def test_what_only_python_finds_wrong_is_no_traceback(expression: str, problem: str) -> None:
    assert refusal(f"\n{expression}") == f"templates/app.j2:1: not a template: {problem}"


def test_a_missing_template_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Templates(lambda _: None).render("app.yaml.j2", known={}, aliases={}, variables={}, names={})
    assert str(caught.value) == "templates/app.yaml.j2:1: there is no template templates/app.yaml.j2"


def test_what_the_loader_refuses_passes_through() -> None:
    def load(_: str) -> str | None:
        raise ConfigurationError("templates/app.j2 is not UTF-8 text")

    with pytest.raises(ConfigurationError, match=r"^templates/app\.j2 is not UTF-8 text$"):
        Templates(load).render("app.j2", known={}, aliases={}, variables={}, names={})


def test_a_fault_of_the_program_is_not_blamed_on_the_template() -> None:
    def load(_: str) -> str | None:
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError, match=r"^a fault$"):
        Templates(load).render("app.j2", known={}, aliases={}, variables={}, names={})


def test_a_message_shows_a_long_text_on_one_line_and_in_part() -> None:
    exact = "x" * 76
    assert refusal(f"{{% set x %}}{exact}\n{{{{ values.a }}}}{{% endset %}}{{{{ x() }}}}") == (
        f"templates/app.j2:2: {exact}\\n«… is a secret: it can't be called in a template"
    )
    assert refusal(f"{{{{ ('{exact}y' ~ values.a)() }}}}") == (
        f"templates/app.j2:1: {exact}y«a» is a secret: it can't be called in a template"
    )


@pytest.mark.parametrize("look", [len, str, repr, bool, list, hash, int, float, iter, "{}".format])
def test_python_itself_is_told_nothing_of_a_secret(look: Callable[[Opaque], object]) -> None:
    with pytest.raises(OpaqueError, match=r"^«a» is a secret: it can't be .* in a template$"):
        look(Opaque((Reference("a"),)))


SECRET = "«a» is a secret: it can't be tested in a template"


def test_a_refusal_inside_another_file_names_that_file_and_its_line() -> None:
    looking = "\n{% if values.a %}{% endif %}"
    assert refusal("\n\n{% include 'part.j2' %}", part=looking) == f"templates/part.j2:2: {SECRET}"
    macro = "\n\n{% macro m(x) %}\n{% if x %}{% endif %}\n{% endmacro %}"
    assert refusal("{% from 'lib.j2' import m %}\n{{ m(values.a) }}", lib=macro) == f"templates/lib.j2:4: {SECRET}"
    assert refusal(f"{macro}\n\n{{{{ m(values.a) }}}}") == f"templates/app.j2:4: {SECRET}"
    base = "{% block x %}{% endblock %}"
    child = f"{{% extends 'base.j2' %}}\n\n{{% block x %}}{looking}{{% endblock %}}"
    assert refusal(child, base=base) == f"templates/app.j2:4: {SECRET}"
    assert refusal("{% extends 'base.j2' %}", base=f"\n{{% block x %}}{looking}{{% endblock %}}") == (
        f"templates/base.j2:3: {SECRET}"
    )
    assert refusal("{% include 'part.j2' %}", part="\n{{ values.a") == (
        "templates/part.j2:2: unexpected end of template, expected 'end of print statement'."
    )
    assert refusal("{% include 'part.j2' %}", part="\n{{ 'x' | nope }}") == (
        "templates/part.j2:2: there is no filter 'nope'"
    )
    assert refusal("\n{% include 'part.j2' %}", part="\n\n{% include 'gone.j2' %}") == (
        "templates/part.j2:3: there is no template templates/gone.j2"
    )
    importing = "{% from 'lib.j2' import m %}\n{{ m() }}"
    assert refusal(importing, lib="{% macro m() %}\n{{ values.a }}{% endmacro %}") == (
        "templates/lib.j2:2: 'values' is undefined in an imported template; import it 'with context'"
    )
    assert refusal(importing, lib="{% macro m() %}{{ vars.host }}{% endmacro %}") == (
        "templates/lib.j2:1: 'vars' is undefined in an imported template; import it 'with context'"
    )
    assert refusal("{% include 'part.j2' %}", part="{{ dict(a=1, a=2) }}") == (
        "templates/part.j2:1: not a template: keyword argument repeated: a"
    )
    assert refusal("{% call(x) m() %}{% endcall %}\n{% macro m() %}\n{{ caller(values.a) }}{% endmacro %}") == (
        "templates/app.j2:1: 'm' is undefined; did you mean vars.m or values.m?"
    )


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("{% if vars.off %}\n{% elif values.a %}\n{% endif %}", 2),
        ("a\n{% set x = values.a[0] %}", 2),
        ("{{ vars.host }}\n{% for x in [1] %}\n\n{{ values.a[0] }}\n{% endfor %}", 4),
        ("{% macro m(x, y=values.a[0]) %}{{ y }}{% endmacro %}\n\n{{ m(1) }}", 1),
        ("{# a\n comment #}\n{{ values.a[0] }}", 3),
        ("{% raw %}\n\n{% endraw %}\n{{ values.a[0] }}", 4),
        ("x\n{%- if vars.on -%}\n\n\n{{ values.a[0] }}{% endif %}", 5),
        ("{% filter upper %}\n{{ values.a[0] }}\n{% endfilter %}", 2),
        ("{% call m() %}\n{% endcall %}{% macro m() %}{% endmacro %}\n", 1),
        ("{% with x = 1 %}\n{{ values.a[0] }}{% endwith %}", 2),
    ],
)
def test_a_refusal_has_the_line_of_the_template(source: str, line: int) -> None:
    assert refusal(source).startswith(f"templates/app.j2:{line}: ")


@pytest.mark.parametrize(
    "expression",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ ['x'] | map(attribute='__class__') | list | first }}",
        "{{ [['x', '__class__']] | map('attr', '__class__') | list | first ~ '' }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ joiner.__init__.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ dict.__base__.__subclasses__() }}",
        "{{ range.__class__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ values.__class__ }}",
        "{{ values | attr('_known') }}",
        "{{ vars.__class__.__init__ }}",
        "{{ secret.__class__ }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ '{x.__init__.__globals__}'.format_map({'x': cycler}) }}",
        "{{ ('{0.__class__}' | attr('format'))('') }}",
        "{% set f = '{0.__class__}'.format %}{{ f('') }}",
        "{{ ['{0.__class__}'.format] | map('attr', '__self__') | list | first ~ '' }}",
        "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
        "{% macro m() %}{% endmacro %}{{ m.__call__.__func__ }}",
        "{% import 'part.j2' as m %}{{ m.__class__ }}",
        "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
        "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
        "{{ (['x'] | map('upper')).gi_frame.f_back.f_globals }}",
        "{{ (['x'] | map('upper')).gi_code }}",
        "{{ ().__class__.__bases__[0] }}",
        "{{ 1 .__class__ }}",
        "{{ vars.list.append('z') }}",
        "{{ vars.list.__setitem__(0, 'z') }}",
        "{{ secret.update(name='x') }}",
        "{{ secret.setdefault('x', 1) }}",
    ],
)
def test_published_escapes_from_the_sandbox_lead_nowhere(expression: str) -> None:
    problem = refusal(f"\n{expression}", part="")
    assert problem.startswith("templates/app.j2:2: ")
    assert " is unsafe." in problem or " has no " in problem
    assert VARIABLES["list"] == ["x", "y"]


@pytest.mark.parametrize("expression", ["range(100001) | length", "range(0, 10**6) | list", "range(-1, -10**9, -1)"])
def test_a_range_has_a_limit(expression: str) -> None:
    assert refusal(f"{{{{ {expression} }}}}") == (
        "templates/app.j2:1: Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)."
    )


def test_an_output_has_a_limit() -> None:
    limit = "the template gives more than 4194304 characters"
    loop = "{% for i in range(100000) %}\n{{ 'x' * 50 }}{% endfor %}"
    assert refusal(loop) == f"templates/app.j2:2: {limit}"
    assert refusal("x" * (MAX_OUTPUT + 1)) == f"templates/app.j2:1: {limit}"
    assert len(render("{{ 'x' * 4194304 }}").text) == MAX_OUTPUT


def test_includes_without_end_that_reach_the_limit_of_the_output_leave_nothing_at_stderr(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", left.append)
    problem = refusal("x" * 6_000 + "{% include 'app.j2' %}")
    assert problem == f"templates/app.j2:1: the template gives more than {MAX_OUTPUT} characters"
    assert left == []


TOO_MUCH = (
    "this is too much work: a template has 500000 steps, and loops, calls, and long texts, "
    "lists and numbers use them up"
)


@pytest.mark.parametrize(
    "expression",
    [
        "{{ 'x' * 10**18 }}",
        "{{ 10**18 * 'x' }}",
        "{{ 'x' * 10**9 }}",
        "{{ [0] * 10**9 }}",
        "{{ 10**(10**8) }}",
        "{{ 2**(2**40) }}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) if range(100000) | list %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(9) %}{% set n.x = [n.x] * 99 %}{% endfor %}{{ n.x | string }}",
        "{% set n = namespace(x=[1]) %}{% for i in range(9) %}{% set n.x = [n.x] * 99 %}{% endfor %}{{ n.x | tojson }}",
        "{% set n = namespace(x=[1]) %}{% for i in range(9) %}{% set n.x = [n.x] * 99 %}{% endfor %}{{ '%s' % n.x }}",
        "{% set n = namespace(x=3) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "{% set n = namespace(x=values.a) %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '%9999999999999d' | format(1) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ '{:{}}'.format(1, 999999999) }}",
        "{{ '{a:{b}}'.format_map({'a': 1, 'b': 999999999}) }}",
        "{{ 'x'.ljust(10**9) }}",
        "{{ 'x' | center(10**9) }}",
        "{{ '\\t'.expandtabs(10**9) }}",
        "{{ ('\\n' * 10**6) | indent(10**6) }}",
        "{{ [1] | batch(10**9, 'x') | list }}",
        "{{ 1.5 | round(10**9, 'ceil') }}",
        "{{ ('x' * 10**6).replace('x', 'y' * 10**6) }}",
        "{{ ('x' * 10**6) | replace('x', 'y' * 10**6) }}",
        "{{ ('x' * 10**6).join(['', ''] * 10**5) }}",
        "{{ (['', ''] * 10**4) | join('x' * 10**6) }}",
    ],
)
def test_work_has_a_limit(expression: str) -> None:
    # Without it, these would not end, or fill the memory.
    assert refusal(f"\n{expression}") == f"templates/app.j2:2: {TOO_MUCH}"


def test_a_number_with_too_many_digits_is_refused() -> None:
    assert refusal("{{ " + "9" * 5000 + " }}") == (
        "templates/app.j2:1: not a template: Exceeds the limit (4300 digits) for integer string conversion: "
        "value has 5000 digits"
    )


def test_each_rendering_has_all_steps() -> None:
    loop = "{% for i in range(100000) %}{% for j in range(3) %}{% endfor %}{% endfor %}"
    templates = Templates({"app.j2": loop}.get)
    for _ in range(2):
        templates.render("app.j2", known={}, aliases={}, variables={}, names={})


def test_recursion_has_a_limit() -> None:
    endless = "templates include or call each other without end, or something is nested too deep"
    assert refusal("\n{% include 'app.j2' %}") == f"templates/app.j2:2: {endless}"
    assert refusal("{% include 'part.j2' %}", part="\n{% include 'app.j2' %}").endswith(endless)
    # Which of its lines is the innermost is a matter of how deep the program itself is.
    macro = refusal("{% macro m() %}\n{{ m() }}{% endmacro %}{{ m() }}")
    assert macro in (f"templates/app.j2:1: {endless}", f"templates/app.j2:2: {endless}")
    assert refusal("{% extends 'app.j2' %}") == f"templates/app.j2:1: {endless}"
    assert refusal("{% import 'app.j2' as m %}") == f"templates/app.j2:1: {endless}"
    assert refusal(f"{{{{ {'(' * 5000}1{')' * 5000} }}}}") == f"templates/app.j2:1: {endless}"


# Which line of the template a line of the output comes from.


def origins(source: str, **files: str) -> list[str]:
    """Return the origin of each line's first and last character."""
    rendered = render(source, **files)
    return [
        f"{rendered.mark(Mark('', line, 1))} {rendered.mark(Mark('', line, len(text_)))}".replace("templates/", "")
        for line, text_ in enumerate(rendered.text.split("\n"), start=1)
        if text_
    ]


def test_lines_are_mapped_through_loops_includes_macros_and_comments() -> None:
    source = """\
a: b
{# a comment
   of two lines #}
c: {{ vars.host }} # d
{% if vars.on %}
  e: f
{% endif %}

{% for x in vars.list %}
  {{ x }}: g
  h: i
{% endfor %}
{% include 'part.j2' %}
{{ m() }}
{% raw %}
{{ j }}
{% endraw %}
k: l
"""
    macro = "{% macro m() %}\nn: {{ values.a }}\no: p\n{% endmacro %}"
    assert origins(f"{macro}\n{source}", part="q: r\ns: t\n") == [
        "app.j2:5 app.j2:5",
        "app.j2:8 app.j2:8",
        "app.j2:10 app.j2:10",
        "app.j2:14 app.j2:14",
        "app.j2:15:1 app.j2:15:6",
        "app.j2:14 app.j2:14",
        "app.j2:15:1 app.j2:15:6",
        "part.j2:1 part.j2:1",
        "part.j2:2:1 part.j2:2:4",
        "app.j2:18 app.j2:18",
        "app.j2:18 app.j2:18",
        "app.j2:20:1 app.j2:20:7",
        "app.j2:22 app.j2:22",
    ]


def test_a_column_is_known_up_to_the_first_expression() -> None:
    rendered = render("a: b\n  c: {{ vars.host }}: d\n  e: f\n")
    assert rendered.mark(Mark("", 2, 3)) == Mark("templates/app.j2", 2, 3)
    assert rendered.mark(Mark("", 2, 6)) == Mark("templates/app.j2", 2, 6)  # where the expression starts
    assert rendered.mark(Mark("", 2, 7)) == Mark("templates/app.j2", 2, 0)
    assert rendered.mark(Mark("", 3, 6)) == Mark("templates/app.j2", 3, 6)
    assert rendered.mark(Mark("", 1, 1)) == Mark("templates/app.j2", 1, 0)
    assert render("x\na{# #}b: c").mark(Mark("", 2, 3)) == Mark("templates/app.j2", 2, 0)


def test_a_printed_text_of_several_lines_comes_from_one_line() -> None:
    assert origins("x\n{{ vars.lines }}\ny: z\n") == [
        "app.j2:1 app.j2:1",
        "app.j2:2 app.j2:2",
        "app.j2:2 app.j2:2",
        "app.j2:2 app.j2:2",
        "app.j2:3:1 app.j2:3:4",
    ]


def test_what_a_filter_or_a_call_block_gives_comes_from_its_line() -> None:
    source = "x\n{% filter upper %}\ny\n{% endfilter %}{% macro m() %}{{ caller() }}\n{% endmacro %}\n"
    assert origins(source + "\n{% call m() %}z{% endcall %}") == [
        "app.j2:1 app.j2:1",
        "app.j2:2 app.j2:2",
        "app.j2:7 app.j2:7",
    ]


def test_a_place_after_the_end_is_at_the_last_line() -> None:
    assert render("a\nb\n").mark(Mark("", 3, 1)) == Mark("templates/app.j2", 2, 0)
    assert render("a\n\n").mark(Mark("", 2, 1)) == Mark("templates/app.j2", 2, 1)
    assert render("").mark(Mark("", 1, 1)) == Mark("templates/app.j2", 1, 0)


@given(st.lists(st.sampled_from(["k: v", "", "{{ vars.host }}: x", "  {{ values.a }} y", "{# c #}"]), max_size=8))
def test_lines_without_statements_are_mapped_to_themselves(lines: list[str]) -> None:
    rendered = render("\n".join(lines))
    # A line that is nothing but a comment leaves no line.
    numbers = [number for number, line in enumerate(lines, start=1) if line != "{# c #}"]
    for number, (line, origin) in enumerate(zip(rendered.text.split("\n"), numbers, strict=False), start=1):
        if line:
            assert rendered.mark(Mark("", number, 1))[:2] == ("templates/app.j2", origin)


def test_messages_show_names_where_they_would_repeat_tokens() -> None:
    rendered = render("{{ values.a }} {{ values.b | upper }}")
    assert rendered.readable(f"unknown field '{rendered.token(1)}'") == "unknown field '«b|upper»'"
    assert rendered.readable("no «token»") == "no «token»"


@pytest.mark.parametrize(
    ("source", "thing"),
    [
        ("{{ cycler | string }}", "a type"),
        ("{{ [cycler(1)] | pprint }}", "a Cycler"),
        ("{{ values | string }}", "a mapping"),
        ("{{ {'k': joiner} | urlencode }}", "a type"),
        ("{{ ['x'] | map('upper') | string }}", "a generator"),
        ("{{ '%s' % cycler }}", "a type"),
        ("{{ '%s' | format(cycler) }}", "a type"),
        ("{{ '{}'.format(cycler) }}", "a type"),
        ("{{ '{!s}'.format(cycler) }}", "a type"),
        ("{{ 'x' | replace('x', cycler) }}", "a type"),
    ],
)
def test_no_address_in_memory_gets_into_a_text(source: str, thing: str) -> None:
    assert refusal(source) == f"templates/app.j2:1: {thing} can't be turned into text"


def test_plain_data_may_be_turned_into_text() -> None:
    assert reading("{{ [1, 'x', {'k': none}] | string }}") == "[1, 'x', {'k': None}]"
    assert reading("{{ 1.5 | string }}{{ range(3) | string }}{{ {'k': 1}.items() | string }}") == (
        "1.5range(0, 3)dict_items([('k', 1)])"
    )


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ 9e999 }}", "a number is too large"),
        ("{{ [-9e999] }}", "a number is too large"),
        ("{{ 2.0 ** 5000 }}", "what ** gives here is too large a number"),
        ("{% include 1 %}", "a template's name must be text, not a int"),
        ("{% include [1] %}", "a template's name must be text, not a int"),
    ],
)
def test_what_python_would_say_in_its_own_terms_is_said_in_words(source: str, problem: str) -> None:
    assert refusal(source) == f"templates/app.j2:1: {problem}"
