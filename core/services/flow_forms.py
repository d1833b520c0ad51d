"""The two forms of a flow: the file's, and the draft's in which every way says where it leads.

In the file a way that is left out leads to the following step of the list, and after the last step
the enrolment is complete (SEMANTICS 9). A list of which that holds cannot be edited step by step:
whatever is put in, taken out or moved would change where its neighbours lead. A draft therefore
writes out every way: the id of a step, or `END`.

The file can say "complete" only for the last step of the list. If one step of a draft ends the
flow, `written` puts it last, and people complete there. If several do, it adds one `exit` step at
the end of the list, which all their ends lead to: people then exit instead of completing. Nobody
gets another message for it and no goal is counted differently; only the word for their end differs,
for all ends alike. A draft shows no card for that step: `opened` folds it away where `written`
would add the very same one. Exit steps that somebody made stay steps, whatever leads to them.
"""

from collections.abc import Sequence

from core.domain.campaigns import Campaign
from core.services import drafts
from core.services.drafts import Document
from core.services.flow_ways import END, fresh_id, in_order, targets, ways, with_ways

_ADDED_END = "end"


def opened(campaign: Campaign) -> Document:
    """Give a campaign as a draft: plain data, all keys and all ways written."""
    document = explicit(drafts.document_of(campaign))
    return {**document, "steps": in_order(_folded(document["steps"]))}


def explicit(document: Document) -> Document:
    """Write out the ways that are left out; a draft stays as it is."""
    steps: Sequence[Document] = document.get("steps") or []
    following = [*(step["id"] for step in steps[1:]), END]
    filled = [_filled(step, after) for step, after in zip(steps, following, strict=False)]
    return {**document, "steps": filled}


def written(document: Document) -> Document:
    """Give a draft as the file says it."""
    draft = explicit(document)
    steps = in_order(draft["steps"])
    ending = [step for step in steps if END in dict(ways(step)).values()]
    if len(ending) == 1 and (len(steps) == 1 or ending[0] is not steps[0]):
        last = ending[0]
        # Ordered once more with it behind the others: else the file's order would differ the next
        # time, and the same flow would be saved as another version.
        others = [step for step in in_order(_moved_last(steps, last)) if step is not last]
        return {**draft, "steps": [*others, _led_on(last, END, None)]}
    if ending:
        end_id = fresh_id(_ADDED_END, [step["id"] for step in steps])
        led = [_led_on(step, END, end_id) for step in steps]
        return {**draft, "steps": [*led, {"id": end_id, "kind": "exit"}]}
    return {**draft, "steps": steps}


def campaign_of(document: Document) -> Campaign:
    """Check a draft. Raises UnusableInput with its first fault in one sentence."""
    return drafts.campaign_of(written(document))


def _filled(step: Document, following: str) -> Document:
    return with_ways(step, {place: following for place, target in ways(step) if target is None})


def _folded(steps: Sequence[Document]) -> Sequence[Document]:
    """Take out the exit step at the end of the list if `written` would add the same again."""
    if len(steps) < 2 or steps[-1]["kind"] != "exit":
        return steps
    *others, last = steps
    leading = [step for step in others if last["id"] in targets(step)]
    would_be = fresh_id(_ADDED_END, [step["id"] for step in others])
    if len(leading) < 2 or last["id"] != would_be:
        return steps
    return [_led_on(step, last["id"], END) for step in others]


def _moved_last(steps: Sequence[Document], last: Document) -> list[Document]:
    return [*(step for step in steps if step is not last), last]


def _led_on(step: Document, former: str, target: str | None) -> Document:
    return with_ways(step, {place: target for place, led in ways(step) if led == former})
