"""Rolling out by Git: what makes kustomize change the pods that use a Secret, whenever the Secret changes. Pure.

Two ways. An annotation on the template of a workload's pods holds a digest of its Secrets, so that another version is
another template, and the workload starts new pods. Or the Secret has the digest in its name, and whoever refers to it
by its name follows: kustomize does so for Secrets, and is told here where to do so for those that are sealed.

Source: https://kubectl.docs.kubernetes.io/references/kustomize/builtins/ (PatchTransformer), the name references that
are built into kustomize 5.8 (of a Secret), and ``core/v1`` of Kubernetes 1.35.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sealgen.kubernetes.own_files import marked
from sealgen.kubernetes.sealed_secret import API_VERSION as SEALED_VERSION
from sealgen.kubernetes.sealed_secret import KIND as SEALED_KIND
from sealgen.yaml import layout
from sealgen.yaml.nodes import Scalar
from sealgen.yaml.nodes import Sequence as List

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sealgen.yaml.layout import Tree
    from sealgen.yaml.nodes import Node

FIELD = "rollout"
"""The environment's field that it comes from."""
FILENAME = "rollout.yaml"
"""The transformers' file in the overlay."""
REFERENCES = "rollout-references.yaml"
"""The file that says where a Secret's name is referred to; only where some Secret has a digest in its name."""
LISTED_IN = {FILENAME: "transformers", REFERENCES: "configurations"}
"""The field of the kustomization that has each file."""
ANNOTATION = "sealgen.dev/secrets"
"""On the template of a workload's pods: a digest of what its Secrets were made of."""
SUFFIX_LENGTH = 11
"""How many characters a name grows by."""

_ANNOTATION_DIGITS = 16
_SUFFIX_DIGITS = SUFFIX_LENGTH - 1


class _Kind(NamedTuple):
    """A kind of workload, and where its template of pods is."""

    group: str
    version: str
    template: tuple[str, ...] = ("spec", "template")


KINDS = {
    "CronJob": _Kind("batch", "v1", ("spec", "jobTemplate", "spec", "template")),
    "DaemonSet": _Kind("apps", "v1"),
    "Deployment": _Kind("apps", "v1"),
    "Rollout": _Kind("argoproj.io", "v1alpha1"),
    "StatefulSet": _Kind("apps", "v1"),
}
"""What starts new pods when its template of pods changes."""


@dataclass(frozen=True)
class Rollout:
    """What is rolled out when Secrets of an environment change."""

    annotation: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of Secrets by the workload, ``KIND/NAME``, that is annotated with their digest."""
    suffix: frozenset[str] = frozenset()
    """The Secrets that have a digest in their names."""

    @property
    def given(self) -> bool:
        """Whether anything is rolled out."""
        return bool(self.annotation or self.suffix)


def suffixed(name: str, digest: str) -> str:
    """Return the name that a Secret of this digest (hexadecimal) has in the cluster."""
    return f"{name}-{digest[:_SUFFIX_DIGITS]}"


def transformers(annotations: Mapping[str, str], renamed: Mapping[str, tuple[str, str]], file: str) -> str:
    """Return the file of the transformers.

    ``annotations`` are digests (hexadecimal) by workload, ``renamed`` the namespace and the digest of each Secret that
    has one in its name; an empty namespace is any. ``file`` is the environment file that it says it comes from.
    """
    trees = [
        *(_annotating(workload, digest) for workload, digest in sorted(annotations.items())),
        *(_renaming(name, namespace, digest) for name, (namespace, digest) in sorted(renamed.items())),
    ]
    return marked(FIELD, file, "".join(map(layout.dump, trees)))


def references(file: str) -> str:
    """Return the file that says where a Secret's name is referred to."""
    paths: Tree = {
        "nameReference": (
            {
                "group": SEALED_VERSION.partition("/")[0],
                "kind": SEALED_KIND,
                "fieldSpecs": (
                    *({"path": f"{pod}/{path}"} for pod in _PODS for path in _IN_A_POD),
                    *({"kind": kind, "path": path} for kind, path in _ELSEWHERE),
                ),
            },
        )
    }
    return marked(FIELD, file, layout.dump(paths))


def referred(node: Node, kind: str) -> frozenset[str]:
    """Return the names of the Secrets that an object of this kind refers to, where ``references`` says."""
    paths = [f"{pod}/{path}" for pod in _PODS for path in _IN_A_POD]
    paths += [path for of, path in _ELSEWHERE if of == kind]
    return frozenset(name for path in paths for name in _texts(node, path.split("/")))


def _texts(node: Node, path: Sequence[str]) -> Iterator[str]:
    """Yield the texts at a path, which goes through lists as kustomize's do."""
    if isinstance(node, List):
        for item in node.items:
            yield from _texts(item, path)
    elif isinstance(node, Scalar):
        yield from () if path else (node.text,)
    elif path and (below := node.get(path[0])) is not None:
        yield from _texts(below, path[1:])


_PODS = ("spec", "template/spec", "spec/template/spec", "spec/jobTemplate/spec/template/spec")
"""Where a pod is described: a Pod, a PodTemplate, what starts pods, and a CronJob."""
_CONTAINERS = ("containers", "initContainers")
_IN_A_POD = (
    *(f"{containers}/env/valueFrom/secretKeyRef/name" for containers in _CONTAINERS),
    *(f"{containers}/envFrom/secretRef/name" for containers in _CONTAINERS),
    "imagePullSecrets/name",
    "volumes/secret/secretName",
    "volumes/projected/sources/secret/name",
    "volumes/csi/nodePublishSecretRef/name",
)
_ELSEWHERE = (
    ("ClusterRole", "rules/resourceNames"),
    ("Ingress", "spec/tls/secretName"),
    ("Role", "rules/resourceNames"),
    ("ServiceAccount", "imagePullSecrets/name"),
    ("ServiceAccount", "secrets/name"),
)


def _annotating(workload: str, digest: str) -> Tree:
    kind, _, name = workload.partition("/")
    group, version, template = KINDS[kind]
    annotated: Tree = {"metadata": {"annotations": {ANNOTATION: digest[:_ANNOTATION_DIGITS]}}}
    for step in reversed(template):
        annotated = {step: annotated}
    patch: Tree = {"apiVersion": f"{group}/{version}", "kind": kind, "metadata": {"name": name}, **annotated}
    target = {"group": group, "kind": kind, "name": _exactly(name)}
    return _transformer(f"annotate-{kind.lower()}-{name}", patch, target, {})


def _renaming(name: str, namespace: str, digest: str) -> Tree:
    there = {"metadata": {"name": suffixed(name, digest)}}
    patch: Tree = {"apiVersion": SEALED_VERSION, "kind": SEALED_KIND, **there, "spec": {"template": there}}
    target = {"group": SEALED_VERSION.partition("/")[0], "kind": SEALED_KIND, "name": _exactly(name)}
    if namespace:
        target["namespace"] = namespace
    return _transformer(f"rename-{name}", patch, target, {"options": {"allowNameChange": True}})


def _transformer(name: str, patch: Tree, target: Tree, options: Tree) -> Tree:
    return {
        "apiVersion": "builtin",
        "kind": "PatchTransformer",
        "metadata": {"name": name},
        "patch": layout.dump(patch).removeprefix("---\n"),
        "target": target,
        **options,
    }


def _exactly(name: str) -> str:
    """Return the regular expression, which a target's name is, for this name alone."""
    return name.replace(".", r"\.")
