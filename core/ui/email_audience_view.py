"""What the test on everybody found, and the way to each person it concerns."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.rendering.emails import EmailTemplate
from core.services.audience_test import AudienceTest, Share
from core.services.email_context import Recipient
from core.ui import email_draft, email_people, formats


def show(
    test: AudienceTest, crowd_id: str, recipients: Sequence[Recipient], template: EmailTemplate
) -> None:
    """Show the figures, then what to look at, the worst first."""
    _show_figures(test)
    people = _People(crowd_id, recipients)
    failed = test.recipient_count - test.rendered_count
    if not failed and not test.missing and not test.empty_blocks:
        st.success("Everybody gets a complete e-mail.", icon=":material/check_circle:")
    if failed:
        st.subheader("They would not get it", anchor=False)
    for failure in test.failures:
        where = _where(template, failure.file, failure.line)
        people.show_row(":red-badge[no e-mail]", f"{where}{failure.message}", failure.share)
    if test.missing:
        st.subheader("Fields that people lack", anchor=False)
    for missing in test.missing:
        places = ", ".join(_place(template, file, line) for file, line in missing.places)
        people.show_row(":orange-badge[missing]", f"{missing.name} · {places}", missing.share)
    if test.empty_blocks:
        st.subheader("Blocks with nothing in them", anchor=False)
    for empty in test.empty_blocks:
        place = _place(template, empty.block.file, empty.block.line)
        people.show_row(":orange-badge[empty]", f"{empty.block.path} · {place}", empty.share)
    _show_extremes(test, people)


def _show_figures(test: AudienceTest) -> None:
    sizes = test.sizes
    with st.container(horizontal=True):
        st.metric("E-mails", f"{test.recipient_count:,}", help=formats.people(test.people_count))
        st.metric("Made", f"{test.rendered_count:,}")
        st.metric("Not made", f"{test.recipient_count - test.rendered_count:,}")
        st.metric("Usual size", "–" if sizes is None else f"{sizes.median / 1_000:,.1f} kB")
        st.metric("Largest", "–" if sizes is None else f"{sizes.largest / 1_000:,.1f} kB")
    variants = {name: count for name, count in test.count_by_variant.items() if name is not None}
    if variants:
        said = ", ".join(f"{formats.plain(name)} {count:,}" for name, count in variants.items())
        st.caption(f"By variant of the flow: {said}")


def _show_extremes(test: AudienceTest, people: "_People") -> None:
    sizes = test.sizes
    if sizes is not None and sizes.clipped.count:
        people.show_row(":orange-badge[cut by Gmail]", "larger than 102 kB", sizes.clipped)
    with st.container(horizontal=True):
        if sizes is not None:
            largest = {one: f"{size / 1_000:,.1f} kB" for one, size in sizes.largest_recipients}
            people.offer("The largest", largest)
        slowest = {one: f"{1_000 * seconds:,.1f} ms" for one, seconds in test.slowest}
        people.offer("The slowest", slowest)


class _People:
    """The buttons that lead to the people of one test."""

    def __init__(self, crowd_id: str, recipients: Sequence[Recipient]) -> None:
        self._crowd_id, self._recipients = crowd_id, recipients
        self._count = 0

    def show_row(self, badge: str, said: str, share: Share) -> None:
        """Show one finding, how many it concerns, and the first of them to look at."""
        with st.container(horizontal=True, vertical_alignment="center"):
            concerned = f"{share.count:,} ({formats.fine_percent(share.rate)})"
            st.markdown(f"{badge} **{concerned}** · {formats.plain(said)}", width="stretch")
            self.offer("See one", dict.fromkeys(share.recipients, ""))

    def offer(self, label: str, said_by_recipient: Mapping[Recipient, str]) -> None:
        """Show the menu of some people; the one chosen is shown in the preview."""
        key, self._count = f"emails_see_{self._count}", self._count + 1
        options = list(said_by_recipient)
        if not options:
            return
        st.menu_button(
            label,
            list(range(len(options))),
            format_func=lambda number: _label(options[number], said_by_recipient[options[number]]),
            key=key,
            icon=":material/person_search:",
            on_click=self._see,
            args=(key, options),
        )

    def _see(self, key: str, options: Sequence[Recipient]) -> None:
        recipient = options[st.session_state[key]]
        email_people.show_person(self._crowd_id, self._recipients.index(recipient))
        email_draft.notice(f"The e-mail is shown as {recipient.user_id}.")


def _label(recipient: Recipient, said: str) -> str:
    when = formats.moment(recipient.at, "UTC")
    return " · ".join(part for part in (recipient.user_id, said, when) if part)


def _where(template: EmailTemplate, file: str | None, line: int | None) -> str:
    return "" if file is None or line is None else f"{_place(template, file, line)}: "


def _place(template: EmailTemplate, file: str, line: int) -> str:
    if file == template.file:
        return f"line {line}"
    return "subject or preheader" if file == template.settings_file else f"{file}, line {line}"
