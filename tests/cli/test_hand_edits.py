"""``sealgen seal``: what people and merges did to the overlay and the lock is put right, or refused and left alone."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.support.project import SMTP_PASSWORD, Project, aura, controller, difference

if TYPE_CHECKING:
    from pathlib import Path

OVERLAY = "k8s/overlays/staging"
BACKEND = f"{OVERLAY}/backend-secrets.yaml"
REDIS = f"{OVERLAY}/redis-secrets.yaml"
KUSTOMIZATION = f"{OVERLAY}/kustomization.yaml"
RESTORE = "Restore the file from Git: by the lock, it is the manifest of 'redis-secrets'.\n"
LOCK = "environments/staging.lock"
STUCK = "error: staging: not all of it can be sealed here, so nothing was written\n"
CONFLICT = (
    "a merge conflict; keep the lines of one side, and those that belong to them in the lock, then run 'sealgen plan'"
)
UP_TO_DATE = "staging: 3 secrets, 7 keys, up to date\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project after its first run."""
    project = aura(tmp_path)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def ciphertext_line(project: Project, path: str, key: str) -> str:
    """Return the line of a manifest that has the key's ciphertext, with its line end."""
    (line,) = (line for line in project.read(path).decode().splitlines(True) if line.startswith(f"    {key}: "))
    return line


def altered(line: str) -> str:
    """Return the line with another ciphertext of the same shape."""
    middle = len(line) // 2
    return line[:middle] + ("A" if line[middle] != "A" else "B") + line[middle + 1 :]


def table(*rows: str) -> str:
    """Return what a run prints above its last line, with these rows: SECRET KEY ACTION REASON… by two spaces."""
    cells = [("SECRET", "KEY", "ACTION", "REASON"), *(tuple(row.split("  ", 3)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "staging\n" + "".join(f"  {line}\n" for line in lines)


# --- manifests ---


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        app: backend\n", "        app: frontend\n"),
        ("        app: backend\n", "        app: backend\n        team: x\n"),
        ("    type: Opaque\n", "    type: example.com/own\n"),
        ("    type: Opaque\n", "    immutable: true\n    type: Opaque\n"),
        ("  template:\n", "  template:\n    data:\n      X: '{{ .JWT_SECRET_KEY }}'\n"),
        (
            "  name: backend-secrets\n  namespace: aura-staging\nspec:",
            (
                '  annotations:\n    sealedsecrets.bitnami.com/managed: "true"\n'
                "  name: backend-secrets\n  namespace: aura-staging\nspec:"
            ),
        ),
        ("---\n", "---\n# a comment\n"),
    ],
    ids=["label", "new label", "type", "immutable", "template function", "annotation", "comment"],
)
def test_metadata_edited_by_hand_is_written_as_it_was(project: Project, old: str, new: str) -> None:
    before = project.contents()
    project.edit(BACKEND, old, new)
    assert project.run("seal", "staging") == (
        0,
        table("backend-secrets  (manifest)  rewrite  metadata changed")
        + "staging: 3 secrets, 7 keys, 1 rewritten, 7 kept\n",
        "",
    )
    assert project.contents() == before


def test_a_namespace_edited_in_both_places_is_written_as_it_was(project: Project) -> None:
    before = project.contents()
    project.write(REDIS, project.read(REDIS).replace(b"aura-staging", b"elsewhere"))
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert project.contents() == before


def test_line_ends_of_windows_are_left_alone(project: Project) -> None:
    for path in (BACKEND, REDIS, KUSTOMIZATION, LOCK):
        project.write(path, project.read(path).replace(b"\n", b"\r\n"))
    before = project.tree()
    assert project.run("seal", "staging") == (0, UP_TO_DATE, "")
    assert project.tree() == before


def test_an_altered_ciphertext_of_a_value_at_hand_is_sealed_again(project: Project) -> None:
    line = ciphertext_line(project, BACKEND, "SMTP_PASSWORD")
    project.edit(BACKEND, line, altered(line))
    before = project.ciphertexts()
    assert project.run("seal", "staging") == (
        0,
        table("backend-secrets  SMTP_PASSWORD  seal  ciphertext altered outside sealgen")
        + "staging: 3 secrets, 7 keys, 1 sealed, 6 kept\n",
        "",
    )
    after = project.ciphertexts()
    assert [key for key in before if before[key] != after[key]] == ["backend-secrets/SMTP_PASSWORD"]
    assert project.unsealed()["backend-secrets/SMTP_PASSWORD"] == SMTP_PASSWORD.encode()


@pytest.mark.parametrize("garbage", ["bm90IGEgY2lwaGVydGV4dA==", "not base64", '""'])
def test_text_that_is_no_ciphertext_is_replaced_too(project: Project, garbage: str) -> None:
    line = ciphertext_line(project, BACKEND, "SMTP_PASSWORD")
    project.edit(BACKEND, line, f"    SMTP_PASSWORD: {garbage}\n")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert project.unsealed()["backend-secrets/SMTP_PASSWORD"] == SMTP_PASSWORD.encode()


def test_an_altered_ciphertext_of_a_generated_value_is_blocked_with_both_ways_out(project: Project) -> None:
    good = project.read(BACKEND)
    line = ciphertext_line(project, BACKEND, "JWT_SECRET_KEY")
    project.edit(BACKEND, line, altered(line))
    before = project.tree()
    assert project.run("seal", "staging") == (
        12,
        "",
        table(
            "backend-secrets  JWT_SECRET_KEY  blocked  "
            "ciphertext altered outside sealgen: needs jwt_secret_key, which was never stored"
        )
        + f"\n{STUCK}"
        "Restore the manifest from Git, or make a new version with the run: "
        "sealgen seal staging --rotate jwt_secret_key; "
        "or read back what is live: sealgen seal staging --from-cluster\n",
    )
    assert project.tree() == before
    # Either way works.
    damaged = project.read(BACKEND)
    project.write(BACKEND, good)
    assert project.run("seal", "staging") == (0, UP_TO_DATE, "")
    project.write(BACKEND, damaged)
    assert project.run("seal", "staging", "-q", "--rotate", "jwt_secret_key") == (0, "", "")
    assert len(project.unsealed()["backend-secrets/JWT_SECRET_KEY"]) == 64


def test_ciphertexts_that_changed_places_are_found(project: Project) -> None:
    # The label does not cover the key: the controller would open both without a word.
    jwt, smtp = (ciphertext_line(project, BACKEND, key) for key in ("JWT_SECRET_KEY", "SMTP_PASSWORD"))
    project.edit(BACKEND, jwt, "    JWT_SECRET_KEY: " + smtp.partition(": ")[2])
    project.edit(
        BACKEND, "    SMTP_PASSWORD: " + smtp.partition(": ")[2], "    SMTP_PASSWORD: " + jwt.partition(": ")[2]
    )
    assert project.unsealed()["backend-secrets/JWT_SECRET_KEY"] == SMTP_PASSWORD.encode()
    ended = project.run("plan", "staging")
    assert (ended.code, ended.out.partition("\nstaging: ")[0] + "\n") == (
        12,
        table(
            "backend-secrets  JWT_SECRET_KEY  blocked  "
            "ciphertext altered outside sealgen: needs jwt_secret_key, which was never stored",
            "backend-secrets  SMTP_PASSWORD  seal  ciphertext altered outside sealgen",
        ),
    )


def test_a_key_added_by_hand_is_dropped(project: Project) -> None:
    before = project.contents()
    line = ciphertext_line(project, BACKEND, "JWT_SECRET_KEY")
    project.edit(BACKEND, line, "    EXTRA: " + line.partition(": ")[2] + line)
    assert project.run("seal", "staging") == (
        0,
        table("backend-secrets  EXTRA  drop  added outside sealgen")
        + "staging: 3 secrets, 7 keys, 1 dropped, 7 kept\n",
        "",
    )
    assert project.contents() == before


def test_a_key_removed_by_hand_is_sealed_again_or_blocked(project: Project) -> None:
    project.edit(BACKEND, ciphertext_line(project, BACKEND, "SMTP_PASSWORD"), "")
    assert project.run("seal", "staging") == (
        0,
        table("backend-secrets  SMTP_PASSWORD  seal  ciphertext missing")
        + "staging: 3 secrets, 7 keys, 1 sealed, 6 kept\n",
        "",
    )
    project.edit(BACKEND, ciphertext_line(project, BACKEND, "JWT_SECRET_KEY"), "")
    before = project.tree()
    assert project.run("seal", "staging") == (
        12,
        "",
        table(
            "backend-secrets  JWT_SECRET_KEY  blocked  ciphertext missing: needs jwt_secret_key, which was never stored"
        )
        + f"\n{STUCK}"
        "Restore the manifest from Git, or make a new version with the run: "
        "sealgen seal staging --rotate jwt_secret_key; "
        "or read back what is live: sealgen seal staging --from-cluster\n",
    )
    assert project.tree() == before


def test_a_manifest_that_was_removed_comes_back_with_a_rotation(project: Project) -> None:
    (project.root / REDIS).unlink()
    before = project.tree()
    assert project.run("seal", "staging") == (
        12,
        "",
        table(
            "redis-secrets  redis-password  blocked  ciphertext missing: needs redis_password, which was never stored"
        )
        + f"\n{STUCK}"
        "Restore the manifest from Git, or make a new version with the run: "
        "sealgen seal staging --rotate redis_password; "
        "or read back what is live: sealgen seal staging --from-cluster\n",
    )
    assert project.tree() == before
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    assert project.unsealed()["redis-secrets/redis-password"] in project.unsealed()[
        "backend-secrets/REDIS_URL"
    ].replace(b"%2F", b"/").replace(b"%2B", b"+").replace(b"%3D", b"=")


def test_the_whole_overlay_can_be_made_again(project: Project) -> None:
    for path in (BACKEND, REDIS, KUSTOMIZATION, f"{OVERLAY}/postgres-secrets.yaml"):
        (project.root / path).unlink()
    (project.root / OVERLAY).rmdir()
    rotate = [f"--rotate={name}" for name in ("jwt_secret_key", "postgres_password", "redis_password")]
    assert project.run("seal", "staging", "-q", *rotate) == (0, "", "")
    assert len(project.unsealed()) == 7
    assert project.run("seal", "staging") == (0, UP_TO_DATE, "")


def other_name(project: Project) -> bytes:
    return project.read(f"{OVERLAY}/postgres-secrets.yaml")


def one_namespace(project: Project) -> bytes:
    return project.read(REDIS).replace(b"aura-staging\nspec", b"elsewhere\nspec")


def not_yaml(project: Project) -> bytes:
    return b"spec: [\n"


def conflict(project: Project) -> bytes:
    line = ciphertext_line(project, REDIS, "redis-password")
    return project.read(REDIS).replace(
        line.encode(), f"<<<<<<< ours\n{line}=======\n{altered(line)}>>>>>>> theirs\n".encode()
    )


def a_secret(project: Project) -> bytes:
    return b"apiVersion: v1\nkind: Secret\nmetadata: {name: redis-secrets, namespace: aura-staging}\n"


def half_a_scope(project: Project) -> bytes:
    template = b"    metadata:\n"
    scope = b'      annotations:\n        sealedsecrets.bitnami.com/cluster-wide: "true"\n'
    return project.read(REDIS).replace(template, template + scope)


def two_documents(project: Project) -> bytes:
    return project.read(REDIS) * 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            other_name,
            (
                f"{REDIS} is the SealedSecret 'postgres-secrets', but the lock says 'redis-secrets'; "
                "restore one of them from Git\n"
            ),
        ),
        (
            one_namespace,
            f"{REDIS}:13:18: spec.template.metadata.namespace is 'aura-staging', not 'elsewhere'\n{RESTORE}",
        ),
        (not_yaml, f"{REDIS}:2:1: not YAML: did not find expected node content\n{RESTORE}"),
        (conflict, f"{REDIS}:9:1: {CONFLICT}\n"),
        (a_secret, f"{REDIS}:1:13: apiVersion is 'v1', not 'bitnami.com/v1alpha1'\n{RESTORE}"),
        (
            half_a_scope,
            (
                f"{REDIS}:13:9: the scope is strict by metadata.annotations, but cluster-wide by "
                "spec.template.metadata.annotations\nRestore the file from Git, or seal it again.\n"
            ),
        ),
        (two_documents, f"{REDIS}:14:1: a second document; a file holds one\n{RESTORE}"),
    ],
    ids=[
        "another Secret's",
        "another namespace",
        "not YAML",
        "a merge conflict",
        "a plain Secret",
        "half a scope",
        "two documents",
    ],
)
def test_a_file_that_is_not_the_manifest_is_refused_and_left_alone(
    project: Project, content: object, problem: str
) -> None:
    assert callable(content)
    project.write(REDIS, content(project))
    before = project.tree()
    for command in (["seal"], ["plan"], ["seal", "--rotate", "redis_password"]):
        assert project.run(*command, "staging") == (2, "", f"error: {problem}")
    # To check, half a scope is a finding among others.
    assert project.run("check", "staging").code in (2, 11)
    assert project.tree() == before


# --- the kustomization ---


def test_the_rest_of_the_kustomization_is_kept_byte_for_byte(project: Project) -> None:
    theirs = (
        "# Aura, staging\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "\n"
        "resources:\n"
        "  - ../../base   # the rest\n"
        "  # the secrets\n"
        "  - backend-secrets.yaml\n"
        '  - "postgres-secrets.yaml"\n'
        "  - https://example.com/crds.yaml\n"
        "  - redis-secrets.yaml\n"
        "patches:\n"
        "- {path: patch.yaml}\n"
    )
    project.write(KUSTOMIZATION, theirs)
    before = project.tree()
    assert project.run("seal", "staging") == (0, UP_TO_DATE, "")
    assert project.tree() == before
    project.change(secrets=["backend-secrets", "redis-secrets"])
    assert project.run("seal", "staging", "-q") == (0, "", "")
    without = theirs.replace('  - "postgres-secrets.yaml"\n', "")
    assert project.read(KUSTOMIZATION).decode() == without
    project.change(secrets=["backend-secrets", "postgres-secrets", "redis-secrets"])
    assert project.run("seal", "staging", "-q", "--rotate", "postgres_password") == (0, "", "")
    assert project.read(KUSTOMIZATION).decode() == without.replace(
        "  - redis-secrets.yaml\n", "  - redis-secrets.yaml\n  - postgres-secrets.yaml\n"
    )


def test_an_entry_that_was_removed_is_put_back(project: Project) -> None:
    project.edit(KUSTOMIZATION, "- postgres-secrets.yaml\n", "- deployment.yaml # theirs\n")
    ciphertexts = project.ciphertexts()
    assert project.run("seal", "staging") == (
        0,
        table("postgres-secrets  (manifest)  rewrite  kustomization entry missing")
        + "staging: 3 secrets, 7 keys, 1 rewritten, 7 kept\n",
        "",
    )
    assert project.read(KUSTOMIZATION).decode().splitlines()[3:] == [
        "- backend-secrets.yaml",
        "- deployment.yaml # theirs",
        "- redis-secrets.yaml",
        "- postgres-secrets.yaml",
    ]
    assert project.ciphertexts() == ciphertexts
    assert project.run("seal", "staging") == (0, UP_TO_DATE, "")


def test_a_kustomization_that_was_removed_is_made_again(project: Project) -> None:
    before = project.contents()
    (project.root / KUSTOMIZATION).unlink()
    assert project.run("seal", "staging").out.splitlines()[-1] == "staging: 3 secrets, 7 keys, 3 rewritten, 7 kept"
    assert project.contents() == before


@pytest.mark.parametrize("name", ["kustomization.yml", "Kustomization"])
def test_a_kustomization_by_its_other_names_is_the_one(project: Project, name: str) -> None:
    (project.root / KUSTOMIZATION).rename(project.root / OVERLAY / name)
    assert project.run("seal", "staging") == (0, UP_TO_DATE, "")
    project.change(secrets=["backend-secrets"])
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert project.read(f"{OVERLAY}/{name}").decode().splitlines()[3:] == ["- backend-secrets.yaml"]
    assert not (project.root / KUSTOMIZATION).exists()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "namePrefix: aura-\n",
            (
                "3:13: namePrefix 'aura-' would rename the SealedSecret 'backend-secrets', and the controller "
                "could not decrypt it: it is sealed for its name (scope strict)\n"
                "Remove namePrefix here, or seal with scope namespace-wide.\n"
            ),
        ),
        (
            "nameSuffix: -v2\n",
            (
                "3:13: nameSuffix '-v2' would rename the SealedSecret 'backend-secrets', and the controller "
                "could not decrypt it: it is sealed for its name (scope strict)\n"
                "Remove nameSuffix here, or seal with scope namespace-wide.\n"
            ),
        ),
        (
            "namespace: elsewhere\n",
            (
                "3:12: namespace 'elsewhere' would move the SealedSecret 'backend-secrets' out of 'aura-staging', "
                "and the controller could not decrypt it: it is sealed for its namespace (scope strict)\n"
                "Write 'aura-staging' here, or set 'namespace: elsewhere' in the environment file.\n"
            ),
        ),
    ],
)
def test_a_transformer_that_would_break_the_label_is_refused(project: Project, line: str, problem: str) -> None:
    project.edit(KUSTOMIZATION, "resources:\n", f"{line}resources:\n")
    before = project.tree()
    for command in ("seal", "plan"):
        assert project.run(command, "staging") == (2, "", f"error: {KUSTOMIZATION}:{problem}")
    assert project.tree() == before


def test_a_transformer_that_says_the_same_is_fine(project: Project) -> None:
    project.edit(KUSTOMIZATION, "resources:\n", "namespace: aura-staging\nresources:\n")
    assert project.run("seal", "staging") == (0, UP_TO_DATE, "")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("resources: [\n", "2:1: not YAML: did not find expected node content"),
        ("- x\n", "1:1: a kustomization is a mapping"),
        ("<<<<<<< ours\nresources: []\n", f"1:1: {CONFLICT}"),
    ],
)
def test_a_kustomization_that_is_none_is_refused_and_left_alone(project: Project, content: str, problem: str) -> None:
    project.write(KUSTOMIZATION, content)
    before = project.tree()
    assert project.run("seal", "staging") == (2, "", f"error: {KUSTOMIZATION}:{problem}\n")
    assert project.tree() == before


# --- the lock ---


def test_a_merge_conflict_in_the_lock_is_told_with_its_line(project: Project) -> None:
    header, rest = project.read(LOCK).decode().split("\n", 1)
    project.write(LOCK, f"{header}\n<<<<<<< ours\n=======\n>>>>>>> theirs\n{rest}")
    before = project.tree()
    for command in ("seal", "plan", "check"):
        ended = project.run(command, "staging")
        assert (ended.code, ended.out, ended.err.partition(";")[0]) == (2, "", f"error: {LOCK}:2:1: a merge conflict")
    assert project.tree() == before


def test_a_lock_that_was_removed_does_not_let_manifests_be_overwritten(project: Project) -> None:
    (project.root / LOCK).unlink()
    before = project.tree()
    ended = project.run("seal", "staging")
    assert (ended.code, ended.err.splitlines()[0]) == (
        2,
        f"error: {BACKEND} is there, but sealgen did not write it",
    )
    assert project.tree() == before


def test_a_lock_line_that_was_edited_is_refused_or_found(project: Project) -> None:
    lock = project.read(LOCK).decode()
    project.write(LOCK, lock.replace('"version":"1-', '"version": "1-', 1))
    assert project.run("seal", "staging") == (
        2,
        "",
        f"error: {LOCK}:2:1: not a line of a lock as sealgen writes it; restore it from Git\n",
    )


def test_a_merge_of_two_branches_that_sealed_different_keys_is_up_to_date(project: Project) -> None:
    # One line a key: what Git merges by lines belongs together.
    base = project.contents()
    assert project.run("seal", "staging", "-q", "--rotate", "jwt_secret_key") == (0, "", "")
    one = project.contents()
    for path, content in base.items():
        project.write(path, content)
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    other = project.contents()
    for path in (LOCK, BACKEND, REDIS):
        sides = (contents[path].decode().splitlines() for contents in (base, one, other))
        merged = [ours if ours != old else theirs for old, ours, theirs in zip(*sides, strict=True)]
        project.write(path, "\n".join(merged) + "\n")
    assert project.run("seal", "staging") == (0, UP_TO_DATE, "")
    assert list(difference(base, project.contents())) == [LOCK, BACKEND, REDIS]


def test_what_others_sealed_with_kubeseal_for_our_key_is_told(project: Project) -> None:
    # A foreign ciphertext in our manifest, made with the right certificate: only the lock can tell.
    from sealgen.crypto import hybrid  # noqa: PLC0415

    foreign = hybrid.seal(b"hunter2", controller().private_key.public_key(), b"aura-staging/backend-secrets")
    line = ciphertext_line(project, BACKEND, "SMTP_PASSWORD")
    project.edit(BACKEND, line, f"    SMTP_PASSWORD: {base64.b64encode(foreign).decode()}\n")
    assert project.unsealed()["backend-secrets/SMTP_PASSWORD"] == b"hunter2"
    ended = project.run("plan", "staging")
    assert (ended.code, ended.out) == (
        10,
        table("backend-secrets  SMTP_PASSWORD  seal  ciphertext altered outside sealgen")
        + "staging: 3 secrets, 7 keys, 1 to seal, 6 to keep\n",
    )
