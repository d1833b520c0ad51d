"""What sends ask of a profile, and what of it a flow may change."""

from hypothesis import given
from hypothesis import strategies as st

from core.domain.reach import is_yes, settable

VALUES = st.sampled_from([True, False, "yes", " TRUE ", "1", 1, 0, 2, "no", "", None, [True]])


@given(VALUES, VALUES)
def test_a_flow_can_end_the_sending_to_somebody_but_not_begin_it(
    unsubscribed: object, suppressed: object
) -> None:
    asked = {"unsubscribed": unsubscribed, "suppressed": suppressed}

    found = settable(asked)  # type: ignore[arg-type]

    assert found == {name: value for name, value in asked.items() if is_yes(value)}  # type: ignore[arg-type]


def test_neither_who_somebody_is_nor_what_they_agreed_to_is_a_flows_to_change() -> None:
    found = settable({"user_id": "x", "email": "a@example.org", "consent": True, "tier": "gold"})

    assert found == {"tier": "gold"}
