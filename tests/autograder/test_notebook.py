"""Files that claim to be notebooks: each is read as one, or refused in one clear line."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import NotebookError
from autograder.notebook import (
    MAX_BYTES,
    MAX_CELLS,
    Cell,
    Notebook,
    parse_notebook,
    read_notebook,
)

CODE = {"cell_type": "code", "source": "x = 'ä€😀'", "metadata": {}, "outputs": []}


def document(*cells: Any, **changes: Any) -> dict[str, Any]:
    """Make a notebook's document; a change to ``None`` leaves the key out."""
    whole = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | changes
    return {key: value for key, value in whole.items() if value is not None}


def as_bytes(content: object) -> bytes:
    """Write a document as a notebook's file has it."""
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")


def refusal(data: bytes) -> str:
    """Parse what must be refused, and give the reason."""
    with pytest.raises(NotebookError) as caught:
        parse_notebook(data, "mine.ipynb")
    message = str(caught.value)
    assert message.startswith("mine.ipynb: ")
    assert len(message.splitlines()) == 1
    assert len(message) < 300
    return message


def test_notebook() -> None:
    """Kind, text and tags of the cells are kept, the assignment's name, and the bytes' hash."""
    data = as_bytes(
        document(
            CODE,
            {"cell_type": "markdown", "source": ["# a\n", "b"], "metadata": {"tags": ["t", 3]}},
            {"cell_type": "raw", "source": "", "attachments": {"x": 1}},
            metadata={"otter": {"assignment_name": "xor"}, "kernelspec": {"argv": ["sh"]}},
        )
    )
    assert parse_notebook(data) == Notebook(
        (
            Cell("code", "x = 'ä€😀'"),
            Cell("markdown", "# a\nb", frozenset({"t"})),
            Cell("raw", ""),
        ),
        "xor",
        hashlib.sha256(data).hexdigest(),
    )


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)
def test_encodings(encoding: str) -> None:
    """UTF-8, UTF-16 with or without its mark, and marked UTF-32 are read alike."""
    data = json.dumps(document(CODE), ensure_ascii=False).encode(encoding)
    assert parse_notebook(data).cells[0].source == CODE["source"]


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE])
def test_big_endian_marks(mark: bytes) -> None:
    """Marks in the other byte order are known, too."""
    encoding = "utf-16-be" if len(mark) == 2 else "utf-32-be"
    data = mark + json.dumps(document(CODE)).encode(encoding)
    assert parse_notebook(data).cells[0].source == CODE["source"]


@pytest.mark.parametrize(
    "content",
    [
        document(CODE, nbformat_minor=0),
        document(CODE, nbformat_minor=None),
        document(CODE, metadata=None),
        document(CODE, metadata=[]),
        document(CODE, metadata={"otter": [1]}),
        document(CODE, metadata={"otter": {"assignment_name": 3}}),
        document({"cell_type": "code", "source": CODE["source"]}),
        document({"cell_type": "code", "source": [CODE["source"]], "id": 3}),
        document(CODE | {"metadata": None}),
        document(CODE | {"metadata": {"tags": "t"}}),
        document(CODE | {"outputs": float("nan"), "execution_count": float("inf")}),
        document(CODE | {"outputs": 10**4000}),
    ],
    ids=lambda content: json.dumps(content)[:60],
)
def test_what_is_missing_or_odd_elsewhere(content: object) -> None:
    """What decides nothing may be missing or odd: ids, metadata, outputs."""
    notebook = parse_notebook(as_bytes(content))
    assert [cell.source for cell in notebook.cells] == [CODE["source"]]
    assert notebook.assignment is None


def test_surrogate_pairs() -> None:
    """A character that JSON writes as a pair of surrogates is one character."""
    data = json.dumps(document(CODE), ensure_ascii=True).encode()
    assert b"\\ud83d\\ude00" in data
    assert parse_notebook(data).cells[0].source == CODE["source"]


def test_duplicate_keys() -> None:
    """Of a key that stands twice the last one holds, as in Jupyter."""
    data = b'{"nbformat": 3, "cells": 5, "nbformat": 4, "cells": [], "nbformat_minor": 5}'
    assert parse_notebook(data).cells == ()


@pytest.mark.parametrize("value", ["[]", '{"":0}', "1e1", "999", '"ab"'])
def test_many_small_values(value: str) -> None:
    """A file within the cap on bytes takes no gigabyte once it is read: it is refused unread."""
    values = ",".join([value] * (MAX_BYTES // (len(value) + 1) - 100))
    data = f'{{"nbformat": 4, "cells": [], "x": [{values}]}}'.encode()
    assert len(data) <= MAX_BYTES

    assert "clear the outputs" in refusal(data)


def test_half_a_character_in_a_tag() -> None:
    """A tag that nobody can write marks no answer; the others of its cell do."""
    cell = CODE | {"metadata": {"tags": ["a\ud800", "b"]}}

    (kept,) = parse_notebook(json.dumps(document(cell)).encode()).cells

    assert kept.tags == {"b"}


def test_half_a_character_in_the_name() -> None:
    """The assignment's name is shown in messages, and so must be text."""
    data = json.dumps(document(metadata={"otter": {"assignment_name": "x\ud800"}})).encode()

    assert parse_notebook(data).assignment == "x\ufffd"


def test_no_cells() -> None:
    """A notebook without cells is a notebook."""
    assert parse_notebook(as_bytes(document())).cells == ()


BAD_BYTES = {
    "nothing": (b"", "not JSON"),
    "text": (b"print('hello')", "not JSON (line 1"),
    "JSON that ends early": (b'{\n"cells": [', "not JSON (line 2"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "not text"),
    "Latin-1": (json.dumps(document(CODE), ensure_ascii=False).encode("cp1252", "replace"), "text"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + b"{", "not text"),
    "surrogate in UTF-8": (as_bytes(document(CODE | {"source": "\ud800"})), "not text"),
    "UTF-16 with a lone surrogate": (codecs.BOM_UTF16_LE + b"\x00\xd8", "not text"),
    "zeros": (bytes(100), "not"),
    "a number": (b"4", "not an object"),
    "a list": (b"[]", "not an object"),
    "null": (b"null", "not an object"),
    "NaN": (b"NaN", "not an object"),
    "deep nesting": (b"[" * 10**5, "cannot be read"),
    "deep nesting of objects": (b'{"a":' * 10**5, "cannot be read"),
    "a number of 5,000 digits": (b'{"nbformat": ' + b"4" * 5000 + b"}", "cannot be read"),
    "too long": (b" " * (MAX_BYTES + 1), "larger than 30 MB"),
}


@pytest.mark.parametrize(("data", "reason"), BAD_BYTES.values(), ids=BAD_BYTES.keys())
def test_bad_bytes(data: bytes, reason: str) -> None:
    """What is no JSON object says so."""
    assert reason in refusal(data)


BAD_DOCUMENTS: dict[str, tuple[object, str]] = {
    "another file": ({"name": "package"}, "no cells and no nbformat"),
    "format 3": (document(nbformat=3), "format 3, not 4"),
    "format 3 with worksheets": ({"nbformat": 3, "worksheets": []}, "format 3, not 4"),
    "format 5": (document(nbformat=5), "format 5, not 4"),
    "format as text": (document(nbformat="4"), "format unknown, not 4"),
    "format as a truth value": (document(nbformat=True), "format unknown, not 4"),
    "format as a float": (document(nbformat=4.0), "format unknown, not 4"),
    "format of many digits": (document(nbformat=10**3000), "format unknown, not 4"),
    "no format": (document(nbformat=None), "format unknown, not 4"),
    "no cells": (document(cells=None), "no list of cells"),
    "cells as an object": (document(cells={"0": CODE}), "no list of cells"),
    "a cell as text": (document(CODE, "code"), "cell 2 is not a cell"),
    "a cell of no type": (document({"source": ""}), "cell 1 has an unknown type"),
    "a cell of another type": (document({"cell_type": "heading"}), "cell 1 has an unknown type"),
    "a cell of a list's type": (document({"cell_type": []}), "cell 1 has an unknown type"),
    "a source that is a number": (document(CODE, CODE | {"source": 3}), "cell 2 has no text"),
    "a source with a number": (document(CODE | {"source": ["a", 3]}), "cell 1 has no text"),
    "a source that is null": (document(CODE | {"source": None}), "cell 1 has no text"),
    "a lone surrogate": (document(CODE, CODE | {"source": "\ud83d"}), "cell 2 holds half a char"),
    "too many cells": (document(*[{}] * (MAX_CELLS + 1)), "more than 5000 cells"),
}


@pytest.mark.parametrize(("content", "reason"), BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS.keys())
def test_bad_documents(content: object, reason: str) -> None:
    """JSON that is no notebook of format 4 says what is wrong, and where."""
    assert reason in refusal(json.dumps(content).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.text(max_size=3)
            | st.sampled_from(["cells", "cell_type", "source", "metadata", "tags", "otter"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


def parses_or_is_refused(data: bytes) -> None:
    """Check that bytes give a notebook of text, or one line."""
    message = ""
    try:
        notebook = parse_notebook(data, "mine")
        "".join(cell.source for cell in notebook.cells).encode()
    except NotebookError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1


@given(st.binary())
def test_arbitrary_bytes(data: bytes) -> None:
    """Any bytes are a notebook, or a NotebookError of one line."""
    parses_or_is_refused(data)


@given(json_values)
def test_arbitrary_json(content: object) -> None:
    """Any JSON is a notebook, or a NotebookError of one line."""
    parses_or_is_refused(json.dumps(content).encode())


@given(st.lists(json_values, max_size=3), json_values, st.sampled_from([4, 4.0, "4"]) | json_values)
def test_arbitrary_parts(cells: list[object], metadata: object, nbformat: object) -> None:
    """Any JSON in a notebook's places is a notebook, or a NotebookError of one line."""
    content = {"cells": cells, "metadata": metadata, "nbformat": nbformat}
    parses_or_is_refused(json.dumps(content).encode())


@given(
    st.sampled_from(["code", "markdown", "raw"]),
    st.text(st.characters(codec="utf-8")) | st.lists(st.text(st.characters(codec="utf-8"))),
    json_values,
)
def test_arbitrary_cells(kind: str, source: str | list[str], metadata: object) -> None:
    """Any text and any metadata make a cell, with the text unchanged."""
    cell = {"cell_type": kind, "source": source, "metadata": metadata}
    parsed = parse_notebook(json.dumps(document(cell)).encode()).cells[0]
    assert (parsed.kind, parsed.source) == (kind, "".join(source))


def unreadable(path: Path) -> str:
    """Read what must be refused, and give the reason."""
    with pytest.raises(NotebookError) as caught:
        read_notebook(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    return message


def test_read(tmp_path: Path) -> None:
    """A file is read as it is."""
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"\0any bytes")
    assert read_notebook(path) == b"\0any bytes"


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there, or lies in no folder, says so."""
    assert "no such file" in unreadable(tmp_path / "a.ipynb")
    (tmp_path / "file").touch()
    assert "cannot be read" in unreadable(tmp_path / "file" / "a.ipynb")
    assert "cannot be read" in unreadable(tmp_path / ("a" * 300))


def test_folder(tmp_path: Path) -> None:
    """A folder is no file."""
    assert "is not a file" in unreadable(tmp_path)


def test_pipe(tmp_path: Path) -> None:
    """A named pipe, from which nothing comes, is refused at once."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    began = time.monotonic()
    assert "is not a file" in unreadable(path)
    assert time.monotonic() - began < 5


def test_device() -> None:
    """A device is no file."""
    assert "is not a file" in unreadable(Path("/dev/zero"))


def test_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket cannot be read."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert "cannot be read" in unreadable(tmp_path / "s")


@pytest.mark.parametrize("target", ["there.ipynb", "nowhere.ipynb", "."])
def test_link(tmp_path: Path, target: str) -> None:
    """A link is refused, wherever it leads: it may lead to a file that only we can read."""
    (tmp_path / "there.ipynb").write_text("{}")
    link = tmp_path / "link.ipynb"
    link.symlink_to(tmp_path / target)
    assert "is a link" in unreadable(link)


def test_large_file(tmp_path: Path) -> None:
    """200 MB are refused without being read."""
    path = tmp_path / "large.ipynb"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    began = time.process_time()
    assert "has 200 MB; at most 30 MB are accepted" in unreadable(path)
    assert time.process_time() - began < 0.1
