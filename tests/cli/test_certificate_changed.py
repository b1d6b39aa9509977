"""Another certificate: what the old one sealed stays until somebody asks for more, and then all of it moves at once."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.api_server import api_server
from tests.support.live import Live
from tests.support.project import Project, controller, difference

STUCK = "error: staging: not all of it can be sealed here, so nothing was written\n"
GENERATED = ("jwt_secret_key", "postgres_password", "redis_password")
ROTATE = tuple(word for name in GENERATED for word in ("--rotate", name))
RESEAL = ("--certificate-changed", "reseal")
READ_FROM_SOURCES = ("backend-secrets/SMTP_PASSWORD", "postgres-secrets/postgres-user")


@pytest.fixture
def moved(sealed: Project) -> Project:
    """Return Aura's project, sealed, and then with the certificate of another controller."""
    other = dataclasses.replace(sealed, controller=controller("two"))
    other.write("environments/certificates/two.pem", other.controller.certificate)
    other.change(backend=other.backend(certificate="environments/certificates/two.pem"))
    return other


def shown(project: Project, before: Project) -> str:
    return f"{before.controller.fingerprint} → {project.controller.fingerprint}"


def test_what_another_certificate_sealed_stays(moved: Project) -> None:
    before = moved.tree()
    for arguments in ((), ("--certificate-changed", "keep")):
        for command in ("plan", "seal"):
            assert moved.run(command, "staging", *arguments) == (0, "staging: 3 secrets, 7 keys, up to date\n", "")
    assert moved.run("check", "staging").code == 0
    assert moved.tree() == before


def test_it_is_told_who_asks_for_more(moved: Project, sealed: Project) -> None:
    assert moved.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    lines = moved.run("plan", "staging", "-v", "--only", "redis-secrets", "--only", "postgres-secrets").out.splitlines()
    old = f"unchanged: sealed with another certificate, {sealed.controller.fingerprint}"
    assert lines[2:] == [
        f"  postgres-secrets  postgres-user      keep    {old}",
        f"  postgres-secrets  postgres-password  keep    {old}",
        "  redis-secrets     redis-password     keep    unchanged",
        "staging: 3 secrets, 7 keys, up to date",
    ]


def test_to_seal_all_again_needs_what_was_never_stored_and_says_every_way(moved: Project, sealed: Project) -> None:
    change, before = shown(moved, sealed), moved.tree()
    table = (
        "staging\n"
        "  SECRET            KEY                ACTION   REASON\n"
        f"  backend-secrets   JWT_SECRET_KEY     blocked  certificate changed: {change}; "
        "needs jwt_secret_key, which was never stored\n"
        f"  backend-secrets   POSTGRES_DB_URI    blocked  certificate changed: {change}; "
        "needs postgres_password, which was never stored\n"
        f"  backend-secrets   REDIS_URL          blocked  certificate changed: {change}; "
        "needs redis_password, which was never stored\n"
        f"  backend-secrets   SMTP_PASSWORD      seal     certificate changed: {change}\n"
        f"  postgres-secrets  postgres-user      seal     certificate changed: {change}\n"
        f"  postgres-secrets  postgres-password  blocked  certificate changed: {change}; "
        "needs postgres_password, which was never stored\n"
        f"  redis-secrets     redis-password     blocked  certificate changed: {change}; "
        "needs redis_password, which was never stored\n"
    )
    ways = (
        "Make a new version with the run: sealgen seal staging --certificate-changed reseal "
        "--rotate jwt_secret_key --rotate postgres_password --rotate redis_password; "
        "or read back what is live: sealgen seal staging --certificate-changed reseal --from-cluster; "
        "or, in the same cluster, let its controller seal them: sealgen reencrypt staging\n"
    )
    assert moved.run("plan", "staging", *RESEAL) == (
        12,
        f"{table}staging: 3 secrets, 7 keys, 2 to seal, 5 blocked\n{ways}",
        "",
    )
    assert moved.run("seal", "staging", *RESEAL) == (12, "", f"{table}\n{STUCK}{ways}")
    assert moved.tree() == before


def test_with_new_versions_all_of_it_is_sealed_for_the_new_cluster(moved: Project, sealed: Project) -> None:
    values = sealed.unsealed()
    assert moved.run("seal", "staging", "-q", *RESEAL, *ROTATE) == (0, "", "")
    now = moved.unsealed()
    assert now.keys() == values.keys()
    assert [key for key in values if now[key] == values[key]] == sorted(READ_FROM_SOURCES)
    assert {line["certificate"] for line in moved.lock().values() if "certificate" in line} == {
        moved.controller.fingerprint
    }
    assert moved.run("seal", "staging", *RESEAL).out == "staging: 3 secrets, 7 keys, up to date\n"


def test_what_has_a_source_is_sealed_again_from_it_and_no_version_changes(moved: Project, sealed: Project) -> None:
    change = shown(moved, sealed)
    values, before = sealed.unsealed(), moved.contents()
    assert moved.run("seal", "staging", *RESEAL, *(f"--only={key}" for key in READ_FROM_SOURCES)).out == (
        "staging\n"
        "  SECRET            KEY            ACTION  REASON\n"
        f"  backend-secrets   SMTP_PASSWORD  seal    certificate changed: {change}\n"
        f"  postgres-secrets  postgres-user  seal    certificate changed: {change}\n"
        "staging: 3 secrets, 7 keys, 2 sealed\n"
    )
    went, came = difference(before, moved.contents())["environments/staging.lock"]
    assert len(went) == len(came) == 2
    for old, new in zip(went, came, strict=True):
        assert old.partition('"certificate"')[0] == new.partition('"certificate"')[0]
    lock = moved.lock()
    assert [key for key in values if lock[key]["certificate"] == moved.controller.fingerprint] == list(
        READ_FROM_SOURCES
    )


def test_a_ciphertext_of_the_pinned_certificate_is_never_sealed_again(sealed: Project) -> None:
    before = sealed.tree()
    assert sealed.run("seal", "staging", *RESEAL) == (0, "staging: 3 secrets, 7 keys, up to date\n", "")
    assert sealed.tree() == before


# --- the environment's own policy ---


def test_the_environment_may_always_ask_for_it(moved: Project) -> None:
    moved.change(backend=moved.backend(certificate="environments/certificates/two.pem", certificate_changed="reseal"))
    assert moved.run("seal", "staging", "-q").err == (
        f"{STUCK}Make a new version with the run: sealgen seal staging "
        "--rotate jwt_secret_key --rotate postgres_password --rotate redis_password; "
        "or read back what is live: sealgen seal staging --from-cluster; "
        "or, in the same cluster, let its controller seal them: sealgen reencrypt staging\n"
    )
    checked = moved.run("check", "staging")
    assert checked.code == 11
    assert checked.out.count("is out of date: certificate changed") == 7
    assert moved.run("plan", "staging", "--certificate-changed", "keep") == (
        0,
        "staging: 3 secrets, 7 keys, up to date\n",
        "",
    )
    assert moved.run("seal", "staging", "-q", *ROTATE) == (0, "", "")
    assert len(moved.unsealed()) == 7
    assert moved.run("check", "staging").code == 0


@pytest.mark.parametrize(
    ("arguments", "fields", "told"),
    [
        (
            ("--certificate-changed", "reseel"),
            {},
            (
                "error: Invalid value for '--certificate-changed': 'reseel' is not one of 'keep', 'reseal'.\n"
                "Try 'sealgen seal --help'.\n"
            ),
        ),
        (
            (),
            {"certificate_changed": "reseel"},
            (
                "error: environments/staging.yaml:6:24: backend.certificate_changed can't be 'reseel'; "
                "did you mean 'reseal'?\n"
            ),
        ),
    ],
)
def test_anything_else_is_refused(
    sealed: Project, arguments: tuple[str, ...], fields: dict[str, str], told: str
) -> None:
    sealed.change(backend=sealed.backend(**fields))
    assert sealed.run("seal", "staging", *arguments) == (2, "", told)


# --- another cluster ---


def test_an_environment_moves_to_another_cluster_with_its_values(
    moved: Project, sealed: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    values, versions = sealed.unsealed(), {name: sealed.lock()[name] for name in GENERATED}
    with api_server(tmp_path_factory.mktemp("old")) as server:
        old = Live(server)
        old.apply(sealed)
        moved.change(cluster={"kubeconfig": str(server.kubeconfig)})
        ended = moved.run("seal", "staging", *RESEAL, "--from-cluster")
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.splitlines()[-1] == "staging: 3 secrets, 7 keys, 7 sealed"
        assert moved.unsealed() == values
        assert {name: moved.lock()[name] for name in GENERATED} == versions
        assert moved.run("seal", "staging", *RESEAL).out == "staging: 3 secrets, 7 keys, up to date\n"


def test_to_ask_the_new_cluster_for_the_values_is_refused(
    moved: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = moved.contents()
    with api_server(tmp_path_factory.mktemp("new")) as server:
        moved.change(cluster={"kubeconfig": str(server.kubeconfig)})
        assert moved.run("seal", "staging", "-q", *RESEAL, "--from-cluster") == (
            12,
            "",
            (
                "error: staging: jwt_secret_key can't be read back from the cluster: "
                f"there is no SealedSecret aura-staging/backend-secrets in {server.url}\n"
                "If the cluster is behind, apply the overlay first: kubectl apply -k k8s/overlays/staging; "
                "or make a new version with the run: sealgen seal staging --certificate-changed reseal "
                "--rotate jwt_secret_key --rotate postgres_password --rotate redis_password\n"
            ),
        )
    assert difference(before, moved.contents()).keys() == {"environments/staging.yaml"}


def test_help_says_in_which_order_an_environment_moves(project: Project) -> None:
    text = " ".join(project.run("seal", "--help").out.split())
    move = text[text.index("To move an environment to another cluster: ") :]
    order = ["certificate and fingerprint under backend:", "leave cluster: at the old one", *RESEAL, "--from-cluster"]
    places = [move.index(words) for words in [*order, "apply the overlay to the new cluster", "let cluster: name"]]
    assert places == sorted(places)
