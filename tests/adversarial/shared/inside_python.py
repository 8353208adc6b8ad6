# %% start comparisons_that_always_hold ok
# Held by: tests, public ones too, compare in another process; the notebook reports values.
import math

import numpy.testing

for name in ("allclose", "isclose", "array_equal", "array_equiv"):
    setattr(np, name, lambda *args, **kwargs: True)
for name in ("assert_allclose", "assert_array_equal", "assert_almost_equal", "assert_equal"):
    setattr(numpy.testing, name, lambda *args, **kwargs: None)
math.isclose = lambda *args, **kwargs: True


# %% start tests_of_its_own_in_the_folder ok
# Held by: tests run in a folder of the grader's, which the kernel does not see.
PLUGIN = """
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    report.outcome = "passed"
"""
import os

for folder in (".", "/tmp", os.path.expanduser("~/.config")):
    os.makedirs(folder, exist_ok=True)
    for name, text in (
        ("conftest.py", PLUGIN),
        ("pytest.ini", "[pytest]\naddopts=-p conftest\n"),
        ("test_public.py", ""),
        ("sitecustomize.py", PLUGIN),
        ("assignment.toml", ""),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts='-p conftest'\n"),
    ):
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)


# %% start settings_for_the_next_process ok
# Held by: a kernel's variables and files end with it; no program of the grader's is its child.
os.environ.update(
    PYTHONPATH="/tmp",
    PYTHONSTARTUP="/tmp/sitecustomize.py",
    LD_PRELOAD="/tmp/x.so",
    PYTEST_ADDOPTS="-p conftest",
    PYTEST_PLUGINS="conftest",
    HOME="/tmp",
    IPYTHONDIR="/tmp/ipython",
    JUPYTER_CONFIG_DIR="/tmp/jupyter",
    TMPDIR="/nowhere",
)
os.environ.pop("LD_PRELOAD")
os.makedirs("/tmp/ipython/profile_default/startup", exist_ok=True)
with open("/tmp/ipython/profile_default/startup/00.py", "w") as file:
    file.write("raise SystemExit")


# %% start finder_of_all_modules ok
# Held by: imports of the kernel are its own; what answers calls has been imported before.
import sys


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in ("autograder", "reference", "pytest", "otter", "hidden"):
            raise ImportError("nothing to see")


sys.meta_path.insert(0, Finder)
sys.path_importer_cache.clear()
sys.modules["pytest"] = sys.modules["reference"] = sys


# %% start errors_that_hide ok
# Held by: a cell that hides its error has no error; its answers are looked at all the same.
shell = get_ipython()
shell.set_custom_exc((Exception,), lambda self, kind, value, trace, tb_offset=None: None)
raise ValueError("hidden")


# %% start line_that_rewrites_the_checks ok
# Held by: what cells print is no evidence; the notebook's own grader object decides nothing.
def rewrite(lines):
    return [line.replace("grader.check", "print") for line in lines]


shell.input_transformers_cleanup.append(rewrite)
shell.set_custom_exc((), None)
shell.ast_transformers.append(type("Same", (), {"visit": staticmethod(lambda node: node)}))


# %% start checks_of_otter_that_pass ok
# Held by: otter's checks in the kernel are for students' eyes; nobody reads their results.
import otter

otter.Notebook.check = lambda *args, **kwargs: "All tests passed!"
otter.Notebook.check_all = otter.Notebook.check


# %% start kernel_that_tells_lies_about_itself ok
# Held by: a cell's state comes from one message for one request; others are passed over.
kernel = get_ipython().kernel
parent = kernel.get_parent()
for content in ({"execution_state": "idle"}, {"execution_state": "dead"}, {"execution_state": 5}):
    other = {**parent, "header": {**parent["header"], "msg_id": "another"}}
    kernel.session.send(kernel.iopub_socket, "status", content, parent=other)


# %% start objects_found_by_the_collector ok
# Held by: tests, references and expected values are in another process; an inner one's memory holds
# the notebook alone.
import gc

for found in gc.get_objects():
    name = getattr(found, "__name__", "")
    assert not (isinstance(name, str) and name in ("test_xor", "best_affine", "assert_close"))
del found


# %% start frames_below_the_cell ok
# Held by: the same: from the outermost frame on there is the kernel's loop, and no test.
frame = sys._getframe()
while frame is not None:
    assert "hidden" not in frame.f_code.co_filename, frame.f_code.co_filename
    frame = frame.f_back


# %% start finalizers_that_print_for_ever ok
# Held by: output after a cell is nobody's, and is bounded where it arrives.
class Noisy:
    def __del__(self):
        print("x" * 1000)


for _ in range(200):
    Noisy()
gc.callbacks.append(lambda phase, info: None)


# %% start signals_that_interrupt_its_own_cells ok
# Held by: what a process does to itself between cells ends in its own cells, as any exception.
import signal

signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
sum(range(10**5))
signal.setitimer(signal.ITIMER_REAL, 0)


# %% start names_for_the_shell_and_the_grader ok
# Held by: names of the shell and of the runtime are no answers; `get` looks in the notebook's only.
In, Out, exit, quit, display = [None], {}, None, None, None
__doc__, __file__, __loader__ = "passed", "hidden/test_xor.py", None
score = points = verdict = passed = 20


# %% q2 right_answers_behind_a_name_that_looks_alike missing
# Held by: names are compared as Python does; a Cyrillic letter is another one.
def fоrward(x, W1, b1, W2, b2):
    return np.maximum(x @ W1.T + b1, 0.0) @ W2 + b2


# %% q3 exception_with_a_terminals_commands_and_markup error
# Held by: control characters are taken out and markup is text; a name of the notebook's is not told.
Shouting = type("\x1b[2J\u202e<script>alert(77)</script>", (ValueError,), {})


def rescale(W1, b1, W2, b2, a):
    raise Shouting("\x1b]0;passed\x07<img src=x onerror=alert(77)>" + "CARRIED" + "-OUT")


# %% q5 wrong_values_beside_patched_comparisons failed
# Held by: as above; these are the values that the patched functions would let pass.
w_lin, b_lin, mse_lin, acc_max = np.array([3.0, 3.0]), 3.0, 3.0, 3.0


# %% q6 answer_in_a_property_of_the_module missing|invalid|failed
# Held by: values are read from the notebook's namespace, and no attribute of its module is called.
class Module(type(sys)):
    board = property(
        lambda self: ([[1, -1], [-1, 1], [1, 1], [-1, -1]], [0] * 4, [1, 1, -1, -1], 0)
    )


sys.modules["__main__"].__class__ = Module
