"""Cells of CSV files that people open in a table program, which takes some texts for formulas."""

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")


def as_text(cell: str) -> str:
    """Give a text as a table program shows it: one that would be a formula gets a quote before it.

    Only for files that are made to be looked at: what other programs read stays as it is.
    """
    return f"'{cell}" if cell.startswith(_BEGINNINGS) else cell
