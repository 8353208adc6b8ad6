"""What to tell a student whose file cannot be read as a notebook: what it is, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from autograder.messages import Message, MessageCode

_DOWNLOAD: Final = "Upload the .ipynb file (in Jupyter: File → Download)."
_SAVE: Final = "Open it in JupyterLab, save it, and submit it again."
_CLEAR: Final = "Clear the notebook's outputs, save it, and submit it again."
_DAMAGED: Final = f"This notebook file is damaged. {_SAVE}"
_SENTENCES: Final[Mapping[MessageCode, str]] = {
    MessageCode.TOO_LARGE: f"This file is larger than {{most}} MB. {_CLEAR}",
    MessageCode.TOO_MANY_CELLS: (
        "This notebook has more than {most} cells. Remove the ones you do not need, save it, and "
        "submit it again."
    ),
    MessageCode.TOO_MANY_VALUES: f"This notebook is too large to be read. {_CLEAR}",
    MessageCode.NOT_TEXT: f"This file is not a Jupyter notebook. {_DOWNLOAD}",
    MessageCode.NOT_JSON: (
        "This file is incomplete or not a notebook (line {line}). Save the notebook in Jupyter, "
        "and submit the .ipynb file again."
    ),
    MessageCode.JSON_UNREADABLE: _DAMAGED,
    MessageCode.JSON_NO_OBJECT: f"This file is not a Jupyter notebook. {_DOWNLOAD}",
    MessageCode.NO_NOTEBOOK: f"This file is not a Jupyter notebook. {_DOWNLOAD}",
    MessageCode.NO_CELLS: _DAMAGED,
    MessageCode.OTHER_FORMAT: (
        f"This notebook file is damaged or very old (format {{format}}). {_SAVE}"
    ),
    MessageCode.NO_CELL: f"This notebook file is damaged at cell {{cell}}. {_SAVE}",
    MessageCode.CELL_OF_NO_TYPE: f"This notebook file is damaged at cell {{cell}}. {_SAVE}",
    MessageCode.CELL_WITHOUT_TEXT: f"This notebook file is damaged at cell {{cell}}. {_SAVE}",
    MessageCode.HALF_A_CHARACTER: (
        "Cell {cell} contains an invalid character. Retype that line, save the notebook, and "
        "submit it again."
    ),
    MessageCode.OTHER_ASSIGNMENT: (
        "This notebook belongs to the assignment “{other}”. Submit it there."
    ),
}
_KINDS: Final = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"<", "a web page"),
)


def advice(fault: Message) -> str:
    """Return what is wrong with a file and what to do, in whole sentences."""
    if fault.code in _SENTENCES:
        return fault.sentence(_SENTENCES)
    # Of an earlier version's rows only a sentence is left, which followed the file's name.
    return f"The file {str(fault).removeprefix('notebook: ').rstrip('.')}. {_SAVE}"


def advice_on(fault: Message, data: bytes, file_name: str) -> str:
    """
    Return what is wrong with an uploaded file and what to do.

    Args:
        fault: Why it is no notebook.
        data: Its bytes, to name the kind of file that was chosen by mistake.
        file_name: What the student called it.
    """
    # Untrusted: both are the student's; they choose a sentence and are shown, no more.
    kind = next((words for start, words in _KINDS if data[:64].lstrip().startswith(start)), None)
    if kind is None and file_name.lower().endswith(".py"):
        kind = "a Python script"
    if kind is None:
        return advice(fault)
    return f"{file_name or 'This file'} is {kind}, not a Jupyter notebook. {_DOWNLOAD}"
