"""The checklist: it fills itself, step by step."""

from collections.abc import Sequence

from core.services.checklist import ChecklistItem, Step, StepState, checklist, next_step


def listed(
    data: Sequence[str] = (),
    campaigns: Sequence[str] = (),
    flows: Sequence[str] = (),
    rehearsals: Sequence[str] = (),
    emails: Sequence[str] = (),
    launches: Sequence[str] = (),
) -> Sequence[ChecklistItem]:
    return checklist(
        dataset_names=data,
        campaign_names=campaigns,
        flow_names=flows,
        rehearsal_names=rehearsals,
        email_names=emails,
        launch_names=launches,
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


def test_with_an_email_of_its_own_the_launch_is_next() -> None:
    assert next_step(listed(["Shop"], ["Cart"], ["Cart"], ["Cart"], ["Hello"])) is Step.LIVE


def test_when_all_is_done_nothing_is_next() -> None:
    assert next_step(listed(["Shop"], ["Cart"], ["Cart"], ["Cart"], ["Hello"], ["Cart"])) is None


def test_the_steps_keep_their_order() -> None:
    assert [item.step for item in listed()] == list(Step)
