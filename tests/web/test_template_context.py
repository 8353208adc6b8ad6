"""What views give to a page is what its template reads: no more, no less."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import meta, nodes

from tests.web.conftest import World
from web.blueprints import submission_page
from web.blueprints.submission_page import StaffPage, StudentPage

VIEWS = Path(submission_page.__file__).parents[1]
# What the application and Flask add to every page.
ALWAYS = {"config", "csrf_token", "g", "me", "request", "session"}


def parsed(app: Flask, template: str) -> nodes.Template:
    """Return a template's syntax tree."""
    environment = app.jinja_env
    assert environment.loader is not None
    return environment.parse(environment.loader.get_source(environment, template)[0])


def read_by(app: Flask, template: str) -> set[str]:
    """Return the variables that a template, and what it includes, takes from its view."""
    tree = parsed(app, template)
    names = meta.find_undeclared_variables(tree)
    for include in tree.find_all(nodes.Include):
        assert isinstance(include.template, nodes.Const)
        names |= read_by(app, include.template.value)
    return names - _declared(tree) - ALWAYS - set(app.jinja_env.globals)


def _declared(tree: nodes.Template) -> set[str]:
    """Return what a template defines outside its blocks and uses inside, unknown to Jinja's own."""
    names: set[str] = {macro.name for macro in tree.find_all(nodes.Macro)}
    names |= {node.target for node in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        names |= {name if isinstance(name, str) else name[1] for name in node.names}
    for node in tree.find_all(nodes.Assign):
        names |= {name.name for name in node.find_all(nodes.Name) if name.ctx == "store"}
    return names


def rendered() -> list[tuple[str, int, str, set[str | None]]]:
    """Return each call of `render_template`: file, line, template, names of what it gives."""
    return [
        (
            path.name,
            node.lineno,
            ast.literal_eval(node.args[0]),
            {keyword.arg for keyword in node.keywords},
        )
        for path in sorted(VIEWS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "render_template"
    ]


def test_views_give_what_templates_read(world: World) -> None:
    """A variable that no template reads, or that no view gives, fails here."""
    calls = rendered()
    wrong = [
        f"{file}:{line}: {template}: {sorted(map(str, given ^ read))}"
        for file, line, template, given in calls
        if given != (read := read_by(world.app, template))
    ]

    assert wrong == []
    assert len(calls) > 25


def test_every_template_of_a_page_is_rendered(world: World) -> None:
    """Templates without an underscore are pages; each is some view's."""
    pages = {
        name
        for name in world.app.jinja_env.list_templates()
        if not Path(name).name.startswith("_") and name != "base.html"
    }

    assert {template for _, _, template, _ in rendered()} == pages


@pytest.mark.parametrize(
    ("template", "page"),
    [("submissions/submission.html", StudentPage), ("staff/submission.html", StaffPage)],
)
def test_pages_of_a_submission_use_all_fields_of_their_context(
    world: World, template: str, page: type[Any]
) -> None:
    """The template reads each field and property of the page, and no other."""
    attributes = {
        node.attr
        for node in parsed(world.app, template).find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "page"
    }
    properties = {name for name in dir(page) if isinstance(getattr(page, name), property)}

    assert attributes == {field.name for field in fields(page)} | properties
