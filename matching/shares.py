"""A solve shared out between machines: the shares of a programme, one share solved alone, all shares joined.

A share holds whatever can be solved without the rest: one county, or the whole programme where the policy couples its
counties. What a share comes back with are links and bounds; the joined result describes them anew from the facts, so it
rests on nothing that was stored in between, and equals that of ``solve`` in one process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from matching.build import Part, Progress, build_part, header, parts_of
from matching.checks import check_facts
from matching.control import Control, StoppedBy
from matching.crew import Crew, Source
from matching.errors import InvalidFactsError
from matching.facts import Facts
from matching.files import facts_from_json, facts_to_json
from matching.outcome import joined_values
from matching.pins import check_pinned_mentees
from matching.policy import Policy
from matching.policy_options import FairnessMode
from matching.result import Level, Result
from matching.schedule import Schedule, batches
from matching.solution import MINIMISED, LevelName
from matching.solve import Clock, joined_result, needs_all_at_once
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.work import Link, Solved


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFacts:
    """The facts of one share, and what it must know of the whole programme.

    Attributes
    ----------
    parts
        The components of the share, in the order of the programme.
    has_roster
        Whether the programme has a published roster, even if nothing of it lies in this share.
    n_mentees
        Mentees of the whole programme: its size decides how far each component is worked on.
    """

    parts: tuple[Part, ...]
    has_roster: bool
    n_mentees: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareResult:
    """The plan of one share.

    Attributes
    ----------
    links
        ``(mentee, slot, mentor)`` of every filled seat; ``None`` when the share ended without a plan.
    bounds
        Bound of every level that the solver did not prove by its nature, over the share.
    stopped_by
        ``None`` when the share was worked on to its end.
    """

    solver: str
    solver_reason: str
    links: tuple[Link, ...] | None
    bounds: Mapping[str, int]
    steps: int
    stopped_by: StoppedBy | None
    seconds: float


def is_coupled(policy: Policy) -> bool:
    """Whether something in the policy looks at all components of a programme together."""
    return policy.fairness.mode is not FairnessMode.NONE or policy.stability.max_changes is not None


def share_out(facts: Facts, policy: Policy) -> tuple[ShareFacts, ...]:
    """Return the shares of a programme: one per component, or a single one where the policy couples them.

    Raises
    ------
    EmptyPoolError, InvalidFactsError, PinConflictError
        As ``solve`` does, for everything that shows before components are built.
    """
    check_facts(facts, policy)
    check_pinned_mentees(facts, policy)
    parts = parts_of(facts, policy)
    groups = [parts] if is_coupled(policy) else [(part,) for part in parts]
    return tuple(
        ShareFacts(parts=group, has_roster=bool(facts.published), n_mentees=len(facts.mentees)) for group in groups
    )


def solve_share(
    share: ShareFacts, policy: Policy, *, seed: int = 0, workers: int = 1, control: Control | None = None
) -> ShareResult:
    """Solve one share; see ``solve`` for the parameters.

    Raises
    ------
    PinConflictError
        For pins that cannot all hold.
    SolverFailedError
        When optimality could not be proved, or a worker process died.
    """
    control = control or Control()
    control.begin()
    shared = header(policy, has_roster=share.has_roster)
    sources: Sequence[Source] = share.parts
    if needs_all_at_once(policy):
        components = tuple(build_part(part, policy) for part in share.parts)
        shared, sources = replace(shared, components=components), components
    schedule = Schedule(
        seed=seed,
        problem=shared,
        control=control,
        on_progress=None,
        has_roster=share.has_roster,
        n_mentees=share.n_mentees,
        sources=sources,
    )
    stopped_by = schedule.run(policy, workers)
    has_plan = len(schedule.outcomes) == len(sources)
    outcomes = [schedule.outcomes[index] for index in sorted(schedule.outcomes)]
    links = tuple((seat.mentee_id, seat.slot, seat.mentor_id) for own in outcomes for seat in own.seats)
    return ShareResult(
        solver=schedule.solver,
        solver_reason=schedule.reason,
        links=links if has_plan else None,
        bounds={str(name): bound for name, bound in schedule.bounds_of_levels().items()} if has_plan else {},
        steps=control.steps,
        stopped_by=stopped_by,
        seconds=control.seconds,
    )


def join_shares(
    facts: Facts,
    policy: Policy,
    results: Sequence[ShareResult],
    *,
    seed: int = 0,
    workers: int = 1,
    on_progress: Progress | None = None,
) -> Result:
    """Return the result of a programme from the plans of its shares, in their order.

    Equal to that of ``solve`` but for the seconds. Without a plan of every share the result has none.

    Raises
    ------
    InvalidFactsError
        When the results are not those of the shares of these facts.
    """
    clock = Clock(Control())
    parts = parts_of(facts, policy)
    n_shares = 1 if is_coupled(policy) else len(parts)
    if len(results) != n_shares:
        raise InvalidFactsError("shares", f"{n_shares} shares make up this programme, found {len(results)} results")
    shared = header(policy, has_roster=bool(facts.published))
    control = Control(steps=sum(result.steps for result in results))
    schedule = Schedule(
        seed=seed,
        problem=shared,
        control=control,
        on_progress=on_progress,
        has_roster=bool(facts.published),
        n_mentees=len(facts.mentees),
        sources=parts,
    )
    if all(result.links is not None for result in results):
        plans = [Solved(solver=own.solver, bounds=_bounds(own), links=own.links) for own in results]
        hardest = next((own for own in results if own.solver == cpsat.NAME), results[0])
        schedule.adopt(parts, plans, reason=hardest.solver_reason)
        with Crew(shared, policy, parts, workers) as crew:
            for batch in batches(parts):
                schedule.describe(crew, batch)
    else:
        schedule.solver, schedule.reason = results[0].solver, results[0].solver_reason
    stopped_by = next((result.stopped_by for result in results if result.stopped_by is not None), None)
    clock.lap("report")
    return joined_result(facts, policy, schedule, stopped_by, clock)


def described(
    facts: Facts,
    policy: Policy,
    links: Sequence[Link] | None,
    levels: Sequence[Level],
    *,
    solver: str,
    reason: str,
    seed: int = 0,
    steps: int = 0,
    stopped_by: StoppedBy | None = None,
    workers: int = 1,
) -> Result:
    """Return the result of a plan that is known already: its figures under a policy, measured by known bounds.

    Parameters
    ----------
    links
        ``(mentee, slot, mentor)`` of every filled seat; ``None`` for the result that has no plan.
    levels
        Those of a solve, whose bounds measure the plan; missing ones count as proved. A level may lie beyond its bound
        once an earlier one falls short, or where the bound is conditional: then it bounds itself.

    Raises
    ------
    SolverFailedError
        For links that the facts do not admit.
    """
    clock = Clock(Control())
    parts = parts_of(facts, policy)
    shared = header(policy, has_roster=bool(facts.published))
    schedule = Schedule(
        seed=seed,
        problem=shared,
        control=Control(steps=steps),
        on_progress=None,
        has_roster=bool(facts.published),
        n_mentees=len(facts.mentees),
        sources=parts,
    )
    if links is None:
        schedule.solver, schedule.reason = solver, reason
        return joined_result(facts, policy, schedule, stopped_by, clock)
    schedule.adopt_links(parts, links, solver=solver, reason=reason)
    with Crew(shared, policy, parts, workers) as crew:
        for batch in batches(parts):
            schedule.describe(crew, batch)
    values = joined_values([schedule.outcomes[index] for index in sorted(schedule.outcomes)], shared)
    known = {level.name: level for level in levels}
    is_short = False
    for name, value in values.items():
        bound = known[name].bound if name in known else value
        sign = -1 if name in MINIMISED else 1
        if is_short or (name in known and known[name].is_conditional):
            bound = sign * max(sign * bound, sign * value)
        schedule.proved[name] = bound
        is_short |= bound != value
    clock.lap("report")
    return joined_result(facts, policy, schedule, stopped_by, clock)


def _bounds(result: ShareResult) -> dict[LevelName, int]:
    return {LevelName(name): bound for name, bound in result.bounds.items()}


def share_to_json(share: ShareFacts) -> dict[str, Any]:
    """Return a share as plain JSON values; ``share_from_json`` reads it back to an equal share."""
    return {
        "parts": [{"facts": facts_to_json(part.facts), "mentor_ids": sorted(part.mentor_ids)} for part in share.parts],
        "has_roster": share.has_roster,
        "n_mentees": share.n_mentees,
    }


def share_from_json(obj: Mapping[str, Any]) -> ShareFacts:
    """Read a share that ``share_to_json`` wrote.

    Raises
    ------
    InvalidFactsError
        With the dotted path of the first value of the facts that does not fit.
    """
    return ShareFacts(
        parts=tuple(
            Part(facts=facts_from_json(part["facts"]), mentor_ids=frozenset(part["mentor_ids"]))
            for part in obj["parts"]
        ),
        has_roster=bool(obj["has_roster"]),
        n_mentees=int(obj["n_mentees"]),
    )


def share_result_to_json(result: ShareResult) -> dict[str, Any]:
    """Return the result of a share as plain JSON values; ``share_result_from_json`` reads it back."""
    value: dict[str, Any] = _RESULT.dump_python(result, mode="json")
    return value


def share_result_from_json(obj: Mapping[str, Any]) -> ShareResult:
    """Read the result of a share that ``share_result_to_json`` wrote."""
    return _RESULT.validate_python(obj)


_RESULT = TypeAdapter(ShareResult)
