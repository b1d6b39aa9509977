"""A project is found from any folder in it, and gives its files and nothing beyond."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sealgen.config.files import WorkTree
from sealgen.config.project import Project, find
from sealgen.errors import ConfigurationError, SealgenError

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = "backend: {kind: plain}\nsecrets: []\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for folder in ("environments", "templates"):
        (tmp_path / folder).mkdir()
    return Project(WorkTree(tmp_path))


def refusal(kind: type[SealgenError], call: object, *arguments: object) -> str:
    """Return the whole message with which the call fails."""
    assert callable(call)
    with pytest.raises(SealgenError) as caught:
        call(*arguments)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is None
    return str(caught.value)


def write(project: Project, **files: str) -> None:
    """Write environments by their names."""
    for name, text in files.items():
        (project.root / "environments" / f"{name}.yaml").write_text(text, "utf-8")


# Where it is.


def test_a_project_is_found_from_its_root_and_from_any_folder_below(project: Project) -> None:
    deep = project.root / "k8s" / "overlays" / "staging"
    deep.mkdir(parents=True)
    for start in (project.root, project.root / "environments", deep):
        assert find(start).root == project.root


def test_the_nearest_project_is_found(project: Project) -> None:
    inner = project.root / "vendor" / "other"
    (inner / "environments").mkdir(parents=True)
    (inner / "templates").mkdir()
    assert find(inner / "templates").root == inner
    assert find(inner.parent).root == project.root


def test_a_folder_with_one_of_the_two_is_no_project(project: Project) -> None:
    (project.root / "part" / "environments").mkdir(parents=True)
    (project.root / "part" / "templates").write_text("a file")
    assert find(project.root / "part").root == project.root


def test_a_project_is_found_through_links_and_relative_paths(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(project.root / "environments")
    assert find(link).root == project.root
    monkeypatch.chdir(project.root / "templates")
    assert find(link.__class__()).root == project.root


def test_no_project_is_told_with_what_was_looked_for(tmp_path: Path) -> None:
    assert refusal(ConfigurationError, find, tmp_path) == (
        f"no project here: neither {tmp_path} nor a folder above it holds environments/ and templates/\n"
        "Go there, or name it: sealgen -C FOLDER …"
    )


# Its files.


def test_a_file_is_read_as_it_is(project: Project) -> None:
    (project.root / "x").write_bytes(b"\xff\r\n\0")
    assert project.read("x") == b"\xff\r\n\0"


@pytest.mark.parametrize("path", ["nothing", "nothing/below", "file/below"])
def test_a_file_that_is_not_there_is_none(project: Project, path: str) -> None:
    (project.root / "file").touch()
    assert project.read(path) is None


def test_a_folder_in_a_files_place_is_refused(project: Project) -> None:
    assert refusal(SealgenError, project.read, "environments") == "environments is not a regular file"


@pytest.mark.parametrize("path", ["environments/pipe.yaml", "environments/zero.yaml"])
def test_what_has_no_end_is_refused_at_once(project: Project, path: str) -> None:
    os.mkfifo(project.root / "environments/pipe.yaml")
    (project.root / "environments/zero.yaml").symlink_to("/dev/zero")
    assert refusal(SealgenError, project.read, path) == f"{path} is not a regular file"
    assert project.environments() == ["pipe", "zero"]  # each fails alone, when it is asked for


def test_a_file_of_64_mib_is_the_largest(project: Project) -> None:
    (project.root / "x").touch()
    os.truncate(project.root / "x", 64 * 1024**2)
    assert project.read("x") == bytes(64 * 1024**2)
    os.truncate(project.root / "x", 64 * 1024**2 + 1)
    assert refusal(SealgenError, project.read, "x") == "x is larger than 64 MiB, the most that is read"


def test_a_circle_of_links_is_refused(project: Project) -> None:
    (project.root / "a").symlink_to("a")
    assert refusal(SealgenError, project.read, "a") == "can't read a: Too many levels of symbolic links"


def test_a_name_that_is_too_long_is_refused(project: Project) -> None:
    assert refusal(SealgenError, project.read, "a" * 300) == f"can't read {'a' * 254}…: File name too long"


# Its environments.


def test_an_environment_is_loaded_with_its_base(project: Project) -> None:
    write(project, base=PLAIN + "vars: {a: 1}", staging="extends: base\nnamespace: aura")
    environment = project.environment("staging")
    assert (environment.name, environment.namespace, environment.vars) == ("staging", "aura", {"a": 1})


def test_an_unknown_environment_is_refused_with_the_nearest(project: Project) -> None:
    write(project, staging="", production="")
    assert refusal(ConfigurationError, project.environment, "stagin") == (
        "there is no environment 'stagin' (environments/stagin.yaml); did you mean 'staging'?"
    )
    assert refusal(ConfigurationError, project.environment, "x") == (
        "there is no environment 'x' (environments/x.yaml); known are production, staging"
    )
    assert refusal(ConfigurationError, project.environment, "../environments/staging") == (
        "there is no environment '../environments/staging' (environments/../environments/staging.yaml); "
        "known are production, staging"
    )


def test_an_error_names_the_file_from_the_root(project: Project) -> None:
    write(project, base=PLAIN + "vars: [1]", staging="extends: base\nnamespace: aura")
    assert refusal(ConfigurationError, project.environment, "staging") == (
        "environments/base.yaml:3:7: vars must be a mapping"
    )


def test_all_environments_are_those_that_are_not_only_extended(project: Project) -> None:
    write(
        project,
        base=PLAIN,  # no namespace, and extended
        cloud="extends: base\noutput: k8s",  # the same, in between
        staging="extends: cloud\nnamespace: aura",
        production="extends: staging",  # staging is extended, and an environment nevertheless
        forgotten="extends: base",  # no namespace, but nobody extends it
        alone=PLAIN,
    )
    (project.root / "environments" / "staging.lock").touch()
    (project.root / "environments" / "old.yml").touch()
    assert project.environments() == ["alone", "forgotten", "production", "staging"]
    assert refusal(ConfigurationError, project.environment, "forgotten") == (
        "environments/forgotten.yaml:1:1: namespace is missing; write namespace: aura-staging"
    )


def test_a_base_whose_namespace_is_inherited_is_an_environment(project: Project) -> None:
    write(project, root=PLAIN + "namespace: aura", base="extends: root", staging="extends: base")
    assert project.environments() == ["base", "root", "staging"]


def test_what_editors_leave_behind_is_no_environment(project: Project) -> None:
    write(project, staging=PLAIN)
    for name in (".staging.yaml", "._staging.yaml"):
        (project.root / "environments" / name).write_bytes(b"\0")
    (project.root / "environments" / ".#staging.yaml").symlink_to("somebody@somewhere.1234")
    assert project.environments() == ["staging"]


def test_a_broken_file_counts_as_an_environment_and_fails_alone(project: Project) -> None:
    write(project, staging="extends: bas", base=PLAIN)
    assert project.environments() == ["base", "staging"]
    assert refusal(ConfigurationError, project.environment, "staging") == (
        "environments/staging.yaml:1:10: there is no environments/bas.yaml"
    )


def test_a_file_whose_name_can_not_be_an_environments_is_refused(project: Project) -> None:
    write(project, **{"My Cluster": PLAIN})
    message = (
        "environments/My Cluster.yaml can't be an environment: a name has lower-case letters, digits, '-', '_' and '.'"
    )
    assert project.environments() == ["My Cluster"]
    assert refusal(ConfigurationError, project.environment, "My Cluster") == message


def test_a_folder_in_an_environments_place_is_refused(project: Project) -> None:
    (project.root / "environments" / "x.yaml").mkdir()
    assert refusal(SealgenError, project.environment, "x") == "environments/x.yaml is not a regular file"


# Its templates.


def test_a_template_is_read_as_text_with_lf(project: Project) -> None:
    (project.root / "templates" / "a").write_bytes(b"\xef\xbb\xbf\xc3\xa4\r\nb\rc\n")
    assert project.template("a") == "ä\nb\rc\n"


def test_a_template_may_stand_in_a_folder(project: Project) -> None:
    (project.root / "templates" / "shared").mkdir()
    (project.root / "templates" / "shared" / "a").write_text("x")
    assert project.template("shared/a") == "x"
    assert project.template("./shared//a") == "x"


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "",
        ".",
        "..",
        "../secret",
        "shared/../../secret",
        "shared/../a",
        "/etc/passwd",
        "a\0b",
        "\ud800",
        "\\..\\x",
    ],
)
def test_what_is_not_below_templates_is_not_there(project: Project, name: str) -> None:
    (project.root / "templates" / "shared").mkdir()
    (project.root / "templates" / "a").touch()
    (project.root / "secret").write_text("s3cr3t")
    assert project.template(name) is None


def test_a_link_within_templates_is_followed(project: Project) -> None:
    (project.root / "templates" / "a").write_text("x")
    (project.root / "templates" / "b").symlink_to("a")
    assert project.template("b") == "x"


def test_templates_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_text("x")
    (tmp_path / "templates").symlink_to("elsewhere")
    assert Project(WorkTree(tmp_path)).template("a") == "x"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "../environments/../secret", "../nothing"])
def test_a_link_that_leads_out_of_templates_is_refused(project: Project, target: str) -> None:
    (project.root / "secret").write_text("s3cr3t")
    (project.root / "templates" / "a").symlink_to(target)
    assert refusal(ConfigurationError, project.template, "a") == ("templates/a is a link that leads out of templates/")


def test_a_folder_that_is_a_link_out_of_templates_is_refused(project: Project) -> None:
    (project.root / "templates_of_others").mkdir()
    (project.root / "templates_of_others" / "a").write_text("s3cr3t")
    (project.root / "templates" / "shared").symlink_to("../templates_of_others")
    assert refusal(ConfigurationError, project.template, "shared/a") == (
        "templates/shared/a is a link that leads out of templates/"
    )


def test_a_template_that_is_a_circle_of_links_is_refused(project: Project) -> None:
    (project.root / "templates" / "a").symlink_to("b")
    (project.root / "templates" / "b").symlink_to("a")
    assert refusal(SealgenError, project.template, "a") == ("can't read templates/a: Too many levels of symbolic links")


def test_a_template_that_is_a_folder_is_refused(project: Project) -> None:
    (project.root / "templates" / "a").mkdir()
    assert refusal(SealgenError, project.template, "a") == "templates/a is not a regular file"


def test_a_template_that_is_not_utf_8_is_refused(project: Project) -> None:
    (project.root / "templates" / "a").write_bytes(b"\xff")
    assert refusal(ConfigurationError, project.template, "a") == "templates/a is not UTF-8 text"


def test_templates_are_listed_by_their_names(project: Project) -> None:
    (project.root / "templates" / "shared").mkdir()
    for name in ("b.yaml.j2", "a.yaml.j2", "shared/c.yaml.j2", "macros.j2", "README.md"):
        (project.root / "templates" / name).touch()
    assert project.templates() == ["a", "b", "shared/c"]


def test_finding_a_project_and_its_environments_needs_no_jinja2() -> None:
    code = (
        "import sys, sealgen.config.project\n"
        "print([name for name in ('jinja2', 'cryptography', 'ruamel', 'bcrypt') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
