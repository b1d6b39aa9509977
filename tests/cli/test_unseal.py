"""``sealgen unseal``: Secrets in clear where they were asked for, and nowhere else; which key opened which value."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sealgen.crypto import hybrid
from tests.support.leaks import leaked
from tests.support.project import Controller, Project, controller, empty, environ
from tests.support.sealing_keys import key_secret, private_pem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ONE, TWO = controller("one"), controller("two")
VALUES = {"password": b"correct horse battery staple", "binary": bytes(range(40))}
SECRET = """\
---
apiVersion: v1
data:
  binary: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJw==
  password: Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==
kind: Secret
metadata:
  labels:
    app: aura
  name: backend
  namespace: aura
type: Opaque
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder with the files sealed.yaml, one.pem and keys.json: no project is needed."""
    project = empty(tmp_path)
    project.write("sealed.yaml", yaml.safe_dump(sealed("backend", VALUES)))
    project.write("one.pem", private_pem(ONE))
    listed = {"apiVersion": "v1", "kind": "List", "items": [key_secret(TWO, "old"), key_secret(ONE, "new")]}
    project.write("keys.json", json.dumps(listed))
    return project


def sealed(name: str, values: Mapping[str, bytes], by: Controller = ONE, namespace: str = "aura") -> dict[str, Any]:
    public_key, label = by.private_key.public_key(), f"aura/{name}".encode()
    ciphertexts = {key: base64.b64encode(hybrid.seal(value, public_key, label)) for key, value in values.items()}
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "encryptedData": {key: text.decode() for key, text in ciphertexts.items()},
            "template": {"metadata": {"name": name, "labels": {"app": "aura"}}, "type": "Opaque"},
        },
    }


TABLE = f"""\
  SECRET        KEY       OPENED BY                                           FROM
  aura/backend  binary    {ONE.fingerprint}  one.pem
  aura/backend  password  {ONE.fingerprint}  one.pem
"""


def test_secrets_are_printed_and_which_key_opened_what_is_told_beside_them(project: Project) -> None:
    assert project.run("unseal", "sealed.yaml", "--private-key", "one.pem") == (0, SECRET, TABLE)
    assert project.run("unseal", "sealed.yaml", "--private-key", "one.pem", "-q") == (0, SECRET, "")


def test_keys_are_taken_from_several_files_and_from_key_secrets(project: Project) -> None:
    project.write("both.yaml", yaml.safe_dump_all([sealed("a", {"x": b"1"}), sealed("b", {"z": b"2"}, by=TWO)]))
    keys = ("--private-key", "one.pem", "--private-key", "keys.json")
    code, out, err = project.run("unseal", "both.yaml", "sealed.yaml", *keys)
    assert code == 0, err
    assert [secret["metadata"]["name"] for secret in yaml.safe_load_all(out)] == ["a", "b", "backend"]
    assert [line.split() for line in err.splitlines()[1:3]] == [
        ["aura/a", "x", ONE.fingerprint, "one.pem"],
        ["aura/b", "z", TWO.fingerprint, "keys.json", "(Secret", "old)"],
    ]


def test_what_else_the_files_hold_is_passed_over_and_a_file_without_any_is_named(project: Project) -> None:
    project.write("kustomization.yaml", "kind: Kustomization\nresources: [sealed.yaml]\n")
    project.write("values.yaml", "replicas: 2\n")
    mixed = {"apiVersion": "v1", "kind": "List", "items": [key_secret(ONE, "a"), sealed("backend", VALUES)]}
    project.write("mixed.json", json.dumps(mixed, sort_keys=True))
    files = ("kustomization.yaml", "mixed.json", "values.yaml")
    ended = project.run("unseal", *files, "--private-key", "one.pem")
    assert (ended.code, ended.out) == (0, SECRET)
    assert ended.err == (f"kustomization.yaml holds no SealedSecret\nvalues.yaml holds no SealedSecret\n{TABLE}")


def piped(project: Project, content: bytes, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "sealgen", *arguments],
        cwd=project.root,
        env=environ(),
        input=content,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_either_the_manifests_or_the_keys_may_come_from_standard_input(project: Project) -> None:
    sealed_yaml, pem = project.read("sealed.yaml"), project.read("one.pem")
    assert piped(project, sealed_yaml, "unseal", "-", "--private-key", "one.pem", "-q") == (0, SECRET)
    assert piped(project, pem, "unseal", "sealed.yaml", "--private-key", "-", "-q") == (0, SECRET)
    assert piped(project, pem, "unseal", "-", "--private-key", "-") == (
        2,
        "error: standard input (-) can be read once\nTry 'sealgen unseal --help'.\n",
    )
    assert piped(project, b"hunter2", "unseal", "sealed.yaml", "--private-key", "-") == (
        2,
        (
            "error: standard input is not PEM; a private key begins with -----BEGIN PRIVATE KEY----- or "
            "-----BEGIN RSA PRIVATE KEY-----\n"
        ),
    )


def test_json_tells_what_opened_which_value_and_no_plaintext(project: Project) -> None:
    ended = project.run("unseal", "sealed.yaml", "--private-key", "one.pem", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.document["command"] == "unseal"
    opened = [
        {"key": key, "fingerprint": ONE.fingerprint, "private_key_file": "one.pem"} for key in ("binary", "password")
    ]
    assert ended.document["results"] == [
        {
            "file": "sealed.yaml",
            "namespace": "aura",
            "secret": "backend",
            "opened": opened,
            "unopened": [],
            "warnings": [],
        }
    ]
    assert not leaked(ended.out.encode(), VALUES)


def test_secrets_are_written_to_a_file_for_its_owner_alone_and_not_printed(project: Project) -> None:
    file = project.root / "out.yaml"
    for more in ((), ("--force",), ("--force", "--json")):
        ended = project.run("unseal", "sealed.yaml", "--private-key", "one.pem", "--output", "out.yaml", *more)
        assert ended.code == 0
        assert not leaked((ended.out + ended.err).encode(), VALUES)
        assert file.read_text() == SECRET
        assert file.stat().st_mode & 0o777 == 0o600
        file.chmod(0o644)
        project.write("out.yaml", "something else")


def test_a_file_that_is_there_is_not_written_over_without_force_and_a_link_never(project: Project) -> None:
    project.write("out.yaml", "precious")
    (project.root / "link.yaml").symlink_to("out.yaml")
    arguments = ("unseal", "sealed.yaml", "--private-key", "one.pem", "-q", "--output")
    assert project.run(*arguments, "out.yaml") == (2, "", "error: out.yaml is there already; nothing was written\n")
    assert project.run(*arguments, "link.yaml") == (2, "", "error: link.yaml is there already; nothing was written\n")
    assert project.run(*arguments, "link.yaml", "--force") == (
        2,
        "",
        "error: link.yaml is a link; nothing was written\n",
    )
    assert project.read("out.yaml") == b"precious"


def test_no_file_is_written_that_git_would_take(project: Project) -> None:
    project.git("init", "--quiet")
    arguments = ("unseal", "sealed.yaml", "--private-key", "one.pem", "-q", "--output", "out.yaml")
    assert project.run(*arguments) == (
        2,
        "",
        (
            "error: Git does not ignore out.yaml, which holds secrets\n"
            f"Add the line '/out.yaml' to {project.root / '.gitignore'}.\n"
        ),
    )
    assert not (project.root / "out.yaml").exists()
    project.write(".gitignore", "/out.yaml\n")
    assert project.run(*arguments) == (0, "", "")


REASON = "it was sealed with another certificate or for another place, or it was altered"


@pytest.fixture
def mixed(project: Project) -> Project:
    """The folder with mixed.json: one Secret of which half is opened, one of which nothing is, one that is whole."""
    half = sealed("half", {"good": b"1"})
    half["spec"]["encryptedData"] |= sealed("half", {"bad": VALUES["password"]}, by=TWO)["spec"]["encryptedData"]
    moved = sealed("moved", {"x": VALUES["binary"]}, namespace="elsewhere")
    moved["spec"]["template"]["metadata"]["namespace"] = "aura"
    items = [half, moved, sealed("whole", {"y": b"2"}), sealed("bare", {})]
    project.write("mixed.json", json.dumps({"kind": "List", "items": items}, indent=0))
    return project


BAD = f"mixed.json:14:8: aura/half/bad: no private key opens it with the label 'aura/half' (scope strict): {REASON}"
MOVED = (
    "mixed.json:36:6: elsewhere/moved/x: no private key opens it with the label 'elsewhere/moved' (scope strict), "
    "but one does with the label 'aura/moved' (scope strict)"
)


def test_where_a_value_is_not_opened_nothing_is_printed_and_each_is_named(mixed: Project) -> None:
    for more in ((), ("--output", "out.yaml")):
        ended = mixed.run("unseal", "mixed.json", "--private-key", "one.pem", "-q", *more)
        assert ended == (
            1,
            "",
            (
                f"error: {BAD}\nerror: {MOVED}\nerror: 2 values can't be opened, 2 can; nothing was written\n"
                "--skip-unopened leaves out those that can't be.\n"
            ),
        )
    assert not (mixed.root / "out.yaml").exists()


def test_what_is_not_opened_can_be_left_out_and_the_rest_be_had(mixed: Project) -> None:
    ended = mixed.run("unseal", "mixed.json", "--private-key", "one.pem", "-q", "--skip-unopened")
    assert ended.code == 11
    assert {secret["metadata"]["name"]: secret.get("data") for secret in yaml.safe_load_all(ended.out)} == {
        "half": {"good": "MQ=="},
        "whole": {"y": "Mg=="},
        "bare": None,
    }
    assert ended.err == f"warning: {BAD}\nwarning: {MOVED}\n"


@pytest.mark.parametrize(("more", "code"), [((), 1), (("--skip-unopened",), 11)])
def test_json_names_what_is_not_opened(mixed: Project, more: tuple[str, ...], code: int) -> None:
    ended = mixed.run("unseal", "mixed.json", "--private-key", "one.pem", "--json", *more)
    assert (ended.code, ended.err, ended.document["exit_code"]) == (code, "", code)
    half = ended.document["results"][0]
    assert [value["key"] for value in half["opened"]] == ["good"]
    assert half["unopened"] == [
        {"key": "bad", "problem": f"no private key opens it with the label 'aura/half' (scope strict): {REASON}"}
    ]
    assert [(error["file"], error["line"], error["column"]) for error in ended.document["errors"]] == [
        ("mixed.json", 14, 8),
        ("mixed.json", 36, 6),
    ]


def test_what_the_controller_would_make_otherwise_is_a_warning(project: Project) -> None:
    document = sealed("backend", {"a": b"1"})
    document["spec"]["template"]["data"] = {"url": "{{ .a }}"}
    document["spec"]["template"]["metadata"]["annotations"] = {"sealedsecrets.bitnami.com/cluster-wide": "true"}
    project.write("odd.yaml", yaml.safe_dump(document))
    ended = project.run("unseal", "odd.yaml", "--private-key", "one.pem", "-q")
    warnings = [
        "it is opened with the scope strict of its metadata; its template says cluster-wide",
        "'url' of spec.template.data is left out: only the controller renders Go templates",
    ]
    assert ended.err == "".join(f"warning: odd.yaml:1:1: aura/backend: {warning}\n" for warning in warnings)
    assert yaml.safe_load(ended.out)["data"] == {"a": "MQ=="}
    ended = project.run("unseal", "odd.yaml", "--private-key", "one.pem", "--json")
    assert (ended.err, ended.document["results"][0]["warnings"]) == ("", warnings)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--private-key", "one.pem"), "Missing argument 'FILE...'.\nTry 'sealgen unseal --help'."),
        (("sealed.yaml",), "Missing option '--private-key'.\nTry 'sealgen unseal --help'."),
        (
            ("sealed.yaml", "--private-key", "one.pem", "--force"),
            "--force is for --output\nTry 'sealgen unseal --help'.",
        ),
        (("missing.yaml", "--private-key", "one.pem"), "can't read missing.yaml: No such file or directory"),
        (("sealed.yaml", "--private-key", "."), "can't read .: Is a directory"),
        (
            ("sealed.yaml", "--private-key", "environments/certificates/controller.pem"),
            (
                "environments/certificates/controller.pem holds no private key but a CERTIFICATE\n"
                "A certificate seals; what opens is tls.key of the controller's key Secret."
            ),
        ),
        (("keys.json", "--private-key", "one.pem"), "no SealedSecret in keys.json"),
        (("one.pem", "--private-key", "one.pem"), "one.pem:1:1: an object must be a mapping"),
    ],
)
def test_what_can_not_be_right_is_one_error(project: Project, arguments: tuple[str, ...], error: str) -> None:
    assert project.run("unseal", *arguments) == (2, "", f"error: {error}\n")


def test_no_error_holds_a_plaintext_of_the_input(project: Project) -> None:
    for number, content in enumerate(
        (
            yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": VALUES["password"].decode()}}),
            f"a: {VALUES['password'].decode()}\n b: c\n",
            VALUES["password"].decode(),
        )
    ):
        project.write(f"{number}.yaml", content)
        file = f"{number}.yaml"
        for arguments in ((file, "--private-key", "one.pem"), ("sealed.yaml", "--private-key", file)):
            ended = project.run("unseal", *arguments)
            assert ended.code == 2
            assert not leaked((ended.out + ended.err).encode(), VALUES)


def test_a_manifest_of_external_secrets_has_nothing_to_unseal(project: Project) -> None:
    project.write("external.yaml", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\n")
    assert project.run("unseal", "external.yaml", "--private-key", "one.pem") == (
        2,
        "",
        "error: no SealedSecret in external.yaml\n",
    )
