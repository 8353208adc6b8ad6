# %% q2
def forward(x, W1, b1, W2, b2):
    return np.zeros((2**40, 0))
