# %% q2
def forward(x, W1, b1, W2, b2):
    value = np.empty(len(x), dtype=object)
    value[:] = [value] * len(x)
    return value
