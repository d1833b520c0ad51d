"""How the calls of one system are read: rules to look at and to change, tried on a sample."""

from zlib import crc32

import streamlit as st

from core import bootstrap
from core.domain.errors import CampaignError
from core.domain.hooks import HookMapping, HookRule, HookSource
from core.domain.roles import Role
from core.services.hook_sources import change_mapping
from core.ui import audit, notices, signed_in
from core.ui.connect import hook_sample
from core.ui.connect.hook_pairs import read_pairs, written_pairs

_NOTICE = "connect_hooks_notice"
_HELP = (
    "`$.customer.email` is the field email inside customer; `$.items[0].id` the id of the first of "
    "a list; ` | ` between two paths takes the first that is there. Anything else is taken as it "
    "stands."
)


def show(source: HookSource) -> None:
    """Show a sample field with what would come of it, and the rules behind."""
    begin = f"connect_hook_{source.id}"
    with st.expander(
        "What a call comes to: try a sample, change the rules",
        key=f"{begin}_rules",
        on_change="rerun",
    ) as box:
        if not box.open:
            return
        sample = st.container()  # above the rules by which it is read
        st.markdown("**Rules**")
        draft = _edit(begin, source.mapping)
        _offer_saving(begin, source, draft)
        with sample:
            hook_sample.show(begin, source, draft)


def _edit(begin: str, mapping: HookMapping) -> HookMapping:
    """Show one of the rules for changing; give the mapping as it stands in the fields."""
    places = list(range(len(mapping.rules)))
    st.caption(f"Of the rules that fit a call, the first counts. {_HELP}")
    chosen = st.selectbox(
        "Rule",
        places,
        format_func=lambda place: _called(place, mapping.rules[place]),
        key=f"{begin}_rule_{_stamp(mapping)}",
        placeholder="No rule yet: add one",
        disabled=not places,
    )
    rules = list(mapping.rules)
    if chosen is not None and chosen < len(rules):
        rules[chosen] = _edit_rule(f"{begin}_{_stamp(mapping)}_{chosen}", rules[chosen])
    st.session_state[f"{begin}_chosen"] = chosen
    items, topic = _edit_places(begin, mapping)
    return HookMapping(items=items, topic=topic, rules=tuple(rules))


def _edit_places(begin: str, mapping: HookMapping) -> tuple[str, str]:
    key = f"{begin}_{_stamp(mapping)}"
    left, right = st.columns(2)
    items = left.text_input(
        "Where the items of a call are",
        value=mapping.items,
        key=f"{key}_items",
        max_chars=500,
        help="`$` where a call tells one thing; `$[*]` where it is a list of things.",
    )
    topic = right.text_input(
        "Where the kind of an item stands",
        value=mapping.topic,
        key=f"{key}_topic",
        max_chars=500,
        placeholder="in the vendor's header",
        help="A path, such as `$.type`; nothing, where the vendor says it in a header.",
    )
    return (items or "$").strip(), (topic or "").strip()


def _edit_rule(key: str, rule: HookRule) -> HookRule:
    left, right = st.columns(2)
    topic = _line(left, key, "topic", "For which kind", rule.topic, "all kinds")
    event = _line(right, key, "event", "Becomes the event", rule.event, "none, only traits")
    email = _line(left, key, "email", "E-mail of the person", rule.email, "$.customer.email")
    user_id = _line(right, key, "user_id", "Your user id", rule.user_id, "if the vendor knows it")
    at = _line(left, key, "at", "When it happened", rule.at, "when the call came")
    known_as = _line(
        right, key, "known_as", "The vendor's own ids", ", ".join(rule.known_as), "contact:{$.id}"
    )
    properties = _area(
        left, key, "properties", "Properties of the event", rule.properties, "order_id = $.id"
    )
    traits = _area(
        right, key, "traits", "What is known of the person", rule.traits, "city = $.address.city"
    )
    where = _area(left, key, "where", "Only if", rule.where, "$.status = paid")
    return HookRule(
        topic=topic,
        event=event,
        email=email,
        user_id=user_id,
        at=at,
        known_as=tuple(part.strip() for part in known_as.split(",") if part.strip())[:10],
        properties=read_pairs(properties),
        traits=read_pairs(traits),
        where=dict(list(read_pairs(where).items())[:10]),
    )


def _line(
    place: st.delta_generator.DeltaGenerator, key: str, part: str, label: str, value: str, hint: str
) -> str:
    written = place.text_input(
        label, value=value, key=f"{key}_{part}", max_chars=500, placeholder=hint
    )
    return (written or "").strip()


def _area(
    place: st.delta_generator.DeltaGenerator,
    key: str,
    part: str,
    label: str,
    pairs: dict[str, str],
    hint: str,
) -> str:
    written = place.text_area(
        label,
        value=written_pairs(pairs),
        key=f"{key}_{part}",
        max_chars=5_000,
        height=120,
        placeholder=hint,
        help="One per line: a name, =, and where the value stands. `* = $.data` takes all of it.",
    )
    return written or ""


def _offer_saving(begin: str, source: HookSource, draft: HookMapping) -> None:
    may = signed_in.may(Role.EDITOR)
    with st.container(horizontal=True):
        st.button(
            "Save the rules",
            key=f"{begin}_save",
            icon=":material/save:",
            type="primary",
            disabled=draft == source.mapping or not may,
            help=signed_in.why_not(Role.EDITOR),
            on_click=_save,
            args=(source, draft, "changed"),
        )
        st.button(
            "Add a rule",
            key=f"{begin}_add",
            icon=":material/add:",
            disabled=draft != source.mapping or not may,
            on_click=_save,
            args=(source, _with_another(source.mapping), "a rule more"),
        )
        chosen = st.session_state.get(f"{begin}_chosen")
        if chosen is not None:
            st.button(
                "Remove this rule",
                key=f"{begin}_drop",
                icon=":material/delete:",
                disabled=draft != source.mapping or not may,
                on_click=_save,
                args=(source, _without(source.mapping, chosen), "a rule less"),
            )
    if draft != source.mapping:
        st.caption("Not saved yet: calls are read by the rules as they were.")


@signed_in.only(Role.EDITOR)
def _save(source: HookSource, mapping: HookMapping, what: str) -> None:
    try:
        change_mapping(bootstrap.database(), source.id, mapping)
    except CampaignError as error:
        notices.keep(_NOTICE, f"{error}.")
        return
    audit.noted("Changed how a webhook is read", source.name, what)
    notices.keep(_NOTICE, f"Calls of {source.name} are read by the new rules from now on.")


def _with_another(mapping: HookMapping) -> HookMapping:
    rule = HookRule(topic="new", event="$.event", email="$.email")
    return mapping.model_copy(update={"rules": (rule, *mapping.rules)})


def _without(mapping: HookMapping, place: int) -> HookMapping:
    left = tuple(rule for number, rule in enumerate(mapping.rules) if number != place)
    return mapping.model_copy(update={"rules": left})


def _called(place: int, rule: HookRule) -> str:
    only = f", if {written_pairs(rule.where)}" if rule.where else ""
    becomes = rule.event or "what is known of the person"
    return f"{place + 1}. {rule.topic or 'all kinds'}{only} → {becomes}"


def _stamp(mapping: HookMapping) -> str:
    """Tell the fields of one saved mapping from those of another, which begin anew."""
    return f"{crc32(mapping.model_dump_json().encode()):08x}"
