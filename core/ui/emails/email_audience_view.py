"""What the test on everybody found, and the way to each person it concerns."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.rendering.emails import EmailTemplate
from core.services.audience_test import PATIENCE, AudienceTest, Share
from core.services.email_context import Recipient
from core.services.email_words import field_words
from core.ui import formats
from core.ui.emails import (
    email_draft,
    email_jumps,
    email_people,
)

_MOST_PLACES = 3
_MOST_OFFERED = 8  # a menu that is longer than the screen has entries nobody can reach


def show(
    test: AudienceTest, crowd_id: str, recipients: Sequence[Recipient], template: EmailTemplate
) -> None:
    """Show the figures, then what to look at, the worst first."""
    _show_figures(test)
    people = _People(crowd_id, recipients, template)
    failed = test.tested_count - test.rendered_count
    if test.tested_count < test.recipient_count:
        _show_end(test)
    if not failed and not test.missing and not test.empty_blocks:
        st.success("Everybody gets a complete e-mail.", icon=":material/check_circle:")
    if failed:
        st.subheader("They would not get it", anchor=False)
    for failure in test.failures:
        people.show_row(
            ":red-badge[no e-mail]",
            formats.plain(failure.message),
            failure.share,
            [] if failure.file is None else [(failure.file, failure.line)],
        )
    if test.missing:
        st.subheader("Fields that people lack", anchor=False)
    for missing in test.missing:
        said = formats.plain(field_words(missing.name))
        people.show_row(":orange-badge[missing]", said, missing.share, missing.places)
    if test.empty_blocks:
        st.subheader("Blocks with nothing in them", anchor=False)
    for empty in test.empty_blocks:
        place = (empty.block.file, empty.block.line)
        said = formats.plain(empty.block.path)
        people.show_row(":orange-badge[empty]", said, empty.share, [place])
    _show_extremes(test, people)


def _show_end(test: AudienceTest) -> None:
    left = test.recipient_count - test.tested_count
    st.warning(
        f"{PATIENCE} e-mails in a row took too long to make, so the test ended after "
        f"{test.tested_count:,}: {left:,} were not tried. Shorten what takes so long and test "
        "again; those for whom it happened are listed below.",
        icon=":material/timer_off:",
    )


def _show_figures(test: AudienceTest) -> None:
    sizes = test.sizes
    with st.container(horizontal=True):
        st.metric("E-mails", f"{test.recipient_count:,}", help=formats.people(test.people_count))
        st.metric("Made", f"{test.rendered_count:,}")
        st.metric("Not made", f"{test.tested_count - test.rendered_count:,}")
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

    def __init__(
        self, crowd_id: str, recipients: Sequence[Recipient], template: EmailTemplate
    ) -> None:
        self._crowd_id, self._recipients, self._template = crowd_id, recipients, template
        self._count = 0

    def show_row(
        self, badge: str, said: str, share: Share, places: Sequence[tuple[str, int | None]] = ()
    ) -> None:
        """Show one finding, how many it concerns, where it is, and the first of them to look at."""
        with st.container(horizontal=True, vertical_alignment="center"):
            concerned = f"{share.count:,} ({formats.fine_percent(share.rate)})"
            st.markdown(f"{badge} **{concerned}** · {said}", width="stretch")
            for number, (file, line) in enumerate(places[:_MOST_PLACES]):
                key = f"emails_place_{self._count}_{number}"
                email_jumps.show(self._template, file, line, key)
            if len(places) > _MOST_PLACES:
                st.markdown(f":gray[and {len(places) - _MOST_PLACES} more]", width="content")
            self.offer("See one", dict.fromkeys(share.recipients, ""))

    def offer(self, label: str, said_by_recipient: Mapping[Recipient, str]) -> None:
        """Show the menu of some people; the one chosen is shown in the preview."""
        key, self._count = f"emails_see_{self._count}", self._count + 1
        options = list(said_by_recipient)[:_MOST_OFFERED]
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
