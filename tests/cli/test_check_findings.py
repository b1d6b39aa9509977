"""``sealgen check``: what an adversary, a mistake or another environment brings, each with its exact text."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from sealgen.checks.registry import CHECKS
from sealgen.cli.abreast import MANY
from tests.support.project import Project, aura, empty

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Ended

NOTHING = {"SEALGEN_FINGERPRINT_KEY": None, "SMTP_PASSWORD": None}
UNPROVEN = "  not proven: that what is sealed is what the sources give now: smtp_password\n"
BACKEND = "k8s/overlays/staging/backend-secrets.yaml"
REDIS = "k8s/overlays/staging/redis-secrets.yaml"
LOCK = "environments/staging.lock"
ENVIRONMENT = "environments/staging.yaml"
OUT_OF_DATE = "is out of date: metadata changed; run sealgen seal staging [out-of-date]\n"


@pytest.fixture
def sealed(tmp_path: Path) -> Project:
    """Return Aura's project, sealed and tracked by Git."""
    project = aura(tmp_path)
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "--quiet")
    assert project.run("seal", "staging").code == 0
    project.git("add", "--all")
    return project


def check(project: Project, *arguments: str) -> Ended:
    return project.run("check", *(arguments or ("staging",)), env=NOTHING)


def told(findings: str, number: int) -> str:
    """Return what is told with so many findings."""
    counted = {0: "nothing wrong", 1: "1 finding"}.get(number, f"{number} findings")
    return f"{findings}staging: 3 secrets, 7 keys, {counted}\n{UNPROVEN}"


# --- trust ------------------------------------------------------------------------------------------------------


def annotate(project: Project, annotation: str) -> None:
    project.edit(
        BACKEND,
        "    metadata:\n      labels:",
        f"    metadata:\n      annotations:\n        {annotation}\n      labels:",
    )


@pytest.mark.parametrize("name", ["managed", "patch", "skip-set-owner-references"])
def test_an_annotation_that_the_controller_obeys_is_an_error(sealed: Project, name: str) -> None:
    annotate(sealed, f'sealedsecrets.bitnami.com/{name}: "true"')
    expected = (
        f"error: {BACKEND}: backend-secrets {OUT_OF_DATE}"
        f"error: {BACKEND}: backend-secrets has sealedsecrets.bitnami.com/{name}: true, which the controller obeys and "
        "the template does not want [controller-annotation]\n"
    )
    assert check(sealed) == (11, told(expected, 2), "")


def test_one_that_the_template_wants_is_none(sealed: Project) -> None:
    wanted = "  labels:\n    app: backend\n"
    annotation = '  annotations: {sealedsecrets.bitnami.com/patch: "true"}\n'
    sealed.edit("templates/backend-secrets.yaml.j2", wanted, wanted + annotation)
    assert sealed.run("seal", "staging", "-q").code == 0
    assert check(sealed) == (0, told("", 0), "")
    sealed.edit(BACKEND, "app: backend", "app: another")
    assert check(sealed) == (11, told(f"error: {BACKEND}: backend-secrets {OUT_OF_DATE}", 1), "")


def test_an_annotation_of_somebody_elses_is_out_of_date_and_no_more(sealed: Project) -> None:
    annotate(sealed, "example.org/team: backend")
    assert check(sealed) == (11, told(f"error: {BACKEND}: backend-secrets {OUT_OF_DATE}", 1), "")


def test_a_template_that_the_controller_would_run_is_an_error(sealed: Project) -> None:
    sealed.edit(BACKEND, "  template:\n", "  template:\n    data:\n      leak.txt: '{{ .JWT_SECRET_KEY }}'\n")
    expected = (
        f"error: {BACKEND}: backend-secrets {OUT_OF_DATE}"
        f"error: {BACKEND}: backend-secrets has a template for leak.txt, which the controller would run on what it "
        "opens [controller-template]\n"
    )
    assert check(sealed) == (11, told(expected, 2), "")


def test_scopes_that_object_and_template_tell_differently_are_an_error(sealed: Project) -> None:
    sealed.edit(
        BACKEND,
        "  namespace: aura-staging\nspec:",
        '  namespace: aura-staging\n  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: "true"\nspec:',
    )
    assert check(sealed) == (
        11,
        (
            f"error: {BACKEND}: backend-secrets opens with the scope cluster-wide, but its template says strict "
            "[scope-mismatch]\n"
            "staging: 3 secrets, 7 keys, 1 finding\n"
            "  not proven: anything else of the overlay: first, a manifest must tell one scope\n"
        ),
        "",
    )


def test_a_sealed_secret_that_nobody_knows_is_a_warning(sealed: Project) -> None:
    text = sealed.read(REDIS).decode().replace("redis-secrets", "evil")
    sealed.write("k8s/overlays/staging/evil.yaml", text)
    sealed.write("k8s/overlays/staging/deployment.yaml", "kind: Deployment\nmetadata: {name: SealedSecret}\n")
    sealed.write("k8s/overlays/staging/broken.yaml", "kind: SealedSecret\n\t")
    sealed.write("k8s/overlays/staging/below/evil.yaml", text)
    expected = (
        "warning: k8s/overlays/staging/evil.yaml: the SealedSecret evil, which the lock does not know "
        "[manifest-unknown]\n"
    )
    assert check(sealed) == (0, told(expected, 1), "")
    annotated = '    sealedsecrets.bitnami.com/managed: "true"\n'
    sealed.edit(
        "k8s/overlays/staging/evil.yaml",
        "  namespace: aura-staging\nspec:",
        f"  namespace: aura-staging\n  annotations:\n{annotated}spec:",
    )
    assert check(sealed) == (
        11,
        told(
            expected + "error: k8s/overlays/staging/evil.yaml: evil has sealedsecrets.bitnami.com/managed: true, which "
            "the controller obeys and the template does not want [controller-annotation]\n",
            2,
        ),
        "",
    )


def test_one_ciphertext_under_two_keys_is_an_error(sealed: Project) -> None:
    mine, yours = (sealed.ciphertexts()[f"backend-secrets/{key}"] for key in ("JWT_SECRET_KEY", "REDIS_URL"))
    sealed.edit(BACKEND, yours, mine)
    before, after = (hashlib.sha256(text.encode()).hexdigest() for text in (yours, mine))
    sealed.edit(LOCK, before, after)
    expected = (
        f"error: {BACKEND}:11: backend-secrets/REDIS_URL holds the same ciphertext as backend-secrets/JWT_SECRET_KEY "
        "[ciphertext-twice]\n"
    )
    assert check(sealed) == (11, told(expected, 1), "")


# --- values -----------------------------------------------------------------------------------------------------


def test_a_value_that_can_be_guessed_is_a_warning(tmp_path: Path) -> None:
    project = empty(tmp_path)
    project.git("init", "--quiet")
    values = {
        "short": {"generate": "alphanumeric", "length": 18},
        "enough": {"generate": "alphanumeric", "length": 19},
        "password": {"generate": "password", "length": 20, "charset": "a-z"},
        "hex": {"generate": "hex", "bytes": 16},
        "key": {"generate": "ed25519"},
    }
    project.environment(values=values, secrets=["app"])
    project.template("app", {name: f"{{{{ values.{name}{'.private' * (name == 'key')} }}}}" for name in values})
    assert project.run("seal", "staging", "-q").code == 0
    assert check(project).out == (
        "warning: environments/staging.yaml:14: password is one of 2^94; from 2^112 on nobody can try them all "
        "[value-weak]\n"
        "warning: environments/staging.yaml:8: short is one of 2^107; from 2^112 on nobody can try them all "
        "[value-weak]\n"
        "staging: 1 secret, 5 keys, 2 findings\n"
    )


def test_a_literal_that_looks_like_a_credential_is_a_warning(sealed: Project) -> None:
    sealed.edit(
        ENVIRONMENT, "  redis_password:\n    generate: base64\n    bytes: 24", "  redis_password: {literal: sesame}"
    )
    assert sealed.run("seal", "staging", "-q").code == 0
    expected = (
        "warning: environments/staging.yaml:18: redis_password is a literal, in clear in Git, and is named like a "
        "credential; give it a source, and rotate it [literal-credential]\n"
    )
    assert check(sealed) == (0, told(expected, 1), "")


def test_so_does_text_of_a_template(sealed: Project) -> None:
    sealed.template(
        "redis-secrets",
        {
            "redis-password": "{{ values.redis_password }}",
            "url": "redis://aura:hunter2@{{ values.postgres_user }}",
            "admin-password": "hunter2",
            "greeting": "hello",
        },
    )
    assert sealed.run("seal", "staging", "-q").code == 0
    ended = check(sealed)
    assert ended.out == (
        "warning: templates/redis-secrets.yaml.j2:5: redis-secrets/url holds text, in clear in Git, that has a "
        "password in a URI; make it a value, and rotate it [literal-credential]\n"
        "warning: templates/redis-secrets.yaml.j2:6: redis-secrets/admin-password holds text, in clear in Git, that is "
        "named like a credential; make it a value, and rotate it [literal-credential]\n"
        "staging: 3 secrets, 10 keys, 2 findings\n" + UNPROVEN
    )
    assert "hunter2" not in ended.out


# --- between environments ---------------------------------------------------------------------------------------


@pytest.fixture
def two(sealed: Project) -> Project:
    """Return the project with production beside staging, sealed too."""
    text = sealed.read(ENVIRONMENT).decode().replace("staging", "production")
    sealed.write("environments/production.yaml", text)
    assert sealed.run("seal", "production", "-q").code == 0
    sealed.git("add", "--all")
    return sealed


def lines(text: str) -> list[str]:
    """Return the lines that are findings."""
    return [line for line in text.splitlines() if line.endswith("]")]


def test_environments_that_are_alike_have_no_findings(two: Project) -> None:
    assert lines(check(two, "--all").out) == []


def test_a_key_that_one_environment_lacks_is_a_note(two: Project) -> None:
    two.change("production", secrets=["backend-secrets", "postgres-secrets"])
    assert two.run("seal", "production", "-q").code == 0
    note = (
        "note: environments/production.yaml: production has no redis-secrets/redis-password, which staging has [parity]"
    )
    for arguments in (("--all",), ("staging", "production")):
        ended = check(two, *arguments)
        assert (ended.code, lines(ended.out)) == (0, [note])
    assert lines(check(two, "production").out) == []


def test_a_key_that_few_environments_have_is_none_that_the_others_lack(two: Project) -> None:
    for name in ("one", "two", "three"):
        two.write(f"environments/{name}.yaml", two.read(ENVIRONMENT).decode().replace("staging", name))
        assert two.run("seal", name, "-q").code == 0
    for name in ("production", "staging", "one"):
        two.change(name, secrets=["backend-secrets", "postgres-secrets"])
        assert two.run("seal", name, "-q").code == 0
    assert lines(check(two, "--all").out) == []
    two.change("three", secrets=["redis-secrets"])
    assert two.run("seal", "three", "-q").code == 0
    found = lines(check(two, "--all").out)
    assert len(found) == 6
    assert found[0] == (
        "note: environments/three.yaml: three has no backend-secrets/JWT_SECRET_KEY, which one, production, staging "
        "and 1 more have [parity]"
    )


def test_one_value_in_two_environments_is_a_warning(two: Project) -> None:
    for name in ("staging", "production"):
        values = {
            "jwt_secret_key": {"file": "/run/jwt"},
            "postgres_user": {"literal": "aura"},
            "postgres_password": {"literal": "the same everywhere"},
            "redis_password": {"exec": ["print", "another", "each", "time"]},
            "smtp_password": {"env": "SMTP_PASSWORD"},
        }
        two.change(name, values=values)
    found = [line for line in lines(check(two, "--all").out) if "[value-shared]" in line]
    assert found == [
        (
            "warning: environments/production.yaml:10: jwt_secret_key is read from the same place (file) as "
            "jwt_secret_key of staging: one value in two environments [value-shared]"
        ),
        (
            "warning: environments/production.yaml:14: postgres_password is the same literal as postgres_password of "
            "staging: one value in two environments [value-shared]"
        ),
        (
            "warning: environments/staging.yaml:10: jwt_secret_key is read from the same place (file) as "
            "jwt_secret_key of production: one value in two environments [value-shared]"
        ),
        (
            "warning: environments/staging.yaml:14: postgres_password is the same literal as postgres_password of "
            "production: one value in two environments [value-shared]"
        ),
    ]
    assert not [line for line in lines(check(two, "staging").out) if "[value-shared]" in line]


def test_one_ciphertext_in_two_environments_is_an_error(two: Project) -> None:
    digest = two.lock()["redis-secrets/redis-password"]["ciphertext"]
    two.edit(
        "environments/production.lock", two.lock("production")["redis-secrets/redis-password"]["ciphertext"], digest
    )
    message = "redis-secrets/redis-password holds the same ciphertext as redis-secrets/redis-password of production"
    assert f"error: {LOCK}: {message} [ciphertext-twice]" in lines(check(two, "--all").out)


def test_an_environment_that_can_not_be_read_is_left_out_of_the_comparison(two: Project) -> None:
    two.write("environments/broken.yaml", "namespace: [")
    two.write("environments/production.lock", "nonsense\n")
    ended = check(two, "--all")
    assert (ended.code, lines(ended.out)) == (2, [])


def test_what_is_of_the_repository_is_told_once(two: Project) -> None:
    two.write("a.yaml", "kind: Secret\n")
    two.git("add", "--all")
    assert lines(check(two, "--all").out) == ["error: a.yaml:1: a plain Secret is tracked by Git [plaintext-secret]"]


# --- kustomizations elsewhere -----------------------------------------------------------------------------------

PREFIX = (
    "namePrefix 'qa-' would rename the SealedSecret 'backend-secrets', and the controller could not decrypt it: it is "
    "sealed for its name (scope strict) [kustomization-transformer]\n"
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("k8s/kustomization.yaml", "resources: [overlays/staging]\nnamePrefix: qa-\n"),
        ("k8s/kustomization.yml", "bases:\n- ./overlays/staging/\nnamePrefix: qa-\n"),
        ("clusters/one/Kustomization", "resources: [../../k8s/overlays/staging/redis-secrets.yaml]\nnamePrefix: qa-\n"),
        (
            "k8s/kustomization.yaml",
            (
                "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"
                "components: [overlays/staging]\nnamePrefix: qa-\n"
            ),
        ),
    ],
    ids=["a folder", "an old field", "a file", "a component"],
)
def test_a_kustomization_anywhere_that_breaks_a_label_is_an_error(sealed: Project, path: str, text: str) -> None:
    sealed.write(path, text)
    line = text.count("\n")
    assert check(sealed) == (11, told(f"error: {path}:{line}: {PREFIX}", 1), "")


def test_so_is_one_that_leads_there_by_another(sealed: Project) -> None:
    sealed.write("k8s/all/kustomization.yaml", "resources: [../overlays/staging, ../../again]\n")
    sealed.write("again/kustomization.yaml", "resources: [../k8s/all]\nnamePrefix: qa-\n")
    assert check(sealed) == (11, told(f"error: again/kustomization.yaml:2: {PREFIX}", 1), "")


@pytest.mark.parametrize(
    "text",
    [
        "resources: [overlays/other]\nnamePrefix: qa-\n",
        "resources: [overlays/staging]\nnamespace: aura-staging\n",
        "resources: [https://example.org/k8s/overlays/staging]\nnamePrefix: qa-\n",
        "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {path: overlays/staging}\n",
        "resources: overlays/staging\nnamePrefix: qa-\n",
        "not: [yaml\n",
    ],
    ids=["another folder", "the same namespace", "a URL", "of Flux", "no list", "no YAML"],
)
def test_one_that_leaves_the_labels_alone_is_none(sealed: Project, text: str) -> None:
    sealed.write("k8s/kustomization.yaml", text)
    assert check(sealed) == (0, told("", 0), "")


def test_the_repository_may_be_larger_than_the_project(tmp_path: Path) -> None:
    project = aura(tmp_path / "deep/er")
    project.git("init", "--quiet", str(tmp_path))
    assert project.run("seal", "staging", "-q").code == 0
    path = tmp_path / "kustomization.yaml"
    path.write_text("resources: [deep/er/k8s/overlays/staging]\nnamePrefix: qa-\n")
    assert check(project) == (11, told(f"error: ../../kustomization.yaml:2: {PREFIX}", 1), "")


# --- history ----------------------------------------------------------------------------------------------------


def commit(project: Project, message: str) -> str:
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", message)
    return project.git("rev-parse", "HEAD").strip()[:12]


def test_plaintexts_in_the_history_are_errors_where_they_are_asked_for(sealed: Project) -> None:
    commit(sealed, "first")
    sealed.write("a b.yaml", "kind: Secret\n")
    sealed.write("id", "-----BEGIN OPENSSH PRIVATE KEY-----\n")
    sealed.write("reference.yaml", "kind: X\nref:\n  kind: Secret\n")
    brought = commit(sealed, "second")
    sealed.write("a b.yaml", "kind: Secret\n# more\n")
    commit(sealed, "third")
    (sealed.root / "a b.yaml").unlink()
    (sealed.root / "id").unlink()
    commit(sealed, "fourth")
    assert check(sealed) == (0, told("", 0), "")
    assert check(sealed, "staging", "--history") == (
        11,
        told(
            f"error: a b.yaml: a plain Secret is in Git's history, since the commit {brought}; rotate what it holds "
            "[plaintext-secret-history]\n"
            f"error: id: a private key is in Git's history, since the commit {brought}; rotate what it holds "
            "[private-key-history]\n",
            2,
        ),
        "",
    )


def test_what_is_still_there_is_told_once_and_a_branch_has_a_history_too(sealed: Project) -> None:
    commit(sealed, "first")
    sealed.git("checkout", "--quiet", "-b", "side")
    sealed.write("side.yaml", "kind: Secret\n")
    brought = commit(sealed, "side")
    sealed.git("checkout", "--quiet", "main")
    sealed.write("here.yaml", "kind: Secret\n")
    commit(sealed, "here")
    assert lines(check(sealed, "staging", "--history").out) == [
        "error: here.yaml:1: a plain Secret is tracked by Git [plaintext-secret]",
        (
            f"error: side.yaml: a plain Secret is in Git's history, since the commit {brought}; rotate what it holds "
            "[plaintext-secret-history]"
        ),
    ]


def test_a_merge_may_have_brought_it(sealed: Project) -> None:
    commit(sealed, "first")
    sealed.git("checkout", "--quiet", "-b", "side")
    sealed.write("side.txt", "x")
    commit(sealed, "side")
    sealed.git("checkout", "--quiet", "main")
    sealed.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    sealed.write("evil.yaml", "kind: Secret\n")
    brought = commit(sealed, "merge")
    sealed.git("rm", "--quiet", "evil.yaml")
    commit(sealed, "gone")
    assert [line.partition(": a")[0] for line in lines(check(sealed, "staging", "--history").out)] == [
        "error: evil.yaml"
    ]
    assert brought in check(sealed, "staging", "--history").out


def test_a_shallow_clone_says_what_it_lacks(sealed: Project, tmp_path: Path) -> None:
    commit(sealed, "first")
    sealed.write("more", "")
    commit(sealed, "second")
    sealed.git("clone", "--quiet", "--depth", "1", f"file://{sealed.root}", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", sealed.controller)
    assert check(clone, "staging", "--history").out == (
        "staging: 3 secrets, 7 keys, nothing wrong\n"
        "  not proven: that there was no plain Secret and no private key in what this shallow clone lacks\n" + UNPROVEN
    )
    assert check(clone) == (0, told("", 0), "")


# --- comments that silence --------------------------------------------------------------------------------------


def weak(project: Project) -> None:
    project.edit(ENVIRONMENT, "generate: hex\n    bytes: 32", "generate: alphanumeric\n    length: 12")
    assert project.run("seal", "staging", "--rotate", "jwt_secret_key", "-q").code == 0


WEAK = "environments/staging.yaml:{}: jwt_secret_key is one of 2^71; from 2^112 on nobody can try them all"


def beside(project: Project) -> None:
    project.edit(
        ENVIRONMENT, "  jwt_secret_key:\n", "  jwt_secret_key:  # sealgen: ignore[value-weak] a test's own, #12\n"
    )


def above(project: Project) -> None:
    comment = "  # sealgen: ignore[rotation-due, value-weak] a test's own, #12\n"
    project.edit(ENVIRONMENT, "  jwt_secret_key:\n", comment + "  jwt_secret_key:\n")


def at_the_beginning(project: Project) -> None:
    project.write(ENVIRONMENT, b"# sealgen: ignore[value-weak] a test's own, #12\n" + project.read(ENVIRONMENT))


def in_the_base(project: Project) -> None:
    project.write("environments/base.yaml", "# sealgen: ignore[value-weak] a test's own, #12\nlint: warn\n")
    project.change(extends="base")


@pytest.mark.parametrize(("silence", "line"), [(beside, 10), (above, 11), (at_the_beginning, 11), (in_the_base, 10)])
def test_a_comment_with_a_reason_silences_a_check(
    sealed: Project, silence: Callable[[Project], None], line: int
) -> None:
    weak(sealed)
    silence(sealed)
    ended = check(sealed, "staging", "-v")
    assert ended == (
        0,
        "staging: 3 secrets, 7 keys, nothing wrong, 1 ignored\n"
        + UNPROVEN
        + f"  ignored: {WEAK.format(line)} [value-weak]: a test's own, #12\n"
        + "  entropy: jwt_secret_key 71 bits, postgres_password 192 bits, redis_password 192 bits\n",
        "",
    )
    (ignored,) = check(sealed, "staging", "--json").document["results"][0]["ignored"]
    assert (ignored["id"], ignored["line"], ignored["reason"]) == ("value-weak", line, "a test's own, #12")
    assert "ignored:" not in check(sealed).out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  postgres_user:\n", "  postgres_user:  # sealgen: ignore[value-weak] another line\n"),
        ("  postgres_user:\n", "  # sealgen: ignore[value-weak] another line\n  postgres_user:\n"),
        ("  jwt_secret_key:\n", "  jwt_secret_key:  # sealgen: ignore[rotation-due] another check\n"),
    ],
    ids=["beside another line", "above another line", "of another check"],
)
def test_a_comment_elsewhere_silences_nothing(sealed: Project, old: str, new: str) -> None:
    weak(sealed)
    sealed.edit(ENVIRONMENT, old, new)
    assert check(sealed) == (0, told(f"warning: {WEAK.format(10)} [value-weak]\n", 1), "")


def test_a_comment_without_a_reason_silences_nothing_and_is_an_error(sealed: Project) -> None:
    weak(sealed)
    sealed.edit(ENVIRONMENT, "  jwt_secret_key:\n", "  jwt_secret_key:  # sealgen: ignore[value-weak]\n")
    assert check(sealed) == (
        11,
        told(
            f"warning: {WEAK.format(10)} [value-weak]\n"
            "error: environments/staging.yaml:10: this comment silences nothing, as it gives no reason: "
            "# sealgen: ignore[ID] REASON [ignore-reason]\n",
            2,
        ),
        "",
    )


def test_a_comment_for_a_check_that_there_is_not_is_a_warning(sealed: Project) -> None:
    sealed.write(ENVIRONMENT, b"# sealgen: ignore[rotation-overdue] later\n" + sealed.read(ENVIRONMENT))
    expected = (
        "warning: environments/staging.yaml:1: there is no check 'rotation-overdue'; did you mean 'rotation-due'? "
        "[ignore-unknown]\n"
    )
    assert check(sealed) == (0, told(expected, 1), "")


@pytest.mark.parametrize(
    "line",
    [
        "  {key}: '{text}'  # sealgen: ignore[uri-unescaped] legacy",
        "  {{# sealgen: ignore[uri-unescaped] legacy #}}\n  {key}: '{text}'",
    ],
    ids=["a comment of YAML", "of the template"],
)
def test_a_template_silences_its_own_lines(sealed: Project, line: str) -> None:
    text = "redis://:{{ values.redis_password }}@redis"
    shown = line.format(key="redis-password", text=text)
    sealed.write("templates/redis-secrets.yaml.j2", f"apiVersion: v1\nkind: Secret\nstringData:\n{shown}\n")
    assert sealed.run("seal", "staging", "--rotate", "redis_password", "-q").code == 0
    assert check(sealed).out == "staging: 3 secrets, 7 keys, nothing wrong, 1 ignored\n" + UNPROVEN
    text = sealed.read("templates/redis-secrets.yaml.j2").decode()
    sealed.write("templates/redis-secrets.yaml.j2", text.replace("sealgen: ignore", "ignore"))
    assert "[uri-unescaped]" in check(sealed).out


def test_a_plain_secret_of_a_test_is_silenced_where_it_stands(sealed: Project) -> None:
    sealed.write("tests/a.yaml", "kind: Secret  # sealgen: ignore[plaintext-secret] of a test\n")
    sealed.git("add", "--all")
    assert check(sealed).out == "staging: 3 secrets, 7 keys, nothing wrong, 1 ignored\n" + UNPROVEN


def test_a_hostile_reason_is_shown_on_one_line(sealed: Project) -> None:
    weak(sealed)
    sealed.edit(ENVIRONMENT, "  jwt_secret_key:\n", "  jwt_secret_key:  # sealgen: ignore[value-weak] x\u202ey\n")
    assert r"[value-weak]: x\u202ey" + "\n" in check(sealed, "staging", "-v").out


# --- formats ----------------------------------------------------------------------------------------------------


@pytest.fixture
def found(sealed: Project) -> Project:
    """Return the project with an error, a warning, and a name that is hostile."""
    weak(sealed)
    sealed.write("<script>::error::`a|b`.yaml", "kind: Secret\n")
    sealed.git("add", "--all")
    return sealed


def test_annotations_are_on_their_lines(found: Project) -> None:
    assert check(found, "staging", "--format", "github") == (
        11,
        (
            "::error file=<script>%3A%3Aerror%3A%3A`a|b`.yaml,line=1,title=staging%3A plaintext-secret::"
            "a plain Secret is tracked by Git\n"
            "::warning file=environments/staging.yaml,line=10,title=staging%3A value-weak::"
            "jwt_secret_key is one of 2^71; from 2^112 on nobody can try them all\n"
        ),
        "",
    )


def test_markdown_is_a_table_an_environment(found: Project) -> None:
    name = "&#60;script&#62;&#58;&#58;error&#58;&#58;&#96;a&#124;b&#96;.yaml&#58;1"
    assert check(found, "staging", "--format", "markdown").out == (
        "### Checks of sealed secrets: 2 findings\n"
        "\n<details open><summary><b>staging</b>: 2 findings</summary>\n\n"
        "| | where | check | finding |\n|-|-|-|-|\n"
        f"| 🛑 | <code>{name}</code> | plaintext-secret | <code>a plain Secret is tracked by Git</code> |\n"
        "| ⚠️ | <code>environments&#47;staging.yaml&#58;10</code> | value-weak | <code>jwt&#95;secret&#95;key is one of "
        "2&#94;71&#59; from 2&#94;112 on nobody can try them all</code> |\n"
        "\n</details>\n"
    )


def test_sarif_has_every_check_as_a_rule(found: Project) -> None:
    ended = check(found, "staging", "--format", "sarif")
    (run,) = ended.document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [*CHECKS, "error"]
    assert rules[0]["shortDescription"]["text"] == CHECKS["out-of-date"].sentence
    assert run["results"][0] == {
        "ruleId": "plaintext-secret",
        "level": "error",
        "message": {"text": "staging: a plain Secret is tracked by Git"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "%3Cscript%3E%3A%3Aerror%3A%3A%60a%7Cb%60.yaml"},
                    "region": {"startLine": 1},
                }
            }
        ],
    }


def test_code_quality_names_each_finding_of_its_own(found: Project) -> None:
    found.write("b.yaml", "kind: Secret\n")
    found.git("add", "--all")
    entries = json.loads(check(found, "staging", "--format", "gitlab").out)
    assert [entry["check_name"] for entry in entries] == ["plaintext-secret", "plaintext-secret", "value-weak"]
    assert len({entry["fingerprint"] for entry in entries}) == 3
    assert entries[0]["location"] == {"path": "<script>::error::`a|b`.yaml", "lines": {"begin": 1}}


def test_json_is_the_envelope_in_both_ways(found: Project) -> None:
    assert check(found, "staging", "--format", "json") == check(found, "staging", "--json")


@pytest.mark.parametrize(
    ("format_", "nothing"),
    [
        ("markdown", "### Checks of sealed secrets\n\nNothing wrong.\n"),
        ("github", ""),
        ("gitlab", "[]\n"),
    ],
)
def test_nothing_wrong_is_said_in_each(sealed: Project, format_: str, nothing: str) -> None:
    assert check(sealed, "staging", "--format", format_) == (0, nothing, "")


def test_what_keeps_it_from_checking_is_in_each_format_too(sealed: Project) -> None:
    sealed.edit(ENVIRONMENT, "namespace:", "namespaces:")
    ended = check(sealed, "staging", "--format", "github")
    message = "unknown field 'namespaces'; did you mean 'namespace'?"
    assert ended == (
        2,
        f"::error file=environments/staging.yaml,line=1,title=staging%3A error::{message}\n",
        f"error: environments/staging.yaml:1:1: {message}\n",
    )
    document = check(sealed, "staging", "--format", "sarif").document
    assert [result["ruleId"] for result in document["runs"][0]["results"]] == ["error"]


def test_a_format_that_there_is_not_is_refused(sealed: Project) -> None:
    ended = check(sealed, "staging", "--format", "xml")
    assert (ended.code, ended.out) == (2, "")


# --- the list of checks -----------------------------------------------------------------------------------------


def test_the_list_has_every_check_with_its_page(sealed: Project) -> None:
    ended = check(sealed, "--list")
    assert (ended.code, ended.err) == (0, "")
    rows = ended.out.splitlines()
    assert rows[0].split() == ["CHECK", "SEVERITY", "FINDS"]
    assert [row.split()[0] for row in rows[1:-1]] == list(CHECKS)
    assert rows[-1] == "Each has a section in docs/checks.md."
    listed = check(sealed, "--list", "--json").document["results"]
    assert listed[0] == {
        "id": "out-of-date",
        "severity": "error",
        "sentence": CHECKS["out-of-date"].sentence,
        "page": "docs/checks.md#out-of-date",
    }
    assert len(listed) == len(CHECKS)


def test_the_list_needs_no_project(tmp_path: Path, sealed: Project) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    assert sealed.run("check", "--list", cwd=nowhere).code == 0


@pytest.mark.parametrize("command", [("check", "staging"), ("diff",)], ids=["check", "diff"])
def test_other_tools_go_by_the_root_of_the_repository(command: tuple[str, ...], tmp_path: Path) -> None:
    project = aura(tmp_path / "deep/er")
    project.git("init", "--quiet", str(tmp_path))
    assert project.run("seal", "staging", "-q").code == 0
    commit(project, "first")
    project.edit(BACKEND, "app: backend", "app: another")
    path = f"deep/er/{BACKEND}"
    shown = {name: project.run(*command, "--format", name, env=NOTHING) for name in ("github", "sarif", "gitlab")}
    assert f" file={path}," in shown["github"].out
    (result,) = shown["sarif"].document["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == path
    assert shown["gitlab"].document[0]["location"]["path"] == path
    assert f"deep/er/{BACKEND}" not in project.run(*command, env=NOTHING).out


def test_many_environments_make_one_document(sealed: Project) -> None:
    text = sealed.read(ENVIRONMENT).decode()
    names = [f"env-{number:02}" for number in range(MANY + 2)]
    for name in names:
        sealed.write(f"environments/{name}.yaml", text.replace("staging", name))
    assert sealed.execute("seal", *names, "-q").code == 0
    sealed.edit("k8s/overlays/env-03/backend-secrets.yaml", "app: backend", "app: another")
    sealed.write("a.yaml", "kind: Secret\n")
    sealed.git("add", "--all")
    ended = sealed.execute("check", "--all", "--format", "github", env=NOTHING)
    assert (ended.code, ended.err) == (11, "")
    assert [line.partition("::a")[0].rpartition("title=")[2][:30] for line in ended.out.splitlines()] == [
        "env-00%3A plaintext-secret",
        "env-03%3A out-of-date::backend",
    ]
    document = sealed.execute("check", "--all", "--json", env=NOTHING).document
    assert [result["environment"] for result in document["results"]] == [*names, "staging"]
