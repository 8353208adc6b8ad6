# %% q2
def forward(x, W1, b1, W2, b2):
    raise ValueError("x" * 2**24)
