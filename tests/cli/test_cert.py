"""``sealgen cert show``: an environment's certificate or a file's, its dates, and whether it is the pinned one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.support.controller import VALIDITY
from tests.support.dated_certificate import dated_certificate
from tests.support.project import Project, controller, empty
from tests.support.server_certificate import certificate as server_certificate
from tests.support.server_certificate import private_pem

if TYPE_CHECKING:
    from pathlib import Path

PEM = "environments/certificates/controller.pem"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = empty(tmp_path)
    project.environment(secrets=["one"])
    return project


def dates(pem: bytes) -> tuple[str, str]:
    """Return from when until when a certificate is valid, in days and in ISO 8601."""
    found = x509.load_pem_x509_certificate(pem)
    start, end = found.not_valid_before_utc, found.not_valid_after_utc
    return f"{start:%Y-%m-%d} to {end:%Y-%m-%d}", f"{start.isoformat()} {end.isoformat()}"


def test_an_environments_certificate_is_shown_with_its_pin(project: Project) -> None:
    valid, _ = dates(project.controller.certificate)
    assert project.run("cert", "show", "staging") == (
        0,
        (
            f"certificate  {PEM}\n"
            "subject      (none, as the controller makes it)\n"
            "key          RSA, 2048 bits\n"
            f"valid        {valid}, {VALIDITY.days - 2} days left\n"
            "issued       1 day ago\n"
            f"fingerprint  {project.controller.fingerprint}\n"
            "pin          the same\n"
        ),
        "",
    )


def test_json_says_the_same(project: Project) -> None:
    ended = project.run("cert", "show", "staging", "--json")
    _, valid = dates(project.controller.certificate)
    start, end = valid.split()
    assert (ended.code, ended.err) == (0, "")
    assert ended.document == {
        "format": "sealgen/1",
        "version": ended.document["version"],
        "command": "cert",
        "exit_code": 0,
        "results": [
            {
                "certificate": PEM,
                "subject": "",
                "bits": 2048,
                "not_before": start,
                "not_after": end,
                "valid": True,
                "days_left": VALIDITY.days - 2,
                "age_days": 1,
                "renewal_due": False,
                "fingerprint": project.controller.fingerprint,
                "pin": project.controller.fingerprint,
                "pinned": True,
            }
        ],
        "errors": [],
    }


@pytest.mark.parametrize("name", ["other.pem", "./other", "folder/other.crt"])
def test_a_file_is_shown_without_a_pin(project: Project, name: str) -> None:
    pem = dated_certificate(controller("two").private_key, timedelta(days=-2), timedelta(days=1, hours=1), "Aura")
    project.write(name, pem)
    assert project.run("cert", "show", name) == (
        0,
        (
            f"certificate  {name}\n"
            "subject      CN=Aura\n"
            "key          RSA, 2048 bits\n"
            f"valid        {dates(pem)[0]}, 1 day left\n"
            "issued       2 days ago\n"
            f"fingerprint  {controller('two').fingerprint}\n"
        ),
        "",
    )
    shown = project.run("cert", "show", name, "--json").document["results"][0]
    assert (shown["pin"], shown["pinned"], shown["subject"]) == (None, None, "CN=Aura")


def test_a_file_needs_no_project(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "c.pem").write_bytes(project.controller.certificate)
    ended = project.run("cert", "show", "c.pem", cwd=folder)
    assert (ended.code, ended.out.splitlines()[0]) == (0, "certificate  c.pem")


def test_another_certificate_than_the_pinned_one_is_a_finding(project: Project) -> None:
    other = controller("two")
    project.write(PEM, other.certificate)
    ended = project.run("cert", "show", "staging")
    assert (ended.code, ended.err) == (11, "")
    assert ended.out.splitlines()[-2:] == [
        f"fingerprint  {other.fingerprint}",
        f"pin          {project.controller.fingerprint}, which is another",
    ]
    ended = project.run("cert", "show", "staging", "--json")
    assert (ended.code, ended.document["exit_code"], ended.document["results"][0]["pinned"]) == (11, 11, False)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (timedelta(days=-30), timedelta(seconds=-1), "expired"),
        (timedelta(days=-30), timedelta(days=-5), "expired"),
        (timedelta(hours=1), timedelta(hours=3), "not yet valid"),
        (timedelta(hours=1), timedelta(days=300), "not yet valid"),
    ],
)
def test_a_certificate_that_is_not_valid_today_is_a_finding(
    project: Project, start: timedelta, end: timedelta, told: str
) -> None:
    pem = dated_certificate(project.controller.private_key, start, end)
    project.write(PEM, pem)
    for name in ("staging", PEM):
        ended = project.run("cert", "show", name)
        assert (ended.code, ended.err) == (11, "")
        assert ended.out.splitlines()[3] == f"valid        {dates(pem)[0]}, {told}"
        assert project.run("cert", "show", name, "--json").document["results"][0]["valid"] is False


@pytest.mark.parametrize(
    ("age", "told", "due"),
    [
        (timedelta(0), "today", False),
        (timedelta(days=29, hours=23), "29 days ago", False),
        (timedelta(days=30), "30 days ago: {renewal}", True),
        (timedelta(days=41), "41 days ago: {renewal}", True),
        (timedelta(hours=-1), "in the future", False),
    ],
)
def test_its_age_is_told_and_that_the_controller_probably_has_a_newer_one(
    project: Project, age: timedelta, told: str, due: bool
) -> None:
    project.write(PEM, dated_certificate(project.controller.private_key, -age, VALIDITY))
    renewal = "the controller renews its key every 30 days, so there is probably a newer one: sealgen cert fetch "
    for name, environment in (("staging", "staging"), (PEM, "ENV")):
        issued = project.run("cert", "show", name).out.splitlines()[4]
        assert issued == f"issued       {told.format(renewal=renewal + environment)}"
        assert project.run("cert", "show", name, "--json").document["results"][0]["renewal_due"] is due


def test_the_first_certificate_of_a_bundle_counts(project: Project) -> None:
    project.write("bundle.pem", b"# ours\n" + project.controller.certificate + controller("two").certificate)
    ended = project.run("cert", "show", "bundle.pem")
    assert ended.out.splitlines()[-1] == f"fingerprint  {project.controller.fingerprint}"


def test_what_is_no_certificate_to_seal_with_is_refused(project: Project) -> None:
    private_key = controller("two").private_key
    project.write("empty.pem", "")
    project.write("key.pem", private_pem(private_key))
    project.write("cut.pem", project.controller.certificate[:-30])
    messages = {
        "empty.pem": "empty.pem is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n",
        "key.pem": "key.pem holds a private key; it must hold the certificate alone\n"
        "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n",
        "cut.pem": "cut.pem is cut off; -----END CERTIFICATE----- is missing\n",
        "lost.pem": "can't read lost.pem: No such file or directory\n",
        "./environments": "can't read ./environments: Is a directory\n",
    }
    for name, message in messages.items():
        assert project.run("cert", "show", name) == (2, "", f"error: {message}")


def test_an_environment_without_a_certificate_is_told(project: Project) -> None:
    (project.root / PEM).unlink()
    project.environment("development", backend={"kind": "plain"}, secrets=["one"])
    assert project.run("cert", "show", "staging") == (
        2,
        "",
        (
            f"error: environments/staging.yaml:4:16: there is no {PEM}\n"
            "Get the controller's certificate: sealgen cert fetch staging\n"
        ),
    )
    assert project.run("cert", "show", "development") == (
        2,
        "",
        (
            "error: development is a plain environment: nothing of it is sealed\n"
            "Print its Secrets: sealgen render development\n"
        ),
    )
    assert project.run("cert", "show", "stagin") == (
        2,
        "",
        "error: there is no environment 'stagin' (environments/stagin.yaml); did you mean 'staging'?\n",
    )


def test_names_in_a_certificate_can_not_move_the_cursor(project: Project) -> None:
    hostile = "Aura\x1b[2J\r\npin          the same\u202e"
    project.write("c.pem", dated_certificate(controller("two").private_key, -VALIDITY, VALIDITY, hostile))
    shown = project.run("cert", "show", "c.pem").out
    assert shown.count("\n") == 6
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)


def test_a_servers_certificate_is_shown_too(project: Project) -> None:
    project.write("server.pem", server_certificate(controller("two").private_key, "aura.example"))
    shown = project.run("cert", "show", "server.pem").out
    assert "subject      CN=aura.example\n" in shown
