"""What the page Triggers asks: the questions, and which of them each tab needs."""

from collections.abc import Mapping

LOAD = "load_history"
TRY = "try_trigger"
NEARLY = "nearly_caught"
WINDOWS = "people_by_window"
THRESHOLDS = "people_by_threshold"
WORTH = "worth"
QUESTIONS = (LOAD, TRY, NEARLY, WINDOWS, THRESHOLDS, WORTH)
# What each tab of the page needs after a change.
TABS: Mapping[str, tuple[str, ...]] = {
    "When, People": (TRY,),
    "Nearly": (TRY, NEARLY, WINDOWS, THRESHOLDS),
    "Worth": (TRY, WORTH),
}
