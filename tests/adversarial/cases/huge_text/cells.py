# %% q2
def forward(x, W1, b1, W2, b2):
    return "x" * (65 * 2**20)
