"""What the checks found in an e-mail: where, what, and the way out."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import streamlit as st

from core.rendering.emails import EmailTemplate, Outcome
from core.rendering.problems import Level
from core.services.email_checks import checks
from core.services.email_findings import Finding
from core.ui import formats
from core.ui.emails import email_jumps

_BADGES = {Level.ERROR: ":red-badge[mend]", Level.WARNING: ":orange-badge[look at]"}


def findings(template: EmailTemplate, sent: Outcome, known: Collection[str]) -> list[Finding]:
    """Check the e-mail as it is written and as one person gets it.

    What that person lacks is said beside the preview, not here.
    """
    return checks(template, replace(sent, missing=()), known)


def show(template: EmailTemplate, found: Sequence[Finding]) -> None:
    """Show the list."""
    if not found:
        st.success("Nothing to mend.", icon=":material/check_circle:")
    for number, finding in enumerate(found):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_BADGES[finding.level], width="content")
            email_jumps.show(template, finding.file, finding.line, f"emails_finding_{number}")
            st.markdown(
                f"{formats.plain(finding.what)}  \n:gray[{formats.plain(finding.mend)}]",
                width="stretch",
            )
