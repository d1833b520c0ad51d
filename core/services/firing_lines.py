"""Lines of `firings.csv`, written by a compiled loop straight from the arrays of a replay."""

import numpy as np
from numba import njit

from core.domain.firings import Admission
from core.engine.batches import Int32s, Int64s
from core.rehearsal.replay import CampaignReplay
from core.services.csv_fields import (
    COMMA,
    LINE_FEED,
    TIME_LENGTH,
    Bytes,
    Texts,
    field,
    texts_of,
    time,
)

FIRINGS_HEADER = "campaign,user_id,key,fired_at,event_id,outcome"

_ROOM_FOR_SIGNS = 24  # commas, the line feed and the longest outcome


def firing_lines(replayed: CampaignReplay, users: Texts, event_ids: Texts, event: Int64s) -> Bytes:
    """Write one line per firing: campaign, user, key, time, event, outcome; as UTF-8 bytes.

    `users` holds all user ids by code, `event_ids` those of a batch, and `event` says per firing
    which of the batch's events caused it. Fields with a comma, a quote or a line break are quoted.
    """
    keys = texts_of(replayed.key_texts)
    return _lines(
        np.frombuffer(replayed.campaign.name.encode(), dtype=np.uint8),
        replayed.user,
        users.offsets,
        users.data,
        replayed.key,
        keys.offsets,
        keys.data,
        replayed.fired_at,
        event,
        event_ids.offsets,
        event_ids.data,
        replayed.outcome,
        _WORDS.offsets,
        _WORDS.data,
    )


_WORDS = texts_of([outcome.word for outcome in Admission])


@njit(cache=True, nogil=True)
def _lines(
    name: Bytes,
    user: Int32s,
    user_offsets: Int64s,
    user_data: Bytes,
    key: Int32s,
    key_offsets: Int64s,
    key_data: Bytes,
    fired_at: Int64s,
    event: Int64s,
    event_offsets: Int64s,
    event_data: Bytes,
    outcome: Int64s,
    word_offsets: Int64s,
    word_data: Bytes,
) -> Bytes:
    fixed = len(name) + TIME_LENGTH + _ROOM_FOR_SIGNS
    size = len(user) * fixed
    for line in range(len(user)):
        size += user_offsets[user[line] + 1] - user_offsets[user[line]]
        size += event_offsets[event[line] + 1] - event_offsets[event[line]]
        if key[line] >= 0:
            size += key_offsets[key[line] + 1] - key_offsets[key[line]]
    out = np.empty(size, np.uint8)
    at = 0
    for line in range(len(user)):
        who, which, cause, word = user[line], key[line], event[line], outcome[line]
        length = user_offsets[who + 1] - user_offsets[who]
        length += event_offsets[cause + 1] - event_offsets[cause]
        if which >= 0:
            length += key_offsets[which + 1] - key_offsets[which]
        # Quoting doubles at most every byte of a line; lines that need it are rare.
        if at + 2 * (length + fixed) > len(out):
            wider = np.empty(len(out) + (len(out) >> 2) + 4 * (length + fixed), np.uint8)
            wider[:at] = out[:at]
            out = wider
        at = field(out, at, name, 0, len(name), COMMA)
        at = field(out, at, user_data, user_offsets[who], user_offsets[who + 1], COMMA)
        if which >= 0:
            at = field(out, at, key_data, key_offsets[which], key_offsets[which + 1], COMMA)
        else:
            out[at] = COMMA
            at += 1
        at = time(out, at, fired_at[line])
        out[at] = COMMA
        at += 1
        at = field(out, at, event_data, event_offsets[cause], event_offsets[cause + 1], COMMA)
        at = field(out, at, word_data, word_offsets[word], word_offsets[word + 1], LINE_FEED)
    return out[:at]
