"""Reasons that only live knows: in a rehearsal nothing is late, stale or stopped (SEMANTICS 8)."""

from enum import StrEnum


class LiveReason(StrEnum):
    """Why live let nobody in, sent nothing, or ended a way through a flow."""

    TOO_OLD = "too_old"
    STALE = "stale"
    STOPPED = "stopped"
