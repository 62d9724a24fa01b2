"""Diagnosis at the size of document 002: every certificate, remedy and township within seconds."""

import time

import pytest

from matching import diagnose
from matching.build import build
from tests.benchmarks.instances import tongren_size


@pytest.mark.bench
def test_a_prefecture_of_1216_mentees_is_diagnosed_in_seconds():
    world, rules = tongren_size()
    problem = build(world, rules)
    started, clock = time.process_time(), time.perf_counter()
    found = diagnose(world, rules, problem=problem)
    cpu_s, wall_s = time.process_time() - started, time.perf_counter() - clock
    n_remedies = sum(len(certificate.remedies) for certificate in found.certificates)
    print(  # noqa: T201
        f"{found.n_empty} empty seats, {len(found.certificates)} certificates, {n_remedies} remedies: "
        f"{cpu_s:.2f} s of work, {wall_s:.2f} s on the clock"
    )
    assert found.is_exact
    assert found.n_empty == sum(certificate.shortage for certificate in found.certificates) == 153
    assert all(certificate.remedies for certificate in found.certificates)
    assert cpu_s < 4
