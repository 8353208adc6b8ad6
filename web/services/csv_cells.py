"""Cells of CSV files: numbers as they are, and texts that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from web.services.errors import RuleError

MAX_ROWS: Final = 5000
# Where a spreadsheet would find a formula: where the text begins, and where a cell would begin in
# it, were the file split at semicolons or tabs. Excel splits at semicolons wherever the comma is
# the decimal sign, and a quote that is not the first sign of such a cell does not hold it together.
# Spaces and quotes may stand before it; the last four signs are the full-width forms.
_FORMULA: Final = re.compile(
    r"""^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=(?:[^\S\t\r\n]|")*[=+\-@\uff1d\uff0b\uff0d\uff20])"""
)
_NO_FORMULA: Final = re.compile(r"[+-]?\d+([.,]\d+)?|-|")


def runs_as_formula(text: str) -> bool:
    """Return whether a spreadsheet would run a text; numbers, and a dash alone, it would not."""
    return _FORMULA.search(text) is not None and not _NO_FORMULA.fullmatch(text)


def disarmed(text: str) -> str:
    """Return a text that a spreadsheet shows and does not run, changed only where it would."""
    return _FORMULA.sub("'", text) if runs_as_formula(text) else text


def points(tenths: int) -> str:
    """Write points with a decimal point, which importers in every language read."""
    return f"{tenths / 10:g}"


def scaled(tenths: int, factor: Decimal) -> str:
    """Write points on another scale, to hundredths, rounded half up."""
    value = (Decimal(tenths) / 10 * factor).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{value.normalize():f}"


def write_csv(rows: Iterable[Sequence[str]], *, mark: bool) -> bytes:
    """
    Write rows as CSV in UTF-8.

    Args:
        rows: The header first; texts are disarmed already.
        mark: Whether to begin with the byte-order mark by which Excel knows UTF-8.
    """
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode("utf-8-sig" if mark else "utf-8")


def parse_csv(text: str, what: str, limit: int) -> list[list[str]]:
    """
    Read the rows of a CSV text, whose cells are separated by commas, semicolons or tabs.

    Args:
        text: Of the file.
        what: What people call it.
        limit: How many rows are wanted; if there are more, one more is returned.

    Raises:
        RuleError: Says what is wrong with it.
    """
    # Untrusted: whoever exported it chose separators and quotes.
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        # A file of line ends alone would be millions of rows.
        return list(itertools.islice(lines, limit + 1))
    except csv.Error as error:
        raise RuleError(f"{what} is not valid CSV: {error}.") from None


def read_csv(data: bytes, what: str) -> list[list[str]]:
    """
    Read an uploaded CSV file: a header and rows of its length.

    Raises:
        RuleError: Says what is wrong with it.
    """
    # Untrusted: a person chose the file; its cells came from students, too.
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RuleError(f"{what} is not in UTF-8. Upload it exactly as downloaded.") from None
    rows = parse_csv(text, what, MAX_ROWS)
    if len(rows) > MAX_ROWS:
        raise RuleError(f"{what} has more than {MAX_ROWS} rows.")
    rows = [row for row in rows if any(row)]
    if len(rows) < 2:
        raise RuleError(f"{what} has no rows.")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise RuleError(f"{what}, row {number}: the number of cells differs from the header's.")
    return rows
