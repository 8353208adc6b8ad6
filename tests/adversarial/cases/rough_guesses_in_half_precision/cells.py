# %% q5
w_lin = np.array([0.0, 0.0], dtype=np.float16)
b_lin = np.float16(0.508)
mse_lin = np.float16(0.2535)
acc_max = np.float16(0.76)
