"""Names, keys, labels, annotations and sizes are judged as the API server does, with advice."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealgen.errors import quoted
from sealgen.kubernetes.rules import (
    ANNOTATIONS_MAX_BYTES,
    SECRET_MAX_BYTES,
    annotation_key_problem,
    annotations_size_problem,
    key_problem,
    label_key_problem,
    label_value_problem,
    name_problem,
    namespace_problem,
    secret_size_problem,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NAME_RULE = "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'"
ANNOTATION_PREFIX_RULE = "use letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'"
NAMESPACE_RULE = "use lower-case letters, digits and '-', with a letter or digit at both ends"
LABEL_RULE = "use letters, digits, '-', '_' and '.', with a letter or digit at both ends"
KEY_RULE = "use letters, digits, '-', '_' and '.'"
LONG = "a" * 79 + "…"

PROBLEMS = (
    name_problem,
    namespace_problem,
    key_problem,
    label_key_problem,
    label_value_problem,
    annotation_key_problem,
)
# The grammars as apimachinery writes them, with Python's anchors.
DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

text_near_names = st.text(st.sampled_from("aZ0-._/ \n\tA9é"), max_size=12) | st.text(max_size=8)


@pytest.mark.parametrize("name", ["a", "0", "backend-secrets", "a.b", "1.2.3", "a--b", "a" * 253])
def test_a_name_is_a_dns_subdomain(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("BAD NAME!", f"'BAD NAME!' can't be a name: {NAME_RULE}; did you mean 'bad-name'?"),
        ("A_b", f"'A_b' can't be a name: {NAME_RULE}; did you mean 'a-b'?"),
        ("a..b", f"'a..b' can't be a name: {NAME_RULE}; did you mean 'a.b'?"),
        ("a.-b", f"'a.-b' can't be a name: {NAME_RULE}; did you mean 'a.b'?"),
        ("a\n", f"'a\\n' can't be a name: {NAME_RULE}; did you mean 'a'?"),
        ("größe", f"'größe' can't be a name: {NAME_RULE}"),
        ("---", f"'---' can't be a name: {NAME_RULE}"),
        ("A" * 300, f"'{LONG.upper()}' can't be a name: {NAME_RULE}"),
        ("", f"a name can't be empty: {NAME_RULE}"),
        ("a" * 254, f"'{LONG}' is too long: a name has at most 253 characters"),
    ],
)
def test_what_is_not_a_name_is_refused_with_the_nearest_name(name: str, problem: str) -> None:
    assert name_problem(name) == problem


@pytest.mark.parametrize(
    ("namespace", "problem"),
    [
        ("aura.staging", f"'aura.staging' can't be a namespace: {NAMESPACE_RULE}; did you mean 'aura-staging'?"),
        ("Aura Prod", f"'Aura Prod' can't be a namespace: {NAMESPACE_RULE}; did you mean 'aura-prod'?"),
        ("", f"a namespace can't be empty: {NAMESPACE_RULE}"),
        ("a" * 64, f"'{'a' * 64}' is too long: a namespace has at most 63 characters"),
        ("a" * 63, None),
    ],
)
def test_a_namespace_is_a_dns_label(namespace: str, problem: str | None) -> None:
    assert namespace_problem(namespace) == problem


@pytest.mark.parametrize("key", ["tls.crt", ".dockerconfigjson", "JWT_SECRET_KEY", "-", "_", ".a", "a" * 253])
def test_a_key_is_a_file_name_of_letters_digits_and_three_signs(key: str) -> None:
    assert key_problem(key) is None


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("JWT SECRET", f"'JWT SECRET' can't be a key: {KEY_RULE}; did you mean 'JWT_SECRET'?"),
        ("jwt secret", f"'jwt secret' can't be a key: {KEY_RULE}; did you mean 'jwt-secret'?"),
        ("certs/tls.crt", f"'certs/tls.crt' can't be a key: {KEY_RULE}; did you mean 'certs-tls.crt'?"),
        ("tls.crt\n", f"'tls.crt\\n' can't be a key: {KEY_RULE}; did you mean 'tls.crt'?"),
        ("/.", f"'/.' can't be a key: {KEY_RULE}"),
        ("key:s3cr3t", f"'key:…' can't be a key: {KEY_RULE}; a ':' that ends one needs a space after it"),
        ("/..", f"'/..' can't be a key: {KEY_RULE}"),
        ("schlüssel", f"'schlüssel' can't be a key: {KEY_RULE}"),
        ("", f"a key can't be empty: {KEY_RULE}"),
        (".", f"'.' can't be a key: it is a directory's name; {KEY_RULE}"),
        ("..", f"'..' can't be a key: it is a directory's name; {KEY_RULE}"),
        (
            "..data",
            "'..data' can't be a key: a Secret's volume keeps names that begin with '..' for itself",
        ),
        ("a" * 254, f"'{LONG}' is too long: a key has at most 253 characters"),
    ],
)
def test_what_is_not_a_key_is_refused(key: str, problem: str) -> None:
    assert key_problem(key) == problem


@pytest.mark.parametrize("key", ["app", "app.kubernetes.io/name", "a/B_c", "0", f"{'a' * 253}/{'B' * 63}"])
def test_a_label_key_is_a_name_perhaps_after_a_dns_name(key: str) -> None:
    assert label_key_problem(key) is None
    assert annotation_key_problem(key) is None


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("-app", f"'-app' can't be a label key: {LABEL_RULE}; did you mean 'app'?"),
        ("my app", f"'my app' can't be a label key: {LABEL_RULE}; did you mean 'my-app'?"),
        ("", f"a label key can't be empty: {LABEL_RULE}"),
        ("a" * 64, f"'{'a' * 64}' is too long: a label key has at most 63 characters"),
        (
            "Example.com/app",
            f"'Example.com' can't be a label key's prefix: {NAME_RULE}; did you mean 'example.com'?",
        ),
        ("a" * 254 + "/b", f"'{LONG}' is too long: a label key's prefix has at most 253 characters"),
        ("/app", "'/app' can't be a label key: before its one '/' is a DNS name, after it a name"),
        ("app/", "'app/' can't be a label key: before its one '/' is a DNS name, after it a name"),
        ("a/b/c", "'a/b/c' can't be a label key: before its one '/' is a DNS name, after it a name"),
    ],
)
def test_what_is_not_a_label_key_is_refused(key: str, problem: str) -> None:
    assert label_key_problem(key) == problem


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", None),
        ("1.0_rc-1", None),
        ("-x", f"'-x' can't be a label value: {LABEL_RULE}, or nothing; did you mean 'x'?"),
        ("Team A", f"'Team A' can't be a label value: {LABEL_RULE}, or nothing; did you mean 'Team-A'?"),
        ("a\n", f"'a\\n' can't be a label value: {LABEL_RULE}, or nothing; did you mean 'a'?"),
        ("\n", f"'\\n' can't be a label value: {LABEL_RULE}, or nothing"),
        ("a" * 64, f"'{'a' * 64}' is too long: a label value has at most 63 characters"),
    ],
)
def test_a_label_value_is_short_or_empty(value: str, problem: str | None) -> None:
    assert label_value_problem(value) == problem


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("Example.com/Note", None),
        (
            "a_b/note",
            f"'a_b' can't be an annotation key's prefix: {ANNOTATION_PREFIX_RULE}; did you mean 'a-b'?",
        ),
        ("a b", f"'a b' can't be an annotation key: {LABEL_RULE}; did you mean 'a-b'?"),
        ("a" * 64, f"'{'a' * 64}' is too long: an annotation key has at most 63 characters"),
        ("a" * 254 + "/b", f"'{LONG}' is too long: an annotation key's prefix has at most 253 characters"),
        ("/", "'/' can't be an annotation key: before its one '/' is a DNS name, after it a name"),
    ],
)
def test_an_annotation_key_is_a_label_key_with_capitals(key: str, problem: str | None) -> None:
    assert annotation_key_problem(key) == problem


def test_annotations_are_counted_in_bytes_of_keys_and_values() -> None:
    room = ANNOTATIONS_MAX_BYTES - len("note") - len("é".encode())
    assert annotations_size_problem({}) is None
    assert annotations_size_problem({"note": "é" + "x" * room}) is None
    assert annotations_size_problem({"note": "é" + "x" * room, "a": ""}) == (
        "the annotations have 262145 bytes together; Kubernetes takes 262144 (256 KiB)"
    )


def test_a_secret_has_at_most_one_mebibyte() -> None:
    assert secret_size_problem(SECRET_MAX_BYTES) is None
    assert secret_size_problem(SECRET_MAX_BYTES + 1) == (
        "the values have 1048577 bytes together; a Secret can have 1048576 (1 MiB)"
    )


def test_a_quoted_name_stays_on_its_line_and_moves_no_cursor() -> None:
    assert quoted("a\n\x1b[31mb\u202ec") == r"'a\n\x1b[31mb\u202ec'"
    assert quoted("é" * 80) == f"'{'é' * 80}'"
    assert quoted("é" * 81) == f"'{'é' * 79}…'"


@given(text_near_names)
@example("a\n")
@example("/..")
@example("..")
def test_what_is_accepted_matches_the_grammar_of_kubernetes_and_nothing_else_does(text: str) -> None:
    def fits(grammar: str, longest: int, part: str = text) -> bool:
        return re.fullmatch(grammar, part) is not None and len(part) <= longest

    prefix, slash, name = text.rpartition("/")
    subdomain = rf"{DNS_LABEL}(\.{DNS_LABEL})*"
    assert (name_problem(text) is None) == fits(subdomain, 253)
    assert (namespace_problem(text) is None) == fits(DNS_LABEL, 63)
    assert (key_problem(text) is None) == (fits("[-._a-zA-Z0-9]+", 253) and text != "." and not text.startswith(".."))
    assert (label_value_problem(text) is None) == fits(f"({QUALIFIED})?", 63)
    qualified = fits(QUALIFIED, 63, name)
    assert (label_key_problem(text) is None) == (qualified and (not slash or fits(subdomain, 253, prefix)))
    capitals = subdomain.replace("a-z", "a-zA-Z")
    assert (annotation_key_problem(text) is None) == (qualified and (not slash or fits(capitals, 253, prefix)))


@given(st.sampled_from(PROBLEMS), text_near_names)
def test_what_is_suggested_is_valid(problem_of: Callable[[str], str | None], text: str) -> None:
    suggestion = re.search("; did you mean '(.*)'\\?\\Z", problem_of(text) or "")
    if suggestion and "/" not in text:
        assert problem_of(suggestion[1]) is None
        assert suggestion[1] != text


@pytest.mark.parametrize("problem_of", PROBLEMS)
@pytest.mark.parametrize("text", ["a-" * 500_000, "a" * 1_000_000 + "!", "-" * 1_000_000, "a." * 500_000 + "\n"])
def test_a_text_of_a_million_characters_takes_no_time(problem_of: Callable[[str], str | None], text: str) -> None:
    start = time.perf_counter()
    assert problem_of(text) is not None
    assert time.perf_counter() - start < 5
