"""Of untrusted HTML only what is harmless comes through."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.render.cleaning import clean, clean_code, shows_something

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<img src=https://evil.example/track.png>",
    '<img srcset="https://evil.example/a 1x">',
    "<a href='javascript:alert(1)'>a</a>",
    "<a href=' jav&#x09;ascript:alert(1)'>a</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>a</a>",
    "<a href='//evil.example'>a</a>",
    "<a href='/logout'>a</a>",
    "<a href='#result-q1'>a</a>",
    "<svg onload=alert(1)><a href='javascript:alert(1)'><text>a</text></a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img onerror=a()&gt;'>",
    "<math href='javascript:alert(1)'>a</math>",
    "<form action=https://evil.example><input name=a><button>a</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example>",
    "<link rel=stylesheet href=https://evil.example>",
    "<style>body { background: url(https://evil.example) }</style>",
    "<p style='position: fixed; background: url(https://evil.example)'>a</p>",
    "<iframe srcdoc='<script>alert(1)</script>'><iframe src=//evil.example></iframe></iframe>",
    "<object data=//evil.example></object><embed src=//evil.example>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<textarea></style></textarea></style></head></body></html>",
    "<title></title><plaintext>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "</div></div></section></main><div class='result good'>10 points</div>",
    "<div id=overview class='result nb-cell hint'>10 points</div>",
    "<b><i><table><tr><td><p></b></i>",
    "<a><b><a><table><a></b>",
    "<details open ontoggle=alert(1)><summary>a</summary></details>",
    "<video src=//evil.example onerror=alert(1)></video><audio src=x>",
    "<marquee onstart=alert(1)>a</marquee>",
    "<body onload=alert(1)><html onclick=alert(1)>",
    "<x y='><script>alert(1)</script>'>",
    "<td background=//evil.example>a",
    "<<script>script>alert(1)<</script>/script>",
    "<p/onclick=alert(1)>a",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_harmless(hostile: str, harmless) -> None:
    """Nothing that runs, fetches, sends, or has a name comes through."""
    cleaned = clean(hostile).html

    harmless(cleaned)
    assert "evil.example" not in cleaned
    assert 'class="' not in cleaned.replace('class=""', "")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_stable(hostile: str) -> None:
    """What a browser reads is what the cleaning wrote: a second reading changes nothing."""
    cleaned = clean(hostile).html

    assert sorted(clean(cleaned).html) == sorted(cleaned)


@given(st.lists(st.sampled_from([*HOSTILE, "<p>", "<table>", "<b>", "</b>", "<li>", "a"])))
def test_mixtures_close_what_they_open(balanced, pieces: list[str]) -> None:
    """Whatever comes together, the result is whole elements, so that nothing after it is in it."""
    assert balanced(clean("".join(pieces)).html)


def test_what_people_write_is_kept() -> None:
    """Text, tables, links and pictures of a notebook's own come through."""
    html = (
        '<p>a <strong>b</strong> <a href="https://example.org/?a=1&amp;b=2">c</a></p>'
        '<table><tbody><tr><td colspan="2">d</td></tr></tbody></table>'
        '<img src="data:image/png;base64,AAAA" alt="e" width="40">'
    )

    cleaned = clean(html).html

    for piece in ("<strong>b</strong>", 'href="https://example.org/?a=1&amp;b=2"', 'colspan="2"'):
        assert piece in cleaned
    assert 'src="data:image/png;base64,AAAA"' in cleaned
    assert 'rel="noopener noreferrer nofollow"' in cleaned


@pytest.mark.parametrize("link", ["https://a.example", "HTTPS://a.example", " httPs://a.example\n"])
def test_links_in_any_case_are_kept(link: str, harmless) -> None:
    """The name of a protocol is written as one likes; spaces around an address are not its own."""
    cleaned = clean(f'<a href="{link}">a</a>').html

    harmless(cleaned)
    assert f'href="{link.strip()}"' in cleaned


def test_dropped_pictures_are_named() -> None:
    """A picture from elsewhere is left out, and the reader can be told which."""
    cleaned = clean('<img src="https://elsewhere.example/a.png" alt="a plot">')

    assert cleaned.dropped_pictures == ["https://elsewhere.example/a.png"]
    assert cleaned.html == "<em>[a plot]</em>"


def test_headings_go_below_those_of_the_page() -> None:
    """A notebook's first heading is a third one of the page."""
    html = clean("<h1>a</h1><h3>b</h3><h6>c</h6>", heading_shift=2).html

    assert html == "<h3>a</h3><h5>b</h5><h6>c</h6>"


def test_depth_is_bounded() -> None:
    """Elements in elements without end cost no time: they are shown as text."""
    began = time.process_time()
    html = clean("<div>" * 60_000).html

    assert html.startswith("<pre>&lt;div&gt;")
    assert time.process_time() - began < 1.0


def test_code_keeps_only_its_colours() -> None:
    """Coloured code has no links, and no classes but those of colours."""
    hostile = '<span class="k result" onclick="a()">a</span><a href="https://x.example">b</a>'
    html = clean_code(hostile)

    assert html == '<span class="k">a</span>b'


@pytest.mark.parametrize(
    ("html", "expected"),
    [("<p>a</p>", True), ("<img alt='a'>", True), ("<div><p> </p></div>", False), ("", False)],
)
def test_shows_something(html: str, *, expected: bool) -> None:
    """Text and pictures can be seen; empty elements cannot."""
    assert shows_something(html) is expected


@pytest.mark.parametrize("tag", ["b", "i", "font", "a", "code", "strong"])
def test_elements_that_parsers_open_again(tag: str, harmless) -> None:
    """Formatting that stays open in front of many paragraphs is shown as text, and soon."""
    page = "<p>" + "".join(f"<{tag} title={n}>" for n in range(190)) + "</p>" + 20_000 * "<p>x"

    cleaned = clean(page).html

    assert len(cleaned) < 10 * len(page)
    assert "&lt;p&gt;" in cleaned
    harmless(cleaned)


def test_few_elements_that_parsers_open_again(harmless) -> None:
    """Below the limit on elements the length is bounded: twenty make no more than four times."""
    page = "".join(f"<b title={n}>" for n in range(18)) + 20_000 * "<p>x"

    cleaned = clean(page).html

    assert len(cleaned) <= 10 * len(page) + 200_000
    harmless(cleaned)


def test_honest_formatting_stays() -> None:
    """What people nest, and close, is kept."""
    page = "<p><b><i><u><code>x</code></u></i></b></p>" * 500

    assert clean(page).html == page
