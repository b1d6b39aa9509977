"""A certificate that is none, or not the one that is pinned: its exact message and exit code, and not one file changed."""

# ruff: noqa: E501  (a message stands on one line, so that a search finds it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.malformed.case import CERTIFICATE, Row, alter, delete, private_key, put
from tests.support.project import controller

if TYPE_CHECKING:
    from tests.cli.malformed.case import Case

# The message has {root}, {pin} and {other} for the project's folder and the fingerprints of the certificates.

ROWS: list[Row] = [
    (
        (put(CERTIFICATE, ""),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n"
        ),
    ),
    (
        (put(CERTIFICATE, "hello"),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n"
        ),
    ),
    (
        (put(CERTIFICATE, b"\x30\x82\x01\x0a"),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is DER, and PEM is needed\n"
            "'openssl x509 -inform der' converts it.\n"
        ),
    ),
    (
        (alter(CERTIFICATE, lambda old: old[:200]),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is cut off; -----END CERTIFICATE----- is missing\n"
        ),
    ),
    (
        (put(CERTIFICATE, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: the first certificate of environments/certificates/controller.pem can't be read; it is damaged, or its key is of no known kind\n"
        ),
    ),
    (
        (put(CERTIFICATE, private_key()),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem holds a private key; it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
        ),
    ),
    (
        (alter(CERTIFICATE, lambda old: old + private_key()),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem holds a private key; it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
        ),
    ),
    (
        (put(CERTIFICATE, controller("two").certificate),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:5:16: environments/certificates/controller.pem has the fingerprint {other}, but the pin is {pin}\n"
            "See what the cluster has, and take it once whoever runs it confirms that: sealgen cert fetch staging\n"
        ),
    ),
    (
        (alter(CERTIFICATE, lambda old: old.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST")),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem holds no certificate but a CERTIFICATE REQUEST\n"
            "Get the cluster's current certificate: sealgen cert fetch staging\n"
        ),
    ),
    (
        (put(CERTIFICATE, private_key(ec.generate_private_key(ec.SECP256R1()))),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem holds a private key; it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
        ),
    ),
    (
        (delete(CERTIFICATE),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: there is no environments/certificates/controller.pem\n"
            "Get the controller's certificate: sealgen cert fetch staging\n"
        ),
    ),
    (
        (),
        "cert show lost.pem",
        2,
        ("error: can't read lost.pem: No such file or directory\n"),
    ),
    (
        (),
        "cert show stagin",
        2,
        ("error: there is no environment 'stagin' (environments/stagin.yaml); did you mean 'staging'?\n"),
    ),
    (
        (put("x.pem", "hello"),),
        "cert show x.pem",
        2,
        ("error: x.pem is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n"),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=range(1, len(ROWS) + 1))
def test_certificate_that_is_malformed_has_its_message_and_changes_nothing(row: Row, case: Case) -> None:
    case.refuses(row)
