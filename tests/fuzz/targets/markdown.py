"""Of any Markdown, formulas and HTML in it, there comes HTML with which nothing runs or fetches."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from autograder.render import cells
from autograder.render.formulas import formula_html
from tests.autograder.render.conftest import assert_harmless
from tests.autograder.render.test_cleaning import HOSTILE
from web.rendering import markdown, markdown_line, markdown_part

MAX_BYTES = 1024
IS_JSON = False
# That a cell cannot be rendered is said to the operator; here it would be said a million times.
logging.getLogger(cells.__name__).setLevel(logging.CRITICAL)


def seeds() -> Iterator[bytes]:
    """Return what people write, and attacks."""
    yield b"# Title\n\nSome *emphasis*, **more**, ~~less~~ and `code`.\n\n- a\n- b\n\n1. c\n\n> d"
    yield b"| a | b |\n|---|:-:|\n| 1 | $x$ |\n\nTerm\n: What it is\n\n```python\nx = 1\n```"
    yield rb"Let $x_i$ be \(y\), \\[z\\] and $$\frac{1}{2}$$ for $5 or \$6."
    yield rb"\begin{align} a &= \sqrt[3]{b} \\ c &= \left( d \right)^2 \end{align}"
    yield rb"$\text{<script>alert(1)</script>}\href{javascript:alert(1)}{x}$"
    yield b"[a](javascript:alert(1)) ![b](https://evil.example/a.png) <https://a.example>\n\n[c]: d"
    yield rb"[$x$](https://a.example/$y$ '$z$') `$a$` <pre>$b$</pre> <!-- $c$ -->"
    yield from (hostile.encode() for hostile in HOSTILE[::4])


def check(data: bytes) -> None:
    """Render it as an answer, as a label and as a part of a page."""
    text = data.decode(errors="replace")
    for cached in (markdown, formula_html):
        cached.cache_clear()
    for render in (markdown, markdown_part, markdown_line):
        assert_harmless(str(render(text)))
