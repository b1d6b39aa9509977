"""``sealgen cert fetch``: what is different is shown, and certificate and pin change together once it is confirmed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from sealgen.reconcile import pinning
from tests.support.api_server import PROXY, SERVICE, Answer, ApiServer, api_server, kubeconfig, refusal
from tests.support.controller import VALIDITY
from tests.support.dated_certificate import dated_certificate
from tests.support.project import Contents, Ended, Project, controller, difference, empty
from tests.support.server_certificate import private_pem
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project as ConfigProject
    from sealgen.crypto.certificate import Certificate

PEM = "environments/certificates/controller.pem"
ENV = "environments/staging.yaml"
OLD = controller()
NEW = controller("two", age=timedelta(0))
DATES = "%Y-%m-%d"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealgen.cluster.connection._FIRST_PAUSE", 0.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    (tmp_path / "server").mkdir()
    with api_server(tmp_path / "server") as running:
        running.serve_controller(NEW.certificate)
        yield running


@pytest.fixture
def project(tmp_path: Path, server: ApiServer) -> Project:
    """Return a project with a Secret of two keys, sealed with a certificate that is no longer the controller's."""
    (tmp_path / "project").mkdir()
    project = empty(tmp_path / "project")
    project.environment(
        cluster={"kubeconfig": str(server.kubeconfig), "context": "test"},
        values={"password": {"literal": "x"}, "user": {"literal": "y"}},
        secrets=["app"],
    )
    project.template("app", {"PASSWORD": "{{ values.password }}", "USER": "{{ values.user }}"})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def valid(pem: bytes) -> str:
    """Return from when until when a certificate is valid."""
    found = x509.load_pem_x509_certificate(pem)
    return f"{found.not_valid_before_utc:{DATES}} to {found.not_valid_after_utc:{DATES}}"


def fetch(project: Project, *arguments: str) -> Ended:
    return project.run("cert", "fetch", "staging", *arguments)


def shown(server: ApiServer, *rest: str) -> str:
    """Return what is shown of the controller's new certificate, with the lines that follow."""
    return "".join(
        f"{line}\n"
        for line in (
            f"certificate  kube-system/sealed-secrets-controller of {server.url}",
            f"cluster      {server.url} (context test)",
            "subject      (none, as the controller makes it)",
            "key          RSA, 2048 bits",
            f"valid        {valid(NEW.certificate)}, {VALIDITY.days - 1} days left",
            "issued       today",
            f"fingerprint  {NEW.fingerprint}",
            *rest,
        )
    )


ANOTHER = (
    f"pin          {OLD.fingerprint}, which is another",
    f"file         {PEM} has another key, {OLD.fingerprint}",
    (
        f"{OLD.fingerprint} still seals 2 keys of staging. A controller keeps its old keys, so nothing breaks; "
        "what is sealed from now on is sealed with the new one."
    ),
    "Another cluster's controller has no such keys: make sure that this is the one they were sealed for.",
)
NOT_WRITTEN = (
    "staging: nothing was written. Once whoever runs the cluster confirms the fingerprint, --accept writes "
    f"{ENV} and {PEM}"
)


def pinned_and_held(before: Contents, project: Project) -> None:
    """Assert that the new certificate and its pin were written, and nothing else."""
    changed = difference(before, project.contents())
    assert changed.keys() == {ENV, PEM}
    assert changed[ENV] == ([f"  fingerprint: {OLD.fingerprint}"], [f"  fingerprint: {NEW.fingerprint}"])
    assert project.read(PEM) == NEW.certificate


# --- what is shown, and when it is written -----------------------------------------------------------------------


def test_another_key_is_shown_and_not_written(project: Project, server: ApiServer) -> None:
    before = project.tree()
    assert fetch(project) == (10, shown(server, *ANOTHER, NOT_WRITTEN), "")
    assert project.tree() == before


def test_certificate_and_pin_are_written_together_once_they_are_accepted(project: Project, server: ApiServer) -> None:
    before = project.contents()
    assert fetch(project, "--accept") == (0, shown(server, *ANOTHER, f"staging: wrote {ENV}, {PEM}"), "")
    pinned_and_held(before, project)


def test_what_was_sealed_stays_and_what_is_new_is_sealed_with_the_new_one(project: Project) -> None:
    before = project.ciphertexts()
    assert fetch(project, "--accept", "-q") == (0, "", "")
    assert project.run("seal", "staging") == (0, "staging: 1 secret, 2 keys, up to date\n", "")
    project.edit(ENV, "literal: x", "literal: z")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    after = project.ciphertexts()
    assert (after["app/USER"] == before["app/USER"], after["app/PASSWORD"] == before["app/PASSWORD"]) == (True, False)
    lock = project.lock()
    assert lock["app/USER"]["certificate"] == OLD.fingerprint
    assert lock["app/PASSWORD"]["certificate"] == NEW.fingerprint


def test_what_the_certificate_seals_already_is_not_counted_among_the_others(project: Project) -> None:
    fetch(project, "--accept")
    project.edit(ENV, "literal: x", "literal: z")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.write("old.pem", OLD.certificate)
    ended = fetch(project, "--from", "old.pem")
    assert [line for line in ended.out.splitlines() if "still seals" in line] == [
        (
            f"{NEW.fingerprint} still seals 1 key of staging. A controller keeps its old keys, so nothing breaks; "
            "what is sealed from now on is sealed with the new one."
        )
    ]


def test_where_nothing_is_different_nothing_is_done(project: Project, server: ApiServer) -> None:
    fetch(project, "--accept")
    # Comments, line ends and further certificates in the file are nobody's business.
    project.write(PEM, b"# fetched on Monday\r\n" + NEW.certificate.replace(b"\n", b"\r\n") + OLD.certificate)
    before = project.contents()
    same = ("pin          the same", f"file         {PEM} has the same certificate")
    for arguments in ((), ("--accept",)):
        assert fetch(project, *arguments) == (
            0,
            shown(server, *same, "staging: the certificate and its pin are up to date"),
            "",
        )
    assert project.contents() == before


def test_a_renewed_certificate_of_the_same_key_changes_the_file_alone(project: Project, server: ApiServer) -> None:
    renewed = dated_certificate(OLD.private_key, timedelta(hours=-1), timedelta(days=99, hours=1))
    server.serve_controller(renewed)
    before = project.contents()
    ended = fetch(project)
    assert (ended.code, ended.err) == (10, "")
    assert ended.out.splitlines()[-3:] == [
        "pin          the same",
        f"file         {PEM} has another certificate of the same key, valid {valid(OLD.certificate)}",
        (
            "staging: nothing was written. Once whoever runs the cluster confirms the fingerprint, --accept writes "
            f"{PEM}"
        ),
    ]
    assert fetch(project, "--accept").out.splitlines()[-1] == f"staging: wrote {PEM}"
    assert difference(before, project.contents()).keys() == {PEM}
    assert project.read(PEM) == renewed


def test_a_pin_that_was_edited_alone_is_set_right(project: Project) -> None:
    project.write(PEM, NEW.certificate)
    ended = fetch(project, "--accept")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, f"staging: wrote {ENV}")
    assert project.run("cert", "show", "staging").code == 0


def test_an_older_certificate_than_the_one_that_is_there_is_told_to_be_one(project: Project, server: ApiServer) -> None:
    old = dated_certificate(NEW.private_key, timedelta(days=-50), timedelta(days=99, hours=1))
    server.serve_controller(old)
    assert f"It is older than the one in {PEM}, which was issued on {valid(OLD.certificate)[:10]}." in (
        fetch(project).out.splitlines()
    )
    issued = fetch(project, "--accept").out.splitlines()[5]
    assert issued == (
        "issued       50 days ago: the controller renews its key every 30 days, so there is probably a newer one: "
        "sealgen cert fetch staging"
    )


def test_an_environment_that_seals_again_says_so(project: Project) -> None:
    project.change(backend=project.backend(certificate_changed="reseal"))
    told = (
        f"{OLD.fingerprint} still seals 2 keys of staging. A controller keeps its old keys, so nothing breaks; "
        "the next 'sealgen seal staging' seals them with the new one (certificate_changed: reseal)."
    )
    assert told in fetch(project, "--accept").out.splitlines()
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert {project.lock()[f"app/{key}"]["certificate"] for key in ("PASSWORD", "USER")} == {NEW.fingerprint}


def test_json_says_the_same(project: Project, server: ApiServer) -> None:
    for arguments, code, files in (((), 10, []), (("--accept",), 0, [ENV, PEM])):
        ended = fetch(project, "--json", *arguments)
        assert (ended.code, ended.err, ended.document["exit_code"], ended.document["command"]) == (
            code,
            "",
            code,
            "cert",
        )
        (result,) = ended.document["results"]
        moments = {name: result.pop(name) for name in ("not_before", "not_after")}
        assert [datetime.fromisoformat(text).tzinfo for text in moments.values()] == [UTC, UTC]
        assert result == {
            "environment": "staging",
            "certificate": f"kube-system/sealed-secrets-controller of {server.url}",
            "subject": "",
            "bits": 2048,
            "valid": True,
            "days_left": VALIDITY.days - 1,
            "age_days": 0,
            "renewal_due": False,
            "fingerprint": NEW.fingerprint,
            "server": server.url,
            "context": "test",
            "pin": OLD.fingerprint,
            "pinned": False,
            "file": PEM,
            "file_fingerprint": OLD.fingerprint,
            "sealed_with_others": {OLD.fingerprint: 2},
            "also_pinned_by": [],
            "no_longer_fitting": [],
            "changes": [ENV, PEM],
            "files": files,
        }


def test_quiet_says_nothing_but_the_exit_code(project: Project) -> None:
    assert fetch(project, "-q") == (10, "", "")
    assert fetch(project, "-q", "--accept") == (0, "", "")
    assert fetch(project, "-q") == (0, "", "")


def test_a_context_that_the_environment_does_not_name_is_told_to_be_the_current_one(
    project: Project, server: ApiServer
) -> None:
    project.change(cluster={"kubeconfig": str(server.kubeconfig)})
    assert fetch(project).out.splitlines()[1] == (
        f"cluster      {server.url} (context test), the kubeconfig's current one"
    )


# --- at a terminal -----------------------------------------------------------------------------------------------


def test_a_typed_yes_accepts(project: Project, server: ApiServer) -> None:
    before = project.contents()
    session = at_terminal(project, "cert", "fetch", "staging", answers=["yes"])
    question = f"staging: seal with this certificate of {server.url} (context test) from now on? Type yes: yes\r\n"
    assert question in session.shown
    assert (session.code, session.shown.splitlines()[-1]) == (0, f"staging: wrote {ENV}, {PEM}")
    pinned_and_held(before, project)


@pytest.mark.parametrize("answer", ["", "y", "no", "YES", "yes please"])
def test_any_other_answer_does_not(project: Project, answer: str) -> None:
    before = project.contents()
    session = at_terminal(project, "cert", "fetch", "staging", answers=[answer])
    assert (session.code, session.shown.splitlines()[-1]) == (10, NOT_WRITTEN)
    assert project.contents() == before


def test_nobody_is_asked_where_nothing_is_to_confirm(project: Project) -> None:
    fetch(project, "--accept")
    session = at_terminal(project, "cert", "fetch", "staging")
    assert (session.code, "Type yes" in session.shown) == (0, False)


@pytest.mark.parametrize("option", ["--json", "-q"])
def test_nobody_is_asked_who_was_not_shown_it(project: Project, option: str) -> None:
    before = project.contents()
    session = at_terminal(project, "cert", "fetch", "staging", option)
    assert (session.code, "Type yes" in session.shown) == (10, False)
    assert project.contents() == before


def test_an_interrupted_question_writes_nothing(project: Project) -> None:
    before = project.contents()
    assert at_terminal(project, "cert", "fetch", "staging", answers=[None]).code == 130
    assert project.contents() == before


# --- first use ---------------------------------------------------------------------------------------------------


def test_the_first_certificate_is_fetched_where_neither_file_nor_pin_is_there(
    tmp_path: Path, server: ApiServer
) -> None:
    (tmp_path / "templates").mkdir()
    project = Project(tmp_path, NEW)
    text = (
        "# Ask the platform team.\nnamespace: aura\nbackend:\n  kind: sealed-secrets\n"
        "  certificate: certificates/staging.pem   # fetched\noutput: k8s\nsecrets: []\n"
        f"cluster: {{kubeconfig: {server.kubeconfig}, context: test}}\n"
    )
    project.write(ENV, text)
    assert project.run("plan", "staging") == (
        2,
        "",
        (
            f"error: {ENV}:4:3: backend.fingerprint is missing: The pin: the certificate's fingerprint, which "
            "'sealgen cert fetch ENV' writes; another is refused.\n"
        ),
    )
    lines = ("pin          none yet", "file         certificates/staging.pem, which is not there yet")
    wrote = f"staging: wrote {ENV}, certificates/staging.pem"
    assert fetch(project, "--accept") == (0, shown(server, *lines, wrote), "")
    line = "  certificate: certificates/staging.pem   # fetched\n"
    assert project.read(ENV).decode() == text.replace(line, f"{line}  fingerprint: {NEW.fingerprint}\n")
    assert project.read("certificates/staging.pem") == NEW.certificate
    assert project.run("cert", "show", "staging").code == 0
    assert project.run("plan", "staging").code == 0


def test_a_file_that_is_no_certificate_is_replaced(project: Project) -> None:
    project.write(PEM, "to be fetched\n")
    ended = fetch(project, "--accept")
    told = f"file         {PEM} is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----"
    assert (ended.code, told in ended.out.splitlines()) == (0, True)
    assert project.read(PEM) == NEW.certificate


def test_a_private_key_is_not_lost(project: Project) -> None:
    project.write(PEM, private_pem(OLD.private_key))
    before = project.contents()
    assert fetch(project, "--accept") == (
        2,
        "",
        (
            f"error: {ENV}:4:16: {PEM} holds a private key; it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
        ),
    )
    assert project.contents() == before


def test_a_layout_that_can_not_be_edited_is_refused_with_the_line_to_write(project: Project) -> None:
    project.edit(ENV, f"fingerprint: {OLD.fingerprint}", f"fingerprint: >-\n    {OLD.fingerprint}")
    before = project.contents()
    assert fetch(project, "--accept") == (
        2,
        "",
        (
            f"error: {ENV}:5:16: the layout of backend is too unusual to write its fingerprint in place\n"
            f"Write this line into it: 'fingerprint: {NEW.fingerprint}'\n"
        ),
    )
    assert project.contents() == before


# --- other environments ------------------------------------------------------------------------------------------


def test_a_pin_of_a_base_is_written_there_and_whom_else_it_changes_is_told(project: Project) -> None:
    base = f"# shared\nbackend: {{kind: sealed-secrets, certificate: {PEM}, fingerprint: '{OLD.fingerprint}'}}\n"
    project.write("environments/base.yaml", base)
    project.change(backend=None, extends="base")
    project.environment("qa", backend={"scope": "strict"}, extends="base", secrets=[])
    project.environment("own", backend={"fingerprint": OLD.fingerprint}, extends="base", secrets=[])
    project.environment("far", backend={"certificate": "far.pem"}, extends="base", secrets=[])
    project.environment("apart", secrets=[], backend=project.backend(certificate="apart.pem"))
    project.environment("local", secrets=[], backend={"kind": "plain"})
    project.write("environments/broken.yaml", "backend: 5\n")
    before = project.contents()
    ended = fetch(project, "--accept")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-4:] == [
        "The pin stands in a file that others extend; it changes for qa too.",
        "The pin of far would not fit the certificate that it names: sealgen cert fetch far",
        "The pin of own would not fit the certificate that it names: sealgen cert fetch own",
        f"staging: wrote environments/base.yaml, {PEM}",
    ]
    assert difference(before, project.contents()).keys() == {"environments/base.yaml", PEM}
    assert project.read("environments/base.yaml").decode() == base.replace(OLD.fingerprint, NEW.fingerprint)
    assert project.run("cert", "show", "qa").code == 0
    assert project.run("cert", "show", "own").code == 11


# --- from elsewhere ----------------------------------------------------------------------------------------------


def test_a_file_is_taken_without_any_cluster(project: Project, server: ApiServer) -> None:
    project.write("new.pem", b"from Ann\n" + NEW.certificate)
    ended = fetch(project, "--from", "new.pem")
    assert (ended.code, ended.err) == (10, "")
    assert ended.out.splitlines()[:2] == ["certificate  new.pem", "subject      (none, as the controller makes it)"]
    before = project.contents()
    assert fetch(project, "--from", "new.pem", "--accept").code == 0
    pinned_and_held(before, project)
    assert server.requests == []


def test_of_a_published_certificate_only_the_pin_is_written(project: Project) -> None:
    url = "https://certificates.invalid/staging.pem"
    project.change(backend=project.backend(certificate=url))
    project.write("new.pem", NEW.certificate)
    before = project.contents()
    ended = fetch(project, "--from", "new.pem", "--accept")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, f"staging: wrote {ENV}")
    assert not [line for line in ended.out.splitlines() if line.startswith("file ")]
    assert difference(before, project.contents()).keys() == {ENV}


def weak() -> bytes:
    """Return a certificate of a key with 1024 bits, as a test of other software may have."""
    key = rsa.RSAPublicNumbers(65537, (1 << 1023) + 1).public_key()
    nobody, now = x509.Name([]), datetime.now(UTC)
    builder = x509.CertificateBuilder(nobody, nobody, key, 1, now - timedelta(days=1), now + VALIDITY)
    return builder.sign(OLD.private_key, SHA256()).public_bytes(Encoding.PEM)


def test_what_can_not_be_sealed_with_is_refused_though_it_is_accepted(project: Project) -> None:
    before = project.contents()
    project.write("weak.pem", weak())
    project.write("key.pem", private_pem(NEW.private_key))
    refused = {
        "weak.pem": (2, "weak.pem has an RSA key of 1024 bits; sealing takes 2048 to 16384\n"),
        "lost.pem": (2, "can't read lost.pem: No such file or directory\n"),
        "key.pem": (
            2,
            (
                "key.pem holds a private key; it must hold the certificate alone\n"
                "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
            ),
        ),
        "templates/app.yaml.j2": (
            2,
            "templates/app.yaml.j2 is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n",
        ),
        "http://ca.invalid/c.pem": (2, "'http://ca.invalid/c.pem' must be a path or an https:// URL\n"),
        "https://127.0.0.1:port/": (
            1,
            "can't get the certificate from https://127.0.0.1:port/: the URL is malformed\n",
        ),
    }
    for source, (code, message) in refused.items():
        assert fetch(project, "--from", source, "--accept") == (code, "", f"error: {message}")
    for name in ("weak.pem", "key.pem"):
        (project.root / name).unlink()
    assert project.contents() == before


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (timedelta(days=-30), timedelta(seconds=-1), "expired on "),
        (timedelta(hours=1), timedelta(days=9), "is not valid before "),
    ],
)
def test_a_certificate_that_is_not_valid_today_is_refused_though_it_is_accepted(
    project: Project, server: ApiServer, start: timedelta, end: timedelta, told: str
) -> None:
    server.serve_controller(dated_certificate(NEW.private_key, start, end))
    before = project.contents()
    ended = fetch(project, "--accept")
    place = f"error: kube-system/sealed-secrets-controller of {server.url} {told}"
    message, hint = ended.err.splitlines()
    assert (ended.code, ended.out, message[: len(place)]) == (2, "", place)
    assert hint == "It can't be sealed with. Check this machine's clock, and whoever offers the certificate."
    assert project.contents() == before


# --- what goes wrong with a cluster ------------------------------------------------------------------------------

CERT = f"GET {PROXY}cert.pem"


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (
            refusal(401, "Unauthorized"),
            1,
            (
                "SERVER does not know who this is (401): Unauthorized\n"
                "The credentials of the context 'test' may have expired; sign in again."
            ),
        ),
        (refusal(403, "forbidden"), 1, f"the context 'test' may not GET {PROXY}cert.pem (403): forbidden"),
        (refusal(404, "no page"), 1, f"SERVER has no {PROXY}cert.pem (404): no page"),
        (refusal(500, "broken"), 1, f"SERVER answers GET {PROXY}cert.pem with status 500: broken"),
        (
            refusal(503, "no endpoints available for service"),
            1,
            (
                "the controller kube-system/sealed-secrets-controller of SERVER is not running\n"
                "See: kubectl get pods -n kube-system"
            ),
        ),
        (Answer(200, NEW.certificate[:100], cut=True), 1, "can't reach SERVER: the connection was cut"),
        (
            Answer(200, b"<html>Please log in</html>", "text/html"),
            1,
            (
                f"SERVER answers GET {PROXY}cert.pem with a web page (status 200), which no API server does\n"
                "Is there a proxy or a page to sign in on the way?"
            ),
        ),
        (
            Answer(200, b"{}"),
            2,
            (
                "kube-system/sealed-secrets-controller of SERVER is not PEM; a certificate begins with "
                "-----BEGIN CERTIFICATE-----"
            ),
        ),
        (
            Answer(200, NEW.certificate[:-30]),
            2,
            "kube-system/sealed-secrets-controller of SERVER is cut off; -----END CERTIFICATE----- is missing",
        ),
    ],
)
def test_an_answer_that_helps_nobody_is_told_in_one_error_and_changes_nothing(
    project: Project, server: ApiServer, answer: Answer, code: int, message: str
) -> None:
    server.answers[CERT] = answer
    before = project.contents()
    for arguments in ((), ("--accept",)):
        assert fetch(project, *arguments) == (code, "", f"error: {message}\n".replace("SERVER", server.url))
    assert project.contents() == before
    document = fetch(project, "--accept", "--json").document
    assert (document["results"], len(document["errors"]), document["exit_code"]) == ([], 1, code)


def test_whoever_may_only_use_the_proxy_needs_no_other_right(project: Project, server: ApiServer) -> None:
    server.answers[f"GET {SERVICE}"] = refusal(403, "no")
    assert fetch(project, "--accept").code == 0
    assert project.read(PEM) == NEW.certificate


def test_no_kubeconfig_a_wrong_context_and_a_closed_port_are_told(project: Project, server: ApiServer) -> None:
    before = project.contents()
    kept = project.read(ENV)

    def told(**cluster: str) -> tuple[int, str, str]:
        project.change(cluster=cluster)
        try:
            return fetch(project, "--accept")
        finally:
            project.write(ENV, kept)

    assert told(kubeconfig="lost") == (2, "", f"error: there is no kubeconfig {project.root / 'lost'}\n")
    assert told(kubeconfig=str(server.kubeconfig), context="tset") == (
        2,
        "",
        f"error: {server.kubeconfig} has no context 'tset'; did you mean 'test'?\n",
    )
    assert told(kubeconfig=str(server.kubeconfig), controller="sealer", controller_namespace="ops") == (
        1,
        "",
        (
            f"error: there is no Service ops/sealer in {server.url}\n"
            "Name the controller's: cluster.controller and cluster.controller_namespace.\n"
        ),
    )
    server.kubeconfig.write_text(kubeconfig("http://127.0.0.1:9"))
    assert fetch(project, "--accept") == (1, "", "error: can't reach http://127.0.0.1:9: Connection refused\n")
    assert project.contents() == before


def test_what_is_not_an_environment_to_seal_is_told(project: Project) -> None:
    project.environment("local", secrets=[], backend={"kind": "plain"})
    assert project.run("cert", "fetch", "local", "--accept") == (
        2,
        "",
        "error: local is a plain environment: nothing of it is sealed\nPrint its Secrets: sealgen render local\n",
    )
    assert project.run("cert", "fetch", "stagin") == (
        2,
        "",
        "error: there is no environment 'stagin' (environments/stagin.yaml); did you mean 'staging'?\n",
    )


# --- a transaction -----------------------------------------------------------------------------------------------


def die_before_putting_in_place(file: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a fetch that dies when its journal counts and this file is to be replaced."""
    real = os.rename

    def rename(source: str, target: str) -> None:
        if str(target) == str(project.root / file):
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", rename)
        assert fetch(project, "--accept", "-q").code == 130


@pytest.mark.parametrize("finisher", [("seal", "staging"), ("cert", "fetch", "staging", "--accept")], ids=" ".join)
@pytest.mark.parametrize("file", [ENV, PEM])
def test_what_was_interrupted_is_finished_by_whichever_run_comes_next(
    project: Project, monkeypatch: pytest.MonkeyPatch, file: str, finisher: tuple[str, ...]
) -> None:
    before = project.contents()
    die_before_putting_in_place(file, project, monkeypatch)
    assert difference(before, project.contents()).keys() == ({ENV} if file == PEM else set())
    assert fetch(project) == (
        12,
        "",
        "error: staging: a run was interrupted while it changed files\nFinish it: sealgen seal staging\n",
    )
    ended = project.run(*finisher)
    assert (ended.code, ended.err) == (0, "staging: finished an interrupted run of 2 files\n")
    pinned_and_held(before, project)


def test_a_file_that_changes_meanwhile_is_not_overwritten(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    compare = pinning.compare

    def edited_afterwards(
        project_: ConfigProject, environment: Environment, offered: Certificate, now: datetime
    ) -> pinning.Comparison:
        found = compare(project_, environment, offered, now)
        project.write(ENV, project.read(ENV) + b"# edited\n")
        return found

    monkeypatch.setattr(pinning, "compare", edited_afterwards)
    ended = fetch(project, "--accept")
    assert (ended.code, ended.err) == (
        1,
        f"error: {ENV} changed while sealgen ran; nothing was written\nRun it again.\n",
    )
    assert project.read(PEM) == OLD.certificate
