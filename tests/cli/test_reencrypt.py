"""``sealgen reencrypt``: everything under the newest key, values and all other bytes as they were, whatever fails."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sealgen.cluster import connection
from sealgen.cluster.controller import Controller as ClusterController
from sealgen.crypto import hybrid
from sealgen.overlay.transaction import Run
from sealgen.reconcile import reencryption
from tests.support.api_server import PROXY, Answer, Request, api_server, refusal
from tests.support.project import Ended, Project, controller, difference
from tests.support.sealing_service import SealingService

if TYPE_CHECKING:
    from collections.abc import Iterator

OVERLAY = "k8s/overlays/staging"
BACKEND = f"{OVERLAY}/backend-secrets.yaml"
POSTGRES = f"{OVERLAY}/postgres-secrets.yaml"
REDIS = f"{OVERLAY}/redis-secrets.yaml"
LOCK = "environments/staging.lock"
OLD, NEW = controller(), controller("two")
KEPT_ALL = "staging: 7 keys under the newest key already\n"
DONE_ALL = f"staging: 3 secrets, 7 keys sealed again with {NEW.fingerprint}\n"


@pytest.fixture
def service(sealed: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealingService]:
    """Give the controller, which has a new key since the project was sealed, and whose certificate is pinned."""
    with api_server(tmp_path_factory.mktemp("server")) as server:
        pin(sealed, cluster={"kubeconfig": str(server.kubeconfig)})
        yield SealingService([NEW, OLD], server)


def pin(project: Project, **fields: object) -> None:
    """Pin the new certificate, as 'cert fetch' does."""
    project.write("environments/certificates/controller.pem", NEW.certificate)
    project.change(backend=project.backend(fingerprint=NEW.fingerprint), **fields)


def reencrypt(project: Project, service: SealingService, *arguments: str) -> Ended:
    """Run reencrypt, with the server's address left out of what is said."""
    ended = project.run("reencrypt", "staging", *arguments)
    return ended._replace(
        out=ended.out.replace(service.server.url, "SERVER"), err=ended.err.replace(service.server.url, "SERVER")
    )


def opened(project: Project, *keys: Any) -> dict[str, bytes]:
    """Return what these sealing keys open of the overlay, by ``SECRET/KEY``."""
    return {
        place: hybrid.unseal(
            base64.b64decode(text), [key.private_key for key in keys], f"aura-staging/{place.split('/')[0]}".encode()
        )
        for place, text in project.ciphertexts().items()
    }


def sealed_with(project: Project) -> dict[str, set[str]]:
    """Return the Secrets, by the name of what sealed them in the lock."""
    names = {OLD.fingerprint: "old", NEW.fingerprint: "new"}
    found: dict[str, set[str]] = {"old": set(), "new": set()}
    for place, line in project.lock().items():
        if "certificate" in line:
            found[names[line["certificate"]]].add(place.split("/")[0])
    return found


# --- what it does ---


def test_everything_is_under_the_newest_key_and_opens_to_what_it_was(sealed: Project, service: SealingService) -> None:
    before, values = sealed.contents(), opened(sealed, OLD)
    assert reencrypt(sealed, service) == (0, DONE_ALL, "")
    assert opened(sealed, NEW) == values
    changed = difference(before, sealed.contents())
    assert sorted(changed) == [LOCK, BACKEND, POSTGRES, REDIS]
    # Only lines of ciphertexts, and in the lock only what is said of them.
    assert all(line.startswith("    ") for path in (BACKEND, POSTGRES, REDIS) for line in changed[path][1])
    for old, new in zip(*changed[LOCK], strict=True):
        was, now = json.loads(old), json.loads(new)
        assert (was.pop("certificate"), now.pop("certificate")) == (OLD.fingerprint, NEW.fingerprint)
        assert was.pop("ciphertext") != now.pop("ciphertext")
        assert was == now


def test_the_plan_is_up_to_date_afterwards(sealed: Project, service: SealingService) -> None:
    assert reencrypt(sealed, service).code == 0
    assert sealed.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")
    assert sealed.run("check", "staging").code == 0


def test_a_version_before_that_is_kept_is_sealed_again_too(sealed: Project, service: SealingService) -> None:
    values = yaml.safe_load(sealed.read("environments/staging.yaml"))["values"]
    sealed.change(values={**values, "jwt_secret_key": {**values["jwt_secret_key"], "keep_previous": "OLD"}})
    before = opened(sealed, OLD)["backend-secrets/JWT_SECRET_KEY"]
    assert sealed.run("rotate", "staging", "jwt_secret_key", "-q") == (0, "", "")
    assert reencrypt(sealed, service) == (0, f"{DONE_ALL.strip()}, 1 key under the newest key already\n", "")
    assert opened(sealed, NEW)["backend-secrets/OLD"] == before
    assert sealed.run("plan", "staging") == (0, "staging: 3 secrets, 8 keys, up to date\n", "")


def test_a_second_run_has_nothing_to_do_and_asks_for_nothing(sealed: Project, service: SealingService) -> None:
    reencrypt(sealed, service)
    tree, asked = sealed.tree(), len(service.asked)
    assert reencrypt(sealed, service) == (0, KEPT_ALL, "")
    assert (sealed.tree(), len(service.asked)) == (tree, asked)


def test_a_dry_run_shows_what_would_be_done_and_asks_for_nothing(sealed: Project, service: SealingService) -> None:
    tree = sealed.tree()
    ended = reencrypt(sealed, service, "--dry-run")
    assert (ended.code, ended.err) == (10, "")
    lines = [line.split() for line in ended.out.splitlines()]
    assert lines[:3] == [
        ["staging"],
        ["SECRET", "KEY", "SEALED", "WITH"],
        ["backend-secrets", "JWT_SECRET_KEY", OLD.fingerprint],
    ]
    assert ended.out.splitlines()[-1] == (f"staging: 3 secrets, 7 keys to seal again with {NEW.fingerprint}")
    assert (sealed.tree(), service.asked) == (tree, [])
    reencrypt(sealed, service)
    assert reencrypt(sealed, service, "--dry-run") == (0, KEPT_ALL, "")


def test_only_what_is_under_an_older_key_is_sent_and_nothing_but_ciphertexts(
    sealed: Project, service: SealingService
) -> None:
    assert sealed.run("seal", "staging", "-q", "--rotate", "jwt_secret_key") == (0, "", "")
    before = sealed.ciphertexts()
    assert reencrypt(sealed, service).out == (
        f"staging: 3 secrets, 6 keys sealed again with {NEW.fingerprint}, 1 key under the newest key already\n"
    )
    assert service.asked[0] == {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "backend-secrets", "namespace": "aura-staging", "annotations": {}},
        "spec": {
            "encryptedData": {
                key: before[f"backend-secrets/{key}"] for key in ("POSTGRES_DB_URI", "REDIS_URL", "SMTP_PASSWORD")
            },
            "template": {
                "metadata": {"name": "backend-secrets", "namespace": "aura-staging", "annotations": {}},
                "data": {},
            },
        },
    }
    assert sealed.ciphertexts()["backend-secrets/JWT_SECRET_KEY"] == before["backend-secrets/JWT_SECRET_KEY"]


@pytest.mark.parametrize("scope", ["namespace-wide", "cluster-wide"])
def test_the_scope_stays(scope: str, project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    project.change(backend=project.backend(scope=scope))
    project.run("seal", "staging", "-q")
    project.write("environments/certificates/controller.pem", NEW.certificate)
    with api_server(tmp_path_factory.mktemp("server")) as server:
        backend = project.backend(scope=scope, fingerprint=NEW.fingerprint)
        project.change(backend=backend, cluster={"kubeconfig": str(server.kubeconfig)})
        service = SealingService([NEW, OLD], server)
        assert reencrypt(project, service) == (0, DONE_ALL, "")
        service.keys[:] = [NEW]
        assert project.run("verify", "staging").code == 0
    assert project.run("plan", "staging").code == 0


def test_every_byte_that_is_no_ciphertext_stays(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "spec:\n", "# by hand\nstatus: {}\nspec: # here\n")
    sealed.edit(REDIS, "  template:\n", "  template:\n    data: {CONF: 'pass {{ index . \"redis-password\" }}'}\n")
    text = sealed.read(REDIS).decode()
    old = sealed.ciphertexts()["redis-secrets/redis-password"]
    text = "\ufeff" + text.replace(f"redis-password: {old}", f'"redis-password":   "{old}" # quoted').replace(
        "\n", "\r\n"
    )
    sealed.write(REDIS, text)
    assert reencrypt(sealed, service) == (0, DONE_ALL, "")
    new = sealed.ciphertexts()["redis-secrets/redis-password"]
    assert new != old
    assert sealed.read(REDIS).decode() == text.replace(old, new)


def test_one_ciphertext_of_two_keys_stays_one(sealed: Project, service: SealingService) -> None:
    texts = sealed.ciphertexts()
    one, two = (texts[f"backend-secrets/{key}"] for key in ("JWT_SECRET_KEY", "REDIS_URL"))
    lock = sealed.lock()
    sealed.edit(BACKEND, two, one)
    sealed.edit(
        LOCK, lock["backend-secrets/REDIS_URL"]["ciphertext"], lock["backend-secrets/JWT_SECRET_KEY"]["ciphertext"]
    )
    assert reencrypt(sealed, service) == (0, DONE_ALL, "")
    values = opened(sealed, NEW)
    assert values["backend-secrets/JWT_SECRET_KEY"] == values["backend-secrets/REDIS_URL"]
    assert len(set(sealed.ciphertexts().values())) == 6


def test_a_file_of_several_manifests(sealed: Project, service: SealingService) -> None:
    sealed.write(REDIS, "kind: ConfigMap\n" + sealed.read(REDIS).decode() + sealed.read(POSTGRES).decode())
    text = sealed.read(REDIS).decode()
    old = sealed.lock()
    assert reencrypt(sealed, service) == (0, DONE_ALL, "")
    after = sealed.read(REDIS).decode()
    assert [line for line in after.splitlines() if line not in text.splitlines()] == [
        line for line in after.splitlines() if line.startswith("    redis-password: ")
    ]
    assert sealed.lock()["redis-secrets/redis-password"] != old["redis-secrets/redis-password"]


def test_what_the_lock_does_not_know_is_left_and_told(sealed: Project, service: SealingService) -> None:
    text = sealed.ciphertexts()["redis-secrets/redis-password"]
    sealed.write(f"{OVERLAY}/foreign.yaml", sealed.read(REDIS).decode().replace("redis-secrets", "foreign"))
    assert reencrypt(sealed, service) == (
        0,
        DONE_ALL,
        (
            "warning: staging: not in the lock, so nobody can tell which key sealed it, and left as it is: "
            "foreign/redis-password\n"
        ),
    )
    assert text in sealed.read(f"{OVERLAY}/foreign.yaml").decode()


def test_what_another_environment_seals_into_the_same_folder_is_its_own_affair(
    sealed: Project, service: SealingService
) -> None:
    given = yaml.safe_load(sealed.read("environments/staging.yaml"))
    secret = {"name": "redis-secrets", "filename": "other.yaml"}
    sealed.environment("other", **given | {"namespace": "other", "secrets": [secret]})
    assert sealed.run("seal", "other", "-q").code == 0
    assert reencrypt(sealed, service) == (0, DONE_ALL, "")
    sealed.write(f"{OVERLAY}/other.yaml", sealed.read(f"{OVERLAY}/other.yaml").decode().replace("redis-password", "b"))
    assert reencrypt(sealed, service, "--dry-run") == (0, KEPT_ALL, "")


def test_templates_need_not_be_there(sealed: Project, service: SealingService) -> None:
    sealed.write("templates/redis-secrets.yaml.j2", "{{ broken")
    assert reencrypt(sealed, service) == (0, DONE_ALL, "")


def test_the_result_in_json(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "\n  name: redis-secrets", "\n  name: cache")
    ended = reencrypt(sealed, service, "--json")
    assert (ended.code, ended.err) == (11, "")
    (result,) = ended.document["results"]
    assert result.pop("done")[4:] == [
        {"secret": "postgres-secrets", "key": "postgres-password", "certificate": OLD.fingerprint},
        {"secret": "postgres-secrets", "key": "postgres-user", "certificate": OLD.fingerprint},
    ]
    assert [finding["cause"] for finding in result.pop("findings")] == ["renamed"]
    assert result == {
        "environment": "staging",
        "certificate": NEW.fingerprint,
        "kept": 0,
        "unlocked": ["cache/redis-password"],
        "failed": [{"secret": "redis-secrets", "key": "redis-password", "certificate": OLD.fingerprint}],
        "left": [],
    }
    (result,) = reencrypt(sealed, service, "--json", "--dry-run").document["results"]
    assert result["to_do"] == [{"secret": "redis-secrets", "key": "redis-password", "certificate": OLD.fingerprint}]


def test_more_is_said_if_asked_for_and_less(sealed: Project, service: SealingService) -> None:
    assert "backend-secrets   JWT_SECRET_KEY" in reencrypt(sealed, service, "-v").out
    assert reencrypt(sealed, service, "-q") == (0, "", "")


# --- whose certificate ---


def test_the_controller_s_certificate_must_be_the_pinned_one(sealed: Project, service: SealingService) -> None:
    service.keys[:] = [OLD]
    tree = sealed.tree()
    refused = (
        f"error: environments/staging.yaml:5:16: the controller kube-system/sealed-secrets-controller of SERVER seals "
        f"with {OLD.fingerprint}, but staging pins {NEW.fingerprint}\n"
        "If that is the right cluster, take its certificate first: sealgen cert fetch staging\n"
    )
    assert reencrypt(sealed, service) == (2, "", refused)
    assert reencrypt(sealed, service, "--dry-run") == (2, "", refused)
    assert (sealed.tree(), service.asked) == (tree, [])


def test_a_key_that_is_renewed_meanwhile_stops_the_run_and_nothing_of_it_is_written(
    sealed: Project, service: SealingService
) -> None:
    service.renew_after = 2
    tree = sealed.tree()
    assert reencrypt(sealed, service) == (
        2,
        "",
        (
            "staging: 3 secrets, 7 keys left, with which the next run goes on\n"
            f"error: environments/staging.yaml:5:16: the controller kube-system/sealed-secrets-controller of SERVER "
            f"seals with {OLD.fingerprint}, but staging pins {NEW.fingerprint}\n"
            "If that is the right cluster, take its certificate first: sealgen cert fetch staging\n"
        ),
    )
    assert sealed.tree() == tree


# --- what fails ---


def test_a_run_that_fails_keeps_what_is_done_and_the_next_goes_on(
    sealed: Project, service: SealingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_FIRST_PAUSE", 0.0)
    monkeypatch.setattr(reencryption, "_BATCH", 1)

    def away(request: Request) -> Answer:
        name = json.loads(request.body)["metadata"]["name"]
        return refusal(502, "bad gateway") if name == "postgres-secrets" else service.rotate(request)

    service.server.answers[f"POST {PROXY}rotate"] = away
    assert reencrypt(sealed, service) == (
        1,
        "",
        (
            f"staging: 1 secret, 4 keys sealed again with {NEW.fingerprint}, 2 secrets, 3 keys left, with which the "
            "next run goes on\n"
            f"error: SERVER answers POST {PROXY}rotate with status 502: bad gateway\n"
        ),
    )
    assert sealed_with(sealed) == {"new": {"backend-secrets"}, "old": {"postgres-secrets", "redis-secrets"}}
    assert sealed.run("plan", "staging").code == 0
    service.server.answers[f"POST {PROXY}rotate"] = service.rotate
    assert reencrypt(sealed, service) == (
        0,
        f"staging: 2 secrets, 3 keys sealed again with {NEW.fingerprint}, 4 keys under the newest key already\n",
        "",
    )
    assert len(opened(sealed, NEW)) == 7


def test_a_run_that_is_interrupted_keeps_what_is_done(
    sealed: Project, service: SealingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reencryption, "_BATCH", 2)
    real = ClusterController.rotate

    def rotate(self: ClusterController, manifest: bytes) -> bytes:
        if b'"redis-secrets"' in manifest:
            raise KeyboardInterrupt
        return real(self, manifest)

    monkeypatch.setattr(ClusterController, "rotate", rotate)
    assert reencrypt(sealed, service) == (130, "", "error: interrupted; nothing was left half done\n")
    assert sealed_with(sealed) == {"new": {"backend-secrets", "postgres-secrets"}, "old": {"redis-secrets"}}
    monkeypatch.undo()
    assert reencrypt(sealed, service).code == 0
    assert len(opened(sealed, NEW)) == 7


def test_a_run_that_was_killed_while_it_wrote_is_finished_by_the_next(
    sealed: Project, service: SealingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reencryption, "_BATCH", 1)
    monkeypatch.setattr(Run, "_put_in_place", killed)
    assert reencrypt(sealed, service).code == 130
    monkeypatch.undo()
    pending = "error: staging: a run was interrupted while it changed files\nFinish it: sealgen seal staging\n"
    assert reencrypt(sealed, service, "--dry-run") == (12, "", pending)
    assert sealed.run("verify", "staging") == (12, "", pending)
    assert reencrypt(sealed, service) == (
        0,
        f"staging: 2 secrets, 3 keys sealed again with {NEW.fingerprint}, 4 keys under the newest key already\n",
        "staging: finished an interrupted run of 2 files\n",
    )
    assert len(opened(sealed, NEW)) == 7


def test_a_secret_that_can_t_be_opened_is_named_with_its_cause_and_the_others_are_done(
    sealed: Project, service: SealingService
) -> None:
    sealed.edit(REDIS, "\n  namespace: aura-staging", "\n  namespace: cache")
    before = sealed.read(REDIS)
    assert reencrypt(sealed, service) == (
        11,
        (
            f"error: {REDIS}:2: cache/redis-secrets (redis-password): moved to another namespace: by "
            "environments/staging.lock it was sealed for the namespace aura-staging, and so the controller opens it "
            "[moved]\n"
            f"staging: 2 secrets, 6 keys sealed again with {NEW.fingerprint}, 1 secret, 1 key not (redis-secrets)\n"
        ),
        "",
    )
    assert sealed.read(REDIS) == before
    assert sealed_with(sealed) == {"new": {"backend-secrets", "postgres-secrets"}, "old": {"redis-secrets"}}
    assert service.calls("rotate") == 3


def test_a_key_that_is_lost(sealed: Project, service: SealingService) -> None:
    service.keys[:] = [NEW]
    tree = sealed.tree()
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.err) == (11, "")
    assert ended.out.splitlines()[2] == (
        f"error: {REDIS}:2: aura-staging/redis-secrets (redis-password): another certificate: by the lock it was "
        f"sealed with {OLD.fingerprint}, and the controller's newest is {NEW.fingerprint} (the pinned one): the "
        "controller is another cluster's, or has lost the older key [other-certificate]"
    )
    assert sealed.tree() == tree
    assert service.calls("cert.pem") == 1


def test_a_certificate_whose_key_the_controller_has_is_not_blamed(sealed: Project, service: SealingService) -> None:
    # As if both had been changed to the same; the last Secret of the lock stays the last.
    sealed.edit(REDIS, "\n  name: redis-secrets", "\n  name: redis")
    sealed.edit(LOCK, '"secret":"redis-secrets"', '"secret":"redis"')
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out.splitlines()[0].rpartition(" ")[2]) == (11, "[unexplained]")


def test_a_ciphertext_that_is_not_what_the_lock_says_is_not_sent(sealed: Project, service: SealingService) -> None:
    value = hybrid.seal(b"by hand", OLD.private_key.public_key(), b"aura-staging/redis-secrets")
    sealed.edit(REDIS, sealed.ciphertexts()["redis-secrets/redis-password"], base64.b64encode(value).decode())
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out.splitlines()[0]) == (
        11,
        f"error: {REDIS}:2: aura-staging/redis-secrets: it is not what the lock says; see 'sealgen plan' [altered]",
    )
    assert service.calls("rotate") == 2


def test_a_manifest_that_is_not_there(sealed: Project, service: SealingService) -> None:
    (sealed.root / REDIS).unlink()
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out.splitlines()[0]) == (
        11,
        (
            f"error: {REDIS}: aura-staging/redis-secrets: missing: the lock has it in this file, which holds no "
            "SealedSecret; restore it from Git [missing]"
        ),
    )


def test_a_manifest_that_can_t_be_read(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "\nmetadata:", "\nmetadata: &x")
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out.splitlines()[0]) == (
        11,
        f"error: {REDIS}:4: can't be read: an anchor (&x); write the value out where it is used [malformed]",
    )


def test_a_layout_that_can_t_be_edited_in_place(sealed: Project, service: SealingService) -> None:
    text = sealed.ciphertexts()["redis-secrets/redis-password"]
    sealed.edit(REDIS, text, f'"{text[:80]}\\\n      {text[80:]}"')
    before = sealed.read(REDIS)
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out.splitlines()[0]) == (
        11,
        (
            f"error: {REDIS}:2: aura-staging/redis-secrets: it can't be edited in place: a ciphertext must "
            "stand on one line [malformed]"
        ),
    )
    assert sealed.read(REDIS) == before


def test_an_answer_that_is_wrong_is_refused(sealed: Project, service: SealingService) -> None:
    def without(request: Request) -> Answer:
        answer = json.loads(service.rotate(request).content)
        answer["spec"]["encryptedData"].pop("redis-password", None)
        return Answer(200, json.dumps(answer).encode())

    service.server.answers[f"POST {PROXY}rotate"] = without
    before = sealed.read(REDIS)
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out.splitlines()[0]) == (
        11,
        (
            f"error: {REDIS}:2: aura-staging/redis-secrets: the controller's answer has the keys (none), and not "
            "redis-password [bad-answer]"
        ),
    )
    assert sealed.read(REDIS) == before
    assert sealed_with(sealed)["old"] == {"redis-secrets"}


def test_a_controller_that_opens_it_but_fails_is_not_blamed_on_the_manifest(
    sealed: Project, service: SealingService
) -> None:
    service.server.answers[f"POST {PROXY}rotate"] = Answer(500)
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out.splitlines()[-2]) == (
        11,
        (
            f"error: {REDIS}:2: aura-staging/redis-secrets: the controller opens it, but: SERVER answers POST "
            f"{PROXY}rotate with status 500 [bad-answer]"
        ),
    )


def test_a_controller_that_says_no_more_than_no(sealed: Project, service: SealingService) -> None:
    service.server.answers[f"POST {PROXY}rotate"] = Answer(409)
    service.server.answers[f"POST {PROXY}verify"] = Answer(404, b"not here", "text/plain")
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out.splitlines()[-2]) == (
        11,
        (
            f"error: {REDIS}:2: aura-staging/redis-secrets: unexplained: staging: the controller does not say what it "
            f"can open: SERVER has no {PROXY}verify (404): not here [unexplained]"
        ),
    )


def test_a_controller_that_seals_nothing_again(sealed: Project, service: SealingService) -> None:
    service.server.answers[f"POST {PROXY}rotate"] = Answer(403, b"disabled", "text/plain")
    tree = sealed.tree()
    assert reencrypt(sealed, service) == (
        12,
        "",
        (
            "staging: 3 secrets, 7 keys left, with which the next run goes on\n"
            f"error: staging: the controller does not seal anything again: the context 'test' may not POST "
            f"{PROXY}rotate (403): disabled\n"
            "Its later releases restrict that, and so may a role. Sealing from the sources needs no controller: "
            "sealgen seal staging --certificate-changed reseal\n"
        ),
    )
    assert sealed.tree() == tree
    document = reencrypt(sealed, service, "--json").document
    assert (document["exit_code"], len(document["results"][0]["left"]), len(document["errors"])) == (12, 7, 1)


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (refusal(401, "Unauthorized"), 12, None),
        (refusal(404, "gone"), 12, None),
        (refusal(429, "slow down"), 1, f"SERVER answers POST {PROXY}rotate with status 429: slow down"),
        (refusal(504, "late"), 1, f"SERVER answers POST {PROXY}rotate with status 504: late"),
        (Answer(200, b"{}", cut=True), 1, "can't reach SERVER: the connection was cut"),
        (Answer(307, b""), 1, f"SERVER answers POST {PROXY}rotate with status 307"),
        (
            Answer(200, b"<html>Please sign in"),
            1,
            f"SERVER answers POST {PROXY}rotate with a web page (status 200), which no API server does",
        ),
        (
            refusal(503, "no endpoints available for service"),
            1,
            "the controller kube-system/sealed-secrets-controller of SERVER is not running",
        ),
    ],
)
def test_a_fault_on_the_way_ends_the_run_and_no_file_is_changed(
    answer: Answer,
    code: int,
    message: str | None,
    sealed: Project,
    service: SealingService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "_FIRST_PAUSE", 0.0)
    service.server.answers[f"POST {PROXY}rotate"] = answer
    tree = sealed.tree()
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out) == (code, "")
    left, error = ended.err.splitlines()[:2]
    assert left == "staging: 3 secrets, 7 keys left, with which the next run goes on"
    assert error == f"error: {message}" or message is None
    assert sealed.tree() == tree


def test_a_file_that_changes_meanwhile_stops_the_run(sealed: Project, service: SealingService) -> None:
    def editing(request: Request) -> Answer:
        sealed.write(POSTGRES, sealed.read(POSTGRES) + b"# edited\n")
        return service.rotate(request)

    service.server.answers[f"POST {PROXY}rotate"] = editing
    before = sealed.read(LOCK)
    ended = reencrypt(sealed, service)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[1:] == [
        f"error: {POSTGRES} changed while sealgen ran; nothing was written",
        "Run it again.",
    ]
    assert sealed.read(LOCK) == before


def test_a_plain_environment_is_refused(sealed: Project) -> None:
    sealed.change(backend={"kind": "plain"}, output=None)
    assert sealed.run("reencrypt", "staging") == (
        2,
        "",
        "error: staging is a plain environment: nothing of it is sealed\nPrint its Secrets: sealgen render staging\n",
    )
