"""What is told of an environment of External Secrets: what is made, where it is read, and what nothing explains."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.diff.history import ENVIRONMENT, LOCK, TEMPLATE, Case, change, commit, edit, is_told, rows, seal
from tests.cli.test_external_secrets import BACKEND, PUSH, STORE, VAULT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Ended, Project

FOLDER = "k8s/overlays/staging"
MANIFEST = f"{FOLDER}/backend-secrets.yaml"
JWT = "secret/aura/staging, property jwt_secret_key"
REDIS = f"{FOLDER}/redis-secrets.yaml"


@pytest.fixture
def project(project: Project) -> Project:
    """Return Aura's project, whose staging is made by the operator from Vault, written and committed."""
    shutil.rmtree(project.root / FOLDER)
    project.change(backend=BACKEND, push=PUSH)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    lock_says()(project)
    commit(project, "external")
    return project


def lock_says(version: str = "1-00000000", date: str = "2026-11-20") -> Callable[[Project], None]:
    """Return a change of the lock: the version of the one value that it knows."""
    line = f'{{"value":"jwt_secret_key","version":"{version}","date":"{date}","specification":"{"0" * 64}"}}\n'
    return lambda project: project.write(LOCK, f'{{"sealgen":"lock","format":1}}\n{line}')


def backend(store: dict[str, Any] = STORE, **fields: str) -> Callable[[Project], None]:
    """Return a change of the environment file: the backend."""
    return change(backend={**BACKEND, "secret_store": store, **fields})


def vault(**fields: object) -> Callable[[Project], None]:
    """Return a change of the environment file: how the operator reaches Vault."""
    return backend({**STORE, "vault": {**VAULT, **fields}})


def remove(path: str) -> Callable[[Project], None]:
    return lambda project: (project.root / path).unlink()


def write(path: str, content: str) -> Callable[[Project], None]:
    return lambda project: project.write(path, content)


SMTP_LINE = "  SMTP_PASSWORD: '{{ values.smtp_password }}'\n"
LESS = [
    "backend-secrets place smtp_password: - secret/aura/staging, property smtp_password",
    "backend-secrets SMTP_PASSWORD removed",
]
URI = "postgresql://«postgres_user|urlquote»:«postgres_password|urlquote»@postgres:5432"
STALE = "is not what the environment file and the templates give any more: sealgen seal staging"
BY_HAND = "is not what the environment file and the templates give: changed by hand, or by another tool"
STRANGER = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: evil, namespace: aura-staging}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: root}
  target: {name: backend-secrets, template: {data: {JWT_SECRET_KEY: known}}}
  dataFrom: [{extract: {key: all}}]
"""

NOT_OURS = "is from no environment file and no template: made by hand, or by another tool"
PUSH_SECRET = """\
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata: {name: out, namespace: aura-staging}
spec: {secretStoreRefs: [{name: evil}], selector: {secret: {name: backend-secrets}}}
"""


def builds_in(resource: str) -> Callable[[Project], None]:
    """Return a change of the overlay's kustomization: a further resource."""
    return edit(f"{FOLDER}/kustomization.yaml", "resources:\n", f"resources:\n- {resource}\n")


USED = {
    "backend-secrets": ("jwt_secret_key", "postgres_password", "redis_password", "smtp_password"),
    "postgres-secrets": ("postgres_password",),
    "redis-secrets": ("redis_password",),
}

CASES: dict[str, Case] = {
    "a recipe that is another": (
        [edit(TEMPLATE, "/aura_db", "/other"), seal()],
        [f"backend-secrets POSTGRES_DB_URI recipe {URI}/aura_db → {URI}/other"],
        0,
    ),
    "a value's version in the lock": (
        [lock_says("2-11111111", "2026-11-24")],
        ["backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (2026-11-24)"],
        0,
    ),
    "a value's line that is gone from the lock": (
        [write(LOCK, '{"sealgen":"lock","format":1}\n')],
        ["!! unexplained the lock has no line of jwt_secret_key any more, which is still there"],
        11,
    ),
    "a date that changed alone": (
        [lock_says(date="2026-11-19")],
        ["!! unexplained the lock dates jwt_secret_key 2026-11-19, no longer 2026-11-20, and its version is the same"],
        11,
    ),
    "a place that is another": (
        [change(push={**PUSH, "vault": "secret/other"}), seal()],
        [
            *(
                f"! setting push: {name} is put into vault secret/other, property {name}, not vault "
                f"secret/aura/staging, property {name}"
                for name in ("jwt_secret_key", "postgres_password", "postgres_user", "redis_password", "smtp_password")
            ),
            *(
                f"! {secret} place {name}: secret/aura/staging, property {name} → secret/other, property {name}"
                for secret, names in USED.items()
                for name in names
            ),
        ],
        11,
    ),
    "a store on another server": (
        [vault(server="https://evil.example"), seal()],
        ["! store aura: vault.server: https://vault.example → https://evil.example"],
        11,
    ),
    "a role that is another": (
        [vault(auth={"kubernetes": {"mountPath": "k8s", "role": "admin"}}), seal()],
        ["! store aura: vault.auth.kubernetes.role: aura → admin"],
        11,
    ),
    "a store of all namespaces": (
        [backend({**STORE, "kind": "ClusterSecretStore"}), seal()],
        [
            "! store secret_store: SecretStore aura → ClusterSecretStore aura: one of all namespaces",
            "! store SecretStore → ClusterSecretStore aura: one of all namespaces",
        ],
        11,
    ),
    "policies that are others": (
        [backend(refresh_interval="5m", creation_policy="Orphan", deletion_policy="Retain"), seal()],
        ["setting refresh_interval: 1h → 5m", "setting creation_policy: Owner → Orphan"],
        0,
    ),
    "labels and a type": (
        [edit(TEMPLATE, "app: backend", "app: other"), seal()],
        ["backend-secrets metadata labels.app: backend → other"],
        0,
    ),
    "a manifest that was changed by hand": (
        [edit(MANIFEST, "property: jwt_secret_key", "property: smtp_password")],
        [
            f"!! unexplained backend-secrets.yaml {BY_HAND}",
            f"! backend-secrets place jwt_secret_key: {JWT} → secret/aura/staging, property smtp_password",
        ],
        11,
    ),
    "a template that was changed by hand": (
        [edit(MANIFEST, "'{{ .jwt_secret_key }}'", "canary-5d1c")],
        [
            f"!! unexplained backend-secrets.yaml {BY_HAND}",
            "backend-secrets JWT_SECRET_KEY recipe «jwt_secret_key» → a template that is not ours",
        ],
        11,
    ),
    "a store that was changed by hand": (
        [edit(f"{FOLDER}/secret-store.yaml", "https://vault.example", "https://evil.example")],
        [
            f"!! unexplained secret-store.yaml {BY_HAND}",
            "! store aura: vault.server: https://vault.example → https://evil.example",
        ],
        11,
    ),
    "another output": (
        [change(output="k8s/overlays/other"), seal()],
        [
            "! setting output: k8s/overlays/staging → k8s/overlays/other",
            f"! setting {FOLDER}/ is no longer written to, and still holds {', '.join(USED)}",
        ],
        11,
    ),
    "another namespace": (
        [change(namespace="elsewhere"), seal()],
        [
            "! namespace the environment's: aura-staging → elsewhere",
            "! backend-secrets namespace aura-staging → elsewhere",
            "! postgres-secrets namespace aura-staging → elsewhere",
            "! redis-secrets namespace aura-staging → elsewhere",
            "! store aura: namespace aura-staging → elsewhere",
        ],
        11,
    ),
    "a key more": (
        [edit(TEMPLATE, "  SMTP_PASSWORD:", "  OTHER: x{{ values.smtp_password }}\n  SMTP_PASSWORD:"), seal()],
        ["backend-secrets OTHER added x«smtp_password»"],
        0,
    ),
    "a key less": ([edit(TEMPLATE, SMTP_LINE, ""), seal()], LESS, 0),
    "a Secret less": (
        [change(secrets=["backend-secrets", "postgres-secrets"]), seal()],
        ["redis-secrets redis-password removed"],
        0,
    ),
    "a weaker value": (
        [edit(ENVIRONMENT, "bytes: 32", "bytes: 16")],
        ["! specification jwt_secret_key: bytes 32 → 16: weaker"],
        11,
    ),
    "a literal that is another": (
        [edit(ENVIRONMENT, "literal: aura", "literal: other"), seal()],
        [
            "source postgres_user: another literal",
            "backend-secrets POSTGRES_DB_URI recipe another literal in it",
            "postgres-secrets postgres-user recipe another literal in it",
        ],
        0,
    ),
    "an older operator": (
        [backend(api_version="v1beta1"), seal()],
        ["setting api_version: v1 → v1beta1"],
        0,
    ),
    "a field of the operator's that brings in more": (
        [edit(MANIFEST, "  refreshInterval: 1h\n", "  refreshInterval: 1h\n  dataFrom: [{extract: {key: all}}]\n")],
        [
            f"!! unexplained backend-secrets.yaml {BY_HAND}",
            "! backend-secrets metadata dataFrom: + [{extract: {key: all}}]",
        ],
        11,
    ),
    "a store of another kind that somebody wrote into the manifest": (
        [edit(MANIFEST, "kind: SecretStore", "kind: ClusterSecretStore")],
        [
            f"!! unexplained backend-secrets.yaml {BY_HAND}",
            "! backend-secrets store SecretStore aura → ClusterSecretStore aura: one of all namespaces",
        ],
        11,
    ),
    "a template that changed alone": (
        [edit(TEMPLATE, "/aura_db", "/other")],
        [f"!! unexplained backend-secrets.yaml {STALE}"],
        11,
    ),
    "a manifest that is gone": (
        [remove(REDIS)],
        [
            "!! unexplained redis-secrets.yaml is gone, and the environment still has it",
            "redis-secrets redis-password removed",
        ],
        11,
    ),
    "an ExternalSecret that nobody knows": (
        [write(f"{FOLDER}/evil.yaml", STRANGER)],
        [
            "!! unexplained evil.yaml is from no environment file and no template: made by hand, or by another tool",
            "! backend-secrets metadata dataFrom: + [{extract: {key: all}}]",
            "backend-secrets JWT_SECRET_KEY added a template that is not ours",
        ],
        11,
    ),
    "an ExternalSecret that nobody knows, built in from another folder": (
        [write("k8s/base/evil.yaml", STRANGER), builds_in("../../base/evil.yaml")],
        [
            f"!! unexplained k8s/base/evil.yaml {NOT_OURS}",
            "! backend-secrets metadata dataFrom: + [{extract: {key: all}}]",
            "backend-secrets JWT_SECRET_KEY added a template that is not ours",
        ],
        11,
    ),
    "one below the overlay, by a kustomization of its own": (
        [
            write(f"{FOLDER}/below/evil.yaml", STRANGER),
            write(f"{FOLDER}/below/kustomization.yaml", "resources:\n- evil.yaml\n"),
            builds_in("below"),
        ],
        [
            f"!! unexplained {FOLDER}/below/evil.yaml {NOT_OURS}",
            "! backend-secrets metadata dataFrom: + [{extract: {key: all}}]",
            "backend-secrets JWT_SECRET_KEY added a template that is not ours",
        ],
        11,
    ),
    "a PushSecret from another folder": (
        [write("k8s/base/push.yaml", PUSH_SECRET), builds_in("../../base/push.yaml")],
        [
            f"!! unexplained k8s/base/push.yaml {NOT_OURS}",
            "! store PushSecret out, new: secretStoreRefs [{name: evil}], selector.secret.name backend-secrets",
        ],
        11,
    ),
    "what is in another folder and not built in": ([write("k8s/base/evil.yaml", STRANGER)], [], 0),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_changed_is_told(case: Case, project: Project) -> None:
    is_told(case, project)


MOVED = [
    "! setting backend.kind: {}",
    "backend-secrets JWT_SECRET_KEY moved {}",
    "backend-secrets POSTGRES_DB_URI moved {}",
    "backend-secrets REDIS_URL moved {}",
    "backend-secrets SMTP_PASSWORD moved {}",
    "postgres-secrets postgres-password moved {}",
    "postgres-secrets postgres-user moved {}",
    "redis-secrets redis-password moved {}",
]


def is_moved(told: Ended, kinds: str, detail: str) -> None:
    """Prove that an environment has moved, and that this is all that is told of its keys."""
    assert told.code == 11
    found = [row for row in rows(told.out) if " push: " not in row and "store " not in row]
    assert found == [row.format(kinds if "backend.kind" in row else detail) for row in MOVED]


def test_an_environment_that_is_no_longer_sealed_has_moved_key_by_key(project: Project) -> None:
    kinds = "sealed-secrets → external-secrets"
    is_moved(project.run("diff", "HEAD~..HEAD"), kinds, "sealed → made by the operator")


def test_an_environment_that_is_sealed_again_has_moved_back(project: Project) -> None:
    kinds = "external-secrets → sealed-secrets"
    is_moved(project.run("diff", "HEAD..HEAD~"), kinds, "made by the operator → sealed")


def test_where_nothing_changed_nothing_is_told(project: Project) -> None:
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert project.run("diff") == (0, "nothing sealed changed\n", "")


def test_what_was_as_wrong_before_is_not_told_again(project: Project) -> None:
    project.edit(MANIFEST, "'{{ .jwt_secret_key }}'", "canary-5d1c")
    commit(project, "by hand")
    project.change(cluster={"context": "staging"})
    assert rows(project.run("diff").out) == ["setting cluster: another way to reach it"]


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "github", "sarif", "gitlab"])
def test_text_that_somebody_put_into_a_template_is_not_repeated(project: Project, format_: str) -> None:
    project.edit(MANIFEST, "'{{ .jwt_secret_key }}'", "canary-5d1c")
    told = project.run("diff", "--format", format_)
    assert (told.code, told.err) == (11, "")
    assert "canary-5d1c" not in told.out


def test_a_place_that_would_move_the_cursor_does_not(project: Project) -> None:
    project.edit(MANIFEST, "property: jwt_secret_key", 'property: "\\e[2J\\nforged"')
    found = rows(project.run("diff").out)
    assert f"! backend-secrets place jwt_secret_key: {JWT} → secret/aura/staging, property \\x1b[2J\\nforged" in found


def test_a_manifest_that_is_no_yaml_is_told(project: Project) -> None:
    project.edit(MANIFEST, "spec:", "spec: {external-secrets.io/v1")
    told = project.run("diff")
    assert told.code == 11
    first, second = rows(told.out)
    assert first.startswith("!! unreadable not YAML: ")
    assert second == f"!! unexplained backend-secrets.yaml {BY_HAND}"


def test_a_template_that_can_not_be_rendered_is_told(project: Project) -> None:
    project.edit(TEMPLATE, "values.jwt_secret_key", "values.jwt")
    told = project.run("diff")
    known = "jwt_secret_key, postgres_password, postgres_user, redis_password, smtp_password"
    assert (told.code, rows(told.out)) == (11, [f"!! unreadable values has no 'jwt'; known are {known}"])


def test_who_still_reads_what_is_gone_is_named(project: Project) -> None:
    deployment = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cache, namespace: aura-staging}
spec: {template: {spec: {containers: [{name: app, envFrom: [{secretRef: {name: redis-secrets}}]}]}}}
"""
    project.write(f"{FOLDER}/deployment.yaml", deployment)
    project.edit(f"{FOLDER}/kustomization.yaml", "resources:\n", "resources:\n- deployment.yaml\n")
    commit(project, "deployment")
    (project.root / REDIS).unlink()
    told = rows(project.run("diff").out)
    assert "! redis-secrets redis-password removed still read by deployment/cache" in told


def test_a_manifest_that_is_listed_no_more_is_told(project: Project) -> None:
    project.edit(f"{FOLDER}/kustomization.yaml", "- secret-store.yaml\n", "")
    told = project.run("diff")
    detail = "secret-store.yaml is there, and no longer listed, so that nothing applies it"
    assert (told.code, rows(told.out)) == (11, [f"!! unexplained {detail}"])


@pytest.mark.parametrize(
    "patch",
    [
        "target: {kind: ExternalSecret}\n  patch: '[]'",
        "target: {kind: SecretStore}\n  patch: '[]'",
        "target: {kind: ClusterSecretStore}\n  patch: '[]'",
        "target: {kind: .*Store}\n  patch: '[]'",
        "patch: '{kind: SecretStore, metadata: {name: aura}}'",
    ],
)
def test_a_patch_that_reaches_them_is_a_matter_of_trust(project: Project, patch: str) -> None:
    path = f"{FOLDER}/kustomization.yaml"
    project.write(path, project.read(path) + f"patches:\n- {patch}\n".encode())
    told = project.run("diff")
    detail = "patches: in the file itself: new, and it reaches ExternalSecrets"
    assert (told.code, rows(told.out)) == (11, [f"! kustomization {detail}"])


def test_a_patch_of_something_else_is_not_told(project: Project) -> None:
    path = f"{FOLDER}/kustomization.yaml"
    project.write(path, project.read(path) + b"patches:\n- target: {kind: Deployment}\n  patch: '[]'\n")
    assert project.run("diff") == (0, "nothing sealed changed\n", "")


def test_what_was_built_in_from_another_folder_before_and_is_the_same_is_not_told_again(project: Project) -> None:
    write("k8s/base/evil.yaml", STRANGER)(project)
    builds_in("../../base/evil.yaml")(project)
    commit(project, "known")
    edit("environments/staging.yaml", "property: '{value}'", "property: 'next-{value}'")(project)
    seal()(project)
    found = project.run("diff", "--json").document["results"][0]["changes"]
    assert {one["change"] for one in found} == {"place", "setting"}
