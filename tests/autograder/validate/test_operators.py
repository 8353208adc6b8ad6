"""The mutation operators, on statements as students write them."""

import ast

import pytest

from autograder.validate.mutants import mutated_trees


def mutations(source: str) -> set[str]:
    """All mutants of a source, as text."""
    return {ast.unparse(tree) for _, _, tree in mutated_trees(ast.parse(source))}


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("y = a + b", "y = a - b"),
        ("y = a + b", "y = a"),
        ("y = a + b", "y = b"),
        ("y = -a", "y = a"),
        ("y += a", "y -= a"),
        ("y += a", "pass"),
        ("y = 2 * a", "y = 2 / a"),
        ("y = 2 * a", "y = a"),
        ("y = 2 * a", "y = 3 * a"),
        ("y = a ** 2", "y = a"),
        ("y = a @ W.T", "y = a @ W"),
        ("y = a @ b", "y = b @ a"),
        ("y = np.sum(a, axis=0)", "y = np.sum(a, axis=1)"),
        ("y = np.sum(a, axis=0)", "y = np.sum(a)"),
        ("y = np.mean(a)", "y = np.sum(a)"),
        ("y = a.max()", "y = a.min()"),
        ("y = a[1:]", "y = a[:]"),
        ("y = a[1:]", "y = a[2:]"),
        ("y = list(range(n))", "y = list(range(n - 1))"),
        ("y = 0.5", "y = 1.0"),
        ("y = True", "y = False"),
        ("y = a < b", "y = a <= b"),
        ("y = a < b", "y = a > b"),
        ("y = a == b", "y = a != b"),
        ("y = a or b", "y = a and b"),
        ("y = a or b", "y = a"),
        ("y = not a", "y = a"),
        ("rng.shuffle(a)", "pass"),
    ],
)
def test_each_slip_is_made(source: str, mutated: str) -> None:
    """A statement's mutants hold the slip that is named here."""
    assert mutated in mutations(source)


def test_a_raise_is_removed_or_of_another_type() -> None:
    """An error is not raised, or raised as another class."""
    found = mutations("if a:\n    raise ValueError('no')")

    assert "if a:\n    pass" in found
    assert "if a:\n    raise TypeError('no')" in found


def test_texts_for_people_stay_as_they_are() -> None:
    """Docstrings, error messages and annotations are never mutated."""
    source = (
        'def f(a: X | 1) -> 2:\n    """Add 1 + 1."""\n    raise ValueError(f"{1 + 1} is wrong")'
    )

    found = mutations(source)

    assert found == {
        source.replace('raise ValueError(f"{1 + 1} is wrong")', "pass").replace('"', '"'),
        source.replace("ValueError", "TypeError"),
    } or all("1 + 1} is wrong" in each or "pass" in each for each in found)
    assert all('"""Add 1 + 1."""' in each and "a: X | 1) -> 2" in each for each in found)


def test_every_mutant_differs_and_compiles() -> None:
    """No mutant equals its original, and each is valid Python."""
    source = "def f(x, w):\n    n = len(x)\n    return 2 * (x @ w - 1) / n if n > 0 else 0.0"

    found = mutations(source)

    assert len(found) > 20
    assert source not in found
    for each in found:
        compile(each, "mutant", "exec")
