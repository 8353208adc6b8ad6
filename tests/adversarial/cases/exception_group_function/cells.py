# %% q2
def forward(x, W1, b1, W2, b2):
    raise BaseExceptionGroup("g", [ValueError("x"), SystemExit(1)])
