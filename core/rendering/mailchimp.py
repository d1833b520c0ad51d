"""Translates Mailchimp's merge tags to Jinja."""

import re

from core.rendering.conversion import Notes, quoted

_FIELDS = {
    "FNAME": "profile.first_name",
    "LNAME": "profile.last_name",
    "EMAIL": "profile.email",
    "PHONE": "profile.phone",
    "BIRTHDAY": "profile.birthday",
    "ADDRESS": "profile.address",
    "COMPANY": "profile.company",
    "MERGE0": "profile.email",
    "MERGE1": "profile.first_name",
    "MERGE2": "profile.last_name",
    "UNSUB": "links.unsubscribe",
    "UPDATE_PROFILE": "links.preferences",
    "ARCHIVE": "links.browser",
    "MC:SUBJECT": "subject",
    "MC_PREVIEW_TEXT": "preheader",
    "LIST:COMPANY": "company.name",
    "LIST:NAME": "company.name",
    "LIST:URL": "company.url",
    "LIST:ADDRESS": "company.address",
    "LIST:ADDRESSLINE": "company.address",
    "LIST:ADDRESS_HTML": "company.address",
    "HTML:LIST_ADDRESS_HTML": "company.address",
}
# Tags of Mailchimp itself, which no person has as a field.
_FOREIGN = re.compile(
    r"(?:LIST|HTML|MC|RSS|RSSITEM|FEED|DATE|INTERESTED|USER|CAMPAIGN|TWITTER|FACEBOOK|POLL|SURVEY"
    r"|FORWARD|REWARDS|CURRENT_YEAR|UNIQID|PROMO_CODE|ABANDONED_CART|COUPON|GROUPS?|PRODUCT"
    r"|TRANSLATE|EEPURL|SHARE|RECOMMENDATIONS?)\b|.*:"
)
_CASES = {"TITLE": "title", "UPPER": "upper", "LOWER": "lower"}
_FIELD = re.compile(r"[A-Z][A-Z0-9_]*")
_CONDITION = re.compile(r"(?P<field>[A-Z][A-Z0-9_]*)\s*(?:(?P<sign>!=|>=|<=|=|>|<)(?P<value>.*))?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def merge_tag(content: str, notes: Notes, tag: str) -> str:
    """Translate what stands in `*|…|*`."""
    name = content.strip()
    upper = name.upper()
    word, _, rest = name.partition(":")
    match word.upper():
        case "IF" | "ELSEIF":
            return _condition(word.upper(), rest, notes, tag)
        case "IFNOT" if _FIELD.fullmatch(rest.strip().upper()):
            return f"{{% if not {_field(rest.strip().upper())} %}}"
        case "ELSE":
            return "{% else %}"
        case "END" | "ENDIF":
            return "{% endif %}"
        case "UNSUB" | "UPDATE_PROFILE" | "ARCHIVE":
            return f"{{{{ {_FIELDS[word.upper()]} }}}}"
        case case if case in _CASES and _FIELD.fullmatch(rest.strip().upper()):
            return f"{{{{ {_field(rest.strip().upper())} | {_CASES[case]} }}}}"
    if upper in _FIELDS:
        return f"{{{{ {_FIELDS[upper]} }}}}"
    if _FOREIGN.match(upper) or not _FIELD.fullmatch(upper):
        return notes.dropped(tag, "there is nothing like this tag here; write it anew")
    field = _field(upper)
    notes.add(tag, f"became {field}; check that your profiles have it under this name")
    return f"{{{{ {field} }}}}"


def _field(name: str) -> str:
    return _FIELDS.get(name, f"profile.{name.lower()}")


def _condition(word: str, rest: str, notes: Notes, tag: str) -> str:
    keyword = "if" if word == "IF" else "elif"
    found = _CONDITION.fullmatch(rest.strip())
    if found is None:
        notes.add(tag, "this condition cannot be read; it is never true now")
        return f"{{% {keyword} false %}}"
    field, sign, value = _field(found["field"]), found["sign"], (found["value"] or "").strip()
    if sign is None:
        return f"{{% {keyword} {field} %}}"
    if _NUMBER.fullmatch(value) and sign not in ("=", "!="):
        return f"{{% {keyword} {field} | default(0, true) | float {sign} {value} %}}"
    compared = {"=": "==", "!=": "!="}.get(sign, sign)
    return f'{{% {keyword} {field} | default("", true) | string {compared} {quoted(value)} %}}'
