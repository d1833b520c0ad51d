"""Checks an e-mail as it is written and as one person would get it."""

import re
from collections.abc import Collection, Iterator
from itertools import chain

from core.rendering.checks import check_template
from core.rendering.emails import EmailTemplate, NotRendered, Outcome, RenderedEmail
from core.rendering.problems import Level, Problem
from core.services.email_colours import contrast, least_contrast, readable, spellings
from core.services.email_findings import Finding, error, line_of, parts_of, warning
from core.services.email_links import link_findings, rendered_link_findings
from core.services.email_pages import Page, Style, read_page
from core.services.email_subjects import LONGEST, is_too_long, spam_signs
from core.services.email_support import unsupported
from core.services.email_words import field_words

# The fields of a context whatever the data: what they hold is known, of the others only the name.
KNOWN_NAMES = frozenset(
    (
        *("profile", "trigger.event", "trigger.key", "trigger.fired_at", "trigger.entered_at"),
        *("trigger.properties", "cart.products", "cart.total", "cart.cart_id", "cart.url"),
        *("viewed", "orders", "recommendations", "company"),
        *("campaign.name", "campaign.step", "campaign.variant"),
        *("links.unsubscribe", "links.preferences", "links.browser"),
    )
)

GMAIL_CLIPS_AT = 102_000  # bytes of HTML
_NEARLY_CLIPPED = 0.85
# Where HTML_IMAGE_ONLY_04 of SpamAssassin ends: pictures with few bytes of words.
_LEAST_WORDS = 400
_CLUE = 24
_UNHELPFUL = "Look at this line again."


def checks(
    template: EmailTemplate, rendered: Outcome, known_names: Collection[str] = KNOWN_NAMES
) -> list[Finding]:
    """List what is wrong with an e-mail, errors first, each with its place and a way out.

    `rendered` is what became of it for somebody, `known_names` the fields that people have.
    """
    found = [*map(_linted, check_template(template, known=known_names)), *link_findings(template)]
    for file, source in parts_of(template).items():
        found += [
            warning(file, line_of(source, place), what, mend)
            for place, what, mend in unsupported(source)
        ]
    if isinstance(rendered, NotRendered):
        found += _refusal(template, rendered, found)
    else:
        found += _rendered_findings(template, rendered, found)
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda one: (one.level is Level.WARNING, one.file, one.line or 0))


def _linted(problem: Problem) -> Finding:
    """Split what the linter says, `what; mend`, into two sentences."""
    what, _, mend = problem.message.partition("; ")
    return Finding(
        file=problem.file,
        line=problem.line,
        level=problem.level,
        what=_sentence(what),
        mend=_sentence(mend) if mend else _UNHELPFUL,
    )


def _refusal(
    template: EmailTemplate, refused: NotRendered, found: list[Finding]
) -> Iterator[Finding]:
    """Say why there is no e-mail, unless the linter said so of the same line."""
    file = refused.file or template.file
    known = {(one.file, one.line) for one in found if one.level is Level.ERROR}
    if (file, refused.line) not in known:
        message = refused.message.removeprefix(f"{file}:{refused.line}: ").removeprefix("error: ")
        what, _, mend = message.partition("; ")
        yield error(file, refused.line, _sentence(what), _sentence(mend) if mend else _UNHELPFUL)


def _rendered_findings(
    template: EmailTemplate, rendered: RenderedEmail, found: list[Finding]
) -> Iterator[Finding]:
    page = read_page(rendered.html)
    yield from chain(
        _inbox(template, rendered),
        _size(template, rendered),
        _missing(rendered, found),
        rendered_link_findings(template, rendered, page),
        _words_and_pictures(template, page),
        _contrasts(template, page),
    )


def _inbox(template: EmailTemplate, rendered: RenderedEmail) -> Iterator[Finding]:
    file, line = template.settings_file, template.line_by_key.get("subject", 1)
    subject = rendered.subject.strip()
    if not subject:
        yield error(
            file, line, "The subject is empty for this person.", "Give it words of its own."
        )
    if is_too_long(subject):
        what = f"The subject has {len(subject)} characters; most mail programs cut it at {LONGEST}."
        yield warning(file, line, what, "Say the main thing in the first 40.")
    for what, mend in spam_signs(subject):
        yield warning(file, line, what, mend)
    if not rendered.preheader.strip():
        line = template.line_by_key.get("preheader", line)
        what = "There is no preheader: the inbox shows the first words of the e-mail instead."
        yield warning(file, line, what, "Write a line that goes on where the subject ends.")


def _size(template: EmailTemplate, rendered: RenderedEmail) -> Iterator[Finding]:
    size = f"The HTML has {rendered.html_bytes / 1000:.0f} kB"
    mend = "Shorten lists, such as {% for item in cart.products[:4] %}, or leave parts out."
    if rendered.html_bytes > GMAIL_CLIPS_AT:
        what = f"{size}: Gmail cuts it at 102 kB, and with it the link to unsubscribe."
        yield error(template.file, None, what, mend)
    elif rendered.html_bytes > GMAIL_CLIPS_AT * _NEARLY_CLIPPED:
        what = f"{size}: not far from the 102 kB where Gmail cuts it."
        yield warning(template.file, None, what, mend)


def _missing(rendered: RenderedEmail, found: list[Finding]) -> Iterator[Finding]:
    """Name what this person lacks, but not what the linter says that nobody has."""
    unknown = [(one.file, one.line, one.what) for one in found]
    for field in rendered.missing:
        root = field.name.partition(".")[0].partition("[")[0]
        if any(
            (file, line) == (field.file, field.line) and what.startswith(f"Nobody has {root}")
            for file, line, what in unknown
        ):
            continue
        yield warning(
            field.file,
            field.line,
            f"{field_words(field.name)} is missing for this person, so its place stays empty.",
            f"Write {{{{ {field.written or field.name} | default('…') }}}}, or put it into "
            "{% if %}.",
        )


def _words_and_pictures(template: EmailTemplate, page: Page) -> Iterator[Finding]:
    size = sum(len(words.encode()) for words, _ in page.words)
    if page.pictures and size < _LEAST_WORDS:
        count = len(page.pictures)
        pictures = "one picture" if count == 1 else f"{count} pictures"
        what = f"The e-mail has {pictures} and only {size} bytes of words, which looks like spam."
        mend = f"Write what the pictures say as text, at least {_LEAST_WORDS} bytes."
        yield warning(template.file, None, what, mend)


def _contrasts(template: EmailTemplate, page: Page) -> Iterator[Finding]:
    """Name each pair of colours that is hard to read once, at the words where it comes first."""
    told = set()
    for words, style in page.words:
        colour, background = style.colour, style.background
        if colour is None or background is None or (colour, background) in told:
            continue
        least = least_contrast(style.pixels, is_bold=style.is_bold)
        ratio = contrast(colour, background)
        if ratio < least:
            told.add((colour, background))
            better = readable(colour, background, least)
            file, line = _place_of(template, words, style)
            what = (
                f"“{words[:40]}” in {colour} on {background} is hard to read: contrast "
                f"{ratio:.1f}, readers need {least:g}."
            )
            yield warning(file, line, what, f"{better} would do.")


def _place_of(template: EmailTemplate, words: str, style: Style) -> tuple[str, int | None]:
    """Find the line of words, else the one of their colour."""
    known = [colour for colour in (style.colour, style.background) if colour is not None]
    colours = [spelling for colour in known for spelling in spellings(colour)]
    clues = [re.escape(words[:_CLUE]), *(rf"{colour}(?![0-9a-f])" for colour in colours)]
    for clue in clues:
        for file, source in parts_of(template).items():
            found = re.search(clue, source, re.IGNORECASE)
            if found is not None:
                return file, line_of(source, found.start())
    return template.file, None


def _sentence(text: str) -> str:
    begun = text if text.startswith("mj-") else text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "?", "!", "…")) else f"{begun}."
