"""What the checks found in an e-mail: where, what, and the way out."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import streamlit as st

from core.rendering.emails import EmailTemplate, Outcome
from core.rendering.problems import Level
from core.services.email_checks import checks
from core.services.email_findings import Finding
from core.ui import formats

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
    for finding in found:
        where = _where(template, finding)
        st.markdown(
            f"{_BADGES[finding.level]} {where}{formats.plain(finding.what)}  \n"
            f":gray[{formats.plain(finding.mend)}]"
        )


def _where(template: EmailTemplate, finding: Finding) -> str:
    if finding.file == template.settings_file:
        return "**Inbox** · "
    if finding.line is None:
        return ""
    if finding.file == template.file:
        return f"**Line {finding.line}** · "
    return f"**{formats.plain(finding.file)}, line {finding.line}** · "
