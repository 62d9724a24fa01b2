"""What the solve of an instance returns, and how it is written as JSON."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from matching.vocabulary import SolveStatus


class Fairness(StrEnum):
    """What comes before the sum."""

    NONE = "none"
    MAXMIN = "maxmin"
    WORST_TENTH = "worst-tenth"


class StoppedBy(StrEnum):
    """Why the solve ended."""

    OPTIMAL = "OPTIMAL"
    STEPS = "STEPS"
    TIME = "TIME"
    INFEASIBLE = "INFEASIBLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceResult:
    """A plan of an instance with its certificates. All figures are in the scores' own unit.

    Attributes
    ----------
    status
        OPTIMAL when every level is proved, FEASIBLE when one is not, INFEASIBLE when pins clash.
    solver
        Methods that took part.
    stopped_by
        OPTIMAL, STEPS (the search budget), TIME (the safety net) or INFEASIBLE.
    filled, demand
        Pairs made, and the sum of all demands; ``filled`` is always the most that any plan can make.
    sum, bound, gap
        Sum of the scores of all pairs; no plan that attains the earlier levels' values has a greater sum than
        ``bound``;
        ``gap = (bound - sum) / max(|sum|, 1)``. Where the fairness level is not proved, ``bound`` holds for all plans
        of greatest fill.
    min, min_bound, min_gap
        Lowest total of one person with a demand, 0 for a person with nothing; no plan of greatest fill has a greater
        lowest total than ``min_bound``; the gap as above. Proved only by ``maxmin`` where every demand is filled.
    fair_value, fair_bound, fair_gap
        The fairness level itself: with ``maxmin`` the lowest total among fully served people, with ``worst-tenth`` the
        sum of the ceil(n/10) lowest totals; ``None`` without fairness.
    assignments
        (person, server) pairs, 0-based, sorted.
    scale, is_exact
        Scores were solved as whole multiples of ``1 / scale``; exactly, or rounded to it.
    runtime_s
        Seconds of wall clock.
    reason
        Why there is no plan; ``None`` when there is one.
    """

    status: SolveStatus
    solver: str
    stopped_by: StoppedBy
    filled: int
    demand: int
    sum: float | None
    bound: float | None
    gap: float | None
    min: float | None
    min_bound: float | None
    min_gap: float | None
    assignments: tuple[tuple[int, int], ...]
    fair: Fairness
    fair_value: float | None
    fair_bound: float | None
    fair_gap: float | None
    scale: float | None
    is_exact: bool | None
    seed: int
    runtime_s: float
    reason: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the fields as plain values for JSON."""
        return asdict(self)

    @classmethod
    def refused(cls, *, fair: Fairness, demand: int, seed: int, reason: str) -> "InstanceResult":
        """Return the result of pins that cannot all hold."""
        nothing: dict[str, None] = dict.fromkeys(
            (
                "sum",
                "bound",
                "gap",
                "min",
                "min_bound",
                "min_gap",
                "fair_value",
                "fair_bound",
                "fair_gap",
                "scale",
                "is_exact",
            )
        )
        return cls(
            status=SolveStatus.INFEASIBLE,
            solver="none",
            stopped_by=StoppedBy.INFEASIBLE,
            filled=0,
            demand=demand,
            assignments=(),
            fair=fair,
            seed=seed,
            runtime_s=0.0,
            reason=reason,
            **nothing,
        )


def gap_of(value: float, bound: float) -> float:
    """Return ``(bound - value) / max(|value|, 1)``.

    Examples
    --------
    >>> gap_of(2.0, 2.5), gap_of(0.5, 0.5)
    (0.25, 0.0)
    """
    return max(0.0, bound - value) / max(abs(value), 1.0)
