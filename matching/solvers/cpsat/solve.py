"""The solver for every shape of policy: one CP-SAT model per component, or one of all where something couples them."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from matching.policy_options import FairnessMode
from matching.problem import I8, Component, ProblemData
from matching.solution import LevelName, Solution
from matching.solvers.cpsat.alternate import alternate
from matching.solvers.cpsat.search import Watch, is_small_problem, search
from matching.solvers.cpsat.start import relaxed_levels, start_plan

NAME = "cpsat"


def solve_components(
    problem: ProblemData,
    *,
    seed: int,
    on_done: Callable[[int], None] | None = None,
    time_limit_s: float | None = None,
    watch: Watch | None = None,
) -> tuple[tuple[I8, ...], dict[LevelName, int]]:
    """Solve all components; a fairness level or a change budget joins them into one model.

    A pure function of its arguments: searches are budgeted in deterministic time by size, one worker each.

    Parameters
    ----------
    on_done
        Told the number of components done.
    time_limit_s
        A safety net: seconds after which searches are cut, and another machine may answer differently.
    watch
        Ends the search, which then leaves plans that keep every rule, with the bounds of what was searched.

    Returns
    -------
    tuple
        The arc of every seat per component, ``int64`` (mentees, seats), -1 for an empty seat; and the bound of every
        level, summed over the components.

    Raises
    ------
    SolverFailedError
        When an answer of the solver contradicts itself, or a team term has no statement.
    """
    deadline = None if time_limit_s is None else time.perf_counter() + time_limit_s
    is_joint = problem.fairness is not FairnessMode.NONE or problem.max_changes is not None
    batches = [problem.components] if is_joint else [(component,) for component in problem.components]
    chosen: list[I8] = []
    bounds = Solution(chosen=()).objective(replace(problem, components=()))
    for batch in batches:
        part = replace(problem, components=batch)
        own_seed = _seed(batch, seed)
        plan = tuple(start_plan(component, problem, seed=seed) for component in batch)
        ceilings = None
        if not is_small_problem(part):
            if watch is None or not watch.asks_to_end():
                plan = tuple(
                    alternate(component, problem, own, seed=own_seed)
                    for component, own in zip(batch, plan, strict=True)
                )
                if watch is not None:
                    watch.on_group()
            ceilings = relaxed_levels(part, seed=seed)
        found: dict[LevelName, int] = {}
        if part.n_arcs:
            left_s = None if deadline is None else max(0.01, deadline - time.perf_counter())
            plan, found = search(part, plan, seed=own_seed, ceilings=ceilings, time_limit_s=left_s, watch=watch)
        for name, value in Solution(chosen=plan).objective(part).items():
            bounds[name] += found.get(name, value)
        chosen += plan
        if on_done is not None:
            on_done(len(chosen))
    return tuple(chosen), bounds


def _seed(components: Sequence[Component], seed: int) -> int:
    """Mix the seed with the codes of the counties into the 31 bits that the solver takes."""
    counties = "|".join(county for component in components for county in component.counties)
    return int.from_bytes(hashlib.sha256(f"{seed}|{counties}".encode()).digest()[:4], "big") % 2**31
