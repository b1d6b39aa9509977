"""kubeseal's command line without kubeseal: what is refused, what is said beside the output, what is written."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from sealgen import recovery
from sealgen.cli import kubeseal_streams
from sealgen.crypto import hybrid, private_key
from tests.support.api_server import PROXY, Answer, ApiServer, api_server, refusal
from tests.support.dated_certificate import dated_certificate
from tests.support.kubeseal import Ended, run
from tests.support.project import controller, empty, environ
from tests.support.server_certificate import private_pem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

C = "--cert tls.crt"
UNSEAL = "--recovery-unseal --recovery-private-key tls.key"
NOWHERE = {"name": "backend"}
VALUE = "s3cr3t/+="


def secret(**fields: object) -> str:
    """Return a Secret with one value in JSON, but for what ``fields`` say."""
    given = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "backend", "namespace": "aura"},
        "data": {"user": base64.b64encode(VALUE.encode()).decode()},
    }
    return json.dumps({**given, **fields})


S = secret()


def annotated(scope: str) -> dict[str, object]:
    """Return the metadata of a Secret that tells its scope and no namespace."""
    return {"name": "other", "annotations": {f"sealedsecrets.bitnami.com/{scope}": "true"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a certificate, its key, and what was sealed with it."""
    (tmp_path / "tls.crt").write_bytes(controller().certificate)
    (tmp_path / "tls.key").write_bytes(private_pem(controller().private_key))
    (tmp_path / "value").write_text(VALUE)
    sealed = done(tmp_path, f"{C} -o yaml", S).decode()
    (tmp_path / "sealed.yaml").write_text(sealed)
    (tmp_path / "sealed.json").write_bytes(done(tmp_path, C, S))
    (tmp_path / "wide.json").write_bytes(done(tmp_path, f"{C} --scope cluster-wide", S))
    (tmp_path / "two.yaml").write_text(sealed * 2)
    told = '      annotations:\n        sealedsecrets.bitnami.com/cluster-wide: "true"\n'
    (tmp_path / "torn.yaml").write_text(sealed.replace("    metadata:\n", f"    metadata:\n{told}"))
    (tmp_path / "nowhere.yaml").write_text(sealed.replace("  namespace: aura\n", "", 1))
    (tmp_path / "rendered.yaml").write_text(f"{sealed}    data:\n      uri: '{{{{ .user }}}}'\n")
    (tmp_path / "moved.yaml").write_text(sealed.replace("namespace: aura", "namespace: other"))
    (tmp_path / "upper").write_text(
        '{"contexts": [{"name": "one", "context": {"namespace": "N"}}], "current-context": "one"}'
    )
    (tmp_path / "no-current").write_text("contexts: []\n")
    (tmp_path / "no-list").write_text("contexts: x\ncurrent-context: a\n")
    return tmp_path


def end(folder: Path, words: str, stdin: bytes | str = b"", **env: str) -> Ended:
    """Run a command line in the folder."""
    return run(shlex.split(words), folder, stdin, env)


def done(folder: Path, words: str, stdin: bytes | str = b"", **env: str) -> bytes:
    """Run a command line that says nothing beside its output, which is returned."""
    ended = end(folder, words, stdin, **env)
    assert (ended.code, ended.err) == (0, "")
    return ended.out


def opened(content: bytes) -> dict[str, bytes]:
    """Return the values of the SealedSecrets in a text, by name and key."""
    keys = private_key.load(private_pem(controller().private_key), "tls.key")
    found = [recovery.recover(sealed, keys) for sealed in recovery.read_all(content, "sealed")]
    assert not any(one.unopened for one in found)
    return {f"{one.secret.name}/{key}": text.reveal() for one in found for key, text in one.secret.data.items()}


# --- refusals ---------------------------------------------------------------------------------------------------

STRAY = "A file is named with -f; a switch takes its value as in --raw=false."
WRONG_WORDS = [
    ("--bogus", "no flag '--bogus'"),
    ("--merge-int x", "no flag '--merge-int'; did you mean 'merge-into'?"),
    ("-x", "no flag '-x'"),
    ("-n", "-n needs a value"),
    ("--cert", "--cert needs a value"),
    ("--raw=maybe", "--raw is 'maybe', which is not true or false"),
    ("--scope all", "--scope is 'all', which is not one of strict, namespace-wide, cluster-wide"),
    ("-v x", "-v is 'x', which is not a whole number"),
    ("--stderrthreshold=x", "--stderrthreshold is 'x', which is not a severity"),
    ("--vmodule=a", "--vmodule is 'a', which is not PATTERN=N, separated by commas"),
    ("--log_backtrace_at=a", "--log_backtrace_at is 'a', which is not FILE:LINE"),
    ("""--from-file='"a'""", """--from-file is '"a', in which quotes are not in pairs"""),
    ("hunter2", f"a word belongs to no flag\n{STRAY}"),
    ("--raw hunter2", f"the word after '--raw' belongs to no flag\n{STRAY}"),
    ("--raw -- hunter2", f"the word after '--raw' belongs to no flag\n{STRAY}"),
    ("-", f"a word belongs to no flag\n{STRAY}"),
    ("--raw --validate", "--raw and --validate are two things to do; give one"),
    ("--merge-into a --raw", "--raw and --merge-into are two things to do; give one"),
    ("--raw -f value", "--secret-file says nothing to --raw; leave it out"),
    ("-f value --fetch-cert", "--secret-file says nothing to --fetch-cert; leave it out"),
    ("--recovery-private-key a", "--recovery-private-key says nothing to sealing a Secret; leave it out"),
    ("--merge-into a -w b", "--sealed-secret-file says nothing to --merge-into; leave it out"),
    ("--merge-into a --name b", "--name says nothing to --merge-into; leave it out"),
    ("-o json -w a.yaml", "-o json contradicts the name of a.yaml; leave one of them out"),
]


@pytest.mark.parametrize(("words", "message"), WRONG_WORDS, ids=[words for words, _ in WRONG_WORDS])
def test_a_command_line_that_can_not_be_right_ends_with_2(folder: Path, words: str, message: str) -> None:
    assert end(folder, words, S) == (2, b"", f"error: {message}\n")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("SCOPE", "all", "$SEALED_SECRETS_SCOPE is 'all', which is not one of strict, namespace-wide, cluster-wide"),
        ("FETCH_CERT", "maybe", "$SEALED_SECRETS_FETCH_CERT is 'maybe', which is not true or false"),
    ],
)
def test_a_variable_that_its_flag_would_not_take_ends_with_2(folder: Path, name: str, text: str, message: str) -> None:
    assert end(folder, C, S, **{f"SEALED_SECRETS_{name}": text}) == (2, b"", f"error: {message}\n")


NO_NAMESPACE = "Write metadata.namespace, or name one with -n."
NO_KUBECONFIG = "no namespace is told, and there is no kubeconfig {} whose context could tell it\n" + NO_NAMESPACE
NAME_RULE = "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'"
NAMESPACE_RULE = "use lower-case letters, digits and '-', with a letter or digit at both ends"
KEPT_OUT = "a value of another scope could not be opened there"
WRONG = [
    ("-o xml", S, "-o is 'xml', which is not json or yaml"),
    ("--from-file value", S, "--from-file requires --raw"),
    ("--raw --from-file a,b", "", "--raw seals one value; give one --from-file"),
    ("--raw --from-file a=", "", "--from-file a= names no file"),
    ("--name A_b", S, f"--name: 'A_b' can't be a name: {NAME_RULE}; did you mean 'a-b'?"),
    ("-n a.b", S, f"--namespace: 'a.b' can't be a namespace: {NAMESPACE_RULE}; did you mean 'a-b'?"),
    ("--recovery-unseal", "", "--recovery-unseal needs a key to open with: --recovery-private-key FILE"),
    (f"{C} --raw", "", "--raw with the scope strict needs --name"),
    (f"{C} --raw --name a", "", NO_KUBECONFIG.format("~/.kube/config")),
    (C, secret(data={}), "standard input:1:1: backend has no data; --allow-empty-data seals it all the same"),
    (f"{C} --name a", f"{S}{S}", "--name would give 2 Secrets one name; seal them one by one"),
    (f"{C} -n other", S, "standard input:1:1: namespace mismatch: backend is in 'aura', but --namespace is 'other'"),
    (C, secret(metadata=NOWHERE), NO_KUBECONFIG.format("~/.kube/config")),
    (f"{C} --kubeconfig lost", secret(metadata=NOWHERE), NO_KUBECONFIG.format("lost")),
    (f"{C} --kubeconfig upper --context two", secret(metadata=NOWHERE), "upper has no context 'two'; known are one"),
    (
        f"{C} --kubeconfig upper",
        secret(metadata=NOWHERE),
        (
            f"the namespace of the kubeconfig's context 'one': 'N' can't be a namespace: {NAMESPACE_RULE}; "
            "did you mean 'n'?"
        ),
    ),
    (
        f"{C} --kubeconfig no-current",
        secret(metadata=NOWHERE),
        "no-current has no current context; name one with --context",
    ),
    (f"{C} --kubeconfig no-list", secret(metadata=NOWHERE), "no-list:1:11: contexts must be a list"),
    (f"{C} --kubeconfig value", secret(metadata=NOWHERE), "value:1:1: a kubeconfig must be a mapping"),
    (C, "", "standard input holds no object"),
    (C, "a: [", "standard input:2:1: not YAML: did not find expected node content"),
    (C, secret(kind="ConfigMap"), "standard input:1:30: kind is 'ConfigMap', not 'Secret'"),
    (f"{C} -f lost", "", "can't read lost: No such file or directory"),
    (f"{C} --raw --scope cluster-wide --from-file lost", "", "can't read lost: No such file or directory"),
    ("--cert lost", S, "can't read lost: No such file or directory"),
    ("--cert ftp://a/b", S, "--cert is 'ftp://a/b', which is neither a path nor an https:// URL"),
    ("--cert value", S, "value is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----"),
    ("--cert value --fetch-cert", "", "value is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----"),
    (
        "",
        S,
        (
            "there is no kubeconfig: $KUBECONFIG is not set, there is no ~/.kube/config, "
            "and this is no pod of a cluster\nGet one from whoever runs the cluster, and name it with --kubeconfig."
        ),
    ),
    (f"{C} --merge-into lost", S, "can't read lost: No such file or directory"),
    (f"{C} --merge-into value", S, "value:1:1: an object must be a mapping"),
    (
        f"{C} --merge-into two.yaml",
        S,
        "two.yaml holds a List or several manifests; it must be one SealedSecret",
    ),
    (f"{C} --merge-into sealed.yaml", f"{S}{S}", "--merge-into takes one Secret, and the input holds 2"),
    (
        f"{C} --merge-into sealed.yaml",
        secret(data={}),
        "standard input:1:1: backend has no data; --allow-empty-data merges it all the same",
    ),
    (
        f"{C} --merge-into wide.json --scope strict",
        S,
        f"scope mismatch: wide.json has the scope cluster-wide, and --scope says strict; {KEPT_OUT}",
    ),
    (
        f"{C} --merge-into sealed.yaml",
        secret(metadata=annotated("namespace-wide")),
        f"scope mismatch: sealed.yaml has the scope strict, and the Secret other says namespace-wide; {KEPT_OUT}",
    ),
    (
        f"{C} --merge-into sealed.yaml",
        secret(metadata={"name": "other", "namespace": "b"}),
        "namespace mismatch: sealed.yaml is for 'aura', and the Secret other says 'b'",
    ),
    (
        f"{C} --merge-into sealed.yaml -n other",
        secret(metadata=NOWHERE),
        "namespace mismatch: sealed.yaml is for 'aura', and --namespace says 'other'",
    ),
    (
        f"{C} --merge-into torn.yaml",
        S,
        "torn.yaml:2:1: the scope is strict by metadata.annotations, but cluster-wide by those of spec.template",
    ),
    (f"{C} --merge-into nowhere.yaml", S, "nowhere.yaml:5:3: metadata.namespace is missing"),
    (
        f"{UNSEAL} -f moved.yaml",
        "",
        (
            "moved.yaml:9:11: no key could decrypt secret (user): no private key opens it "
            "with the label 'other/backend' (scope strict): it was sealed with another certificate "
            "or for another place, or it was altered"
        ),
    ),
    (
        f"{UNSEAL} -f rendered.yaml",
        "",
        (
            "rendered.yaml:15:7: spec.template.data has 'uri', and only the controller renders Go templates\n"
            "'sealgen unseal' recovers the other keys."
        ),
    ),
    (UNSEAL, "", "standard input holds no object"),
    (f"{C} -w lost/a", S, "can't write lost/a: No such file or directory; nothing was written"),
    (f"{C} -w .", S, "can't write .: Is a directory; nothing was written"),
]


@pytest.mark.parametrize(
    ("words", "stdin", "message"), WRONG, ids=[f"{number}: {case[0]}" for number, case in enumerate(WRONG)]
)
def test_what_can_not_be_done_ends_with_1_and_changes_nothing(
    folder: Path, words: str, stdin: str, message: str
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert end(folder, words, stdin) == (1, b"", f"error: {message}\n")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert VALUE not in message


@pytest.mark.parametrize("option", ["--json", "-C ."])
def test_what_says_nothing_to_kubeseals_command_line_is_refused_before_it(folder: Path, option: str) -> None:
    ended = empty(folder).run(*option.split(), "kubeseal", "--version")
    assert ended.code == 2
    assert "--json and -C say nothing to kubeseal's command line" in ended.out + ended.err


def test_an_expired_certificate_is_refused_with_the_way_to_another(folder: Path) -> None:
    expired = dated_certificate(controller().private_key, timedelta(days=-2), timedelta(days=-1))
    (folder / "expired.crt").write_bytes(expired)
    ended = end(folder, "--cert expired.crt", S)
    assert (ended.code, ended.out) == (1, b"")
    first, second = ended.err.splitlines()
    assert first.startswith("error: expired.crt expired on ")
    assert second == "Get the cluster's current certificate: sealgen kubeseal --fetch-cert"


# --- what is said, and what is not ------------------------------------------------------------------------------


def test_version_and_help_are_printed_whatever_else_is_asked_for(folder: Path) -> None:
    assert done(folder, "--version --raw --validate") == b"kubeseal version: v0.36.6\n"
    text = done(folder, "-h --version").decode()
    assert text == done(folder, "--help").decode()
    assert text.startswith("Usage: sealgen kubeseal [FLAGS]\n")
    for flag in ("-n, --namespace TEXT", "--recovery-private-key FILE", "--controller-namespace TEXT", "--vmodule"):
        assert flag in text


def test_the_namespace_of_a_context_is_told_once_on_standard_error(folder: Path) -> None:
    contexts = [{"name": "one", "context": {"namespace": "of-one"}}, {"name": "two", "context": {}}]
    (folder / "config").write_text(json.dumps({"contexts": contexts, "current-context": "one"}))
    nowhere = secret(metadata=NOWHERE) * 2
    for words, namespace, context in (("", "of-one", "one"), ("--context two", "default", "two")):
        ended = end(folder, f"{C} {words} -o yaml", nowhere, KUBECONFIG="lost:config")
        assert ended.out.count(f"\n  namespace: {namespace}\n".encode()) == 2
        assert (ended.code, ended.err) == (
            0,
            (
                f"no namespace is told: taking '{namespace}', that of the kubeconfig's context '{context}' "
                "(-n names another)\n"
            ),
        )
    assert opened(ended.out) == {"backend/user": VALUE.encode()}


def test_quiet_leaves_the_remark_out(folder: Path) -> None:
    (folder / "config").write_text('{"contexts": [{"name": "a", "context": {}}], "current-context": "a"}')
    (folder / "in.json").write_text(secret(metadata=NOWHERE))
    words = ["-q", "kubeseal", "--cert", "tls.crt", "-f", "in.json", "--kubeconfig", "config"]
    ended = empty(folder).run(*words)
    assert (ended.code, ended.err) == (0, "")


def test_inside_a_pod_the_namespace_is_the_pods(folder: Path) -> None:
    account = folder / "account"
    account.mkdir()
    (account / "token").touch()
    (account / "namespace").write_text("of-the-pod\n")
    with patch.object(kubeseal_streams, "_IN_A_POD", account):
        ended = end(folder, f"{C} -o yaml", secret(metadata=NOWHERE))
        other = end(folder, f"{C} -o yaml", secret(metadata=NOWHERE), POD_NAMESPACE="told")
    assert b"\n  namespace: of-the-pod\n" in ended.out
    assert ended.err == "no namespace is told: taking 'of-the-pod', that of this pod (-n names another)\n"
    assert b"\n  namespace: told\n" in other.out


def test_a_closed_standard_input_is_told(folder: Path) -> None:
    with patch("sealgen.cli.kubeseal_streams.sys") as system:
        system.stdin = None
        ended = end(folder, C)
    assert ended == (1, b"", "error: there is no standard input; name a file with -f\n")


def test_a_value_stands_in_nothing_that_is_said(folder: Path) -> None:
    for words in (f"{C} --raw", f"{C} --raw --name a -n b {VALUE}", f"{C} -w lost/x"):
        ended = end(folder, words, VALUE)
        assert ended.code
        assert VALUE not in ended.err


def test_a_value_is_sealed_without_a_line_end_and_opens_for_its_place_alone(folder: Path) -> None:
    ciphertext = done(folder, f"{C} --raw --name backend -n aura", VALUE).decode()
    assert base64.b64decode(ciphertext, validate=True)
    manifest = json.loads((folder / "sealed.json").read_bytes())
    manifest["spec"]["encryptedData"] = {"raw": ciphertext}
    assert opened(json.dumps(manifest).encode()) == {"backend/raw": VALUE.encode()}


# --- files ------------------------------------------------------------------------------------------------------


def test_what_is_merged_into_keeps_all_that_is_not_set_byte_for_byte(folder: Path) -> None:
    before = (folder / "sealed.yaml").read_text()
    before = before.replace("  encryptedData:", "  # ours\n  encryptedData: # all of it").replace("---\n", "")
    (folder / "sealed.yaml").write_text(before)
    (folder / "sealed.yaml").chmod(0o640)
    more = secret(metadata={"name": "x", "labels": {"new": "1"}}, data={"added": "Yg=="})
    assert done(folder, f"{C} --merge-into sealed.yaml", more) == b""
    after = (folder / "sealed.yaml").read_text()
    came = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert [line.split(":")[0].strip() for line in came] == ["added", "labels", "new"]
    assert (folder / "sealed.yaml").stat().st_mode & 0o777 == 0o640
    assert opened(after.encode()) == {"backend/user": VALUE.encode(), "backend/added": b"b"}


def test_a_format_that_is_named_is_that_of_the_file_that_is_merged_into(folder: Path) -> None:
    for words, name, first in (
        ("-o json", "sealed.yaml", b"{"),
        ("-o yaml", "sealed.json", b"---"),
        ("", "wide.json", b"{"),
    ):
        done(folder, f"{C} {words} --merge-into {name}", secret(metadata={"name": "x"}, data={"more": "Yg=="}))
        content = (folder / name).read_bytes()
        assert content.startswith(first)
        assert opened(content) == {"backend/user": VALUE.encode(), "backend/more": b"b"}


def test_a_link_is_kept_and_a_pipe_is_written_to(folder: Path) -> None:
    (folder / "link.yaml").symlink_to("sealed.yaml")
    done(folder, f"{C} -w link.yaml --name linked", S)
    assert (folder / "link.yaml").is_symlink()
    assert opened((folder / "sealed.yaml").read_bytes()) == {"linked/user": VALUE.encode()}
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        done(folder, f"{C} -w pipe", S)
        assert opened(os.read(reader, 65536)) == {"backend/user": VALUE.encode()}
    finally:
        os.close(reader)
    assert (folder / "pipe").is_fifo()


def test_a_recovered_secret_is_open_to_its_owner_alone_and_goes_through_no_link(folder: Path) -> None:
    (folder / "out.yaml").touch(mode=0o644)
    done(folder, f"{UNSEAL} -f sealed.json -w out.yaml")
    assert (folder / "out.yaml").stat().st_mode & 0o777 == 0o600
    assert (folder / "out.yaml").read_text().startswith("---\napiVersion: v1\ndata:\n  user: ")
    (folder / "link.yaml").symlink_to("value")
    ended = end(folder, f"{UNSEAL} -f sealed.json -w link.yaml")
    assert ended == (1, b"", "error: link.yaml is a link; nothing was written\n")


def test_nothing_is_left_of_a_file_that_could_not_be_written(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with patch("sealgen.overlay.single.flush", side_effect=OSError(28, "No space left on device")):
        ended = end(folder, f"{C} --merge-into sealed.yaml", S)
    message = "error: can't write sealed.yaml: No space left on device; nothing was written\n"
    assert ended == (1, b"", message)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


# --- the controller ---------------------------------------------------------------------------------------------


@pytest.fixture
def server(folder: Path) -> Iterator[ApiServer]:
    """Run an API server with a controller behind it."""
    home = folder / "server"
    home.mkdir()
    with api_server(home) as it:
        it.serve_controller(controller().certificate)
        it.answers["GET /cert.pem"] = Answer(200, controller().certificate)
        yield it


def reach(server: ApiServer) -> Mapping[str, str]:
    """Return the variables that lead to a server."""
    return {"KUBECONFIG": str(server.kubeconfig)}


def test_the_controllers_certificate_is_fetched_and_sealed_with(folder: Path, server: ApiServer) -> None:
    assert done(folder, "--fetch-cert", **reach(server)) == controller().certificate
    assert opened(done(folder, "", S, **reach(server))) == {"backend/user": VALUE.encode()}


def test_another_controller_is_asked_where_it_is_named(folder: Path, server: ApiServer) -> None:
    ended = end(folder, "--fetch-cert --controller-name mine --controller-namespace ours", **reach(server))
    message = f"error: there is no Service ours/mine in {server.url}\n"
    hint = "Name the controller's: --controller-name and --controller-namespace.\n"
    assert ended == (1, b"", message + hint)


def test_a_certificate_that_is_not_one_is_not_printed(folder: Path, server: ApiServer) -> None:
    server.serve_controller(b"all is well")
    ended = end(folder, "--fetch-cert", **reach(server))
    where = f"kube-system/sealed-secrets-controller of {server.url}"
    message = f"error: {where} is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n"
    assert ended == (1, b"", message)


def test_a_certificate_over_http_is_taken_with_a_warning(folder: Path, server: ApiServer) -> None:
    ended = end(folder, f"--cert {server.url}/cert.pem --fetch-cert")
    assert (ended.code, ended.out) == (0, controller().certificate)
    assert ended.err == (
        f"warning: {server.url}/cert.pem is not https: who is on the way could put a certificate of their own there\n"
    )


def test_the_flags_of_the_cluster_reach_the_server(folder: Path, server: ApiServer) -> None:
    who = "--token told --as somebody --as-uid 7 --as-group a --as-group b,c"
    assert done(folder, f"--fetch-cert --server {server.url} {who}") == controller().certificate
    sent = headers(server)
    told = [sent.get(name) for name in ("authorization", "impersonate-user", "impersonate-uid", "impersonate-group")]
    assert told == ["Bearer told", "somebody", "7", "a"]
    assert done(folder, "--fetch-cert --token told", **reach(server)) == controller().certificate
    assert headers(server)["authorization"] == "Bearer told"
    assert done(folder, f"--fetch-cert --server {server.url} --username u --password p")
    assert headers(server)["authorization"] == "Basic " + base64.b64encode(b"u:p").decode()


def headers(server: ApiServer) -> dict[str, str]:
    """Return the last request's, by their names in small letters."""
    return {name.lower(): text for name, text in server.requests[-1].headers.items()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--cluster test2", "the kubeconfig has no cluster 'test2'; did you mean 'test'?"),
        ("--user xyz", "the kubeconfig has no user 'xyz'; known are test"),
    ],
)
def test_a_cluster_or_user_that_the_kubeconfig_lacks_is_refused(
    folder: Path, server: ApiServer, words: str, message: str
) -> None:
    assert end(folder, f"--fetch-cert {words}", **reach(server)) == (1, b"", f"error: {message}\n")


def test_all_that_can_not_be_opened_is_named(folder: Path, server: ApiServer) -> None:
    def verify(request: Any) -> Answer:
        return Answer(409 if json.loads(request.body)["metadata"]["name"] != "backend" else 200)

    server.answers[f"POST {PROXY}verify"] = verify
    assert done(folder, "--validate -f sealed.yaml", **reach(server)) == b""
    sealed = (folder / "sealed.json").read_text()
    several = "".join(sealed.replace('"backend"', f'"{name}"') for name in ("one", "backend", "two"))
    ended = end(folder, "--validate", several, **reach(server))
    assert ended == (1, b"", "error: unable to decrypt sealed secret: one, two\n")


def test_a_controller_that_refuses_is_told_with_the_secret(folder: Path, server: ApiServer) -> None:
    for call, verb in (("verify", "validate"), ("rotate", "re-encrypt")):
        server.answers[f"POST {PROXY}{call}"] = refusal(403, "not for you")
        before = (folder / "sealed.yaml").read_bytes()
        ended = end(folder, f"--{verb} -f sealed.yaml", **reach(server))
        assert (ended.code, ended.out) == (1, b"")
        assert ended.err == (
            f"error: cannot {verb} backend: the context 'test' may not POST {PROXY}{call} (403): not for you\n"
        )
        assert (folder / "sealed.yaml").read_bytes() == before


def rotated(request: Any) -> Answer:
    """Answer as the controller does: other ciphertexts of the keys, and nothing else as it was."""
    sent = json.loads(request.body)
    public_key = controller().private_key.public_key()
    sealed = base64.b64encode(hybrid.seal(VALUE.encode(), public_key, b"aura/backend")).decode()
    template = {"metadata": {"name": "damaged", "creationTimestamp": None}}
    spec = {"encryptedData": dict.fromkeys(sent["spec"]["encryptedData"], sealed), "template": template}
    return Answer(200, json.dumps({"metadata": sent["metadata"], "spec": spec}).encode())


def test_only_the_ciphertexts_of_an_answer_are_taken(folder: Path, server: ApiServer) -> None:
    server.answers[f"POST {PROXY}rotate"] = rotated
    before = (folder / "sealed.yaml").read_text().replace("spec:", "# ours\nspec:")
    (folder / "sealed.yaml").write_text(before)
    assert done(folder, "--re-encrypt -f sealed.yaml", **reach(server)) == b""
    after = (folder / "sealed.yaml").read_text()
    (changed,) = [line for line in after.splitlines() if line not in before.splitlines()]
    assert changed.startswith("    user: A")
    assert len(after.splitlines()) == len(before.splitlines())
    assert opened(after.encode()) == {"backend/user": VALUE.encode()}
    printed = json.loads(done(folder, "--re-encrypt", before, **reach(server)))
    assert list(printed["spec"]["encryptedData"]) == ["user"]
    assert printed["spec"]["template"]["metadata"] == {"name": "backend", "namespace": "aura"}


def test_what_a_cluster_added_is_not_printed_with_the_new_ciphertexts(folder: Path, server: ApiServer) -> None:
    server.answers[f"POST {PROXY}rotate"] = rotated
    live = json.loads((folder / "sealed.json").read_text())
    live["metadata"] |= {"uid": "1", "generation": 2, "managedFields": []}
    live["status"] = {"observedGeneration": 2}
    printed = json.loads(done(folder, "--re-encrypt", json.dumps(live), **reach(server)))
    assert printed["metadata"] == {"name": "backend", "namespace": "aura"}
    assert "status" not in printed


def test_an_answer_that_lacks_a_key_changes_nothing(folder: Path, server: ApiServer) -> None:
    answer = json.loads((folder / "sealed.json").read_text())
    answer["spec"]["encryptedData"] = {}
    server.answers[f"POST {PROXY}rotate"] = Answer(200, json.dumps(answer).encode())
    before = (folder / "sealed.yaml").read_bytes()
    ended = end(folder, "--rotate -f sealed.yaml", **reach(server))
    message = "error: cannot re-encrypt backend: the controller's answer has the keys (none), and not user\n"
    assert ended == (1, b"", message)
    assert (folder / "sealed.yaml").read_bytes() == before


def test_no_kubernetes_client_is_loaded_without_need(folder: Path) -> None:
    script = "import sys; from sealgen.cli.main import main\ntry: main()\nfinally: print('kubernetes' in sys.modules)"
    words = [sys.executable, "-P", "-c", script, "kubeseal", "--cert", "tls.crt", "--merge-into", "sealed.yaml"]
    ended = subprocess.run(words, input=S.encode(), cwd=folder, env=environ(), capture_output=True, check=True)
    assert ended.stdout == b"False\n"
