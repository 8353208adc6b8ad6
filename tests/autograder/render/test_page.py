"""A report as a web page: complete, harmless, and for students without what is for staff."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.cells import CellRun, CellStatus
from autograder.render.notebooks import render_notebook
from autograder.render.page import CONTENT_POLICY, notebook_html, report_page, stylesheet
from autograder.report import Report, SourceLine
from autograder.verdict import Verdict

PANEL = '<section class="result">PANEL</section>'
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "![a](https://evil.example/track.png)",
    '![a](x "onerror=alert(1)")',
    "<svg onload=alert(1)>",
    "<form action=https://evil.example><input>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example>",
    "<style>.result { display: none; background: url(https://evil.example) }</style>",
    "</style><script>alert(1)</script>",
    "<div><div><b><table><tr><td>",
    "</div></div></section></main></body></html>",
    "<iframe srcdoc='<iframe src=//evil.example>'></iframe>",
    "<!-- ",
    "<![CDATA[ <script>alert(1)</script>",
    "<textarea><title><xmp><plaintext>",
    "```\n<script>alert(1)</script>\n",
    "$\\text{<script>alert(1)</script>}$",
    '[a](https://x.example "$\\text{" onclick=alert(1) x="}$")',
    "<a href='$javascript:alert(1)$'>a</a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[31mred\x1b[0m \x00 \u202e",
    "[" * 3000,
    "<div>" * 3000,
    "> " * 3000,
]
OUTPUTS = [
    "text/html",
    "text/markdown",
    "text/latex",
    "text/plain",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "image/gif",
    "application/javascript",
    "application/vnd.jupyter.widget-view+json",
    "text/vnd.mermaid",
]


def page_of(report: Report, *, student: bool) -> str:
    """Render a report's notebook, and write the report as a page."""
    questions = [question.id for question in report.questions]
    return report_page(report, render_notebook(report.notebook, questions), student=student)


def html_of(notebook: NotebookNode, panels: Mapping[int, str]) -> str:
    """Render a notebook, and write it with panels between its cells."""
    return notebook_html(render_notebook(notebook, []), panels)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_sources(make, harmless, hostile: str) -> None:
    """Whatever the cells hold, the page is harmless and the panels stay outside of them."""
    raw = nbformat.v4.new_raw_cell(hostile)
    cells = (make.text(hostile), make.code(hostile), raw, make.code('grader.check("q1")'))
    report = make.report(make.question("q1"), cells=cells)

    page = page_of(report, student=False)

    harmless(page)
    assert page.count('<section class="result') == 1
    assert page.rstrip().endswith("</html>")


@pytest.mark.parametrize("media_type", OUTPUTS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_outputs(make, harmless, media_type: str, hostile: str) -> None:
    """Whatever cells have displayed, printed or raised, the page is harmless."""
    stream = nbformat.v4.new_output("stream", name="stdout", text=hostile)
    error = nbformat.v4.new_output("error", ename=hostile, evalue=hostile, traceback=[hostile])
    cell = make.code("a", make.shows({media_type: hostile}), stream, error)

    harmless(page_of(make.report(make.question("q1"), cells=(cell,)), student=True))


@pytest.mark.parametrize("media_type", ["text/plain", "text/html", "text/markdown", "text/\x1bx"])
def test_outputs_hold_nothing_unseen(make, media_type: str) -> None:
    """Neither a terminal's commands nor marks that turn the text round, however they came in."""
    hostile = "\x1b[2J \x9b \u202e &#x202e; &#27; \x07 **bold**"
    stream = nbformat.v4.new_output("stream", name="stdout", text=hostile)
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[hostile])
    cell = make.code("a", make.shows({media_type: hostile}), stream, error)

    page = page_of(make.report(make.question("q1"), cells=(cell,)), student=True)

    assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(page)


def test_hostile_report(make, harmless) -> None:
    """Names, messages, hints and details are text, whatever stands in them."""
    bad = "</style></title><script>alert(1)</script>\"' onclick=alert(1)"
    test = make.test(bad, message=bad, hint=bad, detail=bad, line=SourceLine(1, 1, bad))
    question = make.question(bad, Verdict.FAILED, test, misconception=bad)

    harmless(page_of(make.report(question, title=bad, cells=(make.code(bad),)), student=False))


@pytest.mark.parametrize(
    "output",
    [
        {},
        {"output_type": "stream"},
        {"output_type": "stream", "name": "x", "text": 7},
        {"output_type": "error", "traceback": 7, "ename": []},
        {"output_type": "display_data", "data": 7},
        {"output_type": "display_data", "data": {"text/html": {"a": 1}}},
        {"output_type": "display_data", "data": {"text/plain": ["a", 7, "b"]}},
        {"output_type": "execute_result", "data": {"image/png": "not base64 <"}},
        {"output_type": "unheard of"},
    ],
)
def test_malformed_outputs(make, harmless, output) -> None:
    """An output that no honest kernel sends spoils nothing."""
    cell = make.code("kept = 1", nbformat.from_dict(output))

    page = html_of(make.report(cells=(cell,)).notebook, {0: PANEL})

    harmless(page)
    assert "kept" in page
    assert PANEL in page


def test_a_notebook_cannot_draw_a_result(make) -> None:
    """The classes and names of our results are not for cells."""
    forged = '<section class="result good" id="result-q1"><h3>Question 1: passed</h3></section>'
    cells = (make.text(forged), make.code("a", make.shows({"text/html": forged})))

    page = html_of(make.report(cells=cells).notebook, {})

    assert 'class="result' not in page
    assert re.findall(r"\bid=[^ >]*", page) == ['id="cell-1"', 'id="cell-2"']


def test_panels_stand_after_their_cells(make) -> None:
    """Panels come after the cells that are named, and those of no cell at the end."""
    notebook = make.report(cells=(make.text("first"), make.text("second"))).notebook

    page = html_of(notebook, {0: "[A]", -1: "[B]", 99: "[C]"})

    assert re.findall(r"first|second|\[.\]", page) == ["first", "[A]", "second", "[B]", "[C]"]


def test_every_result_is_on_the_page(make) -> None:
    """Each question has one panel, in an empty notebook too."""
    questions = [make.question(f"q{number}") for number in range(1, 6)]

    page = page_of(make.report(*questions), student=True)

    assert re.findall(r'id="result-(\w+)"', page) == ["q1", "q2", "q3", "q4", "q5"]


def test_results_stand_beside_their_cells(telling) -> None:
    """The result of question 1 stands between its check and the next question."""
    page = page_of(telling, student=True)

    order = [page.index(piece) for piece in ("Cell 3", 'id="result-q1"', "Cell 4", "Cell 5")]
    assert order == sorted(order)
    assert page.index("My answer") < page.index('id="result-q2"')


def test_students_read_nothing_of_what_is_for_staff(telling) -> None:
    """A student's page holds no detail, misconception's name, exception's name or seed."""
    student, staff = (page_of(telling, student=each) for each in (True, False))

    for secret in ("SECRET-VALUE", "SECRET-TRACE", "SECRET-MISCONCEPTION", "test_q1.py", "424242"):
        assert secret in staff
        assert secret not in student
    assert "SECRET" not in student


def test_a_page_tells_what_happened(telling) -> None:
    """Hints once, messages, the line, the verdicts in words, what waits, and which cells failed."""
    page = page_of(telling, student=True)
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))

    assert plain.count("The bias enters with the wrong sign.") == 1
    assert page.count("The result differs.") == 1
    assert "Cell 2, line 1 return x @ w - b" in plain
    assert "Raised an error" in plain
    assert "Question 2 will be graded manually." in plain
    assert "cell 2 took too long and cell 3 raised an error." in plain
    assert "0.5 of 4 points" in plain
    assert '<span class="hll">' in page


def test_a_fault_of_ours_is_no_zero(make) -> None:
    """What we could not grade is shown as not graded, with whose fault it is."""
    page = page_of(make.report(make.question("q1", Verdict.INTERNAL)), student=True)

    assert "Not graded yet" in page
    assert "a problem on our side" in page
    assert "\u2013 / 2" in page


def test_the_page_forbids_what_it_does_not_need(telling) -> None:
    """A policy in the page itself stops whatever the cleaning might let through."""
    page = page_of(telling, student=True)

    assert (
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
        in page.replace("&#39;", "'")
    )
    assert CONTENT_POLICY.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_the_page_is_readable_for_all(telling) -> None:
    """It has a language, one main heading, levels without gaps, and heads of rows and columns."""
    page = page_of(telling, student=True)
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", page)]

    assert '<html lang="en">' in page
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert 'scope="col"' in page
    assert 'scope="row"' in page
    assert "width=device-width" in page


def test_formulas(make) -> None:
    """Formulas of text cells and of outputs become MathML; those in code stay."""
    cells = (
        make.text("*$a_1$* and _$b_1$_ | `$c$` ![$d$](x.png)\n\n    $e$ in code"),
        make.code("a", make.shows({"text/latex": "$\\displaystyle f$", "text/plain": "f"})),
        make.text("# $g$"),
    )

    page = html_of(make.report(cells=cells).notebook, {})

    for name in "fg":
        assert f"<mi>{name}</mi>" in page
    assert "<em><math" in page
    assert "<code>$c$</code>" in page
    assert "[$d$]" in page
    assert "<code>$e$ in code" in page
    assert "formula" not in page


def test_markdown(make) -> None:
    """Tables, lists, code and links of text cells are shown."""
    source = "| a | b |\n|---|---|\n| 1 | 2 |\n\n- c\n\n```python\ndef d(): pass\n```\n[e](https://f.org)"

    page = html_of(make.report(cells=(make.text(source),)).notebook, {})

    for piece in ("<th>a</th>", "<li>c</li>", '<span class="nf">d</span>', 'href="https://f.org"'):
        assert piece in page


def test_best_type_of_an_output_is_shown(make) -> None:
    """Pictures are shown with a text for those who cannot see them; empty HTML gives way."""
    picture = make.shows({"image/png": "AA\nAA", "text/plain": "<Figure>"})
    plotly = make.shows({"text/html": "<div><script>draw()</script></div>", "text/plain": "Plot()"})
    widget = make.shows({"application/vnd.jupyter.widget-view+json": {}, "text/plain": "Slider()"})
    drawing = make.shows({"image/svg+xml": "<svg><text>a</text></svg>"})

    page = html_of(
        make.report(cells=(make.code("a", picture, plotly, widget, drawing),)).notebook, {}
    )

    assert '<img src="data:image/png;base64,AAAA" alt="Figure made by cell 1">' in page
    assert "&lt;Figure&gt;" not in page
    assert "Plot()" in page
    assert "Slider()" in page
    assert "An output of the type image/svg+xml is not shown." in page


def test_pictures_from_elsewhere_are_left_out_with_a_note(make) -> None:
    """A picture that would be loaded is named, not loaded."""
    page = html_of(make.report(cells=(make.text("![a](https://x.example/b.png)"),)).notebook, {})

    assert "A picture is not shown, only those in the notebook are: https://x.example/b.png" in page


def test_progress_bars_show_their_end(make) -> None:
    """Of a line that is overwritten again and again, the last state is shown."""
    stream = nbformat.v4.new_output("stream", name="stdout", text="10 %\r50 %\r100 %\r\ndone\n")

    page = html_of(make.report(cells=(make.code("a", stream),)).notebook, {})

    assert "<pre>100 %\ndone" in page


def test_code_with_a_title_is_folded(make) -> None:
    """The title stands in place of the code, escaped; its output stays; other code is open."""
    source = "# @title Given: <b>figures</b>\nprint(1)"
    cell = make.code(source, nbformat.v4.new_output("stream", name="stdout", text="shown"))
    cells = (cell, make.code("# a @title elsewhere"))
    page = html_of(make.report(cells=cells).notebook, {})
    folded = re.findall("<details>.*?</details>", page, flags=re.DOTALL)
    assert len(folded) == 1
    assert "<summary>Given: &lt;b&gt;figures&lt;/b&gt;</summary>" in folded[0]
    assert "print" in folded[0]
    assert "shown" not in folded[0]
    assert "shown" in page


def test_long_outputs_and_cells_are_cut_with_a_note(make) -> None:
    """A page stays readable whatever was printed."""
    stream = nbformat.v4.new_output("stream", name="stdout", text="x" * 30_000)
    cells = (make.code("a", stream), make.text("y" * 200_000), make.code("z" * 200_000))

    page = html_of(make.report(cells=cells).notebook, {})

    assert "10,000 more characters are not shown." in page
    assert page.count("100,000 more characters are not shown.") == 2
    assert len(page) < 300_000


def test_a_large_notebook_is_a_bounded_page(make) -> None:
    """The largest file that may be handed in is no page of a hundred megabytes."""
    cells = [make.text("<" * 100_000 + str(number)) for number in range(250)]

    page = html_of(make.report(cells=tuple(cells)).notebook, {})

    assert len(page) < 10_000_000
    assert page.count("more characters are not shown.") == len(cells)


def test_metadata_is_not_looked_at(make) -> None:
    """Widgets' states and cells' tags of a submission do not get into the page."""
    notebook = make.report(cells=(make.text("a"),)).notebook
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": "MARK"}
    notebook.cells[0].metadata["tags"] = ['"><script>MARK']

    assert "MARK" not in html_of(notebook, {})


def test_size_and_time(make) -> None:
    """The page without cells is small, and sixty cells take less than a third of a second."""
    prompt = "### Question 1\n\nGiven $x_1$, find $$y = \\sum_i w_i x_i + b .$$\n\n- `a`\n- **b**\n"
    body = "\n".join(f"def f_{number}(x):\n    return x + {number}" for number in range(8))
    stream = nbformat.v4.new_output("stream", name="stdout", text="value 1.5\n" * 10)
    cells: list[object] = []
    for number in range(30):
        cells += [make.text(prompt + str(number)), make.code(f"{body}\n{number}", stream)]
    tests = [make.test(f"Check {number}", detail="d" * 200) for number in range(10)]
    questions = [make.question(f"q{n}", Verdict.FAILED, *tests) for n in range(1, 11)]
    full = make.report(*questions, cells=tuple(cells))

    assert len(page_of(make.report(*questions), student=False)) < 100_000

    began = time.process_time()
    page_of(full, student=False)
    assert time.process_time() - began < 0.3


def test_a_hostile_notebook_takes_bounded_time(make) -> None:
    """Thousands of cells of the slowest kind end as text, not as minutes of work."""
    cells = [make.text("[a](" * 4000 + "$x_{1}$" * 500 + str(number)) for number in range(200)]

    began = time.process_time()
    page = html_of(make.report(cells=tuple(cells)).notebook, {})

    assert time.process_time() - began < 10
    assert "This text is too long to be rendered." in page


def test_style_asks_for_nothing_from_elsewhere() -> None:
    """The style has no address and no import, and knows dark pages, paper and phones."""
    style = stylesheet()

    assert "url(" not in style
    assert "@import" not in style
    assert "<" not in style
    for medium in ("prefers-color-scheme: dark", "print", "max-width"):
        assert f"@media ({medium}" in style or f"@media {medium}" in style


@pytest.mark.parametrize("dark", [False, True])
def test_contrast(*, dark: bool) -> None:
    """Every colour of text has a contrast of 4.5 or more on every background that it stands on."""
    first, _, rest = stylesheet().partition("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", rest if dark else first))
    inks = ("ink", "soft", "good", "bad", "wait", "accent", "warm", "violet", "green")
    cards = ("good-card", "bad-card", "wait-card")
    grounds = ("page", "card", "code", "tint", "hint", "marked", *cards)

    weak = {
        (ink, ground): round(contrast(colours[ink], colours[ground]), 2)
        for ink in inks
        for ground in grounds
        if contrast(colours[ink], colours[ground]) < 4.5
    }

    assert not weak


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours as WCAG defines it."""
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return how bright a colour is as WCAG defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_cells_that_did_not_end_say_so(make) -> None:
    """A cell that was stopped says it beside itself."""
    run = CellRun(0, CellStatus.KERNEL_DIED)
    page = page_of(make.report(cells=(make.code("exit()"),), runs=(run,)), student=True)

    assert re.search(r"Cell 1 <span[^>]*>crashed the kernel</span>", page)


def test_views_are_enough(telling) -> None:
    """All that a student's page says of the results is in the student's view."""
    view = json.dumps(telling.student_view().as_json())
    page = page_of(telling, student=True)

    for title in re.findall(r'<span class="words">[^<]*</span> ([^<]*?)(?: <|</)', page):
        assert title in view


def test_nested_emphasis_is_not_rendered(make) -> None:
    """A parser's time grows with the square of nested emphasis: much of it is shown as text."""
    nested = "*a **b " * 2000 + "b** a*" * 2000

    page = html_of(make.report(cells=(make.text(nested[:19_000]),)).notebook, {})

    assert "too much emphasis" in page
    assert "<em>" not in page


@pytest.mark.parametrize(
    ("data", "folded"),
    [
        ({"text/plain": "\n".join("a" * 31)}, "Output, 31 lines"),
        ({"text/plain": "\n".join("a" * 30)}, None),
        ({"text/html": f"<table>{'<tr><td>a</td></tr>' * 5000}</table>"}, "Output, 5,000 rows"),
        ({"text/html": f"<table>{'<tr><td>a</td></tr>' * 30}</table>"}, None),
    ],
    ids=["31 lines", "30 lines", "5000 rows", "30 rows"],
)
def test_long_outputs_are_folded(make, data: dict[str, str], folded: str | None) -> None:
    """So that the next question is not ten screens below."""
    page = html_of(make.report(cells=(make.code("a", make.shows(data)),)).notebook, {})

    assert re.findall("<summary>(.*?)</summary>", page) == ([folded] if folded else [])


def test_what_a_cell_printed_is_folded_but_not_its_error(make, harmless) -> None:
    """An error is what its student looks for."""
    printed = nbformat.v4.new_output("stream", text="a\n" * 100)
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=["line"] * 100)
    report = make.report(make.question("q1"), cells=(make.code("a", printed, error),))

    page = page_of(report, student=True)

    assert re.findall("<summary>(.*?)</summary>", page) == ["Output, 100 lines"]
    harmless(page)


def test_long_given_code_is_folded(make) -> None:
    """Code that everybody was given is nobody's answer; short, marked or changed code is open."""
    sources = ("a = 1\n" * 6, "b = 1\n" * 5, "c = 1\n" * 6, "d = 1\n" * 6)
    runs = tuple(CellRun(number, CellStatus.OK) for number in range(4))
    test = make.test("Right.", line=SourceLine(3, 2, "c = 1"), public=True)
    report = make.report(
        make.question("q1", Verdict.FAILED, test), cells=tuple(map(make.code, sources)), runs=runs
    )
    page = page_of(replace(report, given=frozenset({0, 1, 2})), student=True)

    assert re.findall("<summary>(.*?)</summary>", page) == ["Given code, 6 lines"]
    assert "Given code" not in page_of(report, student=True)
