"""When a message is tried again that a mail server did not take for now."""

import hashlib

MOST_ATTEMPTS = 10

_MINUTE = 60_000_000  # µs
_LONGEST_WAIT = 4 * 60 * _MINUTE


def wait_before(key: str, attempt_count: int) -> int:
    """Give how long to wait (µs) after so many attempts: twice as long each time, from a minute on.

    By a quarter more or less, which depends on the key, so that messages that were refused at once
    do not all come again at once.
    """
    doubled = min(_MINUTE << (min(attempt_count, MOST_ATTEMPTS) - 1), _LONGEST_WAIT)
    digest = hashlib.sha256(f"{attempt_count}:{key}".encode("utf-8", "surrogatepass")).digest()
    share = int.from_bytes(digest[:4]) / 2**32
    return int(doubled * (0.75 + share / 2))
