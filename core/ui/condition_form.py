"""Rows of conditions on properties or traits: widgets in, plain data out."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.domain.values import JsonValue, Op, as_number
from core.services import phrases
from core.services.drafts import Document

_NO_VALUE = (Op.EXISTS, Op.NOT_EXISTS)
_LIST_VALUE = (Op.IN, Op.NOT_IN)
_NUMBERS = (Op.GT, Op.GTE, Op.LT, Op.LTE)


def edit_conditions(
    key: str,
    conditions: Sequence[Document],
    subject: str,
    names: Sequence[str],
    values_of: Callable[[str], Sequence[JsonValue]],
) -> list[Document]:
    """Show conditions as rows with a button to add one; `subject` is `property` or `trait`."""
    rows_key = f"{key}_rows"
    rows: list[int] = st.session_state.setdefault(rows_key, list(range(len(conditions))))
    edited = []
    for row in list(rows):
        former = conditions[row] if row < len(conditions) else {subject: None, "op": "eq"}
        condition = _edit_condition(f"{key}_{row}", former, subject, names, values_of, rows)
        if condition is not None:
            edited.append(condition)
    st.button(
        f"Add a condition on a {subject}",
        icon=":material/add:",
        key=f"{key}_add",
        type="tertiary",
        on_click=lambda: rows.append(max([*rows, len(conditions) - 1]) + 1),
    )
    return edited


def _edit_condition(
    key: str,
    former: Document,
    subject: str,
    names: Sequence[str],
    values_of: Callable[[str], Sequence[JsonValue]],
    rows: list[int],
) -> Document | None:
    """Show one condition; None while it is incomplete."""
    options = list(dict.fromkeys([*names, *([former[subject]] if former[subject] else [])]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("where", width="content")
        name = st.selectbox(
            f"Which {subject}",
            options,
            index=options.index(former[subject]) if former[subject] else None,
            key=f"{key}_name",
            placeholder=f"choose a {subject}",
            label_visibility="collapsed",
            width=170,
        )
        op = st.selectbox(
            "How it compares",
            list(phrases.OPS),
            index=list(phrases.OPS).index(Op(former["op"])),
            format_func=phrases.OPS.__getitem__,
            key=f"{key}_op",
            label_visibility="collapsed",
            width=140,
        )
        suggested = values_of(name) if name else []
        value = _edit_value(f"{key}_value", op, former.get("value"), suggested)
        row = int(key.rsplit("_", 1)[1])
        st.button(
            "Remove this condition",
            icon=":material/close:",
            key=f"{key}_remove",
            type="tertiary",
            help="Remove this condition",
            on_click=rows.remove,
            args=(row,),
        )
    if name is None or (op not in _NO_VALUE and value in (None, [])):
        return None
    condition = {subject: name, "op": str(op)}
    return condition if op in _NO_VALUE else {**condition, "value": value}


def _edit_value(key: str, op: Op, former: Any, suggested: Sequence[JsonValue]) -> Any:
    """Show the field for a value that fits the operator; None while it is empty."""
    if op in _NO_VALUE:
        return None
    value_by_label = {_label(value): value for value in suggested}
    if op in _LIST_VALUE:
        held = former if isinstance(former, list) else ([] if former is None else [former])
        labels = list(dict.fromkeys([*value_by_label, *map(_label, held)]))
        chosen = st.multiselect(
            "Values",
            labels,
            default=[_label(value) for value in held],
            key=f"{key}_list",
            accept_new_options=True,
            placeholder="choose or type values",
            label_visibility="collapsed",
            width=220,
        )
        return [value_by_label.get(label, label) for label in chosen]
    single = former[0] if isinstance(former, list) and former else former
    labels = list(value_by_label)
    if single is not None and not isinstance(single, list) and _label(single) not in labels:
        labels.insert(0, _label(single))
    label = st.selectbox(
        "Value",
        labels,
        index=labels.index(_label(single)) if single not in (None, []) else None,
        key=f"{key}_one",
        accept_new_options=True,
        placeholder="choose or type a value",
        label_visibility="collapsed",
        width=180,
    )
    return None if label is None else _typed(label, op, value_by_label)


def _typed(label: str, op: Op, value_by_label: dict[str, JsonValue]) -> JsonValue:
    """Give what a label means: a number where numbers are compared, else the data's own value."""
    number = as_number(label)
    if op in _NUMBERS and number is not None:
        return number if isinstance(number, int) else float(number)
    return value_by_label.get(label, label)


def _label(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
