"""A pattern is made only where all of its blanks are filled again, and filled only with what fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgen.errors import ConfigurationError
from sealgen.kubernetes import manifest
from sealgen.kubernetes.pattern import NAME, Pattern, pattern
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.recipe import Filtered, Reference
from sealgen.template.blanks import blank
from sealgen.template.opaque import Opaque
from sealgen.template.rendering import Templates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.kubernetes.manifest import SecretManifest

HEAD = "apiVersion: v1\nkind: Secret\n"


def made(body: str) -> Pattern | None:
    """Return the pattern of a template that prints ``secret.name``, ``x`` and ``y``, and knows the value ``p``."""
    rendered = Templates({"t": HEAD + body}.get).render(
        "t",
        known={"p": ("",)},
        aliases={},
        variables={},
        names={"secret": {"name": Opaque((NAME,))}, "x": Opaque((blank(1),)), "y": Opaque((blank(2),))},
    )
    return pattern(rendered, manifest.read(rendered, name=NAME, namespace="n", scope=Scope.STRICT, type=None))


def fill(body: str, texts: Sequence[str]) -> SecretManifest | None:
    found = made(body)
    assert found is not None
    return found.filled(texts, {"p": "own"})


def test_all_that_is_printed_is_filled_and_values_have_their_names_in_the_environment() -> None:
    body = """metadata:
  name: {{ secret.name }}
  labels: {app: {{ secret.name }}-{{ x }}}
  annotations: {note: "of {{ y }}"}
stringData:
  uri: "{{ x }}:{{ values.p }}@{{ y }}"
  quoted: "{{ (x ~ values.p) | urlquote }}"
  literal: none
data:
  decoded: "{{ x }}{{ values.p | b64encode }}"
"""
    filled = fill(body, ["app", "one", "two"])
    assert filled is not None
    assert (filled.name, filled.labels, filled.annotations) == ("app", {"app": "app-one"}, {"note": "of two"})
    own = Reference("own")
    assert {name: key.recipe for name, key in filled.keys.items()} == {
        "decoded": (Filtered("b64decode", ("one", Filtered("b64encode", (own,)))),),
        "uri": ("one:", own, "@two"),
        "quoted": (Filtered("urlquote", ("one", own)),),
        "literal": ("none",),
    }


@pytest.mark.parametrize(
    "body",
    [
        "type: {{ x }}\nstringData: {k: v}",
        "type: {{ secret.name }}\nstringData: {k: v}",
        "stringData: {'{{ x }}': v}",
        "stringData: {'{{ secret.name }}': v}",
        "metadata: {labels: {'{{ x }}': v}}\nstringData: {k: v}",
        "metadata: {labels: {'{{ secret.name }}': v}}\nstringData: {k: v}",
        "metadata: {annotations: {'{{ secret.name }}': v}}\nstringData: {k: v}",
        "metadata: {annotations: {sealedsecrets.bitnami.com/cluster-wide: '{{ x }}'}}\nstringData: {k: v}",
        "metadata: {annotations: {sealedsecrets.bitnami.com/cluster-wide: '{{ secret.name }}'}}\nstringData: {k: v}",
        "metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '{{ x }}'}}\nstringData: {k: v}",
        "metadata: {uid: '{{ x }}'}\nstringData: {k: v}",
        "metadata: {managedFields: {'{{ secret.name }}': 1}}\nstringData: {k: v}",
        "# {{ x }}\nstringData: {k: v}",
        "# {{ secret.name }}\nstringData: {k: v}",
        "data: {k: '{{ x }}{{ y }}'}",
        "type: {{ x }}\nstringData: {k: '{{ (x ~ values.p) | urlquote }}'}",
    ],
)
def test_there_is_no_pattern_where_a_blank_would_stay_or_was_looked_at(body: str) -> None:
    assert made(body) is None


@pytest.mark.parametrize(
    "body",
    [
        "stringData: {k: '{{ x | upper }}'}",
        "stringData: {k: '{{ [x, values.p] | tojson }}'}",
        "stringData: {k: '{{ ((x | upper) ~ values.p) | urlquote }}'}",
        "stringData: {k: '{{ values.p | replace((x | upper), y) }}'}",
        "stringData: {k: '{{ (x ~ y) | b64encode }}'}",
        "data: {k: '{{ x | b64encode }}'}",
        "{% set unused = x | b64decode %}\nstringData: {k: v}",
        "stringData: {k: \"{{ 'plain' | replace(x, y) }}\"}",
    ],
)
def test_a_filter_on_what_is_blank_is_not_recorded_as_the_text_would_meet_it_now(body: str) -> None:
    with pytest.raises(ConfigurationError, match=r" is not known here: it can't pass through \w+$"):
        made(body)


@pytest.mark.parametrize(
    ("body", "fits", "does_not"),
    [
        ("stringData: {k: {{ x }}}", "one", "yes"),
        ("stringData: {k: {{ x }}{{ y }}}", "o", "n"),
        ("stringData: {k: 1{{ x }}}", "one", "e3"),
        ("stringData: {k: 2001-12-14{{ x }}21:59:43-{{ values.p }}}", "a", "t"),
        ("data: {k: 2001-12-14{{ x }}21:59:43-{{ values.p }}}", "a", "t"),
        ("metadata: {labels: {app: {{ x }}}}\nstringData: {k: v}", "one", "off"),
        ("metadata: {labels: {app: {{ x }}}}\nstringData: {k: v}", "one", "one-"),
        ("metadata: {labels: {app: {{ x }}}}\nstringData: {k: v}", "x" * 63, "x" * 64),
        ("metadata: {annotations: {app: {{ x }}}}\nstringData: {k: v}", "one", "null"),
        (f"metadata: {{annotations: {{a: {'{{ x }}' * 2048}}}}}\nstringData: {{k: v}}", "x" * 127, "x" * 128),
    ],
)
def test_text_that_reads_as_something_else_does_not_fit(body: str, fits: str, does_not: str) -> None:
    assert fill(body, ["app", fits, "o"]) is not None
    assert fill(body, ["app", does_not, "o"]) is None


def test_a_name_that_yaml_takes_for_something_else_fits_only_where_it_is_not_written() -> None:
    assert fill("metadata: {name: {{ secret.name }}}\nstringData: {k: v}", ["on"]) is None
    assert fill("metadata: {labels: {app: {{ secret.name }}}}\nstringData: {k: v}", ["on"]) is None
    assert fill("stringData: {k: v}", ["on"]) is not None


def test_a_word_beside_a_secret_is_text_whatever_the_word() -> None:
    assert fill("stringData: {k: {{ x }}{{ values.p }}}", ["app", "yes"]) is not None
