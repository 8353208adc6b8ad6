# %% start
import os

changed = []
for number in range(1, 6):
    path = f"/run/kernel/s-{number}"
    for attack in (
        os.unlink,
        lambda p: os.rename(p, p + "x"),
        lambda p: os.chmod(p, 0),
        lambda p: os.symlink("/etc/passwd", p + "x"),
        os.truncate and (lambda p: os.utime(p)),
    ):
        try:
            attack(path)
            changed.append(path)
        except OSError:
            pass
assert not changed, changed
