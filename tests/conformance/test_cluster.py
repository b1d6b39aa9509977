"""What sealgen seals a real controller opens in a real cluster, byte for byte; the API server takes all manifests."""

from __future__ import annotations

import base64
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.conformance.cluster.cluster import Cluster, KubectlError, running
from tests.conformance.cluster.processes import ClusterError
from tests.conformance.cluster.sealing import sealing_for
from tests.conformance.conftest import tool
from tests.support.project import SMTP_PASSWORD, Project, aura, controller, empty

ROOT = Path(__file__).parents[2]
OVERLAY = "k8s/overlays/staging"
HOSTILE = {
    "word": b"yes",
    "octal": b"012345",
    "exponent": b"1e3",
    "nothing": b"null",
    "empty": b"",
    "newline": b"\n",
    "lines": b"first\nsecond\r\n\tthird\n\n",
    "spaces": b"  both sides  ",
    "yaml": b'": x\n  evil: "{{ 7*7 }} {{ .word }}\n--- #\n',
    "unicode": "Größe, ключ, 鍵, 🔑".encode(),
    "binary": bytes(range(256)) * 3,
    "large": random.Random(1).randbytes(100_000),  # noqa: S311
}


def seal(project: Project) -> None:
    ended = project.run("seal", "staging", "-q")
    assert ended.code == 0, ended.err


def apply(cluster: Cluster, project: Project, *options: str) -> str:
    """Apply the overlay, as a user does."""
    return cluster.kubectl("apply", *options, "-k", str(project.root / OVERLAY))


def put(project: Project, namespace: str, contents: dict[str, bytes], **secret: str) -> None:
    """Write the environment staging with one secret, ``hostile``, whose keys have these contents, from files."""
    values = {}
    for name, content in contents.items():
        project.write(f"contents/{name}", content)
        values[name] = {"file": f"contents/{name}"}
    project.template("hostile", {name: f"{{{{ values.{name} }}}}" for name in contents})
    project.environment(namespace=namespace, values=values, secrets=[{"name": "hostile", **secret}])


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Project:
    """Return a project that has no environment yet, and seals for the cluster."""
    return sealing_for(cluster, empty(tmp_path / "project"))


# --- what is sealed is opened ---


def test_the_controller_opens_every_key_of_aura(cluster: Cluster, tmp_path: Path) -> None:
    namespace = cluster.namespace()
    project = sealing_for(cluster, aura(tmp_path / "aura"))
    project.change(backend=project.backend(), namespace=namespace)
    seal(project)
    apply(cluster, project)
    cluster.wait_synced(namespace)
    secrets = ("backend-secrets", "postgres-secrets", "redis-secrets")
    found = {f"{name}/{key}": value for name in secrets for key, value in cluster.secret(namespace, name).items()}
    assert found == project.unsealed()
    assert len(found) == 7
    assert found["backend-secrets/SMTP_PASSWORD"] == SMTP_PASSWORD.encode()
    password = found["postgres-secrets/postgres-password"].decode()
    uri = f"postgresql://aura:{quote(password, safe='')}@postgres:5432/aura_db"
    assert found["backend-secrets/POSTGRES_DB_URI"] == uri.encode()


def test_the_overlay_of_this_repository_is_sealed_anew_for_another_cluster(cluster: Cluster, tmp_path: Path) -> None:
    for folder in ("environments", "templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.lock"))
    project = sealing_for(cluster, Project(tmp_path, controller()))
    project.change(backend=project.backend())
    namespace = cluster.namespace("aura-staging")
    seal(project)
    apply(cluster, project)
    cluster.wait_synced(namespace)
    backend, postgres, redis = (
        cluster.secret(namespace, f"{name}-secrets") for name in ("backend", "postgres", "redis")
    )
    assert len(backend["JWT_SECRET_KEY"]) == 64
    password = quote(postgres["postgres-password"].decode(), safe="")
    assert backend["POSTGRES_DB_URI"] == f"postgresql+psycopg://aura:{password}@postgres:5432/aura_db".encode()
    password = quote(redis["redis-password"].decode(), safe="")
    assert backend["REDIS_URL"] == redis["redis-url"] == f"redis://:{password}@redis:6379/0".encode()


def test_the_controller_opens_every_value_byte_for_byte(cluster: Cluster, project: Project) -> None:
    namespace = cluster.namespace()
    put(project, namespace, HOSTILE)
    seal(project)
    apply(cluster, project)
    cluster.wait_synced(namespace)
    assert cluster.secret(namespace, "hostile") == HOSTILE


@pytest.mark.parametrize("scope", ["strict", "namespace-wide", "cluster-wide"])
def test_a_scope_is_as_wide_as_it_says(cluster: Cluster, project: Project, scope: str) -> None:
    here, elsewhere = cluster.namespace(), cluster.namespace()
    put(project, here, {"key": b"value"}, scope=scope)
    seal(project)
    apply(cluster, project)
    cluster.wait_synced(here)
    assert cluster.secret(here, "hostile") == {"key": b"value"}
    sealed = yaml.safe_load(project.read(project.manifest("hostile")))
    opened = {place: is_opened(cluster, sealed, *place) for place in [(here, "renamed"), (elsewhere, "hostile")]}
    assert opened == {
        (here, "renamed"): scope != "strict",
        (elsewhere, "hostile"): scope == "cluster-wide",
    }


def is_opened(cluster: Cluster, sealed: dict[str, Any], namespace: str, name: str) -> bool:
    """Put a SealedSecret elsewhere, and return whether the controller opens it there."""
    place = {"namespace": namespace, "name": name}
    template = sealed["spec"]["template"]
    moved = {
        **sealed,
        "metadata": {**sealed["metadata"], **place},
        "spec": {**sealed["spec"], "template": {**template, "metadata": {**template["metadata"], **place}}},
    }
    cluster.apply(moved)
    of = (f"sealedsecret/{name}", f"--namespace={namespace}")
    cluster.kubectl("wait", "--for=jsonpath={.status.conditions[0].status}", "--timeout=60s", *of)
    (condition,) = cluster.get(*of)["status"]["conditions"]
    assert condition["type"] == "Synced"
    if condition["status"] == "True":
        return True
    assert "no key could decrypt secret (key)" in condition["message"]
    return False


def test_a_secret_has_the_type_the_metadata_and_the_immutability_of_its_template(
    cluster: Cluster, project: Project
) -> None:
    namespace = cluster.namespace()
    project.template(
        "login",
        {"username": "aura", "password": "{{ values.password }}"},
        "metadata:\n  labels:\n    app: backend\n    answer: 'no'\n  annotations:\n    team: '42'\n"
        "    note: |\n      two\n      lines\ntype: kubernetes.io/basic-auth\nimmutable: true",
    )
    project.environment(
        namespace=namespace, values={"password": {"generate": "base64", "bytes": 24}}, secrets=["login"]
    )
    seal(project)
    apply(cluster, project)
    cluster.wait_synced(namespace)
    secret = cluster.get("secret", f"--namespace={namespace}", "login")
    assert (secret["type"], secret["immutable"]) == ("kubernetes.io/basic-auth", True)
    assert secret["metadata"]["labels"] == {"app": "backend", "answer": "no"}
    assert secret["metadata"]["annotations"] == {"team": "42", "note": "two\nlines\n"}
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "SealedSecret"


def test_a_rotated_value_arrives_and_the_others_stay(cluster: Cluster, tmp_path: Path) -> None:
    namespace = cluster.namespace()
    project = sealing_for(cluster, aura(tmp_path / "aura"))
    project.change(backend=project.backend(), namespace=namespace)
    seal(project)
    apply(cluster, project)
    cluster.wait_synced(namespace)
    before = cluster.secret(namespace, "backend-secrets")
    assert project.run("seal", "staging", "-q", "--rotate", "jwt_secret_key") == (0, "", "")
    apply(cluster, project)
    cluster.wait_synced(namespace)
    after = cluster.secret(namespace, "backend-secrets")
    assert [key for key in before if before[key] != after[key]] == ["JWT_SECRET_KEY"]
    assert {f"backend-secrets/{key}": value for key, value in after.items()}.items() <= project.unsealed().items()


def test_a_thousand_secrets_are_opened(cluster: Cluster, project: Project) -> None:
    namespace = cluster.namespace()
    names = [f"secret-{number:04}" for number in range(1000)]
    project.template("one", {"key": "{{ secret.name }} {{ values.token }}"})
    project.environment(
        namespace=namespace,
        values={"token": {"generate": "uuid"}},
        secrets=[{"name": name, "template": "one"} for name in names],
    )
    seal(project)
    apply(cluster, project, "--server-side")
    cluster.wait_synced(namespace)
    found = {
        secret["metadata"]["name"]: base64.b64decode(secret["data"]["key"])
        for secret in cluster.get("secrets", f"--namespace={namespace}")["items"]
    }
    token = found[names[0]].removeprefix(b"secret-0000 ")
    assert len(token) == 36
    assert found == {name: f"{name} ".encode() + token for name in names}


# --- the API server takes what is written, and nothing else ---


def dry_run(cluster: Cluster, manifest: str | bytes) -> str:
    return cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", input=manifest)


def test_the_api_server_accepts_every_manifest(cluster: Cluster, project: Project) -> None:
    namespace = cluster.namespace()
    put(project, namespace, HOSTILE)
    for scope in ("strict", "namespace-wide", "cluster-wide"):
        project.template(
            scope,
            {"key": "{{ values.word }}"},
            "metadata:\n  labels:\n    app: 'yes'\n  annotations:\n    note: '012'\ntype: x.com/x\nimmutable: true",
        )
    secrets = [
        {"name": "hostile"},
        *({"name": scope, "scope": scope} for scope in ("strict", "namespace-wide", "cluster-wide")),
    ]
    project.change(secrets=secrets)
    seal(project)
    said = apply(cluster, project, "--dry-run=server", "--validate=strict")
    assert said.splitlines() == [
        f"sealedsecret.bitnami.com/{name} created (server dry run)"
        for name in ("cluster-wide", "hostile", "namespace-wide", "strict")
    ]
    assert cluster.get("sealedsecrets", f"--namespace={namespace}")["items"] == []


CORRUPTIONS = {
    "a field that nobody knows": (
        "  encryptedData:",
        "  encrypteddata: {}\n  encryptedData:",
        'unknown field "spec.encrypteddata"',
    ),
    "a field that is mistyped": ("  encryptedData:", "  encryptdData:", 'unknown field "spec.encryptdData"'),
    "a ciphertext that is a list": ("    key: ", "    key: []\n    other: ", "spec.encryptedData.key: Invalid value"),
    "a type that is a number": ("    type: Opaque", "    type: 5", "spec.template.type: Invalid value"),
    "a name in capitals": (
        "  name: hostile\n  namespace",
        "  name: Hostile\n  namespace",
        'metadata.name: Invalid value: "Hostile"',
    ),
    "another kind": ("kind: SealedSecret", "kind: SealedSecrets", 'no matches for kind "SealedSecrets"'),
}


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_the_api_server_rejects_a_corrupted_manifest(cluster: Cluster, project: Project, what: str) -> None:
    put(project, cluster.namespace(), {"key": b"value"})
    project.edit("templates/hostile.yaml.j2", "kind: Secret\n", "kind: Secret\ntype: Opaque\n")
    seal(project)
    manifest = project.read(project.manifest("hostile")).decode()
    dry_run(cluster, manifest)
    old, new, why = CORRUPTIONS[what]
    corrupted = manifest.replace(old, new, 1)
    assert corrupted != manifest
    with pytest.raises(KubectlError) as refused:
        dry_run(cluster, corrupted)
    assert why in str(refused.value)


# --- the cluster itself ---


def test_a_new_sealing_key_is_served_and_what_the_old_one_sealed_still_opens(
    cluster: Cluster, project: Project
) -> None:
    namespace = cluster.namespace()
    put(project, namespace, {"key": b"value"})
    seal(project)
    before = cluster.certificate()
    known = len(cluster.sealing_keys())
    after = cluster.new_sealing_key()
    assert before != after == cluster.certificate()
    assert len(cluster.sealing_keys()) == known + 1
    apply(cluster, project)
    cluster.wait_synced(namespace)
    assert cluster.secret(namespace, "hostile") == {"key": b"value"}


def test_a_user_may_do_what_the_rules_say_and_no_more(cluster: Cluster) -> None:
    path = "/api/v1/namespaces/kube-system/services/http:sealed-secrets:http/proxy/v1/cert.pem"
    proxy_user = cluster.user("ann", groups=["proxy-users"])
    assert cluster.kubectl("get", "--raw", path, kubeconfig=proxy_user).encode() == cluster.certificate()
    with pytest.raises(KubectlError, match='User "ann" cannot list resource "secrets"'):
        cluster.kubectl("get", "secrets", "--namespace=kube-system", kubeconfig=proxy_user)

    mine, other = cluster.namespace(), cluster.namespace()
    reader = cluster.user("bob", rules={mine: [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]})
    cluster.kubectl("get", "secrets", f"--namespace={mine}", kubeconfig=reader)
    for refused in (["get", "secrets", f"--namespace={other}"], ["get", "--raw", path]):
        with pytest.raises(KubectlError, match='User "bob" cannot'):
            cluster.kubectl(*refused, kubeconfig=reader)


def test_what_is_deleted_goes_with_what_it_owned(cluster: Cluster, project: Project) -> None:
    namespace = cluster.namespace()
    put(project, namespace, {"key": b"value"})
    seal(project)
    apply(cluster, project)
    cluster.wait_synced(namespace)
    cluster.kubectl("delete", "-k", str(project.root / OVERLAY))
    cluster.kubectl("wait", "--for=delete", "--timeout=60s", f"--namespace={namespace}", "secret/hostile")
    cluster.kubectl("delete", "--timeout=60s", "namespace", namespace)


def processes_in(folder: Path) -> dict[int, str]:
    """Return the names of the processes that work in a folder, by their ids."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # It has ended, or is somebody else's.
            if (process / "cwd").readlink() == folder:
                found[int(process.name)] = (process / "comm").read_text().strip()
    return found


@pytest.fixture
def programs(cluster: Cluster) -> None:
    """Make sure that there is all that a cluster needs."""


@pytest.mark.usefixtures("programs")
def test_a_start_that_fails_half_way_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin/kube-apiserver"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho what went wrong\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    folder = tmp_path / "cluster"
    with pytest.raises(ClusterError) as error, running(folder):
        pass
    log = f"kube-apiserver has ended with status 3; {folder}/kube-apiserver.log ends with:\nwhat went wrong\n"
    assert str(error.value) == f"the cluster doesn't start: {log}"
    assert processes_in(folder) == {}


@pytest.mark.usefixtures("programs")
def test_a_cluster_for_people_stays_until_it_is_ended(tmp_path: Path) -> None:
    def command(name: str) -> str:
        words = [sys.executable, "-m", "tests.conformance.cluster.cluster", name, str(tmp_path / "cluster")]
        return subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout

    folder = tmp_path / "cluster"
    line = f"export KUBECONFIG={folder}/kubeconfig\n"
    assert command("up") == line
    assert len(processes_in(folder)) == 5
    assert command("up") == line
    assert b"BEGIN CERTIFICATE" in Cluster(folder).certificate()
    assert command("down") == ""
    assert processes_in(folder) == {}
    assert list(tmp_path.iterdir()) == []
    assert command("down") == ""


@pytest.mark.parametrize("name", ["up", "down"])
@pytest.mark.usefixtures("programs")
def test_a_folder_that_is_not_a_clusters_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").touch()
    words = [sys.executable, "-m", "tests.conformance.cluster.cluster", name, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{tmp_path} is not a cluster's\n")
    assert (tmp_path / "mine").exists()


def pid_of(program: str, folder: Path) -> int:
    """Return the id of the process of this name that works in a folder."""
    (found,) = [number for number, name in processes_in(folder).items() if name == program]
    return found


def wait_until_ended(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while processes_in(folder):
        assert time.monotonic() < deadline, processes_in(folder)
        time.sleep(0.05)


@pytest.mark.usefixtures("programs")
def test_nothing_survives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    with running(folder):
        assert len(processes_in(folder)) == 5
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
        wait_until_ended(folder)


@pytest.mark.usefixtures("programs")
def test_a_cluster_ends_as_a_whole_and_says_which_part_did(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    with running(folder) as cluster:
        os.kill(pid_of("etcd", folder), signal.SIGKILL)
        wait_until_ended(folder)
        with pytest.raises(ClusterError) as error:
            cluster.certificate()
    why = f"the cluster has ended: etcd has ended with status -9; {folder}/etcd.log ends with:\n"
    assert str(error.value).startswith(why)


def test_the_programs_cannot_be_built_without_go(tmp_path: Path) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("awk", "bash", "dirname", "mkdir", "mktemp", "rm", "sed"):
        (bin_ / name).symlink_to(tool(name))
    install = ROOT / "tests/conformance/install"
    done = subprocess.run(
        ["bash", install, tmp_path / "tools", "etcd"],
        env={"PATH": str(bin_)},
        capture_output=True,
        text=True,
        check=False,
    )
    why = "building etcd v3.6.5 needs Go (https://go.dev/doc/install), and there is no 'go' on PATH"
    assert (done.returncode, done.stderr) == (1, f"{install}: {why}\n")
    assert list((tmp_path / "tools").iterdir()) == []
