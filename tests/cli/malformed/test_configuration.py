"""An environment file, or one that it extends, that says what can not be right: its exact message and exit code, and not one file changed."""

# ruff: noqa: E501  (a message stands on one line, so that a search finds it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.malformed.case import ENV, Row, alter, edit, put
from tests.support.project import controller

if TYPE_CHECKING:
    from tests.cli.malformed.case import Case

# The message has {root}, {pin} and {other} for the project's folder and the fingerprints of the certificates.

ROWS: list[Row] = [
    # Configuration.
    (
        (put(ENV, ""),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: the file is empty\n"),
    ),
    (
        (put(ENV, "- a\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: an environment file must be a mapping\n"),
    ),
    (
        (put(ENV, "values: [\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:2:1: not YAML: did not find expected node content\n"),
    ),
    (
        (put(ENV, b"\xff\xfe"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: not UTF-8 text\n"),
    ),
    (
        (put(ENV, "a: b\n---\nc: d\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:2:1: a second document; a file holds one\n"),
    ),
    (
        (edit(ENV, "vars:", "vars: &here"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:7:7: an anchor (&here); write the value out where it is used\n"),
    ),
    (
        (edit(ENV, "vars:", "vars: !!python/object/apply:os.system"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:7:7: a YAML tag (tag:yaml.org,2002:python/object/apply:os.system); write plain text\n"
        ),
    ),
    (
        (edit(ENV, "postgres_host: postgres", "postgres_host: *other"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:8:18: an alias (*other); write the value out\n"),
    ),
    (
        (edit(ENV, "vars:", "\tvars:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:7:1: not YAML: found a tab character that violates indentation\n"),
    ),
    (
        (edit(ENV, "vars:", "namespace: twice\nvars:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:7:1: 'namespace' occurs twice; the first is in line 1\n"),
    ),
    (
        (edit(ENV, "namespace:", "namspace:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: unknown field 'namspace'; did you mean 'namespace'?\n"),
    ),
    (
        (edit(ENV, "namespace: aura-staging", "namespace: Aura_Staging"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:1:12: namespace: 'Aura_Staging' can't be a namespace: use lower-case letters, digits and '-', with a letter or digit at both ends; did you mean 'aura-staging'?\n"
        ),
    ),
    (
        (edit(ENV, "namespace: aura-staging\n", ""),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:1: namespace is missing; write namespace: aura-staging\n"),
    ),
    (
        (edit(ENV, "namespace: aura-staging", "namespace: [a]"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:12: namespace must be text, not a list\n"),
    ),
    (
        (edit(ENV, "kind: sealed-secrets", "kind: sealed-secret"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:3:9: backend.kind can't be 'sealed-secret'; did you mean 'sealed-secrets'?\n"
        ),
    ),
    (
        (edit(ENV, "kind: sealed-secrets\n", "scpoe: strict\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:3:3: unknown field 'backend.scpoe'; did you mean 'scope'?\n"),
    ),
    (
        (alter(ENV, lambda old: old.replace(controller().fingerprint.encode(), b"MD5:12:34")),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:5:16: backend.fingerprint: 'MD5:12:34' is not a fingerprint; it looks like SHA256: and 43 characters, see 'sealgen cert show FILE'\n"
        ),
    ),
    (
        (edit(ENV, "  certificate: environments/certificates/controller.pem\n", ""),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:3:3: backend.certificate is missing; write certificate: environments/certificates/controller.pem\n"
        ),
    ),
    (
        (edit(ENV, "certificate: environments/certificates/controller.pem", "certificate: http://cluster/cert.pem"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:4:16: backend.certificate: 'http://cluster/cert.pem' must be a path or an https:// URL\n"
        ),
    ),
    (
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
        (edit(ENV, "kind: sealed-secrets", "kind: sealed-secrets\n  scope: wide"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:4:10: backend.scope can't be 'wide'; known are cluster-wide, namespace-wide, strict\n"
        ),
    ),
    (
        (edit(ENV, "output: k8s/overlays/staging", 'output: ""'),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:6:9: output: '' must be a path below the project's root\n"),
    ),
    (
        (edit(ENV, "output: k8s/overlays/staging\n", ""),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:3:3: output is missing; write output: k8s/overlays/staging\n"),
    ),
    (
        (edit(ENV, "output: k8s/overlays/staging", "output: templates"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:6:9: output: 'templates' can't be the output: sealgen reads environments/ and templates/ and never writes there\n"
        ),
    ),
    (
        (edit(ENV, "postgres_host: postgres", "postgres_host: yes"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:8:18: vars.postgres_host: yes is neither text nor a whole number to every YAML reader; write 'yes' for the text\n"
        ),
    ),
    (
        (edit(ENV, "postgres_host: postgres", "postgres_host: 1.5"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:8:18: vars.postgres_host: 1.5 is neither text nor a whole number to every YAML reader; write '1.5' for the text\n"
        ),
    ),
    (
        (edit(ENV, "vars:\n", "vars: none\nvalues_:\n"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:7:7: vars must be a mapping\n"),
    ),
    (
        (edit(ENV, "jwt_secret_key:", "jwt-secret-key:"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:10:3: values: 'jwt-secret-key' can't be a name in templates; letters, digits and _ can; did you mean 'jwt_secret_key'?\n"
        ),
    ),
    (
        (edit(ENV, "generate: hex", "generate: hx"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:11:15: values.jwt_secret_key.generate can't be 'hx'; did you mean 'hex'?\n"),
    ),
    (
        (edit(ENV, "bytes: 32", "bites: 32"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:12:5: unknown field 'values.jwt_secret_key.bites'; did you mean 'bytes'?\n"),
    ),
    (
        (edit(ENV, "bytes: 32", 'bytes: "32"'),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:12:12: values.jwt_secret_key.bytes must be a whole number from 16 to 4096, without quotes\n"
        ),
    ),
    (
        (edit(ENV, "bytes: 32", "bytes: 4"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:12:12: values.jwt_secret_key.bytes must be a whole number from 16 to 4096, not 4\n"
        ),
    ),
    (
        (edit(ENV, "bytes: 32", "bytes: 99999999"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:12:12: values.jwt_secret_key.bytes must be a whole number from 16 to 4096, not 99999999\n"
        ),
    ),
    (
        (edit(ENV, "literal: aura", "literal: aura\n    generate: hex"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:15:5: values.postgres_user has two sources, 'literal' (environments/staging.yaml:14:5) and 'generate'; one is needed\n"
        ),
    ),
    (
        (edit(ENV, "literal: aura", "min_length: 3"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:14:5: values.postgres_user has no source; one of literal, generate, env, file, dotenv, exec, prompt, vault, aws-secretsmanager, aws-ssm, gcp-secretmanager, azure-keyvault, sops, age, keyring, kubernetes\n"
        ),
    ),
    (
        (edit(ENV, "literal: aura", "literal:"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:14:13: values.postgres_user.literal is empty; it must be text; write '' for an empty value\n"
        ),
    ),
    (
        (edit(ENV, "literal: aura", "litteral: aura"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:14:5: unknown field 'values.postgres_user.litteral'; did you mean 'literal'?\n"
        ),
    ),
    (
        (edit(ENV, "env: SMTP_PASSWORD", "env: SMTP-PASSWORD"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:22:10: values.smtp_password.env can't be 'SMTP-PASSWORD'; it must be letters, digits and '_', no digit first\n"
        ),
    ),
    (
        (edit(ENV, "bytes: 32", "bytes: 32\n    rotate_every: 90"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:13:19: values.jwt_secret_key.rotate_every must be a duration such as 30d, 12w, 2y, not '90'\n"
        ),
    ),
    (
        (edit(ENV, "env: SMTP_PASSWORD", 'exec: "cat x"'),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:22:11: values.smtp_password.exec must be a list\n"),
    ),
    (
        (edit(ENV, "env: SMTP_PASSWORD", "exec: []"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:22:11: values.smtp_password.exec is empty\n"),
    ),
    (
        (edit(ENV, "- redis-secrets", "- redis_secrets"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:26:3: secrets[2]: 'redis_secrets' can't be a name: use lower-case letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'; did you mean 'redis-secrets'?\n"
        ),
    ),
    (
        (edit(ENV, "- redis-secrets", "- redis-secret"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:26:3: there is no template templates/redis-secret.yaml.j2; did you mean 'redis-secrets'?\n"
        ),
    ),
    (
        (edit(ENV, "- redis-secrets", "- redis-secrets\n- redis-secrets"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:27:3: the secret 'redis-secrets' is listed twice\n"),
    ),
    (
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  filename: kustomization.yaml"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:27:13: secrets[2].filename: 'kustomization.yaml' is the overlay's own\n"),
    ),
    (
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  filename: backend-secrets.yaml"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:26:9: 'redis-secrets' and 'backend-secrets' have one file, backend-secrets.yaml\n"
        ),
    ),
    (
        (edit(ENV, "- redis-secrets", "- {}"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:26:3: secrets[2].name is missing; write name: backend-secrets\n"),
    ),
    (
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  templte: x"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:27:3: unknown field 'secrets[2].templte'; did you mean 'template'?\n"),
    ),
    (
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  values: {redis_password: redis_pasword}"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:27:28: secrets.redis-secrets.values.redis_password: no value 'redis_pasword'; did you mean 'redis_password'?\n"
        ),
    ),
    (
        (edit(ENV, "- redis-secrets", "- [redis-secrets]"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:26:3: secrets[2] must be a name or a mapping\n"),
    ),
    (
        (edit(ENV, "secrets:", "lint: strict\nsecrets:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:23:7: lint can't be 'strict'; known are error, warn\n"),
    ),
    (
        (edit(ENV, "- redis-secrets", "- name: redis-secrets\n  type: kubernetes.io/tls"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:1: a Secret of type kubernetes.io/tls needs the keys 'tls.crt' and 'tls.key'\n"
        ),
    ),
    # Extends.
    (
        (edit(ENV, "namespace:", "extends: lost\nnamespace:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:10: there is no environments/lost.yaml\n"),
    ),
    (
        (edit(ENV, "namespace:", "extends: staging\nnamespace:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:10: the files extend each other in a circle: staging → staging\n"),
    ),
    (
        (edit(ENV, "namespace:", "extends: [base]\nnamespace:"),),
        "plan staging",
        2,
        ("error: environments/staging.yaml:1:10: extends must be text, not a list\n"),
    ),
    (
        (edit(ENV, "namespace:", "extends: ../base\nnamespace:"),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:1:10: extends can't be '../base'; it must be the name of a file of environments/, without .yaml: lower-case letters, digits, '-', '_', '.'\n"
        ),
    ),
    (
        (
            put("environments/base.yaml", "- a\n"),
            edit(ENV, "namespace:", "extends: base\nnamespace:"),
        ),
        "plan staging",
        2,
        ("error: environments/base.yaml:1:1: an environment file must be a mapping\n"),
    ),
    (
        (
            put("environments/base.yaml", "colour: red\n"),
            edit(ENV, "namespace:", "extends: base\nnamespace:"),
        ),
        "plan staging",
        2,
        ("error: environments/base.yaml:1:1: unknown field 'colour'; did you mean 'rollout'?\n"),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=range(1, len(ROWS) + 1))
def test_configuration_that_is_malformed_has_its_message_and_changes_nothing(row: Row, case: Case) -> None:
    case.refuses(row)
