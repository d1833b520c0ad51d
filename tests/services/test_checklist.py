"""The checklist: it fills itself, and offers nothing the product cannot do."""

from core.services.checklist import AVAILABLE, ChecklistItem, Step, StepState, checklist, next_step


def states(items: list[ChecklistItem]) -> dict[Step, StepState]:
    return {item.step: item.state for item in items}


def test_data_come_first() -> None:
    items = checklist(dataset_names=[], campaign_names=[])

    assert next_step(items) is Step.DATA
    assert states(list(items))[Step.TRIGGER] is StepState.OPEN


def test_with_data_a_trigger_is_next() -> None:
    items = checklist(dataset_names=["Shop"], campaign_names=[])

    assert next_step(items) is Step.TRIGGER
    assert items[0] == ChecklistItem(step=Step.DATA, state=StepState.DONE, names=["Shop"])


def test_a_saved_campaign_without_data_leaves_the_data_to_do() -> None:
    items = checklist(dataset_names=[], campaign_names=["Cart"])

    assert next_step(items) is Step.DATA
    assert states(list(items))[Step.TRIGGER] is StepState.DONE


def test_when_all_that_can_be_done_is_done_nothing_is_next() -> None:
    items = checklist(dataset_names=["Shop"], campaign_names=["Cart"])

    assert next_step(items) is None


def test_what_does_not_exist_yet_is_never_offered() -> None:
    for names in ([], ["Shop"]):
        found = states(list(checklist(dataset_names=names, campaign_names=names)))

        later = {step for step, state in found.items() if state is StepState.LATER}
        assert later == set(Step) - set(AVAILABLE)


def test_the_steps_keep_their_order() -> None:
    items = checklist(dataset_names=[], campaign_names=[])

    assert [item.step for item in items] == list(Step)
