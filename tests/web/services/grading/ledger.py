"""
An independent calculation of marks, for `test_histories.py`.

It keeps a plain list of what happened, and for each question that is asked of it goes through all
of that again, in whole numbers: no rows, no classes of the portal's, nothing remembered between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

HOUR = 60
DAY = 24 * HOUR
MAXIMA = {"q1": 40, "q2": 20, "q3": 20}
Fact = dict[str, Any]


@dataclass
class Ledger:
    """What happened, in minutes since the assignment was released."""

    facts: list[Fact] = field(default_factory=list)

    def note(self, kind: str, **details: Any) -> None:
        """Add a fact."""
        self.facts.append({"kind": kind, **details})

    def latest(self, kind: str) -> Any:
        """The value of the last fact of a kind."""
        found = [fact["value"] for fact in self.facts if fact["kind"] == kind]
        return found[-1] if found else None

    def attempts(self) -> list[Fact]:
        """All attempts, the first first."""
        return [fact for fact in self.facts if fact["kind"] == "attempt"]

    def due(self) -> int:
        """The student's own deadline."""
        extension = self.latest("extension")
        if extension is not None:
            return extension
        return self.latest("due") * self.latest("halves") // 2

    def last_moment(self) -> int:
        """The student's own last moment, the grace included."""
        cutoff = (self.latest("cutoff") or self.latest("due")) * self.latest("halves") // 2
        extension = self.latest("extension")
        if extension is not None and extension > cutoff:
            cutoff = extension
        return cutoff + self.latest("grace")

    def is_practice(self, at: int) -> bool:
        """Whether what came at a moment would have been practice, by the rules of now."""
        return at > self.last_moment()

    def late_minutes(self, attempt: Fact) -> int:
        """By how much an attempt is late, by the rules of now."""
        over = attempt["at"] - self.due()
        return 0 if attempt["practice"] or over <= self.latest("grace") else over

    def days_elsewhere(self) -> int:
        """How many late days the other assignment of the course uses, if it comes first."""
        due, here = self.latest("elsewhere due"), self.latest("due")
        came = self.latest("elsewhere")
        if due > here or came is None:
            return 0
        late = came - due * self.latest("halves") // 2
        needed = 0
        while late > 0:
            needed += 1
            late -= DAY
        return min(needed, self.latest("elsewhere days"), self.latest("budget"))

    def free_days(self) -> int:
        """How many days of being late cost nothing, by the rules of now."""
        if not self.latest("penalty"):
            return 0
        return min(self.latest("days"), self.latest("budget") - self.days_elsewhere())

    def after_penalty(self, attempt: Fact, tenths: int) -> int:
        """Take the penalty off, day by day."""
        share = 100
        left = self.late_minutes(attempt) - self.free_days() * DAY
        while left > 0:
            share -= self.latest("penalty")
            left -= DAY
        return (2 * tenths * max(share, 0) + 100) // 200

    def decided(self, attempt: Fact, question: str, *, student: bool) -> dict[str, int]:
        """Return what people said about an answer, by what kind of fact it is."""
        same = "text" if question == "q3" else "code"
        said: dict[str, Fact] = {}
        released: set[int] = set()
        for fact in self.facts:
            if fact["kind"] == "release":
                released |= set(fact["attempts"])
                for each in said.values():
                    each["seen"] = True
            elif fact["kind"] == "withdraw":
                released.clear()
                for each in said.values():
                    each["seen"] = False
            elif fact["kind"] in ("grade", "override") and fact["question"] == question:
                about = self.attempts()[fact["number"] - 1]
                if about[same] != attempt[same]:
                    continue
                seen = fact["kind"] in said and said[fact["kind"]]["seen"]
                alike = [each for each in self.attempts() if each[same] == about[same]]
                seen = seen or any(each["number"] in released for each in alike)
                said[fact["kind"]] = {"value": fact["value"], "seen": seen}
        open_to_all = not student or question != "q3" or attempt["number"] in released
        return {k: v["value"] for k, v in said.items() if open_to_all or v["seen"]}

    def points(self, attempt: Fact, *, student: bool) -> dict[str, int | None]:
        """Points by question; ``None`` for what awaits a person."""
        found: dict[str, int | None] = {}
        for question in MAXIMA:
            said = self.decided(attempt, question, student=student)
            tests = None if question == "q3" else attempt["scores"][question]
            found[question] = said.get("override", said.get("grade", tests))
        return found

    def total(self, attempt: Fact, *, student: bool) -> int:
        """The points of an attempt after the penalty."""
        points = self.points(attempt, student=student).values()
        return self.after_penalty(attempt, sum(each or 0 for each in points))

    def results_visible(self, at: int) -> bool:
        """Whether the student sees hidden results at a moment."""
        held_until = self.latest("results")
        return held_until is None or (at >= held_until and at > self.last_moment())

    def solution_visible(self, at: int) -> bool:
        """Whether the student sees the solution at a moment."""
        moment = self.latest("solution")
        return moment is not None and at >= moment and at > self.last_moment()

    def counting(self) -> list[Fact]:
        """The attempts that may count."""
        return [each for each in self.attempts() if each["graded"] and not each["practice"]]

    def shown(self, at: int) -> int | None:
        """The points that the student's own grades show."""
        if not self.counting() or not self.results_visible(at):
            return None
        totals = [self.total(each, student=True) for each in self.counting()]
        return max(totals) if self.latest("counted") == "best" else totals[-1]

    def of_staff(self) -> int | None:
        """The points that count as staff know them; what awaits a person may become all of it."""
        best: tuple[int, bool, int] | None = None
        chosen = None
        for each in self.counting():
            points = self.points(each, student=False)
            most = sum(MAXIMA[k] if v is None else v for k, v in points.items())
            rank = (self.after_penalty(each, most), None not in points.values(), each["number"])
            if self.latest("counted") == "last" or best is None or rank > best:
                best, chosen = rank, each
        return None if chosen is None else self.total(chosen, student=False)
