"""
Untrusted HTML made harmless by an allow-list, so that a page can show it beside our own.

What is not named here does not come through: no script, style, form, frame, id, event handler, no
URL but a link's and a picture's own bytes, and no class but those that nbconvert and Pygments use,
so that nothing in a notebook can look like one of our results.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import nh3
from pygments.token import STANDARD_TYPES

from autograder.render.findings import words

MAX_DEPTH: Final = 200
MAX_FORMATTING: Final = 20
"""Elements that format text, open at once."""
MAX_GROWTH: Final = 4
MAX_ADDED: Final = 100_000
"""Cleaned HTML is at most so many times as long as what came, and so many characters longer."""
ATTACHMENT: Final = "attachment:"
"""Begins the address of a picture that was pasted into the cell; such an address is not kept."""
_TAGS: Final = words(
    "a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em "
    "figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span "
    "strong sub summary sup table tbody td tfoot th thead tr tt u ul var wbr"
)
_WITHOUT_CONTENT: Final = words(
    "script style svg iframe object embed template noscript noembed noframes textarea title select "
    "audio video canvas head xmp plaintext"
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "col": {"span"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_NUMBERS: Final = frozenset({"span", "width", "height", "start", "colspan", "rowspan"})
_COLOURS: Final = words("black red green yellow blue magenta cyan white")
_ANSI: Final = frozenset(
    {
        "ansi-bold",
        "ansi-underline",
        "ansi-default-inverse-fg",
        "ansi-default-inverse-bg",
        *(f"ansi-{colour}{kind}" for colour in _COLOURS for kind in ("-fg", "-bg")),
        *(f"ansi-{colour}-intense{kind}" for colour in _COLOURS for kind in ("-fg", "-bg")),
    }
)
_CLASSES: Final[dict[str, frozenset[str]]] = {
    "span": _ANSI.union(filter(None, STANDARD_TYPES.values()), {"hll", "linenos"}),
    "div": words(
        "highlight cell border-box-sizing code_cell text_cell rendered input inner_cell input_area "
        "text_cell_render rendered_html output output_wrapper output_area output_subarea "
        "output_stream output_stdout output_stderr output_text output_error output_html"
    ),
    "table": frozenset({"dataframe"}),
}
_LINK: Final = re.compile(r"https?://[^\s]+", re.IGNORECASE)
# A picture of pixels; SVG is a document that can hold links and scripts.
_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_NUMBER: Final = re.compile(r"\d{1,4}(?:\.\d{1,3})?")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_CLOSES_ITSELF: Final = words(
    "area base br col dd dt embed hr img input li link meta option p param source tbody td tfoot "
    "th thead tr track wbr"
)
# The elements that HTML parsers open again by themselves.
_FORMATTING: Final = words("a b big code em font i nobr s small strike strong tt u")
_HEADING: Final = re.compile(r"<(/?)h([1-6])>")
# nh3 escapes quotes and angle brackets in values, so that none of them can end one early.
_PICTURE_WITHOUT_SOURCE: Final = re.compile(r'<img(?![^<>]* src=")([^<>]*)>')
_ALTERNATIVE: Final = re.compile(r' alt="([^"]*)"')
_CODE_CLEANER: Final = nh3.Cleaner(
    tags={"div", "pre", "span"},
    clean_content_tags=set(_WITHOUT_CONTENT),
    attributes={},
    allowed_classes={tag: set(_CLASSES[tag]) for tag in ("div", "span")},
)


@dataclass
class Cleaned:
    """
    Harmless HTML.

    Args:
        html: Whole elements only: each one that it opens, it closes.
        dropped_pictures: What was left out, in the words of its author.
    """

    html: str = ""
    dropped_pictures: list[str] = field(default_factory=list)


def clean(untrusted: str, *, heading_shift: int = 0, change: Callable[[str], str] = str) -> Cleaned:
    """
    Make HTML harmless.

    Args:
        untrusted: Anything.
        heading_shift: By how many levels to put headings deeper, below those of the page.
        change: What to do with each attribute's value before it is looked at.
    """
    # Untrusted: the time to parse grows with the square of the depth.
    if too_deep(untrusted):
        return _as_text(untrusted)
    cleaned = Cleaned()

    def keep(tag: str, name: str, value: str) -> str | None:
        value = change(value)
        kept = _kept(tag, name, value)
        if kept is None and name == "src":
            cleaned.dropped_pictures.append(_origin(value))
        return kept

    result = nh3.clean(
        untrusted,
        tags=set(_TAGS),
        clean_content_tags=set(_WITHOUT_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        allowed_classes={tag: set(classes) for tag, classes in _CLASSES.items()},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "data", ATTACHMENT.removesuffix(":")},
        link_rel="noopener noreferrer nofollow",
    )
    if len(result) > MAX_GROWTH * len(untrusted) + MAX_ADDED:
        return _as_text(untrusted)
    result = _PICTURE_WITHOUT_SOURCE.sub(_in_place_of_picture, result)
    cleaned.html = _HEADING.sub(
        lambda match: f"<{match[1]}h{min(6, int(match[2]) + heading_shift)}>", result
    )
    return cleaned


def _as_text(untrusted: str) -> Cleaned:
    return Cleaned(f"<pre>{html.escape(untrusted)}</pre>")


def clean_code(rendered: str) -> str:
    """Make harmless what has only coloured text in it; much faster than `clean`."""
    return _CODE_CLEANER.clean(rendered)


def too_deep(untrusted: str) -> bool:
    """
    Whether elements are, or seem to be, nested deeper than any honest page has them.

    Elements that format text (`b`, `i`, ...) and are still open are opened again by parsers in each
    paragraph that follows: two hundred of them in front of fifty thousand paragraphs would become
    ten million elements.
    """
    still_open: dict[str, int] = {}
    depth = formatting = 0
    for match in _TAG.finditer(untrusted):
        name = match[2].lower()
        if name in _CLOSES_ITSELF:
            continue
        if not match[1]:
            still_open[name] = still_open.get(name, 0) + 1
            depth += 1
            formatting += name in _FORMATTING
        elif still_open.get(name):
            still_open[name] -= 1
            depth -= 1
            formatting -= name in _FORMATTING
        if depth > MAX_DEPTH or formatting > MAX_FORMATTING:
            return True
    return False


def shows_something(cleaned: str) -> bool:
    """Whether a reader sees anything of it: text or a picture."""
    return bool(nh3.clean(cleaned, tags={"img"}).strip())


def _in_place_of_picture(match: re.Match[str]) -> str:
    alternative = _ALTERNATIVE.search(match[1])
    return f"<em>[{alternative[1] if alternative else 'picture'}]</em>"


def _kept(tag: str, name: str, value: str) -> str | None:
    # nh3 lets lang and title through on every element. Classes it has looked at itself, and a
    # link's rel and target it has set.
    if name not in ("class", "rel", "target") and name not in _ATTRIBUTES.get(tag, ()):
        return None
    if name == "href":
        link = value.strip()
        return link if _LINK.fullmatch(link) else None
    if name == "src":
        return value if _PICTURE.fullmatch(value) else None
    if name in _NUMBERS:
        return value if _NUMBER.fullmatch(value) else None
    return value


def _origin(source: str) -> str:
    """Name where a picture would have come from, without its bytes."""
    return source[:80] + "…" if len(source) > 80 else source
