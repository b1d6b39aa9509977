"""The namespace of a kubeconfig's context, of one file and of several."""

from __future__ import annotations

import json

import pytest

from sealgen.errors import ConfigurationError
from sealgen.kubeseal.kubeconfig import Context, context


def kubeconfig(current: str | None = None, **namespaces: str | None) -> bytes:
    """Return a kubeconfig with these contexts."""
    contexts = [{"name": name, "context": {"namespace": namespace}} for name, namespace in namespaces.items()]
    return json.dumps({"contexts": contexts, "current-context": current}).encode()


ONE = ("one", kubeconfig("a", a="of-a", b=None))
TWO = ("two", kubeconfig("c", a="other", c="of-c"))


def test_the_current_context_tells_it_or_the_one_that_is_named() -> None:
    assert context([ONE], "") == Context("a", "of-a")
    assert context([ONE], "b") == Context("b", None)


def test_of_several_files_the_first_that_says_something_counts() -> None:
    assert context([ONE, TWO], "") == Context("a", "of-a")
    assert context([TWO, ONE], "a") == Context("a", "other")
    assert context([("empty", b"\n"), ("none", kubeconfig(None, x=None)), TWO], "") == Context("c", "of-c")


@pytest.mark.parametrize(
    ("files", "name", "message"),
    [
        ([ONE, TWO], "d", "one, two has no context 'd'; known are a, b, c"),
        ([("one", kubeconfig(None, a=None))], "", "one has no current context; name one with --context"),
        ([("one", b"[]")], "", "one:1:1: a kubeconfig must be a mapping"),
        (
            [("one", b"contexts: [{name: a, context: {namespace: n}}]")],
            "a",
            "one:1:43: contexts.context.namespace must be text",
        ),
        ([("one", b"contexts: [{}]")], "a", "one:1:12: contexts.name is missing"),
    ],
)
def test_what_is_no_kubeconfig_is_refused(files: list[tuple[str, bytes]], name: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        context(files, name)
    assert str(error.value) == message
