"""Whatever is changed, by whom and in which order: after a run the overlay is what the files say, and stays so.

People change what they write and what sealgen wrote, take older states of all or of a part from Git, bring another
certificate, and runs are killed. What a run remembers of an earlier one is never taken away.
"""

from __future__ import annotations

import base64
import copy
import itertools
import os
import re
import shutil
import signal
import tempfile
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sealgen.crypto import hybrid
from sealgen.kubernetes import sealed_secret
from tests.support.project import Project, controller, empty

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Contents, Ended

SECRETS = ["alpha", "beta", "gamma"]
KEYS = ["A", "B", "C", "D"]
GENERATED = ["one", "two", "three"]
WRITTEN = "right"
"""A value that stands in the environment file."""
READ = "left"
"""A value that comes from the environment of a run. Where a key is made of it, nothing is remembered."""
CONTROLLERS = ["first", "second", "third"]
OVERLAY = "k8s/overlays/staging"
LOCK = "environments/staging.lock"
CERTIFICATE = "environments/certificates/controller.pem"
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

CHANGING = ("open", "write", "pwrite", "fsync", "fchmod", "ftruncate", "mkdir", "rename", "unlink", "rmdir")
"""Operations on files that a run may be killed before."""
MOVING = ("rename", "unlink", "rmdir")

secrets = st.sampled_from(SECRETS)
keys = st.sampled_from(KEYS)
values = st.lists(st.sampled_from([*GENERATED * 2, WRITTEN, WRITTEN, READ]), min_size=1, max_size=2, unique=True)
recent = st.integers(0, 5)


@dataclass
class Inputs:
    """What people write: the environment file, the one that it extends, its certificate, and the templates."""

    entries: dict[str, dict[str, str]] = field(default_factory=dict)
    recipes: dict[str, dict[str, list[str]]] = field(
        default_factory=lambda: {
            "alpha": {"A": ["one", WRITTEN]},
            "beta": {"A": ["one"], "D": ["two"]},
            "gamma": {"A": [READ]},
        }
    )
    headers: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SECRETS, ""))
    text: str = "0"
    host: int = 0
    controller: str = CONTROLLERS[0]

    def filenames(self) -> dict[str, str]:
        """Return where the environment file wants each Secret's manifest."""
        return {name: entry.get("filename", f"{name}.yaml") for name, entry in self.entries.items()}

    def uses(self, value: str) -> bool:
        """Tell whether some key is made of a value."""
        return any(value in made_of for secret in self.entries for made_of in self.recipes[secret].values())


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a flush be a wish: a killed process forgets no write."""
    monkeypatch.setattr(os, "fsync", os.fstat)


class Overlay(RuleBasedStateMachine):
    """An environment whose files people change, and the runs that follow."""

    def __init__(self) -> None:
        super().__init__()
        self.project: Project = empty(Path(tempfile.mkdtemp()))
        self.inputs = Inputs()
        self.read = "0"
        self.commits: list[tuple[str, Inputs]] = []
        self.before_kill: Contents = {}
        self.after_kill: Contents = {}
        self.project.write(f"{OVERLAY}/theirs.yml", "kind: ConfigMap\n")
        self.project.git("init", "--quiet", "--template=")
        self.project.git("config", "core.fsync", "none")

    @initialize(names=st.sampled_from([SECRETS[:1], SECRETS[:2], SECRETS]))
    def begin(self, names: list[str]) -> None:
        """Some Secrets are sealed for the first time."""
        self.inputs.entries = {name: {} for name in names}
        self.write()
        assert self.run("seal", "staging", "--quiet") == (0, "", "")
        self.commit()

    def teardown(self) -> None:
        """Run once more, and remove the project."""
        self.seal()
        shutil.rmtree(self.project.root)

    def write(self) -> None:
        """Write all inputs."""
        inputs = self.inputs
        self.project = replace(self.project, controller=controller(inputs.controller))
        self.project.write(CERTIFICATE, self.project.controller.certificate)
        self.write_base()
        self.project.environment(
            extends="base",
            values={name: {"generate": "uuid"} for name in GENERATED}
            | {WRITTEN: {"literal": inputs.text}, READ: {"env": READ.upper()}},
            secrets=[{"name": name, **fields} for name, fields in inputs.entries.items()],
        )
        for name, recipes in inputs.recipes.items():
            texts = {key: self.recipe(key, made_of) for key, made_of in recipes.items()}
            self.project.template(name, texts, inputs.headers[name])

    def write_base(self) -> None:
        """Write the file that the environment extends."""
        self.project.write("environments/base.yaml", f"vars: {{host: {self.inputs.host}}}\n")

    def recipe(self, key: str, made_of: list[str]) -> str:
        """Return the text of a key in the template; the host is part of some."""
        host = "{{ vars.host }}" if key == "D" else ""
        return f"{key}{host}" + "".join(f"<{name}={{{{ values.{name} }}}}>" for name in made_of)

    def run(self, *arguments: str) -> Ended:
        """Run the command line with the value that is read."""
        ended = self.project.run(*arguments, env={READ.upper(): self.read})
        assert "internal error" not in ended.err
        return ended

    # --- what people change ---

    @rule(name=secrets)
    def add_or_remove_secret(self, name: str) -> None:
        """A Secret comes or goes."""
        if name in self.inputs.entries:
            del self.inputs.entries[name]
        elif f"{name}.yaml" not in self.inputs.filenames().values():
            self.inputs.entries[name] = {}

    @rule(
        name=secrets,
        fields=st.fixed_dictionaries(
            {},
            optional={
                "scope": st.sampled_from(["strict", "namespace-wide", "cluster-wide"]),
                "namespace": st.sampled_from(["here", "there"]),
                "filename": st.sampled_from(["alpha.yaml", "beta.yaml", "other.yaml"]),
                "type": st.just("example.com/own"),
            },
        ),
    )
    def change_secret(self, name: str, fields: dict[str, str]) -> None:
        """A Secret gets other fields."""
        taken = {filename for other, filename in self.inputs.filenames().items() if other != name}
        if name in self.inputs.entries and fields.get("filename", f"{name}.yaml") not in taken:
            self.inputs.entries[name] = fields

    @rule(one=secrets, other=secrets)
    def swap_files(self, one: str, other: str) -> None:
        """Two Secrets exchange the names of their files."""
        filenames = self.inputs.filenames()
        if {one, other} <= filenames.keys():
            for name, filename in ((one, filenames[other]), (other, filenames[one])):
                self.inputs.entries[name] = {**self.inputs.entries[name], "filename": filename}

    @rule(name=secrets, header=st.sampled_from(["", "immutable: true", "metadata:\n  labels: {a: b}"]))
    def change_metadata(self, name: str, header: str) -> None:
        """A template gets other metadata."""
        self.inputs.headers[name] = header

    @rule(name=secrets, key=keys, made_of=values)
    def change_key(self, name: str, key: str, made_of: list[str]) -> None:
        """A key comes, or is made of something else."""
        self.inputs.recipes[name][key] = made_of

    @rule(name=secrets, key=keys)
    def remove_key(self, name: str, key: str) -> None:
        """A key goes, unless it is the last."""
        if len(self.inputs.recipes[name]) > 1:
            self.inputs.recipes[name].pop(key, None)

    @rule()
    def change_read_value(self) -> None:
        """A source gives something else, which no file tells."""
        self.read = str(int(self.read) + 1)
        self.plan()

    @rule(text=st.sampled_from("012"))
    def change_written_value(self, text: str) -> None:
        """A value is written that is another, or that was there before."""
        self.inputs.text = text

    @rule()
    def change_variable(self) -> None:
        """A variable that some recipes hold changes."""
        self.inputs.host += 1
        self.write_base()
        self.plan()

    @rule(name=st.sampled_from(CONTROLLERS))
    def change_certificate(self, name: str) -> None:
        """The controller has a new key; its certificate comes, and the pin."""
        self.inputs.controller = name

    # --- what people do to the overlay ---

    def manifests(self) -> list[Path]:
        """Return the manifests that are there."""
        folder = self.project.root / OVERLAY
        return sorted(path for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")

    def one_of_them(self, number: int) -> list[Path]:
        """Return one of the manifests, if there are any."""
        manifests = self.manifests()
        return [manifests[number % len(manifests)]] if manifests else []

    @rule(number=recent)
    def remove_manifest(self, number: int) -> None:
        """A manifest is removed."""
        for path in self.one_of_them(number):
            path.unlink()

    @rule(number=recent)
    def alter_ciphertext(self, number: int) -> None:
        """The first ciphertext of a manifest is replaced by something else, perhaps under a key of nobody's."""
        for path in self.one_of_them(number):
            path.write_text(re.sub(r"(?m)^    ([A-Z]): .*$", r"    \1: bm90IG9uZQ==", path.read_text(), count=1))

    @rule(number=recent)
    def edit_metadata(self, number: int) -> None:
        """A manifest gets a comment, and a key that nobody asked for."""
        for path in self.one_of_them(number):
            text = path.read_text()
            if "    Z: " not in text:
                added = "  encryptedData:\n    Z: bm90IG9uZQ==\n"
                path.write_text("# by hand\n" + text.replace("  encryptedData:\n", added))

    @rule()
    def empty_kustomization(self) -> None:
        """All entries go from the kustomization, and a foreign one comes."""
        self.project.write(f"{OVERLAY}/kustomization.yaml", "# theirs\nresources:\n- theirs.yml # keep\n")

    # --- what Git brings back ---

    def commit(self) -> None:
        """Commit everything."""
        self.project.git("add", "--all")
        self.project.git("commit", "--quiet", "--allow-empty", "--message=x")
        commit = self.project.git("rev-parse", "HEAD").strip()
        self.commits.append((commit, copy.deepcopy(self.inputs)))

    def older(self, age: int) -> tuple[str, Inputs]:
        """Return a commit and its inputs."""
        commit, inputs = self.commits[-1 - age % len(self.commits)]
        return commit, copy.deepcopy(inputs)

    @rule(age=recent, how=st.sampled_from([("reset", "--hard", ""), ("checkout", "", "--", ".")]))
    def take_all_back(self, age: int, how: tuple[str, ...]) -> None:
        """All is as it was at an older commit; what was not there then may stay."""
        self.write()
        commit, self.inputs = self.older(age)
        self.project.git(how[0], "--quiet", *(word or commit for word in how[1:]))

    @rule(
        age=recent,
        path=st.sampled_from(["k8s", LOCK]),
        how=st.sampled_from(
            [("checkout", ""), ("restore", "--source", ""), ("restore", "--staged", "--worktree", "--source", "")]
        ),
    )
    def take_a_part_back(self, age: int, path: str, how: tuple[str, ...]) -> None:
        """The overlay or the lock is as it was at an older commit, and the other one is not."""
        commit, _ = self.older(age)
        self.project.git(how[0], "--quiet", *(word or commit for word in how[1:]), "--", path)
        self.plan()

    # --- runs that do not end ---

    def left_behind(self) -> bool:
        """Tell whether there is what a killed run has left."""
        return any((self.project.root / ".sealgen" / f"staging.{what}").exists() for what in ("journal", "staging"))

    @rule(
        names=st.sampled_from([CHANGING, MOVING]),
        place=st.integers(0, 50),
        arguments=st.sampled_from([(), ("--rotate", "one")]),
        at_once=st.booleans(),
    )
    def kill(self, names: tuple[str, ...], place: int, arguments: tuple[str, ...], at_once: bool) -> None:
        """A run is killed; those that only look change nothing, and the next one may come later."""
        self.write()
        rested = not self.left_behind()
        before = self.project.contents()
        killed_at(names, place if names == CHANGING else place % 10, lambda: self.run("seal", "staging", *arguments))
        self.after_kill = self.project.contents()
        if rested:
            self.before_kill = before
        as_left = everything(self.project.root)
        self.run("plan", "staging")
        self.run("check", "staging")
        assert everything(self.project.root) == as_left
        if at_once:
            self.recover()
            if rested and self.project.contents() != before:
                # All of the run is there.
                assert self.plan().code == 0
                self.check_overlay()
                self.commit()

    def recover(self) -> None:
        """Have a run deal with what was left, and do nothing else; what people changed since is theirs."""
        if not self.left_behind():
            return
        theirs = {
            path: content
            for path, content in self.project.contents().items()
            if content not in (self.before_kill.get(path), self.after_kill.get(path))
        }
        recovered = self.run("seal", "staging", "--only", "nobody")
        if recovered.code == 1:
            assert re.fullmatch(
                r"error: \S+ was changed after a run was interrupted that has other files in place\n"
                r"Bring the files to where you want them, then remove \.sealgen/staging\.journal and run again\.\n",
                recovered.err,
            )
            (self.project.root / ".sealgen/staging.journal").unlink()
            recovered = self.run("seal", "staging", "--only", "nobody")
        assert recovered.code == 2
        assert not self.left_behind()
        assert theirs.items() <= self.project.contents().items()

    # --- what sealgen makes of it ---

    @rule(name=st.sampled_from(GENERATED))
    def rotate(self, name: str) -> None:
        """A value is rotated, where a key uses it."""
        self.write()
        self.recover()
        before = self.project.tree()
        planned = self.plan("--rotate", name)
        if planned.code == 10:
            counter = self.project.counter(name) if name in self.project.lock() else 0
            self.carry_out("--rotate", name)
            assert self.project.counter(name) == counter + 1
        else:
            assert planned.code == (12 if self.inputs.uses(name) and self.plan().code != 2 else 2)
            assert self.run("seal", "staging", "--rotate", name).code == planned.code
            assert self.project.tree() == before

    @rule(name=secrets, key=st.one_of(st.none(), keys))
    def seal_a_part(self, name: str, key: str | None) -> None:
        """Only a part is sealed, or refused."""
        self.write()
        self.recover()
        before = self.project.tree()
        ended = self.run("seal", "staging", "--only", f"{name}/{key}" if key else name)
        assert ended.code in (0, 2, 12)
        if ended.code:
            assert self.project.tree() == before
        else:
            self.commit()

    @rule(name=st.sampled_from(CONTROLLERS))
    def seal_for_another_pin(self, name: str) -> None:
        """A certificate that is not the pinned one is refused, even where nothing is to be sealed."""
        self.write()
        self.recover()
        if name != self.inputs.controller:
            self.project.write(CERTIFICATE, controller(name).certificate)
            before = self.project.tree()
            assert self.plan().code == 2
            assert self.run("seal", "staging").code == 2
            assert self.project.tree() == before

    @rule()
    def seal(self) -> None:
        """The plan tells what the run does; after it the overlay is right, and the next run has nothing to do."""
        self.write()
        self.recover()
        for _ in range(len(SECRETS) + 2):
            planned = self.plan()
            if planned.code != 2:
                break
            self.take_the_way_out(planned.document["errors"][0]["message"])
        assert planned.code in (0, 10, 12), planned.out
        arguments: list[str] = []
        if planned.code == 12:
            before = self.project.tree()
            stuck = self.run("seal", "staging")
            assert stuck.code == 12
            assert self.project.tree() == before
            arguments = [word for way in re.findall(r"--rotate \w+", stuck.err) for word in way.split()]
        self.carry_out(*arguments)

    @rule()
    def seal_again(self) -> None:
        """What people do is sealed twice as often as anything is done."""
        self.seal()

    def plan(self, *arguments: str) -> Ended:
        """Plan, and prove that a plan by what is remembered, if anything is, comes to the same."""
        planned = self.run("plan", "staging", "--json", *arguments)
        quick = self.run("plan", "staging", *arguments)
        assert quick.code == planned.code, quick.out
        if planned.code == 0:
            sizes = planned.document["results"][0]
            assert re.fullmatch(
                rf"staging: {sizes['secrets']} secrets?, {sizes['keys']} keys?, up to date\n", quick.out
            )
        return planned

    def take_the_way_out(self, problem: str) -> None:
        """Do what a refusal says, which is right about what there is."""
        foreign = re.fullmatch(rf"{OVERLAY}/(\S+) is there, but sealgen did not write it", problem)
        if foreign:
            assert foreign[1] in self.in_the_way()
            (self.project.root / OVERLAY / foreign[1]).unlink()
            return
        mistaken = re.fullmatch(
            rf"{OVERLAY}/(\S+) is the SealedSecret '(\w+)', but the lock says '(\w+)'; restore one of them from Git",
            problem,
        )
        assert mistaken, problem
        assert self.locked_filenames()[mistaken[3]] == mistaken[1]
        assert f"name: {mistaken[2]}\n".encode() in self.project.read(f"{OVERLAY}/{mistaken[1]}")
        self.project.git("checkout", "--quiet", "HEAD", "--", "k8s", LOCK)

    def carry_out(self, *arguments: str) -> None:
        """Seal as planned: a key that stays keeps its ciphertext and its certificate, and other files are let be."""
        planned = self.plan(*arguments)
        assert not self.in_the_way()
        assert all(name == sealed.name for name, sealed in self.sealed_secrets().items())
        before, certificates = self.ciphertexts(), self.certificates()
        known = {*self.inputs.filenames().values(), *self.locked_filenames().values()}
        foreign = {path: path.read_bytes() for path in self.manifests() if path.name not in known}

        sealed = self.run("seal", "staging", "--json", *arguments)
        assert (sealed.code, planned.code) in ((0, 0), (0, 10)), sealed.out
        steps = sealed.document["results"][0]["steps"]
        assert steps == planned.document["results"][0]["steps"]
        after, present = self.ciphertexts(), self.certificates()
        for step in steps:
            place = f"{step['secret']}/{step['key']}"
            if step["action"] == "keep":
                assert (after[place], present[place]) == (before[place], certificates[place])
            elif step["action"] == "seal":
                assert after[place] != before.get(place)
                assert present[place] == self.project.controller.fingerprint
        wanted = {self.project.root / OVERLAY / filename for filename in self.inputs.filenames().values()}
        assert {path: path.read_bytes() for path in self.manifests() if path not in wanted} == foreign

        self.check_overlay()
        self.commit()
        tree = self.project.tree()
        assert self.run("seal", "staging").out.endswith("up to date\n")
        assert self.plan().code == 0
        assert self.run("check", "staging").code == 0
        assert self.project.tree() == tree

    # --- what is right ---

    def locked(self) -> dict[str, Any]:
        """Return the lock's lines of keys, by ``SECRET/KEY``."""
        return {place: line for place, line in self.project.lock().items() if "secret" in line}

    def locked_filenames(self) -> dict[str, str]:
        """Return where the lock has each Secret's manifest."""
        return {line["secret"]: line["file"] for line in self.locked().values()}

    def certificates(self) -> dict[str, str]:
        """Return the fingerprint of the certificate that the lock says a key is sealed with."""
        return {place: line["certificate"] for place, line in self.locked().items()}

    def in_the_way(self) -> set[str]:
        """Return the files that the environment wants to be a Secret's, and that the lock does not know."""
        there = {path.name for path in self.manifests()}
        return there & {*self.inputs.filenames().values()} - {*self.locked_filenames().values()}

    def sealed_secrets(self) -> dict[str, sealed_secret.SealedSecret]:
        """Return the manifests that are there, by the Secret that the lock says."""
        files = {name: self.project.root / OVERLAY / filename for name, filename in self.locked_filenames().items()}
        return {name: sealed_secret.read(file.read_bytes(), file.name) for name, file in files.items() if file.exists()}

    def ciphertexts(self) -> dict[str, str]:
        """Return their ciphertexts by ``SECRET/KEY``."""
        return {
            f"{name}/{key}": text
            for name, sealed in self.sealed_secrets().items()
            for key, text in sealed.encrypted_data.items()
        }

    def opened(self) -> dict[str, str]:
        """Return their plaintexts, each opened with the key of the certificate that the lock names, and no other."""
        private_keys = {controller(name).fingerprint: controller(name).private_key for name in CONTROLLERS}
        certificates = self.certificates()
        opened = {}
        for name, sealed in self.sealed_secrets().items():
            label = sealed.scope.label(sealed.namespace, sealed.name)
            for key, text in sealed.encrypted_data.items():
                ciphertext, private_key = (
                    base64.b64decode(text, validate=True),
                    private_keys[certificates[f"{name}/{key}"]],
                )
                opened[f"{name}/{key}"] = hybrid.unseal(ciphertext, [private_key], label).decode()
        return opened

    def check_overlay(self) -> None:
        """Prove that the overlay has what the inputs say, and one version of each value."""
        inputs, opened = self.inputs, self.opened()
        assert self.locked_filenames() == inputs.filenames()
        assert sorted(opened) == sorted(f"{name}/{key}" for name in inputs.entries for key in inputs.recipes[name])
        made: dict[str, set[str]] = {}
        for name in inputs.entries:
            for key, made_of in inputs.recipes[name].items():
                text = opened[f"{name}/{key}"]
                found: dict[str, str] = dict(re.findall(r"<(\w+)=([^>]*)>", text))
                assert list(found) == made_of
                assert text.partition("<")[0] == (f"D{inputs.host}" if key == "D" else key)
                for value, given in found.items():
                    made.setdefault(value, set()).add(given)
        told = {READ: self.read, WRITTEN: inputs.text}
        for value, versions in made.items():
            (one,) = versions
            assert one == told[value] if value in told else re.fullmatch(UUID, one)
        for name, sealed in self.sealed_secrets().items():
            entry = inputs.entries[name]
            assert sealed.name == name
            assert sealed.namespace == entry.get("namespace", "aura-staging")
            assert str(sealed.scope) == entry.get("scope", "strict")
        listed = self.project.read(f"{OVERLAY}/kustomization.yaml").decode() if inputs.entries else ""
        for filename in inputs.filenames().values():
            assert listed.count(f"- {filename}\n") == 1
        assert self.project.read(f"{OVERLAY}/theirs.yml") == b"kind: ConfigMap\n"


def killed_at(names: tuple[str, ...], place: int, function: Callable[[], object]) -> None:
    """Run a function in a child that is killed before its operation of this number and these names, if there is one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            _doom(names, place)
            function()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in (0, -signal.SIGKILL)


def _doom(names: tuple[str, ...], place: int) -> None:
    counter = itertools.count()
    write_half = os.pwrite

    def doomed(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if next(counter) == place:
                if name == "write":
                    write_half(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2], 0)
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*arguments, **named)

        return wrapped

    for name in names:
        setattr(os, name, doomed(name, getattr(os, name)))


def everything(root: Path) -> dict[Path, tuple[int, bytes]]:
    """Return the time and the bytes of all files and folders but Git's, sealgen's own state included."""
    found = (path for path in root.rglob("*") if ".git" not in path.relative_to(root).parts)
    return {path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in found}


TestOverlay = Overlay.TestCase
TestOverlay.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
