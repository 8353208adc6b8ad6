# %% start
from comm import create_comm

for number in range(3_000):
    create_comm(target_name="x" * 100, data={"n": number})
