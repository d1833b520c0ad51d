"""Words and icons for steps, e-mails and ways on the page Flows."""

from collections.abc import Mapping, Sequence

from core.services import step_words
from core.services.drafts import Document
from core.services.flow_ways import END
from core.ui.readers import Email

ICONS = {
    "send": ":material/mail:",
    "delay": ":material/schedule:",
    "wait_for": ":material/hourglass_top:",
    "branch": ":material/alt_route:",
    "split": ":material/call_split:",
    "update_profile": ":material/person_edit:",
    "webhook": ":material/webhook:",
    "exit": ":material/flag:",
}
THE_END = "the flow ends here"


def email_title(name: str, by_name: Mapping[str, Email]) -> str:
    """Give an e-mail's title; of one that does not exist its name, and that it does not."""
    email = by_name.get(name)
    return f"{name} (does not exist)" if email is None else email.title


def kind_label(kind: str) -> str:
    """Give a kind of step with its icon."""
    return f"{ICONS[kind]} {step_words.KIND_WORDS[kind]}"


def target_words(target: str, steps: Sequence[Document]) -> str:
    """Say where a way leads: the number and title of a step, or the end."""
    if target == END:
        return THE_END
    ids = [step["id"] for step in steps]
    if target not in ids:
        return f"{target}, which is no step"
    number = ids.index(target)
    return f"{number + 1}. {step_words.title(steps[number])}"
