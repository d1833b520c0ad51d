"""The bricks of a printed report: escaped texts, tables and charts in one file of their own."""

import re
from collections.abc import Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

_CHART_WIDTH = 720
_CHART = {"staticPlot": True, "displayModeBar": False, "plotlyServerURL": ""}

# Nothing is fetched from anywhere, whatever the charts' code would like to.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:; worker-src blob:">
<title>{title}</title>
<style>{style}</style>
<script>{plotly}</script>
</head>
<body>
{body}
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2430; background: #fff;
  max-width: 760px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .4rem; border-top: 2px solid #4c5fd5; padding-top: .8rem; }
h3 { font-size: 1.02rem; margin: 1.4rem 0 .3rem; }
p { margin: .4rem 0; }
.note { color: #667085; font-size: .87rem; }
.numbers { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: .8rem 0; }
.numbers div span { display: block; color: #667085; font-size: .85rem; }
.numbers div strong { font-size: 1.5rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .87rem; }
th, td { text-align: left; vertical-align: top; padding: .28rem .5rem;
  border-bottom: 1px solid #e4e7ec; overflow-wrap: break-word; }
thead th { border-bottom: 2px solid #c9ceda; }
.wide { overflow-x: auto; }
@media print {
  body { max-width: none; margin: 0; font-size: 12px; }
  h2 { break-before: page; border-top: 0; }
  h2.first { break-before: auto; }
  h1, h2, h3 { break-after: avoid; }
  table, .chart, .numbers { break-inside: avoid; }
}
@page { margin: 16mm 14mm; }
"""

_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_ICON = re.compile(r":material/\w+:\s*")
_COLOURED = re.compile(r":[a-z]+\[((?:[^\[\]]|\\.)*)\]")
_STRONG = re.compile(r"\*\*(.+?)\*\*")
_SLIGHT = re.compile(r"\*(.+?)\*")
_CODE = re.compile(r"`(.+?)`")
_HIDDEN = 0xE000  # private characters stand for escaped signs while the marks are read


def page(title: str, parts: Sequence[str]) -> str:
    """Put a whole page together; it holds all it needs."""
    return _PAGE.format(
        title=escape(title), style=_STYLE, plotly=get_plotlyjs(), body="\n".join(parts)
    )


def inline(markdown: str) -> str:
    """Give a sentence for the screen as HTML: bold and slight words stay, the rest is escaped."""
    hidden = _ESCAPED.sub(lambda found: chr(_HIDDEN + ord(found[1])), markdown)
    bare = _COLOURED.sub(r"\1", _ICON.sub("", hidden))
    strong = _STRONG.sub(r"<strong>\1</strong>", escape(bare))
    marked = _CODE.sub(r"<code>\1</code>", _SLIGHT.sub(r"<em>\1</em>", strong))
    shown = (
        escape(chr(ord(sign) - _HIDDEN)) if _HIDDEN < ord(sign) < _HIDDEN + 128 else sign
        for sign in marked.replace("  \n", "<br>")
    )
    return "".join(shown)


def heading(level: int, text: str, *, is_first: bool = False) -> str:
    """Give a heading; the first of a page does not begin a new one in print."""
    css = ' class="first"' if is_first else ""
    return f"<h{level}{css}>{escape(text)}</h{level}>"


def paragraph(markdown: str) -> str:
    """Give a sentence as a paragraph."""
    return f"<p>{inline(markdown)}</p>"


def note(markdown: str) -> str:
    """Give a sentence in small print."""
    return f'<p class="note">{inline(markdown)}</p>'


def numbers(by_label: dict[str, str]) -> str:
    """Give big figures with their labels."""
    shown = "".join(
        f"<div><span>{escape(label)}</span><strong>{escape(value)}</strong></div>"
        for label, value in by_label.items()
    )
    return f'<div class="numbers">{shown}</div>'


def table(frame: pd.DataFrame) -> str:
    """Give a table of texts for the screen, its index as the first column."""
    columns = [str(frame.index.name or ""), *(str(column) for column in frame.columns)]
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{inline(str(cell))}</td>' for cell in row)}</tr>"
        for row in frame.itertuples()
    )
    filled = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<div class="wide"><table>{filled}</table></div>'


def chart(figure: go.Figure, name: str) -> str:
    """Give a chart that cannot be dragged about; `name` tells charts of a page apart."""
    drawn = go.Figure(figure).update_layout(width=_CHART_WIDTH)
    drawn.update_xaxes(automargin=True)
    drawn.update_yaxes(automargin=True)
    html = drawn.to_html(
        full_html=False, include_plotlyjs=False, config=_CHART, div_id=f"chart-{name}"
    )
    return f'<div class="chart wide">{html}</div>'
