"""Whatever a project becomes: it goes on with the live values exactly where the cluster has each of them alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.support.api_server import api_server
from tests.support.live import Live
from tests.support.project import empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.api_server import ApiServer

Keys = dict[tuple[str, str], str]
"""The templates' texts, by Secret and key."""

VALUES: dict[str, object] = {
    "one": {"generate": "hex"},
    "two": {"generate": "base64"},
    "pair": {"generate": "ssh"},
    "user": {"literal": "aura"},
}
TEXTS = (
    "{{ values.one }}",
    "{{ values.two }}",
    "{{ values.pair.private }}",
    "{{ values.pair.public }}",
    "{{ values.user }}",
    "{{ values.one | upper }}",
    "{{ values.one }}:{{ values.two }}",
    "from={{ values.user }} {{ values.pair.public }}",
    "{{ values.pair.private }}{{ values.pair.public }}",
)
KEYS = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["k1", "k2", "k3"])), st.sampled_from(TEXTS), min_size=1
)


def parts(text: str) -> set[str]:
    """Return the values, or parts of values, that a text is made of and that were never stored."""
    return set(re.findall(r"values\.([a-z.]+)", text)) - {"user"}


def names(keys: Keys) -> set[str]:
    return {part.partition(".")[0] for text in keys.values() for part in parts(text)}


def alone(keys: Keys) -> dict[str, tuple[str, str]]:
    """Return where a value, or a part of one, is a key of its own."""
    return {text[len("{{ values.") : -len(" }}")]: place for place, text in keys.items() if text in TEXTS[:4]}


def made_of(text: str, known: dict[str, bytes]) -> bytes | None:
    """Return what a text makes of values; None where one of them isn't known."""
    if not parts(text) <= known.keys():
        return None
    whole = re.sub(r"{{ values\.([a-z.]+) }}", lambda found: known[found[1]].decode(), text)
    return re.sub(r"{{.*}}", lambda _: known["one"].decode().upper(), whole).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@given(KEYS, KEYS)
@settings(max_examples=60, deadline=None)
def test_a_plan_goes_on_where_every_value_it_needs_is_proven(
    server: ApiServer, tmp_path_factory: pytest.TempPathFactory, before: Keys, change: Keys
) -> None:
    project = empty(tmp_path_factory.mktemp("project"))

    def write(keys: Keys) -> None:
        secrets = sorted({secret for secret, _ in keys})
        project.environment(values=VALUES, secrets=secrets, cluster={"kubeconfig": str(server.kubeconfig)})
        for secret in secrets:
            project.template(secret, {key: text for (name, key), text in keys.items() if name == secret})

    write(before)
    assert project.run("seal", "staging", "-q").code == 0
    server.answers.clear()
    live = Live(server)
    live.apply(project)
    opened, ciphertexts = project.unsealed(), project.ciphertexts()
    known = {part: opened["/".join(place)] for part, place in alone(before).items()} | {"user": b"aura"}

    after = before | change
    write(after)
    changed = {place for place, text in after.items() if before.get(place) != text}
    needed = {part for place in changed for part in parts(after[place]) if part.partition(".")[0] in names(before)}
    server.requests.clear()
    ended = project.run("seal", "staging", "-q", "--from-cluster")

    if not needed <= known.keys():
        event("blocked")
        assert (ended.code, live.asked, project.ciphertexts()) == (12, [], ciphertexts)
        return
    event("read back" if needed else "nothing to read back")
    assert ended.code == 0, ended.err
    assert bool(live.asked) == bool(needed)
    now = project.unsealed()
    known = {part: now["/".join(place)] for part, place in alone(after).items()} | known
    for place, text in after.items():
        assert made_of(text, known) in (None, now["/".join(place)])
        assert (project.ciphertexts()["/".join(place)] == ciphertexts.get("/".join(place))) == (place not in changed)
