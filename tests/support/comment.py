"""A comment in Markdown as a page: rendered as GitHub does, by a renderer that is not ours, in similar colours."""

from __future__ import annotations

from markdown_it import MarkdownIt

_STYLE = """
body { margin: 0; padding: 20px; background: #fff; color: #1f2328; font: 14px/1.5 "DejaVu Sans", sans-serif; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; }
.by { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; padding: 8px 16px; }
.by { color: #59636e; }
.by b { color: #1f2328; }
.body { padding: 0 16px 12px; }
h3 { font-size: 17px; margin: 16px 0 12px; }
details { margin: 8px 0; }
summary { cursor: pointer; }
table { border-collapse: collapse; margin: 8px 0; font-size: 13px; }
th, td { border: 1px solid #d1d9e0; padding: 5px 10px; text-align: left; }
tr:nth-child(2n) { background: #f6f8fa; }
code { background: #818b981f; border-radius: 5px; padding: 2px 5px; font: 12px "DejaVu Sans Mono", monospace; }
p, ul { margin: 8px 0; }
"""


def page(markdown: str) -> str:
    """Return the page."""
    renderer = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    body = renderer.render(markdown)
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>comment</title><style>{_STYLE}</style></head>'
        '<body><div class="comment"><div class="by"><b>github-actions</b> commented</div>'
        f'<div class="body">{body}</div></div></body></html>'
    )
