# %% start
def hook(*_):
    raise RuntimeError("hook")


get_ipython().events.register("pre_run_cell", hook)
get_ipython().events.register("post_run_cell", hook)
get_ipython().showtraceback = lambda *_, **__: None
get_ipython().set_custom_exc((Exception,), lambda *_, **__: None)
