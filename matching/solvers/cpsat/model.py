"""CP-SAT models built in bulk: numbered variables, rows of numbers, no object per variable."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model_helper

I8 = npt.NDArray[np.int64]
NO_LEAST, NO_MOST = -(2**63), 2**63 - 1
"""Stand for no limit of a row, as the solver writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Σ coefficients · variables + constant, with bounds that hold in every solution.

    Attributes
    ----------
    variables, coefficients
        ``int64`` (terms,).
    low, high
        The value always lies within.
    unit
        What one unit of the expression stands for.
    fine, slack
        Where it counts in finer units than its level: a plan of value v can claim fine · v - slack or more, and one
        that claims e has a value of at most (e + slack) / fine.
    """

    variables: I8
    coefficients: I8
    constant: int
    low: int
    high: int
    unit: int = 1
    fine: int = 1
    slack: int = 0

    def claim(self, value: int) -> int:
        """Return what every plan of a level's ``value`` can claim at least."""
        return (value * self.fine - self.slack) // self.unit

    def most(self, claim: int) -> int:
        """Return the greatest value of a level that claims no more than this."""
        return (claim * self.unit + self.slack) // self.fine


def total(parts: Sequence[Expression]) -> Expression:
    """Return the sum of several expressions."""
    nothing = np.zeros(0, dtype=np.int64)
    if len({(part.unit, part.fine) for part in parts}) > 1:
        raise AssertionError("expressions of different units cannot be added; report this as a defect")
    return Expression(
        unit=parts[0].unit,
        fine=parts[0].fine,
        slack=sum(part.slack for part in parts),
        variables=np.concatenate([nothing, *(part.variables for part in parts)]),
        coefficients=np.concatenate([nothing, *(part.coefficients for part in parts)]),
        constant=sum(part.constant for part in parts),
        low=sum(part.low for part in parts),
        high=sum(part.high for part in parts),
    )


@dataclass(slots=True, kw_only=True)
class Model:
    """A CP-SAT model under construction.

    Attributes
    ----------
    proto
        The model in the solver's own form.
    low, high
        Domain of every variable.
    """

    proto: cp_model_helper.CpModelProto = field(default_factory=cp_model_helper.CpModelProto)
    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)

    def bools(self, count: int) -> I8:
        """Add ``count`` variables that are 0 or 1 and return their numbers."""
        return self.integers(np.zeros(count, dtype=np.int64), np.ones(count, dtype=np.int64))

    def integers(self, low: I8, high: I8) -> I8:
        """Add integer variables and return their numbers."""
        first = len(self.low)
        self.low += low.tolist()
        self.high += high.tolist()
        lines = [f"variables{{domain:{a} domain:{b}}}" for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        if not self.proto.merge_text_format("\n".join(lines)):
            raise AssertionError("the solver does not take its own variables; report this as a defect")
        return np.arange(first, len(self.low), dtype=np.int64)

    def row(
        self,
        variables: Sequence[int] | I8,
        coefficients: Sequence[int] | I8,
        *,
        low: int = NO_LEAST,
        high: int = NO_MOST,
    ) -> None:
        """Add low ≤ Σ coefficients · variables ≤ high."""
        linear = self.proto.constraints.add().linear
        linear.vars.extend(_plain(variables))
        linear.coeffs.extend(_plain(coefficients))
        linear.domain.extend([low, high])

    def sum_at_most(self, variables: I8, limit: int) -> None:
        """Let at most ``limit`` of the literals hold."""
        if len(variables) <= limit:
            return
        if limit == 1:
            self.proto.constraints.add().at_most_one.literals.extend(variables.tolist())
        else:
            self.row(variables, np.ones(len(variables), dtype=np.int64), high=limit)

    def at_least(self, expression: Expression, value: int) -> None:
        """Keep an expression at ``value`` or above."""
        self.row(expression.variables, expression.coefficients, low=value - expression.constant)

    def maximise(self, expression: Expression) -> None:
        """Set the objective; the solver minimises, so that its own values are minus these."""
        self.proto.clear_objective()
        self.proto.objective.vars.extend(expression.variables.tolist())
        self.proto.objective.coeffs.extend((-expression.coefficients).tolist())

    def hint(self, variables: I8, values: I8) -> None:
        """Start the search near the given values."""
        self.proto.clear_solution_hint()
        self.proto.solution_hint.vars.extend(variables.tolist())
        self.proto.solution_hint.values.extend(values.tolist())


def groups(key: I8) -> list[I8]:
    """Return the positions of equal keys, one array per key, in the order of the keys."""
    order = np.argsort(key, kind="stable")
    ends = np.flatnonzero(np.diff(key[order])) + 1
    return [part.astype(np.int64) for part in np.split(order, ends)] if len(order) else []


def _plain(values: Sequence[int] | I8) -> list[int]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)
