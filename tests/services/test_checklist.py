"""The checklist: it fills itself, and offers nothing the product cannot do."""

from collections.abc import Sequence

from core.services.checklist import AVAILABLE, ChecklistItem, Step, StepState, checklist, next_step


def listed(
    data: Sequence[str] = (),
    campaigns: Sequence[str] = (),
    flows: Sequence[str] = (),
    rehearsals: Sequence[str] = (),
    emails: Sequence[str] = (),
) -> Sequence[ChecklistItem]:
    return checklist(
        dataset_names=data,
        campaign_names=campaigns,
        flow_names=flows,
        rehearsal_names=rehearsals,
        email_names=emails,
    )


def states(items: Sequence[ChecklistItem]) -> dict[Step, StepState]:
    return {item.step: item.state for item in items}


def test_data_come_first() -> None:
    items = listed()

    assert next_step(items) is Step.DATA
    assert states(items)[Step.TRIGGER] is StepState.OPEN


def test_with_data_a_trigger_is_next() -> None:
    items = listed(["Shop"])

    assert next_step(items) is Step.TRIGGER
    assert items[0] == ChecklistItem(step=Step.DATA, state=StepState.DONE, names=["Shop"])


def test_a_saved_campaign_without_data_leaves_the_data_to_do() -> None:
    items = listed([], ["Cart"])

    assert next_step(items) is Step.DATA
    assert states(items)[Step.TRIGGER] is StepState.DONE


def test_a_campaign_that_is_only_a_trigger_asks_for_its_flow() -> None:
    assert next_step(listed(["Shop"], ["Cart"])) is Step.FLOW


def test_a_drawn_flow_asks_for_its_rehearsal() -> None:
    assert next_step(listed(["Shop"], ["Cart"], ["Cart"])) is Step.REHEARSAL


def test_what_was_rehearsed_asks_for_an_email_of_its_own() -> None:
    assert next_step(listed(["Shop"], ["Cart"], ["Cart"], ["Cart"])) is Step.EMAIL


def test_when_all_that_can_be_done_is_done_nothing_is_next() -> None:
    assert next_step(listed(["Shop"], ["Cart"], ["Cart"], ["Cart"], ["Hello"])) is None


def test_what_does_not_exist_yet_is_never_offered() -> None:
    for names in ([], ["Shop"]):
        found = states(listed(names, names, names, names, names))

        later = {step for step, state in found.items() if state is StepState.LATER}
        assert later == set(Step) - set(AVAILABLE)


def test_the_steps_keep_their_order() -> None:
    assert [item.step for item in listed()] == list(Step)
