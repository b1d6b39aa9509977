"""Every input that the fuzzer starts from or has found keeps the contract, and the fuzzer sees what does not."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest

from sealgen.errors import ConfigurationError, Mark, SealgenError
from sealgen.kubernetes import pattern
from tests.fuzz import targets
from tests.fuzz.grammar import GRAMMARS
from tests.fuzz.mutation import LONGEST, TOKENS, mutations
from tests.fuzz.targets import CANARY, TARGETS, attempt
from tests.fuzz.worker import CORPUS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = sorted(file for file in CORPUS.glob("*/*") if file.is_file())


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name[:24]}")
def test_an_input_of_the_corpus_keeps_the_contract(file: Path) -> None:
    attempt(TARGETS[file.parent.name], file.read_bytes())


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert {file.parent.name for file in FILES} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_takes_some_input_of_its_corpus_and_refuses_some(name: str) -> None:
    outcomes = {attempt(TARGETS[name], file.read_bytes()) is None for file in FILES if file.parent.name == name}
    assert outcomes == {True, False}


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_bears_what_mutation_makes_of_its_corpus(name: str) -> None:
    corpus = [file.read_bytes() for file in FILES if file.parent.name == name]
    for content in itertools.islice(mutations(corpus, 1, grammar=GRAMMARS.get(name)), len(corpus) + 40):
        attempt(TARGETS[name], content)


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (SealgenError(" "), "an empty message"),
        (SealgenError(f"it is {CANARY}"), "a plaintext in a message"),
        (SealgenError("it is wrong", hint=f"not {CANARY[5:17]}"), "a plaintext in a message"),
        (ConfigurationError("wrong", at=Mark("file", 0, 1)), "a place before the file"),
    ],
)
def test_a_message_that_breaks_the_contract_is_a_finding(error: SealgenError, complaint: str) -> None:
    def target(_: bytes) -> None:
        raise error

    with pytest.raises(AssertionError, match=f"^{complaint}"):
        attempt(target, b"")


def test_any_other_error_is_a_finding() -> None:
    def target(content: bytes) -> None:
        content.decode()

    assert attempt(target, b"text") is None
    with pytest.raises(UnicodeDecodeError):
        attempt(target, b"\xff")


def test_a_refusal_is_known_by_its_place_in_the_code() -> None:
    places = {attempt(TARGETS["lock"], content) for content in (b"", b"x\n", b'{"sealgen":"lock","format":2}\n')}
    assert len(places) == 2
    assert all(re.fullmatch(r".*lock\.py:\d+", str(place)) for place in places)


def test_one_seed_gives_the_same_inputs_again_and_another_gives_others() -> None:
    corpus = [b"a: b\n", b"c:\n- d\n"]
    one, again, other = (list(itertools.islice(mutations(corpus, seed), 200)) for seed in (7, 7, 8))
    assert one == again != other
    assert one[:2] == corpus
    assert all(len(content) <= LONGEST for content in one)
    assert any(token in content for token in TOKENS for content in one[2:])


def test_without_a_corpus_inputs_grow_from_nothing() -> None:
    assert any(itertools.islice(mutations([], seed=1), 50))


@pytest.mark.parametrize("name", GRAMMARS)
def test_most_of_what_a_grammar_makes_is_new_and_the_target_takes_a_part_of_it(name: str) -> None:
    made = list(itertools.islice(mutations([], 1, grammar=GRAMMARS[name]), 240))
    assert len(set(made)) > 70
    assert sum(attempt(TARGETS[name], content) is None for content in made) > 5


@pytest.mark.parametrize(
    ("source", "function", "broken", "complaint"),
    [
        ('"{{ vars.host }}"', "filled", lambda text, _: f"{text}x", "not the manifest that it gives by itself"),
        ("{{ vars.word }}", "is_plain_text", lambda _: True, "refused by itself, and not with others"),
    ],
)
def test_a_shared_rendering_that_gives_something_else_is_a_finding(
    source: str, function: str, broken: Callable[..., object], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = f"apiVersion: v1\nkind: Secret\nstringData:\n  k: {source}\n".encode()
    TARGETS["template"](content)
    monkeypatch.setattr(pattern, function, broken)
    with pytest.raises(AssertionError, match=f"^{complaint}"):
        TARGETS["template"](content)


@pytest.mark.parametrize(
    ("function", "broken", "complaint"),
    [
        ("resolve", lambda *_: b"x", "joined, recipes give something else"),
        ("values_in", lambda _: frozenset({"fuzzed", "a"}), "a value that the recipe tells and does not need"),
        ("values_in", lambda _: frozenset(), "a value that the recipe does not tell"),
        ("decoded", lambda built: built, "not what it is the base64 of"),
        ("digest", lambda _: "0" * 64, "one digest for two recipes"),
        ("join", lambda parts: (*parts, "x"), "a normal form that is not final"),
    ],
)
def test_a_recipe_that_breaks_a_law_is_a_finding(
    function: str, broken: Callable[..., object], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"aGk=\n=fuzzed\n|trim\n"
    TARGETS["recipe"](content)
    monkeypatch.setattr(targets, function, broken)
    with pytest.raises(AssertionError, match=f"^{complaint}"):
        TARGETS["recipe"](content)
