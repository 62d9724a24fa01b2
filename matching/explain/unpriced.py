"""What can be said of a plan that nothing can be priced against: who is eligible for a seat, and with which score."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from matching.explain.option import Option, arcs_of
from matching.explain.records import Hindrance
from matching.problem import I8, Component, ProblemData
from matching.solution import members_of
from matching.teams import TeamArrays, is_weak_team, keeps_rules, team_scores, teams_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainMarket:
    """One component with any plan: no alternative has a price here.

    Attributes
    ----------
    chosen
        ``int64`` (mentees, seats): arc per seat, -1 for an empty seat.
    """

    component: Component
    problem: ProblemData
    chosen: I8

    def eligible(self, row: int, seat: int) -> tuple[I8, I8]:
        """Return the mentors eligible for a seat beside the rest of the team, and their scores there.

        Whoever sits there is always among them, be it against a rule on teams.
        """
        component = self.component
        if component.teams is None:
            arcs = arcs_of(component, row, seat)
            return component.arc_mentor[arcs].astype(np.int64), component.arc_score[arcs]
        members = members_of(component, self.chosen)[row]
        return eligible_beside(component, component.teams, self.problem, members, row, seat)

    def seat_options(self, row: int, seat: int, n_options: int) -> tuple[list[Option], int]:
        """Return no alternative."""
        return [], 0

    def pair_option(self, row: int, mentor: int, seats: Iterable[int]) -> Option | Hindrance | None:
        """Return ``None``: the pair has no price."""
        return None

    def mentor_option(self, mentor: int) -> Option | Hindrance | None:
        """Return ``None``: no pairing has a price."""
        return None


def eligible_beside(
    component: Component, arrays: TeamArrays, problem: ProblemData, members: I8, row: int, seat: int
) -> tuple[I8, I8]:
    """Return the mentors who could sit in a seat beside the rest of a team, and the team's scores with them.

    Parameters
    ----------
    members
        ``int64`` (seats,): the mentee's team, -1 for an empty seat.
    """
    mentors = component.arc_mentor[arcs_of(component, row, seat)].astype(np.int64)
    teams = np.repeat(members[None, :], len(mentors), axis=0)
    teams[:, seat] = mentors
    rows = np.full(len(mentors), row)
    person = np.where(teams >= 0, component.person_of_mentor[teams], -1 - np.arange(component.n_seats))
    ranked = np.sort(person, axis=1)
    kept = keeps_rules(arrays, rows, teams) & (ranked[:, 1:] != ranked[:, :-1]).all(axis=1)
    if problem.forbids_weak:
        kept &= ~is_weak_team(teams_of(arrays, rows, teams), problem.params_of("weak"))
    kept |= mentors == members[seat]
    scores = team_scores(arrays, problem.team_terms, rows[kept], teams[kept])
    return mentors[kept], scores
