"""``sealgen seal``: the first run, the runs after it, other machines, and what a changed value changes."""

from __future__ import annotations

import base64
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
import yaml

from tests.support.dated_certificate import dated_certificate
from tests.support.project import (
    FINGERPRINT_KEY,
    OTHER_FINGERPRINT_KEY,
    SMTP_PASSWORD,
    Project,
    aura,
    difference,
    empty,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UP_TO_DATE = (0, "staging: 3 secrets, 7 keys, up to date\n", "")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, never sealed."""
    return aura(tmp_path / "aura")


@pytest.fixture
def sealed(project: Project) -> Project:
    """Return Aura's project after its first run."""
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def password_in(uri: bytes) -> bytes:
    """Return the password of a URI, as a client of the server would read it."""
    return unquote_to_bytes(urlsplit(uri.decode()).password or "")


# --- the first run ---


def test_the_first_run_seals_every_key_and_says_so(project: Project) -> None:
    assert project.run("seal", "staging") == (
        0,
        (
            "staging\n"
            "  SECRET            KEY                ACTION  REASON\n"
            "  backend-secrets   JWT_SECRET_KEY     seal    new key\n"
            "  backend-secrets   POSTGRES_DB_URI    seal    new key\n"
            "  backend-secrets   REDIS_URL          seal    new key\n"
            "  backend-secrets   SMTP_PASSWORD      seal    new key\n"
            "  postgres-secrets  postgres-user      seal    new key\n"
            "  postgres-secrets  postgres-password  seal    new key\n"
            "  redis-secrets     redis-password     seal    new key\n"
            "staging: 3 secrets, 7 keys, 7 sealed\n"
        ),
        "",
    )


def test_the_first_run_writes_manifests_a_kustomization_and_the_lock_and_nothing_else(project: Project) -> None:
    before = project.contents()
    project.run("seal", "staging")
    after = project.contents()
    assert sorted(after.keys() - before.keys()) == [
        "environments/staging.lock",
        "k8s/overlays/staging/backend-secrets.yaml",
        "k8s/overlays/staging/kustomization.yaml",
        "k8s/overlays/staging/postgres-secrets.yaml",
        "k8s/overlays/staging/redis-secrets.yaml",
    ]
    assert {path: after[path] for path in before} == before
    assert after["k8s/overlays/staging/kustomization.yaml"] == (
        b"apiVersion: kustomize.config.k8s.io/v1beta1\n"
        b"kind: Kustomization\n"
        b"resources:\n"
        b"- backend-secrets.yaml\n"
        b"- postgres-secrets.yaml\n"
        b"- redis-secrets.yaml\n"
    )


def test_the_controller_makes_one_consistent_world_of_it(sealed: Project) -> None:
    values = sealed.unsealed()
    password = values["postgres-secrets/postgres-password"]
    assert len(base64.b64decode(password, validate=True)) == 24
    assert password_in(values["backend-secrets/POSTGRES_DB_URI"]) == password
    assert password_in(values["backend-secrets/REDIS_URL"]) == values["redis-secrets/redis-password"]
    assert len(bytes.fromhex(values["backend-secrets/JWT_SECRET_KEY"].decode())) == 32
    assert values["backend-secrets/SMTP_PASSWORD"] == SMTP_PASSWORD.encode()
    assert values["postgres-secrets/postgres-user"] == b"aura"


def test_no_value_is_on_disk_or_on_the_screen(project: Project) -> None:
    ended = project.run("seal", "staging", "-v")
    values = project.unsealed()
    files = {str(path): path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    files["output"] = f"{ended.out}{ended.err}".encode()
    for name in ("backend-secrets/JWT_SECRET_KEY", "backend-secrets/SMTP_PASSWORD", "redis-secrets/redis-password"):
        for form in (values[name], base64.b64encode(values[name]), values[name].hex().encode()):
            assert [path for path, content in files.items() if form in content] == []


def test_git_sees_the_committed_files_alone(project: Project) -> None:
    project.git("init", "-q")
    project.git("add", "--all")
    project.git("commit", "-qm", "before")
    # The machine's own fingerprint key is made, too.
    assert project.run("seal", "staging", "-q", env={"SEALGEN_FINGERPRINT_KEY": None}) == (0, "", "")
    assert project.git("status", "--porcelain", "--untracked-files=all").splitlines() == [
        "?? environments/staging.lock",
        "?? k8s/overlays/staging/backend-secrets.yaml",
        "?? k8s/overlays/staging/kustomization.yaml",
        "?? k8s/overlays/staging/postgres-secrets.yaml",
        "?? k8s/overlays/staging/redis-secrets.yaml",
    ]


def test_the_command_runs_as_a_process_of_its_own(project: Project) -> None:
    assert project.execute("seal", "staging", "-q") == (0, "", "")
    assert project.execute("seal", "staging") == UP_TO_DATE


# --- the runs after it, here and elsewhere ---


def test_a_second_run_touches_no_file(sealed: Project) -> None:
    before = sealed.tree()
    assert sealed.run("seal", "staging") == UP_TO_DATE
    assert sealed.tree() == before


@pytest.fixture
def elsewhere(sealed: Project, tmp_path: Path) -> Project:
    """Return another machine's clone: the same tree, without what Git ignores."""
    shutil.copytree(sealed.root, tmp_path / "elsewhere", ignore=shutil.ignore_patterns(".sealgen"))
    return Project(tmp_path / "elsewhere", sealed.controller)


def test_another_machine_with_the_same_fingerprint_key_touches_no_file(elsewhere: Project) -> None:
    before = elsewhere.tree()
    assert elsewhere.run("seal", "staging") == UP_TO_DATE
    assert elsewhere.tree() == before


def test_the_key_may_be_written_in_base64_as_well(elsewhere: Project) -> None:
    written = base64.b64encode(bytes.fromhex(FINGERPRINT_KEY)).decode()
    assert elsewhere.run("seal", "staging", env={"SEALGEN_FINGERPRINT_KEY": written}) == UP_TO_DATE


def test_the_key_that_a_machine_made_serves_another(project: Project, tmp_path: Path) -> None:
    assert project.run("seal", "staging", "-q", env={"SEALGEN_FINGERPRINT_KEY": None}) == (0, "", "")
    file = project.root / ".sealgen/fingerprint.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert project.run("seal", "staging", env={"SEALGEN_FINGERPRINT_KEY": None}) == UP_TO_DATE
    shutil.copytree(project.root, tmp_path / "ci", ignore=shutil.ignore_patterns(".sealgen"))
    ci = Project(tmp_path / "ci", project.controller)
    assert ci.run("seal", "staging", env={"SEALGEN_FINGERPRINT_KEY": file.read_text()}) == UP_TO_DATE


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (None, "needs the fingerprint key (SEALGEN_FINGERPRINT_KEY, or .sealgen/fingerprint.key)"),
        (OTHER_FINGERPRINT_KEY, "needs the fingerprint key e0d69c5af114debf, and the one here is 358ae5f7c4d08a20"),
    ],
    ids=["without a key", "with another key"],
)
def test_without_the_right_fingerprint_key_nothing_is_guessed_and_nothing_changes(
    elsewhere: Project, key: str | None, why: str
) -> None:
    before = elsewhere.tree()
    assert elsewhere.run("seal", "staging", env={"SEALGEN_FINGERPRINT_KEY": key}) == (
        12,
        "",
        (
            "staging\n"
            "  SECRET           KEY            ACTION   REASON\n"
            f"  backend-secrets  SMTP_PASSWORD  unknown  can't tell: {why}\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    )
    assert elsewhere.tree() == before
    assert not (elsewhere.root / ".sealgen/fingerprint.key").exists()


def test_a_fingerprint_key_that_is_lost_can_be_replaced(elsewhere: Project) -> None:
    before, other = elsewhere.ciphertexts(), {"SEALGEN_FINGERPRINT_KEY": OTHER_FINGERPRINT_KEY}
    assert elsewhere.run("seal", "staging", "--accept-fingerprint-key", env=other) == (
        0,
        (
            "staging\n"
            "  SECRET           KEY            ACTION  REASON\n"
            "  backend-secrets  SMTP_PASSWORD  seal    value changed: smtp_password\n"
            "staging: 3 secrets, 7 keys, 1 sealed, 6 kept\n"
        ),
        "",
    )
    after = elsewhere.ciphertexts()
    assert {place for place in after if after[place] != before[place]} == {"backend-secrets/SMTP_PASSWORD"}
    assert elsewhere.run("seal", "staging", env=other) == UP_TO_DATE
    # The same key again is nothing to accept.
    assert elsewhere.run("seal", "staging", "--accept-fingerprint-key", env=other) == UP_TO_DATE


def test_a_fingerprint_key_is_accepted_for_a_whole_environment(elsewhere: Project) -> None:
    before = elsewhere.tree()
    assert elsewhere.run("seal", "staging", "--accept-fingerprint-key", "--only", "redis-secrets") == (
        2,
        "",
        "error: --accept-fingerprint-key is for all of an environment; leave --only out\n",
    )
    assert elsewhere.tree() == before


@pytest.mark.parametrize(("left", "told"), [(0, "0 days"), (1, "1 day"), (60, "60 days"), (61, None)])
def test_a_certificate_that_expires_soon_is_warned_of_when_it_seals(
    project: Project, left: int, told: str | None
) -> None:
    pem = dated_certificate(project.controller.private_key, timedelta(days=-30), timedelta(days=left, hours=1))
    project.write("environments/certificates/controller.pem", pem)
    warning = f"warning: staging: the certificate expires in {told}: sealgen cert fetch staging\n" if told else ""
    assert project.run("seal", "staging", "-q") == (0, "", warning)
    # Where nothing is sealed with it, it is check that tells.
    assert project.run("seal", "staging") == UP_TO_DATE


def test_no_fingerprint_key_is_needed_where_no_value_is_read(project: Project) -> None:
    project.template("backend-secrets", {"JWT_SECRET_KEY": "{{ values.jwt_secret_key }}"})
    assert project.run("seal", "staging", "-q", env={"SEALGEN_FINGERPRINT_KEY": None}) == (0, "", "")
    assert not (project.root / ".sealgen/fingerprint.key").exists()
    assert project.run("seal", "staging", env={"SEALGEN_FINGERPRINT_KEY": OTHER_FINGERPRINT_KEY}) == (
        0,
        "staging: 3 secrets, 4 keys, up to date\n",
        "",
    )


def test_a_malformed_fingerprint_key_is_refused_without_being_shown(sealed: Project) -> None:
    before = sealed.tree()
    assert sealed.run("seal", "staging", env={"SEALGEN_FINGERPRINT_KEY": "hunter2"}) == (
        2,
        "",
        (
            "error: the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
            "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'.\n"
        ),
    )
    assert sealed.tree() == before


def test_a_source_that_this_machine_lacks_changes_nothing(sealed: Project) -> None:
    before = sealed.tree()
    assert sealed.run("seal", "staging", env={"SMTP_PASSWORD": None}) == (
        12,
        "",
        (
            "staging\n"
            "  SECRET           KEY            ACTION   REASON\n"
            "  backend-secrets  SMTP_PASSWORD  unknown  "
            "can't tell: values.smtp_password: the environment variable SMTP_PASSWORD is not set\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    )
    assert sealed.tree() == before


# --- a changed value ---


@pytest.fixture
def sourced(tmp_path: Path) -> Project:
    """Return a sealed project with a value of every source that can be read again, each in a key of its own."""
    project = empty(tmp_path / "sourced")
    project.environment(
        values={
            "literal": {"literal": "one"},
            "variable": {"env": "VARIABLE"},
            "file": {"file": "secrets/file"},
            "dotenv": {"dotenv": "secrets/.env", "variable": "WHAT"},
            "program": {"exec": ["cat", "secrets/program"]},
            "shared": {"env": "SHARED"},
        },
        secrets=["app"],
    )
    project.template(
        "app",
        {
            "literal": "{{ values.literal }}",
            "variable": "{{ values.variable }}",
            "file": "{{ values.file }}",
            "dotenv": "{{ values.dotenv }}",
            "program": "{{ values.program }}",
            "together": '{{ values.shared }} and {{ vars.colour | default("blue") }}',
        },
    )
    project.write("secrets/file", "one")
    project.write("secrets/.env", "WHAT='one'\n")
    project.write("secrets/program", "one")
    assert project.run("seal", "staging", "-q", env=GIVEN) == (0, "", "")
    return project


GIVEN = {"VARIABLE": "one", "SHARED": "one"}


def change_variable(project: Project) -> dict[str, str]:
    """Change what a source gives; return the environment of the next run."""
    return GIVEN | {"VARIABLE": "two"}


def change_file(project: Project) -> dict[str, str]:
    project.write("secrets/file", "two")
    return GIVEN


def change_dotenv(project: Project) -> dict[str, str]:
    project.write("secrets/.env", "WHAT='two'\n")
    return GIVEN


def change_program(project: Project) -> dict[str, str]:
    project.write("secrets/program", "two")
    return GIVEN


def change_literal(project: Project) -> dict[str, str]:
    project.edit("environments/staging.yaml", "literal: one", "literal: two")
    return GIVEN


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("variable", change_variable),
        ("file", change_file),
        ("dotenv", change_dotenv),
        ("program", change_program),
        ("literal", change_literal),
    ],
)
def test_a_changed_source_changes_one_ciphertext_line_and_its_lock_lines(
    sourced: Project, key: str, change: Callable[[Project], dict[str, str]]
) -> None:
    env = change(sourced)
    before = sourced.contents()
    assert sourced.run("seal", "staging", env=env) == (
        0,
        (
            "staging\n"
            f"  SECRET  {'KEY'.ljust(len(key))}  ACTION  REASON\n"
            f"  app     {key.ljust(3)}  seal    value changed: {key}\n"
            "staging: 1 secret, 6 keys, 1 sealed, 5 kept\n"
        ),
        "",
    )
    changed = difference(before, sourced.contents())
    assert list(changed) == ["environments/staging.lock", "k8s/overlays/staging/app.yaml"]
    went, came = changed["k8s/overlays/staging/app.yaml"]
    assert [line.partition(":")[0] for line in went] == [f"    {key}"]
    assert [line.partition(":")[0] for line in came] == [f"    {key}"]
    for lines in changed["environments/staging.lock"]:
        assert [line.partition(",")[0] for line in lines] == [f'{{"value":"{key}"', '{"secret":"app"']
        assert f'"key":"{key}"' in lines[1]
    assert sourced.unsealed()[f"app/{key}"] == b"two"
    assert sourced.run("seal", "staging", env=env).out == "staging: 1 secret, 6 keys, up to date\n"


def test_only_the_date_of_what_changed_moves(sourced: Project) -> None:
    # As if the first run had been a year ago.
    lock = sourced.read("environments/staging.lock").decode()
    (today,) = {line["date"] for line in sourced.lock().values() if "date" in line}
    sourced.write("environments/staging.lock", lock.replace(today, "2025-01-31"))
    sourced.run("seal", "staging", env=change_variable(sourced))
    dates = {name: line["date"] for name, line in sourced.lock().items() if "date" in line}
    assert dates == dict.fromkeys(("literal", "file", "dotenv", "program", "shared"), "2025-01-31") | {
        "variable": today
    }


def test_a_variable_of_the_template_seals_the_key_again(sourced: Project) -> None:
    sourced.change(vars={"colour": "green"})
    before = sourced.ciphertexts()
    assert sourced.run("seal", "staging", env=GIVEN).out == (
        "staging\n"
        "  SECRET  KEY       ACTION  REASON\n"
        "  app     together  seal    recipe changed\n"
        "staging: 1 secret, 6 keys, 1 sealed, 5 kept\n"
    )
    after = sourced.ciphertexts()
    assert [key for key in before if before[key] != after[key]] == ["app/together"]
    assert sourced.unsealed()["app/together"] == b"one and green"


def test_a_template_that_says_the_same_otherwise_changes_nothing(sourced: Project) -> None:
    sourced.edit("templates/app.yaml.j2", "'{{ values.literal }}'", "|-\n    {{ values.literal }}")
    before = sourced.tree()
    assert sourced.run("seal", "staging", env=GIVEN).out == "staging: 1 secret, 6 keys, up to date\n"
    assert sourced.tree() == before


def test_a_key_that_needs_a_generated_value_again_is_blocked_and_nothing_changes(sealed: Project) -> None:
    sealed.change(vars={"postgres_host": "db.internal"})
    before = sealed.tree()
    assert sealed.run("seal", "staging") == (
        12,
        "",
        (
            "staging\n"
            "  SECRET           KEY              ACTION   REASON\n"
            "  backend-secrets  POSTGRES_DB_URI  blocked  "
            "recipe changed: needs postgres_password, which was never stored\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Make a new version with the run: sealgen seal staging --rotate postgres_password; "
            "or read back what is live: sealgen seal staging --from-cluster\n"
        ),
    )
    assert sealed.tree() == before


def test_a_blocked_key_holds_back_all_the_others(sealed: Project) -> None:
    sealed.change(vars={"postgres_host": "db.internal"})
    before = sealed.tree()
    assert sealed.run("seal", "staging", env={"SMTP_PASSWORD": "another"}).code == 12
    assert sealed.tree() == before


def test_a_blocked_key_is_sealed_where_its_value_is_rotated_with_the_run(sealed: Project) -> None:
    sealed.change(vars={"postgres_host": "db.internal"})
    before = sealed.ciphertexts()
    assert sealed.run("seal", "staging", "--rotate", "postgres_password") == (
        0,
        (
            "staging\n"
            "  SECRET            KEY                ACTION  REASON\n"
            "  backend-secrets   POSTGRES_DB_URI    seal    rotated: postgres_password 1 → 2\n"
            "  postgres-secrets  postgres-password  seal    rotated: postgres_password 1 → 2\n"
            "staging: 3 secrets, 7 keys, 2 sealed, 5 kept\n"
        ),
        "",
    )
    after = sealed.ciphertexts()
    assert [key for key in before if before[key] != after[key]] == [
        "backend-secrets/POSTGRES_DB_URI",
        "postgres-secrets/postgres-password",
    ]
    values = sealed.unsealed()
    assert values["backend-secrets/POSTGRES_DB_URI"].endswith(b"@db.internal:5432/aura_db")
    assert password_in(values["backend-secrets/POSTGRES_DB_URI"]) == values["postgres-secrets/postgres-password"]


def test_a_generated_value_that_gets_a_source_is_sealed_from_it(sealed: Project) -> None:
    sealed.edit("environments/staging.yaml", "    generate: hex\n    bytes: 32\n", "    env: JWT\n")
    assert sealed.run("seal", "staging", env={"JWT": "from elsewhere"}).out == (
        "staging\n"
        "  SECRET           KEY             ACTION  REASON\n"
        "  backend-secrets  JWT_SECRET_KEY  seal    value changed: jwt_secret_key\n"
        "staging: 3 secrets, 7 keys, 1 sealed, 6 kept\n"
    )
    assert sealed.unsealed()["backend-secrets/JWT_SECRET_KEY"] == b"from elsewhere"


def test_a_read_value_that_is_generated_from_now_on_gets_its_first_version(sealed: Project) -> None:
    sealed.edit("environments/staging.yaml", "    env: SMTP_PASSWORD\n", "    generate: uuid\n")
    assert sealed.run("seal", "staging", env={"SMTP_PASSWORD": None}).out == (
        "staging\n"
        "  SECRET           KEY            ACTION  REASON\n"
        "  backend-secrets  SMTP_PASSWORD  seal    value changed: smtp_password\n"
        "staging: 3 secrets, 7 keys, 1 sealed, 6 kept\n"
    )
    assert sealed.counter("smtp_password") == 1
    assert "fingerprint_key" not in sealed.lock()[""]


def test_a_new_key_that_needs_a_generated_value_is_blocked(sealed: Project) -> None:
    path = "templates/redis-secrets.yaml.j2"
    sealed.write(path, sealed.read(path) + b"  copy: '{{ values.redis_password }}'\n")
    before = sealed.tree()
    assert sealed.run("seal", "staging") == (
        12,
        "",
        (
            "staging\n"
            "  SECRET         KEY   ACTION   REASON\n"
            "  redis-secrets  copy  blocked  new key: needs redis_password, which was never stored\n"
            "\n"
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Make a new version with the run: sealgen seal staging --rotate redis_password; "
            "or read back what is live: sealgen seal staging --from-cluster\n"
        ),
    )
    assert sealed.tree() == before


def test_the_advice_names_every_value_that_is_missing(sealed: Project) -> None:
    sealed.edit("templates/backend-secrets.yaml.j2", "@redis:6379", "@cache:6379")
    sealed.change(vars={"postgres_host": "db.internal"})
    ended = sealed.run("seal", "staging")
    advice = "sealgen seal staging --rotate postgres_password --rotate redis_password"
    assert ended.err.splitlines()[-1] == (
        f"Make a new version with the run: {advice}; or read back what is live: sealgen seal staging --from-cluster"
    )
    # And the advice works.
    assert sealed.run(*advice.split()[1:]).code == 0
    assert sealed.run("seal", "staging") == UP_TO_DATE


# --- where it is run ---


def test_it_runs_from_a_folder_below_the_project(sealed: Project) -> None:
    below = sealed.root / "k8s/overlays"
    assert sealed.run("seal", "staging", cwd=below) == UP_TO_DATE


def test_it_runs_on_a_project_elsewhere(sealed: Project, tmp_path: Path) -> None:
    for arguments in (["-C", "aura", "seal", "staging"], ["seal", "staging", "-C", str(sealed.root)]):
        assert sealed.run(*arguments, cwd=tmp_path) == UP_TO_DATE


def test_paths_of_the_environment_start_at_the_root(sealed: Project) -> None:
    sealed.change(values={"smtp_password": {"file": "smtp"}, **other_values(sealed)})
    sealed.write("smtp", SMTP_PASSWORD)
    (sealed.root / "below").mkdir()
    assert sealed.run("seal", "staging", cwd=sealed.root / "below") == UP_TO_DATE


def other_values(project: Project) -> dict[str, object]:
    """Return the values of staging but for smtp_password."""
    values: dict[str, object] = yaml.safe_load(project.read("environments/staging.yaml"))["values"]
    return {name: value for name, value in values.items() if name != "smtp_password"}
