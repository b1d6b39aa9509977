"""Formats of a diff: within the limits of who shows them, and inert whatever a name holds."""

from __future__ import annotations

import html.parser
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sealgen.formats import FORMATS
from sealgen.formats.github import MOST
from sealgen.formats.markdown import MAX_CHARACTERS
from sealgen.review.change import Change, EnvironmentDiff, Level, Word
from sealgen.review.reporting import report

HOSTILE = "<script>alert(1)</script>\n::error::x|`y` @team [a](http://b) \x1b[31m %0A**z** &lt;"


def diff(*changes: Change, name: str = "staging") -> EnvironmentDiff:
    return EnvironmentDiff(name, changes)


def change(text: str, level: Level = Level.PLAIN) -> Change:
    return Change(Word.VALUE, text, text, text, level, "k8s/a.yaml", 3, (text,))


def test_markdown_is_a_table_with_findings_marked() -> None:
    plain = Change(Word.VALUE, "jwt 1 → 2", "backend", "JWT", Level.PLAIN, "k8s/a.yaml", 3)
    finding = Change(Word.UNEXPLAINED, "nothing says why", "backend", "URL", Level.UNEXPLAINED, "k8s/a.yaml", 4)
    trust = Change(Word.SCOPE, "strict → cluster-wide", "backend", level=Level.TRUST)
    text = FORMATS["markdown"](report([diff(finding, trust, plain, name="production")]))
    assert text == (
        "### Sealed secrets: 2 findings\n"
        "\n🛑 nothing explains it &nbsp; ⚠️ a matter of trust\n"
        "\n<details open><summary><b>production</b>: 3 changes, 2 findings</summary>\n\n"
        "| | secret | key | change | detail |\n|-|-|-|-|-|\n"
        "| 🛑 | <code>backend</code> | <code>URL</code> | unexplained | <code>nothing says why</code> |\n"
        "| ⚠️ | <code>backend</code> |  | scope | <code>strict → cluster-wide</code> |\n"
        "|  | <code>backend</code> | <code>JWT</code> | value | <code>jwt 1 → 2</code> |\n"
        "\n</details>\n"
    )
    assert FORMATS["markdown"](report([])) == "### Sealed secrets\n\nNothing sealed changed.\n"


def test_a_comment_stays_under_githubs_limit_and_counts_what_it_leaves_out() -> None:
    changes = [change(f"key-{number}" + "x" * 300) for number in range(500)]
    text = FORMATS["markdown"](report([diff(*changes), diff(change("last"), name="zzz")]))
    assert len(text) < MAX_CHARACTERS
    shown = text.count("| value |")
    assert 0 < shown < 500
    assert f"\n{501 - shown} more changes: run <code>sealgen diff</code> to see them all.\n" in text
    assert text.count("<details") == text.count("</details>")


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text() | st.just(HOSTILE))
def test_no_text_is_markup_in_markdown(text: str) -> None:
    told = FORMATS["markdown"](report([diff(change(text), name=text)]))
    tags = Tags()
    tags.feed(told)
    tags.close()
    assert tags.found <= {"details", "summary", "code", "b"}
    (row,) = [line for line in told.splitlines() if line.startswith("|  |")]
    assert row.count("|") == 6
    assert not set("`*_[]@~") & set(row)


@given(st.text() | st.just(HOSTILE))
def test_no_text_is_a_command_or_a_property_of_an_annotation(text: str) -> None:
    (line,) = FORMATS["github"](report([diff(change(text), name=text)])).split("\n")[:-1]
    head, _, rest = line.removeprefix("::notice ").partition("::")
    assert line.startswith("::notice file=k8s/a.yaml,line=3,title=")
    assert head.count(",") == 2
    assert "\r" not in rest


@given(st.text() | st.just(HOSTILE))
def test_json_formats_hold_no_control_character(text: str) -> None:
    diffs = [diff(change(text), name=text)]
    (result,) = json.loads(FORMATS["sarif"](report(diffs)))["runs"][0]["results"]
    (entry,) = json.loads(FORMATS["gitlab"](report(diffs)))
    assert result["message"]["text"].isprintable()
    assert entry["description"].isprintable()


def test_annotations_are_of_three_types_within_githubs_limit() -> None:
    changes = [change(str(number), level) for level in Level for number in range(12)]
    lines = FORMATS["github"](report([diff(*changes)])).splitlines()
    assert len(lines) == 3 * MOST
    assert lines[9] == "::error title=sealgen::3 more of this kind; 'sealgen diff' shows them all"
    assert [line.split()[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"] * 10


def test_sarif_and_code_quality_name_the_line_and_the_severity() -> None:
    diffs = [diff(change("x", Level.UNEXPLAINED))]
    (result,) = json.loads(FORMATS["sarif"](report(diffs)))["runs"][0]["results"]
    assert result["level"] == "error"
    place = {"artifactLocation": {"uri": "k8s/a.yaml"}, "region": {"startLine": 3}}
    assert result["locations"] == [{"physicalLocation": place}]
    (entry,) = json.loads(FORMATS["gitlab"](report(diffs)))
    assert (entry["severity"], entry["location"]) == ("critical", {"path": "k8s/a.yaml", "lines": {"begin": 3}})


def test_files_are_by_the_root_of_the_repository() -> None:
    told = report([diff(change("x"))])
    (entry,) = told.below("deep/er").sections[0].entries
    assert entry.file == "deep/er/k8s/a.yaml"
    assert told.below(".") is told
    outside = replace(change("x"), file="../../kustomization.yaml")
    (entry,) = report([diff(outside)]).below("deep/er").sections[0].entries
    assert entry.file == "kustomization.yaml"


def test_code_quality_tells_several_changes_of_one_place_apart() -> None:
    entries = json.loads(FORMATS["gitlab"](report([diff(change("x"), change("x"), change("y"))])))
    assert len({entry["fingerprint"] for entry in entries}) == 3


def test_a_path_in_sarif_is_a_uri() -> None:
    odd = replace(change("x"), file="a b/ü.yaml")
    (result,) = json.loads(FORMATS["sarif"](report([diff(odd)])))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC.yaml"
