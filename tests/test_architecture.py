"""The house as it is meant to be: which room may know which, what the pure ones must not touch, what loads when."""

from __future__ import annotations

import ast
import graphlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sealgen
from tests.support.project import Project, aura, empty, environ

PACKAGE = Path(sealgen.__file__).parent

# Who may import whom. A new arrow is a decision: it is drawn here first.
ARROWS = {
    "__init__": {"library"},
    "errors": set(),
    "filters": set(),
    "git": {"errors"},
    "processes": set(),
    "regular_file": set(),
    "silence": set(),
    "crypto": {"errors", "processes"},
    "overlay": {"errors", "regular_file"},
    "yaml": {"errors"},
    "private_files": {"errors", "git"},
    "values": {"errors", "private_files", "processes", "regular_file", "yaml"},
    "content": {"errors", "values"},
    "recipe": {"errors", "filters", "values"},
    "template": {"errors", "filters", "recipe", "yaml"},
    "kubernetes": {"content", "crypto", "errors", "filters", "recipe", "template", "values", "yaml"},
    "recovery": {"crypto", "errors", "kubernetes", "values"},
    "kubeseal": {"crypto", "errors", "kubernetes", "recovery", "values", "yaml"},
    "library": {"crypto", "errors", "kubernetes", "recovery", "values"},
    "lock": {"crypto", "errors", "kubernetes", "values"},
    "plan": {"kubernetes", "lock", "values"},
    "rotation": {"errors", "formats", "lock", "recipe", "template", "values"},
    "config": {"crypto", "errors", "kubernetes", "regular_file", "rotation", "template", "values", "yaml"},
    "certificates": {"cluster", "config", "crypto", "errors"},
    "cluster": {"config", "errors", "kubernetes", "silence", "values"},
    "backends": {"config", "content", "crypto", "errors", "filters", "kubernetes", "recipe", "values"},
    "formats": {"errors"},
    "scratch": {"errors"},
    "editor": {"errors"},
    "stores": {"cluster", "errors", "overlay", "regular_file", "silence", "values", "yaml"},
    "review": {"config", "crypto", "errors", "formats", "kubernetes", "lock", "values", "yaml"},
    "reconcile": {
        "backends",
        "certificates",
        "cluster",
        "config",
        "crypto",
        "errors",
        "kubernetes",
        "lock",
        "overlay",
        "plan",
        "private_files",
        "recipe",
        "review",
        "rotation",
        "template",
        "values",
    },
    "execution": {
        "config",
        "errors",
        "overlay",
        "private_files",
        "processes",
        "recipe",
        "reconcile",
        "rotation",
        "template",
        "values",
    },
    "checks": {
        "certificates",
        "config",
        "crypto",
        "errors",
        "formats",
        "git",
        "kubernetes",
        "lock",
        "plan",
        "recipe",
        "reconcile",
        "review",
        "rotation",
        "values",
        "yaml",
    },
    "status": {"certificates", "checks", "cluster", "config", "errors", "formats", "kubernetes", "reconcile"},
    "cli": {
        "__init__",
        "certificates",
        "checks",
        "cluster",
        "config",
        "crypto",
        "editor",
        "errors",
        "execution",
        "formats",
        "git",
        "kubeseal",
        "kubernetes",
        "overlay",
        "plan",
        "private_files",
        "processes",
        "recipe",
        "reconcile",
        "recovery",
        "review",
        "rotation",
        "scratch",
        "status",
        "stores",
        "values",
        "yaml",
    },
    "__main__": {"cli"},
}

# Bytes and frozen data in, data out: no files, no processes, no clock, no network, no command line.
PURE = [
    "errors",
    "filters",
    "crypto",
    "yaml",
    "content",
    "recipe",
    "template",
    "kubernetes",
    "lock",
    "plan",
    "backends",
    "formats",
    "rotation",
    "status",
    "recovery",
    "kubeseal",
]
IMPURE_MODULES = {
    "click",
    "os",
    "pathlib",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "time",
    "urllib.request",
}
# Random bytes; and the processes that seal many values.
ALLOWED = {("crypto/hybrid.py", "os"), ("crypto/crew.py", "os")}

# What costs start-up time, and the commands that must do without.
HEAVY = ("jinja2", "cryptography", "yaml", "bcrypt", "concurrent.futures", "urllib.request", "ssl", "asyncio")
NEVER = ("kubernetes", "boto3", "botocore", "pyrage", "keyring", "google", "azure", "ruamel", "pytest", "hypothesis")
MAY_LOAD = {
    ("--help",): set(),
    ("--version",): set(),
    ("seal", "--help"): set(),
    ("rotate", "--help"): set(),
    ("push", "--help"): set(),
    ("migrate", "--help"): set(),
    ("unseal", "--help"): set(),
    ("values", "--help"): set(),
    ("values", "set", "--help"): set(),
    ("textconv", "k8s/overlays/staging/backend-secrets.yaml"): set(),
    ("kubeseal", "--version"): set(),
    ("kubeseal", "--help"): set(),
    ("schema",): {"yaml"},
    ("plan", "staging"): {"jinja2", "cryptography", "yaml"},
    ("seal", "staging"): {"jinja2", "cryptography", "yaml"},
    ("plan", "staging", "--from-cluster"): {"jinja2", "cryptography", "yaml"},
    ("seal", "staging", "--from-cluster"): {"jinja2", "cryptography", "yaml"},
    ("check", "staging"): {"jinja2", "cryptography", "yaml"},
    ("diff",): {"yaml"},
    ("due",): {"yaml"},
    ("due", "--format", "ics"): {"yaml"},
    ("check", "--all", "--format", "github"): {"jinja2", "cryptography", "yaml"},
    ("check", "--list"): set(),
}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Aura's project after its first run, committed."""
    project = aura(tmp_path_factory.mktemp("project"))
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.git("init", "-q")
    project.git("add", "environments", "k8s", "templates")
    project.git("commit", "-q", "-m", "first")
    return project


def files() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def room(file: Path) -> str:
    """Return the room a module is in: its folder below the package, or itself."""
    return file.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(file: Path) -> set[str]:
    """Return the modules that a file names in its imports, those for types alone too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "sealgen":
                found |= {
                    f"sealgen.{'__init__' if alias.name == '__version__' else alias.name}" for alias in node.names
                }
    return found


def test_every_arrow_between_rooms_is_one_that_is_drawn() -> None:
    drawn: dict[str, set[str]] = {name: set() for name in ARROWS}
    for file in files():
        targets = {module.split(".")[1] for module in imported(file) if module.startswith("sealgen.")}
        drawn[room(file)] |= targets - {room(file)}
    assert drawn == ARROWS


def test_the_arrows_go_one_way() -> None:
    graphlib.TopologicalSorter(ARROWS).prepare()  # raises for a circle


def test_no_module_of_a_room_is_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for file in files():
        name = ".".join(("sealgen", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        graph[name] = {module for module in imported(file) if module.startswith("sealgen.")}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("name", PURE)
def test_a_pure_room_touches_nothing_outside(name: str) -> None:
    for file in files():
        if room(file) == name:
            place = file.relative_to(PACKAGE).as_posix()
            found = {module for module in imported(file) if module in IMPURE_MODULES and (place, module) not in ALLOWED}
            assert not found, place


def modules_loaded(project: Project, *arguments: str) -> set[str]:
    """Return the modules that a run of the command line has loaded at its end."""
    script = (
        "import json, sys\n"
        "sys.argv[0] = 'sealgen'\n"
        "from sealgen.cli.main import main\n"
        "try:\n    main()\n"
        "finally:\n    print(json.dumps(list(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, *arguments],
        cwd=project.root,
        env=environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(("arguments", "may_load"), MAY_LOAD.items(), ids=map(" ".join, MAY_LOAD))
def test_a_fast_command_loads_no_heavy_module(arguments: tuple[str, ...], may_load: set[str], sealed: Project) -> None:
    loaded = modules_loaded(sealed, *arguments)
    assert {name for name in HEAVY if name in loaded} <= may_load
    assert not loaded & set(NEVER)


@pytest.mark.parametrize("command", ["seal", "plan"])
def test_where_nothing_changed_and_no_value_is_read_no_heavy_module_is_loaded(command: str, tmp_path: Path) -> None:
    project = empty(tmp_path)
    project.environment(
        values={"user": {"literal": "aura"}, "password": {"generate": "hex", "bytes": 24}}, secrets=["app"]
    )
    project.template("app", {"user": "{{ values.user }}", "password": "{{ values.password }}"})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert not modules_loaded(project, command, "staging") & {*HEAVY, *NEVER}


def test_a_first_run_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    project = empty(tmp_path)
    project.environment(
        values={"user": {"literal": "aura"}, "password": {"generate": "hex", "bytes": 24}}, secrets=["app"]
    )
    project.template("app", {"user": "{{ values.user }}", "password": "{{ values.password }}"})
    loaded = modules_loaded(project, "seal", "staging")
    unused = {"sealgen.cluster", "sealgen.reconcile.read_back", "jinja2", "difflib", "traceback"}
    assert loaded & unused == set()


def test_where_all_templates_only_print_jinja2_is_not_loaded(tmp_path: Path) -> None:
    project = empty(tmp_path)
    project.environment(values={"password": {"generate": "hex", "bytes": 24}}, secrets=["app"])
    project.template("app", {"password": "{{ values.password | urlquote }}", "name": "{{ secret.name }}"})
    assert "jinja2" not in modules_loaded(project, "seal", "staging")


def test_the_steps_of_rotations_that_are_shipped_are_read_without_jinja2(tmp_path: Path) -> None:
    project = empty(tmp_path)
    project.write("environments/base.yaml", (Path(__file__).parents[1] / "environments/base.yaml").read_bytes())
    project.environment(extends="base", secrets=["app"])
    project.template("app", {"password": "{{ values.postgres_password }}"})
    assert "jinja2" not in modules_loaded(project, "seal", "staging")
