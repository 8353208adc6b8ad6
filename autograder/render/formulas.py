r"""
Formulas in markdown: found before the markdown is rendered, and turned into MathML.

Markdown would take ``_`` and ``\\`` inside a formula for its own; so each formula is replaced by a
word that markdown leaves alone, and put back afterwards.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import Converter

from autograder.render.findings import words

MAX_FORMULA: Final = 5_000
_OPENING: Final = re.compile(
    r"""
      (?P<fence>^[ \t>]*(?P<fence_run>`{3,}|~{3,}))
    | (?P<code>`+)
    | (?P<comment><!--)
    | (?P<environment>\\begin\{(?P<name>[a-zA-Z]+\*?)\})
    | (?P<bracket>\\\\?[(\[])
    | (?P<escape>\\.)
    | (?P<dollars>\$\$?)
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
# One paragraph, in which a dollar behind a backslash is one that is meant as such.
_UP_TO_DOLLAR: Final = re.compile(r"((?:[^\\$\n]|\\.|\n(?![ \t]*\n))++)\$(?!\d)", re.DOTALL)
_UP_TO_DOLLARS: Final = re.compile(r"((?:[^\\$]|\\.|\$(?!\$))++)\$\$", re.DOTALL)
_CLOSING: Final = {"(": ")", "[": "]"}
# A macro can double itself until memory is full; numbers of equations would start at 1 anew in
# each formula.
_MACRO: Final = re.compile(r"\\(?:(?:re|provide)?newcommand|[egx]?def|let|DeclareMathOperator)\b")
_NUMBERED: Final = re.compile(r"\\(begin|end)\{(align|equation|gather|multline|eqnarray|alignat)\}")
_NESTED: Final = {"aligned": "align*", "split": "align*", "gathered": "gather*"}
_NESTED_NAME: Final = re.compile(r"\\(begin|end)\{(aligned|split|gathered)\}(?:\[[tbc]\])?")
_COLUMNS: Final = re.compile(r"(?<!\\)&")
_LABEL: Final = re.compile(r"\\(?:label|tag)\{[^{}]*\}|\\(?:nonumber|notag)\b")
# Untrusted: what a formula may become. No link, no style, no class, nothing that fetches.
_ELEMENTS: Final = words(
    "math mrow mi mn mo mtext mspace ms mfrac msqrt mroot msub msup msubsup munder mover "
    "munderover mmultiscripts mprescripts none mtable mtr mtd mstyle mpadded mphantom menclose "
    "merror"
)
_ATTRIBUTES: Final = words(
    "display displaystyle scriptlevel mathvariant width height depth lspace rspace stretchy fence "
    "form accent accentunder movablelimits minsize maxsize symmetric largeop separator "
    "linethickness columnalign rowalign columnspacing rowspacing columnlines rowlines notation "
    "alttext"
)
_VALUE: Final = re.compile(r"[\w.%+\- ]{0,60}")
_SIGNS: Final = frozenset("-+\u2212\u00b1\u2213")
_AFTER_OPERAND: Final = frozenset(")]}|!\u2026\u22ef\u2032")


@dataclass(frozen=True)
class Formula:
    """
    A formula, and how its author wrote it.

    Args:
        latex: Without its delimiters.
        display: Whether it stands on a line of its own.
        source: With its delimiters.
    """

    latex: str
    display: bool
    source: str


def extract(text: str, token: str) -> tuple[str, list[Formula]]:
    r"""
    Take the formulas out of markdown.

    Known are ``$x$``, ``$$x$$``, ``\(x\)``, ``\[x\]``, the last two also with the two backslashes
    that Jupyter asks for, and environments from ``\begin`` to ``\end``. Code, comments and
    ``\$`` stay as they are, and so do dollars that mean money.

    Args:
        text: The markdown.
        token: A word that the text does not hold; formula 3 becomes ``{token}3x``.

    Returns:
        The text with words in place of formulas, and the formulas.
    """
    parts: list[str] = []
    formulas: list[Formula] = []
    closings = _Closings(text)
    position = 0
    while match := _OPENING.search(text, position):
        end, formula = _read(text, match, closings)
        if formula is None:
            parts.append(text[position:end])
        else:
            parts += (text[position : match.start()], f"{token}{len(formulas)}x")
            formulas.append(formula)
        position = end
    parts.append(text[position:])
    return "".join(parts), formulas


def restore(text: str, token: str, formulas: list[Formula], show: Callable[[Formula], str]) -> str:
    """
    Put formulas back.

    Args:
        text: With words in place of formulas.
        token: As given to `extract`.
        formulas: As `extract` gave them.
        show: Writes one formula.
    """

    def replace(match: re.Match[str]) -> str:
        number = int(match[1])
        return show(formulas[number]) if number < len(formulas) else match[0]

    return re.sub(rf"{token}(\d{{1,6}})x", replace, text) if formulas else text


@lru_cache(maxsize=4096)
def formula_html(formula: Formula) -> str:
    """Write a formula as MathML, or its source as code if it cannot be read."""
    try:
        return _mathml(formula)
    # Untrusted: the converter raises whatever comes to it, RecursionError and IndexError too.
    except Exception:
        return source_html(formula)


def source_html(formula: Formula) -> str:
    """Write a formula's source as code."""
    return f'<code class="formula-source">{html.escape(formula.source)}</code>'


class _Closings:
    """Finds what closes a formula; looks for what is not there only once, or it would be slow."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._absent: set[str] = set()

    def after(self, closing: str, start: int) -> int:
        """Return where `closing` next begins, or -1."""
        if closing in self._absent:
            return -1
        found = self._text.find(closing, start)
        if found < 0:
            self._absent.add(closing)
        return found

    def run_after(self, run: str, start: int) -> int:
        """Return where next a run of backticks of just this length begins, or -1."""
        key = f"run {len(run)}"
        if key in self._absent:
            return -1
        found = re.compile(rf"(?<!`){run}(?!`)").search(self._text, start)
        if found is None:
            self._absent.add(key)
        return found.start() if found else -1


def _read(text: str, match: re.Match[str], closings: _Closings) -> tuple[int, Formula | None]:
    """Return where that which opens here ends, and the formula if it is one."""
    start, inner = match.span()
    if match["fence"]:
        return _end_of_fence(text, match["fence_run"], inner), None
    if match["code"]:
        closing = closings.run_after(match["code"], inner)
        return (inner if closing < 0 else closing + len(match["code"])), None
    if match["comment"]:
        closing = closings.after("-->", inner)
        return (inner if closing < 0 else closing + 3), None
    if match["escape"]:
        return inner, None
    if match["dollars"]:
        return _read_dollars(text, start, match["dollars"])
    if match["environment"]:
        return _closed_by(rf"\end{{{match['name']}}}", text, start, start, closings)
    closing_bracket = match["bracket"][:-1] + _CLOSING[match["bracket"][-1]]
    return _closed_by(closing_bracket, text, start, inner, closings)


def _end_of_fence(text: str, run: str, position: int) -> int:
    closing = re.compile(rf"^[ \t>]*{run}[`~]*[ \t]*$", re.MULTILINE).search(text, position)
    return closing.end() if closing else len(text)


def _closed_by(
    closing: str, text: str, start: int, inner: int, closings: _Closings
) -> tuple[int, Formula | None]:
    found = closings.after(closing, inner)
    if found < 0:
        return start + len(closing), None
    end = found + len(closing)
    latex = text[inner:end] if inner == start else text[inner:found]
    return end, Formula(latex, not closing.endswith(")"), text[start:end])


def _read_dollars(text: str, start: int, dollars: str) -> tuple[int, Formula | None]:
    inner = start + len(dollars)
    display = dollars == "$$"
    found = (_UP_TO_DOLLARS if display else _UP_TO_DOLLAR).match(text, inner)
    if found is None or (not display and _is_money(found[1])):
        return inner, None
    return found.end(), Formula(found[1], display, text[start : found.end()])


def _is_money(inner: str) -> bool:
    """Tell ``5$ and 6$`` from ``$x$`` and ``$ x $``: a formula has spaces at both ends or none."""
    return inner[0].isspace() != inner[-1].isspace() or inner.isspace()


def _mathml(formula: Formula) -> str:
    if len(formula.latex) > MAX_FORMULA or _MACRO.search(formula.latex):
        raise ValueError("a formula that is not turned into MathML")
    latex = _LABEL.sub("", _NUMBERED.sub(r"\\\1{\2*}", formula.latex))
    latex = _NESTED_NAME.sub(lambda match: f"\\{match[1]}{{{_NESTED[match[2]]}}}", latex)
    # `Converter.convert` would undo the escaping of what stands in \text{}: take the tree instead.
    tree = Converter(display="block" if formula.display else "inline").convert_to_element(latex)
    if _COLUMNS.search(latex) and tree.find(".//mtable") is None:
        raise ValueError("an environment that the converter does not know")
    _restrict(tree)
    tree.set("alttext", formula.latex.strip())
    return tostring(tree, encoding="unicode", short_empty_elements=False)


def _restrict(element: Element) -> None:
    """Keep only elements and attributes that show; write text as text."""
    # Untrusted: \href, \style and \class of LaTeX would become links, styles and classes.
    if element.tag not in _ELEMENTS:
        raise ValueError(f"the element {element.tag} is not for formulas")
    for name, value in list(element.attrib.items()):
        if name not in _ATTRIBUTES or not _VALUE.fullmatch(value):
            del element.attrib[name]
    # The converter writes characters as entities, in text that the serialiser escapes again.
    element.text = html.unescape(element.text) if element.text else None
    element.tail = None
    for before, child in zip((None, *element), element, strict=False):
        if _is_sign(child, before):
            child.set("form", "prefix")
        _restrict(child)


def _is_sign(element: Element, before: Element | None) -> bool:
    """Whether a minus belongs to the number behind it, as in ``[-1, 1)``, and is set close."""
    return (
        before is not None
        and element.tag == before.tag == "mo"
        and html.unescape(element.text or "") in _SIGNS
        and html.unescape(before.text or "") not in _AFTER_OPERAND
    )
