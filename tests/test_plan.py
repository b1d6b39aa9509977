"""A plan has one action a key and one reason an action, and is known before any plaintext is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.kubernetes.sealed_secret import Scope
from sealgen.lock import Lock, LockedKey, LockedValue
from sealgen.plan import (
    Action,
    DesiredKey,
    DesiredSecret,
    Made,
    Plan,
    Read,
    Reason,
    Step,
    Unreadable,
    plan,
)
from sealgen.values.version import made_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PIN = "SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE"
OLD_PIN = "SHA256:/KxLE/niM1FcsiHMmabYuxoiVnd0+5HIer9ahnd+eEQ"
V1, V2 = "hmac-sha256:" + "1" * 32, "hmac-sha256:" + "2" * 32
TOKEN = "1f9c2ab4"
"""The random digits of the plans; those of what was made before are others."""
UNREADABLE = Unreadable("the environment variable SMTP is not set")


def was(counter: int) -> str:
    """Return the version of what an earlier run made."""
    return made_version(counter, "00000000")


def anew(counter: int) -> str:
    """Return the version of what the plan makes."""
    return made_version(counter, TOKEN)


# The world of most tests: one Secret with one key, sealed of one value that is made and one that is read.
KEY = DesiredKey("r" * 64, ("jwt", "smtp"))
SECRET = DesiredSecret("backend", "aura", Scope.STRICT, "backend.yaml", {"KEY": KEY})
LOCKED = LockedKey(
    filename="backend.yaml",
    namespace="aura",
    scope=Scope.STRICT,
    recipe="r" * 64,
    values={"jwt": was(3), "smtp": V1},
    certificate=PIN,
    ciphertext="c" * 64,
)
VALUES: dict[str, Made | Read | Unreadable] = {"jwt": Made(was(3)), "smtp": Read(V1)}
CIPHERTEXTS = {("backend", "KEY"): "c" * 64}


def planned(
    *,
    secret: Mapping[str, Any] | None = None,
    key: Mapping[str, Any] | None = None,
    locked: Mapping[str, Any] | None = None,
    values: Mapping[str, Made | Read | Unreadable] | None = None,
    ciphertext: str | None = "c" * 64,
    rewrite: Mapping[str, Reason] | None = None,
    rotate: str = "",
    reseal: str = "",
    live: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
) -> Plan:
    """Plan the world with changes; ``locked`` of ``{}`` is a key that the lock has not."""
    desired_key = KEY._replace(**(key or {}))
    desired = dataclasses.replace(SECRET, **{"keys": {"KEY": desired_key}, **(secret or {})})
    known = {} if locked == {} else {("backend", "KEY"): dataclasses.replace(LOCKED, **(locked or {}))}
    return plan(
        [desired],
        {**VALUES, **(values or {})},
        Lock(keys=known),
        {} if ciphertext is None else {("backend", "KEY"): ciphertext},
        PIN,
        token=TOKEN,
        rewrite=rewrite or {},
        rotate=set(rotate.split()),
        reseal={reseal} if reseal else set(),
        live=live or {},
    )


def told(found: Plan) -> list[tuple[str, str, str]]:
    """Return key, action and reason of each step, with the detail behind the reason."""
    return [
        (step.key, str(step.action), f"{step.reason}: {step.detail}" if step.detail else str(step.reason))
        for step in found.steps
    ]


ONE_MADE = {"key": {"values": ("jwt",)}, "locked": {"values": {"jwt": was(3)}}}
ONE_READ = {"key": {"values": ("smtp",)}, "locked": {"values": {"smtp": V1}}}
NO_VALUE: dict[str, Any] = {"key": {"values": ()}, "locked": {"values": {}}}


@pytest.mark.parametrize(
    ("changes", "action", "reason"),
    [
        # Keep.
        ({}, "keep", "unchanged"),
        (NO_VALUE, "keep", "unchanged"),
        ({"locked": {"certificate": OLD_PIN}}, "keep", f"unchanged: sealed with another certificate, {OLD_PIN}"),
        (
            {"locked": {"certificate": OLD_PIN}, "reseal": "SHA256:another"},
            "keep",
            f"unchanged: sealed with another certificate, {OLD_PIN}",
        ),
        ({"reseal": PIN}, "keep", "unchanged"),
        ({"secret": {"filename": "other.yaml"}}, "keep", "unchanged"),
        ({"rotate": "other"}, "keep", "unchanged"),
        # Seal.
        ({**ONE_READ, "locked": {}, "ciphertext": None}, "seal", "new key"),
        ({**ONE_READ, "locked": {}}, "seal", "new key"),
        ({"locked": {}, "values": {"jwt": Made(None)}}, "seal", "new key"),
        ({"locked": {}, "rotate": "jwt"}, "seal", "new key"),
        ({**ONE_READ, "values": {"smtp": Read(V2)}}, "seal", "value changed: smtp"),
        ({**ONE_READ, "locked": {"values": {"smtp": was(4)}}}, "seal", "value changed: smtp"),
        ({**ONE_READ, "locked": {"values": {}}}, "seal", "value changed: smtp"),
        ({**ONE_MADE, "values": {"jwt": Made(None)}}, "seal", "value changed: jwt 3 → 1"),
        (
            {**ONE_MADE, "locked": {"values": {"jwt": was(1)}}, "values": {"jwt": Made(None)}},
            "seal",
            "value changed: jwt 1 → another 1",
        ),
        ({**ONE_MADE, "locked": {"values": {"jwt": V1}}, "values": {"jwt": Made(None)}}, "seal", "value changed: jwt"),
        ({"values": {"jwt": Made(None), "smtp": Read(V2)}}, "seal", "value changed: jwt 3 → 1, smtp"),
        ({**ONE_READ, "key": {"values": ("smtp",), "recipe": "s" * 64}}, "seal", "recipe changed"),
        ({**NO_VALUE, "key": {"values": (), "recipe": "s" * 64}}, "seal", "recipe changed"),
        ({**ONE_READ, "secret": {"scope": Scope.CLUSTER_WIDE}}, "seal", "scope changed: strict → cluster-wide"),
        ({**ONE_READ, "locked": {"scope": Scope.NAMESPACE_WIDE}}, "seal", "scope changed: namespace-wide → strict"),
        ({**ONE_READ, "secret": {"namespace": "other"}}, "seal", "namespace changed: aura → other"),
        ({"rotate": "jwt"}, "seal", "rotated: jwt 3 → 4"),
        ({"rotate": "jwt other"}, "seal", "rotated: jwt 3 → 4"),
        ({**ONE_READ, "ciphertext": None}, "seal", "ciphertext missing"),
        ({**ONE_READ, "ciphertext": "d" * 64}, "seal", "ciphertext altered outside sealgen"),
        (
            {**ONE_READ, "locked": {"certificate": OLD_PIN}, "reseal": OLD_PIN},
            "seal",
            f"certificate changed: {OLD_PIN} → {PIN}",
        ),
        # Blocked: the same reasons where a value was made once, and stored nowhere.
        ({"locked": {}}, "blocked", "new key: needs jwt, which was never stored"),
        ({"values": {"smtp": Read(V2)}}, "blocked", "value changed: smtp; needs jwt, which was never stored"),
        (
            {**ONE_MADE, "locked": {"values": {"jwt": was(2)}}},
            "blocked",
            "value changed: jwt 2 → 3; needs jwt, which was never stored",
        ),
        (
            {**ONE_MADE, "locked": {"values": {"jwt": anew(3)}}},
            "blocked",
            "value changed: jwt 3 → another 3; needs jwt, which was never stored",
        ),
        ({"key": {"recipe": "s" * 64}}, "blocked", "recipe changed: needs jwt, which was never stored"),
        (
            {"secret": {"scope": Scope.CLUSTER_WIDE}},
            "blocked",
            "scope changed: strict → cluster-wide; needs jwt, which was never stored",
        ),
        (
            {"secret": {"namespace": "other"}},
            "blocked",
            "namespace changed: aura → other; needs jwt, which was never stored",
        ),
        ({"ciphertext": None}, "blocked", "ciphertext missing: needs jwt, which was never stored"),
        ({"ciphertext": "d" * 64}, "blocked", "ciphertext altered outside sealgen: needs jwt, which was never stored"),
        (
            {"locked": {"certificate": OLD_PIN}, "reseal": OLD_PIN},
            "blocked",
            f"certificate changed: {OLD_PIN} → {PIN}; needs jwt, which was never stored",
        ),
        (
            {"key": {"values": ("a", "b", "jwt")}, "values": {"a": Made(was(1)), "b": Made(None)}},
            "blocked",
            "value changed: a, b; needs a, jwt, which was never stored",
        ),
        (
            {"key": {"values": ("a", "jwt")}, "values": {"a": Made(was(1))}, "rotate": "jwt"},
            "blocked",
            "rotated: jwt 3 → 4; needs a, which was never stored",
        ),
        # Unknown: whatever else there is to say, here it can't be said or done.
        ({"values": {"smtp": UNREADABLE}}, "unknown", f"can't tell: {UNREADABLE.reason}"),
        ({"values": {"smtp": UNREADABLE}, "locked": {}}, "unknown", f"new key: {UNREADABLE.reason}"),
        ({"values": {"smtp": UNREADABLE}, "rotate": "jwt"}, "unknown", f"rotated: {UNREADABLE.reason}"),
        (
            {"values": {"smtp": UNREADABLE}, "key": {"recipe": "s" * 64}},
            "unknown",
            f"recipe changed: {UNREADABLE.reason}",
        ),
        ({"values": {"smtp": UNREADABLE}, "ciphertext": None}, "unknown", f"ciphertext missing: {UNREADABLE.reason}"),
        (
            {
                "key": {"values": ("a", "b", "c")},
                "values": {"a": Unreadable("x"), "b": Unreadable("y"), "c": Unreadable("x")},
            },
            "unknown",
            "can't tell: x; y",
        ),
    ],
)
def test_a_key_has_one_action_and_one_reason(changes: dict[str, Any], action: str, reason: str) -> None:
    assert told(planned(**changes)) == [("KEY", action, reason)]


# From the one that wins to the one that is told only where nothing else is: each can be with all after it.
PRECEDENCE: list[tuple[Reason, dict[str, Any]]] = [
    (Reason.SCOPE, {"secret": {"scope": Scope.CLUSTER_WIDE}}),
    (Reason.NAMESPACE, {"secret": {"namespace": "other"}}),
    (Reason.ROTATED, {"rotate": "jwt"}),
    (Reason.RECIPE, {"key": {"recipe": "s" * 64}}),
    (Reason.VALUE, {"values": {"smtp": Read(V2)}}),
    (Reason.MISSING, {"ciphertext": None}),
    (Reason.CERTIFICATE, {"locked": {"certificate": OLD_PIN}, "reseal": OLD_PIN}),
]


def test_reasons_are_told_in_these_words() -> None:
    """Programs may look for them in what ``plan --json`` prints."""
    assert [str(reason) for reason in Reason] == [
        "unchanged",
        "new key",
        "value changed",
        "recipe changed",
        "scope changed",
        "namespace changed",
        "rotated",
        "certificate changed",
        "ciphertext missing",
        "ciphertext altered outside sealgen",
        "metadata changed",
        "access changed",
        "rollout changed",
        "place in the store changed",
        "backend changed",
        "file renamed",
        "kustomization entry missing",
        "added outside sealgen",
        "previous version kept",
        "rotation finished",
        "no longer in the template",
        "no longer in the environment",
        "can't tell",
    ]


def test_of_several_reasons_the_first_is_told() -> None:
    for index, (reason, _) in enumerate(PRECEDENCE):
        together: dict[str, Any] = {}
        for _, changes in PRECEDENCE[index:]:
            for name, change in changes.items():
                together[name] = {**together[name], **change} if name in together else change
        assert planned(**together).steps[0].reason is reason
    everything = {**together, "secret": {"scope": Scope.CLUSTER_WIDE}, "locked": {}}
    assert planned(**everything).steps[0].reason is Reason.NEW


def test_an_altered_ciphertext_is_told_before_a_changed_certificate() -> None:
    changes: dict[str, Any] = {"ciphertext": "d" * 64, "locked": {"certificate": OLD_PIN}, "reseal": OLD_PIN}
    assert planned(**changes).steps[0].reason is Reason.ALTERED


@pytest.mark.parametrize("reason", [Reason.ENTRY, Reason.METADATA, Reason.FILENAME])
def test_a_manifest_is_rewritten_before_its_keys_are_kept(reason: Reason) -> None:
    assert told(planned(rewrite={"backend": reason, "unknown": reason})) == [
        ("", "rewrite", str(reason)),
        ("KEY", "keep", "unchanged"),
    ]


def test_what_is_no_longer_wanted_is_dropped_last() -> None:
    lock = Lock(
        keys={
            ("backend", "GONE"): LOCKED,
            ("backend", "KEY"): LOCKED,
            ("removed", "A"): LOCKED,
            ("removed", "B"): LOCKED,
        }
    )
    ciphertexts = {
        ("removed", "FOREIGN"): "c" * 64,
        ("backend", "FOREIGN"): "c" * 64,
        ("backend", "GONE"): "whatever",
        ("backend", "KEY"): "c" * 64,
        ("removed", "A"): "c" * 64,
    }
    assert plan([SECRET], VALUES, lock, ciphertexts, PIN, token=TOKEN).steps == (
        Step("backend", "KEY", Action.KEEP, Reason.UNCHANGED),
        Step("backend", "GONE", Action.DROP, Reason.NO_KEY),
        Step("removed", "A", Action.DROP, Reason.NO_ENTRY),
        Step("removed", "B", Action.DROP, Reason.NO_ENTRY),
        Step("backend", "FOREIGN", Action.DROP, Reason.FOREIGN),
        Step("removed", "FOREIGN", Action.DROP, Reason.FOREIGN),
    )


def test_a_renamed_secret_is_a_new_one_and_a_dropped_one() -> None:
    """The name is in the label: an old ciphertext does not open under another."""
    renamed = dataclasses.replace(SECRET, name="api", keys={"KEY": DesiredKey("r" * 64, ("smtp",))})
    found = plan([renamed], VALUES, Lock(keys={("backend", "KEY"): LOCKED}), CIPHERTEXTS, PIN, token=TOKEN)
    assert [(step.secret, step.reason) for step in found.steps] == [
        ("api", Reason.NEW),
        ("backend", Reason.NO_ENTRY),
    ]


def _secret(name: str, **keys: str) -> DesiredSecret:
    """Return a Secret of keys with the values, space-separated, that each is made of."""
    return DesiredSecret(
        name,
        "aura",
        Scope.STRICT,
        f"{name}.yaml",
        {key: DesiredKey("r" * 64, tuple(values.split())) for key, values in keys.items()},
    )


def _sealed(*secrets: DesiredSecret, **versions: str) -> Lock:
    """Return the lock of these Secrets, sealed of these versions."""
    return Lock(
        values={name: LockedValue(version, "2026-01-01", "a" * 64) for name, version in versions.items()},
        keys={
            (secret.name, name): dataclasses.replace(LOCKED, values={value: versions[value] for value in key.values})
            for secret in secrets
            for name, key in secret.keys.items()
        },
    )


def _ciphertexts(lock: Lock) -> dict[tuple[str, str], str]:
    return {place: key.ciphertext for place, key in lock.keys.items()}


BACKEND = _secret("backend", JWT="jwt", URI="db user", HOST="")
POSTGRES = _secret("postgres", PASSWORD="db", USER="user")
REDIS = _secret("redis", PASSWORD="redis")
AURA = [BACKEND, POSTGRES, REDIS]
AURA_LOCK = _sealed(*AURA, jwt=was(1), db=was(4), user=V1, redis=was(1))
AURA_VALUES: dict[str, Made | Read | Unreadable] = {
    "jwt": Made(was(1)),
    "db": Made(was(4)),
    "user": Read(V1),
    "redis": Made(was(1)),
}


def changed_steps(found: Plan) -> dict[tuple[str, str], tuple[Action, Reason]]:
    return {
        (step.secret, step.key): (step.action, step.reason) for step in found.steps if step.action is not Action.KEEP
    }


def test_a_rotated_value_is_sealed_in_every_secret_and_nothing_else_is() -> None:
    found = plan(AURA, AURA_VALUES, AURA_LOCK, _ciphertexts(AURA_LOCK), PIN, token=TOKEN, rotate={"db"})
    assert changed_steps(found) == {
        ("backend", "URI"): (Action.SEAL, Reason.ROTATED),
        ("postgres", "PASSWORD"): (Action.SEAL, Reason.ROTATED),
    }
    assert found.made == ("db",)
    assert found.versions == {"jwt": was(1), "db": anew(5), "user": V1, "redis": was(1)}
    assert len(found.steps) == 6


def test_several_values_are_rotated_in_one_plan() -> None:
    found = plan(AURA, AURA_VALUES, AURA_LOCK, _ciphertexts(AURA_LOCK), PIN, token=TOKEN, rotate={"jwt", "redis"})
    assert changed_steps(found) == {
        ("backend", "JWT"): (Action.SEAL, Reason.ROTATED),
        ("redis", "PASSWORD"): (Action.SEAL, Reason.ROTATED),
    }
    assert found.made == ("jwt", "redis")


def test_a_sourced_value_that_meets_a_generated_one_in_a_key_blocks_that_key_alone() -> None:
    values = {**AURA_VALUES, "user": Read(V2)}
    found = plan(AURA, values, AURA_LOCK, _ciphertexts(AURA_LOCK), PIN, token=TOKEN)
    assert changed_steps(found) == {
        ("backend", "URI"): (Action.BLOCKED, Reason.VALUE),
        ("postgres", "USER"): (Action.SEAL, Reason.VALUE),
    }
    assert (found.missing, found.made, found.stuck, found.changes) == (("db",), (), True, True)


def test_a_new_key_of_a_value_that_exists_elsewhere_is_blocked() -> None:
    """Sealing another value under the same version would leave two worlds."""
    desired = [BACKEND, POSTGRES, _secret("redis", PASSWORD="redis", DB="db")]
    found = plan(desired, AURA_VALUES, AURA_LOCK, _ciphertexts(AURA_LOCK), PIN, token=TOKEN)
    assert changed_steps(found) == {("redis", "DB"): (Action.BLOCKED, Reason.NEW)}
    assert found.missing == ("db",)
    rotated = plan(desired, AURA_VALUES, AURA_LOCK, _ciphertexts(AURA_LOCK), PIN, token=TOKEN, rotate={"db"})
    assert changed_steps(rotated) == {
        ("redis", "DB"): (Action.SEAL, Reason.NEW),
        ("backend", "URI"): (Action.SEAL, Reason.ROTATED),
        ("postgres", "PASSWORD"): (Action.SEAL, Reason.ROTATED),
    }


def test_a_value_whose_line_the_lock_lost_is_sealed_in_all_its_keys() -> None:
    """Its next version would be 1 again, and must not pass for the 1 that other keys have."""
    lock = _sealed(*AURA, jwt=was(1), db=was(1), user=V1, redis=was(1))
    found = plan(AURA, {**AURA_VALUES, "db": Made(None)}, lock, _ciphertexts(lock), PIN, token=TOKEN)
    assert changed_steps(found) == {
        ("backend", "URI"): (Action.SEAL, Reason.VALUE),
        ("postgres", "PASSWORD"): (Action.SEAL, Reason.VALUE),
    }
    assert found.made == ("db",)


def test_two_versions_of_one_number_are_two_values() -> None:
    """Two branches each made a fifth ``db``: a key of the one is never kept beside the other's line of the value."""
    lock = _sealed(*AURA, jwt=was(1), db=was(5), user=V1, redis=was(1))
    other = dataclasses.replace(lock.keys["postgres", "PASSWORD"], values={"db": anew(5)})
    lock = dataclasses.replace(lock, keys={**lock.keys, ("postgres", "PASSWORD"): other})
    values = {**AURA_VALUES, "db": Made(was(5))}
    found = plan(AURA, values, lock, _ciphertexts(lock), PIN, token="0" * 8)
    assert changed_steps(found) == {("postgres", "PASSWORD"): (Action.BLOCKED, Reason.VALUE)}
    assert (found.made, found.missing, found.stuck) == ((), ("db",), True)
    healed = plan(AURA, values, lock, _ciphertexts(lock), PIN, token=TOKEN, rotate={"db"})
    assert changed_steps(healed) == {
        ("backend", "URI"): (Action.SEAL, Reason.ROTATED),
        ("postgres", "PASSWORD"): (Action.SEAL, Reason.ROTATED),
    }
    assert healed.versions["db"] == anew(6)


def test_what_blocks_is_named_with_all_that_its_next_version_needs() -> None:
    """Making ``a`` anew reaches a key that holds ``b`` too, and so on: the advice is whole the first time."""
    desired = [_secret("one", A="a", AB="a b", BC="b c x"), _secret("two", D="d", X="x")]
    lock = _sealed(*desired, a=was(1), b=was(1), c=was(1), d=was(1), x=V1)
    values: dict[str, Made | Read | Unreadable] = {name: Made(was(1)) for name in "abcd"}
    values["x"] = Read(V1)
    ciphertexts = {**_ciphertexts(lock), ("one", "A"): "altered"}
    found = plan(desired, values, lock, ciphertexts, PIN, token=TOKEN)
    assert changed_steps(found) == {("one", "A"): (Action.BLOCKED, Reason.ALTERED)}
    assert found.missing == ("a", "b", "c")
    again = plan(desired, values, lock, ciphertexts, PIN, token=TOKEN, rotate=set(found.missing))
    assert not again.stuck
    assert changed_steps(again).keys() == {("one", "A"), ("one", "AB"), ("one", "BC")}


LIVE = {("backend", "KEY"): {"jwt": "backend/JWT"}}
"""The value of the world's one key that was never stored stands alone in another key of the cluster."""


@pytest.mark.parametrize(
    ("changes", "action", "reason"),
    [
        ({}, "keep", "unchanged"),
        ({"rotate": "jwt"}, "seal", "rotated: jwt 3 → 4"),
        ({"locked": {}}, "seal", "new key: read back from the cluster: backend/JWT"),
        (
            {"secret": {"scope": Scope.CLUSTER_WIDE}},
            "seal",
            "scope changed: strict → cluster-wide; read back from the cluster: backend/JWT",
        ),
        (
            {"locked": {"certificate": OLD_PIN}, "reseal": OLD_PIN},
            "seal",
            f"certificate changed: {OLD_PIN} → {PIN}; read back from the cluster: backend/JWT",
        ),
        (
            {"values": {"smtp": Read(V2)}},
            "seal",
            "value changed: smtp; read back from the cluster: backend/JWT",
        ),
        ({"values": {"smtp": UNREADABLE}, "locked": {}}, "unknown", f"new key: {UNREADABLE.reason}"),
        (
            {"key": {"values": ("a", "jwt")}, "values": {"a": Made(was(1))}, "locked": {}},
            "blocked",
            "new key: needs a, which was never stored",
        ),
    ],
)
def test_what_the_cluster_has_need_not_block(changes: dict[str, Any], action: str, reason: str) -> None:
    found = planned(live=LIVE, **changes)
    assert told(found) == [("KEY", action, reason)]
    assert found.missing == (("a",) if action == "blocked" else ())
    assert found.versions["jwt"] == (anew(4) if changes.get("rotate") else was(3))


def test_what_the_cluster_has_of_another_key_is_of_no_use() -> None:
    assert told(planned(live={("backend", "OTHER"): {"jwt": "x/y"}, ("x", "KEY"): {"jwt": "x/y"}}, locked={})) == [
        ("KEY", "blocked", "new key: needs jwt, which was never stored")
    ]


def test_what_the_cluster_has_is_not_made_anew_beside_what_must_be() -> None:
    desired = [_secret("one", A="a", AB="a b", BC="b c x"), _secret("two", D="d", X="x")]
    lock = _sealed(*desired, a=was(1), b=was(1), c=was(1), d=was(1), x=V1)
    values: dict[str, Made | Read | Unreadable] = {name: Made(was(1)) for name in "abcd"}
    values["x"] = Read(V1)
    ciphertexts = {**_ciphertexts(lock), ("one", "A"): "altered"}
    live = {("one", "AB"): {"b": "three/B"}}
    found = plan(desired, values, lock, ciphertexts, PIN, token=TOKEN, live=live)
    assert found.missing == ("a",)
    again = plan(desired, values, lock, ciphertexts, PIN, token=TOKEN, live=live, rotate={"a"})
    assert [(step.key, step.detail) for step in again.having(Action.SEAL)] == [
        ("A", "a 1 → 2"),
        ("AB", "a 1 → 2; read back from the cluster: three/B"),
    ]


def test_versions_are_those_of_values_that_a_key_uses() -> None:
    values = {**AURA_VALUES, "unused": Made(None), "secret": UNREADABLE}
    found = plan(AURA, values, AURA_LOCK, _ciphertexts(AURA_LOCK), PIN, token=TOKEN, rotate={"unused"})
    assert found.versions == {"jwt": was(1), "db": was(4), "user": V1, "redis": was(1)}
    assert found.made == ()
    assert not found.changes


def test_a_value_that_can_not_be_read_has_no_version() -> None:
    found = plan(AURA, {**AURA_VALUES, "user": UNREADABLE}, AURA_LOCK, _ciphertexts(AURA_LOCK), PIN, token=TOKEN)
    assert found.versions == {"jwt": was(1), "db": was(4), "redis": was(1)}
    assert changed_steps(found) == {
        ("backend", "URI"): (Action.UNKNOWN, Reason.UNREADABLE),
        ("postgres", "USER"): (Action.UNKNOWN, Reason.UNREADABLE),
    }
    assert (found.stuck, found.missing) == (True, ())


def test_the_first_plan_of_all_seals_everything() -> None:
    values: dict[str, Made | Read | Unreadable] = {
        name: Made(None) if isinstance(state, Made) else state for name, state in AURA_VALUES.items()
    }
    found = plan(AURA, values, Lock(), {}, PIN, token=TOKEN)
    assert [(step.secret, step.key, step.reason) for step in found.having(Action.SEAL)] == [
        ("backend", "JWT", Reason.NEW),
        ("backend", "URI", Reason.NEW),
        ("backend", "HOST", Reason.NEW),
        ("postgres", "PASSWORD", Reason.NEW),
        ("postgres", "USER", Reason.NEW),
        ("redis", "PASSWORD", Reason.NEW),
    ]
    assert found.made == ("db", "jwt", "redis")
    assert found.versions == {"jwt": anew(1), "db": anew(1), "user": V1, "redis": anew(1)}
    assert (found.changes, found.stuck) == (True, False)


def test_nothing_wanted_and_nothing_there_is_nothing_to_do() -> None:
    found = plan([], {}, Lock(), {}, PIN, token=TOKEN)
    assert found == Plan((), (), (), {})
    assert (found.changes, found.stuck) == (False, False)


@pytest.mark.parametrize(
    ("action", "changes", "stuck"),
    [
        (Action.KEEP, False, False),
        (Action.SEAL, True, False),
        (Action.DROP, True, False),
        (Action.REWRITE, True, False),
        (Action.BLOCKED, True, True),
        (Action.UNKNOWN, True, True),
    ],
)
def test_each_action_is_a_change_or_stuck_or_neither(action: Action, changes: bool, stuck: bool) -> None:
    found = Plan((Step("s", "k", action, Reason.UNCHANGED),), (), (), {})
    assert (found.changes, found.stuck) == (changes, stuck)


# Any world at all.

MADE, SOURCED = ("m0", "m1", "m2"), ("s0", "s1")
# What a recipe refers to is part of it, and so of its digest.
recipes = st.builds(
    lambda text, values: DesiredKey(f"{text} {values}", values),
    st.sampled_from(["a", "a", "b"]),
    st.sets(st.sampled_from([*MADE, *SOURCED]), max_size=3).map(lambda names: tuple(sorted(names))),
)


@st.composite
def secrets(draw: st.DrawFn) -> list[DesiredSecret]:
    names = draw(st.lists(st.sampled_from(["s", "t", "u"]), unique=True, max_size=3))
    return [
        DesiredSecret(
            name,
            draw(st.sampled_from(["aura", "aura", "other"])),
            draw(st.sampled_from([Scope.STRICT, Scope.STRICT, Scope.CLUSTER_WIDE])),
            f"{name}.yaml",
            draw(st.dictionaries(st.sampled_from(["K", "L", "M"]), recipes, max_size=3)),
        )
        for name in names
    ]


@dataclasses.dataclass(frozen=True)
class World:
    """A lock and an overlay, as an earlier run left them and people changed them, and what is wanted now."""

    desired: list[DesiredSecret]
    values: dict[str, Made | Read | Unreadable]
    lock: Lock
    ciphertexts: dict[tuple[str, str], str]
    rotate: frozenset[str]
    reseal: frozenset[str]
    live: dict[tuple[str, str], dict[str, str]]

    def plan(self) -> Plan:
        return plan(
            self.desired,
            self.values,
            self.lock,
            self.ciphertexts,
            PIN,
            token=TOKEN,
            rotate=self.rotate,
            reseal=self.reseal,
            live=self.live,
        )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    before, now = draw(secrets()), draw(secrets())
    # Most of what is wanted is what there was.
    desired = before if draw(st.booleans()) else now
    versions = {name: was(draw(st.integers(1, 3))) for name in MADE}
    versions |= {name: draw(st.sampled_from([V1, V2])) for name in SOURCED}
    keys = {}
    for secret in before:
        for name, key in secret.keys.items():
            keys[secret.name, name] = LockedKey(
                filename=secret.filename,
                namespace=secret.namespace,
                scope=secret.scope,
                recipe=key.recipe,
                values={value: versions[value] for value in key.values},
                certificate=draw(st.sampled_from([PIN, PIN, OLD_PIN])),
                ciphertext=f"{secret.name} {name}",
            )
    known = {name for key in keys.values() for name in key.values}
    ciphertexts = {place: key.ciphertext for place, key in keys.items()}
    for place in sorted(ciphertexts):
        fate = draw(st.sampled_from(["there", "there", "there", "altered", "missing"]))
        if fate == "altered":
            ciphertexts[place] = "altered"
        elif fate == "missing":
            del ciphertexts[place]
    if draw(st.booleans()):
        ciphertexts["s", "FOREIGN"] = "x"
    values: dict[str, Made | Read | Unreadable] = {}
    for name in MADE:
        version = versions[name]
        values[name] = Made(version if name in known else None)
    for name in SOURCED:
        values[name] = Read(draw(st.sampled_from([V1, V2])))
    return World(
        desired=desired,
        values=values,
        lock=Lock(values={name: LockedValue(versions[name], "2026-01-01", "a" * 64) for name in known}, keys=keys),
        ciphertexts=ciphertexts,
        rotate=draw(st.frozensets(st.sampled_from(MADE), max_size=2)),
        reseal=draw(st.sampled_from([frozenset(), frozenset({OLD_PIN})])),
        live={
            (secret.name, name): dict.fromkeys(draw(st.sets(st.sampled_from(MADE), max_size=3)), "some/key")
            for secret in desired
            for name in secret.keys
            if draw(st.booleans())
        },
    )


def _dependents(desired: Sequence[DesiredSecret], changed: set[str]) -> set[tuple[str, str]]:
    return {(secret.name, name) for secret in desired for name, key in secret.keys.items() if changed & set(key.values)}


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_what_is_to_be_sealed_is_what_depends_on_a_change_and_what_is_new_or_altered(world: World) -> None:
    wanted = {(secret.name, name): (secret, key) for secret in world.desired for name, key in secret.keys.items()}
    used = {value for _, key in wanted.values() for value in key.values}
    fresh = {name for name in used & set(MADE) if world.values[name] == Made(None) or name in world.rotate}
    expected = _dependents(world.desired, fresh)
    for place, (secret, key) in wanted.items():
        locked = world.lock.keys.get(place)
        if (
            locked is None
            or (locked.recipe, locked.scope, locked.namespace) != (key.recipe, secret.scope, secret.namespace)
            or world.ciphertexts.get(place) != locked.ciphertext
            or locked.certificate in world.reseal
            or any(Read(locked.values[name]) != world.values[name] for name in set(key.values) & set(SOURCED))
        ):
            expected.add(place)
    stored_nowhere = {place: (set(wanted[place][1].values) & set(MADE)) - fresh for place in expected}
    stuck = {place for place, names in stored_nowhere.items() if names - world.live.get(place, {}).keys()}

    found = world.plan()
    by_action = {action: {(step.secret, step.key) for step in found.having(action)} for action in Action}
    assert by_action[Action.SEAL] == expected - stuck
    assert by_action[Action.BLOCKED] == stuck
    assert by_action[Action.KEEP] == wanted.keys() - expected
    assert by_action[Action.DROP] == (world.lock.keys.keys() | world.ciphertexts.keys()) - wanted.keys()
    assert by_action[Action.UNKNOWN] == by_action[Action.REWRITE] == set()
    assert found.made == tuple(sorted(fresh))
    assert found.versions.keys() == used
    assert len({(step.secret, step.key) for step in found.steps}) == len(found.steps)
    assert bool(found.missing) == bool(stuck)
    read_back = {(step.secret, step.key) for step in found.steps if "read back from the cluster" in step.detail}
    assert read_back == {place for place, names in stored_nowhere.items() if names} - stuck


@given(worlds())
@settings(max_examples=80, deadline=None)
def test_rotating_what_is_missing_unblocks_every_key(world: World) -> None:
    found = world.plan()
    assert not set(found.missing) & set(found.made)
    assert not dataclasses.replace(world, rotate=world.rotate.union(found.missing)).plan().stuck


def _applied(world: World, found: Plan) -> World:
    """Return the world once the plan is carried out: the lock, the overlay, and the versions of what was made."""
    keys, ciphertexts = dict(world.lock.keys), dict(world.ciphertexts)
    for step in found.steps:
        place = (step.secret, step.key)
        if step.action is Action.DROP:
            keys.pop(place, None)
            ciphertexts.pop(place, None)
        elif step.action is Action.SEAL:
            secret = next(secret for secret in world.desired if secret.name == step.secret)
            key = secret.keys[step.key]
            keys[place] = LockedKey(
                filename=secret.filename,
                namespace=secret.namespace,
                scope=secret.scope,
                recipe=key.recipe,
                values={name: found.versions[name] for name in key.values},
                certificate=PIN,
                ciphertext=f"sealed anew {place}",
            )
            ciphertexts[place] = f"sealed anew {place}"
    values = dict(world.values)
    for name in found.made:
        values[name] = Made(found.versions[name])
    return dataclasses.replace(world, lock=Lock(keys=keys), ciphertexts=ciphertexts, values=values, rotate=frozenset())


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_planning_again_after_the_plan_is_carried_out_finds_nothing_to_do(world: World) -> None:
    found = world.plan()
    if found.stuck:
        world = dataclasses.replace(world, rotate=world.rotate.union(found.missing))
        found = world.plan()
    after = _applied(world, found)
    assert not after.plan().changes
    # One consistent world: all keys of a value hold the same version of it.
    for name in MADE:
        held = {key.values[name] for key in after.lock.keys.values() if name in key.values}
        assert len(held) <= 1


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_steps_come_in_the_order_of_the_environment_with_drops_last(world: World) -> None:
    steps = world.plan().steps
    order = [(secret.name, name) for secret in world.desired for name in secret.keys]
    assert [(step.secret, step.key) for step in steps[: len(order)]] == order
    assert {step.action for step in steps[len(order) :]} <= {Action.DROP}
