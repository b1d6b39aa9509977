"""Generated text has the form and the length that was asked for, and is drawn without bias."""

from __future__ import annotations

import ast
import base64
import itertools
import math
import re
import string
import subprocess
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sealgen
from sealgen.errors import ConfigurationError
from sealgen.values.generators.text import Alphanumeric, Password, TextGenerator
from tests.values.reading import only, read, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def generator(yaml: str) -> TextGenerator:
    source = read(yaml).source
    assert isinstance(source, TextGenerator)
    return source


def assert_uniform(drawn: Iterable[str], outcomes: int) -> None:
    """Assert that all outcomes are equally likely: chi-square, twelve standard deviations from a false alarm."""
    counts = Counter(drawn)
    assert len(counts) == outcomes
    expected = counts.total() / outcomes
    chi_square = sum((count - expected) ** 2 for count in counts.values()) / expected
    freedom = outcomes - 1
    assert chi_square < freedom + 12 * math.sqrt(2 * freedom)


@given(st.integers(16, 4096))
def test_hex_is_two_digits_a_byte(count: int) -> None:
    text = only(f"{{generate: hex, bytes: {count}}}")
    assert re.fullmatch(rb"[0-9a-f]+", text)
    assert len(text) == 2 * count


@given(st.integers(16, 4096))
def test_base64_is_standard_and_in_one_line(count: int) -> None:
    text = only(f"{{generate: base64, bytes: {count}}}")
    assert len(base64.b64decode(text, validate=True)) == count
    assert len(text) % 4 == 0


@given(st.integers(16, 4096))
def test_urlsafe_is_unreserved_characters_only(count: int) -> None:
    text = only(f"{{generate: urlsafe, bytes: {count}}}")
    assert re.fullmatch(rb"[A-Za-z0-9_-]+", text)
    assert len(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))) == count


@pytest.mark.parametrize(
    ("yaml", "size"),
    [
        ("{generate: hex}", 64),
        ("{generate: base64}", 44),
        ("{generate: base64, bytes: 24}", 32),
        ("{generate: urlsafe}", 43),
        ("{generate: alphanumeric}", 32),
        ("{generate: password}", 32),
        ("{generate: uuid}", 36),
    ],
)
def test_the_length_is_known_beforehand(yaml: str, size: int) -> None:
    assert generator(yaml).size == size == len(only(yaml))


@pytest.mark.parametrize(("yaml", "option"), [("hex, bytes: 32", "-hex 32"), ("base64, bytes: 24", "-base64 24")])
def test_the_form_is_that_of_openssl_rand(yaml: str, option: str) -> None:
    try:
        theirs = subprocess.run(["openssl", "rand", *option.split()], capture_output=True, check=True).stdout.rstrip()
    except FileNotFoundError:
        pytest.skip("needs openssl")
    ours = only(f"{{generate: {yaml}}}")
    assert len(ours) == len(theirs)
    form = rb"[0-9a-f]+" if "hex" in yaml else rb"[A-Za-z0-9+/]+={0,2}"
    assert re.fullmatch(form, ours)
    assert re.fullmatch(form, theirs)


DECODED: dict[str, Callable[[str], bytes]] = {
    "{generate: hex, bytes: 16}": bytes.fromhex,
    "{generate: base64, bytes: 16}": base64.b64decode,
    "{generate: urlsafe, bytes: 16}": lambda text: base64.urlsafe_b64decode(text + "=="),
    "generate: uuid": lambda text: uuid.UUID(text).bytes,
}
FIXED = {48, 49, 50, 51, 64, 65}  # bits of a UUID that tell its version and variant, from the left


@pytest.mark.parametrize("yaml", DECODED)
def test_every_bit_of_random_bytes_is_as_often_1_as_0(yaml: str) -> None:
    samples = [int.from_bytes(DECODED[yaml](only(yaml).decode())) for _ in range(2000)]
    for place in range(128):
        if "uuid" in yaml and place in FIXED:
            continue
        bit = 127 - place
        ones = sum(sample >> bit & 1 for sample in samples)
        assert abs(ones - 1000) < 12 * math.sqrt(2000) / 2


@pytest.mark.parametrize("name", ["hex", "base64", "urlsafe", "alphanumeric", "password", "uuid"])
def test_no_two_are_alike(name: str) -> None:
    assert len({only(f"generate: {name}") for _ in range(200)}) == 200


@pytest.mark.parametrize(
    ("yaml", "outcomes"), [("hex, bytes: 4095", 16), ("base64, bytes: 4095", 64), ("urlsafe, bytes: 4095", 64)]
)
def test_encoded_characters_are_equally_likely(yaml: str, outcomes: int) -> None:
    # A multiple of three bytes is encoded without padding, so that all characters are random.
    assert_uniform("".join(only(f"{{generate: {yaml}}}").decode() for _ in range(8)), outcomes)


def test_pairs_of_neighbours_are_equally_likely() -> None:
    pins = Password(256, string.digits, (("digits", 0),))
    assert_uniform((text[at : at + 2] for text in (pins.draw() for _ in range(60)) for at in range(0, 256, 2)), 100)


def test_no_place_of_a_password_is_better_known_than_another() -> None:
    drawn = [SMALL.draw() for _ in range(20_000)]
    digits = [sum(text[place].isdigit() for text in drawn) for place in range(4)]
    possible = passwords(4, "1ab", {"lower": 1, "digits": 1})
    expected = sum(text[0].isdigit() for text in possible) / len(possible)
    for count in digits:
        assert abs(count - expected * 20_000) < 12 * math.sqrt(20_000 * expected * (1 - expected))


@pytest.mark.parametrize(
    "yaml",
    [
        "{generate: hex}",
        "{generate: base64}",
        "{generate: base64, bytes: 24}",
        "{generate: urlsafe}",
        "{generate: alphanumeric, length: 4096}",
        "{generate: password, length: 256}",
        "{generate: password, length: 64, charset: 0-9_}",
        "{generate: uuid}",
    ],
)
def test_the_alphabet_is_known_beforehand(yaml: str) -> None:
    drawn = set("".join(only(yaml).decode() for _ in range(50)))
    assert drawn == set(generator(yaml).alphabet)


def test_alphanumeric_characters_are_equally_likely() -> None:
    text = Alphanumeric(124_000).draw()
    assert set(text) == set(string.ascii_letters + string.digits)
    assert_uniform(text, 62)


def test_a_uuid_is_random() -> None:
    text = only("generate: uuid").decode()
    parsed = uuid.UUID(text)
    assert (parsed.version, parsed.variant, str(parsed)) == (4, uuid.RFC_4122, text)


SMALL = Password(4, "1ab", (("lower", 1), ("digits", 1)))


def passwords(length: int, charset: str, minimums: dict[str, int]) -> list[str]:
    """Return all that keep the minimums."""
    classes = {
        "lower": string.ascii_lowercase,
        "upper": string.ascii_uppercase,
        "digits": string.digits,
        "symbols": string.punctuation,
    }
    return [
        text
        for text in map("".join, itertools.product(charset, repeat=length))
        if all(sum(c in classes[name] for c in text) >= minimum for name, minimum in minimums.items())
    ]


def test_passwords_that_keep_the_minimums_are_equally_likely_and_others_are_not_drawn() -> None:
    possible = passwords(4, "1ab", {"lower": 1, "digits": 1})
    drawn = [SMALL.draw() for _ in range(20_000)]
    assert set(drawn) == set(possible)
    assert_uniform(drawn, len(possible))


@given(
    st.integers(1, 4),
    st.sets(st.sampled_from("abAB12-."), min_size=2, max_size=4),
    st.tuples(*[st.integers(0, 2)] * 4),
)
def test_the_entropy_is_that_of_the_passwords_that_keep_the_minimums(
    length: int, characters: set[str], counts: tuple[int, int, int, int]
) -> None:
    charset = "".join(sorted(characters))
    minimums = {
        name: count
        for name, of, count in zip(
            ("lower", "upper", "digits", "symbols"), ("ab", "AB", "12", "-."), counts, strict=True
        )
        if set(of) & characters
    }
    possible = passwords(length, charset, minimums)
    if possible:
        password = Password(length, charset, tuple(minimums.items()))
        assert password.entropy_bits == math.floor(math.log2(len(possible)))
        assert password.draw() in possible


@pytest.mark.parametrize(
    ("yaml", "bits"),
    [
        ("{generate: hex}", 256),
        ("{generate: base64, bytes: 24}", 192),
        ("{generate: urlsafe, bytes: 16}", 128),
        ("{generate: alphanumeric}", 190),
        ("{generate: uuid}", 122),
        ("{generate: password, length: 8, charset: 0-9}", 26),
    ],
)
def test_the_entropy_is_known(yaml: str, bits: int) -> None:
    assert generator(yaml).entropy_bits == bits


@pytest.mark.parametrize("_", range(50))
def test_a_password_has_one_of_each_class_unless_told_otherwise(_: int) -> None:
    text = only("{generate: password, length: 8}").decode()
    assert re.search("[a-z]", text)
    assert re.search("[A-Z]", text)
    assert re.search("[0-9]", text)
    assert re.search(r"[%+,.:=@^_~-]", text)
    assert re.fullmatch(r"[a-zA-Z0-9%+,.:=@^_~-]{8}", text)


def test_improbable_minimums_are_met_at_once() -> None:
    text = only("{generate: password, length: 256, minimums: {lower: 0, upper: 0, digits: 256, symbols: 0}}")
    assert re.fullmatch(rb"[0-9]{256}", text)


def test_a_minimum_of_0_lets_a_class_be_missing() -> None:
    yaml = "{generate: password, length: 8, charset: 'a-z9', minimums: {digits: 0}}"
    assert any(only(yaml).isalpha() for _ in range(200))


def test_a_charset_has_ranges_and_hyphens_at_its_ends() -> None:
    assert read("{generate: password, charset: '-a-cX0-2_'}").source.specification() == {
        "generate": "password",
        "length": 32,
        "charset": "-012X_abc",
        "minimums": {"lower": 1, "upper": 1, "digits": 1, "symbols": 1},
    }
    assert read("{generate: password, charset: 'x-'}").source.specification()["charset"] == "-x"


def test_the_order_of_a_charset_means_nothing() -> None:
    specifications = [
        read(f"{{generate: password, charset: {text}}}").source.specification() for text in ("ab1", "1ba")
    ]
    assert specifications[0] == specifications[1]


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "{generate: hex, bytes: 15}",
            "1:24: values.password.bytes must be a whole number from 16 to 4096, not 15",
        ),
        (
            "{generate: alphanumeric, length: 7}",
            "1:34: values.password.length must be a whole number from 8 to 4096, not 7",
        ),
        (
            "{generate: password, length: 257}",
            "1:30: values.password.length must be a whole number from 8 to 256, not 257",
        ),
        (
            "{generate: password, charset: a b}",
            "1:31: values.password.charset: printable ASCII characters can be in a set, without the space",
        ),
        (
            "{generate: password, charset: abé}",
            "1:31: values.password.charset: printable ASCII characters can be in a set, without the space",
        ),
        (
            "{generate: password, charset: a-c-d}",
            "1:31: values.password.charset: '-' is not a range like a-z; a hyphen itself stands first or last",
        ),
        (
            "{generate: password, charset: a-Z}",
            "1:31: values.password.charset: 'a-Z' is not a range like a-z; a hyphen itself stands first or last",
        ),
        (
            "{generate: password, charset: z-a}",
            "1:31: values.password.charset: 'z-a' is not a range like a-z; a hyphen itself stands first or last",
        ),
        ("{generate: password, charset: a-cb}", "1:31: values.password.charset: 'b' is in the set twice"),
        ("{generate: password, charset: '--'}", "1:31: values.password.charset: '-' is in the set twice"),
        ("{generate: password, charset: a}", "1:31: values.password.charset: a set has two characters or more"),
        ("{generate: password, charset: ''}", "1:31: values.password.charset: a set has two characters or more"),
        (
            "{generate: password, charset: abc, minimums: {digits: 1}}",
            "1:46: minimums: at least 1 digits, and charset has none",
        ),
        (
            "{generate: password, length: 8, minimums: {lower: 6, upper: 2}}",
            "1:43: minimums: they add up to 10, and length is 8",
        ),
        (
            "{generate: password, minimums: {digit: 1}}",
            "1:33: unknown field 'values.password.minimums.digit'; did you mean 'digits'?",
        ),
    ],
)
def test_what_can_not_be_made_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_every_draw_is_one_of_the_operating_systems() -> None:
    """No module of the package imports ``random``, which can be foretold, or draws from anything seeded."""
    for file in Path(sealgen.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert "random" not in [*names, getattr(node, "module", None)], file


def test_it_is_made_once() -> None:
    assert read("generate: hex").source.made
