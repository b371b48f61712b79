"""The report for people: one HTML file that needs nothing beside it.

Invariant: everything that comes from a file or a parameter is escaped; the same film gives the same
bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from farm_finish.quality.finding import Finding
from farm_finish.quality.graph import Graph, svg

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--page:#fff;--faint:#eef1f6;--line:#2563b8;--bad:#c4321c;
--good:#1f7a3f}
@media(prefers-color-scheme:dark){:root{--ink:#dde3ee;--page:#12161d;--faint:#1d232e;--line:#6fb1ff;
--bad:#ff7a64;--good:#62c987}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:760px;
margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin:0 0 .2em}h2{font-size:1.05em;margin:1.8em 0 .4em}
table{border-collapse:collapse;width:100%;font-size:.92em}
td,th{text-align:left;padding:.3em .6em .3em 0;border-bottom:1px solid var(--faint);
vertical-align:top}
.verdict{font-weight:600}.yes{color:var(--good)}.no{color:var(--bad);font-weight:600}
svg{width:100%;display:block}svg .ground{fill:var(--faint)}svg .bad{fill:var(--bad);opacity:.25}
svg .limit{stroke:var(--bad);stroke-dasharray:4 3}
svg polyline{fill:none;stroke:var(--line);stroke-width:1.4;stroke-linejoin:round}
svg text{font:10px system-ui,sans-serif;fill:var(--ink);opacity:.7}svg .end{text-anchor:end}
figure{display:inline-block;margin:.3em .6em .3em 0;width:220px;vertical-align:top}
figure img{width:100%;display:block}figcaption{font-size:.82em}
"""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """jpeg : a small picture. caption : what is wrong with it, and when."""

    jpeg: bytes
    caption: str


def page(
    title: str,
    facts: Sequence[tuple[str, str]],
    findings: Sequence[Finding],
    graphs: Sequence[Graph],
    thumbnails: Sequence[Thumbnail],
    length_s: float,
) -> str:
    """The whole page. facts : name and text of each."""
    failed = [finding for finding in findings if not finding.passed]
    verdict = f"{len(failed)} of {len(findings)} checks failed" if failed else "All checks passed"
    rows = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in facts)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="verdict {"no" if failed else "yes"}">{verdict}</p>',
        f"<table>{rows}</table>",
        "<h2>Checks</h2><table><tr><th></th><th>check</th><th>found</th><th>limit</th>"
        "<th>where</th></tr>",
        *(_row(finding) for finding in (*failed, *(f for f in findings if f.passed))),
        "</table>",
    ]
    if thumbnails:
        parts.append("<h2>Pictures</h2>")
        parts += [_figure(thumbnail) for thumbnail in thumbnails]
    for graph in graphs:
        parts.append(f"<h2>{escape(graph.title)}</h2>{svg(graph, length_s)}")
    return "".join([*parts, "</body></html>\n"])


def _row(finding: Finding) -> str:
    mark = '<td class="yes">✓</td>' if finding.passed else '<td class="no">✗</td>'
    cells = (finding.check, finding.said, finding.text(finding.limit), finding.where())
    return f"<tr>{mark}" + "".join(f"<td>{escape(text)}</td>" for text in cells) + "</tr>"


def _figure(thumbnail: Thumbnail) -> str:
    data = base64.b64encode(thumbnail.jpeg).decode("ascii")
    caption = escape(thumbnail.caption)
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="{caption}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
