"""A value has exactly one source, takes that source's fields and the rules, and refuses all else by name."""

from __future__ import annotations

import subprocess
import sys

import jsonschema
import pytest

from sealgen.errors import ConfigurationError, Mark
from sealgen.values.rules import RULES, Rules
from sealgen.values.sources import SOURCE_NAMES, ValueShape
from sealgen.values.value import specification_digest
from sealgen.yaml.nodes import parse
from sealgen.yaml.schema import MapOf
from tests.values.reading import CANARY, parts, read, refusal, surroundings

NAMES = (
    "literal, generate, env, file, dotenv, exec, prompt, vault, aws-secretsmanager, aws-ssm, gcp-secretmanager, "
    "azure-keyvault, sops, age, keyring, kubernetes"
)
EVERY_SOURCE = {
    "{literal: aura}": "05489739cc604de1",
    "{generate: hex, bytes: 32}": "f6eb25a4fa8c1478",
    "{generate: base64, bytes: 24}": "d12e88c3dc78b64e",
    "{generate: urlsafe, bytes: 32}": "27691e1e06677de2",
    "{generate: alphanumeric, length: 20}": "368d95ed9e03f32f",
    "{generate: password, length: 20, charset: a-z0-9, minimums: {digits: 2}}": "2de89d97bf614b39",
    "{generate: uuid}": "0e12cd8e3daf4c21",
    "{generate: rsa, bits: 3072}": "b0bb896e881bd15c",
    "{generate: ecdsa, curve: P-256}": "dbee0495547803cd",
    "{generate: ed25519}": "355a9bb5599659c3",
    "{generate: ssh, algorithm: ed25519, comment: aura}": "017edd6a64275d50",
    "{generate: tls, names: [aura.example], days: 90, algorithm: rsa}": "c4d8a9d1cdee5cec",
    "{env: SMTP_PASSWORD}": "7afcfeda15463236",
    "{file: secrets/smtp, trim: true}": "0ce5e243024629ef",
    "{dotenv: .env, variable: SMTP_PASSWORD}": "b317365a00a46b87",
    "{exec: [op, read, x], timeout: 30s, trim: true}": "ffecc32735b8876d",
    "{prompt: SMTP password}": "73bdcafffd1db76d",
    "{vault: secret/aura/postgres, property: password, version: 3}": "c35e3c15f26eb50c",
    "{aws-ssm: /aura/postgres/password, version: 3}": "b3b3a5f94a22f69c",
    "{gcp-secretmanager: aura-postgres, property: password, version: 3}": "93476ab7eabb4529",
    "{azure-keyvault: aura-postgres, property: password}": "73ff76a7a27a04dc",
    "{sops: secrets.yaml, property: [postgres, password]}": "f1d702e3443caeac",
    "{age: smtp/password, encoding: base64}": "2fcb92add1eae8af",
    "{keyring: aura/postgres}": "1b83118528b5c716",
    "{kubernetes: aura/smtp, property: password}": "a2200673e53f78fe",
    "{aws-secretsmanager: aura/postgres, property: password, version: AWSPREVIOUS}": "e283f480cf530ec2",
}
"""With the beginning of its specification's digest."""


def test_the_names_of_the_sources() -> None:
    assert ", ".join(SOURCE_NAMES) == NAMES


def test_no_rule_has_the_name_of_a_source() -> None:
    assert not set(SOURCE_NAMES) & set(RULES)


def test_values_are_read_by_name() -> None:
    node = parse("jwt: {generate: hex, min_length: 32, rotate_every: 90d}\nuser: {literal: aura, lint: error}\n", "f")
    values = MapOf(ValueShape()).read(node, "values")
    assert [(name, value.name, value.source.kind) for name, value in values.items()] == [
        ("jwt", "jwt", "generate"),
        ("user", "user", "literal"),
    ]
    assert values["jwt"].rules == Rules(32, None, None, 90, None)
    assert values["user"].rules.lint == "error"


@pytest.mark.parametrize("yaml", EVERY_SOURCE)
def test_every_source_takes_its_fields_and_the_kind_is_its_name(yaml: str) -> None:
    assert read(yaml).source.kind == yaml[1:].partition(":")[0]


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "{}",
            f"1:1: values.password has no source; one of {NAMES}",
        ),
        (
            "{min_length: 3}",
            f"1:1: values.password has no source; one of {NAMES}",
        ),
        (
            "{bytes: 32}",
            f"1:1: values.password has no source; one of {NAMES}",
        ),
        (
            f"{{literal:{CANARY}}}",
            "1:2: unknown field 'values.password.literal:…'; a space is missing after 'literal:'",
        ),
        (f"{{litteral:{CANARY}}}", "1:2: unknown field 'values.password.litteral:…'; did you mean 'literal'?"),
        (
            f"{{env: A, pattern:{CANARY}}}",
            "1:10: unknown field 'values.password.pattern:…'; a space is missing after 'pattern:'",
        ),
        (f"{{literal:{CANARY}, literal:{CANARY}}}", "1:25: 'literal:…' occurs twice; the first is in line 1"),
        (f"{{litteral: {CANARY}}}", "1:2: unknown field 'values.password.litteral'; did you mean 'literal'?"),
        (
            f"{{literal: {CANARY}, env: X}}",
            "1:26: values.password has two sources, 'literal' (base.yaml:1:2) and 'env'; one is needed",
        ),
        (
            f"{{env: X, literal: {CANARY}}}",
            "1:10: values.password has two sources, 'env' (base.yaml:1:2) and 'literal'; one is needed",
        ),
        ("{generate: hexx}", "1:12: values.password.generate can't be 'hexx'; did you mean 'hex'?"),
        (
            "{generate: scrypt2}",
            (
                "1:12: values.password.generate can't be 'scrypt2'; known are alphanumeric, base64, ecdsa, "
                "ed25519, hex, password, rsa, ssh, tls, urlsafe, uuid"
            ),
        ),
        ("{generate: [hex]}", "1:12: values.password.generate must be text, not a list"),
        ("{generate: hex, byte: 32}", "1:17: unknown field 'values.password.byte'; did you mean 'bytes'?"),
        (
            "{generate: hex, min_lenght: 32}",
            "1:17: unknown field 'values.password.min_lenght'; did you mean 'min_length'?",
        ),
        (
            f"{{literal: {CANARY}, foo: 1}}",
            (
                "1:26: unknown field 'values.password.foo'; known are forbid, lint, literal, max_length, "
                "min_length, pattern, push, rotate_every"
            ),
        ),
        (
            "{generate: hex, length: 32}",
            (
                "1:17: values.password.length goes with generate: alphanumeric or generate: password, "
                "not with generate: hex, which takes bytes"
            ),
        ),
        ("{env: X, trim: true}", "1:10: values.password.trim goes with file or exec, not with env"),
        ("{env: X, recover: cluster}", "1:10: values.password.recover goes with generate or prompt, not with env"),
        (
            f"{{literal: {CANARY}, recover: cluster}}",
            "1:26: values.password.recover goes with generate or prompt, not with literal",
        ),
        ("{generate: hex, recover: nowhere}", "1:26: values.password.recover can't be 'nowhere'; known are cluster"),
        (
            "{recover: cluster}",
            f"1:1: values.password has no source; one of {NAMES}",
        ),
        ("[hex]", "1:1: values.password must be a mapping"),
        (CANARY, "1:1: values.password must be a mapping"),
    ],
)
def test_a_mapping_that_is_no_value_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_only_what_was_never_stored_may_say_from_where_it_is_read_back() -> None:
    for yaml in EVERY_SOURCE:
        assert read(yaml).recover is None
        if read(yaml).source.made:
            recovered = read(f"{yaml[:-1]}, recover: cluster}}")
            assert (recovered.recover, recovered.specification) == ("cluster", read(yaml).specification)
        else:
            assert "values.password.recover goes with generate or prompt, not with " in refusal(
                f"{yaml[:-1]}, recover: cluster}}", ConfigurationError
            )


def test_the_place_of_a_refusal_can_be_pointed_at() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read("\n  generate: hexx\n")
    assert caught.value.at == Mark("base.yaml", 2, 13)


def accepted(document: object) -> bool:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **ValueShape().json_schema()}
    jsonschema.Draft202012Validator.check_schema(schema)
    return bool(jsonschema.Draft202012Validator(schema).is_valid(document))


@pytest.mark.parametrize(
    "document",
    [
        {"literal": "aura"},
        {"literal": 12345},
        {"generate": "hex", "bytes": 32, "min_length": 32, "rotate_every": "90d"},
        {"generate": "password", "length": 20, "charset": "a-z", "minimums": {"digits": 0}},
        {"generate": "rsa", "bits": 4096},
        {"generate": "tls", "names": ["a", "::1"], "days": 30},
        {"env": "SMTP_PASSWORD", "pattern": "[a-z]+", "lint": "error"},
        {"file": "a", "trim": True},
        {"dotenv": ".env"},
        {"exec": ["op", "read"], "timeout": "30s"},
        {"prompt": "Password"},
        {"vault": "secret/aura", "property": ["password", "x"], "version": 3, "store": "main", "timeout": "5s"},
        {"rotate_every": "30d"},
        {"bytes": 64},
    ],
)
def test_the_schema_takes_what_a_file_or_one_that_extends_it_may_say(document: object) -> None:
    assert accepted(document)


@pytest.mark.parametrize(
    "document",
    [
        {"literal": None},
        {"literal": "a", "env": "B"},
        {"generate": "hexx"},
        {"generate": "hex", "length": 32},
        {"generate": "hex", "bytes": 8},
        {"generate": "rsa", "bits": 1024},
        {"generate": "password", "minimums": {"digit": 1}},
        {"generate": "tls", "names": []},
        {"env": "A-B"},
        {"exec": "op read"},
        {"env": "A", "rotate_every": "90"},
        {"env": "A", "lint": "off"},
        {"min_lenght": 3},
        "aura",
        [],
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(document: object) -> None:
    assert not accepted(document)


def test_every_field_is_documented() -> None:
    for variant in ValueShape().json_schema()["anyOf"]:
        assert variant["title"]
        assert not variant["additionalProperties"]
        for field in variant["properties"].values():
            assert field["description"]


def test_the_digest_of_a_specification_tells_sources_and_options_apart() -> None:
    yamls = [*EVERY_SOURCE, "{generate: hex, bytes: 33}", "{literal: X}", "{env: X}", "{file: X}", "{dotenv: X}"]
    yamls += ["{file: secrets/smtp}", "{exec: [op, read x]}", "{exec: [op, read, x]}", "{generate: password}"]
    digests = [specification_digest(read(yaml).source) for yaml in yamls]
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 64 for digest in digests)


@pytest.mark.parametrize(("yaml", "digest"), EVERY_SOURCE.items())
def test_the_digest_of_a_specification_is_the_same_for_ever(yaml: str, digest: str) -> None:
    # The lock holds it: another way to compute it would make every value look changed.
    assert specification_digest(read(yaml).source)[:16] == digest


def test_defaults_and_rules_are_no_change_of_the_specification() -> None:
    assert specification_digest(read("generate: hex").source) == specification_digest(
        read("{bytes: 32, min_length: 8, generate: hex, rotate_every: 1y, lint: error}").source
    )


def test_no_representation_holds_a_value() -> None:
    value = read(f"literal: {CANARY}")
    obtained = value.source.obtain("password", surroundings())
    assert CANARY not in f"{value} {value!r} {obtained} {value.source!r} {value.source}"


def test_reading_sources_loads_nothing_heavy() -> None:
    program = (
        "import sys; import sealgen.values.sources; "
        "print(*sorted({'cryptography', 'subprocess', 'bcrypt', 'jinja2', 'ruamel', 'ssl'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


def test_parts_are_named_as_the_source_says() -> None:
    for yaml in ("generate: ed25519", "generate: ssh", "{generate: tls, names: [a]}", "literal: a", "generate: uuid"):
        assert tuple(parts(yaml)) == read(yaml).source.parts
