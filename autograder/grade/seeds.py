"""Which hidden inputs a submission gets: chosen so that nobody without the key can choose them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Final

from autograder.errors import InputError

KEY_BYTES: Final = 32


def hidden_seed(key: bytes, pool: int, *parts: str, used: Collection[int] = ()) -> int:
    """
    Pick a seed from an assignment's pool.

    A hash of the file alone could be chosen, by spaces at its end; who has the key decides here.

    Args:
        key: Secret of the server, or of whoever grades.
        pool: How many seeds there are, from 0.
        parts: What the choice depends on: student, attempt, hash of the file.
        used: Seeds of the student's other attempts. None of them comes again while there are
            others, so what one attempt was told is of no use to the next.
    """
    text = "\0".join(parts).encode()
    digest = hmac.new(key, b"hidden seed\0" + text, hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    taken = {seed for seed in used if 0 <= seed < pool}
    if len(taken) >= pool:
        return number % pool
    seed = number % (pool - len(taken))
    for each in sorted(taken):
        seed += each <= seed
    return seed


def owners_key() -> bytes:
    """
    Return the key of whoever grades on the command line; made at its first use.

    Raises:
        InputError: If it can be neither read nor made.
    """
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    path = Path(base) / "autograder" / "seed-key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be made: {error.strerror}") from None
    key = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    return key


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if len(key) < KEY_BYTES:
        raise InputError(f"{path}: is no key; remove it, and the next command makes one")
    return key
