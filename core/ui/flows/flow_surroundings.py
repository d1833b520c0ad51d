"""What the forms of a flow can speak of: the dataset's words and the e-mails there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.history.manifest import Manifest
from core.services import step_words
from core.services.drafts import Document
from core.ui import readers
from core.ui.flows import flow_draft
from core.ui.readers import Email
from core.ui.triggers.trigger_form import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What can be asked about: the data, the trigger, and the flow's e-mails with their titles."""

    vocabulary: Vocabulary
    trigger: Document
    emails: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSurroundings:
    """What a form needs beside the step: the e-mails there are, and what can be asked about."""

    emails: Sequence[Email]
    asking: Asking


def of(manifest: Manifest) -> StepSurroundings:
    """Give what can be said about a dataset and the draft."""
    key, draft = readers.key_of(manifest), flow_draft.document()
    vocabulary = Vocabulary(
        counts_by_name=manifest.counts_by_name,
        properties=[column.name for column in manifest.properties],
        traits=readers.trait_names(key),
        values_of=lambda names, name: readers.suggestions(key, tuple(names), name),
        trait_values_of=lambda name: readers.trait_values(key, name),
    )
    sends = [step for step in draft["steps"] if step["kind"] == "send"]
    emails = {step["id"]: f"{step['id']} ({step_words.title(step)})" for step in sends}
    asking = Asking(vocabulary=vocabulary, trigger=draft["trigger"], emails=emails)
    return StepSurroundings(emails=readers.emails(), asking=asking)
