"""Formulas are found where Jupyter finds them, and nowhere else, and become MathML."""

from __future__ import annotations

import time
from html import escape

import pytest

from autograder.render.formulas import Formula, extract, formula_html, restore


def inline(latex: str) -> Formula:
    """Make a formula that stands in a line."""
    return Formula(latex, display=False, source=f"${latex}$")


def latex_of(text: str) -> list[str]:
    """Find formulas and give what is in them."""
    return [formula.latex for formula in extract(text, "TOKEN")[1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $x$ b", ["x"]),
        ("a $ x $ b", [" x "]),
        ("$x_1$-th and $n$s", ["x_1", "n"]),
        ("$a\n+ b$", ["a\n+ b"]),
        ("$$\na\n\n+ b\n$$", ["\na\n\n+ b\n"]),
        (r"\(x\) and \[y\]", ["x", "y"]),
        (r"\\(x\\) and \\[y\\]", ["x", "y"]),
        (r"$a \$ b$", [r"a \$ b"]),
        (r"\\$x$", ["x"]),
        ("$$x$$$y$", ["x", "y"]),
        ("| $|x|$ | $y$ |", ["|x|", "y"]),
        (
            r"\begin{align} a &= b \\ c &= d \end{align}",
            [r"\begin{align} a &= b \\ c &= d \end{align}"],
        ),
        (r"$\begin{pmatrix} 1 & 2 \end{pmatrix}$", [r"\begin{pmatrix} 1 & 2 \end{pmatrix}"]),
    ],
)
def test_formulas_are_found(text: str, expected: list[str]) -> None:
    """Every way to write a formula that Jupyter knows is found."""
    assert expected == latex_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6.",
        "It costs 5$ and 6$.",
        r"\$5 and \$6",
        "`$x$`",
        "``a ` $x$``",
        "```\n$x$\n```",
        "~~~python\n$x$\n~~~",
        "```\n$x$ and no end",
        "> ```\n> $x$\n> ```",
        "<!-- $x$ -->",
        "$a\n\nb$",
        "$x and no end",
        "$$ and no end",
        "$$$$",
        r"\begin{align} and no end",
        r"\(x and no end",
        "",
    ],
)
def test_what_is_no_formula_stays(text: str) -> None:
    """Money, code, comments, paragraphs and lonely delimiters are left as they are."""
    assert (text, []) == extract(text, "TOKEN")


def test_formulas_after_code_are_found() -> None:
    """Code hides only what is in it."""
    assert latex_of("`$x$` $y$\n\n```\n$x$\n```\n$z$") == ["y", "z"]


def test_formulas_come_back() -> None:
    """Restoring by their sources gives the text again, whatever is in it."""
    text = r"a $x$, $$y$$, \(z\), `$c$`, \begin{cases} 1 \end{cases}, 5$ TOKEN9x"

    shortened, formulas = extract(text, "TOKEN")

    assert len(formulas) == 4
    assert text == restore(shortened, "TOKEN", formulas, lambda formula: formula.source)


def test_display_is_known() -> None:
    """Two dollars, square brackets and environments stand on a line of their own."""
    _, formulas = extract(r"$a$ $$b$$ \(c\) \[d\] \begin{align}e\end{align}", "TOKEN")

    assert [formula.display for formula in formulas] == [False, True, False, True, True]


def test_mathml() -> None:
    """A formula becomes MathML that carries its source for readers who cannot see it."""
    html = formula_html(inline(r"\frac{1}{2}"))

    assert html.startswith('<math display="inline" alttext="\\frac{1}{2}">')
    assert "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>" in html


def test_sign_stands_close_to_its_number() -> None:
    """The minus of (0, -1) is a sign; that of a - 1 is not."""
    assert 'form="prefix"' in formula_html(inline("(0, -1)"))
    assert 'form="prefix"' not in formula_html(inline("a - 1"))


def test_numbers_of_equations_are_left_out() -> None:
    """Each formula is written on its own, so numbers would all be one."""
    html = formula_html(Formula(r"\begin{align} a &= b \label{x} \end{align}", True, ""))

    assert "(1)" not in html
    assert "<mtable" in html


@pytest.mark.parametrize("name", ["aligned", "split", "align", "cases", "pmatrix", "array}{rl"])
def test_tables(name: str) -> None:
    """Formulas of several lines stand in lines and columns."""
    html = formula_html(
        inline(rf"\begin{{{name}}} a &= b \\ c &= d \end{{{name.partition('}')[0]}}}")
    )

    assert html.count("<mtr>") == 2
    assert "&amp;<" not in html


@pytest.mark.parametrize(
    "latex",
    [
        "",
        "{",
        r"\begin{unheard} a & b \end{unheard}",
        "x^",
        r"\frac",
        "x^a^b",
        r"\left(",
        "{" * 4000,
        "x" * 6000,
    ],
)
def test_source_is_shown_of_what_is_broken(latex: str) -> None:
    """A formula that cannot be read is shown as code, as its author wrote it."""
    assert (
        formula_html(inline(latex)) == f'<code class="formula-source">{escape(f"${latex}$")}</code>'
    )


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{&lt;script&gt;alert(1)&lt;/script&gt;}",
        r"\mathrm{<img src=x onerror=alert(1)>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(//evil.example)}{x}",
        r"\class{result good}{x}",
        r"\color{red;background:url(//evil.example)}{x}",
        r'x" onmouseover="alert(1)',
        "</math><script>alert(1)</script>",
        "<script>alert(1)</script>",
    ],
)
def test_nothing_but_mathml_comes_out(latex: str, harmless) -> None:
    """LaTeX can bring in no element, link, style, class or handler; text in it stays text."""
    html = formula_html(inline(latex))

    harmless(html)
    assert "<script" not in html
    assert " href=" not in html
    assert " style=" not in html
    assert ' class="result' not in html


def test_macros_are_not_run() -> None:
    """A macro that doubles itself is shown, not expanded."""
    bomb = r"\newcommand{\a}{xx}\newcommand{\b}{\a\a}\b"

    assert "<code" in formula_html(inline(bomb))


@pytest.mark.parametrize(
    "piece", ["$", "`", r"\(", "$a ", r"\begin{a}", "<!--", "$$a", "$a\\", "```\n", "$a\n", "> "]
)
def test_time_grows_with_length_alone(piece: str) -> None:
    """No text makes the search slow."""
    began = time.process_time()
    extract(piece * (20_000 // len(piece)), "TOKEN")

    assert time.process_time() - began < 1.0
