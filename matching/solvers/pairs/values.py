"""What a plan is worth under a goal, counted from the plan alone."""

import numpy as np

from matching.solvers.pairs.model import I8, Bools, Goal, Pairs


def lowest_served(pairs: Pairs, chosen: Bools) -> int | None:
    """Return the lowest total of a judged person with the whole demand; ``None`` when there is no such person.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 1]]), np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    >>> lowest_served(pairs, np.eye(2, dtype=bool))
    1
    """
    counted = pairs.judged & pairs.served(chosen)
    return int(pairs.totals(chosen)[counted].min()) if counted.any() else None


def worst_sum(totals: I8, count: int) -> int:
    """Return the sum of the ``count`` smallest totals.

    Examples
    --------
    >>> worst_sum(np.array([5, 1, 3]), 2)
    4
    """
    return int(np.sort(totals)[:count].sum())


def goal_value(pairs: Pairs, goal: Goal, chosen: Bools) -> int | None:
    """Return the value of a plan under a goal; ``None`` when it breaks the goal's own rules.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 1]]), np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    >>> goal_value(pairs, Goal(weight_sum=1, low=2, high=2), np.eye(2, dtype=bool)) is None
    True
    """
    totals = pairs.totals(chosen)
    if goal.is_threshold:
        lowest = lowest_served(pairs, chosen)
        if lowest is not None and lowest < (goal.low or 0):
            return None
    elif goal.floor is not None:
        if worst_sum(totals[pairs.judged], goal.floor_level) < goal.floor:
            return None
    elif goal.weight_level:
        return worst_sum(totals[pairs.judged], goal.weight_level)
    return int(totals.sum())
