"""Whatever is changed, by whom and in which order: after a run the overlay is what the files say, and stays so."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.support.project import Project, empty

if TYPE_CHECKING:
    from tests.support.project import Ended

SECRETS = ["alpha", "beta", "gamma"]
KEYS = ["A", "B", "C", "D"]
GENERATED = ["one", "two", "three"]
READ = ["left", "right"]
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

secrets = st.sampled_from(SECRETS)
keys = st.sampled_from(KEYS)
values = st.lists(st.sampled_from(GENERATED + READ), min_size=1, max_size=2, unique=True)


class Overlay(RuleBasedStateMachine):
    """An environment whose files people change, and the runs that follow."""

    def __init__(self) -> None:
        super().__init__()
        self.project: Project = empty(Path(tempfile.mkdtemp()))
        self.read = dict.fromkeys(READ, "0")
        self.entries: dict[str, dict[str, str]] = {"alpha": {}}
        self.recipes: dict[str, dict[str, list[str]]] = {name: {"A": ["one", "left"]} for name in SECRETS}
        self.headers = dict.fromkeys(SECRETS, "")
        self.host = 0
        self.project.write("k8s/overlays/staging/theirs.yml", "kind: ConfigMap\n")
        self.write()

    def teardown(self) -> None:
        """Run once more, and remove the project."""
        self.seal()
        shutil.rmtree(self.project.root)

    def write(self) -> None:
        """Write the environment file and the templates."""
        self.project.environment(
            values={name: {"generate": "uuid"} for name in GENERATED} | {name: {"env": name.upper()} for name in READ},
            vars={"host": self.host},
            secrets=[{"name": name, **fields} for name, fields in self.entries.items()],
        )
        for name, recipes in self.recipes.items():
            texts = {key: self.recipe(key, made_of) for key, made_of in recipes.items()}
            self.project.template(name, texts, self.headers[name])

    def recipe(self, key: str, made_of: list[str]) -> str:
        """Return the text of a key in the template; the host is part of some."""
        host = "{{ vars.host }}" if key == "D" else ""
        return f"{key}{host}" + "".join(f"<{name}={{{{ values.{name} }}}}>" for name in made_of)

    def filenames(self) -> dict[str, str]:
        """Return where the environment file wants each Secret's manifest."""
        return {name: entry.get("filename", f"{name}.yaml") for name, entry in self.entries.items()}

    def run(self, *arguments: str) -> Ended:
        """Run the command line with the values that are read."""
        ended = self.project.run(*arguments, env={name.upper(): text for name, text in self.read.items()})
        assert "internal error" not in ended.err
        return ended

    # --- what people change ---

    @rule(name=secrets)
    def add_or_remove_secret(self, name: str) -> None:
        """A Secret comes or goes."""
        if name in self.entries:
            del self.entries[name]
        elif f"{name}.yaml" not in self.filenames().values():
            self.entries[name] = {}

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
        taken = {filename for other, filename in self.filenames().items() if other != name}
        if name in self.entries and fields.get("filename", f"{name}.yaml") not in taken:
            self.entries[name] = fields

    @rule(name=secrets, header=st.sampled_from(["", "immutable: true", "metadata:\n  labels: {a: b}"]))
    def change_metadata(self, name: str, header: str) -> None:
        """A template gets other metadata."""
        self.headers[name] = header

    @rule(name=secrets, key=keys, made_of=values)
    def change_key(self, name: str, key: str, made_of: list[str]) -> None:
        """A key comes, or is made of something else."""
        self.recipes[name][key] = made_of

    @rule(name=secrets, key=keys)
    def remove_key(self, name: str, key: str) -> None:
        """A key goes, unless it is the last."""
        if len(self.recipes[name]) > 1:
            self.recipes[name].pop(key, None)

    @rule(name=st.sampled_from(READ), text=st.sampled_from("0123"))
    def change_value(self, name: str, text: str) -> None:
        """A source gives something else."""
        self.read[name] = text

    @rule()
    def change_variable(self) -> None:
        """A variable that some recipes hold changes."""
        self.host += 1

    # --- what people do to the overlay ---

    def manifests(self) -> list[Path]:
        """Return the manifests that are there."""
        folder = self.project.root / "k8s/overlays/staging"
        return sorted(path for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")

    @rule(number=st.integers(0, 2))
    def remove_manifest(self, number: int) -> None:
        """A manifest is removed."""
        for path in self.manifests()[number : number + 1]:
            path.unlink()

    @rule(number=st.integers(0, 2), key=keys)
    def alter_ciphertext(self, number: int, key: str) -> None:
        """A ciphertext is replaced by something else, perhaps under a key of nobody's."""
        for path in self.manifests()[number : number + 1]:
            text = re.sub(rf"(?m)^    {key}: .*$", f"    {key}: bm90IG9uZQ==", path.read_text())
            path.write_text(text)

    @rule(number=st.integers(0, 2))
    def edit_metadata(self, number: int) -> None:
        """A manifest gets a comment, and a key that nobody asked for."""
        for path in self.manifests()[number : number + 1]:
            text = path.read_text()
            if "    Z: " not in text:
                added = "  encryptedData:\n    Z: bm90IG9uZQ==\n"
                path.write_text("# by hand\n" + text.replace("  encryptedData:\n", added))

    @rule()
    def empty_kustomization(self) -> None:
        """All entries go from the kustomization, and a foreign one comes."""
        self.project.write("k8s/overlays/staging/kustomization.yaml", "# theirs\nresources:\n- theirs.yml # keep\n")

    # --- what sealgen makes of it ---

    @rule(name=st.sampled_from(GENERATED))
    def rotate(self, name: str) -> None:
        """A value is rotated, where a key uses it."""
        self.write()
        used = any(name in made_of for secret in self.entries for made_of in self.recipes[secret].values())
        assert self.run("seal", "staging", "--rotate", name).code in ((0, 12) if used else (2,))

    @rule(name=secrets, key=st.one_of(st.none(), keys))
    def seal_a_part(self, name: str, key: str | None) -> None:
        """Only a part is sealed, or refused."""
        self.write()
        before = self.project.tree()
        ended = self.run("seal", "staging", "--only", f"{name}/{key}" if key else name)
        assert ended.code in (0, 2, 12)
        if ended.code:
            assert self.project.tree() == before

    @rule()
    def seal(self) -> None:
        """The plan tells what the run does; after it the overlay is right, and the next run has nothing to do."""
        self.write()
        arguments: list[str] = []
        planned = self.run("plan", "staging", "--json")
        if planned.code == 12:
            before = self.project.tree()
            stuck = self.run("seal", "staging")
            assert stuck.code == 12
            assert self.project.tree() == before
            arguments = re.findall(r"--rotate \w+", stuck.err)
            arguments = [word for argument in arguments for word in argument.split()]
            planned = self.run("plan", "staging", "--json", *arguments)
        sealed = self.run("seal", "staging", "--json", *arguments)
        assert (sealed.code, planned.code) in ((0, 0), (0, 10)), sealed.out
        assert sealed.document["results"][0]["steps"] == planned.document["results"][0]["steps"]
        self.check_overlay()
        before = self.project.tree()
        assert self.run("seal", "staging").out.endswith("up to date\n")
        assert self.run("check", "staging").code == 0
        assert self.project.tree() == before

    def check_overlay(self) -> None:
        opened = self.project.unsealed()
        assert sorted(opened) == sorted(f"{name}/{key}" for name in self.entries for key in self.recipes[name])
        made: dict[str, set[str]] = {}
        for name in self.entries:
            for key, made_of in self.recipes[name].items():
                text = opened[f"{name}/{key}"].decode()
                found: dict[str, Any] = dict(re.findall(r"<(\w+)=([^>]*)>", text))
                assert list(found) == made_of
                assert text.partition("<")[0] == (f"D{self.host}" if key == "D" else key)
                for value, given in found.items():
                    made.setdefault(value, set()).add(given)
        for value, given in made.items():
            (one,) = given
            assert one == self.read[value] if value in READ else re.fullmatch(UUID, one)
        listed = self.project.read("k8s/overlays/staging/kustomization.yaml").decode() if self.entries else ""
        for filename in self.filenames().values():
            assert listed.count(f"- {filename}\n") == 1
        assert len(self.manifests()) == len(self.entries)
        assert self.project.read("k8s/overlays/staging/theirs.yml") == b"kind: ConfigMap\n"


TestOverlay = Overlay.TestCase
TestOverlay.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
