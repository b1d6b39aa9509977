"""``sealgen check``: each finding with its exact text, what stays unproven, and that nothing is needed or written."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from tests.support.dated_certificate import dated_certificate
from tests.support.project import Project, aura, controller, empty

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Ended

NOTHING = {"SEALGEN_FINGERPRINT_KEY": None, "SMTP_PASSWORD": None}
"""A machine that has no plaintext: neither a source nor the fingerprint key."""
UNPROVEN = "  not proven: that what is sealed is what the sources give now: smtp_password\n"
PEM = "environments/certificates/controller.pem"
LOCK = "environments/staging.lock"
KUSTOMIZATION = "k8s/overlays/staging/kustomization.yaml"


@pytest.fixture
def sealed(tmp_path: Path) -> Project:
    """Return Aura's project, sealed and tracked by Git, with nothing of sealgen's own state."""
    project = aura(tmp_path)
    project.git("init", "--quiet")
    assert project.run("seal", "staging").code == 0
    forget(project)
    project.git("add", "--all")
    return project


def forget(project: Project) -> None:
    for file in (project.root / ".sealgen").iterdir():
        file.unlink()
    (project.root / ".sealgen").rmdir()


def check(project: Project, *arguments: str) -> Ended:
    return project.run("check", *(arguments or ("staging",)), env=NOTHING)


def everything(root: Path) -> dict[str, tuple[str, int, int]]:
    """Return what may not change in a whole folder, Git's own files included."""
    return {
        str(path.relative_to(root)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in root.rglob("*")
    }


# --- nothing wrong ----------------------------------------------------------------------------------------------


def test_a_clean_project_passes_without_plaintext_fingerprint_key_or_source(sealed: Project) -> None:
    ended = check(sealed)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "staging: 3 secrets, 7 keys, nothing wrong\n" + UNPROVEN


def test_json_says_the_same(sealed: Project) -> None:
    ended = check(sealed, "staging", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.document == {
        "format": "sealgen/1",
        "version": ended.document["version"],
        "command": "check",
        "exit_code": 0,
        "results": [
            {
                "environment": "staging",
                "secrets": 3,
                "keys": 7,
                "findings": [],
                "ignored": [],
                "unproven": ["that what is sealed is what the sources give now: smtp_password"],
                "entropy_bits": {"jwt_secret_key": 256, "postgres_password": 192, "redis_password": 192},
            }
        ],
        "errors": [],
    }


def test_json_has_the_findings(sealed: Project) -> None:
    sealed.write("k8s/plain.yaml", "kind: Secret\n")
    sealed.git("add", "--all")
    ended = check(sealed, "staging", "--json")
    assert (ended.code, ended.document["exit_code"]) == (11, 11)
    assert ended.document["results"][0]["findings"] == [
        {
            "id": "plaintext-secret",
            "severity": "error",
            "file": "k8s/plain.yaml",
            "line": 1,
            "message": "a plain Secret is tracked by Git",
        }
    ]


@pytest.mark.parametrize("broken", [False, True], ids=["clean", "with findings"])
def test_nothing_is_written(sealed: Project, broken: bool) -> None:
    if broken:
        sealed.edit("environments/staging.yaml", "postgres_host: postgres", "postgres_host: other")
    before = everything(sealed.root)
    assert check(sealed).code == (11 if broken else 0)
    assert everything(sealed.root) == before


def test_an_environment_that_was_never_sealed_is_out_of_date(tmp_path: Path) -> None:
    project = aura(tmp_path)
    project.git("init", "--quiet")
    ended = check(project)
    assert (ended.code, ended.err) == (11, "")
    assert ended.out.startswith(
        "error: templates/backend-secrets.yaml.j2:8: backend-secrets/JWT_SECRET_KEY is out of date: new key; "
        "run sealgen seal staging [out-of-date]\n"
    )
    assert ended.out.endswith("\nstaging: 3 secrets, 7 keys, 7 findings\n" + UNPROVEN)


def test_quiet_says_only_what_is_wrong(sealed: Project) -> None:
    assert check(sealed, "staging", "--quiet") == (0, "", "")
    sealed.write("k8s/plain.yaml", "kind: Secret\n")
    sealed.git("add", "--all")
    expected = "error: k8s/plain.yaml:1: a plain Secret is tracked by Git [plaintext-secret]\n"
    assert check(sealed, "staging", "--quiet") == (11, expected, "")


def test_a_project_of_one_secret_with_one_key_is_told_in_the_singular(tmp_path: Path) -> None:
    project = small(tmp_path, "{{ values.password }}")
    assert check(project) == (0, "staging: 1 secret, 1 key, nothing wrong\n", "")


def test_all_environments_are_checked_and_the_worst_one_counts(sealed: Project) -> None:
    sealed.environment("development", backend={"kind": "plain"}, secrets=["lost"])
    sealed.environment("qa", secrets=["more"], values={"password": {"generate": "hex", "bytes": 16}})
    sealed.template("more", {"PASSWORD": "{{ values.password }}"})
    ended = check(sealed, "--all")
    assert ended.code == 2
    assert ended.err == (
        "error: environments/development.yaml:6:3: there is no template templates/lost.yaml.j2; "
        "known are backend-secrets, more, postgres-secrets, redis-secrets\n"
    )
    assert ended.out == (
        "error: templates/more.yaml.j2:4: more/PASSWORD is out of date: new key; run sealgen seal qa [out-of-date]\n"
        "qa: 1 secret, 1 key, 1 finding\n"
        "staging: 3 secrets, 7 keys, nothing wrong\n" + UNPROVEN
    )


def test_a_plain_environment_is_checked_as_far_as_there_is_something(tmp_path: Path) -> None:
    project = aura(tmp_path)
    project.git("init", "--quiet")
    project.change(backend={"kind": "plain"}, output=None)
    assert check(project) == (0, "staging: 3 secrets, 7 keys, nothing wrong\n", "")
    project.write("secret.yml", "kind: Secret\n")
    project.git("add", "--all")
    expected = (
        "error: secret.yml:1: a plain Secret is tracked by Git [plaintext-secret]\n"
        "staging: 3 secrets, 7 keys, 1 finding\n"
    )
    assert check(project) == (11, expected, "")


# --- out of date ------------------------------------------------------------------------------------------------

BACKEND = "templates/backend-secrets.yaml.j2"
POSTGRES = "templates/postgres-secrets.yaml.j2"
REDIS = "templates/redis-secrets.yaml.j2"
BACKEND_MANIFEST = "k8s/overlays/staging/backend-secrets.yaml"
REDIS_MANIFEST = "k8s/overlays/staging/redis-secrets.yaml"


def with_redis(**fields: str) -> Callable[[Project], None]:
    """Return a change of the environment file: these fields for the secret ``redis-secrets``."""
    return lambda project: project.change(
        secrets=["backend-secrets", "postgres-secrets", {"name": "redis-secrets", **fields}]
    )


def with_lock(name: str, **fields: Any) -> Callable[[Project], None]:
    """Return a change of one line of the lock, by hand."""

    def edit(project: Project) -> None:
        lines = project.lock()
        lines[name] |= fields
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines.values())
        project.write(LOCK, text)

    return edit


def without_lock_line(name: str) -> Callable[[Project], None]:
    def edit(project: Project) -> None:
        lines = [json.dumps(line, separators=(",", ":")) for key, line in project.lock().items() if key != name]
        project.write(LOCK, "\n".join(lines) + "\n")

    return edit


def swapped(project: Project) -> None:
    one, other = (project.ciphertexts()[f"backend-secrets/{key}"] for key in ("JWT_SECRET_KEY", "REDIS_URL"))
    text = project.read(BACKEND_MANIFEST).decode()
    project.write(BACKEND_MANIFEST, text.replace(one, "@").replace(other, one).replace("@", other))


def one_character_changed(project: Project) -> None:
    ciphertext = project.ciphertexts()["redis-secrets/redis-password"]
    altered = ciphertext[:100] + ("A" if ciphertext[100] != "A" else "B") + ciphertext[101:]
    project.edit(REDIS_MANIFEST, ciphertext, altered)


def added_by_hand(project: Project) -> None:
    ciphertext = project.ciphertexts()["redis-secrets/redis-password"]
    another = ciphertext[:-8] + "AAAAAAA="
    project.edit(REDIS_MANIFEST, "  encryptedData:\n", f"  encryptedData:\n    backdoor: {another}\n")


def without_password(project: Project) -> None:
    project.write(
        REDIS_MANIFEST, re.sub(r"encryptedData:\n.*\n", "encryptedData: {}\n", project.read(REDIS_MANIFEST).decode())
    )


OUT_OF_DATE: dict[str, tuple[Callable[[Project], object], list[tuple[str, str, str]]]] = {
    "a key more in the template": (
        lambda project: project.write(REDIS, project.read(REDIS) + b"  port: '6379'\n"),
        [(f"{REDIS}:5", "redis-secrets/port", "new key")],
    ),
    "another filter in the template": (
        lambda project: project.edit(REDIS, "{{ values.redis_password }}", "{{ values.redis_password | upper }}"),
        [(f"{REDIS}:4", "redis-secrets/redis-password", "recipe changed")],
    ),
    "another variable": (
        lambda project: project.edit("environments/staging.yaml", "postgres_host: postgres", "postgres_host: other"),
        [(f"{BACKEND}:9", "backend-secrets/POSTGRES_DB_URI", "recipe changed")],
    ),
    "another literal": (
        lambda project: project.edit("environments/staging.yaml", "literal: aura", "literal: other"),
        [
            (f"{BACKEND}:9", "backend-secrets/POSTGRES_DB_URI", "value changed"),
            (f"{POSTGRES}:4", "postgres-secrets/postgres-user", "value changed (postgres_user)"),
        ],
    ),
    "another scope": (
        with_redis(scope="cluster-wide"),
        [
            (REDIS_MANIFEST, "redis-secrets", "metadata changed"),
            (f"{REDIS}:4", "redis-secrets/redis-password", "scope changed"),
        ],
    ),
    "another namespace": (
        with_redis(namespace="cache"),
        [
            (REDIS_MANIFEST, "redis-secrets", "metadata changed"),
            (f"{REDIS}:4", "redis-secrets/redis-password", "namespace changed"),
        ],
    ),
    "another file name": (
        with_redis(filename="redis.yaml"),
        [("environments/staging.yaml:26", "redis-secrets", "file renamed")],
    ),
    "a label in the template": (
        lambda project: project.edit(REDIS, "stringData:", "metadata: {labels: {app: redis}}\nstringData:"),
        [(REDIS_MANIFEST, "redis-secrets", "metadata changed")],
    ),
    "a key less in the template": (
        lambda project: project.edit(POSTGRES, "  postgres-user: '{{ values.postgres_user }}'\n", ""),
        [(f"{POSTGRES}:1", "postgres-secrets/postgres-user", "no longer in the template")],
    ),
    "a secret less in the environment": (
        lambda project: project.change(secrets=["backend-secrets", "postgres-secrets"]),
        [("environments/staging.yaml", "redis-secrets/redis-password", "no longer in the environment")],
    ),
    "a changed character in a ciphertext": (
        one_character_changed,
        [(f"{REDIS_MANIFEST}:9", "redis-secrets/redis-password", "ciphertext altered outside sealgen")],
    ),
    "two ciphertexts of one secret swapped": (
        swapped,
        [
            (f"{BACKEND_MANIFEST}:9", "backend-secrets/JWT_SECRET_KEY", "ciphertext altered outside sealgen"),
            (f"{BACKEND_MANIFEST}:11", "backend-secrets/REDIS_URL", "ciphertext altered outside sealgen"),
        ],
    ),
    "a ciphertext taken out": (
        without_password,
        [(REDIS_MANIFEST, "redis-secrets/redis-password", "ciphertext missing")],
    ),
    "a ciphertext put in": (
        added_by_hand,
        [(f"{REDIS_MANIFEST}:9", "redis-secrets/backdoor", "added outside sealgen")],
    ),
    "a kustomization entry taken out": (
        lambda project: project.edit(KUSTOMIZATION, "- redis-secrets.yaml\n", ""),
        [(KUSTOMIZATION, "redis-secrets", "kustomization entry missing")],
    ),
    "the kustomization removed": (
        lambda project: (project.root / KUSTOMIZATION).unlink(),
        [
            (KUSTOMIZATION, "backend-secrets", "kustomization entry missing"),
            (KUSTOMIZATION, "postgres-secrets", "kustomization entry missing"),
            (KUSTOMIZATION, "redis-secrets", "kustomization entry missing"),
        ],
    ),
    "a lock line removed": (
        without_lock_line("backend-secrets/REDIS_URL"),
        [(f"{BACKEND}:10", "backend-secrets/REDIS_URL", "new key")],
    ),
    "another version of a value in the lock": (
        with_lock("jwt_secret_key", version="2-1f9c2ab4"),
        [(f"{BACKEND}:8", "backend-secrets/JWT_SECRET_KEY", "value changed")],
    ),
    "another version of a key in the lock": (
        with_lock("redis-secrets/redis-password", values={}),
        [(f"{REDIS}:4", "redis-secrets/redis-password", "value changed")],
    ),
    "another recipe in the lock": (
        with_lock("redis-secrets/redis-password", recipe="0" * 64),
        [(f"{REDIS}:4", "redis-secrets/redis-password", "recipe changed")],
    ),
    "another ciphertext in the lock": (
        with_lock("redis-secrets/redis-password", ciphertext="0" * 64),
        [(f"{REDIS_MANIFEST}:9", "redis-secrets/redis-password", "ciphertext altered outside sealgen")],
    ),
    "another scope in the lock": (
        with_lock("redis-secrets/redis-password", scope="namespace-wide"),
        [(f"{REDIS}:4", "redis-secrets/redis-password", "scope changed")],
    ),
    "another namespace in the lock": (
        with_lock("redis-secrets/redis-password", namespace="elsewhere"),
        [(f"{REDIS}:4", "redis-secrets/redis-password", "namespace changed")],
    ),
}


@pytest.mark.parametrize(("change", "expected"), OUT_OF_DATE.values(), ids=OUT_OF_DATE)
def test_what_seal_would_change_is_out_of_date(
    sealed: Project, change: Callable[[Project], object], expected: list[tuple[str, str, str]]
) -> None:
    change(sealed)
    ended = check(sealed)
    assert ended.out.splitlines()[: len(expected)] == [
        f"error: {place}: {name} is out of date: {reason}; run sealgen seal staging [out-of-date]"
        for place, name, reason in expected
    ]
    number = len(expected)
    counted = "1 finding" if number == 1 else f"{number} findings"
    assert re.fullmatch(rf"staging: [23] secrets, \d keys, {counted}", ended.out.splitlines()[number])
    assert (ended.code, ended.err) == (11, "")


def test_a_manifest_that_is_gone_is_missed_by_the_kustomization_too(sealed: Project) -> None:
    (sealed.root / REDIS_MANIFEST).unlink()
    ended = check(sealed)
    assert (ended.code, ended.err) == (11, "")
    assert ended.out == (
        f"error: {REDIS_MANIFEST}: redis-secrets/redis-password is out of date: ciphertext missing; "
        "run sealgen seal staging [out-of-date]\n"
        f"error: {KUSTOMIZATION}:6: lists redis-secrets.yaml, which is not there [kustomization-entry]\n"
        "staging: 3 secrets, 7 keys, 2 findings\n" + UNPROVEN
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            without_lock_line("redis-secrets/redis-password"),
            (
                f"error: {REDIS_MANIFEST} is there, but sealgen did not write it\n"
                "Move it away, or give the secret 'redis-secrets' another filename.\n"
            ),
        ),
        (
            with_lock("redis-secrets/redis-password", file="backend-secrets.yaml"),
            (
                f"error: {BACKEND_MANIFEST} is the SealedSecret 'backend-secrets', but the lock says 'redis-secrets'; "
                "restore one of them from Git\n"
            ),
        ),
        (
            with_lock("redis-secrets/redis-password", file="../staging/x.yaml"),
            f"error: {LOCK}:13:1: not a line of a lock as sealgen writes it; restore it from Git\n",
        ),
        (
            with_lock("jwt_secret_key", date="2026-99-99"),
            f"error: {LOCK}:2:1: not a line of a lock as sealgen writes it; restore it from Git\n",
        ),
        (
            lambda project: project.write(LOCK, project.read(LOCK) + project.read(LOCK).splitlines()[-1] + b"\n"),
            f"error: {LOCK}:14:1: out of order, or there twice; restore the lock from Git\n",
        ),
    ],
    ids=["all lines of a secret removed", "file of another secret", "a path", "no date", "a line twice"],
)
def test_a_lock_that_can_not_be_sealgens_is_an_error(
    sealed: Project, change: Callable[[Project], object], message: str
) -> None:
    change(sealed)
    assert check(sealed) == (2, "", message)


# --- the certificate --------------------------------------------------------------------------------------------


def with_certificate(project: Project, start: timedelta, end: timedelta) -> x509.Certificate:
    """Renew the certificate of the same key, so that the pin stays."""
    pem = dated_certificate(project.controller.private_key, start, end)
    project.write(PEM, pem)
    return x509.load_pem_x509_certificate(pem)


def test_an_expired_certificate_is_an_error(sealed: Project) -> None:
    end = with_certificate(sealed, timedelta(days=-30), timedelta(minutes=-1)).not_valid_after_utc
    ended = check(sealed)
    assert (ended.code, ended.err) == (11, "")
    assert re.sub(r"it is [-0-9]+ [:0-9]+ UTC", "it is NOW", ended.out) == (
        f"error: environments/staging.yaml:4: {PEM} expired on {end:%Y-%m-%d %H:%M:%S} UTC, and it is NOW "
        "[certificate-invalid]\n"
        "staging: 3 secrets, 7 keys, 1 finding\n" + UNPROVEN
    )


def test_a_certificate_that_is_not_valid_yet_is_an_error(sealed: Project) -> None:
    start = with_certificate(sealed, timedelta(hours=1), timedelta(days=300)).not_valid_before_utc
    ended = check(sealed)
    assert (ended.code, ended.err) == (11, "")
    assert re.sub(r"it is [-0-9]+ [:0-9]+ UTC", "it is NOW", ended.out) == (
        f"error: environments/staging.yaml:4: {PEM} is not valid before {start:%Y-%m-%d %H:%M:%S} UTC, "
        "and it is NOW [certificate-invalid]\n"
        "staging: 3 secrets, 7 keys, 1 finding\n" + UNPROVEN
    )


def test_a_certificate_made_a_moment_ago_is_valid(sealed: Project) -> None:
    with_certificate(sealed, timedelta(), timedelta(days=300))
    assert check(sealed).out == "staging: 3 secrets, 7 keys, nothing wrong\n" + UNPROVEN


@pytest.mark.parametrize(("left", "told"), [(0, "0 days"), (1, "1 day"), (60, "60 days"), (61, None)])
def test_a_certificate_that_expires_soon_is_a_warning(sealed: Project, left: int, told: str | None) -> None:
    with_certificate(sealed, timedelta(days=-30), timedelta(days=left, hours=1))
    warning = f"warning: environments/staging.yaml:4: {PEM} expires in {told} [certificate-expires]\n"
    number = "1 finding" if told else "nothing wrong"
    expected = f"{warning if told else ''}staging: 3 secrets, 7 keys, {number}\n{UNPROVEN}"
    assert check(sealed) == (0, expected, "")


def test_another_certificate_than_the_pinned_one_is_an_error(sealed: Project) -> None:
    other = controller("two")
    sealed.write(PEM, other.certificate)
    assert check(sealed) == (
        11,
        (
            f"error: environments/staging.yaml:5: {PEM} has the fingerprint {other.fingerprint}, but the pin is "
            f"{sealed.controller.fingerprint}; see what the cluster has: sealgen cert fetch staging [pin-mismatch]\n"
            "staging: 3 secrets, 7 keys, 1 finding\n" + UNPROVEN
        ),
        "",
    )


def test_a_missing_certificate_is_refused(sealed: Project) -> None:
    (sealed.root / PEM).unlink()
    assert check(sealed) == (
        2,
        "",
        (
            f"error: environments/staging.yaml:4:16: there is no {PEM}\n"
            "Get the controller's certificate: sealgen cert fetch staging\n"
        ),
    )


def test_a_published_certificate_is_not_fetched_and_that_is_said(sealed: Project) -> None:
    sealed.change(backend=sealed.backend(certificate="https://certificates.invalid/staging.pem"))
    assert check(sealed) == (
        0,
        "staging: 3 secrets, 7 keys, nothing wrong\n"
        "  not proven: that the certificate is the pinned one and valid: https://certificates.invalid/staging.pem "
        "was not fetched\n" + UNPROVEN,
        "",
    )


# --- the ciphertexts' shape -------------------------------------------------------------------------------------


def with_ciphertext(project: Project, text: str) -> None:
    """Replace a ciphertext in the manifest, and in the lock too, so that nothing but its shape is wrong."""
    project.edit(REDIS_MANIFEST, project.ciphertexts()["redis-secrets/redis-password"], text)
    with_lock("redis-secrets/redis-password", ciphertext=hashlib.sha256(text.encode()).hexdigest())(project)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("AQ*=", "is not standard base64"),
        ("_" * 400, "is not standard base64"),
        ("AQA", "is not standard base64"),
        (b64(b"x"), "is not a ciphertext: 1 bytes are too few to begin with a length"),
        (b64(bytes(300)), "is not a ciphertext: it begins with the RSA length 0, which is at least 256"),
        (
            b64(b"\x01\x00" + bytes(271)),
            "is not a ciphertext, or cut off: 273 bytes, where the RSA length 256 needs at least 274",
        ),
        (b64(b"\x02\x00" + bytes(528)), f"was not sealed with {PEM}: its RSA part has another length"),
    ],
    ids=[
        "a stray character",
        "base64url",
        "no padding",
        "one byte",
        "no RSA length",
        "cut off",
        "another key's length",
    ],
)
def test_what_can_not_be_a_ciphertext_is_an_error(sealed: Project, text: str, problem: str) -> None:
    with_ciphertext(sealed, text)
    assert check(sealed) == (
        11,
        f"error: {REDIS_MANIFEST}:9: redis-secrets/redis-password {problem} [ciphertext-shape]\n"
        "staging: 3 secrets, 7 keys, 1 finding\n" + UNPROVEN,
        "",
    )


def test_a_ciphertext_of_an_older_certificate_may_have_another_length(sealed: Project) -> None:
    other = controller("two").fingerprint
    with_ciphertext(sealed, b64(b"\x02\x00" + bytes(528)))
    with_lock("redis-secrets/redis-password", certificate=other)(sealed)
    assert check(sealed) == (
        0,
        f"note: environments/staging.yaml:5: 1 key is sealed with another certificate than the pinned one, {other}; "
        "have the cluster seal anew: sealgen reencrypt staging [certificate-superseded]\n"
        "staging: 3 secrets, 7 keys, 1 finding\n" + UNPROVEN,
        "",
    )


# --- rotation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (80, None),
        (81, "note: environments/staging.yaml:10: jwt_secret_key is due for rotation in 9 days{} [rotation-soon]\n"),
        (89, "note: environments/staging.yaml:10: jwt_secret_key is due for rotation in 1 day{} [rotation-soon]\n"),
        (90, "warning: environments/staging.yaml:10: jwt_secret_key is due for rotation today{} [rotation-due]\n"),
        (
            91,
            (
                "warning: environments/staging.yaml:10: jwt_secret_key has been due for rotation for 1 day{} "
                "[rotation-due]\n"
            ),
        ),
        (
            100,
            (
                "warning: environments/staging.yaml:10: jwt_secret_key has been due for rotation for 10 days{} "
                "[rotation-due]\n"
            ),
        ),
    ],
)
def test_a_value_that_grows_old_is_a_note_and_then_a_warning(sealed: Project, age: int, told: str | None) -> None:
    sealed.edit("environments/staging.yaml", "bytes: 32", "bytes: 32\n    rotate_every: 90d")
    made = f"{dt.datetime.now(dt.UTC) - timedelta(days=age):%Y-%m-%d}"
    with_lock("jwt_secret_key", date=made)(sealed)
    line = told.format(f" (version of {made}, every 90 days)") if told else ""
    number = "1 finding" if told else "nothing wrong"
    assert check(sealed) == (0, f"{line}staging: 3 secrets, 7 keys, {number}\n{UNPROVEN}", "")


def test_a_value_of_a_year_is_told_of_two_weeks_before_it_is_due(sealed: Project) -> None:
    sealed.edit("environments/staging.yaml", "bytes: 32", "bytes: 32\n    rotate_every: 365d")
    for age, told in ((350, "nothing wrong"), (351, "is due for rotation in 14 days")):
        with_lock("jwt_secret_key", date=f"{dt.datetime.now(dt.UTC) - timedelta(days=age):%Y-%m-%d}")(sealed)
        assert told in check(sealed).out


def test_the_line_is_that_of_the_file_that_the_value_stands_in(sealed: Project) -> None:
    sealed.write("environments/base.yaml", "values:\n  jwt_secret_key:\n    rotate_every: 1d\n")
    sealed.change(extends="base")
    with_lock("jwt_secret_key", date="2020-02-29")(sealed)
    lines = sealed.read("environments/staging.yaml").decode().splitlines()
    line = lines.index("  jwt_secret_key:") + 1
    assert check(sealed).out.startswith(f"warning: environments/staging.yaml:{line}: jwt_secret_key has been due for ")
    sealed.write("environments/base.yaml", "values:\n  only: {generate: hex, bytes: 32, rotate_every: 1d}\n")
    sealed.template("redis-secrets", {"redis-password": "{{ values.redis_password }}", "only": "{{ values.only }}"})
    assert sealed.run("seal", "staging", "-q").code == 0
    with_lock("only", date="2020-02-29")(sealed)
    assert "warning: environments/base.yaml:2: only has been due for " in check(sealed).out


def test_the_first_and_the_last_date_of_a_lock_are_dates_as_others(sealed: Project) -> None:
    sealed.edit("environments/staging.yaml", "bytes: 32", "bytes: 32\n    rotate_every: 90d")
    with_lock("jwt_secret_key", date="0001-01-01")(sealed)
    assert "[rotation-due]" in check(sealed).out
    with_lock("jwt_secret_key", date="9999-12-31")(sealed)
    assert check(sealed) == (
        0,
        "warning: environments/staging.yaml:10: jwt_secret_key has a version of 9999-12-31 by the lock, and it is "
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}: it would never grow old [date-in-future]\n"
        "staging: 3 secrets, 7 keys, 1 finding\n" + UNPROVEN,
        "",
    )


@pytest.mark.parametrize(("ahead", "code"), [(1, "nothing wrong"), (2, "[date-in-future]")])
def test_the_clock_of_another_machine_may_be_a_day_ahead(sealed: Project, ahead: int, code: str) -> None:
    with_lock("jwt_secret_key", date=f"{dt.datetime.now(dt.UTC) + timedelta(days=ahead):%Y-%m-%d}")(sealed)
    assert code in check(sealed).out


def test_a_value_that_is_read_grows_old_too(sealed: Project) -> None:
    sealed.edit("environments/staging.yaml", "env: SMTP_PASSWORD", "env: SMTP_PASSWORD\n    rotate_every: 1d")
    with_lock("smtp_password", date="2020-02-29")(sealed)
    assert re.match(
        r"warning: environments/staging\.yaml:21: smtp_password has been due for rotation for \d+ days "
        r"\(version of 2020-02-29, every 1 day\) \[rotation-due\]\n",
        check(sealed).out,
    )


@pytest.mark.parametrize(("value", "line"), [("smtp_password", 9), ("postgres_user", 7), ("jwt_secret_key", 6)])
def test_a_lock_without_the_line_of_a_value_is_refused(sealed: Project, value: str, line: int) -> None:
    without_lock_line(value)(sealed)
    assert check(sealed) == (
        2,
        "",
        (
            f"error: environments/staging.lock:{line}:1: the key is made of {value}, which has no line of its own; "
            "restore it from Git\n"
        ),
    )


def test_a_value_that_was_made_to_another_specification_is_a_warning(sealed: Project) -> None:
    sealed.edit("environments/staging.yaml", "bytes: 32", "bytes: 24")
    assert check(sealed) == (
        0,
        "warning: environments/staging.yaml:10: jwt_secret_key was made to another specification than it has now, "
        "which its next version keeps to: sealgen rotate staging jwt_secret_key [specification-changed]\n"
        "staging: 3 secrets, 7 keys, 1 finding\n" + UNPROVEN,
        "",
    )
    assert sealed.run("seal", "staging", "--rotate", "jwt_secret_key", "-q") == (0, "", "")
    assert check(sealed).out == "staging: 3 secrets, 7 keys, nothing wrong\n" + UNPROVEN


def test_a_source_that_is_read_may_change_its_place(sealed: Project) -> None:
    sealed.edit("environments/staging.yaml", "env: SMTP_PASSWORD", "env: SMTP_PASSWORD_2")
    assert check(sealed).out == "staging: 3 secrets, 7 keys, nothing wrong\n" + UNPROVEN


# --- the kustomization ------------------------------------------------------------------------------------------


def test_an_entry_that_leads_nowhere_is_an_error(sealed: Project) -> None:
    sealed.edit(KUSTOMIZATION, "- redis-secrets.yaml\n", "- ./redis-secrets.yaml\n- other.yaml\n- ../base\n")
    assert check(sealed) == (
        11,
        f"error: {KUSTOMIZATION}:7: lists other.yaml, which is not there [kustomization-entry]\n"
        f"error: {KUSTOMIZATION}:8: lists ../base, which is not there [kustomization-entry]\n"
        "staging: 3 secrets, 7 keys, 2 findings\n" + UNPROVEN,
        "",
    )


def test_an_entry_may_be_a_folder_or_a_repository(sealed: Project) -> None:
    sealed.write("k8s/overlays/base/kustomization.yaml", "kind: Kustomization\n")
    entries = ["../base", "github.com/aura/base?ref=v1", "https://aura.example/base.yaml", "git@github.com:aura/base"]
    added = "".join(f"- {entry}\n" for entry in entries)
    sealed.edit(KUSTOMIZATION, "- redis-secrets.yaml\n", "- redis-secrets.yaml\n" + added)
    assert check(sealed).out == "staging: 3 secrets, 7 keys, nothing wrong\n" + UNPROVEN


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "namePrefix: qa-",
            (
                "namePrefix 'qa-' would rename the SealedSecret 'backend-secrets', and the controller could not "
                "decrypt it: it is sealed for its name (scope strict)"
            ),
        ),
        (
            "nameSuffix: -v2",
            (
                "nameSuffix '-v2' would rename the SealedSecret 'backend-secrets', and the controller could not "
                "decrypt it: it is sealed for its name (scope strict)"
            ),
        ),
        (
            "namespace: elsewhere",
            (
                "namespace 'elsewhere' would move the SealedSecret 'backend-secrets' out of 'aura-staging', and the "
                "controller could not decrypt it: it is sealed for its namespace (scope strict)"
            ),
        ),
    ],
    ids=["namePrefix", "nameSuffix", "namespace"],
)
def test_a_transformer_that_breaks_a_label_is_an_error(sealed: Project, line: str, problem: str) -> None:
    sealed.write(KUSTOMIZATION, sealed.read(KUSTOMIZATION).decode() + line + "\n")
    assert check(sealed) == (
        11,
        f"error: {KUSTOMIZATION}:7: {problem} [kustomization-transformer]\n"
        "staging: 3 secrets, 7 keys, 1 finding\n" + UNPROVEN,
        "",
    )


# --- templates --------------------------------------------------------------------------------------------------


def small(root: Path, text: str) -> Project:
    """Return a project with one key, made of one text of the template; sealed."""
    project = empty(root)
    project.git("init", "--quiet")
    values: dict[str, dict[str, object]] = {
        "password": {"generate": "base64", "bytes": 24},
        "host": {"generate": "hex", "bytes": 16},
        "user": {"literal": "aura"},
        "login": {"literal": "aura@example.org"},
        "odd": {"generate": "password"},
        "pin": {"generate": "password", "charset": "-a-z0-9_.~"},
    }
    project.environment(values=values, secrets=["one"])
    project.template("one", {"URI": text})
    assert project.run("seal", "staging").code == 0
    return project


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("redis://:{{ values.password }}@redis/0", ["password"]),
        ("redis://:{{ values.password | upper }}{{ values.password }}@redis/0", ["password"]),
        ("redis://:{{ values.password | trim }}@redis/0", ["password"]),
        ("redis://:{{ values.odd }}:{{ values.pin }}@redis/0", ["odd"]),
        ("redis://:{{ values.password | b64encode }}@redis/0", ["password"]),
        ('redis://:{{ values.password | replace("/", values.host) }}@redis/0', ["password"]),
        ("redis://:{{ values.password | sha256 }}@redis/0", []),
        ("redis://{{ values.user }}:x@redis/0", []),
        ("redis://{{ values.login }}:x@redis/0", ["login"]),
        ("amqp://{{ values.password }}:x@{{ values.host }}/", ["password"]),
        ("redis://:{{ values.password | urlquote }}@redis/0", []),
        ("redis://redis/0?password={{ values.password }}", ["password"]),
        ("jdbc:postgresql://db/x?password={{ values.password }}&user=a", ["password"]),
        ("redis://redis/0 {{ values.password }}", []),
        ('{"url": "redis://redis/0", "password": "{{ values.password }}"}', []),
        ("://{{ values.password }}", []),
        ("{{ values.password }}://", []),
        ("user:{{ values.password }}@redis", []),
        ("a://b/ c://{{ values.host }}:{{ values.password }}@d", ["password"]),
        ("a://{{ values.password }}:{{ values.login }}@d", ["password", "login"]),
    ],
)
def test_a_value_that_may_break_a_uri_and_is_not_escaped_is_a_warning(
    tmp_path: Path, text: str, bare: list[str]
) -> None:
    project = small(tmp_path, text)
    warnings = "".join(
        f"warning: templates/one.yaml.j2:4: one/URI: {name} stands unescaped in a URI; write | urlquote "
        "[uri-unescaped]\n"
        for name in bare
    )
    number = {0: "nothing wrong", 1: "1 finding", 2: "2 findings"}[len(bare)]
    assert check(project) == (0, f"{warnings}staging: 1 secret, 1 key, {number}\n", "")


def test_a_warning_beside_an_error_is_an_error(tmp_path: Path) -> None:
    project = small(tmp_path, "redis://:{{ values.password }}@redis/0")
    project.write("a.yaml", "kind: Secret\n")
    project.git("add", "a.yaml")
    ended = check(project)
    assert (ended.code, ended.out.count("warning: "), ended.out.count("error: ")) == (11, 1, 1)


def test_a_template_that_is_wrong_is_told_with_its_line(sealed: Project) -> None:
    sealed.edit(REDIS, "{{ values.redis_password }}", "{{ values.redis_pasword }}")
    ended = check(sealed)
    assert ended == (2, "", f"error: {REDIS}:4: values has no 'redis_pasword'; did you mean 'redis_password'?\n")


# --- what Git tracks --------------------------------------------------------------------------------------------


def test_plain_secrets_and_private_keys_that_git_tracks_are_errors(sealed: Project) -> None:
    sealed.write("a.yaml", "apiVersion: v1\nkind: Secret\n")
    sealed.write("b/c d.yml", "---\n{}\n---\nkind: 'Secret'  \r\n")
    sealed.write("comment.yaml", "kind: Secret # no comment makes it something else\n")
    sealed.write("list.yaml", "kind: List\nitems:\n- data: {}\n  kind: Secret\n")
    sealed.write("object.json", '{"data": {}, "kind": "Secret"}\n')
    sealed.write("template.yaml", "{{ if }}\nkind: Secret\n")
    sealed.write("key", "text\n-----BEGIN PRIVATE KEY-----\n")
    sealed.write("old.pem", "-----BEGIN RSA PRIVATE KEY-----\n")
    sealed.write("id", "-----BEGIN OPENSSH PRIVATE KEY-----\n")
    sealed.write("indented.yaml", "key: |\n  -----BEGIN EC PRIVATE KEY-----\n")
    sealed.git("add", "--all")
    ended = check(sealed)
    assert (ended.code, ended.err) == (11, "")
    assert ended.out == (
        "error: a.yaml:2: a plain Secret is tracked by Git [plaintext-secret]\n"
        "error: b/c d.yml:4: a plain Secret is tracked by Git [plaintext-secret]\n"
        "error: comment.yaml:1: a plain Secret is tracked by Git [plaintext-secret]\n"
        "error: list.yaml:4: a plain Secret is tracked by Git [plaintext-secret]\n"
        "error: object.json:1: a plain Secret is tracked by Git [plaintext-secret]\n"
        "error: template.yaml:2: a plain Secret is tracked by Git [plaintext-secret]\n"
        "error: id:1: a private key is tracked by Git [private-key]\n"
        "error: indented.yaml:2: a private key is tracked by Git [private-key]\n"
        "error: key:2: a private key is tracked by Git [private-key]\n"
        "error: old.pem:1: a private key is tracked by Git [private-key]\n"
        "staging: 3 secrets, 7 keys, 10 findings\n" + UNPROVEN
    )


def test_what_git_does_not_track_and_what_only_speaks_of_secrets_is_no_finding(sealed: Project) -> None:
    sealed.write("untracked.yaml", "kind: Secret\n-----BEGIN PRIVATE KEY-----\n")
    sealed.write("other.yaml", "kind: SecretStore\n")
    sealed.write("reference.yaml", "kind: X\nsecretRef:\n  kind: Secret\n")
    sealed.write("reference.json", '{"kind": "X", "ref": {"kind": "Secret"}}\n')
    sealed.write("notes.md", "a key has the line `-----BEGIN PRIVATE KEY-----`\n")
    sealed.git("add", "other.yaml", "reference.yaml", "reference.json", "notes.md")
    assert check(sealed).out == "staging: 3 secrets, 7 keys, nothing wrong\n" + UNPROVEN


def test_outside_of_a_work_tree_nothing_is_said_of_git_but_that(tmp_path: Path) -> None:
    project = aura(tmp_path)
    assert project.run("seal", "staging").code == 0
    project.write("a.yaml", "kind: Secret\n")
    assert check(project) == (
        0,
        "staging: 3 secrets, 7 keys, nothing wrong\n"
        "  not proven: that Git tracks no plain Secret and no private key: this is no work tree of Git\n" + UNPROVEN,
        "",
    )


def test_the_project_may_be_a_folder_of_the_work_tree(sealed: Project, tmp_path: Path) -> None:
    project = Project(tmp_path / "deep/er", sealed.controller)
    for path, content in sealed.contents().items():
        project.write(path, content)
    project.write("a.yaml", "kind: Secret\n")
    sealed.git("add", "--all")
    ended = check(project)
    assert ended.out.splitlines()[0] == "error: a.yaml:1: a plain Secret is tracked by Git [plaintext-secret]"


def test_without_git_a_work_tree_is_not_passed(sealed: Project, tmp_path: Path) -> None:
    ended = sealed.run("check", "staging", env={**NOTHING, "PATH": str(tmp_path / "nothing")})
    assert ended == (
        1,
        "",
        "error: can't run git: No such file or directory\nIt must make sure that no plaintext is tracked.\n",
    )


def test_a_git_that_fails_is_told(sealed: Project) -> None:
    sealed.write(".git/HEAD", "nonsense\n")
    assert check(sealed) == (1, "", "error: 'git grep' failed\nRun 'git status' to see why.\n")


def test_a_hooks_own_variables_do_not_lead_git_astray(sealed: Project, tmp_path: Path) -> None:
    sealed.write("a.yaml", "kind: Secret\n")
    sealed.git("add", "--all")
    hook = {"GIT_DIR": str(tmp_path / "none"), "GIT_INDEX_FILE": str(tmp_path / "none"), "GIT_WORK_TREE": os.sep}
    ended = sealed.run("check", "staging", env={**NOTHING, **hook})
    assert ended.out.splitlines()[0] == "error: a.yaml:1: a plain Secret is tracked by Git [plaintext-secret]"


def test_names_can_not_forge_lines_or_move_the_cursor(sealed: Project) -> None:
    hostile = "x\n\x1b[2J\u202estaging: nothing wrong.yaml"
    sealed.write(hostile, "kind: Secret\n")
    sealed.git("add", "--all")
    assert check(sealed).out.splitlines()[0] == (
        r"error: x\n\x1b[2J\u202estaging: nothing wrong.yaml:1: a plain Secret is tracked by Git [plaintext-secret]"
    )
