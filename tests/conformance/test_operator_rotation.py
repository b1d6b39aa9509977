"""Aura's production rotated for real: what the store gets, the real operator brings to the cluster, and the steps wait.

As in test_runbooks.py, where no operator reads a store, and with the store that production has: AWS Secrets Manager.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.conformance import test_operator, test_runbooks, test_stores
from tests.conformance.test_runbooks import SECRETS, World, changed, let_in, servers
from tests.test_readme import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

aws, drongo, deployments = test_stores.aws, test_stores.drongo, test_runbooks.deployments
azure, clouds, operator = test_operator.azure, test_operator.clouds, test_operator.operator


@pytest.fixture
def world(cluster: Cluster, deployments: None, aws: dict[str, str], tmp_path: Path) -> Iterator[World]:
    """Return Aura's production as it is shipped, but for how the operator signs in, live."""
    shipped: dict[str, Any] = yaml.safe_load((ROOT / "environments/production.yaml").read_text())
    shipped["backend"]["secret_store"]["aws"] = test_operator.in_aws("SecretsManager")["aws"]
    fields = {name: shipped[name] for name in ("backend", "vars", "values", "output")}
    with servers(cluster, tmp_path, "production", **fields) as found:
        world = replace(found, environ=aws)
        test_operator.signs_in(cluster, world.namespace)
        assert world.project.run("push", "production", "-q", env=aws) == (0, "", "")
        test_operator.applied(cluster, world.project, "production", aws)
        test_operator.wait_ready(cluster, world.namespace, *SECRETS)
        let_in(world)
        yield world
        # Tests share a store, and have one name in it.
        for name in ("backend", "postgres", "redis"):
            test_stores.client("secretsmanager").delete_secret(
                SecretId=f"aura/production/{name}", ForceDeleteWithoutRecovery=True
            )


def stored(name: str) -> dict[str, str]:
    """Return what an entry of the store holds."""
    manager = test_stores.client("secretsmanager")
    held = manager.get_secret_value(SecretId=f"aura/production/{name}", VersionStage="AWSCURRENT")
    found: dict[str, str] = json.loads(held["SecretString"])
    return found


def test_the_password_of_postgresql_is_rotated_everywhere_and_nothing_else_changes(world: World) -> None:
    before, restarted = world.live(), world.restarted()
    old = before["postgres-secrets/postgres-password"]
    ended = world.rotate("postgres_password", "--execute", "--yes", "--show-output")
    assert ended.code == 0, ended
    after = world.live()
    new = after["postgres-secrets/postgres-password"]
    assert changed(before, after) == ["backend-secrets/POSTGRES_DB_URI", "postgres-secrets/postgres-password"]
    assert stored("postgres")["password"].encode() == new
    assert (world.postgres.takes(old), world.postgres.takes(new)) == (False, True)
    assert world.is_consistent()
    assert world.restarted() != restarted
    assert world.project.counter("postgres_password", "production") == 2
    assert world.leaks(ended, old, new) == []


def test_all_are_rotated_with_one_restart(world: World) -> None:
    before = world.live()
    ended = world.rotate("--all", "--execute", "--yes")
    assert ended.code == 0, ended
    after = world.live()
    assert sorted(changed(before, after)) == sorted(
        key for key in before if key not in ("postgres-secrets/postgres-user", "postgres-secrets/postgres-db")
    )
    assert world.is_consistent()
    assert [call[:2] for call in world.calls].count(["rollout", "restart"]) == 1
    assert world.project.run("push", "production", env=world.environ).out.endswith("3 unchanged\n")


def test_killed_in_a_step_it_is_finished_with_what_the_store_has(world: World) -> None:
    ended = world.rotate("postgres_password", "--execute", "--yes", kill_after=1)
    assert ended.code == -9
    new = stored("postgres")["password"].encode()
    assert world.rotate("--resume", "--yes").code == 0
    assert world.live()["postgres-secrets/postgres-password"] == new
    assert world.is_consistent()


def test_killed_in_the_first_step_it_goes_on_with_the_version_before_by_its_number(world: World) -> None:
    old = world.live()["redis-secrets/redis-password"]
    assert world.rotate("redis_password", "--execute", "--yes", kill_after=1).code == -9
    new = stored("redis")["password"].encode()
    assert old != new
    ended = world.rotate("--resume", "--yes")  # its first step signs in with the old one
    assert ended.code == 0, ended
    assert world.live()["redis-secrets/redis-password"] == new
    assert world.is_consistent()
    assert world.leaks(ended, old, new) == []


def test_rolled_back_later_the_database_has_the_version_before(world: World) -> None:
    old = world.live()["postgres-secrets/postgres-password"]
    assert world.rotate("postgres_password", "--execute", "--yes", kill_after=1).code == -9
    assert not world.postgres.takes(old)
    ended = world.rotate("--rollback", "--yes")
    assert ended.code == 0, ended
    assert world.postgres.takes(old)
