"""Several environments in one run: each by itself, and the worst exit code for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, empty

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with a base, two sealed environments and a plain one."""
    project = empty(tmp_path)
    project.write(
        "environments/base.yaml",
        "values: {token: {generate: uuid}, user: {literal: aura}}\nsecrets: [app]\nvars: {host: db}\n",
    )
    for name in ("staging", "production"):
        project.environment(name, extends="base")
    project.environment("development", extends="base", backend={"kind": "plain"})
    project.template("app", {"token": "{{ values.token }}", "dsn": "{{ values.user }}@{{ vars.host }}"})
    return project


def up_to_date(name: str) -> str:
    return f"{name}: 1 secret, 2 keys, up to date\n"


SKIPPED = "development: skipped, as nothing of a plain environment is sealed\n"


def test_each_is_sealed_in_the_order_of_the_command_line(project: Project) -> None:
    ended = project.run("seal", "staging", "production")
    assert ended.code == 0
    assert [line for line in ended.out.splitlines() if not line.startswith(" ")] == [
        "staging",
        "staging: 1 secret, 2 keys, 2 sealed",
        "production",
        "production: 1 secret, 2 keys, 2 sealed",
    ]
    assert project.run("seal", "production", "staging").out == up_to_date("production") + up_to_date("staging")
    # Each has values of its own.
    assert project.unsealed("staging")["app/token"] != project.unsealed("production")["app/token"]


def test_one_that_is_named_twice_is_run_once(project: Project) -> None:
    project.run("seal", "staging", "-q")
    assert project.run("seal", "staging", "staging") == (0, up_to_date("staging"), "")


def test_all_are_those_that_are_sealed_and_a_plain_one_is_skipped_with_a_note(project: Project) -> None:
    assert project.run("seal", "--all", "-q") == (0, "", "")
    assert project.run("seal", "--all") == (0, up_to_date("production") + up_to_date("staging"), SKIPPED)
    assert project.run("plan", "--all") == (0, up_to_date("production") + up_to_date("staging"), SKIPPED)
    assert sorted(path for path in project.contents() if path.endswith(".lock")) == [
        "environments/production.lock",
        "environments/staging.lock",
    ]


def test_all_may_be_plain(project: Project) -> None:
    for name in ("staging", "production"):
        (project.root / f"environments/{name}.yaml").unlink()
    assert project.run("seal", "--all") == (0, "", SKIPPED)


@pytest.mark.parametrize("command", ["seal", "plan"])
def test_a_plain_environment_by_its_name_is_refused(project: Project, command: str) -> None:
    assert project.run(command, "development") == (
        2,
        "",
        (
            "error: development is a plain environment: nothing of it is sealed\n"
            "Print its Secrets: sealgen render development\n"
        ),
    )


def test_the_base_of_others_is_no_environment_but_is_told_why(project: Project) -> None:
    assert project.run("seal", "base").code == 2
    assert "base" not in project.run("seal", "--all").out


def test_one_that_fails_does_not_hold_back_the_others(project: Project) -> None:
    project.change("production", secrets=["missing"])
    ended = project.run("seal", "production", "staging")
    assert ended.code == 2
    assert ended.err == (
        "error: environments/production.yaml:9:3: there is no template templates/missing.yaml.j2; known are app\n"
    )
    assert ended.out.splitlines()[-1] == "staging: 1 secret, 2 keys, 2 sealed"


def test_one_that_is_blocked_does_not_hold_back_the_others(project: Project) -> None:
    assert project.run("seal", "--all", "-q") == (0, "", "")
    project.edit("templates/app.yaml.j2", "'{{ values.user }}@{{ vars.host }}'", "'{{ values.user }}'")
    project.template("app", {"token": "{{ values.token }} {{ vars.more | default('') }}", "dsn": "{{ vars.host }}"})
    project.change("production", secrets=[{"name": "app", "vars": {"more": ""}}])
    project.write("templates/plain.yaml.j2", "apiVersion: v1\nkind: Secret\nstringData:\n  dsn: '{{ vars.host }}'\n")
    project.change("staging", secrets=[{"name": "app", "template": "plain"}])
    ended = project.run("seal", "production", "staging", "-q")
    assert ended == (
        12,
        "",
        (
            "error: production: not all of it can be sealed here, so nothing was written\n"
            "Make a new version with the run: sealgen seal production --rotate token; "
            "or read back what is live: sealgen seal production --from-cluster\n"
        ),
    )
    assert project.unsealed("staging") == {"app/dsn": b"db"}


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["fine"], 0),
        (["fine", "to-do"], 10),
        (["to-do", "blocked"], 12),
        (["blocked", "failing"], 1),
        (["failing", "wrong"], 2),
        (["wrong", "fine", "to-do", "blocked", "failing"], 2),
    ],
)
def test_the_worst_exit_code_counts(tmp_path: Path, names: list[str], code: int) -> None:
    project = empty(tmp_path / "codes")
    project.template("app", {"token": "{{ values.token }} {{ vars.host }}"})
    for name in ("fine", "to-do", "blocked", "failing", "wrong"):
        project.environment(name, vars={"host": "a"}, values={"token": {"generate": "uuid"}}, secrets=["app"])
        if name != "to-do":
            assert project.run("seal", name).code == 0
    project.change("blocked", vars={"host": "b"})
    project.change("failing", values={"token": {"env": "SMTP_PASSWORD", "min_length": 100}})
    project.change("wrong", secrets=["missing"])
    assert project.run("plan", *names).code == code


def test_a_broken_file_fails_alone_where_all_are_asked_for(project: Project) -> None:
    assert project.run("seal", "--all", "-q") == (0, "", "")
    project.write("environments/other.yaml", "values: [\n")
    assert project.run("seal", "--all") == (
        2,
        up_to_date("production") + up_to_date("staging"),
        SKIPPED + "error: environments/other.yaml:2:1: not YAML: did not find expected node content\n",
    )


def test_environments_may_share_a_folder(project: Project) -> None:
    # One overlay for two namespaces of one cluster, say.
    project.change("staging", output="k8s/shared", secrets=[{"name": "app", "filename": "staging.yaml"}])
    project.change("production", output="k8s/shared", secrets=[{"name": "app", "filename": "production.yaml"}])
    assert project.run("seal", "staging", "production", "-q") == (0, "", "")
    assert project.run("seal", "staging", "production") == (0, up_to_date("staging") + up_to_date("production"), "")
    assert project.read("k8s/shared/kustomization.yaml").decode().splitlines()[3:] == [
        "- staging.yaml",
        "- production.yaml",
    ]


# --- a part of all ---


def test_shards_are_parts_that_make_up_all(project: Project) -> None:
    for name in ("eu", "us", "asia"):
        project.environment(name, extends="base")
    shards = [
        [
            result["environment"]
            for result in project.run("plan", "--all", "--shard", shard, "--json").document["results"]
        ]
        for shard in ("1/3", "2/3", "3/3")
    ]
    # The second one has development too, which is plain.
    assert shards == [["asia", "production"], ["staging"], ["eu", "us"]]


def test_a_shard_with_nothing_in_it_does_nothing(project: Project) -> None:
    assert project.run("seal", "--all", "--shard", "9/9") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--all", "--shard", "0/3"), "--shard 0/3: it is a part and their number, from 1/16 to 16/16"),
        (("--all", "--shard", "4/3"), "--shard 4/3: it is a part and their number, from 1/16 to 16/16"),
        (("--all", "--shard", "x"), "--shard x: it is a part and their number, from 1/16 to 16/16"),
        (("staging", "--shard", "1/3"), "--shard is a part of --all"),
    ],
)
def test_a_shard_that_is_none_is_refused(arguments: tuple[str, ...], message: str, project: Project) -> None:
    ended = project.run("seal", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[0] == f"error: {message}"
