"""Drafts and files: a YAML or JSON file becomes a draft, a draft becomes YAML."""

import re
import unicodedata

from core.domain.errors import UnusableInput
from core.services.campaign_files import campaign_yaml, read_campaign
from core.services.drafts import Document
from core.services.flow_forms import campaign_of, opened

_APART = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60


def imported(text: str, file_name: str) -> Document:
    """Read a file as a draft; its name tells JSON from YAML.

    Raises UnusableInput with one sentence that names file and line, and says how many more faults
    there are.
    """
    try:
        return opened(read_campaign(text, file_name))
    except UnusableInput as error:
        first, *more = str(error).split("\n")
        count = f"{len(more)} more problem{'' if len(more) == 1 else 's'}"
        raise UnusableInput(f"{first} (and {count})" if more else first) from error


def exported(document: Document) -> str:
    """Write a draft as YAML. Raises UnusableInput with the first fault of one not complete."""
    return campaign_yaml(campaign_of(document))


def file_name(document: Document) -> str:
    """Name the file after the campaign: `cart-recovery.yaml`."""
    apart = unicodedata.normalize("NFKD", str(document.get("name", "")).casefold())
    plain = apart.encode("ascii", "ignore").decode()
    stem = _APART.sub("-", plain)[:_LONGEST_NAME].strip("-")
    return f"{stem or 'campaign'}.yaml"
