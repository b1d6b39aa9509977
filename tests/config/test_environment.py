"""An environment file says what it says in one way only, with what it extends; all else is refused in its own line."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sealgen.config.backends import PlainBackend, SealedSecretsBackend
from sealgen.config.cluster import ClusterSettings
from sealgen.config.environment import Environment
from sealgen.config.policy import Policy
from sealgen.config.secrets import SecretEntry
from sealgen.errors import ConfigurationError, Mark, printable
from sealgen.kubernetes.rollout import Rollout
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.values.generators.text import Hex
from sealgen.values.literal import Literal
from sealgen.values.sources import SOURCE_NAMES
from tests.support.environments import BASE, PIN, load, over_base, schema_accepts

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
A_NAME = "it must be the name of a file of environments/, without .yaml: lower-case letters, digits, '-', '_', '.'"
SOURCES = ", ".join(SOURCE_NAMES)
NAMESPACE_RULE = "use lower-case letters, digits and '-', with a letter or digit at both ends"
NAME_RULE = "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'"


def refusal(files: Mapping[str, str], name: str = "staging") -> str:
    """Return the whole message with which loading fails."""
    with pytest.raises(ConfigurationError) as caught:
        load(files, name)
    assert caught.value.__cause__ is None
    return str(caught.value)


# What a file says.


def test_an_environment_is_what_its_file_says() -> None:
    environment = load(
        {
            "staging": f"""\
namespace: aura-staging
backend:
  kind: sealed-secrets
  certificate: https://certs.example.com/cert.pem
  fingerprint: {PIN}
  scope: namespace-wide
  certificate_changed: reseal
output: k8s/overlays/staging
vars: {{host: postgres, port: 5432, tls: false, nothing: ~, hosts: [a, b], deep: {{er: x}}}}
values:
  jwt_key: {{generate: hex}}
  user: {{literal: 012}}
secrets:
- backend
- name: redis
  template: shared/redis
  vars: {{host: redis}}
  values: {{password: jwt_key}}
  namespace: aura-cache
  scope: cluster-wide
  filename: cache.yml
  type: kubernetes.io/basic-auth
lint: error
"""
        }
    )
    file = "environments/staging.yaml"
    values = environment.values
    assert environment == Environment(
        name="staging",
        file=file,
        namespace="aura-staging",
        backend=SealedSecretsBackend(
            certificate="https://certs.example.com/cert.pem",
            fingerprint=PIN,
            scope=Scope.NAMESPACE_WIDE,
            certificate_at=Mark(file, 4, 16),
            fingerprint_at=Mark(file, 5, 16),
            certificate_changed="reseal",
        ),
        cluster=ClusterSettings(),
        output=PurePosixPath("k8s/overlays/staging"),
        vars={
            "host": "postgres",
            "port": 5432,
            "tls": False,
            "nothing": None,
            "hosts": ["a", "b"],
            "deep": {"er": "x"},
        },
        stores={},
        values=values,
        push={},
        secrets=(
            SecretEntry(
                name="backend",
                template="backend",
                vars={},
                values={},
                namespace="aura-staging",
                scope=Scope.NAMESPACE_WIDE,
                filename="backend.yaml",
                type=None,
                at=Mark(file, 14, 3),
            ),
            SecretEntry(
                name="redis",
                template="shared/redis",
                vars={"host": "redis"},
                values={"password": "jwt_key"},
                namespace="aura-cache",
                scope=Scope.CLUSTER_WIDE,
                filename="cache.yml",
                type="kubernetes.io/basic-auth",
                at=Mark(file, 15, 9),
            ),
        ),
        access=(),
        rollout=Rollout(),
        policy=Policy(),
        lint="error",
    )
    assert list(values) == ["jwt_key", "user"]
    assert values["jwt_key"].source == Hex(32)
    assert isinstance(values["user"].source, Literal)
    assert values["user"].source.text.reveal() == b"012"


def test_a_plain_environment_needs_neither_output_nor_certificate() -> None:
    environment = load({"dev": "namespace: aura\nbackend: {kind: plain}\nsecrets: []\n"}, "dev")
    assert environment.backend == PlainBackend()
    assert environment.output == PurePosixPath("k8s/overlays/dev")
    assert (environment.vars, environment.values, environment.secrets, environment.lint) == ({}, {}, (), "warn")


@pytest.mark.parametrize(
    "secrets",
    [
        "[backend, {name: redis, scope: cluster-wide, values: {own: user}}]",
        "[{name: backend}, {name: redis, scope: cluster-wide, values: {own: user}}]",
        "{backend: , redis: {scope: cluster-wide, values: {own: user}}}",
        "{backend: {}, redis: {scope: cluster-wide, values: {own: user}}}",
        "{backend: ~, redis: {scope: cluster-wide, values: {own: user}}}",
    ],
)
def test_secrets_are_a_list_of_names_or_mappings_or_a_mapping(secrets: str) -> None:
    found = over_base(f"secrets: {secrets}").secrets
    assert [(entry.name, entry.template, entry.filename, entry.scope, entry.values) for entry in found] == [
        ("backend", "backend", "backend.yaml", Scope.STRICT, {}),
        ("redis", "redis", "redis.yaml", Scope.CLUSTER_WIDE, {"own": "user"}),
    ]


@pytest.mark.parametrize(
    ("secrets", "line", "column"),
    [
        ("secrets: [backend]", 2, 11),
        ("secrets:\n- {type: Opaque, name: backend}", 3, 24),
        ("secrets:\n  backend:\n    type: Opaque", 3, 3),
        ("secrets:\n  backend:", 3, 3),
    ],
)
def test_a_secret_stands_where_its_name_is(secrets: str, line: int, column: int) -> None:
    assert over_base(secrets).secrets[0].at == Mark("environments/staging.yaml", line, column)


@pytest.mark.parametrize("output", ["k8s", "k8s/overlays/x y", "./k8s//x/.", "k8s/..x/x..", "environments2/x"])
def test_an_output_is_a_folder_below_the_root(output: str) -> None:
    assert over_base(f"output: {output}").output == PurePosixPath(output)


@pytest.mark.parametrize("certificate", ["c.pem", "./a/b c.pem", "https://example.com", "https://x:1/?a=b#c"])
def test_a_certificate_is_a_path_or_a_url(certificate: str) -> None:
    backend = over_base(f"backend: {{certificate: '{certificate}'}}").backend
    assert isinstance(backend, SealedSecretsBackend)
    assert backend.certificate == certificate
    assert backend.fingerprint == PIN


# What extending means.


def test_a_file_is_merged_over_the_one_that_it_extends() -> None:
    environment = over_base("namespace: aura-staging\nvars: {host: pg, ports: {https: 443}, new: [x]}")
    assert environment.name == "staging"
    assert environment.file == "environments/staging.yaml"
    assert environment.namespace == "aura-staging"
    assert environment.vars == {"host": "pg", "ports": {"http": 80, "list": [1, 2], "https": 443}, "new": ["x"]}
    assert [entry.name for entry in environment.secrets] == ["backend", "redis"]
    assert environment.secrets[0].at == Mark("environments/base.yaml", 14, 11)


def test_another_backend_leaves_nothing_of_the_base_behind() -> None:
    assert over_base("backend: {kind: plain}").backend == PlainBackend()


def test_another_source_leaves_nothing_of_the_base_behind_but_the_rules() -> None:
    value = over_base("values: {jwt_key: {env: JWT_KEY}}").values["jwt_key"]
    assert value.source.kind == "env"
    assert (value.rules.min_length, value.rules.rotate_every) == (32, 90)


# What is refused, with its line; the last column says whether JSON Schema tells an editor too.


@pytest.mark.parametrize(
    ("text", "message", "schema_tells"),
    [
        # Names that are not there.
        ("namespce: x", "2:1: unknown field 'namespce'; did you mean 'namespace'?", True),
        ("Output: x", "2:1: unknown field 'Output'; did you mean 'output'?", True),
        (
            "zzz: x",
            (
                "2:1: unknown field 'zzz'; "
                "known are access, backend, cluster, extends, lint, namespace, output, policy, push, rollout, "
                "secrets, stores, values, vars"
            ),
            True,
        ),
        ("backend: {fingerpint: x}", "2:11: unknown field 'backend.fingerpint'; did you mean 'fingerprint'?", True),
        ("backend: {kind: plain, scope: strict}", "2:24: unknown field 'backend.scope'; known are kind", True),
        ("values: {x: {generat: hex}}", "2:14: unknown field 'values.x.generat'; did you mean 'generate'?", True),
        (
            "values: {user: {min_lenght: 3}}",
            "2:17: unknown field 'values.user.min_lenght'; did you mean 'min_length'?",
            True,
        ),
        (
            "secrets: [{name: a, tempalte: b}]",
            "2:21: unknown field 'secrets[0].tempalte'; did you mean 'template'?",
            True,
        ),
        ("secrets: {a: {file: b.yaml}}", "2:15: unknown field 'secrets.a.file'; did you mean 'filename'?", True),
        ("secrets: {a: {name: b}}", "2:15: unknown field 'secrets.a.name'; did you mean 'filename'?", True),
        (
            "backend: {kind: sealed-secret}",
            "2:17: backend.kind can't be 'sealed-secret'; did you mean 'sealed-secrets'?",
            True,
        ),
        (
            "backend: {kind: vault}",
            "2:17: backend.kind can't be 'vault'; known are external-secrets, plain, sealed-secrets",
            True,
        ),
        (
            "backend: {scope: namespace}",
            "2:18: backend.scope can't be 'namespace'; did you mean 'namespace-wide'?",
            True,
        ),
        (
            "secrets: {a: {scope: cluster}}",
            "2:22: secrets.a.scope can't be 'cluster'; did you mean 'cluster-wide'?",
            True,
        ),
        ("lint: off", "2:7: lint can't be 'off'; known are error, warn", True),
        # The wrong kind of thing.
        ("namespace: [x]", "2:12: namespace must be text, not a list", True),
        ("backend: plain", "2:10: backend must be a mapping", True),
        ("backend: []", "2:10: backend must be a mapping", True),
        ("vars: [a]", "2:7: vars must be a mapping", True),
        (
            "vars: {a: 1.5}",
            "2:11: vars.a: 1.5 is neither text nor a whole number to every YAML reader; write '1.5' for the text",
            True,
        ),
        (
            "vars: {a: {b: [0x10]}}",
            (
                "2:16: vars.a.b[0]: 0x10 is neither text nor a whole number to every YAML reader; "
                "write '0x10' for the text"
            ),
            False,
        ),
        ("values: jwt", "2:9: values must be a mapping", True),
        ("values: {x: s3cr3t}", "2:13: values.x must be a mapping", True),
        ("secrets: backend", "2:10: secrets must be a list or a mapping of secrets", True),
        ("secrets: [[a]]", "2:11: secrets[0] must be a name or a mapping", True),
        ("secrets: [~]", "2:11: secrets[0] is empty; it must be a name or a mapping", True),
        ("secrets: {a: b}", "2:14: secrets.a must be a mapping", True),
        ("secrets: {a: {vars: [1]}}", "2:21: secrets.a.vars must be a mapping", True),
        ("secrets: {a: {values: {b: [c]}}}", "2:27: secrets.a.values.b must be a value's name, not a list", True),
        ("secrets: {a: {filename: }}", "2:25: secrets.a.filename is empty; it must be text", False),
        ("extends: [base]", "2:1: 'extends' occurs twice; the first is in line 1", None),
        ("- a", "2:1: not YAML: did not find expected key", None),
        # Text that can't be right.
        (
            "namespace: Aura_Prod",
            (f"2:12: namespace: 'Aura_Prod' can't be a namespace: {NAMESPACE_RULE}; did you mean 'aura-prod'?"),
            True,
        ),
        (
            "namespace: aura.prod",
            (f"2:12: namespace: 'aura.prod' can't be a namespace: {NAMESPACE_RULE}; did you mean 'aura-prod'?"),
            True,
        ),
        ("namespace: ''", f"2:12: namespace: a namespace can't be empty: {NAMESPACE_RULE}", True),
        (
            "namespace: " + "a" * 64,
            "2:12: namespace: '" + "a" * 64 + "' is too long: a namespace has at most 63 characters",
            True,
        ),
        (
            "secrets: [Backend]",
            f"2:11: secrets[0]: 'Backend' can't be a name: {NAME_RULE}; did you mean 'backend'?",
            True,
        ),
        (
            "secrets: [{name: a_b}]",
            f"2:18: secrets[0].name: 'a_b' can't be a name: {NAME_RULE}; did you mean 'a-b'?",
            True,
        ),
        ("secrets: {a_b: }", f"2:11: secrets: 'a_b' can't be a name: {NAME_RULE}; did you mean 'a-b'?", True),
        ("secrets: [{template: a}]", "2:11: secrets[0].name is missing; write name: backend-secrets", True),
        (
            "secrets: {a: {namespace: A}}",
            (f"2:26: secrets.a.namespace: 'A' can't be a namespace: {NAMESPACE_RULE}; did you mean 'a'?"),
            True,
        ),
        (
            "values: {jwt-key:s3cr3t}",
            (
                "2:10: values: 'jwt-key:…' can't be a name in templates; "
                "letters, digits and _ can; did you mean 'jwt_key'?"
            ),
            True,
        ),
        (
            "values: {jwt-key: {generate: hex}}",
            (
                "2:10: values: 'jwt-key' can't be a name in templates; "
                "letters, digits and _ can; did you mean 'jwt_key'?"
            ),
            True,
        ),
        (
            "values: {1st: {generate: hex}}",
            "2:10: values: '1st' can't be a name in templates; letters, digits and _ can",
            True,
        ),
        (
            "values: {'': {generate: hex}}",
            "2:10: values: '' can't be a name in templates; letters, digits and _ can",
            True,
        ),
        (
            "values: {" + "a" * 129 + ": {generate: hex}}",
            "2:10: values: '" + "a" * 79 + "…' can't be a name in templates; letters, digits and _ can",
            True,
        ),
        (
            "secrets: {a: {values: {b-c: user}}}",
            (
                "2:24: secrets.a.values: 'b-c' can't be a name in templates; "
                "letters, digits and _ can; did you mean 'b_c'?"
            ),
            True,
        ),
        (
            "secrets: {a: {values: {own: usr}}}",
            "2:29: secrets.a.values.own: no value 'usr'; did you mean 'user'?",
            False,
        ),
        (
            "secrets: [{name: a, values: {own: zzz}}]",
            "2:35: secrets.a.values.own: no value 'zzz'; known are cert, jwt_key, user",
            False,
        ),
        (
            "backend: {fingerprint: x}",
            (
                "2:24: backend.fingerprint: 'x' is not a fingerprint; it looks like SHA256: and "
                "43 characters, see 'sealgen cert show FILE'"
            ),
            True,
        ),
        (
            f"backend: {{fingerprint: '{PIN}='}}",
            (
                f"2:24: backend.fingerprint: '{PIN}=' is not a fingerprint; it looks "
                "like SHA256: and 43 characters, see 'sealgen cert show FILE'"
            ),
            True,
        ),
        (
            f"backend: {{fingerprint: '{PIN.lower()}'}}",
            (
                f"2:24: backend.fingerprint: '{PIN.lower()}' is not a "
                "fingerprint; it looks like SHA256: and 43 characters, see 'sealgen cert show FILE'"
            ),
            True,
        ),
        (
            f'backend: {{fingerprint: "{PIN}\\n"}}',
            (
                f"2:24: backend.fingerprint: '{PIN}\\n' is not a fingerprint; it looks like SHA256: and 43 characters, "
                "see 'sealgen cert show FILE'"
            ),
            False,
        ),
        (
            "backend: {fingerprint: ''}",
            (
                "2:24: backend.fingerprint: '' is not a fingerprint; it looks like SHA256: and "
                "43 characters, see 'sealgen cert show FILE'"
            ),
            True,
        ),
        # Paths.
        ("output: /etc", "2:9: output: '/etc' must be a path below the project's root", True),
        ("output: ../x", "2:9: output: '../x' must be a path below the project's root", True),
        ("output: k8s/../../x", "2:9: output: 'k8s/../../x' must be a path below the project's root", True),
        ("output: k8s/..", "2:9: output: 'k8s/..' must be a path below the project's root", True),
        ("output: ~/x", "2:9: output: '~/x' must be a path below the project's root", True),
        ("output: '~'", "2:9: output: '~' must be a path below the project's root", True),
        ("output: ~root/x", "2:9: output: '~root/x' must be a path below the project's root", True),
        ("output: .", "2:9: output: '.' must be a path below the project's root", True),
        ("output: ''", "2:9: output: '' must be a path below the project's root", True),
        ('output: "k8s\\0"', "2:9: output: 'k8s\\x00' must be a path below the project's root", False),
        (
            "output: environments",
            (
                "2:9: output: 'environments' can't be the output: sealgen reads environments/ and "
                "templates/ and never writes there"
            ),
            True,
        ),
        (
            "output: ./templates/x",
            (
                "2:9: output: './templates/x' can't be the output: sealgen reads environments/ and "
                "templates/ and never writes there"
            ),
            True,
        ),
        (
            "backend: {certificate: /etc/c.pem}",
            "2:24: backend.certificate: '/etc/c.pem' must be a path below the project's root",
            True,
        ),
        (
            "backend: {certificate: ../c.pem}",
            "2:24: backend.certificate: '../c.pem' must be a path below the project's root",
            True,
        ),
        (
            "backend: {certificate: ~/c.pem}",
            "2:24: backend.certificate: '~/c.pem' must be a path below the project's root",
            True,
        ),
        (
            "backend: {certificate: 'http://x/c.pem'}",
            "2:24: backend.certificate: 'http://x/c.pem' must be a path or an https:// URL",
            True,
        ),
        (
            "backend: {certificate: 'file:///c.pem'}",
            "2:24: backend.certificate: 'file:///c.pem' must be a path or an https:// URL",
            True,
        ),
        (
            "backend: {certificate: 'https:///c.pem'}",
            "2:24: backend.certificate: 'https:///c.pem' must be a path or an https:// URL",
            True,
        ),
        (
            "backend: {certificate: 'https://x/a b'}",
            "2:24: backend.certificate: 'https://x/a b' must be a path or an https:// URL",
            True,
        ),
        (
            "secrets: {a: {template: ../x}}",
            "2:25: secrets.a.template: '../x' must be a path below the project's root",
            True,
        ),
        (
            "secrets: {a: {template: /x}}",
            "2:25: secrets.a.template: '/x' must be a path below the project's root",
            True,
        ),
        (
            "secrets: {a: {filename: x/y.yaml}}",
            ("2:25: secrets.a.filename: 'x/y.yaml' must be a file name that ends in .yaml, without a folder"),
            True,
        ),
        (
            "secrets: {a: {filename: .y.yaml}}",
            ("2:25: secrets.a.filename: '.y.yaml' must be a file name that ends in .yaml, without a folder"),
            True,
        ),
        (
            "secrets: {a: {filename: y.yaml.bak}}",
            "2:25: secrets.a.filename: 'y.yaml.bak' must be a file name that ends in .yaml, without a folder",
            True,
        ),
        (
            "secrets: {a: {filename: y.json}}",
            ("2:25: secrets.a.filename: 'y.json' must be a file name that ends in .yaml, without a folder"),
            True,
        ),
        (
            "secrets: {a: {filename: kustomization.yaml}}",
            "2:25: secrets.a.filename: 'kustomization.yaml' is the overlay's own",
            True,
        ),
        (
            "secrets: {a: {filename: kustomization.yml}}",
            "2:25: secrets.a.filename: 'kustomization.yml' is the overlay's own",
            True,
        ),
        (
            "secrets: {a: {filename: Kustomization.yaml}}",
            "2:25: secrets.a.filename: 'Kustomization.yaml' is the overlay's own",
            False,
        ),
        # Twice.
        ("secrets: [a, b, a]", "2:17: the secret 'a' is listed twice", False),
        ("secrets: [a, {name: a}]", "2:21: the secret 'a' is listed twice", False),
        ("secrets: {a: , a: }", "2:16: 'a' occurs twice; the first is in line 2", None),
        ("secrets: [a, {name: b, filename: a.yaml}]", "2:21: 'b' and 'a' have one file, a.yaml", False),
        ("secrets: {b: {filename: A.yaml}, a: }", "2:34: 'a' and 'b' have one file, a.yaml", False),
        (
            "secrets: [kustomization]",
            (
                "2:11: the file of the secret 'kustomization': 'kustomization.yaml' is the "
                "overlay's own; give it a filename"
            ),
            False,
        ),
        # What a source says of itself.
        ("values: {x: {generate: hexx}}", "2:24: values.x.generate can't be 'hexx'; did you mean 'hex'?", True),
        (
            "values: {x: {generate: hex, bytes: 8}}",
            "2:36: values.x.bytes must be a whole number from 16 to 4096, not 8",
            True,
        ),
        (
            "values: {x: {min_length: 8}}",
            f"2:13: values.x has no source; one of {SOURCES}",
            False,
        ),
        (
            "values: {x: {env: X, file: y}}",
            ("2:22: values.x has two sources, 'env' (environments/staging.yaml:2:14) and 'file'; one is needed"),
            True,
        ),
        ("values: {x: {env: X, trim: yes}}", "2:22: values.x.trim goes with file or exec, not with env", True),
        ("values: {x: {file: x, trim: yes}}", "2:29: values.x.trim must be true or false, not 'yes'", True),
    ],
)
def test_what_can_not_be_right_is_refused(text: str, message: str, schema_tells: bool | None) -> None:
    """None is for what is no YAML that an editor could look at."""
    files = {"staging": f"extends: base\n{text}", "base": BASE}
    assert refusal(files) == f"environments/staging.yaml:{message}"
    if schema_tells is not None:
        assert schema_accepts(text) is not schema_tells


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("backend: {kind: plain}\nsecrets: []", "1:1: namespace is missing; write namespace: aura-staging"),
        (
            "namespace: a\nsecrets: []",
            "1:1: backend is missing; write backend: {kind: sealed-secrets, certificate: …, fingerprint: …}",
        ),
        (
            "namespace: a\nbackend: {kind: plain}",
            "1:1: secrets is missing; write secrets: [backend-secrets]",
        ),
        (
            "namespace: a\nbackend: {}\nsecrets: []",
            "2:10: backend.kind is missing; one of sealed-secrets, external-secrets, plain",
        ),
        ("namespace: a\nbackend: {knd: plain}\nsecrets: []", "2:11: unknown field 'backend.knd'; did you mean 'kind'?"),
        (
            "namespace: a\nbackend: {certificate: c.pem}\nsecrets: []",
            "2:10: backend.kind is missing; one of sealed-secrets, external-secrets, plain",
        ),
        (
            f"namespace: a\nbackend: {{kind: sealed-secrets, fingerprint: '{PIN}'}}\nsecrets: []",
            "2:10: backend.certificate is missing; write certificate: environments/certificates/controller.pem",
        ),
        (
            "namespace: a\nbackend: {kind: sealed-secrets, certificate: c.pem}\nsecrets: []",
            (
                "2:10: backend.fingerprint is missing: The pin: the certificate's fingerprint, which 'sealgen cert "
                "fetch ENV' writes; another is refused."
            ),
        ),
        (
            f"namespace: a\nbackend: {{kind: sealed-secrets, certificate: c.pem, fingerprint: '{PIN}'}}\nsecrets: []",
            "2:10: output is missing; write output: k8s/overlays/staging",
        ),
        ("namespace:\nbackend: {kind: plain}\nsecrets: []", "1:11: namespace is empty; it must be text"),
        ("namespace: a\nbackend:\nsecrets: []", "2:9: backend is empty; it must be a mapping"),
        (
            "namespace: a\nbackend: {kind: plain}\nsecrets:",
            "3:9: secrets is empty; it must be a list or a mapping of secrets",
        ),
        ("namespace: a\nbackend: {kind: plain}\nsecrets: []\nvars:", "4:6: vars is empty; it must be a mapping"),
        ("- a", "1:1: an environment file must be a mapping"),
        ("a", "1:1: an environment file must be a mapping"),
        ("", "1:1: the file is empty"),
        ("# all of it is\n# commented out\n", "1:1: the file is empty"),
        ("a: &x 1", "1:4: an anchor (&x); write the value out where it is used"),
        ("extends:", "1:9: extends is empty; it must be text"),
        ("extends: [a]", "1:10: extends must be text, not a list"),
        (
            "extends: ../a",
            f"1:10: extends can't be '../a'; {A_NAME}",
        ),
        (
            "extends: a.yaml/../b",
            f"1:10: extends can't be 'a.yaml/../b'; {A_NAME}",
        ),
        ("x: y\nextends: base.yaml", "2:10: there is no environments/base.yaml.yaml"),
        ("extends: bse", "1:10: there is no environments/bse.yaml"),
        ("extends: staging", "1:10: the files extend each other in a circle: staging → staging"),
    ],
)
def test_what_is_missing_is_refused_with_advice(text: str, message: str) -> None:
    assert refusal({"staging": text}) == f"environments/staging.yaml:{message}"


def test_a_circle_of_files_is_refused() -> None:
    files = {"staging": "extends: a", "a": "extends: b", "b": "# back\nextends: a"}
    assert refusal(files) == ("environments/b.yaml:2:10: the files extend each other in a circle: staging → a → b → a")


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("vars: [", "base.yaml:2:1: not YAML: did not find expected node content"),
        ("- a", "base.yaml:1:1: an environment file must be a mapping"),
        ("\nnamespce: x", "base.yaml:2:1: unknown field 'namespce'; did you mean 'namespace'?"),
        (
            "values:\n  x: {env: 1}",
            "base.yaml:2:12: values.x.env can't be '1'; it must be letters, digits and '_', no digit first",
        ),
        (
            "values:\n  x: {bytes: 16}",
            f"base.yaml:2:6: values.x has no source; one of {SOURCES}",
        ),
        ("extends: nowhere", "base.yaml:1:10: there is no environments/nowhere.yaml"),
        ("a: 1\na: 2", "base.yaml:2:1: 'a' occurs twice; the first is in line 1"),
    ],
)
def test_an_error_of_a_base_is_told_in_its_own_file(base: str, message: str) -> None:
    files = {"staging": "extends: base\nnamespace: a\nbackend: {kind: plain}\nsecrets: []", "base": base}
    assert refusal(files) == f"environments/{message}"


def test_an_alias_for_what_an_environment_removed_is_refused_where_the_alias_is() -> None:
    base = BASE.replace("[backend, redis]", "[{name: redis, values: {own: user}}]")
    assert refusal({"staging": "extends: base\nvalues: {user: ~}", "base": base}) == (
        "environments/base.yaml:14:39: secrets.redis.values.own: no value 'user'; known are cert, jwt_key"
    )


@pytest.mark.parametrize("name", ["Staging", "staging ", "-a", "a-", "a/b", "..", "", "ä", "a\n"])
def test_an_environments_name_is_a_plain_file_name(name: str) -> None:
    assert refusal({name: BASE}, name) == (
        f"environments/{printable(name)}.yaml can't be an environment: "
        "a name has lower-case letters, digits, '-', '_' and '.'"
    )


@pytest.mark.parametrize("name", ["a", "0", "staging", "eu-1.staging", "a_b", "base.yaml"])
def test_an_environments_name_may_have_dots_and_dashes(name: str) -> None:
    assert load({name: BASE}, name).name == name


def test_an_environment_that_is_not_there_is_refused() -> None:
    assert refusal({}) == "there is no environments/staging.yaml"


def test_a_message_never_repeats_a_literal() -> None:
    for text in ("{literal: [s3cr3t]}", "{literal: {s3cr3t: x}}", "[s3cr3t]", "s3cr3t", "{literal: s3cr3t, env: X}"):
        assert "s3cr3t" not in refusal({"staging": f"extends: base\nvalues: {{x: {text}}}", "base": BASE})
