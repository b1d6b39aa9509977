"""For the same Secret, the real kubeseal and sealgen write the same bytes, ciphertexts aside."""

from __future__ import annotations

import base64
import json
import string
import subprocess
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.kubernetes.sealed_secret import Scope, SealedSecret, read, to_yaml
from sealgen.yaml import layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.conformance.conftest import KeyPair

X = "x" * 70
TEXTS = [
    *("", "~", "null", "Null", "yes", "Yes", "yEs", "y", "n", "on", "OFF", "true", "truE", "=", "<<", "!!str"),
    *("012345", "0o17", "0x1F", "0b101", "0b-1", "1_000", "1e3", "1e999", "-.5", "+.inf", ".NaN", ".5_0", "+", "-1"),
    *("1.2.3", "18446744073709551616", "0xFFFFFFFFFFFFFFFF", "0x10000000000000000", "190:20:30", "24:00", "1:99"),
    *("2001-01-01", "2001-02-29", "2001-12-14T21:59:43Z", "2001-12-14 21:59:43", "2001-12-14 21:59:43.10 -5"),
    *("a: b", "a:", "a #b", "- a", "-", "? a", ":a", "---", "--- a", "...", "{a", "[a", "&a", "*a", "!a", "%a", "@a"),
    *(" a", "a ", " ", "a\tb", "\t", "it's: ", '"a', "\\", "\x00\x01\x07\x1b", "é", "日本語", "😀", "\xa0"),
    *("\ufeff", "a\ufeff", "\ufeffa b", "\r", "a\r\nb"),
    *("a\n", "a\nb", "a\n\n", "\n", "\na", " a\nb", "a\nb ", "a \nb", "a\n b", "a\n\tb", "yes\n"),
    *(f"{X} {X} {X}", f"{X}: {X} {X}", f"\t{X}  {X}  {X}", f"{X}\n{X} {X} {X}", " ".join("word" * 9)),
    '{"apiVersion":"v1","a":["b",{"c":"<&>"}]}',
]
# kubeseal reads its own JSON as YAML: it fails for some characters, and takes a next line (U+0085) for a space; the
# separators of lines and paragraphs sealgen escapes. What it writes for those is tested without kubeseal.
CHARACTERS = st.characters(
    exclude_characters=[*map(chr, range(0x7F, 0xA0)), *"\u2028\u2029\ufffe\uffff"], exclude_categories=["Cs"]
)
AWKWARD = "ab :#'\"\\\n\r\t\ufeff-?,[]{}&*!|>%@`0123456789.ex_"
ANY_TEXT = st.sampled_from(TEXTS) | st.text(CHARACTERS) | st.text(AWKWARD, max_size=300)

ALNUM = string.ascii_letters + string.digits
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,50}[a-z0-9])?", fullmatch=True) | st.sampled_from(
    ["y", "null", "012345", "1e3", "2001-01-01", "0x1f", "1.5", "n" * 253]
)
WORDS = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", fullmatch=True)
PREFIXES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?(\.[a-z0-9]{1,60}){0,3}/", fullmatch=True)
QUALIFIED_NAMES = WORDS | st.builds(str.__add__, PREFIXES, WORDS) | st.sampled_from(["yes", "012345", "1e3", "1_0"])
KEYS = st.text(ALNUM + "-._", min_size=1, max_size=253) | st.text("aB01._-", min_size=1, max_size=5)


def in_one_order(keys: Iterable[str]) -> bool:
    """Tell whether go-yaml's order of keys has no circle; where it has one, kubeseal's output changes by chance."""
    ordered = layout.in_order(tuple(keys))
    return all(layout._natural_order(a, b) < 0 for a, b in combinations(ordered, 2))


def by_key(keys: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(keys, values, max_size=4).filter(in_one_order)


SECRETS = st.builds(
    SealedSecret,
    name=NAMES,
    namespace=NAMES,
    scope=st.sampled_from(Scope),
    encrypted_data=by_key(KEYS, st.just("")).filter(bool),
    type=st.none() | st.sampled_from(["Opaque", "kubernetes.io/tls", "example.com/true", "yes"]),
    labels=by_key(QUALIFIED_NAMES, st.just("") | WORDS),
    annotations=by_key(QUALIFIED_NAMES, ANY_TEXT),
    immutable=st.none() | st.booleans(),
)
PLAIN = SealedSecret("backend-secrets", "aura", Scope.STRICT, {"key": ""}, "Opaque", {}, {}, immutable=None)


def as_secret(wanted: SealedSecret) -> Mapping[str, object]:
    """Return the Secret that kubeseal is to make ``wanted`` of."""
    annotations = dict(wanted.annotations)
    if wanted.scope.annotation:
        annotations[wanted.scope.annotation] = "true"
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": wanted.name,
            "namespace": wanted.namespace,
            "labels": wanted.labels,
            "annotations": annotations,
        },
        "data": {key: base64.b64encode(b"\x00value").decode() for key in wanted.encrypted_data},
        "type": wanted.type,
        "immutable": wanted.immutable,
    }


def seal(kubeseal: str, keypair: KeyPair, secrets: Sequence[SealedSecret]) -> list[str]:
    """Return the manifests that one kubeseal makes of the secrets, in order."""
    run = subprocess.run(
        [kubeseal, "--cert", str(keypair.certificate), "-o", "yaml"],
        input="\n".join(json.dumps(as_secret(secret)) for secret in secrets).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr.decode()
    before, *manifests = f"\n{run.stdout.decode()}".split("\n---\n")
    assert before == ""
    # The line that ends a manifest went with the dashes that begin the next.
    return [f"---\n{manifest}" if manifest.endswith("\n") else f"---\n{manifest}\n" for manifest in manifests]


def assert_the_same(kubeseal: str, keypair: KeyPair, secrets: Sequence[SealedSecret]) -> None:
    manifests = seal(kubeseal, keypair, secrets)
    for wanted, manifest in zip(secrets, manifests, strict=True):
        found = read(manifest.encode(), "kubeseal.yaml")
        assert found.encrypted_data.keys() == wanted.encrypted_data.keys()
        expected = replace(wanted, encrypted_data=found.encrypted_data)
        assert found == expected
        assert to_yaml(expected) == manifest


def test_hostile_texts_are_written_as_kubeseal_writes_them(kubeseal: str, keypair: KeyPair) -> None:
    assert_the_same(kubeseal, keypair, [replace(PLAIN, annotations={"a": text, "b": "c"}) for text in TEXTS])
    assert_the_same(kubeseal, keypair, [replace(PLAIN, annotations={"k" * 200: text}) for text in TEXTS])


@pytest.mark.parametrize("scope", Scope)
def test_every_field_stands_where_kubeseal_puts_it(kubeseal: str, keypair: KeyPair, scope: Scope) -> None:
    secrets = [
        replace(PLAIN, scope=scope, type=type_, immutable=immutable, labels=labels, annotations=annotations)
        for type_ in (None, "Opaque", "kubernetes.io/dockerconfigjson")
        for immutable in (None, True, False)
        for labels in ({}, {"app": "yes", "empty": "", "tier": "1e3"})
        for annotations in ({}, {"a": "b", "sealedsecrets.bitnami.com/managed": "true"})
    ]
    assert_the_same(kubeseal, keypair, secrets)


def test_keys_stand_in_kubeseals_order(kubeseal: str, keypair: KeyPair) -> None:
    sets = [
        [".dot", "_x", "1", "01", "A_b", "B", "a9", "a10", "b"],
        ["JWT_SECRET_KEY", "JWT_SECRET_KEY_PREVIOUS", "JWTS", "jwt", "postgres-user", "postgres.user", "postgresuser"],
        ["a1-", "a10-", "a100-", "a010", "a2"],
        ["yes", "no", "y", "null", "1e3", "0x1f", "...", "-", "--", "---", "k" * 128, "k" * 129],
    ]
    assert_the_same(kubeseal, keypair, [replace(PLAIN, encrypted_data=dict.fromkeys(keys, "")) for keys in sets])


@settings(max_examples=25, deadline=None)
@given(secrets=st.lists(SECRETS, min_size=1, max_size=20))
def test_any_secret_is_written_as_kubeseal_writes_it(
    kubeseal: str, keypair: KeyPair, secrets: list[SealedSecret]
) -> None:
    assert_the_same(kubeseal, keypair, secrets)
