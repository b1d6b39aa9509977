"""A diff in Markdown, rendered by a renderer that is not ours and shown by a real browser: nothing in it is markup."""

from __future__ import annotations

import html.parser
from typing import TYPE_CHECKING

import pytest

from tests.conformance.conftest import tool
from tests.support.browser import document
from tests.support.comment import page
from tests.support.project import Project, aura

if TYPE_CHECKING:
    from pathlib import Path

RUNS = "document.title='ran'"
HOSTILE = [
    f"<script>{RUNS}</script>",
    f'<img src=x onerror="{RUNS}">',
    f"</code></td></table></details><svg onload={RUNS}>",
    f"[press](javascript:{RUNS})",
    f"<javascript:{RUNS}>",
    "![x](https://example.org/x.png)",
    "https://example.org www.example.org a@example.org @aura/team #1",
    "| a | b |",
    "`x` **bold** ~~gone~~ <!-- &lt;b&gt;",
]


class Shown(html.parser.HTMLParser):
    """What a page has become: its title, and in its comment the tags, their attributes and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.title = text.partition("<title>")[2].partition("</title>")[0]
        self.feed(text.partition('<div class="body">')[2].partition("</div></div></body>")[0])
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module", autouse=True)
def _browser() -> None:
    tool("chromium")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, sealed and committed."""
    project = aura(tmp_path)
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "--quiet")
    assert project.run("seal", "staging", "-q").code == 0
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "first")
    return project


@pytest.mark.parametrize("hostile", [HOSTILE[0], *HOSTILE[1:3]])
def test_the_browser_runs_what_a_page_has_to_run(hostile: str) -> None:
    """So that the next test would see it."""
    assert Shown(document(page("safe").replace("safe", hostile))).title == "ran"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_runs_or_is_markup(hostile: str, project: Project) -> None:
    given = hostile.replace("'", "''")
    project.edit("environments/staging.yaml", "    env: SMTP_PASSWORD", f"    exec: ['{given}']")
    project.edit("k8s/overlays/staging/backend-secrets.yaml", "app: backend", f"app: '{given}'")
    project.write(
        "k8s/overlays/staging/backend.yaml",
        f"kind: Pod\nmetadata: {{name: '{given}'}}\nspec: {{imagePullSecrets: [{{name: backend-secrets}}]}}\n",
    )
    project.edit("k8s/overlays/staging/kustomization.yaml", "resources:\n", "resources:\n- backend.yaml\n")
    told = project.run("diff", "--format", "markdown")
    assert told.code == 11
    shown = Shown(document(page(told.out)))
    assert shown.title == "comment"
    assert shown.tags <= {
        "h3", "p", "details", "summary", "b", "code", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert shown.attributes <= {"open"}
    assert f"smtp_password: read (env SMTP_PASSWORD) → read (exec {hostile})" in shown.text
    assert f"labels.app: backend → {hostile}" in shown.text
    assert f"pod/{hostile} reads backend-secrets" in shown.text
