"""Submitted files are read in processes of their own, within limits, and refused ones counted."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.web.conftest import World
from tests.web.services.submissions.test_submitting import notebook, stored, submit
from web.services.errors import BusyError, RuleError
from web.services.submissions import reader_process, reading
from web.services.submissions.reading import Readers


def slow_process(tmp_path_factory: pytest.TempPathFactory, body: str) -> str:
    """A program in place of the reader's own."""
    place = tmp_path_factory.mktemp("reader") / "python"
    place.write_text(f"#!{sys.executable}\nimport sys, time, resource\n{body}\n")
    place.chmod(0o700)
    return str(place)


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def test_files_are_described_one_after_another() -> None:
    """By the same process, whatever they are."""
    readers = Readers(1)
    try:
        assert readers.read(notebook("xor")).assignment == "xor"
        assert str(readers.read(b"no notebook").fault)
        first = readers._all[0]._process
        assert readers.read(notebook()) == reading.Description(None, None)
        assert readers._all[0]._process is first
    finally:
        readers.close()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"{" + b'"k":{' * 400_000, id="deep"),
        pytest.param(b'{"a":[' + b"[]," * 400_000 + b"0]}", id="many values"),
        pytest.param(b"{%s}" % b",".join(b'"k%d":0' % n for n in range(300_000)), id="many keys"),
    ],
)
def test_files_that_cost_much_are_refused_soon(content: bytes) -> None:
    """Each held the portal for seconds before; none ends the process that reads it."""
    readers = Readers(1)
    try:
        readers.read(notebook())
        process = readers._all[0]._process
        assert process is not None
        before = cpu_seconds(process.pid)
        assert readers.read(content).fault is not None
        assert cpu_seconds(process.pid) - before < 1
        assert readers.read(notebook()).fault is None
        assert readers._all[0]._process is process
    finally:
        readers.close()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("sys.exit(1)", id="it ends"),
        pytest.param("time.sleep(60)", id="it hangs"),
        pytest.param("print('{', end='', flush=True); sys.exit(0)", id="half an answer"),
    ],
)
def test_a_reader_that_fails_refuses_one_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, body: str
) -> None:
    """Another process takes its place for the next one."""
    monkeypatch.setattr(reading, "READ_SECONDS", 0.5)
    readers = Readers(1)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", slow_process(tmp_path_factory, body))
            with pytest.raises(RuleError, match="too long to read"):
                readers.read(notebook())
        monkeypatch.setattr(reading, "READ_SECONDS", 20.0)
        assert readers.read(notebook("xor")).assignment == "xor"
    finally:
        readers.close()


def test_memory_and_time_are_bounded() -> None:
    """By Linux, in the process itself."""
    readers = Readers(1)
    try:
        readers.read(notebook())
        process = readers._all[0]._process
        assert process is not None
        lines = Path(f"/proc/{process.pid}/limits").read_text("ascii").splitlines()
        limits = {line[:26].strip(): line[26:47].strip() for line in lines}
    finally:
        readers.close()

    assert limits["Max address space"] == str(reader_process.MEMORY_BYTES)
    assert int(limits["Max cpu time"]) <= reader_process.CPU_SECONDS + 2


def test_who_waits_too_long_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than to hold a thread of the portal's."""
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.01)
    with pytest.raises(BusyError):
        Readers(0).read(b"")


def test_another_notebook_is_accepted_with_a_warning(world: World) -> None:
    """It may hold answers, or be the wrong file; one that was given is accepted without."""
    sketch = json.loads(notebook())
    sketch["cells"] = [
        {"cell_type": "code", "source": "1 + 1", "metadata": {}, "outputs": [], "id": "a",
         "execution_count": None}
    ]  # fmt: skip
    words = "does not look like the notebook that you downloaded"

    assert words in submit(world.client("student"), json.dumps(sketch).encode()).text
    sketch["cells"][0]["source"] = 'grader.check("q1")'
    assert words not in submit(world.client("student"), json.dumps(sketch).encode()).text
    assert words not in submit(world.client("student"), notebook("xor")).text
    assert len(stored(world)) == 3


def test_refused_files_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some of them no file is read any more; others, and other people, are let in."""
    monkeypatch.setattr(reading, "MOST_REFUSED_AN_HOUR", 2)
    client = world.client("student")
    for _ in range(2):
        assert "not a notebook" in submit(client, b"hello").text

    assert "2 of your files were not notebooks" in submit(client, notebook("xor")).text
    assert "Receipt" in submit(world.client("other"), notebook("xor")).text
    assert len(stored(world)) == 1
    monkeypatch.setattr(reading, "_HOUR", 0.0)
    assert "Receipt" in submit(client, json.dumps(json.loads(notebook("xor"))).encode()).text
