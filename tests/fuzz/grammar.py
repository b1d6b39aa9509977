"""Inputs that are nearly right, made by a grammar: what random bytes would hardly ever come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.filters import FILTERS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

_FILTERS = tuple(sorted(set(FILTERS) - {"htpasswd"}))  # bcrypt is slow, which is its point
_SECRETS = ("values.a", "values.b", "values.password", "values.tls.crt", "values.tls.key", "values['a']")
_KNOWN_TEXTS = (
    *("vars.host", "vars.host", "vars.word", "vars.path", "vars.sign", "vars.users[0].name", "vars.list[1]"),
    *("secret.name", "secret.name", "secret.namespace", "environment", "vars.port", "vars.list | join('-')", "'x'"),
)
_TEXTS = (
    *("vars.host", "vars.host", "vars.word", "vars.path", "vars.sign", "vars.users[0].name", "vars.list[1]", "user"),
    *("secret.name", "secret.namespace", "environment", "vars.port", "vars.on", "vars.none", "vars.list | join('-')"),
    *("'x'", "'a b'", "''", "'1'", '"\\n"', "'- '", "': '", "' #'", "1", "-7", "true", "none", "loop.index", "m('p')"),
)
_OTHER_FILTERS = (
    *("length", "first", "last", "list", "string", "int", "title", "capitalize", "reverse", "sort", "unique", "center"),
    *("indent(2)", "default('d')", "d('d', true)", "join(',')", "join(vars.host)", "truncate(3)", "wordwrap(4)"),
    *("replace('d', 'e')", "replace(vars.host, 'e')", "replace('d', values.a)", "batch(2)", "items", "dictsort"),
    *("map('upper')", "map(attribute='name')", "select", "format(vars.host)", "trim('d')", "string", "pprint", "abs"),
)
_OPERATORS = ("~", "~", "~", "~", "+", "==", "!=", "<", "in", "and", "or", "%", "*", "is", "-", "//")
_PLACES = ("metadata", "metadata", "stringData", "stringData", "data", "type", "immutable", "comment")


def _sound(chance: random.Random, depth: int = 0) -> str:
    """Return an expression that most templates could have."""
    roll = chance.random()
    if depth > 2 or roll < 0.6:
        return chance.choice(_SECRETS if chance.random() < 0.4 else _KNOWN_TEXTS)
    inner = _sound(chance, depth + 1)
    if roll < 0.8:
        return f"({inner} ~ {_sound(chance, depth + 1)})"
    name = chance.choice(_FILTERS)
    arguments = ", ".join(_sound(chance, depth + 1) for _ in FILTERS[name].parameters)
    return f"({inner} | {name}({arguments}))"


def _expression(chance: random.Random, depth: int = 0) -> str:
    """Return any expression: most of them fail."""
    roll = chance.random()
    if depth > 3 or roll < 0.45:
        return chance.choice(_SECRETS if chance.random() < 0.4 else _TEXTS)
    inner = _expression(chance, depth + 1)
    if roll < 0.65:
        name = chance.choice(_FILTERS)
        wanted = FILTERS[name].parameters
        arguments = ", ".join(_expression(chance, depth + 2) for _ in wanted)
        return f"{inner} | {name}" + (f"({arguments})" if wanted else "")
    if roll < 0.73:
        return f"({inner}) | {chance.choice(_OTHER_FILTERS)}"
    if roll < 0.9:
        return f"({inner} {chance.choice(_OPERATORS)} {_expression(chance, depth + 1)})"
    return chance.choice(
        (
            f"({inner} if {_expression(chance, depth + 1)} else 'e')",
            f"[{inner}, vars.host] | tojson",
            f"{{'k': {inner}, vars.host: 1}} | tojson",
            f"vars[{inner}]",
            f"'%s' | format({inner})",
            f"({inner})[0:2]",
            f"m({inner})",
            f"({inner} is defined)",
            f"'{{}}'.format({inner})",
            f"({inner}).upper()",
        )
    )


def _print(chance: random.Random) -> str:
    return f"{{{{ {(_sound if chance.random() < 0.85 else _expression)(chance)} }}}}"


def _words(chance: random.Random) -> str:
    """Return text as it stands in a scalar, in about half of the cases with something printed."""
    plain: tuple[str, ...] = ("", "x", "x", "db.example", "1", "-", "a b", "/", ".", "é", "0x", "1e", "null", "=")
    if chance.random() < 0.15:
        plain = (":", ": ", "#", " #", "'", '"', "\\", "~", "&", "*", "!", "%", "@", "`", "{", "[", ",", "?")
    count = chance.choice((1, 1, 1, 2, 2, 3))
    return "".join(_print(chance) if chance.random() < 0.5 else chance.choice(plain) for _ in range(count))


def _scalar(chance: random.Random, indent: str) -> str:
    words = _words(chance)
    match chance.randrange(8):
        case 0 | 1:
            return words
        case 2 | 3 | 4:
            return f'"{words}"'
        case 5:
            return f"'{words}'"
        case 6:
            return f"{chance.choice(('|', '|-', '>-', '>', '|+'))}\n{indent}  {words}\n{indent}  {_words(chance)}"
        case _:
            return f'"{{{{ {chance.choice(_SECRETS)} }}}}"'


def _entry(chance: random.Random, indent: str) -> str:
    key = chance.choice(
        ("a.b", "tls.crt", f"K_{chance.randrange(50)}", f"k{chance.randrange(50)}", "app.kubernetes.io/name")
    )
    if chance.random() < 0.04:
        key = _words(chance)
    line = f"{indent}{key}: {_scalar(chance, indent)}\n"
    match chance.randrange(20):
        case 0:
            return f"{{% if {_expression(chance)} %}}\n{line}{{% else %}}\n{line}{{% endif %}}\n"
        case 1:
            over = chance.choice(("vars.list", "values", "vars", "vars.users", "range(3)", "[values.a, 'x']", "m('x')"))
            each = f"{indent}k{{{{ loop.index }}}}: {_scalar(chance, indent)}\n"
            return f"{{% for user in {over} %}}\n{each}{{% endfor %}}\n"
        case 2:
            return f"{{% set {chance.choice(('user', 'vars', 'x'))} = {_expression(chance)} %}}\n{line}"
        case 3:
            return f"{{% filter {chance.choice(_FILTERS)} %}}{_words(chance)}{{% endfilter %}}\n{line}"
        case 4:
            return f"{{% set user %}}{_words(chance)}{{% endset %}}\n{line}"
        case 5:
            return f"{line}{indent}# {_words(chance)}\n"
        case _:
            return line


def _section(chance: random.Random, place: str) -> str:
    entries = "".join(_entry(chance, "  ") for _ in range(chance.choice((1, 1, 2, 3))))
    match place:
        case "metadata":
            name = chance.choice(
                ("{{ secret.name }}", '"{{ secret.name }}"', "{{ secret.name }}", "app", _words(chance))
            )
            lines = [f"metadata:\n  name: {name}\n"] if chance.random() < 0.8 else ["metadata:\n"]
            for field in ("labels", "annotations"):
                if chance.random() < 0.5:
                    lines += f"  {field}:\n", *(_entry(chance, "    ") for _ in range(chance.choice((1, 1, 2))))
            return "".join(lines)
        case "type" | "immutable":
            return f"{place}: {chance.choice(('Opaque', 'true', 'true', _scalar(chance, '')))}\n"
        case "comment":
            return f"# {_words(chance)}\n"
        case "data":
            return f"data:\n  d: {{{{ ({_sound(chance)}) | b64encode }}}}\n" + (
                entries if chance.random() < 0.2 else ""
            )
        case _ if chance.random() < 0.1:
            return f"{place}: {{k: {_scalar(chance, '')}, l: {_scalar(chance, '')}}}\n"
        case _:
            return f"{place}:\n{entries}"


def template(chance: random.Random) -> bytes:
    """Return a template, perhaps with another one that it includes."""
    macro = f"{{% macro m(p) %}}{_words(chance)}{{{{ p }}}}{{% endmacro %}}\n" if chance.random() < 0.3 else ""
    places = dict.fromkeys(chance.choices(_PLACES, k=chance.choice((1, 2, 3))))
    body = "".join(_section(chance, place) for place in places)
    if "stringData" not in places and chance.random() < 0.9:
        body += f"stringData:\n{_entry(chance, '  ')}"
    whole = f"{macro}apiVersion: v1\nkind: Secret\n{body}"
    if chance.random() < 0.15:
        use = chance.choice(
            (
                "{% include 'part.yaml.j2' %}",
                "{% import 'part.yaml.j2' as m with context %}",
                "{% from 'part.yaml.j2' import m %}",
            )
        )
        part = chance.choice(
            (_entry(chance, "  "), f"{{% macro m(p) %}}{_words(chance)}{{% endmacro %}}", _words(chance))
        )
        whole += f"{use}\n=== next file ===\n{part}"
    return whole.encode()


def recipe(chance: random.Random) -> bytes:
    """Return a program that builds a recipe, as the target of that name reads it."""
    steps: list[bytes] = []
    for _ in range(chance.choice((1, 2, 3, 4, 5, 6, 8, 12, 20))):
        roll = chance.random()
        if roll < 0.35:
            steps.append(chance.choice((b"=a", b"=b", b"=fuzzed", b"=fuzzed", b"=tls.crt", b"=tls.key")))
        elif roll < 0.7:
            steps.append(b"|" + chance.choice(_FILTERS).encode())
        else:
            steps.append(chance.choice((b"", b"x", b"'", b'"', b"\\", "«a»".encode(), b"aGk=", b"a", b" ", b"=", b"Q")))
    fuzzed = chance.choice(
        (
            b"",
            b"x",
            b"aGk=",
            b"a b",
            b"'\\",
            b'"',
            b"\x00",
            b"\xff",
            "ſß«".encode(),
            chance.randbytes(chance.randrange(9)),
        )
    )
    return b"\n".join((fuzzed.replace(b"\n", b""), *steps))


GRAMMARS: Mapping[str, Callable[[random.Random], bytes]] = {"template": template, "recipe": recipe}
"""By the name of the target."""
