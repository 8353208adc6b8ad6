# %% q2
def forward(x, W1, b1, W2, b2):
    value = [1.0]
    for _ in range(40):
        value = [value, value]
    return value
