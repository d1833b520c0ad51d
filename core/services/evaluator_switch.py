"""The switch of the evaluator: whether it decides and sends, only watches, or is not there."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine

from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing

SETTING = "evaluator"
TURNED_AT = "evaluator_turned_at"  # µs


class EvaluatorState(StrEnum):
    """What somebody wants of the evaluator.

    Running it decides and sends. Paused it is there, but decides and sends nothing. Stopped it is
    gone until it is started. What comes in is stored all the same.
    """

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


def evaluator_state(database: Engine) -> EvaluatorState:
    """Give what is wanted of the evaluator; it runs unless somebody said otherwise."""
    with reading(database) as session:
        return state_of(setting(session, SETTING))


def state_of(kept: JsonValue) -> EvaluatorState:
    """Read the setting."""
    known = isinstance(kept, str) and kept in set(EvaluatorState)
    return EvaluatorState(str(kept)) if known else EvaluatorState.RUNNING


def is_on(database: Engine) -> bool:
    """Say whether anything may be decided and sent."""
    return evaluator_state(database) is EvaluatorState.RUNNING


def turn(database: Engine, state: EvaluatorState, *, at: datetime) -> None:
    """Let the evaluators run, pause or stop; all of them obey within two seconds."""
    with writing(database) as session:
        keep_setting(session, SETTING, state.value, changed_at=at)
        keep_setting(session, TURNED_AT, as_microseconds(at), changed_at=at)
