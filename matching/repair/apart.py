"""A repair in a process of its own, which the caller's limits end; it comes back as links, bounds and differences."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pydantic import TypeAdapter

from matching.apart import Tell, work_apart
from matching.control import Control, Interrupted, Phase, StoppedBy
from matching.facts import Facts
from matching.policy import Policy
from matching.repair.report import EndedLink, Link, MenteeChange, MentorChange, NewLink
from matching.repair.run import repair
from matching.result import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What a repaired plan changes; see ``RepairResult`` for the fields."""

    max_changes: int | None
    ended: tuple[EndedLink, ...]
    added: tuple[NewLink, ...]
    mentees: tuple[MenteeChange, ...]
    mentors: tuple[MentorChange, ...]
    n_published: int
    n_kept: int
    n_changed_links: int
    n_moves: int
    n_people_affected: int
    offers: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairAnswer:
    """A repair without what the facts tell again.

    Attributes
    ----------
    links, differences
        ``None`` when the repair was cut: it is all or nothing.
    """

    solver: str
    solver_reason: str
    links: tuple[Link, ...] | None
    levels: tuple[Level, ...]
    differences: Differences | None
    stopped_by: StoppedBy | None
    seconds: float


def repair_apart(
    facts: Facts, policy: Policy, *, max_changes: int | None = 0, seed: int = 0, control: Control | None = None
) -> RepairAnswer:
    """Repair as ``repair`` does; with a control that can end it, in another process.

    Raises
    ------
    MatchingError
        See ``repair``.
    SolverFailedError
        When the process died.
    """
    control = control or Control()
    control.begin()
    control.tell(Phase.REPAIR, 0, 1, None, None)
    try:
        if control.has_limit:
            found = work_apart(
                _answer, facts, policy, control=control, on_news=_ignore, max_changes=max_changes, seed=seed
            )
        else:
            found = _answer(_ignore, facts, policy, max_changes=max_changes, seed=seed)
    except Interrupted as end:
        return RepairAnswer(
            solver="repair",
            solver_reason="the repair was ended before it had a plan",
            links=None,
            levels=(),
            differences=None,
            stopped_by=end.by,
            seconds=control.seconds,
        )
    control.tell(Phase.REPAIR, 1, 1, None, None)
    answer: RepairAnswer = found
    return answer


def _ignore(_: object) -> None:
    """A repair tells nothing before it is done."""


def _answer(_tell: Tell, facts: Facts, policy: Policy, *, max_changes: int | None, seed: int) -> RepairAnswer:
    found = repair(facts, policy, max_changes=max_changes, seed=seed)
    result = found.result
    return RepairAnswer(
        solver=result.solver,
        solver_reason=result.solver_reason,
        links=tuple((seat.mentee_id, seat.slot, seat.mentor_id) for seat in result.seats),
        levels=result.levels,
        differences=Differences(**{field.name: getattr(found, field.name) for field in fields(Differences)}),
        stopped_by=None,
        seconds=result.runtime_s,
    )


def repair_to_json(answer: RepairAnswer) -> dict[str, Any]:
    """Return the answer of a repair as plain JSON values; ``repair_from_json`` reads it back."""
    value: dict[str, Any] = _ANSWER.dump_python(answer, mode="json")
    return value


def repair_from_json(obj: Mapping[str, Any]) -> RepairAnswer:
    """Read the answer of a repair that ``repair_to_json`` wrote."""
    return _ANSWER.validate_python(obj)


_ANSWER = TypeAdapter(RepairAnswer)
