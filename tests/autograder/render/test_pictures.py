"""Pasted pictures are shown if their own bytes say what they are, and within bounds."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

import nbformat
import pytest

from autograder.kernels.runner import as_document, kernel_files
from autograder.notebook import MAX_ATTACHMENTS, parse_notebook
from autograder.render import pictures
from autograder.render.notebooks import render_notebook
from autograder.render.pictures import MAX_BYTES, MAX_PASTED, MAX_PIXELS, Picture, picture_of

# Of 7 by 5 pixels, each as Pillow writes it.
SMALL = {
    "png": (
        "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAFCAIAAAAG+GGPAAAAFElEQVR4nGM8ISfHgAGYMIWoIgoAcO4B"
        "Dp5SBC0AAAAASUVORK5CYII="
    ),
    "jpeg": (
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqg"
        "tObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4"
        "+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAFAAcDASIAAhEBAxEB/8QA"
        "HwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIh"
        "MUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW"
        "V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXG"
        "x8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQF"
        "BgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAV"
        "YnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOE"
        "hYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq"
        "8vP09fb3+Pn6/9oADAMBAAIRAxEAPwCtRRRWR6B//9k="
    ),
    "gif": "R0lGODdhBwAFAIEAAMgeHgAAAAAAAAAAACwAAAAABwAFAAAIDAABCBxIsKDBgwcDAgA7",
    "webp lossless": "UklGRh4AAABXRUJQVlA4TBEAAAAvBgABAAdQjyLXo/+BiOh/AAA=",
    "webp lossy": (
        "UklGRjIAAABXRUJQVlA4ICYAAABwAQCdASoHAAUAB0CWJaACdAFAAAD+5AFjCaSdH8zfhR8nUAAAAA=="
    ),
    "webp extended": (
        "UklGRlYAAABXRUJQVlA4WAoAAAAQAAAABgAABAAAQUxQSAoAAAABB9CEiAhERP8DVlA4ICYAAABwAQCd"
        "ASoHAAUAB0CWJaACdAFAAAD+5AFjCaSdH8zfhR8nUAAAAA=="
    ),
}
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").decode()
HTML = base64.b64encode(b"<script>alert(1)</script>").decode()


def png(width: int, height: int, size: int = 0) -> str:
    """Write a PNG that claims a size, filled up to so many bytes."""
    header = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    data += struct.pack(">I", zlib.crc32(chunk))
    return base64.b64encode(data.ljust(size, b"\0")).decode()


def shown(source: str, attachments: Any) -> tuple[str, tuple[str, ...]]:
    """Render a text with its pictures; returns its HTML and the notes."""
    cell = nbformat.v4.new_markdown_cell(source)
    cell.attachments = attachments
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [cell]
    (rendered,) = render_notebook(notebook, []).cells
    return rendered.html, rendered.notes


@pytest.mark.parametrize("kind", SMALL)
def test_a_pasted_picture_is_shown(harmless, kind: str) -> None:
    """Whatever type it claims: its bytes are looked at."""
    html, notes = shown("Look: ![my plot](attachment:my%20plot)", {"my plot": {"x/y": SMALL[kind]}})

    media_type = f"image/{kind.partition(' ')[0]}"
    assert f'<img src="data:{media_type};base64,{SMALL[kind]}" alt="my plot">' in html
    assert notes == ()
    harmless(html)


@pytest.mark.parametrize("kind", SMALL)
def test_its_size_is_read_from_its_header(kind: str) -> None:
    """And from no decoder; what is cut off is no picture, and no error."""
    data = base64.b64decode(SMALL[kind])

    assert picture_of(data) == Picture(f"image/{kind.partition(' ')[0]}", 7, 5)
    for end in range(len(data)):
        picture_of(data[:end])
    assert picture_of(data[:12]) is None


def gif(screen: int, frame: int, before: bytes = b"") -> bytes:
    """Write a GIF that claims one size for itself and another for its first frame."""
    size = struct.pack("<HH", frame, frame)
    head = b"GIF89a" + struct.pack("<HH", screen, screen) + b"\x80\0\0" + bytes(6)
    return head + before + b"," + bytes(4) + size + b"\0\x02\x02\x44\x01\0;"


def test_a_gif_is_as_large_as_its_first_frame() -> None:
    """Browsers show all of it, however small the picture says it is."""
    comment = b"!\xfe\x03abc\x02de\0"

    assert picture_of(gif(5, 3, comment)) == Picture("image/gif", 5, 5)
    for before in (b"", comment, comment * 9):
        found = picture_of(gif(1, 65_535, before))
        assert found is not None
        assert not found.fits
    assert picture_of(gif(1, 1, b"!\xfe" + b"\x01a" * 1_000_000 + b"\0")) is None
    assert picture_of(gif(1, 1, b"!\xfe\0" * 1_000_000)) is None


@pytest.mark.parametrize(
    "attachments",
    [
        {"a": {"image/svg+xml": SVG}},
        {"a": {"image/png": SVG}},
        {"a": {"image/png": HTML}},
        {"a": {"image/png": "not base64 <"}},
        {"a": {"image/png": png(MAX_PIXELS, 2)}},
        {"a": {"image/png": png(0, 0)}},
        {"a": {"image/png": png(1, 1, MAX_BYTES + 1)}},
        {"b": {"image/png": SMALL["png"]}},
        {"a": SMALL["png"]},
        {"a": {"image/png": 7}},
        [],
        7,
        None,
    ],
    ids=[
        "svg", "svg as png", "html as png", "no base64", "too many pixels", "no pixels",
        "too many bytes", "another name", "no types", "a number", "a list", "no names", "nothing",
    ],
)  # fmt: skip
def test_what_is_no_such_picture_is_not_shown(harmless, attachments: Any) -> None:
    """A sentence says which ones are."""
    html, notes = shown("![plot](attachment:a)", attachments)

    assert "<img" not in html
    assert "[plot]" in html
    assert "Pasted pictures are shown if they are PNG, JPEG, WebP or GIF" in notes[0]
    harmless(html)


def test_a_name_cannot_break_out(harmless) -> None:
    """Of the address, of the attribute, or into another picture."""
    names = ['a"onload="alert(1)', "a'><script>", "picture0n0x", "../a"]
    source = "\n".join(f"<img src='attachment:{name}' onerror=alert(1)>" for name in names)
    source += "\n[a](attachment:a)"
    html, _ = shown(source, {name: {"image/png": SMALL["png"]} for name in [*names, "a"]})

    harmless(html)
    assert "attachment" not in html.replace("&", "")


def test_many_uses_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One picture shown a thousand times is no page of a gigabyte."""
    html, notes = shown("![a](attachment:a)\n" * 1000, {"a": {"image/png": SMALL["png"]}})
    assert html.count("<img") == MAX_PASTED
    assert notes

    monkeypatch.setattr("autograder.render.cells.MAX_TOTAL_BYTES", 100)
    html, _ = shown("![a](attachment:a)\n" * 3, {"a": {"image/png": SMALL["png"]}})
    assert html.count("<img") == 1


def test_what_is_no_picture_is_not_looked_at_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each look at five megabytes takes time, whether they are shown or not."""
    looked = []
    monkeypatch.setattr(pictures, "picture_of", looked.append)
    html, _ = shown("![a](attachment:a)\n" * 1000, {"a": {"image/png": HTML}})

    assert "<img" not in html
    assert len(looked) == MAX_PASTED


def notebook_of(*attachments: Any) -> bytes:
    """Return a submission with a text for each."""
    document = nbformat.v4.new_notebook()
    document.cells = [nbformat.v4.new_markdown_cell("![a](attachment:a)") for _ in attachments]
    for cell, each in zip(document.cells, attachments, strict=True):
        cell.attachments = each
    return json.dumps(document).encode()


def test_they_reach_the_executed_notebook_and_no_kernel() -> None:
    """A kernel sees the texts without them."""
    found = parse_notebook(notebook_of({"a": {"image/png": SMALL["png"]}}))
    files = kernel_files("xor", found, {}, iter(()))

    assert as_document(found).cells[0].attachments == {"a": {"image/png": SMALL["png"]}}
    assert SMALL["png"].encode() not in files["xor.ipynb"]


@pytest.mark.parametrize(
    "attachments",
    [
        {"a": {"image/svg+xml": SVG}},
        {"a": {"text/html": HTML}},
        {"a": {"image/png": {"b": "c"}}},
        {"a": {"image/png": "\ud800"}},
        {"\ud800": {"image/png": SMALL["png"]}},
        {"a": {"image/png": "a" * (MAX_ATTACHMENTS + 1)}},
        {"a" * 201: {"image/png": SMALL["png"]}},
        {"a": []},
        ["a"],
        "a",
        7,
    ],
)
def test_what_is_none_is_not_kept(attachments: Any) -> None:
    """Nor does it make a notebook unreadable."""
    found = parse_notebook(notebook_of(attachments))

    assert found.cells[0].attachments == {}
    assert "attachments" not in as_document(found).cells[0]


def test_a_notebook_keeps_so_many_of_them() -> None:
    """What comes after them is left out, and the rest is as it was."""
    large = {"a": {"image/png": "a" * (MAX_ATTACHMENTS // 2)}}
    found = parse_notebook(notebook_of(large, large, large))

    assert [bool(cell.attachments) for cell in found.cells] == [True, True, False]


def test_bounds_fit_together() -> None:
    """What is shown fits into what is kept."""
    assert pictures.MAX_TOTAL_BYTES * 4 / 3 <= MAX_ATTACHMENTS
