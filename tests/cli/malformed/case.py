"""What the tests of malformed input share: what is done to a project that works, and how it must be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cryptography.hazmat.primitives import serialization

from tests.support.project import Project, controller

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric import ec

ENV = "environments/staging.yaml"
LOCK = "environments/staging.lock"
TEMPLATE = "templates/redis-secrets.yaml.j2"
CERTIFICATE = "environments/certificates/controller.pem"
MANIFEST = "k8s/overlays/staging/redis-secrets.yaml"
KUSTOMIZATION = "k8s/overlays/staging/kustomization.yaml"

Row: TypeAlias = "tuple[tuple[Callable[[Case], None], ...], str, int, str]"
"""What is done, the arguments of the run, its exit code and its message."""


class Case(NamedTuple):
    """A working project, what is done to it, and variables of the run's environment."""

    project: Project
    environ: dict[str, str | None]

    def refuses(self, row: Row) -> None:
        """Prove that a run ends with the code and the message, and changes no file."""
        changes, arguments, code, message = row
        for change in changes:
            change(self)
        before = files(self.project)
        ended = self.project.run(*arguments.split(), env=self.environ)
        names = {
            "{root}": str(self.project.root),
            "{pin}": controller().fingerprint,
            "{other}": controller("two").fingerprint,
        }
        for name, text in names.items():
            message = message.replace(name, text)
        assert (ended.code, ended.err) == (code, message)
        assert "Traceback" not in ended.out + ended.err
        assert files(self.project) == before


def files(project: Project) -> dict[str, bytes]:
    """Return every file, with sealgen's own state, but for Git's and what only marks that a run goes on."""
    found = (path for path in project.root.rglob("*") if path.is_file())
    named = {str(path.relative_to(project.root)): path for path in found}
    return {
        name: path.read_bytes()
        for name, path in named.items()
        if not name.startswith(".git/") and not (name.startswith(".sealgen/") and name.endswith(".lock"))
    }


def edit(path: str, old: str, new: str) -> Callable[[Case], None]:
    return lambda case: case.project.edit(path, old, new)


def put(path: str, content: str | bytes) -> Callable[[Case], None]:
    return lambda case: case.project.write(path, content)


def alter(path: str, change: Callable[[bytes], bytes]) -> Callable[[Case], None]:
    return lambda case: case.project.write(path, change(case.project.read(path)))


def delete(path: str) -> Callable[[Case], None]:
    return lambda case: (case.project.root / path).unlink()


def private(path: str, content: str) -> Callable[[Case], None]:
    def write(case: Case) -> None:
        case.project.write(path, content)
        (case.project.root / path).chmod(0o600)

    return write


def environ(name: str, value: str | None) -> Callable[[Case], None]:
    return lambda case: case.environ.update({name: value})


def private_key(key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    return (key or controller().private_key).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
