"""SEMANTICS 4 to 7 read plainly: what the campaigns of a run do to everybody in a history.

Slow and obvious: a person's history is gone through happening by happening, and every question is
answered by looking through all that has happened so far.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.reference import admission
from tests.reference.local_time import is_quiet, next_occurrence, quiet_until, zone_of
from tests.reference.matching import Event, in_order, look_up, matches, microseconds
from tests.reference.sends import CLICKED, OPENED, assigned, may_be_set, reason_against
from tests.reference.triggers import BY_EVENT, BY_TIMER, Firing, raw_firings

_Row = tuple[Any, ...]
_Step = dict[str, Any]


class Told(NamedTuple):
    """What happened, as plain rows: by user, each user's in the order in which it happened.

    firings: campaign, user_id, key, fired_at, event_id, outcome. messages: campaign, user_id,
    enrolled_at, step, variant, due_at, outcome, template. trace: campaign, user_id, enrolled_at,
    step, at, outcome, reason. enrolments: campaign, user_id, entered_at, state, ended_at, goal_at.
    Times are µs; a step or variant that is none is "", a key or time that is none is None.
    """

    firings: list[_Row]
    messages: list[_Row]
    trace: list[_Row]
    enrolments: list[_Row]


def rehearse(
    campaigns: list[dict[str, Any]],
    events: list[Event],
    profiles: dict[str, dict[str, Any]] | None,
    watermark: int,
    *,
    everybody_reacts: bool = False,
) -> Told:
    """Let everybody walk through the campaigns of a run, up to the watermark (1.5).

    `profiles` holds the traits of each user that has a profile, None where the dataset has no
    profiles at all; it has a column `consent` where one of the profiles has that key.
    """
    told = Told([], [], [], [])
    timeline = in_order([event for event in events if event.timestamp <= watermark])
    for user_id in sorted({event.user_id for event in timeline}):
        own = [event for event in timeline if event.user_id == user_id]
        walk = _Walk(user_id, campaigns, own, profiles, watermark, everybody_reacts)
        for rows, new in zip(told, walk.to_the_end(), strict=True):
            rows += new
    return told


def iso(at: int) -> str:
    """Write an instant as the files do (10)."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(eq=False)
class _Enrolment:
    """One way through one campaign; `since` is how many events came before those since entry."""

    campaign: dict[str, Any]
    cause: Event
    key: str | None
    entered_at: int
    since: int
    state: str = "active"
    ended_at: int | None = None
    goal_at: int | None = None
    variant: str = ""
    resting_at: _Step | None = None
    sent: list[str] = field(default_factory=list)


@dataclass(eq=False)
class _Timer:
    """Something to be done at an instant; `enrolment` is whose rest it ends."""

    at: int
    act: Callable[[int], None]
    enrolment: _Enrolment | None = None


class _Walk:
    """One person's way through all campaigns; what lies before `handled` has happened."""

    def __init__(
        self,
        user_id: str,
        campaigns: list[dict[str, Any]],
        events: list[Event],
        profiles: dict[str, dict[str, Any]] | None,
        watermark: int,
        everybody_reacts: bool,
    ) -> None:
        self.user_id = user_id
        self.events = events
        self.watermark = watermark
        self.everybody_reacts = everybody_reacts
        self.profiles = profiles
        self.profile = None if profiles is None else profiles.get(user_id)
        self.firings = [(c, raw_firings(c["trigger"], events, watermark)) for c in campaigns]
        self.handled = 0
        self.timers: list[_Timer] = []  # in order of creation (1.6)
        self.enrolments: list[_Enrolment] = []
        self.admitted: dict[str, list[Firing]] = {campaign["name"]: [] for campaign in campaigns}
        self.told = Told([], [], [], [])

    def to_the_end(self) -> Told:
        """Let time pass: at one instant events come before timers (1.6)."""
        while True:
            timer = min(self.timers, key=lambda timer: timer.at, default=None)
            event = self.events[self.handled] if self.handled < len(self.events) else None
            if event is not None and (timer is None or event.timestamp <= timer.at):
                self._meet(event)
            elif timer is not None and timer.at <= self.watermark:
                self.timers.remove(timer)
                timer.act(timer.at)
            else:
                self.told.enrolments.extend(
                    (e.campaign["name"], self.user_id, e.entered_at, e.state, e.ended_at, e.goal_at)
                    for e in self.enrolments
                )
                return self.told

    def _meet(self, event: Event) -> None:
        """Let every campaign act on an event: goals, waits, then its trigger (5.8)."""
        self.handled += 1
        for campaign, firings in self.firings:
            for firing in firings:
                if firing.order == BY_TIMER and firing.event_id == event.event_id:
                    self._arm(campaign, firing, event)
        for campaign, firings in self.firings:
            entered = [e for e in self.enrolments if e.campaign is campaign]
            for enrolment in entered:
                self._reach_goal(enrolment, event)
            for enrolment in entered:
                self._end_wait(enrolment, event)
            for firing in firings:
                if firing.order == BY_EVENT and firing.event_id == event.event_id:
                    self._fire(campaign, firing, event)

    def _arm(self, campaign: dict[str, Any], firing: Firing, cause: Event) -> None:
        """Set the timer of a deadline when its start event is handled (5.8)."""
        self.timers.append(_Timer(firing.fired_at, lambda _at: self._fire(campaign, firing, cause)))

    # Admission (4)

    def _fire(self, campaign: dict[str, Any], firing: Firing, cause: Event) -> None:
        name, outcome = campaign["name"], self._admission(campaign, firing)
        row = (name, self.user_id, firing.key, firing.fired_at, firing.event_id, outcome)
        self.told.firings.append(row)
        if outcome == "enrolled":
            self.admitted[name].append(firing)
            enrolment = _Enrolment(campaign, cause, firing.key, firing.fired_at, self.handled)
            self.enrolments.append(enrolment)
            first = campaign["steps"][0]["id"] if campaign.get("steps") else None
            self._arrive(enrolment, first, firing.fired_at)

    def _admission(self, campaign: dict[str, Any], firing: Firing) -> str:
        earlier = self.admitted[campaign["name"]]  # all of them are admitted once more
        anybody = {name: part for name, part in campaign.items() if name != "audience"}
        outcome = admission.admit(anybody, [*earlier, firing], {})[-1]
        audience = campaign.get("audience")
        if outcome == "enrolled" and audience and not admission.holds(audience, self.profile or {}):
            return "audience"
        is_inside = any(e.campaign is campaign and e.state == "active" for e in self.enrolments)
        if outcome == "enrolled" and is_inside and not campaign.get("concurrent", False):
            return "active"
        return outcome

    # What an event does to those who are enrolled (5.2, 5.7)

    def _reach_goal(self, enrolment: _Enrolment, event: Event) -> None:
        """Note the first goal event within its window, also after the end (5.7)."""
        goal = enrolment.campaign.get("goal")
        if goal is None or enrolment.goal_at is not None:
            return
        too_late = event.timestamp > enrolment.entered_at + microseconds(goal["within"])
        if too_late or not self._matches(enrolment, goal["event"], event):
            return
        enrolment.goal_at = event.timestamp
        if enrolment.state != "active":
            return
        step = enrolment.resting_at
        if enrolment.campaign.get("exit_on_goal", True):
            self._end(enrolment, step, event.timestamp, "exited", "goal")
        else:
            self._trace(enrolment, step, event.timestamp, "goal", "")

    def _end_wait(self, enrolment: _Enrolment, event: Event) -> None:
        step = enrolment.resting_at
        if step is None or step["kind"] != "wait_for":
            return
        if self._matches(enrolment, step["event"], event):
            self._trace(enrolment, step, event.timestamp, "matched", "")
            self._go_on(enrolment, step, step.get("then"), event.timestamp)

    # Steps (5.1 to 5.6)

    def _arrive(self, enrolment: _Enrolment, step_id: str | None, at: int) -> None:
        """Carry out a step, and all after it until the enrolment rests or ends."""
        if step_id is None:
            self._end(enrolment, None, at, "completed", "")
            return
        step = next(s for s in enrolment.campaign["steps"] if s["id"] == step_id)
        carry_out = {
            "delay": self._delay,
            "wait_for": self._wait_for,
            "branch": self._branch,
            "split": self._split,
            "send": self._send,
            "update_profile": self._update_profile,
            "webhook": self._record,
            "exit": self._exit,
        }[step["kind"]]
        carry_out(enrolment, step, at)

    def _go_on(self, enrolment: _Enrolment, step: _Step, target: str | None, at: int) -> None:
        """Leave a step; a way that is left out leads to the next step of the list (9)."""
        self._stop_resting(enrolment)
        ids = [s["id"] for s in enrolment.campaign["steps"]]
        following = [*ids[ids.index(step["id"]) + 1 :], None][0]
        self._arrive(enrolment, target or following, at)

    def _rest(
        self,
        enrolment: _Enrolment,
        step: _Step,
        until: int,
        then: Callable[[_Enrolment, _Step, int], None],
    ) -> None:
        enrolment.resting_at = step
        self.timers.append(_Timer(until, lambda at: then(enrolment, step, at), enrolment))

    def _stop_resting(self, enrolment: _Enrolment) -> None:
        enrolment.resting_at = None
        self.timers = [timer for timer in self.timers if timer.enrolment is not enrolment]

    def _end(
        self, enrolment: _Enrolment, step: _Step | None, at: int, outcome: str, reason: str
    ) -> None:
        self._stop_resting(enrolment)
        if enrolment.campaign["steps"]:  # the trace is about steps: without any there is none
            self._trace(enrolment, step, at, outcome, reason)
        enrolment.state, enrolment.ended_at = outcome, at

    def _trace(
        self, enrolment: _Enrolment, step: _Step | None, at: int, outcome: str, reason: str
    ) -> None:
        name, step_id = enrolment.campaign["name"], "" if step is None else step["id"]
        row = (name, self.user_id, enrolment.entered_at, step_id, at, outcome, reason)
        self.told.trace.append(row)

    def _delay(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        if step.get("for") is not None:
            until = at + microseconds(step["for"])
        else:
            zone = zone_of(self.profile, enrolment.campaign)
            until = next_occurrence(zone, step["until"], step.get("on", []), at)
        self._trace(enrolment, step, at, "waiting", f"until {iso(until)}")
        self._rest(enrolment, step, until, self._continue)

    def _continue(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        self._trace(enrolment, step, at, "continued", "")
        self._go_on(enrolment, step, step.get("next"), at)

    def _wait_for(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        already = self._is_matched_on_arrival(enrolment, step)
        if already is not None:
            self._trace(enrolment, step, at, "matched", already)
            self._go_on(enrolment, step, step.get("then"), at)
            return
        until = at + microseconds(step["timeout"])
        self._trace(enrolment, step, at, "waiting", f"until {iso(until)}")
        self._rest(enrolment, step, until, self._time_out)

    def _is_matched_on_arrival(self, enrolment: _Enrolment, step: _Step) -> str | None:
        """Give why a wait is over before it began, None where it is not (5.2, 7.2)."""
        names = step["event"]["event"]
        is_reaction = {OPENED, CLICKED} >= ({names} if isinstance(names, str) else set(names))
        if self.everybody_reacts and is_reaction and enrolment.sent:
            return "everybody_reacts"
        if step.get("since", "arrival") == "entry" and self._did(enrolment, step["event"]):
            return "since_entry"
        return None

    def _time_out(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        self._trace(enrolment, step, at, "timed_out", "")
        self._go_on(enrolment, step, step.get("otherwise"), at)

    def _branch(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        for number, case in enumerate(step["cases"]):
            if self._holds(enrolment, case["if"]):
                self._trace(enrolment, step, at, "took", f"cases[{number}]")
                self._go_on(enrolment, step, case.get("next"), at)
                return
        self._trace(enrolment, step, at, "took", "otherwise")
        self._go_on(enrolment, step, step.get("otherwise"), at)

    def _split(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        enrolment.variant = assigned(enrolment.campaign["name"], step, self.user_id)
        variant = next(v for v in step["variants"] if v["name"] == enrolment.variant)
        self._trace(enrolment, step, at, "assigned", variant["name"])
        self._go_on(enrolment, step, variant.get("next"), at)

    def _update_profile(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        """Set the traits that are a flow's to set, for the rest of the run (5.6)."""
        allowed = {name: value for name, value in step["set"].items() if may_be_set(name, value)}
        if allowed:
            self.profile = {**(self.profile or {}), **allowed}
            if self.profiles is not None:
                self.profiles = {**self.profiles, self.user_id: self.profile}
        self._record(enrolment, step, at)

    def _record(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        self._trace(enrolment, step, at, "recorded", "")
        self._go_on(enrolment, step, step.get("next"), at)

    def _exit(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        self._end(enrolment, step, at, "exited", "exit")

    # Sends (5.5)

    def _send(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        """Have it sent by a timer, so that at one instant a goal comes first (5.7)."""
        zone = zone_of(self.profile, enrolment.campaign)
        quiet = enrolment.campaign.get("quiet_hours")
        due_at = at
        if quiet is not None and is_quiet(zone, quiet, at):
            due_at = quiet_until(zone, quiet, at)
            self._trace(enrolment, step, at, "deferred", "quiet_hours")
        self._rest(enrolment, step, due_at, self._deliver)

    def _deliver(self, enrolment: _Enrolment, step: _Step, at: int) -> None:
        earlier = [row[5] for row in self.told.messages if row[6] == "sent"]
        happened = {event.event for event in self.events[: self.handled]}
        profiles = self.profiles
        if profiles is None and self.profile is not None:
            # Nobody is known but for what a flow said of them, and where they are is no matter.
            profiles = {self.user_id: {"email": "somewhere", **self.profile}}
            happened = set()
        reason = reason_against(enrolment.campaign, self.user_id, profiles, happened, earlier, at)
        name, outcome = enrolment.campaign["name"], reason or "sent"
        row = (name, self.user_id, enrolment.entered_at, step["id"], enrolment.variant, at)
        self.told.messages.append((*row, outcome, step["template"]))
        if reason is None:
            enrolment.sent.append(step["id"])
        self._trace(enrolment, step, at, "sent" if reason is None else "withheld", reason or "")
        self._go_on(enrolment, step, step.get("next"), at)

    # Questions (2.4, 5.3)

    def _holds(self, enrolment: _Enrolment, condition: dict[str, Any]) -> bool:
        """Say whether a condition is true of the person at this moment (5.3)."""
        if "all" in condition:
            return all(self._holds(enrolment, part) for part in condition["all"])
        if "any" in condition:
            return any(self._holds(enrolment, part) for part in condition["any"])
        if "not" in condition:
            return not self._holds(enrolment, condition["not"])
        if "did" in condition:
            return self._did(enrolment, condition["did"])
        if "opened" in condition:
            # Who clicked has opened, even where no picture told of it.
            return self._reacted(enrolment, condition["opened"], [OPENED, CLICKED])
        if "clicked" in condition:
            return self._reacted(enrolment, condition["clicked"], [CLICKED])
        return admission.holds(condition, self.profile or {})

    def _reacted(self, enrolment: _Enrolment, step_id: str, names: list[str]) -> bool:
        if self.everybody_reacts:
            return step_id in enrolment.sent
        wanted = (("campaign", enrolment.campaign["name"]), ("step", step_id))
        where = [{"property": name, "op": "eq", "value": value} for name, value in wanted]
        matcher = _by_people({"event": names, "where": where})
        return any(matches(matcher, event) for event in self._since_entry(enrolment))

    def _did(self, enrolment: _Enrolment, matcher: dict[str, Any]) -> bool:
        """Say whether one event since entry and up to now matches (2.5, 5.8)."""
        happened = self._since_entry(enrolment)
        return any(self._matches(enrolment, matcher, event) for event in happened)

    def _since_entry(self, enrolment: _Enrolment) -> list[Event]:
        """List the events later in the order than the firing, up to now (5.8)."""
        return self.events[enrolment.since : self.handled]

    def _matches(self, enrolment: _Enrolment, matcher: dict[str, Any], event: Event) -> bool:
        """Match with `$key` and `$trigger.PROPERTY` put in their places (2.4)."""
        meant = [
            {**condition, "value": _meant(enrolment, condition.get("value"))}
            for condition in matcher.get("where", [])
        ]
        return matches(_by_people({**matcher, "where": meant}), event)


def _by_people(matcher: dict[str, Any]) -> dict[str, Any]:
    """Leave out openings and clicks of machines, unless the matcher asks for them itself."""
    asked = matcher["event"]
    names = {asked} if isinstance(asked, str) else set(asked)
    where = matcher["where"]
    if not names <= {OPENED, CLICKED} or any(c["property"] == "is_machine" for c in where):
        return matcher
    told = {"property": "is_machine", "op": "ne", "value": True}
    return {**matcher, "where": [*where, told]}


def _meant(enrolment: _Enrolment, value: Any) -> Any:
    """Give the value that a reference stands for, None where it is missing (2.4)."""
    if value == "$key":
        return enrolment.key
    if isinstance(value, str) and value.startswith("$trigger."):
        return look_up(enrolment.cause.properties, value.removeprefix("$trigger."))
    return value
