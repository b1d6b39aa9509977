"""What kustomize makes of an overlay: patches, generators, components and what lies elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.diff.history import POSTGRES, Case, Step, commit, is_told, rows

if TYPE_CHECKING:
    from tests.support.project import Project

OVERLAY = "k8s/overlays/staging/kustomization.yaml"
PATCH = """\
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: backend-secrets
  annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}
"""


def kustomize(text: str, path: str = OVERLAY) -> Step:
    """Return what adds to a kustomization, or makes one."""

    def act(project: Project) -> None:
        before = project.read(path).decode() if (project.root / path).exists() else ""
        project.write(path, before + text)

    return act


def put(path: str, text: str) -> Step:
    return lambda project: project.write(path, text)


def committed(*steps: Step) -> Step:
    """Return what everybody starts from."""

    def act(project: Project) -> None:
        for step in steps:
            step(project)
        commit(project, "before")

    return act


def without(text: str) -> Step:
    return lambda project: project.edit(OVERLAY, text, "")


CASES: dict[str, Case] = {
    "a namespace for all": (
        [kustomize("namespace: elsewhere\n")],
        ["! kustomization namespace: + elsewhere"],
        11,
    ),
    "the namespace that they are sealed for": (
        [kustomize("namespace: aura-staging\n")],
        ["kustomization namespace: + aura-staging"],
        0,
    ),
    "a namespace that goes": (
        [committed(kustomize("namespace: aura-staging\n")), without("namespace: aura-staging\n")],
        ["! kustomization namespace: - aura-staging"],
        11,
    ),
    "another name for all": (
        [committed(kustomize("namePrefix: a-\n")), without("namePrefix: a-\n"), kustomize("namePrefix: b-\n")],
        ["! kustomization namePrefix: a- → b-"],
        11,
    ),
    "an ending for all names": ([kustomize("nameSuffix: -v2\n")], ["! kustomization nameSuffix: + -v2"], 11),
    "an annotation for all": (
        [kustomize('commonAnnotations: {team: a, sealedsecrets.bitnami.com/managed: "true"}\n')],
        ["! kustomization commonAnnotations: sealedsecrets.bitnami.com/managed: + true"],
        11,
    ),
    "a patch of SealedSecrets": (
        [put("k8s/overlays/staging/wide.txt", PATCH), kustomize("patches: [{path: wide.txt}]\n")],
        ["! kustomization patches: wide.txt: new, and it reaches SealedSecrets"],
        11,
    ),
    "a patch whose file is another": (
        [
            committed(put("k8s/patches/wide.txt", PATCH), kustomize("patches: [{path: ../../patches/wide.txt}]\n")),
            put("k8s/patches/wide.txt", PATCH.replace("cluster", "namespace")),
        ],
        ["! kustomization patches: ../../patches/wide.txt: another, and it reaches SealedSecrets"],
        11,
    ),
    "a patch that goes": (
        [
            committed(put("k8s/patches/wide.txt", PATCH), kustomize("patches: [{path: ../../patches/wide.txt}]\n")),
            without("patches: [{path: ../../patches/wide.txt}]\n"),
        ],
        ["kustomization patches: ../../patches/wide.txt: gone"],
        0,
    ),
    "a patch in the file, by what it selects": (
        [kustomize("patches: [{target: {kind: Sealed.*}, patch: '[{op: remove, path: /spec/template}]'}]\n")],
        ["! kustomization patches: in the file itself: new, and it reaches SealedSecrets"],
        11,
    ),
    "a patch of everything with a label": (
        [kustomize("patches: [{target: {labelSelector: app=a}, patch: '[{op: remove, path: /metadata}]'}]\n")],
        ["! kustomization patches: in the file itself: new, and it reaches SealedSecrets"],
        11,
    ),
    "patches of something else": (
        [
            put("k8s/overlays/staging/replicas.txt", "kind: Deployment\nmetadata: {name: a}\nspec: {replicas: 3}\n"),
            kustomize("patches: [{path: replicas.txt}, {target: {kind: Deployment}, patch: '[]'}]\n"),
        ],
        [],
        0,
    ),
    "patches in the ways of before": (
        [
            put("k8s/overlays/staging/wide.txt", PATCH),
            kustomize("patchesStrategicMerge: [wide.txt]\n"),
            kustomize("patchesJson6902: [{target: {kind: SealedSecret, name: a}, path: wide.txt}]\n"),
        ],
        [
            "! kustomization patchesJson6902: wide.txt: new, and it reaches SealedSecrets",
            "! kustomization patchesStrategicMerge: wide.txt: new, and it reaches SealedSecrets",
        ],
        11,
    ),
    "replacements in SealedSecrets, and in something else": (
        [
            kustomize(
                "replacements:\n"
                "- {source: {kind: ConfigMap}, targets: [{select: {kind: SealedSecret}, fieldPaths: [spec]}]}\n"
                "- {source: {kind: ConfigMap}, targets: [{select: {kind: Deployment}, fieldPaths: [spec]}]}\n"
            )
        ],
        ["! kustomization replacements: in the file itself: new, and it reaches SealedSecrets"],
        11,
    ),
    "a generator of Secrets": (
        [kustomize("secretGenerator: [{name: backend-secrets, literals: [JWT_SECRET_KEY=correct horse]}]\n")],
        ["! kustomization secretGenerator: backend-secrets: new, and it makes a Secret of what is not sealed"],
        11,
    ),
    "a program": (
        [kustomize("transformers: [transformer.yaml]\n")],
        ["! kustomization transformers: transformer.yaml: new, and it may do anything to SealedSecrets"],
        11,
    ),
    "a component that patches": (
        [
            kustomize(
                "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: x-\n",
                "k8s/components/evil/kustomization.yaml",
            ),
            kustomize("components: [../../components/evil]\n"),
        ],
        ["! kustomization k8s/components/evil/kustomization.yaml: namePrefix: + x-"],
        11,
    ),
    "a base that names its own": (
        [
            lambda project: project.edit(OVERLAY, "resources:\n", "resources:\n- ../../base\n"),
            kustomize("namePrefix: x-\nresources: []\n", "k8s/base/kustomization.yaml"),
        ],
        [],
        0,
    ),
    "what lies elsewhere": (
        [
            lambda project: project.edit(
                OVERLAY, "resources:\n", "resources:\n- https://example.org/evil.yaml\n- github.com/evil/evil?ref=v1\n"
            )
        ],
        [
            "! kustomization resources: github.com/evil/evil?ref=v1: new, and it is not looked at",
            "! kustomization resources: https://example.org/evil.yaml: new, and it is not looked at",
        ],
        11,
    ),
    "a SealedSecret of another folder": (
        [
            lambda project: project.write("k8s/evil/evil.yaml", project.read(POSTGRES).replace(b"postgres-", b"evil-")),
            kustomize("resources: [evil.yaml]\n", "k8s/evil/kustomization.yaml"),
            lambda project: project.edit(OVERLAY, "resources:\n", "resources:\n- ../../evil\n"),
        ],
        [
            "!! evil-secrets unexplained a SealedSecret that the lock does not know",
            "!! evil-secrets evil-password unexplained holds the ciphertext of postgres-secrets/postgres-password",
            "!! evil-secrets evil-user unexplained holds the ciphertext of postgres-secrets/postgres-user",
        ],
        11,
    ),
    "a kustomization that is none": (
        [put(OVERLAY, "kind: Secret\n")],
        ["!! unreadable kind must be Kustomization, not 'Secret'"],
        11,
    ),
    "a base that is there no more, and one that is in a circle": (
        [
            lambda project: project.edit(OVERLAY, "resources:\n", "resources:\n- ../nothing\n- ../../base\n"),
            kustomize("resources: [../overlays/staging, .., /etc, ../../../..]\n", "k8s/base/kustomization.yaml"),
        ],
        [],
        0,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_told_for_what_it_is(case: Case, project: Project) -> None:
    is_told(case, project)


def test_what_a_generator_makes_a_secret_of_is_in_no_format(project: Project) -> None:
    kustomize("secretGenerator: [{name: a, literals: [KEY=correct-horse]}]\n")(project)
    for format_ in ("text", "json", "markdown", "github", "sarif", "gitlab"):
        told = project.run("diff", "--format", format_)
        assert told.code == 11
        assert "correct-horse" not in told.out + told.err


def test_an_overlay_that_is_built_from_another_environments_tells_nothing_of_that(project: Project) -> None:
    text = project.read("environments/staging.yaml").replace(b"staging", b"preview")
    project.write("environments/preview.yaml", text)
    assert project.run("seal", "preview", "-q").code == 0
    project.edit("k8s/overlays/preview/kustomization.yaml", "resources:\n", "resources:\n- ../staging\n")
    commit(project, "preview")
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password").code == 0
    told = project.run("diff")
    assert (told.out.splitlines()[0], len(rows(told.out)), told.code) == ("staging", 2, 0)
