"""Noting from a page what somebody changed."""

from core import bootstrap
from core.clock import now
from core.services import audit
from core.ui import signed_in


def noted(action: str, subject: str, detail: str = "") -> None:
    """Note a change that was just made: `noted("Saved a campaign", "Cart recovery", "version 3")`.

    `action` is one of few phrases, by which the log is filtered; `subject` is what was changed, and
    `detail` says in words what was before and what is now. Never put a secret or an address in.
    """
    audit.note(
        bootstrap.database(),
        actor=signed_in.actor(),
        action=action,
        subject=subject,
        detail=detail,
        at=now(),
    )
