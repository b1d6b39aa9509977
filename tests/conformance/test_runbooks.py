"""Aura's rotations carried out for real: PostgreSQL, Redis, an API server and the sealed-secrets controller.

What is not real: there is no node, so that what ``kubectl exec`` would do in a pod is done on this machine
(pod_kubectl.py), and the backend's Deployment has no replicas. Its rollout is that of Kubernetes' own controller.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import string
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from sealgen.filters import FILTERS
from tests.conformance.cluster.processes import environ as cluster_environ
from tests.conformance.cluster.processes import tied
from tests.conformance.cluster.sealing import sealing_for
from tests.conformance.conftest import tool
from tests.conformance.databases import DATABASE, HOST, Postgres, Redis, postgres, redis
from tests.support.leaks import leaked
from tests.support.project import Ended, Project, controller
from tests.test_readme import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conformance.cluster.cluster import Cluster

SECRETS = ("backend-secrets", "postgres-secrets", "redis-secrets")
TEST_PASSWORD = "that of the login which is tried"
PRINTABLE = string.digits + string.ascii_letters + string.punctuation


@dataclass(frozen=True)
class World:
    """Aura's project, sealed for the cluster and live there, with the servers that its Secrets are for."""

    project: Project
    cluster: Cluster
    namespace: str
    postgres: Postgres
    redis: Redis
    bin: Path
    logins: list[Any]
    """What the backend was asked for to log in."""
    environment: str = "staging"
    environ: Mapping[str, str] = field(default_factory=dict)
    """Where stores are."""

    def rotate(self, *arguments: str, kill_after: int | None = None) -> Ended:
        """Run ``rotate``, which is killed after a call of kubectl if a number is given; calls count from 1."""
        settings = self.bin / "settings.json"
        said = {**json.loads(settings.read_text()), "kill_after": kill_after}
        settings.write_text(json.dumps(said))
        (self.bin / "calls").write_text("")
        path = f"{self.bin}:{Path(tool('curl')).parent}:{cluster_environ(self.bin)['PATH']}"
        more = {"PATH": path, "AURA_TEST_PASSWORD": TEST_PASSWORD, "HOME": str(self.bin)}
        return self.project.execute("rotate", self.environment, *arguments, env={**self.environ, **more})

    @property
    def calls(self) -> list[list[str]]:
        """What kubectl was called with in the last run."""
        return [json.loads(line) for line in (self.bin / "calls").read_text().splitlines()]

    def live(self) -> dict[str, bytes]:
        """Return what the cluster has, by ``SECRET/KEY``."""
        found = {name: self.cluster.secret(self.namespace, name) for name in SECRETS}
        return {f"{name}/{key}": value for name, data in found.items() for key, value in data.items()}

    def restarted(self) -> str | None:
        """Return when the backend was restarted last."""
        deployment = self.cluster.get("deployment", "backend", f"--namespace={self.namespace}")
        annotations = deployment["spec"]["template"]["metadata"].get("annotations", {})
        found: str | None = annotations.get("kubectl.kubernetes.io/restartedAt")
        return found

    def is_consistent(self) -> bool:
        """Tell whether both Secrets have the password that PostgreSQL takes, and both that Redis does."""
        live = self.live()
        database, memory = live["postgres-secrets/postgres-password"], live["redis-secrets/redis-password"]
        port, cache = self.postgres.port, self.redis.port
        return (
            self.postgres.takes(database)
            and self.redis.takes(memory)
            and live["backend-secrets/POSTGRES_DB_URI"].decode()
            == f"postgresql+psycopg://aura:{quote(database, safe='')}@{HOST}:{port}/{DATABASE}"
            and live["backend-secrets/REDIS_URL"].decode()
            == live["redis-secrets/redis-url"].decode()
            == f"redis://:{quote(memory, safe='')}@{HOST}:{cache}/0"
        )

    def leaks(self, ended: Ended, *values: bytes) -> list[str]:
        """Return which values are in the output, in an argument of kubectl's, or in what sealgen keeps."""
        kept = b"".join(path.read_bytes() for path in (self.project.root / ".sealgen").rglob("*") if path.is_file())
        seen = (ended.out + ended.err).encode() + (self.bin / "calls").read_bytes() + kept
        return leaked(seen, {str(number): value for number, value in enumerate(values)})


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    assert before.keys() == after.keys()
    return [key for key in before if before[key] != after[key]]


@pytest.fixture(scope="module")
def deployments(cluster: Cluster) -> Iterator[None]:
    """Run Kubernetes' controller of Deployments, which no other test needs."""
    flags = ("--leader-elect=false", "--secure-port=0", "--controllers=deployment-controller")
    command = tied("kube-controller-manager", f"--kubeconfig={cluster.kubeconfig}", *flags)
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=cluster_environ(cluster.folder)
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def api(logins: list[Any]) -> Iterator[str]:
    """Run what the backend does for a login, and give its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            logins.append((self.path, self.headers["Content-Type"], body))
            self.send_response(200 if body["password"] == TEST_PASSWORD else 401)
            self.end_headers()
            self.wfile.write(b'{"access_token": "a token that nobody needs to see"}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with http.server.ThreadingHTTPServer((HOST, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def servers(cluster: Cluster, folder: Path, environment: str, **fields: Any) -> Iterator[World]:
    """Run Aura's servers, write the environment as it is shipped but for ``fields``, and give what is not live yet."""
    project = sealing_for(cluster, Project(folder / "project", controller()))
    for name in ("environments", "templates"):
        (project.root / name).mkdir(parents=True, exist_ok=True)
    project.write("environments/base.yaml", (ROOT / "environments/base.yaml").read_bytes())
    for template in (ROOT / "templates").iterdir():
        project.write(f"templates/{template.name}", template.read_bytes())
    logins: list[Any] = []
    with contextlib.ExitStack() as stack:
        memory = stack.enter_context(redis(b"for-now"))
        database = stack.enter_context(postgres(b"for-now"))
        where = {"redis_host": HOST, "redis_port": memory.port, "postgres_host": HOST, "postgres_port": database.port}
        namespace = cluster.namespace()
        project.environment(
            environment,
            **{
                "extends": "base",
                "namespace": namespace,
                "cluster": {"kubeconfig": str(cluster.kubeconfig), "context": "admin"},
                **fields,
                "vars": {**where, "api_url": stack.enter_context(api(logins)), **fields.get("vars", {})},
            },
        )
        world = World(project, cluster, namespace, database, memory, folder / "bin", logins, environment)
        _lay_out(world, folder)
        yield world


def let_in(world: World) -> None:
    """Have the databases take the passwords that are live."""
    live = world.live()
    world.postgres.do(b"ALTER USER aura PASSWORD '%b'" % live["postgres-secrets/postgres-password"])
    assert world.redis.ask(b"AUTH", b"for-now") == b"+OK"
    set_password = b"AUTH for-now\nCONFIG SET requirepass %b\n" % live["redis-secrets/redis-password"]
    command = ["redis-cli", "-p", str(world.redis.port), "--pipe"]
    subprocess.run(command, input=set_password, check=True, stdout=subprocess.DEVNULL)
    assert world.is_consistent()


@pytest.fixture
def world(cluster: Cluster, deployments: None, tmp_path: Path) -> Iterator[World]:
    """Return Aura as it is shipped, live."""
    with servers(cluster, tmp_path, "staging") as world:
        assert world.project.run("seal", "staging", "-q") == (0, "", "")
        cluster.kubectl("apply", "-k", str(world.project.root / "k8s/overlays/staging"))
        cluster.wait_synced(world.namespace)
        let_in(world)
        yield world


def _lay_out(world: World, folder: Path) -> None:
    """Put kubectl's stand-in and the backend's code in place, and create the backend's Deployment."""
    world.bin.mkdir()
    program = world.bin / "kubectl"
    program.write_text(f"#!{sys.executable}\n{Path(__file__).with_name('pod_kubectl.py').read_text()}")
    program.chmod(0o755)
    (folder / "backend/db").mkdir(parents=True)
    (folder / "backend/db/database.py").write_text(
        "import os\nfrom sqlalchemy.ext.asyncio import create_async_engine\n"
        "async_engine = create_async_engine(os.environ['POSTGRES_DB_URI'])\n"
    )
    settings = {
        "calls": str(world.bin / "calls"),
        "kubectl": shutil.which("kubectl"),
        "namespace": world.namespace,
        "redis": str(world.redis.port),
        "postgres_socket": str(world.postgres.socket),
        "postgres_port": str(world.postgres.port),
        "backend": str(folder / "backend"),
    }
    (world.bin / "settings.json").write_text(json.dumps(settings))
    labels = {"app": "backend"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "backend", "image": "backend"}]}}
    world.cluster.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "backend", "namespace": world.namespace},
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod},
        }
    )


def test_the_password_of_postgresql_is_rotated_everywhere_and_nothing_else_changes(world: World) -> None:
    before, restarted = world.live(), world.restarted()
    old = before["postgres-secrets/postgres-password"]
    ended = world.rotate("postgres_password", "--execute", "--yes", "--show-output")
    assert ended.code == 0, ended
    after = world.live()
    new = after["postgres-secrets/postgres-password"]
    assert changed(before, after) == ["backend-secrets/POSTGRES_DB_URI", "postgres-secrets/postgres-password"]
    assert (world.postgres.takes(old), world.postgres.takes(new)) == (False, True)
    assert world.is_consistent()
    assert world.restarted() != restarted
    assert ended.out.splitlines()[-1] == "staging: postgres_password rotated, 6 steps done"
    assert world.leaks(ended, old, new) == []
    assert world.rotate("--resume", "--yes").out == "staging: no rotation was begun\n"


def test_the_password_of_redis_is_rotated_everywhere_and_nothing_else_changes(world: World) -> None:
    before = world.live()
    old = before["redis-secrets/redis-password"]
    ended = world.rotate("redis_password", "--execute", "--yes")
    assert ended.code == 0, ended
    after = world.live()
    new = after["redis-secrets/redis-password"]
    assert changed(before, after) == [
        "backend-secrets/REDIS_URL",
        "redis-secrets/redis-password",
        "redis-secrets/redis-url",
    ]
    assert (world.redis.takes(old), world.redis.takes(new)) == (False, True)
    assert world.redis.passwords(new) == 1
    assert world.is_consistent()
    assert world.leaks(ended, old, new) == []


def test_until_the_backend_has_the_new_password_redis_takes_both(world: World) -> None:
    old = world.live()["redis-secrets/redis-password"]
    ended = world.rotate("redis_password", "--execute", "--yes", kill_after=3)
    assert ended.code == -9
    new = world.live()["redis-secrets/redis-password"]
    assert old != new
    assert (world.redis.takes(old), world.redis.takes(new)) == (True, True)


def test_the_jwt_key_is_rotated_and_a_login_verifies_it(world: World) -> None:
    before = world.live()
    ended = world.rotate("jwt_secret_key", "--execute", "--yes", "--show-output")
    assert ended.code == 0, ended
    after = world.live()
    assert changed(before, after) == ["backend-secrets/JWT_SECRET_KEY"]
    login = {"email": "test@example.com", "password": TEST_PASSWORD}
    assert world.logins == [("/api/v1/auth/login", "application/json", login)]
    keys = (before["backend-secrets/JWT_SECRET_KEY"], after["backend-secrets/JWT_SECRET_KEY"])
    assert world.leaks(ended, *keys, TEST_PASSWORD.encode()) == []


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


@pytest.mark.parametrize("value", ["postgres_password", "redis_password", "jwt_secret_key"])
def test_killed_after_any_step_it_is_finished_by_another_run(world: World, value: str) -> None:
    steps = {"postgres_password": 6, "redis_password": 7, "jwt_secret_key": 4}[value]
    for number in range(1, steps + 1):
        before = world.live()
        assert world.rotate(value, "--execute", "--yes", kill_after=number).code == -9
        assert world.rotate(value, "--execute", "--yes").code == 1  # there is one to be finished
        ended = world.rotate("--resume", "--yes")
        if ended.code == 12:
            # The cluster never had the new password, and who made it is gone.
            assert number == 1
            assert f"{value} can't be had" in ended.err
            ended = world.rotate("--restart", "--yes")
        assert ended.code == 0, (number, ended)
        after = world.live()
        assert changed(before, after)
        assert world.is_consistent()
        if value != "jwt_secret_key":
            held = f"{value.partition('_')[0]}-secrets/{value.replace('_', '-')}"
            takes = world.postgres.takes if value.startswith("postgres") else world.redis.takes
            assert (takes(before[held]), takes(after[held])) == (False, True)
            assert world.leaks(ended, before[held], after[held]) == []


def test_a_rotation_that_was_begun_is_rolled_back(world: World) -> None:
    before = world.live()
    for value, takes in (("postgres_password", world.postgres.takes), ("redis_password", world.redis.takes)):
        assert world.rotate(value, "--execute", "--yes", kill_after=1).code == -9
        ended = world.rotate("--rollback", "--yes")
        assert ended.code == 0, ended
        old = before[f"{value.partition('_')[0]}-secrets/{value.replace('_', '-')}"]
        assert takes(old), (value, ended)
        assert world.leaks(ended, old) == []
    assert world.redis.passwords(before["redis-secrets/redis-password"]) == 1
    assert world.live() == before
    assert world.is_consistent()


def test_values_of_all_printable_characters_come_through(world: World) -> None:
    base = world.project.read("environments/base.yaml").decode()
    spec = "    generate: base64\n    bytes: 24\n    rotate_every: 180d\n"
    assert base.count(spec) == 2
    most = f"    generate: password\n    length: 256\n    charset: {json.dumps(PRINTABLE.replace('-', '') + '-')}\n"
    world.project.write("environments/base.yaml", base.replace(spec, most))
    ended = world.rotate("postgres_password", "redis_password", "--execute", "--yes")
    assert ended.code == 0, ended
    assert world.is_consistent()
    live = world.live()
    values = live["postgres-secrets/postgres-password"] + live["redis-secrets/redis-password"]
    assert len({*values} & {*PRINTABLE.encode()}) > 90
    assert world.leaks(ended, values) == []


# --- the filters, character by character ---


def test_postgresql_takes_any_text_that_sqlquote_quotes() -> None:
    every = "".join(map(chr, range(1, 127))) + "äß€😀"
    with postgres(b"for-now") as server:
        for password in (PRINTABLE, every, "'", "\\", "\\'", "''", "$1 :name :'name' %s", "\\x41", "E'a'"):
            server.do(b"ALTER USER aura PASSWORD " + FILTERS["sqlquote"].apply(password.encode()))
            assert server.takes(password), password
            assert not server.takes(password + "x")


@pytest.mark.parametrize("pipe", [["--pipe"], []], ids=["pipe", "lines"])
def test_redis_takes_any_bytes_that_redisquote_quotes(pipe: list[str]) -> None:
    passwords = [bytes(range(256)), PRINTABLE.encode(), b'"', b"\\", b"\\x41", b"'", b" ", b"#", b"a\r\nFLUSHALL\r\n"]
    with redis(b"for-now") as server:
        for password in passwords:
            before = b"for-now" if password is passwords[0] else passwords[passwords.index(password) - 1]
            quote_ = FILTERS["redisquote"].apply
            lines = b"AUTH %b\nCONFIG SET requirepass %b\n" % (quote_(before), quote_(password))
            program = ["redis-cli", "-p", str(server.port), *pipe]
            subprocess.run(program, input=lines, check=True, stdout=subprocess.DEVNULL)
            assert server.takes(password)
            assert not server.takes(before)
