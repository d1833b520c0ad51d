"""Signs in a subject for which mail filters and readers take an e-mail for spam, with reasons.

A short list of our own, with limits of our own: no maintained scorer was found that works offline
from Python, and SpamAssassin is a server to be run beside it.
"""

import re
from collections.abc import Iterator

LONGEST = 60  # characters, what most mail programs show on a computer

_LOUD = 0.7
_LEAST_LETTERS = 8
_REPLY = re.compile(r"(?:re|fw|fwd|aw|wg|tr|sv)\s*:", re.IGNORECASE)
_MOST_PICTURES = 2
_PICTURE = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
_WORDS = (
    (r"free", "“free” is the best known word of spam"),
    (r"act now|urgent(?:ly)?|last chance|only today|expires? today", "it presses for time"),
    (r"100\s?%|guaranteed?|no risk|risk[- ]free|no obligation", "it promises too much"),
    (r"winner|you(?:'ve| have)? won|prize|congratulations", "it sounds like a lottery"),
    (r"cash|earn money|extra income|make money|million(?:s|aire)?", "it talks of easy money"),
    (r"click here|open now|buy now|order now", "it gives orders"),
    (r"[$€£]{2,}", "rows of currency signs are a sign of spam"),
)
_SIGNS = tuple(
    (re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE), reason) for words, reason in _WORDS
)


def spam_signs(subject: str) -> Iterator[tuple[str, str]]:
    """Name the signs of spam in a subject, each with what to do instead."""
    letters = [sign for sign in subject if sign.isalpha()]
    capitals = sum(sign.isupper() for sign in letters)
    if len(letters) >= _LEAST_LETTERS and capitals / len(letters) > _LOUD:
        yield (
            "The subject is written in CAPITALS, which filters count as spam.",
            ("Write it as a sentence."),
        )
    if re.search(r"!\s*!|\?\s*\?|[?!]{2}", subject) or subject.count("!") > 1:
        yield (
            "The subject shouts with several ! or ?, which filters count as spam.",
            ("One is enough, none is better."),
        )
    if _REPLY.match(subject):
        yield (
            "The subject pretends to be a reply, which misleads readers.",
            ("Begin with what the e-mail is about."),
        )
    if len(_PICTURE.findall(subject)) > _MOST_PICTURES:
        yield "The subject has more than two pictographs.", "Keep one, in front or at the end."
    for pattern, reason in _SIGNS:
        found = pattern.search(subject)
        if found is not None:
            yield f"The subject says “{found[0]}”: {reason}.", "Say what is in it for the reader."


def is_too_long(subject: str) -> bool:
    """Say whether mail programs cut the subject off."""
    return len(subject) > LONGEST
