"""A template that can not be right: its exact message and exit code, and not one file changed."""

# ruff: noqa: E501  (a message stands on one line, so that a search finds it)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.malformed.case import TEMPLATE, Row, delete, put

if TYPE_CHECKING:
    from tests.cli.malformed.case import Case

# The message has {root}, {pin} and {other} for the project's folder and the fingerprints of the certificates.

ROWS: list[Row] = [
    (
        (put(TEMPLATE, ""),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: the file is empty\n"),
    ),
    (
        (put(TEMPLATE, "{{ values.redis_password"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: unexpected end of template, expected 'end of print statement'.\n"),
    ),
    (
        (put(TEMPLATE, "{% if %}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: Expected an expression, got 'end of statement block'\n"),
    ),
    (
        (put(TEMPLATE, "{% for x in vars %}"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:1: Unexpected end of template. Jinja was looking for the following tags: 'endfor' or 'else'. The innermost block that needs to be closed is 'for'.\n"
        ),
    ),
    (
        (put(TEMPLATE, "{% unknown %}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: Encountered unknown tag 'unknown'.\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ values.redis_pasword }}\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:4: values has no 'redis_pasword'; did you mean 'redis_password'?\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ redis_password }}\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4: 'redis_password' is undefined; did you mean vars.redis_password or values.redis_password?\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ vars.postgres_hots }}\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:4: vars has no 'postgres_hots'; did you mean 'postgres_host'?\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ values.redis_password | urlqoute }}\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:4: there is no filter 'urlqoute'; did you mean 'urlquote'?\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ values.redis_password[0] }}\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4: «redis_password» is a secret: it can't be taken apart in a template\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\n{% if values.redis_password %}{% endif %}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:3: «redis_password» is a secret: it can't be tested in a template\n"),
    ),
    (
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
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\n# {{ values.redis_password }}\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:3:3: a secret stands in a comment; write a template comment instead: {# … #}\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  {{ values.redis_password }}: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:3: a key of stringData would hold a secret in clear (redis_password); secrets go into data or stringData only\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:2:7: kind is 'ConfigMap'; a template gives one Secret (kind: Secret)\n"
        ),
    ),
    (
        (put(TEMPLATE, "kind: Secret\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: apiVersion is missing; write apiVersion: v1\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v2\nkind: Secret\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:1: apiVersion is 'v2'; a template gives one Secret (apiVersion: v1)\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringdata:\n  a: b\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:3:1: unknown field 'stringdata'; did you mean 'stringData'?\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData: {}\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: the Secret has no keys; give it data or stringData\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: the Secret has no keys; give it data or stringData\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: yes\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:6: stringData.a is not text for every YAML reader; put it in quotes\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: 012345\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:6: stringData.a is not text for every YAML reader; put it in quotes\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: [b]\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:4:6: stringData.a must be text; write a structure as a block (|)\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  'a b': c\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:3: stringData: 'a b' can't be a key: use letters, digits, '-', '_' and '.'; did you mean 'a-b'?\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\ndata:\n  a: '%%%'\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:6: data.a is not base64; write it under stringData, or pass it through b64encode\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\ndata:\n  a: Yg==\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:6:3: 'a' stands in data and in stringData; keep one\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: other\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:9: metadata.name is 'other', but the environment file says 'redis-secrets'; leave it out, or write {{ secret.name }}\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nmetadata:\n  namespace: other\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:14: metadata.namespace is 'other', but the environment file says 'aura-staging'; leave it out, or write {{ secret.namespace }}\n"
        ),
    ),
    (
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
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nmetadata:\n  labels:\n    'no good': x\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:5:5: metadata.labels: 'no good' can't be a label key: use letters, digits, '-', '_' and '.', with a letter or digit at both ends; did you mean 'no-good'?\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nimmutable: 1\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:3:12: immutable must be true or false\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\n  a: c\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:5:3: 'a' occurs twice; the first is in line 4\n"),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\n---\napiVersion: v1\nkind: Secret\n"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:5:1: a second document; a file holds one\n"),
    ),
    (
        (put(TEMPLATE, "{% include 'lost.j2' %}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: there is no template templates/lost.j2\n"),
    ),
    (
        (put(TEMPLATE, "{{ 1 / 0 }}"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2:1: division by zero\n"),
    ),
    (
        (put(TEMPLATE, "{{ ''.__class__ }}"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:1: not allowed in a template: access to attribute '__class__' of 'str' object is unsafe.\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: {{ 1.5 }}\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4: a number with a fraction can't be printed; use | int, or // instead of /\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nstringData:\n  a: b\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:3:7: a Secret of type kubernetes.io/tls needs the keys 'tls.crt' and 'tls.key'\n"
        ),
    ),
    (
        (put(TEMPLATE, b"\xff"),),
        "plan staging",
        2,
        ("error: templates/redis-secrets.yaml.j2 is not UTF-8 text\n"),
    ),
    (
        (delete(TEMPLATE),),
        "plan staging",
        2,
        (
            "error: environments/staging.yaml:26:3: there is no template templates/redis-secrets.yaml.j2; did you mean 'postgres-secrets'?\n"
        ),
    ),
    (
        (put(TEMPLATE, "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\x00\n"),),
        "plan staging",
        2,
        (
            "error: templates/redis-secrets.yaml.j2:4:7: the character U+0000 can't stand here as it is; in double quotes, write \\u0000 for it\n"
        ),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=range(1, len(ROWS) + 1))
def test_template_that_is_malformed_has_its_message_and_changes_nothing(row: Row, case: Case) -> None:
    case.refuses(row)
