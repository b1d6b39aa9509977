"""What programs of a rotation have around them: this process's environment, and the environment's own cluster."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sealgen import private_files
from sealgen.overlay.state import rotation_of
from sealgen.values.fingerprint import KEY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.config.cluster import ClusterSettings
    from sealgen.config.project import Project


def environ_of(
    project: Project, environment: str, cluster: ClusterSettings, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of the programs: those of ``environ``, but for the fingerprint key.

    KUBECONFIG leads to the cluster that the environment file names, so that ``kubectl`` and its like reach no other. As
    there is no variable for a context, a file that has nothing else comes first: of several kubeconfigs the first that
    names a current context counts. Raises SealgenError where it can't be written.
    """
    given = {name: text for name, text in environ.items() if name != KEY_VARIABLE}
    files = given.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    if cluster.kubeconfig is not None:
        files = given["KUBECONFIG"] = str(project.root / Path(cluster.kubeconfig).expanduser())
    if cluster.context is not None:
        path = rotation_of(project.root, environment).with_suffix(".kubeconfig")
        said = {"apiVersion": "v1", "kind": "Config", "current-context": cluster.context}
        private_files.write_over(path, json.dumps(said).encode())
        given["KUBECONFIG"] = f"{path}{os.pathsep}{files}"
    return given
