"""``sealgen cert usage``: which certificate seals what, what can be retired, and what can't be known here."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.support.project import Ended, Project, controller, empty, environ
from tests.support.server_certificate import private_pem

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW, UNUSED = controller(), controller("two"), controller("three", age=timedelta(days=77))
PEM = "environments/certificates/controller.pem"
UNKNOWN = "Not known here: what other repositories and branches hold, and what a cluster has that is in none of them.\n"
ALL_PINNED = "All keys that were looked at are sealed with what their environment pins; none needs an older key.\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with two environments of two Secrets and three keys each, and a plain one."""
    project = empty(tmp_path)
    values = {"password": {"literal": "x"}, "user": {"literal": "y"}}
    for name in ("production", "staging"):
        project.environment(name, values=values, secrets=["app", "db"])
    project.environment("local", values=values, secrets=["app", "db"], backend={"kind": "plain"})
    project.template("app", {"PASSWORD": "{{ values.password }}", "USER": "{{ values.user }}"})
    project.template("db", {"PASSWORD": "{{ values.password }}"})
    assert project.run("seal", "production", "staging", "-q") == (0, "", "")
    return project


@pytest.fixture
def moved(project: Project) -> Project:
    """Return it after staging has another certificate, with which one of its keys is sealed."""
    project.write("environments/certificates/new.pem", NEW.certificate)
    backend = project.backend(certificate="environments/certificates/new.pem", fingerprint=NEW.fingerprint)
    project.change("staging", backend=backend, values={"password": {"literal": "x"}, "user": {"literal": "z"}})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def usage(project: Project, *arguments: str) -> Ended:
    return project.run("cert", "usage", *arguments)


def rows(ended: Ended) -> list[list[str]]:
    """Return the table's cells, without its head."""
    return [line.split() for line in ended.out.splitlines()[1:] if line.startswith("  ")]


def test_all_environments_are_told_of_and_the_pin_first(project: Project) -> None:
    cells = f"{OLD.fingerprint}  pin  3     app 2, db 1\n"
    expected = (
        f"  ENVIRONMENT  CERTIFICATE{' ' * 41}     KEYS  SECRETS\n"
        f"  production   {cells}"
        f"  staging      {cells}" + ALL_PINNED + UNKNOWN
    )
    assert usage(project) == (0, expected, "")
    assert usage(project, "--all") == (0, expected, "")
    assert usage(project, "-q") == (0, "", "")


def test_an_older_key_that_is_needed_is_told_with_what_needs_it(moved: Project) -> None:
    ended = usage(moved)
    assert rows(ended) == [
        ["production", OLD.fingerprint, "pin", "3", "app", "2,", "db", "1"],
        ["staging", NEW.fingerprint, "pin", "1", "app", "1"],
        ["staging", OLD.fingerprint, "2", "app", "1,", "db", "1"],
    ]
    assert ended.out.splitlines(keepends=True)[4:] == [
        (
            f"{OLD.fingerprint} can't be retired, as it seals 2 keys of staging: sealgen reencrypt staging moves them "
            "to the newest.\n"
        ),
        UNKNOWN,
    ]


def test_a_pin_that_seals_nothing_yet_is_shown(project: Project) -> None:
    project.write(PEM, NEW.certificate)
    for name in ("production", "staging"):
        project.change(name, backend=project.backend(fingerprint=NEW.fingerprint))
    ended = usage(project)
    assert rows(ended)[:2] == [
        ["production", NEW.fingerprint, "pin", "0"],
        ["production", OLD.fingerprint, "3", "app", "2,", "db", "1"],
    ]
    assert ended.out.splitlines()[5] == (
        f"{OLD.fingerprint} can't be retired, as it seals 3 keys of production, 3 keys of staging: "
        "sealgen reencrypt production staging moves them to the newest."
    )


def test_what_the_lock_does_not_tell_of_is_said_to_be_unknown(project: Project) -> None:
    """An altered ciphertext, a manifest by hand, and one whose lock is gone may need any key."""
    text = project.ciphertexts()["db/PASSWORD"]
    project.edit(project.manifest("db"), text, text[:-8] + "AAAAAAA=")
    project.write("k8s/overlays/staging/hand.yaml", project.read(project.manifest("app")).replace(b"app", b"hand"))
    (project.root / "environments/production.lock").unlink()
    ended = usage(project)
    assert rows(ended) == [
        ["production", OLD.fingerprint, "pin", "0"],
        ["production", "not", "known", "3", "app", "2,", "db", "1"],
        ["staging", OLD.fingerprint, "pin", "3", "app", "2,", "db", "1"],
        ["staging", "not", "known", "1", "db", "1"],
    ]
    assert ended.out.splitlines(keepends=True)[5:] == [
        "production: its lock does not tell which certificate sealed 3 ciphertexts.\n",
        "staging: its lock does not tell which certificate sealed 1 ciphertext.\n",
        UNKNOWN,
    ]


def test_help_has_the_command_that_gets_the_keys_in_lines_of_its_own(project: Project) -> None:
    assert (
        "  kubectl get secrets -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key \\\n"
        "    -o go-template='{{range .items}}{{index .data \"tls.crt\" | base64decode}}{{end}}'\n"
    ) in usage(project, "--help").out


# --- the keys that a cluster has ---------------------------------------------------------------------------------


def bundle(project: Project, *more: bytes) -> str:
    project.write("keys.pem", b"".join([OLD.certificate, NEW.certificate, UNUSED.certificate, *more]))
    return "keys.pem"


def test_a_key_that_nothing_needs_can_be_retired(moved: Project) -> None:
    issued = x509.load_pem_x509_certificate(UNUSED.certificate).not_valid_before_utc
    ended = usage(moved, "--keys", bundle(moved))
    assert (ended.code, ended.err, rows(ended)[-1]) == (0, "", ["(none)", UNUSED.fingerprint, "0"])
    assert ended.out.splitlines(keepends=True)[6:] == [
        f"{UNUSED.fingerprint}, issued {issued:%Y-%m-%d}: nothing here needs it, and it can be retired.\n",
        UNKNOWN,
    ]


def test_where_not_all_was_looked_at_nothing_is_said_to_be_retirable(moved: Project) -> None:
    issued = f"{x509.load_pem_x509_certificate(UNUSED.certificate).not_valid_before_utc:%Y-%m-%d}"
    line = f"{UNUSED.fingerprint}, issued {issued}: nothing that was looked at needs it.\n"
    assert line in usage(moved, "production", "--keys", bundle(moved)).out
    (moved.root / "environments/staging.lock").unlink()
    assert line in usage(moved, "--keys", bundle(moved)).out


def test_a_key_that_is_missing_among_them_is_told(moved: Project) -> None:
    moved.write("keys.pem", NEW.certificate)
    assert (
        f"{OLD.fingerprint} is not among the given keys: they do not open what it seals.\n"
        in usage(moved, "--keys", "keys.pem").out
    )


def test_the_keys_may_come_by_standard_input(moved: Project) -> None:
    command = [sys.executable, "-m", "sealgen", "cert", "usage", "--keys", "-"]
    with (moved.root / bundle(moved)).open("rb") as keys:
        done = subprocess.run(command, cwd=moved.root, env=environ(), stdin=keys, capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, usage(moved, "--keys", "keys.pem").out, b"")


def test_what_is_no_bundle_of_certificates_is_refused(project: Project) -> None:
    damaged = OLD.certificate.replace(b"\nMII", b"\nMIJ")
    project.write("damaged.pem", NEW.certificate + damaged)
    project.write("key.pem", NEW.certificate + private_pem(NEW.private_key))
    project.write("cut.pem", NEW.certificate + OLD.certificate[:-30])
    refused = {
        "lost.pem": "can't read lost.pem: No such file or directory\n",
        "damaged.pem": ("certificate 2 of damaged.pem can't be read; it is damaged, or its key is of no known kind\n"),
        "key.pem": (
            "key.pem holds a private key; it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
        ),
        "cut.pem": "cut.pem is cut off; -----END CERTIFICATE----- is missing\n",
        "-": "standard input is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n",
    }
    for name, message in refused.items():
        assert usage(project, "--keys", name) == (2, "", f"error: {message}")


# --- JSON --------------------------------------------------------------------------------------------------------


def test_json_tells_of_each_certificate(moved: Project) -> None:
    (moved.root / "environments/production.lock").unlink()
    ended = usage(moved, "--json", "--keys", bundle(moved))
    assert (ended.code, ended.err, ended.document["exit_code"], ended.document["errors"]) == (0, "", 0, [])

    def used(environment: str, keys: int, *, pin: bool, **secrets: int) -> dict[str, object]:
        return {"environment": environment, "pin": pin, "keys": keys, "secrets": secrets}

    results = ended.document["results"]
    issued = [result.pop("issued") for result in results]
    assert [text and datetime.fromisoformat(text).tzinfo for text in issued] == [UTC, UTC, UTC, None]
    assert results == [
        {
            "fingerprint": OLD.fingerprint,
            "given": True,
            "needed": True,
            "environments": [used("production", 0, pin=True), used("staging", 2, pin=False, app=1, db=1)],
        },
        {
            "fingerprint": NEW.fingerprint,
            "given": True,
            "needed": True,
            "environments": [used("staging", 1, pin=True, app=1)],
        },
        {"fingerprint": UNUSED.fingerprint, "given": True, "needed": None, "environments": []},
        {
            "fingerprint": None,
            "given": False,
            "needed": True,
            "environments": [used("production", 3, pin=False, app=2, db=1)],
        },
    ]


def test_json_tells_what_nothing_needs(project: Project) -> None:
    results = usage(project, "--json", "--keys", bundle(project)).document["results"]
    assert [result["needed"] for result in results] == [True, False, False]


# --- what goes wrong ---------------------------------------------------------------------------------------------


def test_an_environment_that_can_not_be_read_is_told_and_the_others_shown(project: Project) -> None:
    project.edit("environments/staging.lock", '"format":1', '"format":1,')
    message = "environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git"
    ended = usage(project, "--keys", bundle(project))
    assert (ended.code, ended.err) == (2, f"error: {message}\n")
    assert [row[0] for row in rows(ended)] == ["production", "(none)", "(none)"]
    assert "can be retired" not in ended.out
    document = usage(project, "--json").document
    assert [error["environment"] for error in document["errors"]] == ["staging"]
    assert [each["environment"] for each in document["results"][0]["environments"]] == ["production"]


def test_a_manifest_that_can_not_be_read_is_told(project: Project) -> None:
    project.write(project.manifest("db"), "kind: SealedSecret\nspec: [\n")
    ended = usage(project, "staging")
    assert (ended.code, ended.err) == (
        2,
        "error: k8s/overlays/staging/db.yaml:3:1: not YAML: did not find expected node content\n",
    )


def test_a_plain_environment_that_was_asked_for_is_told(project: Project) -> None:
    assert usage(project, "local").err == (
        "error: local is a plain environment: nothing of it is sealed\nPrint its Secrets: sealgen render local\n"
    )
    assert usage(project, "staging", "--all").code == 2
