"""Malformed input of every kind: its exact message and exit code, and not one file changed."""

# ruff: noqa: E501  (a message stands on one line, so that a search finds it)

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.project import OTHER_FINGERPRINT_KEY, Project, aura, controller

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENV = "environments/staging.yaml"
LOCK = "environments/staging.lock"
TEMPLATE = "templates/redis-secrets.yaml.j2"
CERTIFICATE = "environments/certificates/controller.pem"
MANIFEST = "k8s/overlays/staging/redis-secrets.yaml"
KUSTOMIZATION = "k8s/overlays/staging/kustomization.yaml"


class Case(NamedTuple):
    """A working project, what is done to it, and variables of the run's environment."""

    project: Project
    environ: dict[str, str | None]


# What is done to a project that works and is sealed.


def edit(path: str, old: str, new: str) -> Callable[[Case], None]:
    return lambda case: case.project.edit(path, old, new)


def put(path: str, content: str | bytes) -> Callable[[Case], None]:
    return lambda case: case.project.write(path, content)


def alter(path: str, change: Callable[[bytes], bytes]) -> Callable[[Case], None]:
    return lambda case: case.project.write(path, change(case.project.read(path)))


def delete(path: str) -> Callable[[Case], None]:
    return lambda case: (case.project.root / path).unlink()


def private(path: str, content: str) -> Callable[[Case], None]:
    def write(case: Case) -> None:
        case.project.write(path, content)
        (case.project.root / path).chmod(0o600)

    return write


def environ(name: str, value: str | None) -> Callable[[Case], None]:
    return lambda case: case.environ.update({name: value})


def private_key(key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    return (key or controller().private_key).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root of a project that works: staging is sealed, development is plain."""
    project = aura(tmp_path_factory.mktemp("sealed"))
    project.environment(
        "development",
        backend={"kind": "plain"},
        values={"password": {"generate": "hex", "bytes": 16}},
        secrets=["one"],
    )
    project.template("one", {"PASSWORD": "{{ values.password }}"})
    project.git("init")
    project.write(".gitignore", ".sealgen/\n")
    assert project.run("seal", "staging").code == 0
    assert project.run("plan", "staging").code == 0
    return project.root


# The message has {root}, {pin} and {other} for the project's folder and the fingerprints of the certificates.

ROWS: list[tuple[str, tuple[Callable[[Case], None], ...], str, int, str]] = [
    (
        "configuration",
        (put(ENV, ""),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: the file is empty\n"),
    ),
    (
        "configuration",
        (put(ENV, "- a\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: an environment file must be a mapping\n"),
    ),
    (
        "configuration",
        (put(ENV, "values: [\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:2:1: not YAML: did not find expected node content\n"),
    ),
    (
        "configuration",
        (put(ENV, b"\xff\xfe"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: not UTF-8 text\n"),
    ),
    (
        "configuration",
        (put(ENV, "a: b\n---\nc: d\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:2:1: a second document; a file holds one\n"),
    ),
    (
        "configuration",
        (edit(ENV, "vars:", "vars: &here"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:7:7: an anchor (&here); write the value out where it is used\n"),
    ),
    (
        "configuration",
        (edit(ENV, "vars:", "vars: !!python/object/apply:os.system"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:7:7: a YAML tag (tag:yaml.org,2002:python/object/apply:os.system); write plain text\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "postgres_host: postgres", "postgres_host: *other"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:8:18: an alias (*other); write the value out\n"),
    ),
    (
        "configuration",
        (edit(ENV, "vars:", "\tvars:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:7:1: not YAML: found a tab character that violates indentation\n"),
    ),
    (
        "configuration",
        (edit(ENV, "vars:", "namespace: twice\nvars:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:7:1: 'namespace' occurs twice; the first is in line 1\n"),
    ),
    (
        "configuration",
        (edit(ENV, "namespace:", "namspace:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: unknown field 'namspace'; did you mean 'namespace'?\n"),
    ),
    (
        "configuration",
        (edit(ENV, "namespace: aura-staging", "namespace: Aura_Staging"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:1:12: namespace: 'Aura_Staging' can't be a namespace: use lower-case letters, digits and '-', with a letter or digit at both ends; did you mean 'aura-staging'?\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "namespace: aura-staging\n", ""),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: namespace is missing; write namespace: aura-staging\n"),
    ),
    (
        "configuration",
        (edit(ENV, "namespace: aura-staging", "namespace: [a]"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:12: namespace must be text, not a list\n"),
    ),
    (
        "configuration",
        (edit(ENV, "kind: sealed-secrets", "kind: sealed-secret"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:3:9: backend.kind can't be 'sealed-secret'; did you mean 'sealed-secrets'?\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "kind: sealed-secrets\n", "scpoe: strict\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:3:3: unknown field 'backend.scpoe'; did you mean 'scope'?\n"),
    ),
    (
        "configuration",
        (alter(ENV, lambda old: old.replace(controller().fingerprint.encode(), b"MD5:12:34")),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:5:16: backend.fingerprint: 'MD5:12:34' is not a fingerprint; it looks like SHA256: and 43 characters, see 'sealgen cert show FILE'\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "  certificate: environments/certificates/controller.pem\n", ""),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:3:3: backend.certificate is missing; write certificate: environments/certificates/controller.pem\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "certificate: environments/certificates/controller.pem", "certificate: http://cluster/cert.pem"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:4:16: backend.certificate: 'http://cluster/cert.pem' must be a path or an https:// URL\n"
        ),
    ),
    (
        "configuration",
        (
            edit(
                ENV,
                "certificate: environments/certificates/controller.pem",
                "certificate: environments/certificates/lost.pem",
            ),
        ),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:4:16: there is no environments/certificates/lost.pem\n"
            "Get the controller's certificate: sealgen cert fetch staging\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "kind: sealed-secrets", "kind: sealed-secrets\n  scope: wide"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:4:10: backend.scope can't be 'wide'; known are cluster-wide, namespace-wide, strict\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "output: k8s/overlays/staging", 'output: ""'),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:6:9: output: '' must be a path below the project's root\n"),
    ),
    (
        "configuration",
        (edit(ENV, "output: k8s/overlays/staging\n", ""),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:3:3: output is missing; write output: k8s/overlays/staging\n"),
    ),
    (
        "configuration",
        (edit(ENV, "output: k8s/overlays/staging", "output: templates"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:6:9: output: 'templates' can't be the output: sealgen reads environments/ and templates/ and never writes there\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "postgres_host: postgres", "postgres_host: yes"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:8:18: vars.postgres_host: yes is neither text nor a whole number to every YAML reader; write 'yes' for the text\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "postgres_host: postgres", "postgres_host: 1.5"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:8:18: vars.postgres_host: 1.5 is neither text nor a whole number to every YAML reader; write '1.5' for the text\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "vars:\n", "vars: none\nvalues_:\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:7:7: vars must be a mapping\n"),
    ),
    (
        "configuration",
        (edit(ENV, "jwt_secret_key:", "jwt-secret-key:"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:10:3: values: 'jwt-secret-key' can't be a name in templates; letters, digits and _ can; did you mean 'jwt_secret_key'?\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "generate: hex", "generate: hx"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:11:15: values.jwt_secret_key.generate can't be 'hx'; did you mean 'hex'?\n"),
    ),
    (
        "configuration",
        (edit(ENV, "bytes: 32", "bites: 32"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:12:5: unknown field 'values.jwt_secret_key.bites'; did you mean 'bytes'?\n"),
    ),
    (
        "configuration",
        (edit(ENV, "bytes: 32", 'bytes: "32"'),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:12:12: values.jwt_secret_key.bytes must be a whole number from 16 to 4096, without quotes\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "bytes: 32", "bytes: 4"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:12:12: values.jwt_secret_key.bytes must be a whole number from 16 to 4096, not 4\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "bytes: 32", "bytes: 99999999"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:12:12: values.jwt_secret_key.bytes must be a whole number from 16 to 4096, not 99999999\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "literal: aura", "literal: aura\n    generate: hex"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:15:5: values.postgres_user has two sources, 'literal' (environments/staging.yaml:14:5) and 'generate'; one is needed\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "literal: aura", "min_length: 3"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:14:5: values.postgres_user has no source; one of literal, generate, env, file, dotenv, exec, prompt, vault, aws-secretsmanager, aws-ssm, sops, kubernetes\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "literal: aura", "literal:"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:14:13: values.postgres_user.literal is empty; it must be text; write '' for an empty value\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "literal: aura", "litteral: aura"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:14:5: unknown field 'values.postgres_user.litteral'; did you mean 'literal'?\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "env: SMTP_PASSWORD", "env: SMTP-PASSWORD"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:22:10: values.smtp_password.env can't be 'SMTP-PASSWORD'; it must be letters, digits and '_', no digit first\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "bytes: 32", "bytes: 32\n    rotate_every: 90"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:13:19: values.jwt_secret_key.rotate_every must be a duration such as 30d, 12w, 2y, not '90'\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "env: SMTP_PASSWORD", 'exec: "cat x"'),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:22:11: values.smtp_password.exec must be a list\n"),
    ),
    (
        "configuration",
        (edit(ENV, "env: SMTP_PASSWORD", "exec: []"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:22:11: values.smtp_password.exec is empty\n"),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- redis_secrets"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:26:3: secrets[2]: 'redis_secrets' can't be a name: use lower-case letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'; did you mean 'redis-secrets'?\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- redis-secret"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:26:3: there is no template templates/redis-secret.yaml.j2; did you mean 'redis-secrets'?\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- redis-secrets\n- redis-secrets"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:27:3: the secret 'redis-secrets' is listed twice\n"),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  filename: kustomization.yaml"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:27:13: secrets[2].filename: 'kustomization.yaml' is the overlay's own\n"),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  filename: backend-secrets.yaml"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:26:9: 'redis-secrets' and 'backend-secrets' have one file, backend-secrets.yaml\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- {}"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:26:3: secrets[2].name is missing; write name: backend-secrets\n"),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  templte: x"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:27:3: unknown field 'secrets[2].templte'; did you mean 'template'?\n"),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  values: {redis_password: redis_pasword}"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:27:28: secrets.redis-secrets.values.redis_password: no value 'redis_pasword'; did you mean 'redis_password'?\n"
        ),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- [redis-secrets]"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:26:3: secrets[2] must be a name or a mapping\n"),
    ),
    (
        "configuration",
        (edit(ENV, "secrets:", "lint: strict\nsecrets:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:23:7: lint can't be 'strict'; known are error, warn\n"),
    ),
    (
        "configuration",
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  type: kubernetes.io/tls"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:1: a Secret of type kubernetes.io/tls needs the keys 'tls.crt' and 'tls.key'\n"
        ),
    ),
    (
        "extends",
        (edit(ENV, "namespace:", "extends: lost\nnamespace:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:10: there is no environments/lost.yaml\n"),
    ),
    (
        "extends",
        (edit(ENV, "namespace:", "extends: staging\nnamespace:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:10: the files extend each other in a circle: staging → staging\n"),
    ),
    (
        "extends",
        (edit(ENV, "namespace:", "extends: [base]\nnamespace:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:10: extends must be text, not a list\n"),
    ),
    (
        "extends",
        (edit(ENV, "namespace:", "extends: ../base\nnamespace:"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:1:10: extends can't be '../base'; it must be the name of a file of environments/, without .yaml: lower-case letters, digits, '-', '_', '.'\n"
        ),
    ),
    (
        "extends",
        (
            put("environments/base.yaml", "- a\n"),
            edit(ENV, "namespace:", "extends: base\nnamespace:"),
        ),
        "plan staging",
        2,
        ("error: environments/base.yaml:1:1: an environment file must be a mapping\n"),
    ),
    (
        "extends",
        (
            put("environments/base.yaml", "colour: red\n"),
            edit(ENV, "namespace:", "extends: base\nnamespace:"),
        ),
        "plan staging",
        2,
        ("error: environments/base.yaml:1:1: unknown field 'colour'; did you mean 'cluster'?\n"),
    ),
    (
        "template",
        (put(TEMPLATE, ""),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: the file is empty\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "{{ values.redis_password"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: unexpected end of template, expected 'end of print statement'.\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "{% if %}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: Expected an expression, got 'end of statement block'\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "{% for x in vars %}"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:1: Unexpected end of template. Jinja was looking for the following tags: 'endfor' or 'else'. The innermost block that needs to be closed is 'for'.\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "{% unknown %}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: Encountered unknown tag 'unknown'.\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ values.redis_pasword }}\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:4: values has no 'redis_pasword'; did you mean 'redis_password'?\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ redis_password }}\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4: 'redis_password' is undefined; did you mean vars.redis_password or values.redis_password?\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ vars.postgres_hots }}\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:4: vars has no 'postgres_hots'; did you mean 'postgres_host'?\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ values.redis_password | urlqoute }}\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:4: there is no filter 'urlqoute'; did you mean 'urlquote'?\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ values.redis_password[0] }}\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4: «redis_password» is a secret: it can't be taken apart in a template\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\n{% if values.redis_password %}{% endif %}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:3: «redis_password» is a secret: it can't be tested in a template\n"),
    ),
    (
        "template",
        (
            put(
                TEMPLATE,
                "apiVersion: v1\nkind: Secret\nmetadata:\n  labels:\n    app: {{ values.redis_password }}\nstringData:\n  a: b\n",
            ),
        ),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:5:10: metadata.labels.app would hold a secret in clear (redis_password); secrets go into data or stringData only\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\n# {{ values.redis_password }}\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:3:3: a secret stands in a comment; write a template comment instead: {# … #}\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  {{ values.redis_password }}: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:3: a key of stringData would hold a secret in clear (redis_password); secrets go into data or stringData only\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:2:7: kind is 'ConfigMap'; a template gives one Secret (kind: Secret)\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "kind: Secret\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: apiVersion is missing; write apiVersion: v1\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v2\nkind: Secret\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:1: apiVersion is 'v2'; a template gives one Secret (apiVersion: v1)\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringdata:\n  a: b\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:3:1: unknown field 'stringdata'; did you mean 'stringData'?\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData: {}\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: the Secret has no keys; give it data or stringData\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: the Secret has no keys; give it data or stringData\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: yes\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:6: stringData.a is not text for every YAML reader; put it in quotes\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: 012345\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:6: stringData.a is not text for every YAML reader; put it in quotes\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: [b]\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:4:6: stringData.a must be text; write a structure as a block (|)\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  'a b': c\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:3: stringData: 'a b' can't be a key: use letters, digits, '-', '_' and '.'; did you mean 'a-b'?\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\ndata:\n  a: '%%%'\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:6: data.a is not base64; write it under stringData, or pass it through b64encode\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\ndata:\n  a: Yg==\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:6:3: 'a' stands in data and in stringData; keep one\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: other\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:9: metadata.name is 'other', but the environment file says 'redis-secrets'; leave it out, or write {{ secret.name }}\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nmetadata:\n  namespace: other\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:14: metadata.namespace is 'other', but the environment file says 'aura-staging'; leave it out, or write {{ secret.namespace }}\n"
        ),
    ),
    (
        "template",
        (
            put(
                TEMPLATE,
                "apiVersion: v1\nkind: Secret\nmetadata:\n  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: 'true'\nstringData:\n  a: b\n",
            ),
        ),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:5:5: the annotations say scope cluster-wide, but the environment file says strict; leave the annotation out: sealgen writes it\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nmetadata:\n  labels:\n    'no good': x\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:5:5: metadata.labels: 'no good' can't be a label key: use letters, digits, '-', '_' and '.', with a letter or digit at both ends; did you mean 'no-good'?\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nimmutable: 1\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:3:12: immutable must be true or false\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\n  a: c\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:5:3: 'a' occurs twice; the first is in line 4\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\n---\napiVersion: v1\nkind: Secret\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:5:1: a second document; a file holds one\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "{% include 'lost.j2' %}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: there is no template templates/lost.j2\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "{{ 1 / 0 }}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: division by zero\n"),
    ),
    (
        "template",
        (put(TEMPLATE, "{{ ''.__class__ }}"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:1: not allowed in a template: access to attribute '__class__' of 'str' object is unsafe.\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ 1.5 }}\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4: a number with a fraction can't be printed; use | int, or // instead of /\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:3:7: a Secret of type kubernetes.io/tls needs the keys 'tls.crt' and 'tls.key'\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, b"\xff"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2 is not UTF-8 text\n"),
    ),
    (
        "template",
        (delete(TEMPLATE),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:26:3: there is no template templates/redis-secrets.yaml.j2; did you mean 'postgres-secrets'?\n"
        ),
    ),
    (
        "template",
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\x00\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:7: the character U+0000 can't stand here as it is; in double quotes, write \\u0000 for it\n"
        ),
    ),
    (
        "certificate",
        (put(CERTIFICATE, ""),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n"
        ),
    ),
    (
        "certificate",
        (put(CERTIFICATE, "hello"),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n"
        ),
    ),
    (
        "certificate",
        (put(CERTIFICATE, b"\x30\x82\x01\x0a"),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is DER, and PEM is needed\n"
            "'openssl x509 -inform der' converts it.\n"
        ),
    ),
    (
        "certificate",
        (alter(CERTIFICATE, lambda old: old[:200]),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem is cut off; -----END CERTIFICATE----- is missing\n"
        ),
    ),
    (
        "certificate",
        (put(CERTIFICATE, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: the first certificate of environments/certificates/controller.pem can't be read; it is damaged, or its key is of no known kind\n"
        ),
    ),
    (
        "certificate",
        (put(CERTIFICATE, private_key()),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem holds a private key; it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
        ),
    ),
    (
        "certificate",
        (alter(CERTIFICATE, lambda old: old + private_key()),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem holds a private key; it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
        ),
    ),
    (
        "certificate",
        (put(CERTIFICATE, controller("two").certificate),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:5:16: environments/certificates/controller.pem has the fingerprint {other}, but the pin is {pin}\n"
            "See what the cluster has, and take it once whoever runs it confirms that: sealgen cert fetch staging\n"
        ),
    ),
    (
        "certificate",
        (alter(CERTIFICATE, lambda old: old.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST")),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem holds no certificate but a CERTIFICATE REQUEST\n"
            "Get the cluster's current certificate: sealgen cert fetch staging\n"
        ),
    ),
    (
        "certificate",
        (put(CERTIFICATE, private_key(ec.generate_private_key(ec.SECP256R1()))),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: environments/certificates/controller.pem holds a private key; it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets.\n"
        ),
    ),
    (
        "certificate",
        (delete(CERTIFICATE),),
        "seal staging --rotate redis_password",
        2,
        (
            "error: environments/staging.yaml:4:16: there is no environments/certificates/controller.pem\n"
            "Get the controller's certificate: sealgen cert fetch staging\n"
        ),
    ),
    (
        "certificate",
        (),
        "cert show lost.pem",
        2,
        ("error: can't read lost.pem: No such file or directory\n"),
    ),
    (
        "certificate",
        (),
        "cert show stagin",
        2,
        ("error: there is no environment 'stagin' (environments/stagin.yaml); did you mean 'staging'?\n"),
    ),
    (
        "certificate",
        (put("x.pem", "hello"),),
        "cert show x.pem",
        2,
        ("error: x.pem is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----\n"),
    ),
    (
        "manifest",
        (put(MANIFEST, ""),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:1:1: the file is empty\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (put(MANIFEST, "- a\n"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:1:1: a SealedSecret must be a mapping\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (put(MANIFEST, "a: ["),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:2:1: not YAML: did not find expected node content\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (edit(MANIFEST, "kind: SealedSecret", "kind: Secret"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:3:7: kind is 'Secret', not 'SealedSecret'\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (edit(MANIFEST, "bitnami.com/v1alpha1", "v1"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:2:13: apiVersion is 'v1', not 'bitnami.com/v1alpha1'\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (edit(MANIFEST, "  encryptedData:", "  encrypteddata:"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:8:3: spec.encryptedData is missing\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (
            edit(
                MANIFEST,
                "  name: redis-secrets\n  namespace: aura-staging\nspec",
                "  name: other\n  namespace: aura-staging\nspec",
            ),
        ),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:12:13: spec.template.metadata.name is 'redis-secrets', not 'other'\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (edit(MANIFEST, "  encryptedData:", "<<<<<<< HEAD\n  encryptedData:"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:8:1: a merge conflict; keep the lines of one side, and those that belong to them in the lock, then run 'sealgen plan'\n"
        ),
    ),
    (
        "manifest",
        (edit(MANIFEST, "    redis-password: ", "    redis-password: [] #"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:9:21: spec.encryptedData.redis-password must be text\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (edit(MANIFEST, "apiVersion: bitnami.com/v1alpha1\n", ""),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:2:1: apiVersion is missing\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (put(MANIFEST, b"\xff"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:1:1: not UTF-8 text\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (alter(MANIFEST, lambda old: old + b"---\n" + old),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/redis-secrets.yaml:14:1: a second document; a file holds one\n"
            "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
        ),
    ),
    (
        "manifest",
        (
            put("k8s/overlays/staging/more.yaml", "mine"),
            edit(ENV, "- redis-secrets", "- name: redis-secrets\n  filename: more.yaml"),
        ),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/more.yaml is there, but sealgen did not write it\n"
            "Move it away, or give the secret 'redis-secrets' another filename.\n"
        ),
    ),
    (
        "lock",
        (put(LOCK, ""),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        "lock",
        (put(LOCK, "hello\n"),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        "lock",
        (put(LOCK, b"\xff\n"),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        "lock",
        (edit(LOCK, '"format":1', '"format":99'),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: the lock has format 99, and this sealgen knows 1; update sealgen\n"),
    ),
    (
        "lock",
        (alter(LOCK, lambda old: b"<<<<<<< HEAD\n" + old),),
        "seal staging",
        2,
        (
            "error: environments/staging.lock:1:1: a merge conflict; keep the lines that belong to the manifests you keep, then run 'sealgen plan'\n"
        ),
    ),
    (
        "lock",
        (alter(LOCK, lambda old: old + old.splitlines(True)[-1]),),
        "seal staging",
        2,
        ("error: environments/staging.lock:14:1: out of order, or there twice; restore the lock from Git\n"),
    ),
    (
        "lock",
        (alter(LOCK, lambda old: old[:-1]),),
        "seal staging",
        2,
        ("error: environments/staging.lock:13:1: the last line is unfinished; restore it from Git\n"),
    ),
    (
        "lock",
        (alter(LOCK, lambda old: old[:-9]),),
        "seal staging",
        2,
        ("error: environments/staging.lock:13:1: the last line is unfinished; restore it from Git\n"),
    ),
    (
        "lock",
        (put(LOCK, b"[" * 100000 + b"\n"),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        "lock",
        (put(LOCK, "{}\n"),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        "lock",
        (alter(LOCK, lambda old: old.replace(b'"sealgen":"lock"', b'"sealgen": "lock"')),),
        "seal staging",
        2,
        ("error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        "lock",
        (alter(LOCK, lambda old: old.replace(b"strict", b"loose", 1)),),
        "seal staging",
        2,
        ("error: environments/staging.lock:7:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        "lock",
        (alter(LOCK, lambda old: old.replace(b"redis-secrets.yaml", b"../redis-secrets.yaml")),),
        "seal staging",
        2,
        ("error: environments/staging.lock:13:1: not a line of a lock as sealgen writes it; restore it from Git\n"),
    ),
    (
        "kustomization",
        (put(KUSTOMIZATION, ""),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:1: the file is empty\n"),
    ),
    (
        "kustomization",
        (put(KUSTOMIZATION, "- a\n"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:1: a kustomization is a mapping\n"),
    ),
    (
        "kustomization",
        (put(KUSTOMIZATION, "a: ["),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:2:1: not YAML: did not find expected node content\n"),
    ),
    (
        "kustomization",
        (edit(KUSTOMIZATION, "kind: Kustomization", "kind: Component"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:2:7: kind must be Kustomization, not 'Component'\n"),
    ),
    (
        "kustomization",
        (edit(KUSTOMIZATION, "kustomize.config.k8s.io/v1beta1", "v9"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/kustomization.yaml:1:13: apiVersion must be kustomize.config.k8s.io/v1beta1, not 'v9'\n"
        ),
    ),
    (
        "kustomization",
        (put(KUSTOMIZATION, "resources: x\n"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:12: resources must be a list\n"),
    ),
    (
        "kustomization",
        (put(KUSTOMIZATION, "resources: [[a]]\n"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:13: an entry of resources must be text\n"),
    ),
    (
        "kustomization",
        (alter(KUSTOMIZATION, lambda old: old + b"namePrefix: dev-\n"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/kustomization.yaml:7:13: namePrefix 'dev-' would rename the SealedSecret 'backend-secrets', and the controller could not decrypt it: it is sealed for its name (scope strict)\n"
            "Remove namePrefix here, or seal with scope namespace-wide.\n"
        ),
    ),
    (
        "kustomization",
        (alter(KUSTOMIZATION, lambda old: old + b"namespace: other\n"),),
        "seal staging",
        2,
        (
            "error: k8s/overlays/staging/kustomization.yaml:7:12: namespace 'other' would move the SealedSecret 'backend-secrets' out of 'aura-staging', and the controller could not decrypt it: it is sealed for its namespace (scope strict)\n"
            "Write 'aura-staging' here, or set 'namespace: other' in the environment file.\n"
        ),
    ),
    (
        "kustomization",
        (alter(KUSTOMIZATION, lambda old: old + b"nameSuffix: [x]\n"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:7:13: nameSuffix must be text\n"),
    ),
    (
        "kustomization",
        (put(KUSTOMIZATION, b"\xff"),),
        "seal staging",
        2,
        ("error: k8s/overlays/staging/kustomization.yaml:1:1: not UTF-8 text\n"),
    ),
    (
        "fingerprint key",
        (environ("SEALGEN_FINGERPRINT_KEY", "short"),),
        "seal staging",
        2,
        (
            "error: the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
            "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'.\n"
        ),
    ),
    (
        "fingerprint key",
        (environ("SEALGEN_FINGERPRINT_KEY", "x" * 64),),
        "seal staging",
        2,
        (
            "error: the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
            "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'.\n"
        ),
    ),
    (
        "fingerprint key",
        (environ("SEALGEN_FINGERPRINT_KEY", OTHER_FINGERPRINT_KEY),),
        "seal staging",
        12,
        (
            "staging\n"
            "  SECRET           KEY            ACTION   REASON\n"
            "  backend-secrets  SMTP_PASSWORD  unknown  can't tell: needs the fingerprint key e0d69c5af114debf, and the one here is 358ae5f7c4d08a20\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    ),
    (
        "fingerprint key",
        (environ("SEALGEN_FINGERPRINT_KEY", None),),
        "seal staging",
        12,
        (
            "staging\n"
            "  SECRET           KEY            ACTION   REASON\n"
            "  backend-secrets  SMTP_PASSWORD  unknown  can't tell: needs the fingerprint key (SEALGEN_FINGERPRINT_KEY, or .sealgen/fingerprint.key)\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    ),
    (
        "fingerprint key",
        (
            environ("SEALGEN_FINGERPRINT_KEY", None),
            private(".sealgen/fingerprint.key", "short"),
        ),
        "seal staging",
        2,
        (
            "error: the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
            "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'.\n"
        ),
    ),
    (
        "fingerprint key",
        (
            environ("SEALGEN_FINGERPRINT_KEY", None),
            put(".sealgen/fingerprint.key", "00" * 32),
        ),
        "seal staging",
        2,
        (
            "error: {root}/.sealgen/fingerprint.key holds secrets and is open to others (mode 0644)\n"
            "Run: chmod 600 {root}/.sealgen/fingerprint.key\n"
        ),
    ),
    (
        "fingerprint key",
        (environ("SMTP_PASSWORD", None),),
        "seal staging",
        12,
        (
            "staging\n"
            "  SECRET           KEY            ACTION   REASON\n"
            "  backend-secrets  SMTP_PASSWORD  unknown  can't tell: values.smtp_password: the environment variable SMTP_PASSWORD is not set\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    ),
    (
        "fingerprint key",
        (
            environ("SMTP_PASSWORD", ""),
            edit(ENV, "env: SMTP_PASSWORD", "env: SMTP_PASSWORD\n    min_length: 8"),
        ),
        "seal staging",
        1,
        ("error: values.smtp_password is shorter than its min_length, 8 bytes\n"),
    ),
    (
        "kept values",
        (private(".sealgen/development.values", ""),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        "kept values",
        (private(".sealgen/development.values", "[]"),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        "kept values",
        (private(".sealgen/development.values", "{"),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        "kept values",
        (private(".sealgen/development.values", '{"p": {"specification": "x", "parts": {"": "%%"}}}'),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        "kept values",
        (put(".sealgen/development.values", "{}"),),
        "render development",
        2,
        (
            "error: {root}/.sealgen/development.values holds secrets and is open to others (mode 0644)\n"
            "Run: chmod 600 {root}/.sealgen/development.values\n"
        ),
    ),
    (
        "kept values",
        (private(".sealgen/development.values", "[" * 100000),),
        "render development",
        2,
        ("error: .sealgen/development.values is damaged\nRemove it: its values are made anew.\n"),
    ),
    (
        "command line",
        (),
        "seal",
        2,
        ("error: name an environment (development, staging), or say --all\nTry 'sealgen seal --help'.\n"),
    ),
    (
        "command line",
        (),
        "seal --all staging",
        2,
        ("error: name environments, or say --all; not both\nTry 'sealgen seal --help'.\n"),
    ),
    (
        "command line",
        (),
        "seal stagin",
        2,
        ("error: there is no environment 'stagin' (environments/stagin.yaml); did you mean 'staging'?\n"),
    ),
    (
        "command line",
        (),
        "seal STAGING",
        2,
        ("error: there is no environment 'STAGING' (environments/STAGING.yaml); did you mean 'staging'?\n"),
    ),
    (
        "command line",
        (),
        "seal staging --only redis",
        2,
        (
            "error: --only redis: no such secret or key; known are backend-secrets, backend-secrets/JWT_SECRET_KEY, backend-secrets/POSTGRES_DB_URI, backend-secrets/REDIS_URL, backend-secrets/SMTP_PASSWORD, postgres-secrets, postgres-secrets/postgres-password, postgres-secrets/postgres-user, redis-secrets, redis-secrets/redis-password\n"
        ),
    ),
    (
        "command line",
        (),
        "seal staging --only redis-secrets/password",
        2,
        ("error: --only redis-secrets/password: no such secret or key; did you mean 'redis-secrets/redis-password'?\n"),
    ),
    (
        "command line",
        (),
        "seal staging --rotate redis_pasword",
        2,
        ("error: staging has no value 'redis_pasword' to rotate; did you mean 'redis_password'?\n"),
    ),
    (
        "command line",
        (),
        "seal staging --rotate postgres_user",
        2,
        ("error: 'postgres_user' can't be rotated here: it is read (literal); change it there\n"),
    ),
    (
        "command line",
        (),
        "seal staging --rotate smtp_password",
        2,
        ("error: 'smtp_password' can't be rotated here: it is read (env); change it there\n"),
    ),
    (
        "command line",
        (),
        "seal staging --rotate redis_password --only backend-secrets",
        2,
        (
            "error: --only leaves out redis-secrets/redis-password, which is made of redis_password too; a new version must reach every key in one run\n"
        ),
    ),
    (
        "command line",
        (),
        "seal staging --rotate",
        2,
        ("error: Option '--rotate' requires an argument.\n"),
    ),
    (
        "command line",
        (),
        "seal ../staging",
        2,
        ("error: there is no environment '../staging' (environments/../staging.yaml); did you mean 'staging'?\n"),
    ),
    (
        "command line",
        (),
        "seal development",
        2,
        (
            "error: development is a plain environment: nothing of it is sealed\n"
            "Print its Secrets: sealgen render development\n"
        ),
    ),
    (
        "command line",
        (),
        "render staging",
        2,
        (
            "error: environments/staging.yaml:4:16: staging is not a plain environment: its Secrets are not printed\n"
            "Only 'backend: {kind: plain}' prints Secrets; this one is sealed: sealgen seal staging\n"
        ),
    ),
    (
        "command line",
        (),
        "render",
        2,
        ("error: Missing argument 'ENV'.\nTry 'sealgen render --help'.\n"),
    ),
    (
        "command line",
        (),
        "render lost",
        2,
        ("error: there is no environment 'lost' (environments/lost.yaml); known are development, staging\n"),
    ),
    (
        "command line",
        (),
        "check lost",
        2,
        ("error: there is no environment 'lost' (environments/lost.yaml); known are development, staging\n"),
    ),
    (
        "command line",
        (),
        "plan --nowait staging",
        2,
        (
            "error: no option '--nowait'; known are --accept-fingerprint-key, --all, --certificate-changed, --from-cluster, --help, --json, --no-color, --only, --quiet, --rotate, --shard, --verbose\n"
            "Try 'sealgen plan --help'.\n"
        ),
    ),
    (
        "command line",
        (),
        "cert shw",
        2,
        ("error: No such command 'shw'. Did you mean 'show'?\nTry 'sealgen cert --help'.\n"),
    ),
    (
        "command line",
        (),
        "completion tcsh",
        2,
        (
            "error: Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of 'bash', 'zsh', 'fish'.\n"
            "Try 'sealgen completion --help'.\n"
        ),
    ),
    (
        "command line",
        (),
        "schema more",
        2,
        ("error: Got unexpected extra argument (more)\nTry 'sealgen schema --help'.\n"),
    ),
    (
        "command line",
        (),
        "-C lost plan staging",
        2,
        ("error: Invalid value for '-C': Directory 'lost' does not exist.\nTry 'sealgen --help'.\n"),
    ),
    (
        "command line",
        (),
        "sael",
        2,
        ("error: no command 'sael'; did you mean 'seal'?\nTry 'sealgen --help'.\n"),
    ),
    (
        "command line",
        (),
        "--jsn",
        2,
        ("error: no option '--jsn'; did you mean '--json'?\nTry 'sealgen --help'.\n"),
    ),
    (
        "command line",
        (),
        "seal staging --accept-fingerprint-key --only redis-secrets",
        2,
        ("error: --accept-fingerprint-key is for all of an environment; leave --only out\n"),
    ),
    (
        "command line",
        (),
        "seal %",
        2,
        ("error: there is no environment '%' (environments/%.yaml); known are development, staging\n"),
    ),
    (
        "command line",
        (),
        "seal --rotate= staging",
        2,
        (
            "error: staging has no value '' to rotate; known are jwt_secret_key, postgres_password, postgres_user, redis_password, smtp_password\n"
        ),
    ),
    (
        "command line",
        (),
        "seal --only= staging",
        2,
        (
            "error: --only : no such secret or key; known are backend-secrets, backend-secrets/JWT_SECRET_KEY, backend-secrets/POSTGRES_DB_URI, backend-secrets/REDIS_URL, backend-secrets/SMTP_PASSWORD, postgres-secrets, postgres-secrets/postgres-password, postgres-secrets/postgres-user, redis-secrets, redis-secrets/redis-password\n"
        ),
    ),
    (
        "command line",
        (),
        "seal --only=/ staging",
        2,
        (
            "error: --only /: no such secret or key; known are backend-secrets, backend-secrets/JWT_SECRET_KEY, backend-secrets/POSTGRES_DB_URI, backend-secrets/REDIS_URL, backend-secrets/SMTP_PASSWORD, postgres-secrets, postgres-secrets/postgres-password, postgres-secrets/postgres-user, redis-secrets, redis-secrets/redis-password\n"
        ),
    ),
]


def files(project: Project) -> dict[str, bytes]:
    """Return every file, with sealgen's own state, but for Git's and what only marks that a run goes on."""
    found = (path for path in project.root.rglob("*") if path.is_file())
    named = {str(path.relative_to(project.root)): path for path in found}
    return {
        name: path.read_bytes()
        for name, path in named.items()
        if not name.startswith(".git/") and not (name.startswith(".sealgen/") and name.endswith(".lock"))
    }


@pytest.mark.parametrize(
    ("changes", "arguments", "code", "message"),
    [pytest.param(*row[1:], id=f"{row[0]}-{i}") for i, row in enumerate(ROWS, 1)],
)
def test_malformed_input_has_its_message_and_changes_nothing(
    sealed: Path, tmp_path: Path, changes: tuple[Callable[[Case], None], ...], arguments: str, code: int, message: str
) -> None:
    shutil.copytree(sealed, tmp_path / "it", symlinks=True)
    case = Case(Project(tmp_path / "it", controller()), {})
    for change in changes:
        change(case)
    before = files(case.project)
    ended = case.project.run(*arguments.split(), env=case.environ)
    names = {
        "{root}": str(case.project.root),
        "{pin}": controller().fingerprint,
        "{other}": controller("two").fingerprint,
    }
    for name, text in names.items():
        message = message.replace(name, text)
    assert (ended.code, ended.err) == (code, message)
    assert "Traceback" not in ended.out + ended.err
    assert files(case.project) == before


def test_there_are_at_least_a_hundred() -> None:
    assert len({(row[0], row[2], row[4]) for row in ROWS}) >= 100
