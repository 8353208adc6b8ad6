# %% q1 class_that_is_another error|invalid
# Held by: exact types are looked at inside, and outside there are only handles.
class Array:
    __class__ = property(lambda self: np.ndarray)
    shape, dtype, ndim, size = (2, 2), np.dtype(float), 2, 4

    def __bool__(self):
        return True

    def __array_interface__(self):
        raise SystemExit


W1, b1, W2, b2 = Array(), Array(), Array(), 0.0


# %% q2 object_that_unpickles_to_what_is_right invalid
# Held by: nothing is unpickled on the grader's side.
class Reduced:
    def __reduce__(self):
        return (eval, ("__import__('os')._exit(0)",))

    __getstate__ = __reduce_ex__ = lambda self, *_: self.__reduce__()


def forward(x, W1, b1, W2, b2):
    return Reduced()


# %% q3 generator_that_sees_what_is_done_with_it failed|invalid|error
# Held by: the test looks at four entries before it iterates, and iterates by calls of its own.
def rescale(W1, b1, W2, b2, a):
    def entries():
        yield from (W1, b1, W2, b2)

    return entries()


# %% q4 proxy_of_everything invalid|failed|error
# Held by: a remote object refuses truth values, comparison and arithmetic by name.
class Everything:
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __iter__(self):
        return iter([self] * 4)

    def __len__(self):
        return 4

    def __getitem__(self, key):
        return self

    def __eq__(self, other):
        return True

    def __index__(self):
        return 2

    __hash__ = None


alt = Everything()


# %% q5 numbers_of_other_kinds failed|invalid
# Held by: each becomes a float of ours, or is refused: masked entries are NaN, text is no number.
w_lin = np.ma.masked_array([0.0, 0.0], mask=True)
b_lin = np.str_("0.5")
mse_lin = np.bytes_(b"0.25")
acc_max = np.datetime64("2026-01-01")


# %% q6 shape_without_memory invalid|failed
# Held by: an array that repeats one number is as large as it says, and beyond the bound.
board = (np.broadcast_to(np.float64(1), (2**31, 2)), np.zeros(0), np.zeros(0), 0)
