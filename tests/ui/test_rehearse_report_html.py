"""The bricks of a printed report: nothing foreign gets through, nothing is fetched."""

import re

import pandas as pd
import plotly.graph_objects as go
import pytest

from core.ui import formats
from core.ui.rehearse.rehearse_report_html import chart, heading, inline, page, table

NASTY = '<script>alert("x")</script> & *stars* _lines_ `ticks` [a](b) \\ :red[x]'


def test_a_foreign_text_reads_as_it_is_and_does_nothing() -> None:
    shown = inline(formats.plain(NASTY))

    assert "<script" not in shown
    assert "<em>" not in shown
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; *stars* _lines_ " in shown
    assert ":red[x]" in shown


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**bold** and *slight*", "<strong>bold</strong> and <em>slight</em>"),
        (":gray[quiet]", "quiet"),
        (":orange[:material/warning: Careful.]", "Careful."),
        ("an `email` column", "an <code>email</code> column"),
        ("a < b", "a &lt; b"),
        (f"**{formats.plain('a*b')}**", "<strong>a*b</strong>"),
    ],
)
def test_the_marks_of_the_screen_become_html(markdown: str, html: str) -> None:
    assert inline(markdown) == html


def test_cells_and_headings_are_escaped() -> None:
    frame = pd.DataFrame({"Name": [formats.plain("<b>")], "A & B": ["1"]}).set_index("Name")

    assert "<td>&lt;b&gt;</td>" in table(frame)
    assert "<th>A &amp; B</th>" in table(frame)
    assert heading(2, "<i>") == "<h2>&lt;i&gt;</h2>"


def test_a_page_names_no_other_host_to_fetch_from() -> None:
    drawn = chart(go.Figure(go.Bar(x=["a"], y=[1])), "one")

    written = page("A title", [drawn])

    fetching = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="[^"]*"', written)
    assert fetching == []
    assert "default-src 'none'" in written
    assert 'id="chart-one"' in written
