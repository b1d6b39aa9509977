"""Entries come and go by the line, everything else in the file stays, and no transformer breaks a sealed label."""

from __future__ import annotations

import posixpath
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError, Mark
from sealgen.kubernetes.kustomization import FILENAME, resources, transformer_problems, update
from sealgen.kubernetes.kustomization import listed as field_listed
from sealgen.kubernetes.sealed_secret import Scope

FILE = f"k8s/overlays/staging/{FILENAME}"

WRITTEN_BY_HAND = b"""\
# Staging. Ask the platform team before you touch it.
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization

namespace: 'aura-staging'   # as in environments/staging.yaml
commonLabels: {app: aura,   env: "staging"}

resources:
    # the application
    - ../../base
    -   "deployment.yaml"  # quoted, for some reason

    # secrets
    - backend-secrets.yaml   # sealed
    # end of the list
patches:
- target: {kind: Deployment}
  patch: |-
    - op: replace
      path: /spec/replicas   # not a comment
      value: 2
# done
"""


def edited(content: bytes, add: list[str] | None = None, remove: list[str] | None = None) -> str:
    after = update(content, FILE, add or [], remove or [])
    assert after is not None
    return after.decode()


def listed(content: bytes) -> list[str]:
    return list(yaml.safe_load(content)["resources"])


# --- reading ------------------------------------------------------------------------------------------------------


def test_resources_are_listed_with_their_places() -> None:
    assert resources(WRITTEN_BY_HAND, FILE) == {
        "../../base": Mark(FILE, 11, 7),
        "deployment.yaml": Mark(FILE, 12, 9),
        "backend-secrets.yaml": Mark(FILE, 15, 7),
    }


def test_resources_are_compared_by_where_they_lead() -> None:
    content = b"resources: [./a.yaml, a.yaml, b/../c.yaml, d/, 'https://host//path?ref=v1']"
    assert list(resources(content, FILE)) == ["a.yaml", "c.yaml", "d", "https://host//path?ref=v1"]


@pytest.mark.parametrize(
    "content", [None, b"kind: Kustomization\n", b"resources:\n", b"resources: []\n", b"resources: ~\n"]
)
def test_no_resources_are_none(content: bytes | None) -> None:
    assert resources(content, FILE) == {}


# --- adding and removing ------------------------------------------------------------------------------------------


def test_a_file_is_made_when_there_is_something_to_list() -> None:
    assert update(None, FILE, ["a.yaml", "b.yaml"], ["c.yaml"]) == (
        b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- a.yaml\n- b.yaml\n"
    )


def test_no_file_is_made_for_nothing() -> None:
    assert update(None, FILE, [], ["c.yaml"]) is None


def test_an_entry_is_added_after_the_last_one_as_one_line() -> None:
    assert edited(WRITTEN_BY_HAND, ["redis-secrets.yaml"]) == WRITTEN_BY_HAND.decode().replace(
        "# sealed\n", "# sealed\n    - redis-secrets.yaml\n"
    )


def test_an_entry_is_removed_as_one_line() -> None:
    assert edited(WRITTEN_BY_HAND, [], ["deployment.yaml"]) == WRITTEN_BY_HAND.decode().replace(
        '    -   "deployment.yaml"  # quoted, for some reason\n', ""
    )


def test_the_comments_around_a_removed_entry_stay() -> None:
    assert edited(WRITTEN_BY_HAND, [], ["backend-secrets.yaml"]) == WRITTEN_BY_HAND.decode().replace(
        "    - backend-secrets.yaml   # sealed\n", ""
    )


@pytest.mark.parametrize(
    ("add", "remove"),
    [
        ([], []),
        (["deployment.yaml", "./backend-secrets.yaml"], []),
        ([], ["redis-secrets.yaml"]),
        (["deployment.yaml"], ["./deployment.yaml"]),
    ],
)
def test_what_is_as_wanted_stays_byte_for_byte(add: list[str], remove: list[str]) -> None:
    assert update(WRITTEN_BY_HAND, FILE, add, remove) == WRITTEN_BY_HAND


@pytest.mark.parametrize(
    ("before", "add", "remove", "after"),
    [
        pytest.param("resources:\n- a\n- ./a\n- b\n", [], ["a"], "resources:\n- b\n", id="every spelling goes"),
        pytest.param("resources:\n- a\n", ["./b", "b"], [], "resources:\n- a\n- b\n", id="one spelling comes"),
        pytest.param("resources:\n- a\n", ["b"], ["a"], "resources:\n- b\n", id="one for another"),
        pytest.param("resources:\n- a\n", [], ["a"], "resources: []\n", id="the last one goes"),
        pytest.param("resources: # x\n- a # y\n# z\n", [], ["a"], "resources: [] # x\n# z\n", id="its comments stay"),
        pytest.param("resources: []\n", ["a"], [], "resources:\n- a\n", id="none as a list"),
        pytest.param("resources: [] # x\nk: v\n", ["a"], [], "resources: # x\n- a\nk: v\n", id="none, with a comment"),
        pytest.param("resources: [\n]\n", ["a"], [], "resources:\n- a\n", id="none over lines"),
        pytest.param("resources:\n", ["a"], [], "resources:\n- a\n", id="none at all"),
        pytest.param("resources: null\nk: v\n", ["a"], [], "resources:\n- a\nk: v\n", id="none as null"),
        pytest.param("resources:\n# x\nk: v\n", ["a"], [], "resources:\n- a\n# x\nk: v\n", id="none and a comment"),
        pytest.param("k: v\n", ["a"], [], "k: v\nresources:\n- a\n", id="no field"),
        pytest.param("k: v", ["a"], [], "k: v\nresources:\n- a\n", id="no field and no end of line"),
        pytest.param("k:\n  - v\n", ["a"], [], "k:\n  - v\nresources:\n  - a\n", id="no field, others set in"),
        pytest.param("  k: v\n", ["a"], [], "  k: v\n  resources:\n  - a\n", id="all set in"),
        pytest.param("resources:\n- a", ["b"], [], "resources:\n- a\n- b\n", id="no end of line"),
        pytest.param("resources:\n- a\n- b", [], ["b"], "resources:\n- a\n", id="no end of line, the last goes"),
        pytest.param("resources:\r\n- a\r\n", ["b"], [], "resources:\r\n- a\r\n- b\r\n", id="lines end as on Windows"),
        pytest.param("resources:\n-   a\n", ["b"], [], "resources:\n-   a\n-   b\n", id="far from the dash"),
        pytest.param("resources:\n- 'a'\n", ["b"], [], "resources:\n- 'a'\n- 'b'\n", id="single quotes"),
        pytest.param('resources:\n- "a"\n', ["b"], [], 'resources:\n- "a"\n- "b"\n', id="double quotes"),
        pytest.param("resources:\n- a\n", ["i's", "on"], [], "resources:\n- a\n- 'i''s'\n- 'on'\n", id="quotes needed"),
        pytest.param("resources:\n- a\n  b\n- c\n", [], ["a b"], "resources:\n- c\n", id="over two lines"),
        pytest.param("k: v\n", [], ["a"], "k: v\n", id="none goes"),
        pytest.param("resources:\n-\n  a\n", ["b"], [], "resources:\n-\n  a\n- b\n", id="below the dash"),
        pytest.param("resources: []\nk:\n  - v\n", ["a"], [], "resources:\n  - a\nk:\n  - v\n", id="none, set in"),
        pytest.param("  resources: []\n  k: v\n", ["a"], [], "  resources:\n  - a\n  k: v\n", id="none, all set in"),
        pytest.param("resources: [a, b] # x\n", ["c"], [], "resources: [a, b, c] # x\n", id="brackets"),
        pytest.param("resources: [ a ]\n", ["b"], [], "resources: [ a, b ]\n", id="brackets and spaces"),
        pytest.param("resources: [a, b, c]\n", [], ["b"], "resources: [a, c]\n", id="brackets, the middle goes"),
        pytest.param("resources: [a, b, c]\n", [], ["a"], "resources: [b, c]\n", id="brackets, the first goes"),
        pytest.param("resources: [a, b, c]\n", [], ["b", "c"], "resources: [a]\n", id="brackets, the last two go"),
        pytest.param("resources: [a, b]\n", [], ["a", "b"], "resources: []\n", id="brackets, all go"),
        pytest.param("resources: [a]\n", ["b"], ["a"], "resources: [b]\n", id="brackets, one for another"),
        pytest.param(
            "resources: [\n  a,\n  b,\n]\n", ["c"], [], "resources: [\n  a,\n  b,\n  c,\n]\n", id="brackets over lines"
        ),
        pytest.param('{"resources": ["a"]}', ["b"], [], '{"resources": ["a", "b"]}', id="JSON"),
        pytest.param("{resources: [], k: v}\n", ["a", "b"], [], "{resources: [a, b], k: v}\n", id="none in braces"),
        pytest.param("k: '🔑é'\nresources:\n- a\n", ["b"], [], "k: '🔑é'\nresources:\n- a\n- b\n", id="not only ASCII"),
        pytest.param("\ufeffresources:\n- a\n", ["b"], [], "\ufeffresources:\n- a\n- b\n", id="byte order mark"),
        pytest.param("'resources':\n- a\n", ["b"], [], "'resources':\n- a\n- b\n", id="the field in quotes"),
        pytest.param("resources :\n- a\n", [], ["a"], "resources : []\n", id="space before the colon"),
    ],
)  # fmt: skip
def test_the_layout_is_kept(before: str, add: list[str], remove: list[str], after: str) -> None:
    assert edited(before.encode(), add, remove) == after


# --- any file -----------------------------------------------------------------------------------------------------

names = st.sampled_from([f"{name}.yaml" for name in "abcdefgh"]) | st.from_regex(
    r"[a-z0-9-]{1,8}\.ya?ml", fullmatch=True
)
comments = st.sampled_from(["", "", "  # why", " #"])
between = st.sampled_from(["", "", "", "# a line of comment\n", "\n", "  # set in - with: yaml\n"])
others = st.sampled_from(
    [
        "namespace: aura  # here\n",
        "commonLabels:\n  resources: none\n",
        "images:\n- name: a\n  newTag: '012'\n",
        "patches:\n- patch: |-\n    resources:\n    - x.yaml\n",
        "configMapGenerator: [{name: a, literals: [b=c]}]\n",
    ]
)


@st.composite
def kustomizations(draw: st.DrawFn) -> bytes:
    """Return a file with one entry a line, as people write it."""
    margin, dash = draw(st.sampled_from(["", "  ", "    "])), draw(st.sampled_from(["- ", "-   "]))
    quote = draw(st.sampled_from(["", "'", '"']))
    entries = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    lines = [f"{margin}{dash}{quote}{entry}{quote}{draw(comments)}\n{draw(between)}" for entry in entries]
    fields = draw(st.lists(others, max_size=3, unique=True))
    fields.insert(draw(st.integers(0, len(fields))), f"resources:{draw(comments)}\n{draw(between)}{''.join(lines)}")
    text = draw(between) + "kind: Kustomization\n" + "".join(fields) + draw(between)
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()


def without(content: bytes, entries: list[str]) -> list[bytes]:
    """Return the lines but those of these entries."""
    theirs = [re.compile(rb" *- +['\"]?" + re.escape(entry.encode()) + rb"['\"]?\s") for entry in entries]
    return [line for line in content.splitlines(keepends=True) if not any(entry.match(line) for entry in theirs)]


@given(kustomizations(), st.lists(names, max_size=4))
def test_adding_and_then_removing_gives_the_file_back(content: bytes, added: list[str]) -> None:
    new = [name for name in added if name not in listed(content)]
    assert edited(edited(content, new).encode(), [], new) == content.decode()


@given(kustomizations(), st.lists(names, max_size=4), st.lists(names, max_size=4))
def test_only_lines_of_entries_come_and_go(content: bytes, added: list[str], removed: list[str]) -> None:
    after = edited(content, added, removed).encode()
    kept = [entry for entry in listed(content) if entry not in removed or entry in added]
    wanted = kept + [name for name in dict.fromkeys(added) if name not in kept]
    if wanted:
        gone = [name for name in listed(content) if name not in wanted]
        came = [name for name in wanted if name not in kept]
        assert without(content, gone) == without(after, came)
    assert listed(after) == wanted
    others_before, others_after = yaml.safe_load(content), yaml.safe_load(after)
    del others_before["resources"], others_after["resources"]
    assert others_after == others_before


@given(kustomizations(), st.lists(names, max_size=4))
def test_no_entry_is_there_twice(content: bytes, added: list[str]) -> None:
    twice = [f"./{name}" for name in added] + added
    after = [posixpath.normpath(entry) for entry in listed(edited(content, twice).encode())]
    assert len(after) == len(set(after))
    assert edited(edited(content, twice).encode(), twice) == edited(content, twice)


# --- other fields ------------------------------------------------------------------------------------------------


def edited_transformers(content: bytes, add: list[str], remove: list[str]) -> str:
    after = update(content, FILE, add, remove, "transformers")
    assert after is not None
    return after.decode()


@pytest.mark.parametrize(
    "content",
    [
        WRITTEN_BY_HAND,
        WRITTEN_BY_HAND.replace(b"\n", b"\r\n"),
        b"resources: [a.yaml]\n",
        b"resources:\n- a.yaml",
        b"---\nresources: []\n# the end\n",
    ],
)
def test_a_field_comes_with_its_first_entry_and_goes_with_its_last(content: bytes) -> None:
    there = edited_transformers(content, ["rollout.yaml"], []).encode()
    assert yaml.safe_load(there) == {**yaml.safe_load(content), "transformers": ["rollout.yaml"]}
    assert field_listed(there, FILE, "transformers").keys() == {"rollout.yaml"}
    assert resources(there, FILE).keys() == resources(content, FILE).keys()
    assert edited_transformers(there, [], ["rollout.yaml"]).rstrip() == content.decode().rstrip()


def test_a_field_stays_with_its_other_entries() -> None:
    content = b"transformers:\n# ours\n- labels.yaml\n- rollout.yaml # sealgen\nresources: []\n"
    assert edited_transformers(content, [], ["rollout.yaml"]) == (
        "transformers:\n# ours\n- labels.yaml\nresources: []\n"
    )
    assert edited_transformers(b"transformers: [a.yaml, ./b.yaml]\n", [], ["b.yaml"]) == "transformers: [a.yaml]\n"


def test_a_field_in_the_middle_goes_without_its_neighbours() -> None:
    content = b"namespace: aura\ntransformers: # ours\n- ./rollout.yaml\nresources: []\n"
    assert edited_transformers(content, [], ["rollout.yaml"]) == "namespace: aura\nresources: []\n"


def test_a_field_that_is_no_list_is_refused_by_its_own_name() -> None:
    with pytest.raises(ConfigurationError) as caught:
        update(b"resources: []\ntransformers: rollout.yaml\n", FILE, ["rollout.yaml"], [], "transformers")
    assert str(caught.value) == f"{FILE}:2:15: transformers must be a list"


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f"{FILE}:1:1: the file is empty"),
        (b"# nothing\n", f"{FILE}:1:1: the file is empty"),
        (b"- a.yaml\n", f"{FILE}:1:1: a kustomization is a mapping"),
        (b"kind: Component\n", f"{FILE}:1:7: kind must be Kustomization, not 'Component'"),
        (b"kind: [a]\n", f"{FILE}:1:7: kind must be text"),
        (
            b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
            f"{FILE}:1:13: apiVersion must be kustomize.config.k8s.io/v1beta1, not 'kustomize.toolkit.fluxcd.io/v1'",
        ),
        (b"resources: a.yaml\n", f"{FILE}:1:12: resources must be a list"),
        (b"resources: {a: b}\n", f"{FILE}:1:12: resources must be a list"),
        (b"resources:\n- a.yaml\n- [b.yaml]\n", f"{FILE}:3:3: an entry of resources must be text"),
        (b"resources: []\nresources: []\n", f"{FILE}:2:1: 'resources' occurs twice; the first is in line 1"),
        (b"resources: [a\n", f"{FILE}:2:1: not YAML: did not find expected ',' or ']'"),
        (b"resources: \xff\n", f"{FILE}:1:12: not UTF-8 text"),
        (b"kind: Kustomization\n---\nresources: []\n", f"{FILE}:2:1: a second document; a file holds one"),
        (b"resources: &all [a]\n", f"{FILE}:1:12: an anchor (&all); write the value out where it is used"),
    ],
)  # fmt: skip
def test_what_is_no_kustomization_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        update(content, FILE, ["a.yaml"], [])
    assert str(refused.value) == message
    with pytest.raises(ConfigurationError) as refused:
        resources(content, FILE)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("content", "add", "remove", "place"),
    [
        (b"{kind: Kustomization}\n", ["a"], [], "1:1"),
        (b"kind: Kustomization\n...\n", ["a"], [], "1:1"),
        (b"resources:\n-\n  a\n- b\n", [], ["a"], "2:1"),
        (b"? resources\n: - a\n", [], ["a"], "2:3"),
        (b"? resources\n", ["a"], [], "2:1"),
        (b"k: |\n  text without an end", ["a"], [], "1:1"),
        (b"resources:\n- a\n", ["b\nc"], [], "2:1"),
    ],
)  # fmt: skip
def test_a_layout_that_can_not_be_edited_is_refused_and_not_damaged(
    content: bytes, add: list[str], remove: list[str], place: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        update(content, FILE, add, remove)
    assert str(refused.value) == (
        f"{FILE}:{place}: the layout of resources is too unusual to edit it in place\n"
        "Write resources as a list with one entry a line: '- x.yaml'."
    )


# --- transformers -------------------------------------------------------------------------------------------------


def problems(content: bytes, scope: Scope) -> list[str]:
    secrets = [("free", "anywhere", Scope.CLUSTER_WIDE), ("backend-secrets", "aura-staging", scope)]
    return [str(problem) for problem in transformer_problems(content, FILE, secrets)]


@pytest.mark.parametrize("field", ["namePrefix", "nameSuffix"])
def test_a_changed_name_breaks_the_label_of_scope_strict_alone(field: str) -> None:
    content = f"kind: Kustomization\n{field}: blue-\n".encode()
    expected = (
        f"{FILE}:2:13: {field} 'blue-' would rename the SealedSecret 'backend-secrets', and the controller could not "
        "decrypt it: it is sealed for its name (scope strict)\n"
        f"Remove {field} here, or seal with scope namespace-wide."
    )
    assert problems(content, Scope.STRICT) == [expected]
    assert problems(content, Scope.NAMESPACE_WIDE) == []
    assert problems(content, Scope.CLUSTER_WIDE) == []


@pytest.mark.parametrize("scope", [Scope.STRICT, Scope.NAMESPACE_WIDE])
def test_another_namespace_breaks_the_label_of_all_scopes_but_cluster_wide(scope: Scope) -> None:
    content = b"namespace: aura-production\n"
    expected = (
        f"{FILE}:1:12: namespace 'aura-production' would move the SealedSecret 'backend-secrets' out of "
        f"'aura-staging', and the controller could not decrypt it: it is sealed for its namespace (scope {scope})\n"
        "Write 'aura-staging' here, or set 'namespace: aura-production' in the environment file."
    )
    assert problems(content, scope) == [expected]
    assert problems(content, Scope.CLUSTER_WIDE) == []


@pytest.mark.parametrize(
    "content",
    [
        b"kind: Kustomization\n",
        b"namespace: aura-staging\n",
        b"namespace: ''\nnamePrefix: ''\nnameSuffix: ''\n",
        b"namespace:\nnamePrefix: ~\nnameSuffix: null\n",
    ],
)
def test_what_changes_neither_name_nor_namespace_is_fine(content: bytes) -> None:
    assert problems(content, Scope.STRICT) == []


def test_all_problems_are_told() -> None:
    content = b"namePrefix: a\nnameSuffix: b\nnamespace: c\n"
    assert len(problems(content, Scope.STRICT)) == 3


def test_without_a_file_there_is_no_problem() -> None:
    assert transformer_problems(None, FILE, [("a", "b", Scope.STRICT)]) == ()


@pytest.mark.parametrize("field", ["namespace", "namePrefix", "nameSuffix"])
def test_a_transformer_that_is_not_text_is_refused(field: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        problems(f"{field}: [a]\n".encode(), Scope.STRICT)
    assert str(refused.value) == f"{FILE}:1:{len(field) + 3}: {field} must be text"
