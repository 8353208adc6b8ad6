"""Which texts count as blank, the same, or nearly the same."""

from __future__ import annotations

import random

import pytest

from web.services.grading.alike import clusters, is_blank, normalised, pieces

GIVEN = frozenset({"*Type your answer here.*"})
PROOF = (
    "Let the affine function have these values at the corners of the square. Then the sum of two "
    "opposite corners is the same for both diagonals, while the table asks for zero on one and "
    "two on the other, which is a contradiction, so there is no such function at all."
)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([""], True),
        ([" \n\t", "\u00a0\u200b"], True),
        (["*Type  your answer here.*\n"], True),
        (["*Type your answer here.*", ""], True),
        (["0"], False),
        (["*Type your answer here.* No."], False),
    ],
)
def test_blank_is_what_holds_nothing_of_the_student_s_own(
    cells: list[str],
    *,
    expected: bool,
) -> None:
    """Spaces, signs that nobody sees, and the placeholder are nothing; a zero is an answer."""
    assert is_blank(cells, GIVEN) is expected


def test_same_is_the_same_but_for_spaces() -> None:
    """A letter of another case may be another variable."""
    texts = {1: "$a + b$", 2: "$a  +\nb$", 3: "$A + b$", 4: "e\u0301", 5: "\u00e9"}

    found = clusters({key: normalised(text) for key, text in texts.items()})
    assert found == [[1, 2], [4, 5]]


def test_nearly_the_same_is_a_word_in_a_long_text_and_none_in_a_short_one() -> None:
    """One word of a short answer may be all of it."""
    texts = {
        1: PROOF,
        2: PROOF.replace("square", "sqare"),
        3: PROOF[: len(PROOF) // 2],
        4: "It is not possible.",
        5: "It is now possible.",
    }

    assert clusters(texts) == [[1, 2]]


def test_all_pairs_that_are_near_are_found() -> None:
    """As if each text were compared with each other one: what is looked for first tells enough."""
    draw = random.Random(7)
    words = [f"word{number}" for number in range(300)]
    first = [draw.choices(words, k=draw.randrange(20, 120)) for _ in range(30)]
    texts = [" ".join(each) for each in first]
    for each in first * 4:
        changed = [word if draw.random() > 0.03 else "other" for word in each]
        texts.append(" ".join(changed[: len(changed) - draw.randrange(4)]))

    def near(one: str, other: str) -> bool:
        runs = [
            set(zip(*(text.split()[n:] for n in range(3)), strict=False)) for text in (one, other)
        ]
        return len(runs[0] & runs[1]) >= 0.85 * len(runs[0] | runs[1])

    expected: list[list[int]] = []
    for number, text in enumerate(texts):
        found = next((each for each in expected if near(texts[each[0]], text)), None)
        if found is None:
            expected.append([number])
        else:
            found.append(number)
    pairs = [each for each in expected if len(each) > 1]
    assert len(pairs) > 20
    assert clusters(dict(enumerate(texts))) == pairs


def test_differences_do_not_add_up_along_a_chain() -> None:
    """Each is near its neighbour; all of a cluster are near the first."""
    words = PROOF.split()
    texts = {}
    for number in range(12):
        texts[number] = " ".join(words)
        words[4 * number] = f"other{number}"

    found = clusters(texts)
    assert len(found) > 1
    assert max(map(len, found)) < 6


def test_many_long_texts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound only the same texts are put together."""
    monkeypatch.setattr("web.services.grading.alike.MOST_TEXTS", 2)
    texts = {1: PROOF, 2: "Another.", 3: f"{PROOF} Yes.", 4: f"{PROOF} Yes."}

    assert clusters(texts) == [[3, 4]]


def test_pieces_say_what_is_new_and_what_is_missing() -> None:
    """Together, those of a text are the text."""
    found = pieces("so it is not so", "so it is surely so")

    assert [(each.kind, each.text) for each in found] == [
        ("equal", "so it is "),
        ("delete", "surely "),
        ("insert", "not "),
        ("equal", "so"),
    ]
