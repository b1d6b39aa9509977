"""``rotation:`` says what is run in one way only, and a secret is in what a program reads and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sealgen import recipe
from sealgen.config import environment as config
from sealgen.errors import ConfigurationError
from sealgen.rotation.runbook import Phase, Runbook

ROOT = Path(__file__).parents[2]
HEAD = """\
namespace: aura-staging
backend: {kind: plain}
vars: {db: aura_db, tls: true, hosts: [a, b]}
secrets: []
values:
  user: {literal: aura}
  pair: {generate: ssh}
  password:
    generate: hex
"""
LINE = HEAD.count("\n") + 1


def load(rotation: str) -> Runbook:
    """Return the steps of the value ``password`` whose rotation stands on one line, or on more that are indented."""
    text = f"{HEAD}    rotation: {rotation}\n"
    return config.load("staging", {"environments/staging.yaml": text.encode()}.get).runbooks["password"]


def refusal(rotation: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(rotation)
    place, _, message = str(caught.value).partition(": ")
    return f"{place.removeprefix('environments/staging.yaml:')}: {message}"


def test_a_step_is_a_list_or_says_more() -> None:
    steps = load(
        """
      before:
        - name: change it
          run: [kubectl, exec, -i, -n, "{{ namespace }}", "{{ vars.db }}-0", --, psql]
          stdin: ALTER USER "{{ values.user }}" PASSWORD {{ values.password | sqlquote }};
          timeout: 2m
          rollback: {run: [undo], stdin: "{{ previous.password | sqlquote }}"}
      after:
        - [kubectl, apply, -k, "{{ output }}"]
      verify:
        - {run: [ask, "{{ environment }}", yes, 012, ""], rollback: [forget]}
    """
    )
    assert [(step.phase, step.name, step.command.line, step.command.timeout) for step in steps] == [
        (Phase.BEFORE, "change it", "kubectl exec -i -n aura-staging aura_db-0 -- psql", 120),
        (Phase.AFTER, None, "kubectl apply -k k8s/overlays/staging", 600),
        (Phase.VERIFY, None, "ask staging yes 012 ''", 600),
    ]
    read = [step.command.stdin for step in steps]
    assert read[0] is not None
    assert recipe.text(read[0]) == 'ALTER USER "«user»" PASSWORD «password|sqlquote»;'
    assert read[1:] == [None, None]
    undone = [step.rollback for step in steps]
    assert undone[0] is not None
    assert undone[0].stdin is not None
    assert recipe.text(undone[0].stdin) == "«previous.password|sqlquote»"
    assert undone[1] is None
    assert undone[2] is not None
    assert undone[2].run == ("forget",)


def test_what_a_program_reads_is_a_template_as_others_are() -> None:
    (step,) = load(
        """
      before:
        - run: [program]
          stdin: |
            {% for host in vars.hosts %}
            host {{ host }} {{ values.password ~ values.pair.public | b64encode }}
            {% endfor %}
    """
    )
    assert step.command.stdin is not None
    assert recipe.text(step.command.stdin) == (
        "host a «password»«pair.public|b64encode»\nhost b «password»«pair.public|b64encode»\n"
    )


NO_STEP = "values.password.rotation has no step; write before, after or verify"
A_SECRET = "is a secret, and others see the arguments of a program; give it on standard input (stdin:)"
RUN = "values.password.rotation.before[0].run"
STDIN = "values.password.rotation.before[0].stdin"


@pytest.mark.parametrize(
    ("rotation", "message"),
    [
        ("[]", "15: values.password.rotation must be a mapping"),
        ("{}", f"15: {NO_STEP}"),
        ("{before: []}", f"24: {NO_STEP}"),
        ("{befor: []}", "16: unknown field 'values.password.rotation.befor'; did you mean 'before'?"),
        ("{before: kubectl}", "24: values.password.rotation.before must be a list"),
        (
            "{before: [kubectl]}",
            (
                "25: values.password.rotation.before[0] must be a list (a program and its arguments) "
                "or a mapping with run:"
            ),
        ),
        ("{before: [[]]}", f"25: {RUN} is empty"),
        ("{before: [['']]}", f"26: {RUN}[0]: the program's name is empty"),
        ("{before: [[a, ~]]}", f"29: {RUN}[1] is empty; it must be text; write '' for an empty one"),
        ("{before: [[a, [b]]]}", f"29: {RUN}[1] must be text; write '' for an empty one, not a list"),
        ("{before: [{stdin: a}]}", f"25: {RUN} is missing; write run: [kubectl, apply, -k, k8s/overlays/staging]"),
        (
            "{before: [{run: [a], timeou: b}]}",
            "36: unknown field 'values.password.rotation.before[0].timeou'; did you mean 'timeout'?",
        ),
        (
            "{before: [{run: [a], rollback: {run: [b], rollback: [c]}}]}",
            "57: unknown field 'values.password.rotation.before[0].rollback.rollback'; known are run, stdin, timeout",
        ),
        (
            "{before: [{run: [a], timeout: 10}]}",
            "45: values.password.rotation.before[0].timeout must be a duration such as 30s, 12m, not '10'",
        ),
        (
            '{before: [{run: [a], name: ""}]}',
            "42: values.password.rotation.before[0].name: it must be one line of printable text",
        ),
        (
            '{before: [{run: [a], name: "a\\nb"}]}',
            "42: values.password.rotation.before[0].name: it must be one line of printable text",
        ),
        ('{before: [[psql, "{{ values.password }}"]]}', f"32: {RUN}[1]: «password» {A_SECRET}"),
        ('{before: [[psql, "-p{{ values.password | urlquote }}"]]}', f"32: {RUN}[1]: «password|urlquote» {A_SECRET}"),
        ('{before: [[psql, "{{ values.user }}"]]}', f"32: {RUN}[1]: «user» {A_SECRET}"),
        ('{before: [[psql, "{{ previous.password }}"]]}', f"32: {RUN}[1]: «previous.password» {A_SECRET}"),
        ('{before: [["{{ values.pair.private }}"]]}', f"26: {RUN}[0]: «pair.private» {A_SECRET}"),
        (
            "{before: [{run: [a], rollback: [b, '{{ values.password }}']}]}",
            f"50: values.password.rotation.before[0].rollback.run[1]: «password» {A_SECRET}",
        ),
        ('{before: [[a, "{{ values.pasword }}"]]}', f"29: {RUN}[1]: values has no 'pasword'; did you mean 'password'?"),
        (
            '{before: [{run: [a], stdin: "{{ previous.user }}"}]}',
            f"43: {STDIN}: previous has no 'user'; known are password",
        ),
        (
            '{before: [{run: [a], stdin: "{{ values.pair }}"}]}',
            f"43: {STDIN}: values.pair has parts; write values.pair.private or values.pair.public",
        ),
        (
            '{before: [{run: [a], stdin: "{% if values.password %}x{% endif %}"}]}',
            f"43: {STDIN}: «password» is a secret: it can't be tested in a template",
        ),
        ('{before: [[a, "{{ vars.host }}"]]}', f"29: {RUN}[1]: vars has no 'host'; did you mean 'hosts'?"),
        (
            '{before: [[a, "{{ vars.db "]]}',
            f"29: {RUN}[1]: unexpected end of template, expected 'end of print statement'.",
        ),
        ("{before: [[a, \"{% include 'b' %}\"]]}", f"29: {RUN}[1]: there is no template templates/b"),
        ('{before: [[a, "b\\nc"]]}', f"29: {RUN}[1]: an argument must be printable text"),
        ("{before: [[a, \"{{ '\\x07' }}\"]]}", f"29: {RUN}[1]: an argument must be printable text"),
        ('{before: [[a, "b\\u202Ec"]]}', f"29: {RUN}[1]: an argument must be printable text"),
        ("{before: [[a, \"{{ 'x' | htpasswd('u') }}\"]]}", f'29: {RUN}[1]: «"x"|htpasswd("u")» {A_SECRET}'),
    ],
)
def test_what_is_no_rotation_is_refused_where_it_stands(rotation: str, message: str) -> None:
    assert refusal(rotation) == f"{LINE}:{message}"


def test_only_what_is_made_has_a_rotation() -> None:
    text = HEAD.replace("{literal: aura}", "{env: X, rotation: {after: [[a]]}}")
    with pytest.raises(ConfigurationError) as caught:
        config.load("staging", {"environments/staging.yaml": text.encode()}.get)
    assert caught.value.message == "values.user.rotation goes with generate or prompt, not with env"


def test_an_environment_replaces_the_steps_of_one_phase_or_takes_all_out() -> None:
    base = f"{HEAD}    rotation: {{before: [[a]], after: [[b]]}}\n"
    for over, expected in (
        ("{rotation: {after: [[c]]}}", [("before", "a"), ("after", "c")]),
        ("{rotation: {before: ~}}", [("after", "b")]),
        ("{rotation: ~}", []),
        ("{env: X}", []),
    ):
        files = {
            "environments/base.yaml": base.encode(),
            "environments/staging.yaml": f"extends: base\nvalues: {{password: {over}}}\n".encode(),
        }
        steps = config.load("staging", files.get).runbooks.get("password", ())
        assert [(step.phase, step.command.line) for step in steps] == expected


def test_a_digest_tells_steps_apart_by_what_they_do() -> None:
    texts = [
        "[[a, b]]",
        "[[a b]]",
        "[{run: [a, b], stdin: c}]",
        "[{run: [a, b], stdin: '{{ values.password }}'}]",
        "[{run: [a, b], stdin: '{{ values.password | b64encode }}'}]",
        "[{run: [a, b], rollback: [c]}]",
    ]
    steps = [load(f"{{before: {text}}}")[0] for text in texts]
    steps.append(load("{after: [[a, b]]}")[0])
    assert len({step.digest for step in steps}) == len(steps)
    renamed = load("{before: [{run: [a, b], name: it, timeout: 3s}]}")[0]
    assert renamed.digest == steps[0].digest


def test_the_example_of_the_documentation_is_one() -> None:
    page = (ROOT / "docs/rotation.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(postgres_password:\n.*?)```", page, re.DOTALL)
    text = f"{HEAD}  postgres_user: {{literal: aura}}\n" + "".join(f"  {line}\n" for line in block.splitlines())
    steps = config.load("staging", {"environments/staging.yaml": text.encode()}.get).runbooks["postgres_password"]
    assert [step.phase for step in steps] == [Phase.BEFORE, *[Phase.AFTER] * 4, Phase.VERIFY]
