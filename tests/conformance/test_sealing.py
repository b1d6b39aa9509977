"""What sealgen seals the real kubeseal opens, and the other way round, byte for byte."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealgen.crypto import certificate
from sealgen.crypto.ciphertext import CiphertextError, shape
from sealgen.crypto.crew import crew
from sealgen.crypto.hybrid import seal, unseal
from tests.support.controller import controller_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import rsa


class SealingKey(NamedTuple):
    """A sealing key as a controller has it, in memory and in PEM files for kubeseal."""

    private_key: rsa.RSAPrivateKey
    certificate: Path
    key: Path


class Place(NamedTuple):
    """Where a secret is sealed for."""

    scope: str
    namespace: str
    name: str

    @property
    def label(self) -> bytes:
        """The label of its ciphertexts."""
        by_scope = {
            "strict": f"{self.namespace}/{self.name}",
            "namespace-wide": self.namespace,
            "cluster-wide": "",
        }
        return by_scope[self.scope].encode()

    @property
    def metadata(self) -> dict[str, object]:
        """The metadata of its manifest."""
        scope = {} if self.scope == "strict" else {f"sealedsecrets.bitnami.com/{self.scope}": "true"}
        return {"namespace": self.namespace, "name": self.name, "annotations": scope}


@pytest.fixture(scope="module", params=[2048, 3072, 4096])
def sealing_key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SealingKey:
    """Return a new sealing key of each size."""
    private_key, pem = controller_certificate(request.param, datetime.now(UTC))
    folder = tmp_path_factory.mktemp("controller")
    made = SealingKey(private_key, folder / "tls.crt", folder / "tls.key")
    made.certificate.write_bytes(pem)
    made.key.touch(mode=0o600)
    made.key.write_bytes(private_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return made


def run(kubeseal: str, arguments: Sequence[str | Path], manifest: Mapping[str, object]) -> Any:
    """Run kubeseal on one manifest, away from the machine's own settings, and return what it prints."""
    finished = subprocess.run(
        [kubeseal, *arguments],
        input=json.dumps(manifest).encode(),
        capture_output=True,
        env={"KUBECONFIG": os.devnull},
        check=False,
    )
    if finished.returncode:
        raise ChildProcessError(finished.stderr.decode())
    return json.loads(finished.stdout)


def unsealed_by_kubeseal(kubeseal: str, key: Path, place: Place, ciphertexts: Sequence[bytes]) -> list[bytes]:
    """Return the plaintexts that kubeseal finds in a SealedSecret with these ciphertexts."""
    manifest = {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": place.metadata,
        "spec": {
            "encryptedData": {f"k{i}": base64.b64encode(content).decode() for i, content in enumerate(ciphertexts)},
            "template": {"metadata": place.metadata},
        },
    }
    secret = run(kubeseal, ["--recovery-unseal", "--recovery-private-key", key], manifest)
    assert len(secret["data"]) == len(ciphertexts)
    # kubeseal prints an empty value as null.
    return [base64.b64decode(secret["data"][f"k{i}"] or "") for i in range(len(ciphertexts))]


def sealed_by_kubeseal(kubeseal: str, certificate_file: Path, place: Place, plaintexts: Sequence[bytes]) -> list[bytes]:
    """Return the ciphertexts that kubeseal makes of a Secret with these values."""
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": place.namespace, "name": place.name},
        "data": {f"k{i}": base64.b64encode(content).decode() for i, content in enumerate(plaintexts)},
    }
    arguments: list[str | Path] = ["--cert", certificate_file, "--scope", place.scope, "--format", "json"]
    data = run(kubeseal, arguments, manifest)["spec"]["encryptedData"]
    assert len(data) == len(plaintexts)
    return [base64.b64decode(data[f"k{i}"], validate=True) for i in range(len(plaintexts))]


def prove(kubeseal: str, sealing_key: SealingKey, place: Place, plaintexts: Sequence[bytes]) -> None:
    """Prove both directions for one secret."""
    public_key = certificate.load(sealing_key.certificate.read_bytes(), "tls.crt").public_key

    with crew() as hands:
        ours = list(hands.seal([(plaintext, place.label) for plaintext in plaintexts], public_key))
    assert unsealed_by_kubeseal(kubeseal, sealing_key.key, place, ours) == plaintexts

    theirs = sealed_by_kubeseal(kubeseal, sealing_key.certificate, place, plaintexts)
    assert [unseal(ciphertext, [sealing_key.private_key], place.label) for ciphertext in theirs] == plaintexts

    assert [shape(ciphertext) for ciphertext in ours] == [shape(ciphertext) for ciphertext in theirs]


names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
places = st.builds(Place, st.sampled_from(["strict", "namespace-wide", "cluster-wide"]), names, names)
values = st.one_of(st.binary(max_size=3000), st.text(max_size=500).map(str.encode))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(place=places, plaintexts=st.lists(values, min_size=1, max_size=24))
def test_any_values_pass_in_both_directions(
    kubeseal: str, sealing_key: SealingKey, place: Place, plaintexts: list[bytes]
) -> None:
    prove(kubeseal, sealing_key, place, plaintexts)


SPECIAL_VALUES = [
    b"",
    b"\n",
    b"first line\nsecond line\r\n\tthird\n\n",
    bytes(range(256)),
    bytes(16),
    "Größe, ключ, 鍵, 🔑, e\u0301, \u202e, \ufeff".encode(),
    b'": x\n  evil: "',
    b"{{ 7*7 }} ${VAR} %s \\0",
    *(bytes([byte]) for byte in range(256)),
]


@pytest.mark.parametrize("scope", ["strict", "namespace-wide", "cluster-wide"])
def test_special_values_pass_in_every_scope(kubeseal: str, sealing_key: SealingKey, scope: str) -> None:
    prove(kubeseal, sealing_key, Place(scope, "aura-staging", "backend-secrets"), SPECIAL_VALUES)


def test_a_value_of_one_mebibyte_passes(kubeseal: str, sealing_key: SealingKey) -> None:
    plaintext = random.Random(0).randbytes(1 << 20)  # noqa: S311  (any bytes will do)
    prove(kubeseal, sealing_key, Place("strict", "aura-staging", "backend-secrets"), [plaintext])


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("strict", "aura-staging", "other"),
        Place("strict", "aura-production", "backend-secrets"),
        Place("namespace-wide", "aura-staging", "backend-secrets"),
        Place("cluster-wide", "aura-staging", "backend-secrets"),
    ],
)
def test_both_refuse_a_value_that_was_sealed_for_another_place(
    kubeseal: str, sealing_key: SealingKey, elsewhere: Place
) -> None:
    here = Place("strict", "aura-staging", "backend-secrets")
    ours = seal(b"value", sealing_key.private_key.public_key(), elsewhere.label)
    with pytest.raises(ChildProcessError, match="no key could decrypt secret"):
        unsealed_by_kubeseal(kubeseal, sealing_key.key, here, [ours])

    (theirs,) = sealed_by_kubeseal(kubeseal, sealing_key.certificate, elsewhere, [b"value"])
    with pytest.raises(CiphertextError, match="it was sealed with another certificate or for another scope"):
        unseal(theirs, [sealing_key.private_key], here.label)


def test_both_take_the_same_certificate_of_a_bundle_with_text(
    kubeseal: str, sealing_key: SealingKey, tmp_path: Path
) -> None:
    _, other = controller_certificate(2048, datetime.now(UTC))
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"the current one\n" + sealing_key.certificate.read_bytes() + b"an older one\n" + other)
    assert certificate.load(bundle.read_bytes(), "bundle.pem").public_key == sealing_key.private_key.public_key()
    here = Place("strict", "aura-staging", "backend-secrets")
    (theirs,) = sealed_by_kubeseal(kubeseal, bundle, here, [b"value"])
    assert unseal(theirs, [sealing_key.private_key], here.label) == b"value"
