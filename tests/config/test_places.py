"""``keep:`` and ``push:``: where values are put, with names filled in, and one clear error for what can't be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgen.config.environment import load
from sealgen.errors import ConfigurationError
from sealgen.review.settings import settings_changes
from sealgen.values.aws_ssm import ParameterStore
from sealgen.values.kept import Kept
from sealgen.values.vault import VaultStore
from tests.test_readme import ROOT

if TYPE_CHECKING:
    from sealgen.config.environment import Environment

HEAD = "namespace: a\nbackend: {kind: plain}\nsecrets: []\n"


def environment(text: str, name: str = "staging", **bases: str) -> Environment:
    """Return the environment of this name, whose file is ``text`` below the required fields."""
    files = {f"environments/{name}.yaml": HEAD + text} | {
        f"environments/{base}.yaml": held for base, held in bases.items()
    }
    return load(name, lambda path: files[path].encode() if path in files else None)


def places(found: Environment) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Return the kind, entry and property of each place: of what is kept, and of what is pushed with a ``>``."""
    kept = {name: value.source.stored for name, value in found.values.items() if isinstance(value.source, Kept)}
    all_ = {**kept, **{f">{name}": place for name, place in found.push.items()}}
    return {name: (place.kind, place.part.entry.name, place.part.property) for name, place in all_.items()}


def test_names_are_filled_in_for_each_value_and_environment() -> None:
    base = (
        "values:\n"
        "  jwt_key: {generate: hex, keep: {vault: 'secret/{environment}/keys', property: [jwt, '{dashed-value}']}}\n"
        "  api: {env: API}\n"
        "push: {aws-ssm: '/aura/{environment}/{value}'}\n"
    )
    for name in ("staging", "production"):
        assert places(environment("extends: base\n", name, base=base)) == {
            "jwt_key": ("vault", f"secret/{name}/keys", ("jwt", "jwt-key")),
            ">jwt_key": ("aws-ssm", f"/aura/{name}/jwt_key", ()),
            ">api": ("aws-ssm", f"/aura/{name}/api", ()),
        }


def test_a_file_that_extends_another_may_name_another_store_or_none() -> None:
    base = (
        "values:\n"
        "  jwt: {generate: hex, keep: {vault: secret/aura, property: jwt, timeout: 5s}}\n"
        "  api: {env: API, push: {vault: secret/aura, property: api}}\n"
        "push: {vault: secret/all, property: '{value}'}\n"
    )
    over = (
        "extends: base\n"
        "values:\n"
        "  jwt: {keep: {aws-ssm: /aura/jwt}}\n"
        "  api: {file: api.txt}\n"
        "push: {aws-ssm: '/all/{value}'}\n"
    )
    assert places(environment(over, base=base)) == {
        "jwt": ("aws-ssm", "/aura/jwt", ()),
        ">jwt": ("aws-ssm", "/all/jwt", ()),
        # It is another source, and is pushed as before.
        ">api": ("vault", "secret/aura", ("api",)),
    }
    none = "extends: base\nvalues: {jwt: {keep: null}, api: {push: null}}\npush: null\n"
    found = environment(none, base=base)
    assert (places(found), found.values["jwt"].source.made) == ({}, True)


def test_they_are_in_the_environments_stores() -> None:
    found = environment(
        "stores: {main: {kind: vault, namespace: team}, cloud: {kind: aws-ssm, region: eu-west-1}}\n"
        "values: {jwt: {generate: hex, keep: {vault: secret/aura, property: jwt}}}\n"
        "push: {aws-ssm: '/{value}', store: cloud}\n"
    )
    source = found.values["jwt"].source
    assert isinstance(source, Kept)
    assert source.stored.part.entry.store == VaultStore(namespace="team")
    assert found.push["jwt"].part.entry.store == ParameterStore("eu-west-1")


VALUE = "values: {jwt: {generate: hex, keep: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{VALUE}main}}}}\n", "4:37: values.jwt.keep must be a mapping"),
        (
            f"{VALUE}{{sops: a.yaml}}}}}}\n",
            (
                "4:37: values.jwt.keep names no store that can be written; one of vault, aws-secretsmanager, aws-ssm, "
                "gcp-secretmanager, azure-keyvault, age, keyring"
            ),
        ),
        (
            f"{VALUE}{{vault: secret/a, property: x, aws-ssm: /b}}}}}}\n",
            "4:68: values.jwt.keep has two stores, vault and aws-ssm; one is needed",
        ),
        (
            f"{VALUE}{{vault: secret/a}}}}}}\n",
            (
                "4:37: values.jwt.keep.property is missing: The secret's key; a list of names leads into what it holds "
                "as JSON."
            ),
        ),
        (
            f"{VALUE}{{vault: secret/a, property: x, version: 3}}}}}}\n",
            "4:68: unknown field 'values.jwt.keep.version'; known are encoding, property, store, timeout, vault",
        ),
        (
            f"{VALUE}{{vault: 'secret/{{enviroment}}', property: x}}}}}}\n",
            "4:45: values.jwt.keep.vault has '{enviroment}', which stands for nothing; did you mean '{environment}'?",
        ),
        (
            f"{VALUE}{{vault: secret/a, property: ['{{value']}}}}}}\n",
            (
                "4:66: values.jwt.keep.property has '{', which stands for nothing; "
                "known are {dashed-value}, {environment}, {value}"
            ),
        ),
        (
            f"{VALUE}{{vault: '{{value}}', property: x}}}}}}\n",
            "4:45: values.jwt.keep.vault: 'jwt' must be a mount and a path in it, such as secret/aura/postgres",
        ),
        (
            f"{VALUE}{{vault: secret/a, property: x, store: none}}}}}}\n",
            "4:75: values.jwt.keep.store: no store 'none'; the environment has no stores:",
        ),
        (
            "values: {jwt: {generate: hex, recover: cluster, keep: {aws-ssm: /a}}}\n",
            "4:40: values.jwt.recover goes with a value that is stored nowhere, and this one has keep",
        ),
        (
            "values: {jwt: {env: JWT, keep: {aws-ssm: /a}}}\n",
            "4:26: values.jwt.keep goes with generate, not with env",
        ),
        (
            "values: {a: {generate: hex, keep: {aws-ssm: /a}}, b: {generate: hex, keep: {aws-ssm: /a}}}\n",
            "4:86: 'a' and 'b' would have one place, aws-ssm /a; give each a property",
        ),
        (
            (
                "values: {a: {generate: ed25519, keep: {aws-ssm: /a, property: p}},"
                " b: {env: B, push: {aws-ssm: /a, property: [p, private]}}}\n"
            ),
            "4:96: 'a' and 'b' would have one place, aws-ssm /a, property p.private",
        ),
        (
            "values: {a: {env: A}, b: {env: B}}\npush: {vault: secret/a, property: x}\n",
            "5:15: 'a' and 'b' would have one place, vault secret/a, property x",
        ),
        (
            "values: {a: {env: A}}\npush: {vault: a}\n",
            "5:15: push.vault: 'a' must be a mount and a path in it, such as secret/aura/postgres",
        ),
        ("push: 1\n", "4:7: push must be a mapping"),
    ],
)
def test_what_can_not_be_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        environment(text)
    assert str(caught.value) == f"environments/staging.yaml:{message}"


def test_a_change_of_where_values_are_put_is_one_of_trust() -> None:
    before = environment(
        f"{VALUE}{{vault: secret/a, property: x}}}}, api: {{env: A}}}}\npush: {{aws-ssm: '/{{value}}'}}\n"
    )
    after = environment(
        "values: {jwt: {generate: hex, keep: {vault: secret/b, property: x}}, api: {env: A, push: {aws-ssm: /else}}}\n"
        "push: {aws-ssm: '/{value}'}\n"
    )
    nowhere = environment("values: {jwt: {generate: hex}, api: {env: A}}\n")

    def told(old: Environment, new: Environment) -> list[str]:
        return [f"{change.level.name} {change.detail}" for change in settings_changes(old, new)]

    assert told(before, before) == []
    assert told(before, after) == [
        "TRUST jwt: kept in vault secret/a, property x → kept in vault secret/b, property x",
        "TRUST push: api is put into aws-ssm /else, not aws-ssm /api",
    ]
    assert told(nowhere, after) == [
        "TRUST jwt: kept nowhere → kept in vault secret/b, property x",
        "TRUST push: api is put into aws-ssm /else",
        "TRUST push: jwt is put into aws-ssm /jwt",
    ]
    assert told(before, nowhere) == [
        "TRUST jwt: kept in vault secret/a, property x → kept nowhere",
        "PLAIN push: api is no longer put into aws-ssm /api",
        "PLAIN push: jwt is no longer put into aws-ssm /jwt",
    ]


def test_what_the_page_shows_is_what_it_says() -> None:
    page = (ROOT / "docs/sources.md").read_text()
    keeping, pushing = (
        page.partition(f"## {title}\n")[2].partition("```yaml\n")[2].partition("```")[0]
        for title in ("Keeping generated values", "Pushing")
    )
    assert places(environment(keeping, "production")) == {
        "jwt_secret_key": ("vault", "secret/aura/production", ("jwt_secret_key",))
    }
    shown = {
        f">{cells[0]}": (cells[1], cells[2], () if cells[3] == "(all)" else (cells[3],))
        for cells in (line.split() for line in page.splitlines())
        if cells[-1:] == ["create"]
    }
    assert places(environment(pushing, "production")) == shown != {}
