"""B4: real assignment data; the answers are asserted, seconds and the ratio to plain flow are printed."""

import time

import numpy as np
import pytest

from matching.instances import Fairness, Instance, InstanceResult, solve_instance
from matching.solvers.network import Network, certified_flow
from matching.vocabulary import SolveStatus
from tests.benchmarks.matrices import real, synthetic

LIMIT_S = 10.0


def plain_flow_s(instance: Instance, units_per_score: float) -> float:
    """Seconds of one minimum-cost flow for the sum alone: the peer."""
    started = time.perf_counter()
    n, m = instance.score.shape
    person, server = np.nonzero(~instance.conflict)
    supply = np.concatenate((instance.demand, np.zeros(m, dtype=np.int64), [-instance.demand.sum()]))
    network = Network(
        tail=np.concatenate((person, n + np.arange(m))).astype(np.int32),
        head=np.concatenate((n + server, np.full(m, n + m))).astype(np.int32),
        capacity=np.concatenate((np.ones(len(person), dtype=np.int64), instance.capacity)),
        supply=supply,
        name="peer",
    )
    worth = np.round(instance.score[person, server] * units_per_score).astype(np.int64)
    certified_flow(network, np.concatenate((-worth, np.zeros(m, dtype=np.int64))))
    return time.perf_counter() - started


def measured(name: str, fair: Fairness) -> tuple[InstanceResult, float]:
    instance = real(name)
    started, started_cpu = time.perf_counter(), time.process_time()
    result = solve_instance(instance, fair=fair, time_limit_s=60)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - started_cpu
    peer_s = plain_flow_s(instance, result.scale or 1.0)
    print(  # noqa: T201
        f"\n{name} {fair}: sum {result.sum} (bound {result.bound}), min {result.min} (bound {result.min_bound}), "
        f"fair {result.fair_value} (bound {result.fair_bound}), {wall_s:.2f} s wall, {cpu_s:.2f} s CPU, "
        f"{wall_s / peer_s:.1f} x plain flow"
    )
    return result, wall_s


@pytest.mark.bench
@pytest.mark.parametrize(
    ("name", "fair", "lowest", "total"),
    [
        ("aamas2015", Fairness.NONE, None, 1406.25),
        ("aamas2015", Fairness.MAXMIN, 1.5, 1375.75),
        ("aamas2021", Fairness.NONE, None, 175.804191695),
        ("aamas2021", Fairness.MAXMIN, 0.285356973, 175.804191695),
    ],
)
def test_the_answer_is_proved_within_ten_seconds(name: str, fair: Fairness, lowest: float | None, total: float) -> None:
    result, wall_s = measured(name, fair)
    assert result.status is SolveStatus.OPTIMAL
    assert result.filled == result.demand
    assert result.gap == 0.0
    assert result.sum == pytest.approx(total, abs=1e-8)
    if lowest is not None:
        assert result.min == pytest.approx(lowest, abs=1e-8)
        assert result.min_gap == 0.0
    assert wall_s <= LIMIT_S


@pytest.mark.bench
@pytest.mark.parametrize(("name", "gap"), [("aamas2015", 0.0), ("aamas2021", 1e-6)])
def test_the_worst_tenth_has_a_certified_gap(name: str, gap: float) -> None:
    result, _ = measured(name, Fairness.WORST_TENTH)
    plain = solve_instance(real(name))
    assert result.filled == plain.filled
    assert result.fair_gap is not None
    assert result.fair_gap <= gap
    assert result.gap is not None
    assert result.gap <= gap
    assert result.min >= plain.min


@pytest.mark.bench
def test_the_lowest_of_a_large_matrix_of_fine_scores_is_proved_where_supply_equals_demand() -> None:
    instance = synthetic()
    plain = solve_instance(instance)
    result = solve_instance(instance, fair=Fairness.MAXMIN)
    print(  # noqa: T201
        f"\nsynthetic: sum only {plain.sum} in {plain.runtime_s} s; maxmin {result.min} (bound {result.min_bound}), "
        f"sum {result.sum} (bound {result.bound}) in {result.runtime_s} s"
    )
    assert plain.status is SolveStatus.OPTIMAL
    assert plain.filled == plain.demand == result.filled == 2432
    assert plain.sum == pytest.approx(2077.390018809, abs=1e-6)
    assert result.min == result.min_bound == pytest.approx(1.490857216, abs=1e-8)
    assert result.gap is not None
    assert result.gap <= 0.0005
