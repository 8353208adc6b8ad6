"""
What students and staff are told, as codes with parameters, and the English sentence of each code.

Reports and rows of the portal keep codes, so a second language is a second table. What an author
wrote (titles, hints, the messages of public tests) stays in the author's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MAX_CHARACTERS: Final = 300
# What pages count with; other parameters are words, or stand in a sentence only.
_NUMBERS: Final = ("cell", "line")


class MessageCode(StrEnum):
    """One kind of message; its value stands in stored reports and must not change."""

    TEXT = "text"
    """Words that are nobody's to translate: an author's, or those of a report of an old format."""

    # What came of a test.
    DIFFERS = "differs"
    NOT_USABLE = "not_usable"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT_LIMIT = "output_limit"
    KERNEL_DIED = "kernel_died"
    SKIPPED = "skipped"
    PENDING = "pending"
    INTERNAL = "internal"
    RAISED = "raised"
    RAISED_AT = "raised_at"
    RAISED_TOO = "raised_too"
    MISSING = "missing"
    MISSING_NOW = "missing_now"
    MISSING_CELL_RAISED = "missing_cell_raised"
    MISSING_CELL_TIMEOUT = "missing_cell_timeout"
    MISSING_CELL_OUTPUT_LIMIT = "missing_cell_output_limit"
    MISSING_CELL_MEMORY = "missing_cell_memory"
    MISSING_CELL_KERNEL_DIED = "missing_cell_kernel_died"
    MISSING_CELL_SKIPPED = "missing_cell_skipped"

    # The same of several names at once, where they are told; none of these is stored.
    NAMES_CELL_RAISED = "names_cell_raised"
    NAMES_CELL_TIMEOUT = "names_cell_timeout"
    NAMES_CELL_OUTPUT_LIMIT = "names_cell_output_limit"
    NAMES_CELL_MEMORY = "names_cell_memory"
    NAMES_CELL_KERNEL_DIED = "names_cell_kernel_died"
    NAMES_CELL_SKIPPED = "names_cell_skipped"

    # Why a value cannot be what was asked for.
    NOT_ANSWERED = "not_answered"
    NOT_A_FUNCTION = "not_a_function"
    A_VALUE_FOR_A_FUNCTION = "a_value_for_a_function"
    NOTHING_RETURNED = "nothing_returned"
    NOT_NUMBERS = "not_numbers"
    NOT_FINITE = "not_finite"
    ONE_AXIS_FOR_A_NUMBER = "one_axis_for_a_number"
    AXES_FOR_A_NUMBER = "axes_for_a_number"
    WRONG_SHAPE = "wrong_shape"
    OTHER_SHAPE = "other_shape"
    UNNAMED_SHAPE = "unnamed_shape"

    # Why a file cannot be read as a notebook; a sentence behind the file's name.
    NO_SUCH_FILE = "no_such_file"
    IS_A_LINK = "is_a_link"
    UNREADABLE = "unreadable"
    NOT_A_FILE = "not_a_file"
    TOO_MANY_MEGABYTES = "too_many_megabytes"
    TOO_LARGE = "too_large"
    NO_CELLS = "no_cells"
    TOO_MANY_CELLS = "too_many_cells"
    NOT_TEXT = "not_text"
    TOO_MANY_VALUES = "too_many_values"
    NOT_JSON = "not_json"
    JSON_UNREADABLE = "json_unreadable"
    JSON_NO_OBJECT = "json_no_object"
    NO_NOTEBOOK = "no_notebook"
    OTHER_FORMAT = "other_format"
    NO_CELL = "no_cell"
    CELL_OF_NO_TYPE = "cell_of_no_type"
    CELL_WITHOUT_TEXT = "cell_without_text"
    HALF_A_CHARACTER = "half_a_character"
    OTHER_ASSIGNMENT = "other_assignment"

    # Why a job of the portal was put back, or ended without a result.
    WORKER_GONE = "worker_gone"
    PORTAL_RESTARTED = "portal_restarted"
    PORTAL_STOPPED = "portal_stopped"
    TEST_NOT_JUDGED = "test_not_judged"
    REGRADE_DISCARDED = "regrade_discarded"
    OLD_RESULT_DAMAGED = "old_result_damaged"


ENGLISH: Final[Mapping[MessageCode, str]] = {
    MessageCode.TEXT: "{text}",
    MessageCode.DIFFERS: "Your result differs from the expected one.",
    MessageCode.NOT_USABLE: (
        "Your result has the wrong type or shape: expected a number or array as stated."
    ),
    MessageCode.TIMEOUT: "Your code exceeded the time limit.",
    MessageCode.MEMORY: "Your code exceeded the memory limit.",
    MessageCode.OUTPUT_LIMIT: "Your code printed too much output.",
    MessageCode.KERNEL_DIED: "Your code crashed or ended the Python process.",
    MessageCode.SKIPPED: "This test was not run.",
    MessageCode.PENDING: "This will be graded manually.",
    MessageCode.INTERNAL: "Not graded yet because of a problem on our side, not yours.",
    MessageCode.RAISED: "Your code raised {exception}.",
    MessageCode.RAISED_AT: "Your code raised {exception} in cell {cell}, line {line}.",
    MessageCode.RAISED_TOO: "Your code raised an exception.",
    MessageCode.MISSING: "{name} is not defined in your notebook.",
    MessageCode.MISSING_NOW: "A name that was defined before is no longer defined.",
    MessageCode.MISSING_CELL_RAISED: (
        "{name} is not defined: cell {cell}, which should define it, raised {exception}."
    ),
    MessageCode.MISSING_CELL_TIMEOUT: (
        "{name} is not defined: cell {cell}, which should define it, took too long."
    ),
    MessageCode.MISSING_CELL_OUTPUT_LIMIT: (
        "{name} is not defined: cell {cell}, which should define it, printed too much."
    ),
    MessageCode.MISSING_CELL_MEMORY: (
        "{name} is not defined: cell {cell}, which should define it, needed too much memory."
    ),
    MessageCode.MISSING_CELL_KERNEL_DIED: (
        "{name} is not defined: cell {cell}, which should define it, crashed the kernel."
    ),
    MessageCode.MISSING_CELL_SKIPPED: (
        "{name} is not defined: cell {cell}, which should define it, was not run."
    ),
    MessageCode.NAMES_CELL_RAISED: (
        "{names} are not defined: cell {cell}, which should define them, raised {exception}."
    ),
    MessageCode.NAMES_CELL_TIMEOUT: (
        "{names} are not defined: cell {cell}, which should define them, took too long."
    ),
    MessageCode.NAMES_CELL_OUTPUT_LIMIT: (
        "{names} are not defined: cell {cell}, which should define them, printed too much."
    ),
    MessageCode.NAMES_CELL_MEMORY: (
        "{names} are not defined: cell {cell}, which should define them, needed too much memory."
    ),
    MessageCode.NAMES_CELL_KERNEL_DIED: (
        "{names} are not defined: cell {cell}, which should define them, crashed the kernel."
    ),
    MessageCode.NAMES_CELL_SKIPPED: (
        "{names} are not defined: cell {cell}, which should define them, was not run."
    ),
    MessageCode.NOT_ANSWERED: "Not answered yet: the placeholder “...” is still there.",
    MessageCode.NOT_A_FUNCTION: "{name} is not a function.",
    MessageCode.A_VALUE_FOR_A_FUNCTION: (
        "Expected a function, got a value; perhaps the name is reused further down."
    ),
    MessageCode.NOTHING_RETURNED: "Expected numbers, got None: nothing was returned or assigned.",
    MessageCode.NOT_NUMBERS: "Expected numbers, got {kind}.",
    MessageCode.NOT_FINITE: "The result contains NaN or infinity.",
    MessageCode.ONE_AXIS_FOR_A_NUMBER: "Expected one number, got an array with 1 axis.",
    MessageCode.AXES_FOR_A_NUMBER: "Expected one number, got an array with several axes.",
    MessageCode.WRONG_SHAPE: "Expected the shape {wanted}, got {got}.",
    MessageCode.OTHER_SHAPE: "Expected the shape {wanted}, got a different one.",
    MessageCode.UNNAMED_SHAPE: "Expected an array with a different shape (number of axes: {axes}).",
    MessageCode.NO_SUCH_FILE: "no such file",
    MessageCode.IS_A_LINK: "is a link; submit the file itself",
    MessageCode.UNREADABLE: "cannot be read: {reason}",
    MessageCode.NOT_A_FILE: "is not a file",
    MessageCode.TOO_MANY_MEGABYTES: (
        "has {megabytes} MB; at most {most} MB are accepted. Clear the outputs and save it again"
    ),
    MessageCode.TOO_LARGE: "is larger than {most} MB",
    MessageCode.NO_CELLS: "is not a notebook: it has no list of cells",
    MessageCode.TOO_MANY_CELLS: "has more than {most} cells",
    MessageCode.NOT_TEXT: "is not a notebook: it is not text in UTF-8",
    MessageCode.TOO_MANY_VALUES: ("holds too many values; clear the outputs and save it again"),
    MessageCode.NOT_JSON: "is not a notebook: not JSON (line {line}: {reason})",
    MessageCode.JSON_UNREADABLE: "is not a notebook: its JSON cannot be read",
    MessageCode.JSON_NO_OBJECT: "is not a notebook: its JSON is not an object",
    MessageCode.NO_NOTEBOOK: "is not a notebook: it has no cells and no nbformat",
    MessageCode.OTHER_FORMAT: (
        "has notebook format {format}, not 4; open it in JupyterLab and save it again"
    ),
    MessageCode.NO_CELL: "cell {cell} is not a cell",
    MessageCode.CELL_OF_NO_TYPE: "cell {cell} has an unknown type",
    MessageCode.CELL_WITHOUT_TEXT: "cell {cell} has no text",
    MessageCode.HALF_A_CHARACTER: (
        "cell {cell} holds half a character (a lone surrogate); retype that line"
    ),
    MessageCode.OTHER_ASSIGNMENT: "is a notebook of the assignment {other!r}, not of {this!r}",
    MessageCode.WORKER_GONE: "the grading worker stopped",
    MessageCode.PORTAL_RESTARTED: "the portal was restarted",
    MessageCode.PORTAL_STOPPED: "the portal was stopped",
    MessageCode.TEST_NOT_JUDGED: "a test could not be judged",
    MessageCode.REGRADE_DISCARDED: "the regrade was discarded",
    MessageCode.OLD_RESULT_DAMAGED: "its result is damaged: regrade all of it",
}


@dataclass(frozen=True)
class Message:
    """
    A message: its code, and what its sentence names.

    Args:
        code: Which sentence.
        parameters: Names and numbers in it.
    """

    code: MessageCode
    parameters: Mapping[str, str | int] = field(default_factory=dict)

    def sentence(self, catalogue: Mapping[MessageCode, str] = ENGLISH) -> str:
        """Return the sentence in a catalogue's language."""
        return catalogue[self.code].format_map(self.parameters)[:MAX_CHARACTERS]

    def __str__(self) -> str:
        return self.sentence()

    def as_json(self) -> dict[str, Any]:
        """Return plain data: the code and its parameters."""
        return {"code": self.code.value, "parameters": dict(self.parameters)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Message | None:
        """
        Read what `as_json` wrote, or the plain sentence of a report of the first format.

        A code that this version does not know, of a newer one, is shown by its name.

        Raises:
            KeyError: If a part is missing, or a parameter that the sentence names.
            TypeError: If what is read is no such thing.
            ValueError: Likewise.
        """
        if isinstance(data, str):
            return text(data) if data else None
        code, parameters = str(data["code"]), dict(data["parameters"])
        if code not in ENGLISH:
            return text(code.replace("_", " ").capitalize())
        if any(type(parameters.get(name, 0)) is not int for name in _NUMBERS):
            raise TypeError("a cell or a line that is no number")
        message = cls(MessageCode(code), parameters)
        message.sentence()
        return message


def text(words: str) -> Message:
    """Make a message of somebody's own words."""
    return Message(MessageCode.TEXT, {"text": words})
