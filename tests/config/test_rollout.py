"""``rollout:`` says whose pods start anew, and by what; all else is refused in its own line."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from sealgen.config import environment as config
from sealgen.config.editor_schema import json_schema
from sealgen.errors import ConfigurationError
from sealgen.kubernetes.rollout import Rollout

BASE = """\
namespace: aura
backend:
  kind: sealed-secrets
  certificate: aura.pem
  fingerprint: SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE
output: k8s/overlays/aura
secrets: [backend, {name: wide, scope: namespace-wide}, {name: open, scope: cluster-wide}]
"""
NAME_RULE = "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'"
STRICT_HINT = "\nGive the secret 'scope: namespace-wide', or name its workloads under annotation."
KNOWN = "known are CronJob, DaemonSet, Deployment, Rollout, StatefulSet"


def load(rollout: str, base: str = BASE) -> Rollout:
    """Return what ``rollout:`` of the environment ``aura`` rolls out."""
    text = f"{base}rollout: {rollout}\n"
    return config.load("aura", {"environments/aura.yaml": text.encode()}.get).rollout


def refusal(rollout: str, base: str = BASE) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(rollout, base)
    return str(caught.value)


@pytest.mark.parametrize("rollout", ["{}", "{annotation: {}}", "{suffix: []}", "{annotation: {}, suffix: []}"])
def test_without_it_nothing_is_rolled_out(rollout: str) -> None:
    assert load(rollout) == Rollout()
    assert not load(rollout).given


def test_workloads_have_their_secrets_and_secrets_their_digest() -> None:
    found = load("{annotation: {Deployment/b: [backend, backend], CronJob/a.b: [backend]}, suffix: [wide, open, wide]}")
    assert found == Rollout({"CronJob/a.b": ("backend",), "Deployment/b": ("backend",)}, frozenset({"wide", "open"}))
    assert found.given


def test_the_order_in_the_file_makes_no_difference() -> None:
    one = load("{annotation: {DaemonSet/a: [wide, backend], StatefulSet/a: [open]}}")
    two = load("{annotation: {StatefulSet/a: [open], DaemonSet/a: [backend, wide]}}")
    assert (one, list(one.annotation)) == (two, list(two.annotation))


def test_an_environment_may_roll_out_more_and_less_than_the_one_it_extends() -> None:
    files = {
        "environments/base.yaml": f"{BASE}rollout: {{annotation: {{Deployment/a: [open], Deployment/b: [backend]}}}}",
        "environments/aura.yaml": "extends: base\nrollout: {annotation: {Deployment/a: ~, Rollout/c: [wide]}}\n",
    }
    found = config.load("aura", lambda path: files[path].encode()).rollout
    assert found.annotation == {"Deployment/b": ("backend",), "Rollout/c": ("wide",)}


def test_a_plain_environment_may_inherit_it() -> None:
    plain = "namespace: aura\nbackend: {kind: plain}\nsecrets: [backend]\n"
    assert load("{suffix: [backend]}", plain).suffix == {"backend"}


@pytest.mark.parametrize(
    ("rollout", "message"),
    [
        ("[Deployment/a]", "8:10: rollout must be a mapping"),
        ("annotation", "8:10: rollout must be a mapping"),
        ("", "8:9: rollout is empty; it must be a mapping"),
        (
            "{annotations: {Deployment/a: [backend]}}",
            "8:11: unknown field 'rollout.annotations'; did you mean 'annotation'?",
        ),
        ("{Deployment/a: annotation}", "8:11: unknown field 'rollout.Deployment/a'; known are annotation, suffix"),
        ("{annotation: [Deployment/a]}", "8:23: rollout.annotation must be a mapping"),
        ("{annotation: {Deployment/a: backend}}", "8:38: rollout.annotation.Deployment/a must be a list"),
        ("{annotation: {Deployment/a: {backend: 1}}}", "8:38: rollout.annotation.Deployment/a must be a list"),
        ("{annotation: {Deployment/a: []}}", "8:38: rollout.annotation.Deployment/a is empty"),
        ("{annotation: {Deployment/a: ~}}", "8:38: rollout.annotation.Deployment/a is empty; it must be a list"),
        (
            "{annotation: {Deployment/a: [[backend]]}}",
            "8:39: rollout.annotation.Deployment/a[0] must be a secret's name, not a list",
        ),
        (
            "{annotation: {Deployment/a: [backend, ~]}}",
            "8:48: rollout.annotation.Deployment/a[1] is empty; it must be a secret's name",
        ),
        (
            "{annotation: {Deployment/a: [backends]}}",
            "8:39: rollout.annotation.Deployment/a[0]: no secret 'backends'; did you mean 'backend'?",
        ),
        (
            "{annotation: {backend: [backend]}}",
            "8:24: rollout.annotation: 'backend' can't be a workload: write KIND/NAME, as in Deployment/backend",
        ),
        (
            "{annotation: {deployment/a: [backend]}}",
            "8:24: rollout.annotation: the kind of a workload can't be 'deployment'; did you mean 'Deployment'?",
        ),
        (
            "{annotation: {Service/a: [backend]}}",
            f"8:24: rollout.annotation: the kind of a workload can't be 'Service'; {KNOWN}",
        ),
        (
            "{annotation: {/a: [backend]}}",
            f"8:24: rollout.annotation: the kind of a workload can't be ''; {KNOWN}",
        ),
        (
            "{annotation: {Job/a: [backend]}}",
            "8:24: rollout.annotation: a Job can't be rolled out: once it is made, its pods stay as they are",
        ),
        (
            "{annotation: {Pod/a: [backend]}}",
            "8:24: rollout.annotation: a Pod can't be rolled out: nothing starts it anew; name what it belongs to",
        ),
        (
            "{annotation: {ReplicaSet/a: [backend]}}",
            (
                "8:24: rollout.annotation: a ReplicaSet can't be rolled out: its pods stay as they are when its "
                "template changes; name its Deployment"
            ),
        ),
        (
            "{annotation: {Deployment/: [backend]}}",
            f"8:24: rollout.annotation: a name can't be empty: {NAME_RULE}",
        ),
        (
            "{annotation: {Deployment/Back_End: [backend]}}",
            f"8:24: rollout.annotation: 'Back_End' can't be a name: {NAME_RULE}; did you mean 'back-end'?",
        ),
        (
            "{annotation: {Deployment/a/b: [backend]}}",
            f"8:24: rollout.annotation: 'a/b' can't be a name: {NAME_RULE}; did you mean 'a-b'?",
        ),
        ("{suffix: wide}", "8:19: rollout.suffix must be a list"),
        ("{suffix: {wide: true}}", "8:19: rollout.suffix must be a list"),
        ("{suffix: [[wide]]}", "8:20: rollout.suffix[0] must be a secret's name, not a list"),
        ("{suffix: [wide, wild]}", "8:26: rollout.suffix[1]: no secret 'wild'; did you mean 'wide'?"),
        (
            "{suffix: [backend]}",
            (
                "8:20: rollout.suffix[0]: 'backend' is sealed for its name (scope strict), and could not be opened "
                f"under another{STRICT_HINT}"
            ),
        ),
        (
            "{annotation: {Deployment/a: [wide]}, suffix: [wide]}",
            (
                "8:39: rollout.annotation.Deployment/a[0]: 'wide' is under suffix too; who uses it follows its name, "
                "and needs no annotation"
            ),
        ),
    ],
)
def test_what_can_not_be_right_is_refused_in_its_own_place(rollout: str, message: str) -> None:
    assert refusal(rollout) == f"environments/aura.yaml:{message}"


def test_a_name_that_has_no_room_for_the_digest_is_refused() -> None:
    name = "a" * 243
    base = BASE.replace("name: wide", f"name: {name}")
    assert refusal(f"{{suffix: [{name}]}}", base) == (
        f"environments/aura.yaml:8:20: rollout.suffix[0]: '{name}' is too long: with the digest, a name has at most "
        "253 characters"
    )
    assert load(f"{{suffix: [{name[1:]}]}}", base.replace(name, name[1:])).suffix == {name[1:]}


@pytest.mark.parametrize("name", ["rollout", "rollout-references"])
def test_a_secret_can_not_have_a_file_of_rollout(name: str) -> None:
    base = BASE.replace("[backend", f"[{name}")
    assert refusal(f"{{annotation: {{Deployment/a: [{name}]}}}}", base) == (
        f"environments/aura.yaml:7:11: '{name}' and rollout: have one file, {name}.yaml; give the secret a filename"
    )
    assert config.load("aura", {"environments/aura.yaml": base.encode()}.get).secrets[0].filename == f"{name}.yaml"


@pytest.mark.parametrize(
    ("rollout", "right"),
    [
        ("{annotation: {Deployment/a: [backend]}, suffix: [wide]}", True),
        ("{annotation: {Job/a: [backend]}}", False),
        ("{annotation: {Deployment/A: [backend]}}", False),
        ("{annotation: {Deployment/a: []}}", False),
        ("{suffix: wide}", False),
    ],
)
def test_editors_know_it_by_the_schema(rollout: str, right: bool) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert validator.is_valid({"rollout": yaml.safe_load(rollout)}) is right
