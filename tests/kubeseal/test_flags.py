"""How a command line of kubeseal is read."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from sealgen.kubeseal.flags import CLUSTER, LOGGING, SEALING, SWITCH, parse


@pytest.mark.parametrize(
    "words", ["-n a", "-na", "-n=a", "--namespace a", "--namespace=a", "-n b --namespace=a", "-hn a", "-h=false -na"]
)
def test_a_value_is_written_in_many_ways_and_the_last_counts(words: str) -> None:
    flags = parse(shlex.split(words), {})
    assert flags.text("namespace") == "a"
    assert "namespace" in flags.written


@pytest.mark.parametrize(
    ("words", "on"),
    [("--raw", True), ("--raw=T", True), ("--raw=1 --raw=false", False), ("--raw=0", False), ("", False)],
)
def test_a_switch_stands_alone_or_with_what_it_is(words: str, on: bool) -> None:
    assert parse(shlex.split(words), {}).on("raw") is on


def test_lists_add_up_and_are_split_at_commas_outside_of_quotes() -> None:
    words = ["--recovery-private-key", "a,b", "--recovery-private-key=c", '--recovery-private-key="d,e"']
    flags = parse(words, {"SEALED_SECRETS_RECOVERY_PRIVATE_KEY": "z"})
    assert flags.texts("recovery-private-key") == ("z", "a", "b", "c", "d,e")
    assert parse(["--as-group", "a,b", "--as-group", "c"], {}).texts("as-group") == ("a,b", "c")


def test_a_variable_stands_for_a_flag_and_the_command_line_wins() -> None:
    variables = {"SEALED_SECRETS_CONTROLLER_NAME": "of-variable", "SEALED_SECRETS_FORMAT": "yaml"}
    flags = parse(["--format", "json"], variables)
    assert (flags.text("controller-name"), flags.text("format")) == ("of-variable", "json")
    assert flags.written == {"format"}
    assert parse([], {"SEALED_SECRETS_CONTROLLER_NAME": ""}).text("controller-name") == "sealed-secrets-controller"


def test_version_help_and_logging_have_no_variables() -> None:
    names = ["VERSION", "HELP", "V", "LOGTOSTDERR"]
    assert not parse([], {f"SEALED_SECRETS_{name}": "true" for name in names}).told


def test_the_former_name_of_re_encrypt_is_taken() -> None:
    assert parse(["--rotate"], {}).on("re-encrypt")


def test_a_value_may_look_like_a_flag() -> None:
    assert parse(["--name", "--raw", "-f", "-"], {}).told == {"name": ["--raw"], "secret-file": ["-"]}


@given(st.lists(st.sampled_from([*SEALING, *CLUSTER, *LOGGING, "bogus"]).map("--{}".format) | st.text(max_size=9)))
def test_any_words_are_read_or_refused_without_the_word_that_is_no_flag(words: list[str]) -> None:
    secret = "correct-horse"
    message = ""
    try:
        parse([*words, "--", secret], {})
    except ConfigurationError as error:
        message = str(error)
    assert secret not in message
    # Else the last flag has taken the dashes for its value.
    assert message or words


def test_every_flag_of_kubeseal_is_known() -> None:
    known = SEALING | CLUSTER | LOGGING
    assert len(known) == 54
    switches = {name for name, flag in known.items() if flag.kind is SWITCH}
    assert {"raw", "validate", "insecure-skip-tls-verify", "logtostderr"} <= switches
    assert not {"name", "v", "scope"} & switches
