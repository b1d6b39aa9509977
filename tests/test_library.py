"""The library: the page that shows it is true, its surface is small and typed, and importing it costs nothing."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sealgen
from sealgen import Certificate, ConfigurationError, PrivateKey, Scope, SealgenError
from tests.support.dated_certificate import dated_certificate
from tests.support.project import controller, environ
from tests.support.sealing_keys import private_pem

PAGE = (Path(__file__).parent.parent / "docs" / "library.md").read_text()
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
PINNED = "SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE"


@pytest.fixture
def certificate() -> Certificate:
    return sealgen.read_certificate(controller().certificate, "staging.pem")


@pytest.fixture
def private_keys() -> list[PrivateKey]:
    return sealgen.read_private_keys(private_pem(controller()), "sealing-keys.pem")


def test_every_example_of_the_page_prints_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("staging.pem").write_bytes(controller().certificate)
    Path("sealing-keys.pem").write_bytes(private_pem(controller()))
    assert PAGE.count(PINNED) == 1
    examples = EXAMPLE.findall(PAGE.replace(PINNED, controller().fingerprint))
    assert len(examples) == PAGE.count("```python")
    names: dict[str, Any] = {}
    for code, shown in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "docs/library.md", "exec"), names)  # noqa: S102  (it is our own page)
        assert printed.getvalue().rstrip("\n") == shown.rstrip("\n"), code


def test_the_page_names_all_of_the_surface_and_nothing_else() -> None:
    table = PAGE.partition("## All of it")[2]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)", cell)]
    assert sorted([*named, "__version__"]) == sorted(sealgen.__all__)


def test_every_name_of_the_surface_is_documented() -> None:
    for name in sealgen.__all__:
        assert name == "__version__" or getattr(sealgen, name).__doc__, name
    assert set(sealgen.__all__) <= set(dir(sealgen))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'sealgen' has no attribute 'seel'$"):
        sealgen.seel  # type: ignore[attr-defined]  # noqa: B018


def test_the_import_loads_nothing_and_the_first_name_what_it_needs() -> None:
    script = (
        "import json, sys; before = set(sys.modules); import sealgen; at_import = set(sys.modules) - before\n"
        "sealgen.seal\n"
        "loaded = [name for name in sorted(at_import) if name not in sys.stdlib_module_names and '.' not in name]\n"
        "print(json.dumps([loaded, 'sealgen.library' in at_import, 'cryptography' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environ(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [["sealgen"], False, True]


def test_another_certificate_than_the_pinned_one_is_refused() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        sealgen.read_certificate(controller().certificate, "staging.pem", pin=PINNED)
    assert str(refusal.value) == (
        f"staging.pem has the fingerprint {controller().fingerprint}, but the pin is {PINNED}"
    )


@pytest.mark.parametrize("scope", Scope)
def test_a_value_is_opened_where_it_was_sealed_for_and_nowhere_else(
    scope: Scope, certificate: Certificate, private_keys: list[PrivateKey]
) -> None:
    ciphertext = sealgen.seal(b"\0value\n", certificate, namespace="aura", name="backend", scope=scope)
    opened = sealgen.unseal(ciphertext, private_keys, namespace="aura", name="backend", scope=scope)
    assert opened.reveal() == b"\0value\n"
    for other in set(Scope) - {scope}:
        with pytest.raises(SealgenError, match=r"^no private key opens the ciphertext with the label"):
            sealgen.unseal(ciphertext, private_keys, namespace="aura", name="backend", scope=other)


@pytest.mark.parametrize(
    ("namespace", "name", "message"),
    [
        ("Aura", "backend", "'Aura' can't be a namespace"),
        ("aura", "BAD NAME!", "'BAD NAME!' can't be a name"),
        ("", "backend", "a namespace can't be empty"),
    ],
)
def test_nothing_is_sealed_for_a_place_that_can_not_be(
    namespace: str, name: str, message: str, certificate: Certificate
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        sealgen.seal(b"value", certificate, namespace=namespace, name=name)
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize("ciphertext", ["AgB*", "äöü"])
def test_what_is_not_base64_is_no_ciphertext(ciphertext: str, private_keys: list[PrivateKey]) -> None:
    with pytest.raises(SealgenError) as refusal:
        sealgen.unseal(ciphertext, private_keys, namespace="aura", name="backend")
    assert str(refusal.value) == "not a ciphertext: it is not base64"


def manifest(metadata: str, data: str = "{password: hunter2}") -> bytes:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {metadata}\nstringData: {data}\n".encode()


def test_nothing_is_sealed_with_a_certificate_that_has_expired() -> None:
    pem = dated_certificate(controller().private_key, timedelta(days=-9), timedelta(days=-2))
    old = sealgen.read_certificate(pem, "old.pem")
    (secret,) = sealgen.read_secrets(manifest("{name: a, namespace: aura}"), "a.yaml")
    with pytest.raises(ConfigurationError, match=r"^old.pem expired on "):
        sealgen.seal(b"value", old, namespace="aura", name="a")
    with pytest.raises(ConfigurationError, match=r"^old.pem expired on "):
        sealgen.seal_secret(secret, old)


ANNOTATED = '{name: a, namespace: aura, annotations: {sealedsecrets.bitnami.com/cluster-wide: "true", x: z}}'


def test_the_annotations_tell_the_scope_and_stay_no_annotation_of_the_users(certificate: Certificate) -> None:
    (secret,) = sealgen.read_secrets(manifest(ANNOTATED), "a.yaml")
    for scope in (None, Scope.CLUSTER_WIDE):
        sealed = sealgen.seal_secret(secret, certificate, scope=scope)
        assert sealed.scope is Scope.CLUSTER_WIDE
        assert sealed.annotations == {"x": "z"}
        assert sealgen.read_sealed_secrets(sealgen.to_yaml(sealed).encode(), "s.yaml") == [sealed]


@pytest.mark.parametrize(
    ("content", "scope", "message"),
    [
        (manifest(ANNOTATED), Scope.STRICT, "a.yaml:1:1: the annotations of 'a' say scope cluster-wide, not strict"),
        (manifest("{name: a}"), None, "a.yaml:1:1: 'a' names no namespace; write metadata.namespace"),
        (
            manifest("{name: a, namespace: aura}", "{}"),
            None,
            "a.yaml:1:1: 'a' has no keys; give it data or stringData",
        ),
    ],
)
def test_a_secret_that_does_not_say_all_is_not_sealed(
    content: bytes, scope: Scope | None, message: str, certificate: Certificate
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        sealgen.seal_manifest(content, certificate, file="a.yaml", scope=scope)
    assert str(refusal.value) == message


def test_all_secrets_of_a_manifest_are_sealed(certificate: Certificate, private_keys: list[PrivateKey]) -> None:
    content = manifest("{name: a, namespace: aura}") + b"---\n" + manifest("{name: b, namespace: aura}")
    text = sealgen.seal_manifest(content, certificate, file="all.yaml")
    opened = {
        (sealed.name, key): sealgen.unseal(ciphertext, private_keys, namespace="aura", name=sealed.name).reveal()
        for sealed in sealgen.read_sealed_secrets(text.encode(), "sealed.yaml")
        for key, ciphertext in sealed.encrypted_data.items()
    }
    assert opened == {("a", "password"): b"hunter2", ("b", "password"): b"hunter2"}
