"""What is fuzzed: one function for each reader of foreign bytes, and the contract that all of them keep.

A target takes any bytes. It may raise SealgenError; whatever else it raises is a finding, a broken round trip
(an AssertionError) among them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import jinja2
import yaml

import sealgen.filters
import sealgen.recipe
from sealgen import lock
from sealgen.backends import plain
from sealgen.config import environment
from sealgen.crypto import certificate, fingerprint
from sealgen.errors import SealgenError, printable
from sealgen.filters import FILTERS, MAX_BYTES, FilterError
from sealgen.kubernetes import kustomization, manifest, sealed_secret
from sealgen.kubernetes import secret as plain_secret
from sealgen.kubernetes.pattern import NAME, pattern
from sealgen.kubernetes.sealed_secret import Scope, SealedSecret
from sealgen.recipe import Filtered, Reference, decoded, digest, join, references, resolve, text, values_in
from sealgen.stores import values_text
from sealgen.template import plain as plain_template
from sealgen.template.blanks import Mask
from sealgen.template.names import Values, Variables
from sealgen.template.opaque import Opaque
from sealgen.template.rendered import assemble
from sealgen.template.rendering import Templates
from sealgen.values import dotenv, kept_values
from sealgen.values.fingerprint import FingerprintKey
from sealgen.values.secret import Secret
from sealgen.yaml import nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.kubernetes.pattern import Pattern
    from sealgen.recipe import Part, Recipe
    from sealgen.template.blanks import Masked
    from sealgen.template.rendered import Rendered
    from sealgen.yaml.nodes import Node
    from sealgen.yaml.schema import Data

CANARY = "xQ7canary-Zw93kVt5Lr0"
"""Stands where a plaintext would; no message may hold a part of it."""
_PART = 12  # characters of it in a row are a leak
_LIMIT = 64 * 1024  # bytes
_NEXT_FILE = b"\n=== next file ===\n"
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # no opinions of YAML 1.1's that Kubernetes doesn't share
_KNOWN = {"a": ("",), "b": ("",), "tls": ("crt", "key")}


def attempt(target: Callable[[bytes], None], content: bytes) -> str | None:
    """Run a target; return the place in the code that refused the bytes, or None where they were taken.

    Raises whatever breaks the contract.
    """
    try:
        target(content)
    except SealgenError as error:
        _check_message(error, content)
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    return None


def _check_message(error: SealgenError, content: bytes) -> None:
    line = printable(error.message)
    assert line.strip(), "an empty message"
    assert line.isprintable(), "a message of more than one printable line"
    line.encode()
    if error.at:
        assert error.at.line >= 1, "a place before the file"
        assert error.at.column >= 0, "a place before the line"
    # What is meant is made of what is said before, with dashes of its own.
    said = str(error).partition("; did you mean ")[0]
    for start in range(len(CANARY) - _PART + 1):
        part = CANARY[start : start + _PART]
        assert part not in said or part.encode() in content, "a plaintext in a message"


# --- configuration ----------------------------------------------------------------------------------------------


def environment_file(content: bytes) -> None:
    """``staging``, and ``base`` for it to extend."""
    files = dict(zip(("environments/staging.yaml", "environments/base.yaml"), content.split(_NEXT_FILE), strict=False))
    read = environment.load("staging", files.get)
    assert not read.output.is_absolute()
    assert ".." not in read.output.parts
    for secret in read.secrets:
        assert "/" not in secret.filename
        assert set(secret.values.values()) <= read.values.keys()


def yaml_nodes(content: bytes) -> None:
    """A YAML document; what is text for us must be text for a reader of YAML 1.1."""
    root = nodes.parse(content, "file.yaml")
    lines = len(content.decode("utf-8-sig").splitlines()) + 1
    resolver: Any = yaml.SafeLoader("")
    for node in _walk(root):
        assert 1 <= node.at.line <= lines, "a place behind the file"
        if isinstance(node, nodes.Scalar) and nodes.is_text(node):
            tag = resolver.resolve(yaml.ScalarNode, node.text, (node.plain, not node.plain))
            assert tag == "tag:yaml.org,2002:str", node.text


def _walk(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, nodes.Sequence):
        for item in node.items:
            yield from _walk(item)
    elif isinstance(node, nodes.Mapping):
        for key, value in node.entries.values():
            yield key
            yield from _walk(value)


# --- templates --------------------------------------------------------------------------------------------------

_ALIASES = {"password": "a"}
_NAMES = ("app", "other-app")
# Of the same shape: what is text in one is text in the other, and means something to YAML in the second only.
_VARIABLES: tuple[dict[str, Data], ...] = tuple(
    {
        "host": host,
        "word": word,
        "path": path,
        "sign": "a: b # c",
        "port": 5432,
        "on": True,
        "none": None,
        "users": [{"name": user}],
        "list": ["x", word, host],
    }
    for host, word, path, user in (("db", "words", "a/b-c_d.e", "ann"), ("D.b/", "yes", "e5-" + "x" * 60, "Null"))
)
_sources: dict[str, str] = {}
_templates = Templates(_sources.get)


def template(content: bytes) -> None:
    """A template, and another one for it to include; then the manifest that it gives.

    One rendering for several Secrets gives each the manifest that a rendering of its own gives, or none.
    """
    _sources.clear()
    names = ("app.yaml.j2", "part.yaml.j2")
    for name, source in zip(names, content.split(_NEXT_FILE), strict=False):
        _sources[name] = source.decode("utf-8", "replace")
    _forget()
    try:
        rendered = _rendered(_NAMES[0], _VARIABLES[0], _KNOWN, _ALIASES)
    except SealgenError as error:
        if not isinstance(error.__context__, jinja2.TemplateSyntaxError):
            _check_pattern()
        raise
    _check_printed(rendered)
    _check_pattern()
    _manifest(rendered)


def _forget() -> None:
    """Drop what is kept of templates by their names, which stand for other texts with the next input."""
    _templates._texts.clear()
    cache: Any = _templates._interpreter._environment.cache
    cache.clear()


def _check_printed(rendered: Rendered) -> None:
    """Check that what is rendered without Jinja2 is what Jinja2 gives."""
    seen = {**_names(_NAMES[0]), "vars": Variables(_VARIABLES[0]), "values": Values(_KNOWN, _ALIASES)}
    if plain_template.pieces(_sources["app.yaml.j2"], rendered.file, seen) is not None:
        interpreted = _templates._interpreter.render("app.yaml.j2", seen)
        assert rendered.recipe(rendered.text) == interpreted.recipe(interpreted.text), "not what Jinja2 prints"
        assert rendered.lines == interpreted.lines, "not the lines that Jinja2 tells"


def _names(name: Masked) -> dict[str, Any]:
    return {"secret": {"name": name, "namespace": "test"}, "environment": "staging"}


def _rendered(
    name: Masked, variables: Mapping[str, Any], known: Mapping[str, tuple[str, ...]], aliases: Mapping[str, str]
) -> Rendered:
    return _templates.render(
        "app.yaml.j2",
        known=known,
        aliases=aliases,
        variables=variables,
        names=_names(name),
    )


def _check_pattern() -> None:
    shared = _pattern()
    if shared is None:
        return
    for name, variables in zip(_NAMES, _VARIABLES, strict=True):
        mask = Mask()
        mask.hidden(name)
        mask.hidden(variables)
        filled = shared.filled(mask.texts, _ALIASES)
        if filled is not None:
            try:
                alone = _read(_rendered(name, variables, _KNOWN, _ALIASES), name)
            except SealgenError as error:
                raise AssertionError("refused by itself, and not with others") from error
            assert filled == alone, "not the manifest that it gives by itself"


def _pattern() -> Pattern | None:
    mask = Mask()
    name = mask.hidden(_NAMES[0])
    variables = {key: mask.hidden(data) for key, data in _VARIABLES[0].items()}
    own = {name: _KNOWN[value] for name, value in _ALIASES.items()}
    try:
        rendered = _rendered(name, variables, own | _KNOWN, {})
        return pattern(rendered, _read(rendered, NAME))
    except SealgenError:
        return None


def _read(rendered: Rendered, name: str) -> SecretManifest:
    return manifest.read(rendered, name=name, namespace="test", scope=Scope.STRICT, type=None)


def manifest_text(content: bytes) -> None:
    """The text of a rendered template; ``@a@`` and ``@tls.crt@`` are stand-ins."""
    file = "templates/app.yaml.j2"
    pieces = re.split(r"@(a|b|tls\.crt|tls\.key)@", content.decode("utf-8", "replace"))
    group = tuple(
        (file, 1, Opaque((Reference(*piece.split(".")),)), False) if number % 2 else (file, 1, piece, True)
        for number, piece in enumerate(pieces)
    )
    _manifest(assemble(file, [group]))


def _manifest(rendered: Rendered) -> None:
    read = _read(rendered, _NAMES[0])
    for key in read.keys.values():
        assert {reference.value for reference in references(key.recipe)} <= _KNOWN.keys()
        assert rendered.token_prefix not in text(key.recipe), "a token in a recipe"
        assert re.fullmatch("[0-9a-f]{64}", digest(key.recipe))
    _check_sealed(read)
    _check_plain(read)


def _check_sealed(read: SecretManifest) -> None:
    sealed = SealedSecret(
        name=read.name,
        namespace=read.namespace,
        scope=read.scope,
        encrypted_data=dict.fromkeys(read.keys, "AgBvcGFxdWU="),
        type=read.type,
        labels=read.labels,
        annotations=read.annotations,
        immutable=read.immutable,
    )
    assert sealed_secret.read(sealed_secret.to_yaml(sealed).encode(), "app.yaml") == sealed


def _check_plain(read: SecretManifest) -> None:
    plaintexts = {key: Secret(f"{CANARY} {key}\n".encode()) for key in read.keys}
    printed = yaml.load(plain.to_yaml(read, plaintexts), _Loader)  # noqa: S506
    values = {key: base64.b64decode(value) for key, value in printed["data"].items()}
    assert values == {key: value.reveal() for key, value in plaintexts.items()}
    assert printed["type"] == (read.type or "Opaque")
    for field, texts in (("labels", read.labels), ("annotations", read.annotations)):
        assert printed["metadata"].get(field, {}) == texts


# --- recipes ----------------------------------------------------------------------------------------------------


def recipe(content: bytes) -> None:
    """A program that builds a recipe: the first line is the value ``fuzzed``, each other one a step.

    ``=NAME`` puts a reference to a value, ``|FILTER`` passes all so far through a filter, whose arguments are the
    parts put last; any other line is text.
    """
    fuzzed, *steps = content.split(b"\n")
    values = {
        "a": CANARY.encode(),
        "b": CANARY.encode() + b"\xff\x00",
        "fuzzed": fuzzed,
        "tls.crt": b"certificate\n",
        "tls.key": b"a2V5\n",
    }
    stages: list[list[Part]] = [[]]
    for step in steps[:40]:
        stages.append(_stepped(stages[-1], step.decode("utf-8", "replace"), values))
    built = join(stages[-1])
    text(built)
    _check_filters(fuzzed)
    _check_digests(built, join(stages[-2:][0]))
    asked: set[str] = set()
    with _small_limit():
        try:
            plaintext = _resolved(built, values, asked)
        finally:
            assert asked <= values_in(built), "a value that the recipe does not tell"
            _check_joined(stages[-1], values)
        assert asked == values_in(built), "a value that the recipe tells and does not need"
        _check_base64(built, plaintext, values)


@contextlib.contextmanager
def _small_limit() -> Iterator[None]:
    """Let recipes meet the limit of their size soon: at the real one, an input may take seconds."""
    modules = (sealgen.filters, sealgen.recipe)
    for module in modules:
        vars(module)["MAX_BYTES"] = _LIMIT
    try:
        yield
    finally:
        for module in modules:
            vars(module)["MAX_BYTES"] = MAX_BYTES


def _stepped(parts: Sequence[Part], line: str, values: Mapping[str, bytes]) -> list[Part]:
    name = line[1:]
    if line.startswith("=") and name in values:
        return [*parts, Reference(*name.split("."))]
    if line.startswith("|") and name in FILTERS and name != "htpasswd":  # bcrypt is slow, which is its point
        before = len(parts) - len(FILTERS[name].parameters)
        if before < 0:
            return [*parts]
        return [Filtered(name, join(parts[:before]), tuple(join([part]) for part in parts[before:]))]
    return [*parts, line]


def _resolved(built: Recipe, values: Mapping[str, bytes], asked: set[str]) -> bytes:
    def lookup(reference: Reference) -> Secret:
        asked.add(reference.value)
        return Secret(values[str(reference)])

    return resolve(built, lookup)


def _resolved_or_none(built: Recipe, values: Mapping[str, bytes]) -> bytes | None:
    try:
        return _resolved(built, values, set())
    except SealgenError:
        return None


def _check_digests(one: Recipe, before: Recipe) -> None:
    """Each recipe has one normal form and a digest of its own; ``before`` is what it was made of."""
    assert join(one) == one, "a normal form that is not final"
    nested = Filtered("replace", one[:-1], (one[-1:], ()))
    others = (one, before, decoded(one), (text(one),), one[::-1], (nested,))
    by_digest: dict[str, Recipe] = {}
    for normal in map(join, others):
        assert by_digest.setdefault(digest(normal), normal) == normal, "one digest for two recipes"
    assert len(by_digest) == len(set(by_digest.values())), "two digests for one recipe"


def _check_base64(built: Recipe, plaintext: bytes, values: Mapping[str, bytes]) -> None:
    inner = _resolved_or_none(decoded(built), values)
    try:
        wanted = FILTERS["b64decode"].apply(plaintext)
    except FilterError:
        assert inner is None, "decodes what is not base64"
    else:
        assert inner == wanted, "not what it is the base64 of"


def _check_joined(parts: list[Part], values: Mapping[str, bytes]) -> None:
    """Joined, recipes give what each gives, if that is text; where one of them fails, so do they joined."""
    for cut in {len(parts) // 2, max(len(parts) - 1, 0)}:
        first, second = join(parts[:cut]), join(parts[cut:])
        whole = _resolved_or_none(join((*first, *second)), values)
        one, other = _resolved_or_none(first, values), _resolved_or_none(second, values)
        if one is None or other is None:
            assert whole is None, "joined, a recipe that can't be resolved is"
        elif len(one) + len(other) <= _LIMIT and _is_text(one) and _is_text(other):
            assert whole == one + other, "joined, recipes give something else"
        elif first and second:
            assert whole is None, "joined, bytes that are not text are taken"


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_filters(value: bytes) -> None:
    """What a filter escapes, its reader gives back."""
    assert unquote_to_bytes(FILTERS["urlquote"].apply(value)) == value
    assert FILTERS["b64decode"].apply(FILTERS["b64encode"].apply(value)) == value
    readers: dict[str, Callable[[str], str]] = {
        "tojson": json.loads,
        "shellquote": lambda quoted: "".join(shlex.split(quoted)),
    }
    for name, read in readers.items():
        try:
            quoted = FILTERS[name].apply(value)
        except FilterError:
            continue
        assert read(quoted.decode()).encode() == value, name


# --- what sealgen wrote, and others may have edited ---------------------------------------------------------------


def lock_file(content: bytes) -> None:
    """A lock: what is read is written back byte for byte."""
    assert lock.dump(lock.read(content, "environments/staging.lock")) == content


def sealed_secret_file(content: bytes) -> None:
    """A SealedSecret: what is written of it says the same, and is written the same again."""
    read = sealed_secret.read(content, "app.yaml")
    written = sealed_secret.to_yaml(read)
    again = sealed_secret.read(written.encode(), "app.yaml")
    assert again == read
    assert sealed_secret.to_yaml(again) == written


def secret_file(content: bytes) -> None:
    """Plain Secrets, as YAML or JSON, in Lists too: what is written of each says the same."""
    for read in plain_secret.read_all(content, "secret.yaml"):
        for written in (plain_secret.to_yaml(read), json.dumps(plain_secret.tree(read))):
            (again,) = plain_secret.read_all(written.encode(), "secret.yaml")
            assert plain_secret.tree(again) == plain_secret.tree(read)


def kustomization_file(content: bytes) -> None:
    """A kustomization: an entry comes and goes, and nothing else does."""
    file = kustomization.FILENAME
    before = kustomization.resources(content, file)
    for problem in kustomization.transformer_problems(content, file, [("app", "test", Scope.STRICT)]):
        _check_message(problem, content)
    name = "fuzzed-app.yaml"
    for entry in before:
        shorter = kustomization.update(content, file, (), (entry,))
        assert list(kustomization.resources(shorter, file)) == [other for other in before if other != entry]
    longer = kustomization.update(content, file, (name,), ())
    assert set(kustomization.resources(longer, file)) == {*before, name}
    assert kustomization.update(longer, file, (name,), ()) == longer
    if name not in before:
        undone = kustomization.update(longer, file, (), (name,))
        assert list(kustomization.resources(undone, file)) == list(before)


def certificate_file(content: bytes) -> None:
    """A certificate, and what is judged of it."""
    read = certificate.load(content, "environments/certificates/staging.pem")
    assert certificate.MIN_BITS <= read.bits <= certificate.MAX_BITS
    assert re.fullmatch(fingerprint.PATTERN, read.fingerprint)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    certificate.days_left(read, now)
    certificate.check_pin(read, read.fingerprint)
    certificate.check_validity(read, now)


# --- what holds secrets: a message must not depend on a byte of it --------------------------------------------------


def _says_only(error: SealgenError, pattern: str) -> None:
    assert re.fullmatch(pattern, error.message), "a message that holds something of the file"
    assert error.at is None


def fingerprint_key(content: bytes) -> None:
    """The fingerprint key, as a file or a variable has it."""
    try:
        key = FingerprintKey.parse(content.decode("ascii", "replace"))
    except SealgenError as error:
        _says_only(error, r"the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64")
        raise
    assert len(key.key) == 32
    assert re.fullmatch("[0-9a-f]{16}", key.id)


def kept_values_file(content: bytes) -> None:
    """The made values of a plain environment."""
    try:
        values = kept_values.load(content, ".sealgen/development.values")
    except SealgenError as error:
        _says_only(error, r"\.sealgen/development\.values is damaged")
        raise
    written = kept_values.dump(values)
    assert kept_values.dump(kept_values.load(written, "")) == written


def dotenv_file(content: bytes) -> None:
    """A .env file."""
    try:
        assignments = list(dotenv._assignments(content, ".env", "x"))
    except SealgenError as error:
        _says_only(error, r"values\.x: line \d+ of \.env is no assignment that can be read in one way only")
        raise
    assert all(1 <= line <= content.count(b"\n") + 1 for line, _, _ in assignments)


def values_file(content: bytes) -> None:
    """What a person saves in the editor of ``sealgen values edit``."""
    file = "staging.values.age"
    before = values_text.read(content, file)
    for value in (b"text: 'of' a # value\n", b"\xff\x00"):
        text = values_text.with_value(content, file, "new/name", Secret(value))
        assert _revealed(values_text.read(text, file)) == _revealed(before) | {"new/name": value}
        text = values_text.without_value(text, file, "new/name")
        left = {name: held for name, held in before.items() if name != "new/name"}
        assert _revealed(values_text.read(text, file)) == _revealed(left)


def _revealed(values: Mapping[str, Secret]) -> dict[str, bytes]:
    return {name: value.reveal() for name, value in values.items()}


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "environment": environment_file,
    "yaml": yaml_nodes,
    "template": template,
    "manifest": manifest_text,
    "recipe": recipe,
    "lock": lock_file,
    "sealed-secret": sealed_secret_file,
    "secret": secret_file,
    "kustomization": kustomization_file,
    "certificate": certificate_file,
    "fingerprint-key": fingerprint_key,
    "kept-values": kept_values_file,
    "dotenv": dotenv_file,
    "values": values_file,
}
"""By the name of their folder in the corpus."""
