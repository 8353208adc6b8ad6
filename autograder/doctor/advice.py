"""What the owner of this machine can do where user namespaces are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SYSTEM: Final = Path("/proc/sys")


def namespace_advice(system: Path = _SYSTEM) -> str:
    """Describe how this machine's owner allows user namespaces."""
    if _setting(system / "kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor forbids them (Ubuntu 24.04 and later). Allow them to bubblewrap: write "
            "'abi <abi/4.0>, profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }' to "
            "/etc/apparmor.d/bwrap and run: apparmor_parser -r /etc/apparmor.d/bwrap"
        )
    if _setting(system / "kernel/unprivileged_userns_clone") == "0":
        return "run: sysctl -w kernel.unprivileged_userns_clone=1"
    if _setting(system / "user/max_user_namespaces") == "0":
        return "run: sysctl -w user.max_user_namespaces=10000"
    return "in a container, its runtime has to allow user namespaces (seccomp, AppArmor)"


def _setting(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
