# %% q2
import os
import time

calls = []


def forward(x, W1, b1, W2, b2):
    # The child returns, or is interrupted: without care it answers calls beside its parent.
    calls.append(len(calls))
    if os.fork() == 0:
        time.sleep(0.05 * len(calls))
        return np.zeros(len(x))
    while len(calls) > 2:
        pass
    return np.maximum(x @ W1.T + b1, 0.0) @ W2 + b2
