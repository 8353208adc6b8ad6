# %% start
class Grader:
    def check(self, *_, **__):
        return "all tests passed!"


grader = Grader()


# %% q2
def forward(x, W1, b1, W2, b2):
    return np.zeros(len(x))
