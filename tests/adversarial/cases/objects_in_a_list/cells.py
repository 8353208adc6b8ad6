# %% q2
def forward(x, W1, b1, W2, b2):
    return [object() for _ in range(len(x))]
