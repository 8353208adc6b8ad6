"""Whoever grades anonymously and compares all pages that they may open finds no name."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import World
from tests.web.reports import PROOF, graded
from tests.web.services.grading.test_marks import person
from web.models import CourseAssignment, Membership, Role, User
from web.services.grading import release, shares, written_answers
from web.services.grading.written_answers import Entered

STAFF = "/courses/dl/staff/"
NAMES = ("Max Born", "Lise Meitner", "Paul Ehrenfest", "Maria Mayer")
_PARTS = re.compile(r"<(?:tr|li|article|section|fieldset|h1)\b")
_FACTS = re.compile(r"\b\d+\.\d+\b|\b\d\d:\d\d\b|\b\d+ attempts?\b")
_MOST_PAGES = 150


def fill(world: World) -> dict[str, str]:
    """Students with points, times and numbers of attempts of their own; names by label."""
    truth = {}
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.anonymous_grading = True
        assignment.weight = 1.0
        grader = person(session, "Grader")
        for number, name in enumerate(NAMES):
            user = User(email=f"{name.split()[1]}@students.example.org".lower(), name=name)
            user.student_number = f"77{number}"
            member = Membership(user=user, course=assignment.course, role=Role.STUDENT)
            member.section = f"S{number}"
            session.add(member)
            session.flush()
            for attempt in range(1 + number // 2):
                submission = graded(
                    session,
                    world.settings.submissions,
                    name,
                    {"q1": round(1.1 + 0.3 * number + 0.1 * attempt, 1)},
                    answer="" if number < 2 else f"{PROOF} {number}",
                )
                submission.received_at -= timedelta(minutes=7 * number)
                truth[submission.label] = name
            if number % 2:
                written_answers.save(session, grader, submission, "q7", Entered(0, (0,)))
        both = {person(session, each).id: "" for each in ("Grader", "Instructor")}
        shares.assign(session, person(session, "Instructor"), assignment, "q7", both)
    return truth


def crawl(client: FlaskClient) -> dict[str, str]:
    """All pages that somebody gets to by links, from where staff land; by their addresses."""
    waiting, pages = [STAFF], dict[str, str]()
    while waiting and len(pages) < _MOST_PAGES:
        address = waiting.pop()
        if address in pages:
            continue
        with client.get(address, follow_redirects=True) as answer:
            pages[address] = html.unescape(answer.text) if answer.mimetype == "text/html" else ""
            if answer.mimetype in ("application/json", "application/x-ipynb+json", "text/plain"):
                pages[address] = answer.text
        links = re.findall(r'(?:href|src)="(/[^"#]+)', pages[address])
        waiting += [each for each in links if each not in pages and not each.startswith("/static")]
    assert len(pages) < _MOST_PAGES
    return pages


def named(text: str, words: Mapping[str, str]) -> set[str]:
    """What a text tells of, by any word that stands for it."""
    return {thing for word, thing in words.items() if word.lower() in text.lower()}


def parts(pages: Mapping[str, str]) -> Iterator[str]:
    """Each page, and each row, entry and section of it."""
    for page in pages.values():
        yield page
        yield from _PARTS.split(page)


def matches(pages: Mapping[str, str], truth: Mapping[str, str]) -> set[tuple[str, str]]:
    """Answers that belong to a name: on one page, or by a fact that only these two share."""
    labels = {label.removeprefix("Answer "): label for label in truth}
    names = {name: name for name in truth.values()}
    names |= {f"{name.split()[1]}@students.example.org": name for name in truth.values()}
    label_of, name_of = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    found = set()
    for part in parts(pages):
        who, what = named(part, names), named(part, labels)
        if len(who) == 1 and len(what) == 1:
            found.add((*what, *who))
        for facts, things in ((label_of, what), (name_of, who)):
            for fact in _FACTS.findall(re.sub(r"<[^>]*>", " ", part)) if len(things) == 1 else ():
                facts[fact] |= things
    for fact in label_of.keys() & name_of.keys():
        if len(label_of[fact]) == len(name_of[fact]) == 1:
            found.add((*label_of[fact], *name_of[fact]))
    return {(label, name) for label, name in found if truth[label] == name}


def test_no_page_and_no_two_pages_name_an_answer_before_the_release(world: World) -> None:
    """After it points stand beside names, and the same comparison finds them."""
    truth = fill(world)

    before = crawl(world.client("grader"))

    shown = set().union(*(named(each, {k: k for k in truth.values()}) for each in before.values()))
    assert shown == set(NAMES), "the gradebook names everybody"
    answers = [each for each in before if "/grading/xor/q7/" in each]
    assert len(answers) >= len(NAMES)
    assert matches(before, truth) == set()
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        release.release(session, person(session, "Instructor"), assignment)
    after = {"gradebook": html.unescape(world.client("grader").get(f"{STAFF}gradebook/").text)}
    # A fact may stand by chance in another place, too, and then tells nothing.
    assert len({name for _, name in matches(before | after, truth)}) >= len(NAMES) - 1
