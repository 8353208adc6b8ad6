# %% q1 array_whose_operations_lie failed partial
# Held by: a subclass of ndarray arrives as the plain array that it is.
class Agreeing(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.True_

    def __array_function__(self, function, types, args, kwargs):
        return np.True_

    def __eq__(self, other):
        return True

    __hash__ = None


W1 = np.full((2, 2), 7.0).view(Agreeing)
b1, W2, b2 = np.zeros(2).view(Agreeing), np.ones(2).view(Agreeing), 0.0


# %% q2 float_that_equals_everything invalid|failed
# Held by: no object of the notebook takes part in a comparison; numbers come as floats of ours.
class Equal(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __rsub__ = __abs__ = lambda self, *_: 0.0

    def __le__(self, other):
        return True

    __hash__ = float.__hash__


def forward(x, W1, b1, W2, b2):
    return [Equal(3.5)] * len(x)


# %% q3 tuple_that_shows_others_entries failed|invalid
# Held by: of a subclass of tuple the base's own entries are sent, whatever it answers.
class Shown(tuple):
    def __iter__(self):
        W1, b1, W2, b2, a = self.arguments
        return iter((W1 * a[:, None], b1 * a, W2 / a, b2))

    def __getitem__(self, key):
        return list(self)[key]

    def __len__(self):
        return 4


def rescale(W1, b1, W2, b2, a):
    shown = Shown((0, 0, 0, 0))
    shown.arguments = (W1, b1, W2, b2, a)
    return shown


# %% q4 list_that_is_another_each_time failed|invalid|error
# Held by: a variable is read once, and of a subclass of list the base's entries.
class Turning(list):
    turn = 0

    def __iter__(self):
        Turning.turn += 1
        right = ([[1, -1], [-1, 1]], [0, 0], [1, 1], 0)
        return iter(right if Turning.turn % 2 else ([[1, 1], [1, 1]], [0, -1], [1, -2], 0))


alt = Turning([1, 2, 3, 4])


# %% q5 numbers_that_answer_anew failed
# Held by: an object that stays inside is asked for its numbers once.
class Guess:
    guesses = 0

    def __array__(self, *args, **kwargs):
        Guess.guesses += 1
        return np.full(2 if self.many else (), -40.0 + Guess.guesses)

    def __init__(self, many=False):
        self.many = many


w_lin, b_lin, mse_lin, acc_max = Guess(True), Guess(), Guess(), Guess()


# %% q6 mapping_that_computes_what_is_asked invalid|failed
# Held by: a subclass of dict arrives as what it holds.
class Oracle(dict):
    def __getitem__(self, key):
        return ([[1, -1], [-1, 1], [1, 1], [-1, -1]], [0] * 4, [1, 1, -1, -1], 0)[key]

    def __len__(self):
        return 4


board = Oracle({0: 0})
