"""The outcome of the fairness and sum levels, in integers."""

from dataclasses import dataclass

from matching.solvers.pairs.model import Bools

FLOW = "min-cost flow"
SEARCH = "min-cost flow, GLOP column generation, CP-SAT"
COLUMNS = "min-cost flow, GLOP over teams of two, CP-SAT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A plan with its certificates.

    Attributes
    ----------
    fair, fair_bound
        Value and bound of the fairness level; ``None`` without one, or when nobody can be fully served.
    sum, sum_bound
        Value and bound of the sum among the plans that attain ``fair``.
    """

    chosen: Bools
    fair: int | None
    fair_bound: int | None
    sum: int
    sum_bound: int
    solver: str

    @property
    def is_proved(self) -> bool:
        """Every level is best."""
        return self.fair == self.fair_bound and self.sum >= self.sum_bound
