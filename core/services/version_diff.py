"""What differs between two versions of a campaign, in a marketer's words."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.domain.campaigns import Campaign
from core.services import step_words
from core.services.campaign_facts import Fact, campaign_facts, holdout_draw, step_facts
from core.services.drafts import Document
from core.services.flow_forms import opened
from core.services.flow_ways import END, checked_step, targets, ways
from core.services.step_names import with_step_renamed

_THE_END = "the end"


class ChangeKind(StrEnum):
    """What became of a part of the campaign."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: of which step (empty: of the campaign), what, before and after in words."""

    kind: ChangeKind
    step_id: str
    what: str
    before: str
    after: str


def differences(before: Campaign, after: Campaign) -> list[Change]:
    """List what changed, the campaign's own first, then by step; none if both mean the same.

    The order of steps in the file means nothing once their ways are written out.
    """
    former, present = opened(before), opened(after)
    new_by_old = _renamed(former["steps"], present["steps"])
    for old_id, new_id in new_by_old.items():
        former = with_step_renamed(former, old_id, new_id)
    return [
        *_campaign_changes(before, after),
        *_entry_change(former["steps"], present["steps"]),
        *_step_changes(former, present, {new: old for old, new in new_by_old.items()}),
    ]


def _campaign_changes(before: Campaign, after: Campaign) -> Iterator[Change]:
    yield from _fact_changes("", campaign_facts(before), campaign_facts(after))
    if before.holdout or after.holdout:
        yield from _fact_changes("", [holdout_draw(before)], [holdout_draw(after)])


def _fact_changes(step_id: str, before: Sequence[Fact], after: Sequence[Fact]) -> Iterator[Change]:
    for old, new in zip(before, after, strict=True):
        if _exact(old.meant) != _exact(new.meant):
            # Where words do not tell them apart, such as 5 and "5", the file's own do.
            is_told = old.said != new.said
            was, now_is = (
                (old.said, new.said) if is_told else (_exact(old.meant), _exact(new.meant))
            )
            yield _change(ChangeKind.CHANGED, step_id, new.what, was, now_is)


def _entry_change(former: Sequence[Document], present: Sequence[Document]) -> Iterator[Change]:
    was, now_is = (steps[0]["id"] if steps else END for steps in (former, present))
    if was != now_is:
        yield _change(ChangeKind.CHANGED, "", "First step", _target(was), _target(now_is))


def _step_changes(
    former: Document, present: Document, old_by_new: Mapping[str, str]
) -> Iterator[Change]:
    former_by_id = {step["id"]: step for step in former["steps"]}
    for step in present["steps"]:
        step_id = step["id"]
        old = former_by_id.pop(step_id, None)
        if step_id in old_by_new:
            yield _change(ChangeKind.RENAMED, step_id, "Name", old_by_new[step_id], step_id)
        if old is None:
            yield _change(ChangeKind.ADDED, step_id, "New step", "", _title(step))
        elif old["kind"] != step["kind"]:
            yield _change(ChangeKind.CHANGED, step_id, "Kind", _title(old), _title(step))
        else:
            facts = step_facts(old, former["name"]), step_facts(step, present["name"])
            yield from _fact_changes(step_id, *facts)
        if old is not None:
            yield from _way_changes(old, step)
    for step_id, step in former_by_id.items():
        yield _change(ChangeKind.REMOVED, step_id, "Step removed", _title(step), "")


def _way_changes(old: Document, new: Document) -> Iterator[Change]:
    formerly, label = dict(ways(old)), step_words.way_labels(new)
    old_place = _paired(_ways_by_name(old), _ways_by_name(new))
    for place, target in ways(new):
        what = _leads(label[place])
        if place not in old_place:
            yield _change(ChangeKind.ADDED, new["id"], what, "", _target(target))
        elif formerly[old_place[place]] != target:
            was = _target(formerly[old_place[place]])
            yield _change(ChangeKind.CHANGED, new["id"], what, was, _target(target))
    old_label, kept = step_words.way_labels(old), set(old_place.values())
    for place, target in ways(old):
        if place not in kept:
            what = _leads(old_label[place])
            yield _change(ChangeKind.REMOVED, new["id"], what, _target(target), "")


def _ways_by_name(step: Document) -> list[tuple[str, str]]:
    """List (what tells a way apart, place): the condition of a case, a variant's name."""
    named = {
        **{f"cases[{n}].next": _exact(case["if"]) for n, case in _members(step, "cases")},
        **{f"variants[{n}].next": variant["name"] for n, variant in _members(step, "variants")},
    }
    return [(named.get(place, place), place) for place, _ in ways(step)]


def _members(step: Document, key: str) -> Iterator[tuple[int, Document]]:
    return enumerate(step.get(key) or [])


def _paired(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Pair places of ways, new with old: those of the same name, then the others in order."""
    pairs: dict[str, str] = {}
    left = list(old)
    for name, place in new:
        same = next((way for way in left if way[0] == name), None)
        if same is not None:
            pairs[place] = same[1]
            left.remove(same)
    others = [place for _, place in new if place not in pairs]
    return {**pairs, **dict(zip(others, (place for _, place in left), strict=False))}


def _renamed(former: Sequence[Document], present: Sequence[Document]) -> dict[str, str]:
    """Find steps that only have another name: the same content, and neighbours in common."""
    old_ids, new_ids = ({step["id"] for step in steps} for steps in (former, present))
    gone = [step for step in former if step["id"] not in new_ids]
    come = [step for step in present if step["id"] not in old_ids]
    found: dict[str, str] = {}
    for old in gone:
        alike = [
            new
            for new in come
            if new["id"] not in found.values()
            and _content(new) == _content(old)
            and _neighbours(new, present) & _neighbours(old, former)
        ]
        if alike:
            found[old["id"]] = alike[0]["id"]
    return found


def _content(step: Document) -> tuple[str, str]:
    facts = step_facts({**step, "salt": "-"} if step["kind"] == "split" else step, "")
    return step["kind"], _exact([fact.meant for fact in facts])


def _neighbours(step: Document, steps: Sequence[Document]) -> set[tuple[str, str]]:
    """Name the places around a step: what leads to it, and where it leads."""
    before = {("before", str(other["id"])) for other in steps if step["id"] in targets(other)}
    after = {("after", target or END) for _, target in ways(step)}
    return before | after | ({("before", "")} if step is steps[0] else set())


def _leads(label: str) -> str:
    return f"Way “{label}” leads to" if label else "Leads on to"


def _target(step_id: str | None) -> str:
    return step_id or _THE_END


def _title(step: Document) -> str:
    return step_words.title(checked_step(step))


def _exact(meant: Any) -> str:
    """Write plain data so that only the same is equal: Python takes 1 and true for equal."""
    return json.dumps(meant, sort_keys=True, ensure_ascii=False)


def _change(kind: ChangeKind, step_id: str, what: str, before: str, after: str) -> Change:
    return Change(kind=kind, step_id=step_id, what=what, before=before, after=after)
