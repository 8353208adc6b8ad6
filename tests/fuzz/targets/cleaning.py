"""Of any HTML there remain whole elements with which nothing runs, fetches or sends."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.render.cleaning import MAX_ADDED, MAX_GROWTH, clean, clean_code, shows_something
from tests.autograder.render.conftest import assert_harmless
from tests.autograder.render.test_cleaning import HOSTILE

MAX_BYTES = 1024
IS_JSON = False


def seeds() -> Iterator[bytes]:
    """Return attacks, and what notebooks hold."""
    yield from (hostile.encode() for hostile in HOSTILE)
    yield b'<div class="highlight"><pre><span class="k">def</span> f</pre></div>'
    yield b'<h1>a</h1><table class="dataframe"><tr><td colspan="2">1</table>'
    yield b'<img src="data:image/png;base64,AAAA" alt="a" width="1"><a href="https://a.example">a'
    yield b"<b>" * 25
    yield b"<div>" * 250


def check(data: bytes) -> None:
    """Clean it in both ways."""
    text = data.decode(errors="replace")
    cleaned = clean(text, heading_shift=2).html
    _assert_bounded(cleaned, text)
    shows_something(cleaned)
    _assert_bounded(clean_code(text), text)


def _assert_bounded(cleaned: str, text: str) -> None:
    assert_harmless(cleaned)
    assert len(cleaned) <= 2 * (MAX_GROWTH * len(text) + MAX_ADDED)
