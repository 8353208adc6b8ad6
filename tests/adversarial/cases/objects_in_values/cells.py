# %% q5
w_lin = [object(), object()]
b_lin = [object()]
mse_lin = {1: object()}
acc_max = [0.75, object()]
