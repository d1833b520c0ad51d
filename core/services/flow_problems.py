"""What is wrong with a draft: every fault, at its step, in a marketer's words."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.problems import Problem, place_text, problems_of
from core.services.drafts import Document
from core.services.flow_forms import campaign_of, explicit
from core.services.flow_ways import checked_step, reachable, targets, ways
from core.services.step_words import way_labels

# What is said of a fault at a place of a step, by kind of step; `{said}` is the domain's sentence.
_SENTENCES: Sequence[tuple[str, str, str]] = (
    ("", r"id", "A step's name has 1 to 100 characters."),
    ("send", r"template", "Choose the e-mail to send."),
    ("delay", r"", "Say how long to wait, or until what time of day."),
    ("delay", r"for", "Say how long to wait: {said}."),
    ("delay", r"until", "Say until what time of day to wait: {said}."),
    ("wait_for", r"event\.event.*", "Choose the event to wait for."),
    ("wait_for", r"event\.where.*", "A condition on the event is not complete: {said}."),
    ("wait_for", r"timeout", "Say how long to wait at most: {said}."),
    ("split", r"variants", "This split needs two variants."),
    ("split", r"", "Two variants have the same name; give each its own."),
    ("split", r"variants\[(\d+)\]\.name", "Variant {number} needs a name."),
    (
        "split",
        r"variants\[(\d+)\]\.weight",
        "Variant {number} needs a share that is more than 0 and at most 1,000,000.",
    ),
    ("branch", r"cases", "This branch needs a case."),
    ("branch", r"cases\[(\d+)\]\.if(\.not)?(\.(all|any))?", "Say what case {number} asks."),
    ("branch", r"cases\[(\d+)\].*", "Case {number} is not complete: {said}."),
    ("update_profile", r"set", "Say which trait to set, and to what."),
    ("webhook", r"url", "Give the address to call; it begins with https://."),
    ("", r".*", "{place}: {said}."),
)
_CAMPAIGN_PARTS = {
    "name": "The campaign's name",
    "trigger": "The trigger",
    "reentry": "How often people may enter",
    "audience": "The audience",
    "holdout": "The holdout",
    "goal": "The goal",
    "quiet_hours": "The quiet hours",
    "frequency_cap": "The most messages per person",
    "timezone": "The time zone",
}
_NOT_FILLED = re.compile(r"(string|value|tuple) should have at least 1 .*")
_NO_ADDRESS = re.compile(r"https?://")


def problems_by_step(
    document: Document, known_templates: Collection[str] | None = None
) -> dict[str, list[str]]:
    """List what is wrong with a draft by step; under "" what is wrong with the campaign itself.

    A draft without problems is a campaign that can be saved and rehearsed. Without
    `known_templates`, nobody asks whether the e-mails exist.
    """
    draft = explicit(document)
    steps: Sequence[Document] = draft["steps"]
    found: defaultdict[str, list[str]] = defaultdict(list)
    found[""] += _campaign_faults(draft)
    for step in steps:
        found[step["id"]] += _step_faults(step)
        found[step["id"]] += _template_faults(step, known_templates)
        found[step["id"]] += _reaction_faults(step, steps)
    for step_id, sentence in _way_faults(steps):
        found[step_id].append(sentence)
    problems = {step_id: sentences for step_id, sentences in found.items() if sentences}
    return problems or _left_over(draft)


def _campaign_faults(draft: Document) -> list[str]:
    bare = {**draft, "steps": []}
    try:
        Campaign.model_validate(bare)
    except ValidationError as error:
        return [_campaign_sentence(problem) for problem in problems_of(error, bare)]
    return []


def _campaign_sentence(problem: Problem) -> str:
    part = _CAMPAIGN_PARTS.get(str(problem.place[0])) if problem.place else None
    return _stopped(f"{part}: {_said(problem)}" if part else str(problem))


def _said(problem: Problem) -> str:
    """Give the domain's sentence about a value, unless all it says is that there is none."""
    if _NOT_FILLED.match(problem.message):
        return "something is not filled in"
    return problem.message.rstrip(".")


def _step_faults(step: Document) -> list[str]:
    try:
        checked_step(step)
    except ValidationError as error:
        said = (_sentence(str(step["kind"]), problem) for problem in problems_of(error, step))
        return list(dict.fromkeys(said))
    if step["kind"] == "webhook" and _NO_ADDRESS.fullmatch(step["url"]):
        return ["Give the address to call; it begins with https://."]
    return []


def _sentence(kind: str, problem: Problem) -> str:
    place = place_text(problem.place)
    for of_kind, shape, sentence in _SENTENCES:
        match = re.fullmatch(shape, place)
        if match is not None and of_kind in ("", kind):
            number = int(match[1]) + 1 if match.groups() else 0
            said = _said(problem)
            return _stopped(sentence.format(said=said, number=number, place=place or "This step"))
    raise AssertionError("the last shape fits everything")


def _template_faults(step: Document, known: Collection[str] | None) -> list[str]:
    name = step.get("template")
    if step["kind"] != "send" or known is None or not isinstance(name, str) or not name:
        return []
    if name in known:
        return []
    near = get_close_matches(name, sorted(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "choose one that there is."
    return [f"There is no e-mail called {name!r}; {hint}"]


def _reaction_faults(step: Document, steps: Sequence[Document]) -> list[str]:
    sends = {other["id"] for other in steps if other["kind"] == "send"}
    if step["kind"] != "branch":
        return []
    return [
        f"Case {number} asks about the e-mail of {named!r}, but no step that sends is called so."
        if named
        else f"Choose the e-mail that case {number} asks about."
        for number, case in enumerate(step.get("cases") or [], start=1)
        for named in dict.fromkeys(_reactions_in(case.get("if")))
        if named not in sends
    ]


def _reactions_in(condition: Any) -> Iterator[str]:
    if not isinstance(condition, dict):
        return
    for key in ("opened", "clicked"):
        if isinstance(condition.get(key), str):
            yield condition[key]
    for part in [*_parts(condition.get("all")), *_parts(condition.get("any"))]:
        yield from _reactions_in(part)
    yield from _reactions_in(condition.get("not"))


def _parts(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _way_faults(steps: Sequence[Document]) -> Iterator[tuple[str, str]]:
    """List faults of the ways between steps: (step id, sentence)."""
    ids = [step["id"] for step in steps]
    known, reached = set(ids), reachable(steps)
    circle = _circle(steps)
    for position, step in enumerate(steps):
        step_id = step["id"]
        if step_id in ids[:position]:
            yield step_id, f"Two steps are called {step_id!r}; give each its own name."
        labels = way_labels(step)
        for place, target in ways(step):
            if target and target not in known:
                yield step_id, f"{_way(labels[place])} leads to {target!r}, which is no step."
        if step_id in circle:
            through = ", ".join(dict.fromkeys(i for i in ids if i in circle))
            yield step_id, f"The flow goes in a circle ({through}); people always move forward."
        if step_id not in reached:
            yield step_id, "Nobody gets here; lead a way to this step, or delete it."


def _way(label: str) -> str:
    return f"The way “{label}”" if label else "The way on"


def _circle(steps: Sequence[Document]) -> set[str]:
    return {
        step["id"]
        for step in steps
        for target in targets(step)
        if step["id"] in reachable(steps, target)
    }


def _left_over(draft: Document) -> dict[str, list[str]]:
    """Give what the domain refuses although no question above found it."""
    try:
        campaign_of(draft)
    except UnusableInput as error:
        return {"": [_stopped(str(error))]}
    return {}


def _stopped(sentence: str) -> str:
    text = sentence[:1].upper() + sentence[1:].rstrip(".")
    return text if text.endswith("?") else f"{text}."
