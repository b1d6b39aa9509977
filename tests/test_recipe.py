"""A recipe has one normal form, one digest and one reading, and resolves to exactly the bytes it describes."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sealgen.errors import SealgenError
from sealgen.filters import FILTERS
from sealgen.recipe import Filtered, Recipe, Reference, decoded, digest, join, references, resolve, text
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealgen.recipe import Part

CANARY = b"canary7x9q"
A, B = Reference("a"), Reference("b")

names = st.from_regex(r"[a-z][a-z0-9_-]{0,3}", fullmatch=True)
referenced = st.builds(Reference, names, st.just("") | st.sampled_from(["crt", "key"]))
# Text that could pass for a recipe's own signs.
literals = st.text(st.sampled_from('«»|~()", \\a\n{}[]:é'), max_size=4)


def recipes_of(parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Recipe]:
    return st.lists(parts, max_size=3).map(join)


def filtered(inner: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    def one(name: str) -> st.SearchStrategy[Part]:
        arguments = st.tuples(*[recipes_of(inner)] * len(FILTERS[name].parameters))
        return st.builds(Filtered, st.just(name), recipes_of(inner), arguments)

    return st.sampled_from(["upper", "b64encode", "replace", "htpasswd"]).flatmap(one)


parts: st.SearchStrategy[Part] = st.recursive(literals | referenced, filtered, max_leaves=6)
recipes = recipes_of(parts)
# So few that equal ones, and nearly equal ones, are common.
small_parts: st.SearchStrategy[Part] = st.recursive(st.sampled_from(["x", A, B]), filtered, max_leaves=3)
small_recipes = recipes_of(small_parts)


def lookup(**values: bytes) -> Callable[[Reference], Secret]:
    return lambda reference: Secret(values[str(reference).replace(".", "_")])


@given(st.lists(parts, max_size=5), st.lists(parts, max_size=5))
def test_the_normal_form_does_not_tell_how_it_was_put_together(left: list[Part], right: list[Part]) -> None:
    whole = join([*left, *right])
    assert whole == join([*join(left), *join(right)])
    assert "" not in whole
    assert not any(isinstance(one, str) and isinstance(two, str) for one, two in pairwise(whole))
    assert join(whole) == whole


def test_join_puts_text_together_around_references() -> None:
    assert join(["", "x", "", "y", A, "", B, "z", ""]) == ("xy", A, B, "z")
    assert join([]) == join(["", ""]) == ()


def test_the_digest_is_pinned() -> None:
    # The lock holds it: another digest would seal every key of every environment again.
    recipe = join(
        [
            "postgresql+psycopg://é«\n",
            Reference("user"),
            ":",
            Filtered("replace", (Filtered("urlquote", (Reference("tls", "key"),)),), (("%",), (A, "x"))),
        ]
    )
    canonical = (
        '["sealgen recipe 1","postgresql+psycopg://é«\\n",{"value":"user","part":""},":",{"filter":"replace","input":'
        '[{"filter":"urlquote","input":[{"value":"tls","part":"key"}],"arguments":[]}],'
        '"arguments":[["%"],[{"value":"a","part":""},"x"]]}]'
    )
    assert digest(recipe) == hashlib.sha256(canonical.encode()).hexdigest()
    assert digest(recipe) == "47a2552c43ed75642e97215c92ecf3834978e1c10e524cf404ea041d07a22b91"
    assert digest(()) == "8d387c471fcfd50f0ed0599c10d442801537878f1e344c3912848da4ed26029c"


@given(small_recipes, small_recipes)
@example((Reference("a", "crt"),), ("a.crt",))
@example((A, B), (Filtered("upper", (A, B)),))
@example(("ab",), ("a", A))
@example((Filtered("replace", (A,), (("x",), ())),), (Filtered("replace", (A,), ((), ("x",))),))
@example(('{"value":"a","part":""}',), (A,))
def test_different_recipes_have_different_digests(one: Recipe, two: Recipe) -> None:
    assert (digest(one) == digest(two)) == (one == two)


class Reader:
    """Reads what ``text`` gives: the opposite of it, by its grammar."""

    def __init__(self, shown: str) -> None:
        self.rest = shown

    def take(self, pattern: str) -> str | None:
        if found := re.match(pattern, self.rest, re.DOTALL):
            self.rest = self.rest[found.end() :]
            return found[0]
        return None

    def recipe(self) -> Recipe:
        read: list[Part] = []
        while self.rest:
            if literal := self.take("(?:[^«]|««)+"):
                read.append(literal.replace("««", "«"))
            else:
                assert self.take("«")
                read.append(self.expression())
                assert self.take("»")
        return join(read)

    def expression(self) -> Part:
        read: list[Part]
        if self.take(r"\("):
            read = self.sum()
            assert self.take(r"\)")
        elif name := self.take("[a-z][a-z0-9_-]*"):
            read = [Reference(name, (self.take(r"\.[a-z]+") or ".")[1:])]
        else:
            literal = self.take(r'"(?:[^"\\]|\\.)*"')
            assert literal
            read = [json.loads(literal)]
        while self.take(r"\|"):
            filter_ = self.take("[a-z0-9]+")
            assert filter_
            read = [Filtered(filter_, join(read), tuple(self.arguments()))]
        (part,) = read
        return part

    def arguments(self) -> Iterator[Recipe]:
        if self.take(r"\("):
            yield join(self.sum())
            while self.take(", "):
                yield join(self.sum())
            assert self.take(r"\)")

    def sum(self) -> list[Part]:
        read = [self.expression()]
        while self.take(" ~ "):
            read.append(self.expression())
        return read


@given(recipes)
@example(("«", A, "«»", B, "»"))
def test_a_reading_can_be_read_in_one_way_only(recipe: Recipe) -> None:
    assert Reader(text(recipe)).recipe() == recipe


@pytest.mark.parametrize(
    ("recipe", "shown"),
    [
        ((), ""),
        (("plain »text«",), "plain »text««"),
        ((Reference("tls", "crt"),), "«tls.crt»"),
        (("x://", A, ":", Filtered("urlquote", (B,)), "@h"), "x://«a»:«b|urlquote»@h"),
        ((Filtered("b64encode", (Filtered("upper", (A,)),)),), "«a|upper|b64encode»"),
        ((Filtered("sha256", ("x", A, "y")),), '«("x" ~ a ~ "y")|sha256»'),
        ((Filtered("upper", ()),), '«("")|upper»'),
        ((Filtered("upper", ('say "é"\n',)),), '«"say \\"é\\"\\n"|upper»'),
        ((Filtered("replace", (A,), (("a",), ("b", B))),), '«a|replace("a", "b" ~ b)»'),
        ((Filtered("replace", (A,), ((), (B,))),), '«a|replace("", b)»'),
    ],
)
def test_a_recipe_reads_as_the_template_writes_it(recipe: Recipe, shown: str) -> None:
    assert text(recipe) == shown


def test_references_come_in_the_order_of_the_text_and_as_often() -> None:
    inner = Filtered("replace", (A, Reference("tls", "crt")), ((B,), (Filtered("upper", (Reference("c"),)),)))
    recipe = join(["x", B, inner, A])
    assert [str(reference) for reference in references(recipe)] == ["b", "a", "tls.crt", "b", "c", "a"]


@given(recipes)
def test_references_are_all_that_resolving_looks_up(recipe: Recipe) -> None:
    asked = []

    def note(reference: Reference) -> Secret:
        asked.append(reference)
        return Secret(b"x")

    assume("htpasswd" not in text(recipe))  # slow
    try:
        resolve(recipe, note)
    except SealgenError as error:
        assert str(error).endswith(": the text to replace is empty")  # noqa: PT017
        assert set(asked) <= set(references(recipe))
    else:
        assert set(asked) == set(references(recipe))


@given(st.binary(max_size=60))
@example(b"\xff\x00\n")
def test_a_single_reference_may_be_any_bytes(value: bytes) -> None:
    assert resolve((A,), lookup(a=value)) == value
    assert resolve((Filtered("b64decode", (Filtered("b64encode", (A,)),)),), lookup(a=value)) == value


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.text(st.characters(codec="utf-8"), max_size=20))
def test_what_is_joined_arrives_byte_for_byte(one: str, two: str) -> None:
    resolved = resolve(("x\r\n ", A, "\t«", B), lookup(a=one.encode(), b=two.encode()))
    assert resolved == f"x\r\n {one}\t«{two}".encode()


def test_an_empty_recipe_is_an_empty_value() -> None:
    assert resolve((), lookup()) == b""


def test_arguments_are_recipes_too() -> None:
    recipe = (Filtered("replace", ("-", A), (("-",), (Filtered("urlquote", (B,)), "!"))),)
    assert resolve(recipe, lookup(a=b"-", b=b"/")) == b"%2F!%2F!"


def test_a_part_of_a_value_is_looked_up_as_such() -> None:
    assert resolve((Reference("tls", "key"),), lookup(tls_key=b"k")) == b"k"


def problem(recipe: Recipe, **values: bytes) -> str:
    with pytest.raises(SealgenError) as caught:
        resolve(recipe, lookup(**values))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert CANARY.decode() not in str(caught.value)
    return str(caught.value)


def test_bytes_that_are_no_text_are_not_joined() -> None:
    assert problem(("x", Reference("tls", "key")), tls_key=CANARY + b"\xff") == (
        "tls.key is not UTF-8 text, so it can't be joined with other text; place it alone, or through b64encode"
    )
    assert problem((Filtered("b64decode", (A,)), "x"), a=b"/w==") == (
        "a|b64decode is not UTF-8 text, so it can't be joined with other text; place it alone, or through b64encode"
    )


def test_a_filter_that_cannot_take_its_input_says_which_and_shows_nothing() -> None:
    assert problem((Filtered("b64decode", (A,)),), a=CANARY + b"!") == (
        "a|b64decode: takes standard base64 with padding, and this is not"
    )
    nested = Filtered("upper", (Filtered("tojson", (A,)),))
    assert problem((nested,), a=CANARY + b"\xff") == "a|tojson: takes UTF-8 text, and this is not"


def test_what_a_recipe_gives_has_a_limit() -> None:
    # Quoting what is quoted makes it five times as long: a few filters more, and memory is gone.
    quoted: Recipe = (A,)
    for _ in range(40):
        quoted = (Filtered("shellquote", quoted),)
    told = problem(quoted, a=CANARY + b"'")
    assert re.fullmatch(r"a(\|shellquote){5,20} gives more than 4 MiB, and a Secret holds 1 MiB", told)
    joined = (Filtered("upper", (A,)),) * 9
    assert problem(joined, a=CANARY * 50_000) == ("joining a|upper gives more than 4 MiB, and a Secret holds 1 MiB")
    replaced = Filtered("replace", (A,), (("y",), (A,)))
    assert problem((replaced,), a=CANARY * 5_000) == (
        'a|replace("y", a): gives more than 4 MiB, and a Secret holds 1 MiB'
    )


def test_what_is_the_base64_of_a_recipe_decodes_to_that_recipe() -> None:
    assert decoded((Filtered("b64encode", (A, "x")),)) == (A, "x")
    assert decoded((A,)) == (Filtered("b64decode", (A,)),)
    assert decoded((Filtered("b64encode", (A,)), "eA==")) == (
        Filtered("b64decode", (Filtered("b64encode", (A,)), "eA==")),
    )
