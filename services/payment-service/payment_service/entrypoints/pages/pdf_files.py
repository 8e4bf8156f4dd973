"""Invoices and receipts as PDF, on A4 with the built-in fonts: Latin letters alone.

What those cannot write is left out for something they can: a batch's id for its title.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response

_MARGIN_MM, _LINE_MM, _SMALL_MM = 20, 6, 5
_TITLE_POINTS, _TEXT_POINTS, _SMALL_POINTS = 18, 10, 8


@dataclass(frozen=True)
class Paper:
    """`facts` are (name, value); the last of `widths` columns is put to the right, as numbers are;
    `totals` are (name, value), the last one in bold.
    """

    title: str
    issuer: str
    billed_to: str
    facts: Sequence[tuple[str, str]]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    totals: Sequence[tuple[str, str]]
    note: str


def latin(text: str, instead: str = "") -> str:
    """The text if the built-in fonts can write it, else `instead`."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return instead
    return text


def pdf_file(name: str, paper: Paper) -> Response:
    response = Response(_bytes(paper), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _bytes(paper: Paper) -> bytes:
    # Here and not above: few requests need it, and every process would wait for it at its start.
    from fpdf import FPDF

    page = FPDF(format="A4")
    page.set_margin(_MARGIN_MM)
    page.set_title(latin(paper.title))
    page.add_page()
    page.set_font("helvetica", style="B", size=_TITLE_POINTS)
    page.cell(text=latin(paper.title), new_x="LMARGIN", new_y="NEXT")
    page.set_font("helvetica", size=_TEXT_POINTS)
    page.ln(_LINE_MM)
    for party in (paper.issuer, paper.billed_to):
        lines = [latin(line, "(see the page for this line)") for line in party.splitlines()]
        page.multi_cell(0, _LINE_MM, "\n".join(lines), new_x="LMARGIN", new_y="NEXT")
        page.ln(_SMALL_MM)
    for known, value in paper.facts:
        page.cell(text=latin(f"{known}: {value}"), h=_LINE_MM, new_x="LMARGIN", new_y="NEXT")
    page.ln(_SMALL_MM)
    align = tuple("LEFT" if place == 0 else "RIGHT" for place in range(len(paper.columns)))
    widths = (3, *([1] * (len(paper.columns) - 1)))
    with page.table(text_align=align, col_widths=widths, line_height=_LINE_MM) as table:
        for row in (paper.columns, *paper.rows):
            cells = table.row()
            for text in row:
                cells.cell(latin(text, "?"))
    page.ln(_SMALL_MM)
    for place, (known, value) in enumerate(paper.totals, start=1):
        page.set_font("helvetica", style="B" if place == len(paper.totals) else "")
        page.cell(0, _LINE_MM, f"{known}: {value}", align="R", new_x="LMARGIN", new_y="NEXT")
    page.ln(_SMALL_MM)
    page.set_font("helvetica", size=_SMALL_POINTS)
    page.multi_cell(0, _SMALL_MM, latin(paper.note))
    return bytes(page.output())
