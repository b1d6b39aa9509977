"""The flags of kubeseal, and how it reads a command line: the table, the grammar, the variables.

A flag is written ``--flag value``, ``--flag=value``, ``-f value``, ``-fvalue`` or ``-f=value``; a switch stands alone,
or with ``=true`` or ``=false``. The last one counts, but for lists, which add up. A variable SEALED_SECRETS_FLAG
stands for a flag, and the command line wins.
Source: kubeseal 0.36.6 (``--help``, and what it answers), and github.com/spf13/pflag 1.0.10 for the grammar.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sealgen.errors import ConfigurationError, did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_PREFIX = "SEALED_SECRETS_"


class Kind(NamedTuple):
    """What a flag takes."""

    metavar: str
    """Empty for a switch."""
    pattern: str = ".*"
    rule: str = ""
    """What the pattern asks for, in words."""
    many: bool = False
    """Whether several add up."""
    commas: bool = False
    """Whether commas separate them, too."""


SWITCH = Kind("", "|".join([*_TRUE, *_FALSE]), "true or false")
TEXT = Kind("TEXT")
FILE = Kind("FILE")
FILES = Kind("FILE", many=True, commas=True)
TEXTS = Kind("TEXT", many=True)
NUMBER = Kind("N", "[-+]?[0-9]+", "a whole number")
SEVERITY = Kind("N", "(?i:[-+]?[0-9]+|INFO|WARNING|ERROR|FATAL)", "a severity")
SCOPE = Kind("SCOPE", "|strict|namespace-wide|cluster-wide", "one of strict, namespace-wide, cluster-wide")
PATTERNS = Kind("PATTERN=N,...", "([^=,]+=[0-9]+(,|$))*", "PATTERN=N, separated by commas")
PLACE = Kind("FILE:N", "(:0|[^:]+:[1-9][0-9]*)?", "FILE:LINE")


@dataclass(frozen=True)
class Flag:
    """A flag: what it takes, what it is for, and its letter if it has one."""

    kind: Kind
    help: str
    letter: str = ""
    default: str = ""


SEALING = {
    "cert": Flag(FILE, "Seal with this certificate, a file or URL; else the controller is asked for its own."),
    "scope": Flag(SCOPE, "strict, namespace-wide or cluster-wide; else the Secret's annotations tell, else strict."),
    "name": Flag(TEXT, "Seal for this name."),
    "namespace": Flag(TEXT, "Seal for this namespace, where the Secret tells none.", letter="n"),
    "secret-file": Flag(FILE, "Read this instead of standard input.", letter="f"),
    "sealed-secret-file": Flag(FILE, "Write this instead of standard output.", letter="w"),
    "format": Flag(Kind("json|yaml"), "How to write it.", letter="o", default="json"),
    "allow-empty-data": Flag(SWITCH, "Seal a Secret without any data too."),
    "merge-into": Flag(FILE, "Add the sealed values to the SealedSecret in this file."),
    "raw": Flag(SWITCH, "Seal one value, from standard input or --from-file."),
    "from-file": Flag(Kind("[KEY=]FILE", many=True, commas=True), "The value that --raw seals."),
    "fetch-cert": Flag(SWITCH, "Print the certificate."),
    "validate": Flag(SWITCH, "Ask the controller whether it can open a SealedSecret."),
    "re-encrypt": Flag(SWITCH, "Have the controller seal a SealedSecret again, with its newest key."),
    "recovery-unseal": Flag(SWITCH, "Open a SealedSecret with private keys, without a cluster."),
    "recovery-private-key": Flag(FILES, "A private key in PEM, or the controller's key Secrets; may be repeated."),
    "version": Flag(SWITCH, "Print the version of the kubeseal that this stands for."),
    "help": Flag(SWITCH, "Show this message.", letter="h"),
}
"""What there is to do, and how."""

CLUSTER = {
    "controller-name": Flag(TEXT, "The controller's Service.", default="sealed-secrets-controller"),
    "controller-namespace": Flag(TEXT, "The namespace of it.", default="kube-system"),
    "kubeconfig": Flag(FILE, "The kubeconfig to use, instead of $KUBECONFIG."),
    "context": Flag(TEXT, "The kubeconfig's context to use."),
    "cluster": Flag(TEXT, "The kubeconfig's cluster to use."),
    "user": Flag(TEXT, "The kubeconfig's user to use."),
    "server": Flag(TEXT, "The API server's address."),
    "certificate-authority": Flag(FILE, "The certificate to trust."),
    "insecure-skip-tls-verify": Flag(SWITCH, "Trust any certificate."),
    "tls-server-name": Flag(TEXT, "The name that the server's certificate must have."),
    "proxy-url": Flag(TEXT, "The proxy to go through."),
    "disable-compression": Flag(SWITCH, "Ask for answers that are not compressed."),
    "request-timeout": Flag(TEXT, "How long to wait for an answer.", default="0"),
    "token": Flag(TEXT, "The bearer token to sign in with."),
    "client-certificate": Flag(FILE, "The certificate to sign in with."),
    "client-key": Flag(FILE, "The key of that certificate."),
    "username": Flag(TEXT, "The name to sign in with."),
    "password": Flag(TEXT, "The password to sign in with."),
    "as": Flag(TEXT, "The user to act as."),
    "as-uid": Flag(TEXT, "The UID to act as."),
    "as-group": Flag(TEXTS, "The group to act as; may be repeated."),
}
"""Where the cluster is, and who one is there."""

LOGGING = {
    "v": Flag(NUMBER, "", letter="v"),
    "add_dir_header": Flag(SWITCH, ""),
    "alsologtostderr": Flag(SWITCH, ""),
    "alsologtostderrthreshold": Flag(SEVERITY, ""),
    "legacy_stderr_threshold_behavior": Flag(SWITCH, ""),
    "log_backtrace_at": Flag(PLACE, ""),
    "log_dir": Flag(FILE, ""),
    "log_file": Flag(FILE, ""),
    "log_file_max_size": Flag(Kind("N", "[0-9]+", "a whole number"), ""),
    "logtostderr": Flag(SWITCH, ""),
    "one_output": Flag(SWITCH, ""),
    "skip_headers": Flag(SWITCH, ""),
    "skip_log_headers": Flag(SWITCH, ""),
    "stderrthreshold": Flag(SEVERITY, ""),
    "vmodule": Flag(PATTERNS, ""),
}
"""How kubeseal's libraries log; there is no such log here."""

_FLAGS = SEALING | CLUSTER | LOGGING
_DEPRECATED = {"rotate": "re-encrypt"}
_LETTERS = {flag.letter: name for name, flag in _FLAGS.items() if flag.letter}
# A pipeline that keeps a release's number in SEALED_SECRETS_VERSION wants to see no version.
_NO_VARIABLE = frozenset({"version", "help"})


@dataclass(frozen=True)
class Flags:
    """What was said, by the flags' names."""

    told: Mapping[str, Sequence[str]]
    """By the command line or by variables; of what does not add up, the last is the last."""
    written: frozenset[str]
    """Those on the command line."""

    def text(self, name: str) -> str:
        """Return a flag's text, its default where nobody said anything."""
        return self.told[name][-1] if name in self.told else _FLAGS[name].default

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all texts of a list."""
        return tuple(self.told.get(name, ()))

    def on(self, name: str) -> bool:
        """Tell whether a switch is on."""
        return self.text(name) in _TRUE


def parse(words: Sequence[str], variables: Mapping[str, str]) -> Flags:
    """Read a command line, without the program's name, and the environment's variables; empty ones say nothing.

    Raises ConfigurationError for what no flag takes, and for words that are no flag's.
    """
    told: dict[str, list[str]] = {}
    for name in (SEALING | CLUSTER).keys() - _NO_VARIABLE:
        variable = _PREFIX + name.upper().replace("-", "_")
        if text := variables.get(variable):
            told[name] = _checked(name, text, f"${variable}")
    written = set()
    for name, text, spelling in _pairs(words):
        checked = _checked(name, text, spelling)
        told[name] = (told.get(name, []) if _FLAGS[name].kind.many else []) + checked
        written.add(name)
    return Flags(told, frozenset(written))


def _checked(name: str, text: str, spelling: str) -> list[str]:
    kind = _FLAGS[name].kind
    if not re.fullmatch(kind.pattern, text, re.DOTALL):
        raise ConfigurationError(f"{spelling} is {quoted(text)}, which is not {kind.rule}")
    if not kind.commas:
        return [text]
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        raise ConfigurationError(f"{spelling} is {quoted(text)}, in which quotes are not in pairs") from None


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the flags, each with its text and as it is spelled."""
    left = iter(words)
    before = ""
    for word in left:
        if word == "--":
            word = next(left, "--")  # noqa: PLW2901  (what follows is no flag, however it looks)
            if word != "--":
                raise _stray(before)
        elif word.startswith("--"):
            yield _long(word, left)
        elif word.startswith("-") and word != "-":
            yield from _letters(word, left)
        else:
            raise _stray(before)
        before = word.partition("=")[0]


def _stray(before: str) -> ConfigurationError:
    # The word itself is not repeated: it may be a value that somebody wanted to seal.
    where = f"the word after {quoted(before)}" if before.startswith("--") else "a word"
    return ConfigurationError(
        f"{where} belongs to no flag", hint="A file is named with -f; a switch takes its value as in --raw=false."
    )


def _long(word: str, left: Iterator[str]) -> tuple[str, str, str]:
    spelled, given, text = word[2:].partition("=")
    name = _DEPRECATED.get(spelled, spelled)
    spelling = f"--{spelled}"
    if name not in _FLAGS:
        raise ConfigurationError(f"no flag {quoted(spelling)}{did_you_mean(spelled, _FLAGS)}")
    return name, text if given else _following(name, left, spelling), spelling


def _letters(word: str, left: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    rest = word[1:]
    while rest:
        letter, rest = rest[0], rest[1:]
        if letter not in _LETTERS:
            raise ConfigurationError(f"no flag {quoted('-' + letter)}")
        name = _LETTERS[letter]
        switch = _FLAGS[name].kind is SWITCH
        if rest.startswith("=") or (rest and not switch):
            yield name, rest.removeprefix("="), f"-{letter}"
            return
        yield name, _following(name, left, f"-{letter}"), f"-{letter}"


def _following(name: str, left: Iterator[str], spelling: str) -> str:
    if _FLAGS[name].kind is SWITCH:
        return "true"
    following = next(left, None)
    if following is None:
        raise ConfigurationError(f"{spelling} needs a value")
    return following
