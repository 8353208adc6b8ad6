# %% start
assert open("/proc/cmdline").read() == ""
