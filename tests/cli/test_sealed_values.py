"""``sealgen seal``: what reaches the controller is what went in, byte for byte, or is refused."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from tests.support.project import Project, controller, empty
from tests.support.server_certificate import new_pair

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SEALED = "staging: 1 secret, 1 key, 1 sealed\n"
ALL_BYTES = bytes(range(256))

HOSTILE = {
    "yaml": '": x\n  evil: "',
    "document": "--- \n...\n---\nkind: Secret",
    "jinja": "{{ 7*7 }}{% raw %}{# no comment #}",
    "percent": "%s %(x)s 100%",
    "backslash": "\\n \\x41 \\",
    "quotes": "'\"''\"\"`",
    "anchors": "&a *a !!binary |",
    "emoji": "🔑 ключ \u2028\u0085\ufeff",
    "spaces": "  \t leading and trailing \t ",
    "lines": "one\ntwo\r\n\n\nthree\n\n",
    "number": "012345",
    "truth": "yes",
    "nothing": "null",
    "exponent": "1e3",
    "date": "2026-11-24",
    "colon": "a: b # c",
    "dash": "- a\n- b",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project without environments."""
    return empty(tmp_path / "project")


def one_secret(project: Project, contents: Mapping[str, bytes], header: str = "", **fields: object) -> None:
    """Make the environment staging with one Secret, each of whose keys is read from a file of its own."""
    names = [f"value_{number}" for number in range(len(contents))]
    project.environment(values={name: {"file": f"files/{name}"} for name in names}, secrets=["app"], **fields)
    project.template(
        "app", {key: f"{{{{ values.{name} }}}}" for key, name in zip(contents, names, strict=True)}, header
    )
    for name, content in zip(names, contents.values(), strict=True):
        project.write(f"files/{name}", content)


def test_values_of_every_kind_arrive_byte_for_byte(project: Project) -> None:
    contents = {
        "all-bytes": ALL_BYTES,
        "zeros": bytes(64),
        "not-utf-8": b"\xff\xfe\x00\xd8",
        "large": ALL_BYTES * 800,
        "one-byte": b"\n",
        **{key: text.encode() for key, text in HOSTILE.items()},
    }
    one_secret(project, contents)
    assert project.run("seal", "staging").code == 0
    assert project.unsealed() == {f"app/{key}": content for key, content in contents.items()}
    assert project.run("seal", "staging").out == f"staging: 1 secret, {len(contents)} keys, up to date\n"


def test_variables_of_the_environment_arrive_byte_for_byte(project: Project) -> None:
    names = {key: f"V_{key.upper()}" for key in HOSTILE}
    project.environment(values={key: {"env": name} for key, name in names.items()}, secrets=["app"])
    project.template("app", {key: f"{{{{ values.{key} }}}}" for key in HOSTILE})
    env = {names[key]: text for key, text in HOSTILE.items()}
    assert project.run("seal", "staging", env=env).code == 0
    assert project.unsealed() == {f"app/{key}": text.encode() for key, text in HOSTILE.items()}


def test_literals_arrive_as_written(project: Project) -> None:
    project.environment(secrets=["app"])
    lines = ["values:", *(f"  v{number}: {{literal: {text}}}" for number, text in enumerate(LITERALS))]
    path = "environments/staging.yaml"
    project.write(path, project.read(path).decode() + "\n".join(lines) + "\n")
    project.template("app", {f"v{number}": f"{{{{ values.v{number} }}}}" for number in range(len(LITERALS))})
    assert project.run("seal", "staging").code == 0
    assert project.unsealed() == {f"app/v{number}": text.encode() for number, text in enumerate(LITERALS)}


LITERALS = ["012345", "yes", "1e3", "2026-11-24", "0x1F", "1_000", "~x", ".5", "NaN"]


def test_what_a_value_holds_never_changes_the_keys(project: Project) -> None:
    one_secret(project, {"A": b"harmless", "B": b"harmless"})
    assert project.run("seal", "staging").code == 0
    for text in HOSTILE.values():
        project.write("files/value_0", text)
        assert project.run("seal", "staging").code == 0
        assert project.unsealed() == {"app/A": text.encode(), "app/B": b"harmless"}


def test_an_empty_value_is_sealed_with_a_warning(project: Project) -> None:
    one_secret(project, {"KEY": b""})
    assert project.run("seal", "staging", "-q") == (0, "", "warning: app/KEY: the value is empty (empty)\n")
    assert project.unsealed() == {"app/KEY": b""}
    assert project.run("seal", "staging", "-q") == (0, "", "")


def test_data_holds_base64_and_arrives_decoded(project: Project) -> None:
    project.environment(
        values={"blob": {"file": "blob"}, "encoded": {"file": "encoded"}, "host": {"literal": "postgres"}},
        secrets=["app"],
    )
    project.write("blob", ALL_BYTES)
    project.write("encoded", base64.b64encode(ALL_BYTES))
    project.write(
        "templates/app.yaml.j2",
        "apiVersion: v1\n"
        "kind: Secret\n"
        "data:\n"
        "  blob: '{{ values.blob | b64encode }}'\n"
        "  encoded: '{{ values.encoded }}'\n"
        "  written: d3JpdHRlbg==\n"
        "  joined: '{{ (\"host=\" ~ values.host) | b64encode }}'\n",
    )
    assert project.run("seal", "staging").code == 0
    assert project.unsealed() == {
        "app/blob": ALL_BYTES,
        "app/encoded": ALL_BYTES,
        "app/written": b"written",
        "app/joined": b"host=postgres",
    }


def test_data_that_is_no_base64_once_resolved_is_refused(project: Project) -> None:
    project.environment(values={"blob": {"literal": "not base64!"}}, secrets=["app"])
    project.write("templates/app.yaml.j2", "apiVersion: v1\nkind: Secret\ndata:\n  blob: '{{ values.blob }}'\n")
    before = project.tree()
    ended = project.run("seal", "staging")
    assert ended == (
        2,
        "",
        (
            "error: templates/app.yaml.j2:4:3: app/blob: blob|b64decode: "
            "takes standard base64 with padding, and this is not\n"
        ),
    )
    assert project.tree() == before


def test_bytes_can_not_be_joined_with_text(project: Project) -> None:
    one_secret(project, {"KEY": b"\xff"})
    project.edit("templates/app.yaml.j2", "'{{ values.value_0 }}'", "'a {{ values.value_0 }}'")
    before = project.tree()
    assert project.run("seal", "staging") == (
        2,
        "",
        (
            "error: templates/app.yaml.j2:4:3: app/KEY: value_0 is not UTF-8 text, "
            "so it can't be joined with other text; place it alone, or through b64encode\n"
        ),
    )
    assert project.tree() == before


# --- what a Secret can hold ---

MIB = 1024 * 1024


def test_a_secret_may_have_one_mebibyte(project: Project) -> None:
    one_secret(project, {"A": b"a" * (MIB - 1), "B": b"b"})
    assert project.run("seal", "staging").code == 0
    assert project.unsealed() == {"app/A": b"a" * (MIB - 1), "app/B": b"b"}


def test_a_secret_of_more_than_a_mebibyte_is_refused(project: Project) -> None:
    one_secret(project, {"A": b"a" * (MIB - 1), "B": b"bc"})
    before = project.tree()
    assert project.run("seal", "staging") == (
        2,
        "",
        (
            "error: templates/app.yaml.j2:1: app: the values have 1048577 bytes together; "
            "a Secret can have 1048576 (1 MiB)\n"
        ),
    )
    assert project.tree() == before


def test_keys_that_stay_count_too(project: Project) -> None:
    one_secret(project, {"A": b"a" * 600_000, "B": b"b"})
    assert project.run("seal", "staging").code == 0
    project.write("files/value_1", b"b" * 600_000)
    before = project.tree()
    assert project.run("seal", "staging") == (
        2,
        "",
        (
            "error: templates/app.yaml.j2:1: app: the values have 1200000 bytes together; "
            "a Secret can have 1048576 (1 MiB)\n"
        ),
    )
    assert project.tree() == before


# --- what a type requires ---


def test_a_tls_secret_whose_key_is_for_another_certificate_is_refused(project: Project) -> None:
    (certificate, key), (_, other) = new_pair(), new_pair()
    one_secret(project, {"tls.crt": certificate, "tls.key": other}, "type: kubernetes.io/tls")
    before = project.tree()
    assert project.run("seal", "staging") == (
        2,
        "",
        "error: templates/app.yaml.j2:1: app: 'tls.key' is not the private key of the certificate in 'tls.crt'\n",
    )
    assert project.tree() == before
    project.write("files/value_1", key)
    assert project.run("seal", "staging").code == 0


def test_a_new_certificate_that_does_not_match_the_key_that_stays_is_refused(project: Project) -> None:
    certificate, key = new_pair()
    one_secret(project, {"tls.crt": certificate, "tls.key": key}, "type: kubernetes.io/tls")
    assert project.run("seal", "staging").code == 0
    project.write("files/value_0", new_pair()[0])
    before = project.tree()
    assert project.run("seal", "staging") == (
        2,
        "",
        "error: templates/app.yaml.j2:1: app: 'tls.key' is not the private key of the certificate in 'tls.crt'\n",
    )
    assert project.tree() == before


def test_a_certificate_that_is_none_is_refused(project: Project) -> None:
    one_secret(project, {"tls.crt": b"none", "tls.key": new_pair()[1]}, "type: kubernetes.io/tls")
    ended = project.run("seal", "staging")
    assert ended == (
        2,
        "",
        (
            "error: templates/app.yaml.j2:1: app: 'tls.crt' "
            "holds no PEM block, which begins with a line '-----BEGIN …-----'\n"
        ),
    )


@pytest.mark.parametrize(
    ("header", "keys", "problem"),
    [
        ("type: kubernetes.io/tls", ["tls.crt"], "3:7: a Secret of type kubernetes.io/tls needs the key 'tls.key'"),
        (
            "type: kubernetes.io/dockerconfigjson",
            ["dockerconfigjson"],
            (
                "3:7: a Secret of type kubernetes.io/dockerconfigjson needs the key '.dockerconfigjson'; "
                "rename 'dockerconfigjson' to '.dockerconfigjson'?"
            ),
        ),
        (
            "type: kubernetes.io/service-account-token",
            ["token"],
            (
                "3:7: a Secret of type kubernetes.io/service-account-token can't be sealed: "
                "the token controller of the cluster fills it for a ServiceAccount; "
                "create it without sealgen, or use 'kubectl create token'"
            ),
        ),
        (
            "type: kubernetes.io/basic-auth",
            ["user"],
            "3:7: a Secret of type kubernetes.io/basic-auth needs the key 'username' or 'password', or both",
        ),
    ],
)
def test_keys_that_a_type_requires_are_told_before_any_value_is_read(
    project: Project, header: str, keys: list[str], problem: str
) -> None:
    one_secret(project, dict.fromkeys(keys, b"x"), header)
    (project.root / "files/value_0").unlink()
    for command in ("seal", "plan", "check"):
        assert project.run(command, "staging") == (2, "", f"error: templates/app.yaml.j2:{problem}\n")


def test_registry_credentials_of_another_shape_are_refused(project: Project) -> None:
    one_secret(project, {".dockerconfigjson": b'{"auth": {}}'}, "type: kubernetes.io/dockerconfigjson")
    before = project.tree()
    assert project.run("seal", "staging") == (
        2,
        "",
        "error: templates/app.yaml.j2:1: app: '.dockerconfigjson' must be a JSON object with an object 'auths'\n",
    )
    assert project.tree() == before


# --- the rules of a value ---


def one_variable(project: Project, **fields: object) -> None:
    """Make an environment whose one key is read from the variable V."""
    project.environment(values={"token": {"env": "V", **fields}}, secrets=["app"])
    project.template("app", {"KEY": "{{ values.token }}"})


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"min_length": 8}, "is shorter than its min_length, 8 bytes"),
        ({"max_length": 6}, "is longer than its max_length, 6 bytes"),
        ({"pattern": "[a-z]+"}, "does not match its pattern, [a-z]+"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_and_not_shown(
    project: Project, rules: dict[str, object], problem: str
) -> None:
    one_variable(project, **rules)
    before = project.tree()
    for command in ("seal", "plan"):
        assert project.run(command, "staging", env={"V": "hunter2"}) == (1, "", f"error: values.token {problem}\n")
    assert project.tree() == before


PLACEHOLDER = "app/KEY: the value looks like a placeholder; put in the real one (placeholder)"
REFUSED = (
    2,
    "",
    (
        f"error: templates/app.yaml.j2:4:3: {PLACEHOLDER}\n"
        "'lint: error' refuses it; 'lint: warn' on the value or the environment lets it pass.\n"
    ),
)


def test_a_suspicious_value_is_sealed_with_a_warning(project: Project) -> None:
    one_variable(project)
    assert project.run("seal", "staging", "-q", env={"V": "CHANGEME"}) == (0, "", f"warning: {PLACEHOLDER}\n")
    assert project.unsealed() == {"app/KEY": b"CHANGEME"}


def test_a_suspicious_value_is_refused_where_the_value_says_so(project: Project) -> None:
    one_variable(project, lint="error")
    before = project.tree()
    assert project.run("seal", "staging", env={"V": "CHANGEME"}) == REFUSED
    assert project.tree() == before


def test_a_suspicious_value_is_refused_where_the_environment_says_so(project: Project) -> None:
    one_variable(project)
    project.change(lint="error")
    before = project.tree()
    assert project.run("seal", "staging", env={"V": "CHANGEME"}) == REFUSED
    assert project.tree() == before


def test_a_value_may_be_less_strict_than_its_environment(project: Project) -> None:
    one_variable(project, lint="warn")
    project.change(lint="error")
    assert project.run("seal", "staging", "-q", env={"V": "CHANGEME"}) == (0, "", f"warning: {PLACEHOLDER}\n")


def test_text_of_the_template_itself_is_looked_at_too(project: Project) -> None:
    project.environment(secrets=["app"], lint="error")
    project.template("app", {"KEY": "CHANGEME"})
    assert project.run("seal", "staging") == REFUSED


def test_a_certificate_and_a_key_that_do_not_match_are_warned_about_without_a_type(project: Project) -> None:
    (certificate, _), (_, other) = new_pair(), new_pair()
    one_secret(project, {"server.crt": certificate, "server.key": other})
    ended = project.run("seal", "staging", "-q")
    assert (ended.code, ended.out) == (0, "")
    assert [line.rpartition(" ")[2] for line in ended.err.splitlines()] == ["(certificate-key-mismatch)"]


# --- values of several parts ---


def test_a_generated_certificate_and_its_key_are_of_one_pair(project: Project) -> None:
    project.environment(
        values={"tls": {"generate": "tls", "names": ["aura.example", "10.0.0.1"], "days": 30}}, secrets=["app"]
    )
    project.template(
        "app", {"tls.crt": "{{ values.tls.crt }}", "tls.key": "{{ values.tls.key }}"}, "type: kubernetes.io/tls"
    )
    for arguments in ([], ["--rotate", "tls"]):
        assert project.run("seal", "staging", *arguments).code == 0
        values = project.unsealed()
        certificate = x509.load_pem_x509_certificate(values["app/tls.crt"])
        key = load_pem_private_key(values["app/tls.key"], None)
        form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        assert certificate.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc < timedelta(days=31)


def test_the_parts_of_an_ssh_key_are_of_one_pair_across_secrets(project: Project) -> None:
    project.environment(values={"deploy": {"generate": "ssh", "comment": "deploy@aura"}}, secrets=["client", "server"])
    project.template("client", {"ssh-privatekey": "{{ values.deploy.private }}"}, "type: kubernetes.io/ssh-auth")
    project.template("server", {"authorized_keys": "{{ values.deploy.public }}\n"})
    project.edit("templates/server.yaml.j2", "'{{ values.deploy.public }}\n'", "|\n    {{ values.deploy.public }}")
    assert project.run("seal", "staging").code == 0
    values = project.unsealed()
    key = load_ssh_private_key(values["client/ssh-privatekey"], None)
    public = load_ssh_public_key(values["server/authorized_keys"])
    form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert key.public_key().public_bytes(*form) == public.public_bytes(*form)
    assert values["server/authorized_keys"].endswith(b" deploy@aura\n")


def test_one_part_alone_can_not_be_sealed_again(project: Project) -> None:
    project.environment(values={"deploy": {"generate": "ssh"}}, secrets=["app"])
    project.template("app", {"private": "{{ values.deploy.private }}"})
    assert project.run("seal", "staging").code == 0
    project.template("app", {"private": "{{ values.deploy.private }}", "public": "{{ values.deploy.public }}"})
    assert project.run("seal", "staging", "-q") == (
        12,
        "",
        (
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Make a new version with the run: sealgen seal staging --rotate deploy\n"
        ),
    )


# --- the certificate ---


def one_literal(project: Project) -> None:
    """Make the smallest environment there is."""
    project.environment(values={"user": {"literal": "aura"}}, secrets=["app"])
    project.template("app", {"KEY": "{{ values.user }}"})


def test_another_certificate_than_the_pinned_one_is_refused(project: Project) -> None:
    one_literal(project)
    other = controller("two")
    project.write("environments/certificates/controller.pem", other.certificate)
    before = project.tree()
    for command in ("seal", "plan"):
        assert project.run(command, "staging") == (
            2,
            "",
            (
                "error: environments/staging.yaml:5:16: environments/certificates/controller.pem has the fingerprint "
                f"{other.fingerprint}, but the pin is {project.controller.fingerprint}\n"
                "See what the cluster has, and take it once whoever runs it confirms that: sealgen cert fetch staging\n"
            ),
        )
    assert project.tree() == before


def test_an_accepted_certificate_serves_new_ciphertexts_and_leaves_the_others(project: Project) -> None:
    one_literal(project)
    assert project.run("seal", "staging").code == 0
    before = project.tree()
    other = controller("two")
    project.write("environments/certificates/controller.pem", other.certificate)
    project.change(backend=project.backend(fingerprint=other.fingerprint))
    assert project.run("seal", "staging").out == "staging: 1 secret, 1 key, up to date\n"
    assert project.tree()[project.manifest("app")] == before[project.manifest("app")]
    project.edit("environments/staging.yaml", "literal: aura", "literal: another")
    assert project.run("seal", "staging").code == 0
    assert Project(project.root, other).unsealed() == {"app/KEY": b"another"}
    assert project.lock()["app/KEY"]["certificate"] == other.fingerprint


def test_an_expired_certificate_seals_nothing(project: Project) -> None:
    expired = controller("expired", age=timedelta(days=3651))
    project.write("environments/certificates/controller.pem", expired.certificate)
    one_literal(project)
    project.change(backend=project.backend(fingerprint=expired.fingerprint))
    before = project.tree()
    ended = project.run("seal", "staging")
    place = "error: environments/staging.yaml:4:16: environments/certificates/controller.pem expired on "
    assert (ended.code, ended.out, ended.err[: len(place)]) == (2, "", place)
    assert ended.err.splitlines()[1] == "Get the cluster's current certificate: sealgen cert fetch staging"
    assert project.tree() == before


def test_a_certificate_that_is_not_yet_valid_seals_nothing(project: Project) -> None:
    early = controller("early", age=timedelta(days=-2))
    project.write("environments/certificates/controller.pem", early.certificate)
    one_literal(project)
    project.change(backend=project.backend(fingerprint=early.fingerprint))
    before = project.tree()
    ended = project.run("seal", "staging")
    place = "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is not valid before "
    assert (ended.code, ended.out, ended.err[: len(place)]) == (2, "", place)
    assert ended.err.splitlines()[1] == (
        "Check this machine's clock, or get the cluster's current certificate: sealgen cert fetch staging"
    )
    assert project.tree() == before


def test_a_missing_certificate_is_told_with_the_way_to_get_it(project: Project) -> None:
    one_literal(project)
    (project.root / "environments/certificates/controller.pem").unlink()
    before = project.tree()
    for command in ("seal", "plan"):
        assert project.run(command, "staging") == (
            2,
            "",
            (
                "error: environments/staging.yaml:4:16: there is no environments/certificates/controller.pem\n"
                "Get the controller's certificate: sealgen cert fetch staging\n"
            ),
        )
    assert project.tree() == before
