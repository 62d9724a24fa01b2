"""Generated operations for every role against the real application: whatever is asked, the answer is an answer.

``make fuzz`` runs 2,000 operations per role from a random seed that it prints; ``TOUYAN_FUZZ_SEED`` repeats it and
``TOUYAN_FUZZ_CASES`` sets the number.
"""

import os
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlmodel import select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import AppError
from app.models import MatchRun
from app.models.vocabulary import Role, RunState
from app.services.runs import run_here
from schema.ids import decode_id
from tests.fuzz.county import TERRITORY_BY_ROLE, County, open_county
from tests.fuzz.judge import alarm, faults_of
from tests.fuzz.operations import Operation, generate, root_fields
from tests.fuzz.values import readable

pytestmark = [pytest.mark.slow, pytest.mark.shared_texts]

CASES = int(os.environ.get("TOUYAN_FUZZ_CASES", "200"))
SEED = int(os.environ.get("TOUYAN_FUZZ_SEED", "20250301"))
SLOWEST_S = 20.0
"""CPU seconds after which one operation counts as a fault: the longest answers are explanations, far below it."""
ROUND = 10
"""Operations of one root field in a row; then the others get their turn in a world that has moved on."""
WORK_EVERY = 50
"""Operations after which the queue of runs is worked."""
LONGEST_S = 120
"""Seconds after which an operation that hangs ends the test."""
MOST_FAULTS_SHOWN = 8
FIELDS_ANSWERED = {
    Role.SYSTEM_ADMIN: 50,
    Role.PREFECTURE_OFFICER: 50,
    Role.COUNTY_ADMIN: 48,
    Role.COUNTY_APPROVER: 34,
    Role.TOWNSHIP_OFFICER: 20,
    Role.AUDITOR: 18,
    Role.READER: 18,
    Role.MENTOR: 4,
    Role.MENTEE: 4,
}
"""Root fields, of sixty-seven, that 200 operations read or carry out at least once; a little less than measured."""
BOUND_ROLES = frozenset(
    role for role, code in TERRITORY_BY_ROLE.items() if code is not None and code.startswith("520624")
)


@dataclass(slots=True)
class Reach:
    """How deep the operations of one role came."""

    cases: int = 0
    styles: Counter[str] = field(default_factory=Counter)
    with_data: int = 0
    worked: int = 0
    """Runs that were solved in between."""
    refused_documents: int = 0
    called: Counter[str] = field(default_factory=Counter)
    """Root fields that were executed, whatever they answered."""
    answered: Counter[str] = field(default_factory=Counter)
    """Root fields with data: a query with something in it, a mutation that was carried out."""
    codes: Counter[str] = field(default_factory=Counter)


class Fuzzer:
    """Sends operations as one role and judges the answers."""

    def __init__(self, county: County, role: Role) -> None:
        self.county = county
        self.role = role
        self.reach = Reach()
        self.faults: list[str] = []
        self._known: set[str] = {each for pool in county.bait.pools.values() for each in pool}

    def send(self, operation: Operation) -> None:
        """Send one operation; faults are kept for the end, because the world has changed meanwhile."""
        body = operation.body(self.county.bait.filled)
        case = operation.case
        case.operation.app = self.county.door.application
        case.operation.path = "/graphql"
        case.path = "/graphql"
        case.body = body
        headers = {
            "Authorization": f"Bearer {self.county.tokens[self.role]}",
            "Accept": operation.accept,
            "Content-Type": "application/json",
        }
        started = time.process_time()
        with alarm() as heard:
            response = case.call(headers=headers, timeout=LONGEST_S)
        seconds = time.process_time() - started
        request = readable(body)
        content_type = (response.headers.get("content-type") or [""])[0]
        found, answer = faults_of(
            response.status_code,
            content_type,
            response.content,
            request,
            self.county.bait,
            is_bound=self.role in BOUND_ROLES,
        )
        found += [f"logged: {line}" for line in heard.lines]
        if seconds > SLOWEST_S:
            found.append(f"took {seconds:.1f} s")
        if found:
            self.faults.append("\n".join([f"{operation.field} ({operation.style})", *found, request[:3_000]]))
        self._count(operation, answer)
        if self.reach.cases % WORK_EVERY == 0:
            self._work()
        self._harvest(answer.get("data"))

    def _work(self) -> None:
        """Work what waits in the queue: strange policies and people must not break a solve or what is read of it."""
        database = self.county.door.database
        with database.read() as session:
            waiting = session.exec(select(MatchRun.id).where(MatchRun.state == RunState.QUEUED)).all()
        for run_id in waiting:
            try:
                run_here(database, run_id)
            except AppError as refusal:
                self.faults.append(f"run {run_id} was not worked: {refusal.code} {refusal.message}")
            except Exception:  # noqa: BLE001 - whatever it is, it is what this test looks for
                self.faults.append(f"run {run_id} broke\n{traceback.format_exc()}")
            self.reach.worked += 1

    def _count(self, operation: Operation, answer: dict[str, Any]) -> None:
        reach = self.reach
        reach.cases += 1
        reach.styles[operation.style] += 1
        errors = answer.get("errors") or []
        reach.codes.update(str(error["extensions"]["code"]) for error in errors if "extensions" in error)
        data = answer.get("data")
        if "data" not in answer:
            reach.refused_documents += 1
            return
        reach.called[operation.field] += 1
        shown = [value for value in (data or {}).values() if value is not None]
        if shown:
            reach.with_data += 1
        refusals = [each["code"] for value in shown if isinstance(value, dict) for each in value.get("refusals") or []]
        reach.codes.update(refusals)
        if shown and not refusals:
            reach.answered[operation.field] += 1

    def _harvest(self, data: Any) -> None:
        """Ids of answers join the pools: what was created can be asked for, changed and removed."""
        if isinstance(data, dict):
            for name, value in data.items():
                if name == "id" and isinstance(value, str) and value not in self._known:
                    self._known.add(value)
                    self.county.bait.pools[decode_id(value)[0]].append(value)
                self._harvest(value)
        elif isinstance(data, list):
            for value in data:
                self._harvest(value)

    def run(self, n_cases: int, of_seed: int) -> None:
        """As many operations as asked for, spread evenly over the root fields, a few of each at a time."""
        labels = list(root_fields())
        chosen = Random(of_seed)
        n_by_label = {
            label: (n_cases + len(labels) - 1 - number) // len(labels)
            for number, label in enumerate(chosen.sample(labels, len(labels)))
        }
        number = 0
        while n_by_label:
            number += 1
            for label in chosen.sample(sorted(n_by_label), len(n_by_label)):
                n_here = min(n_by_label[label], ROUND)
                if n_here:
                    generate(label, n_here, f"{of_seed}:{self.role}:{label}:{number}", self.send)
            n_by_label = {label: n - ROUND for label, n in n_by_label.items() if n > ROUND}


def fuzzed(database: Database, cipher: PersonalDataCipher, role: Role, n_cases: int) -> Fuzzer:
    """All operations of one role over a new world; prints how deep they came."""
    county = open_county(database, cipher)
    county.favour(role)
    fuzzer = Fuzzer(county, role)
    started = time.process_time()
    fuzzer.run(n_cases, SEED)
    reach = fuzzer.reach
    print(  # noqa: T201
        f"\nfuzz {role} on {database.engine.dialect.name}, seed {SEED}: {reach.cases} operations in "
        f"{time.process_time() - started:.0f} s of CPU, {reach.with_data} with data, {reach.answered.total()} carried "
        f"out, {len(reach.called)} root fields executed, {len(reach.answered)} answered, {reach.worked} runs solved, "
        f"{reach.refused_documents} documents refused, "
        f"{dict(reach.styles)}, {dict(reach.codes.most_common(12))}"
    )
    return fuzzer


def judged(fuzzer: Fuzzer, n_cases: int) -> None:
    shown = "\n\n".join(fuzzer.faults[:MOST_FAULTS_SHOWN])
    assert not fuzzer.faults, f"seed {SEED}: {len(fuzzer.faults)} faults\n{shown}"
    reach = fuzzer.reach
    assert reach.cases == n_cases
    # Nothing is asked in vain: every root field is executed, however few of them the role may use.
    assert sorted(reach.called) == sorted(root_fields())
    assert n_cases < 200 or len(reach.answered) >= FIELDS_ANSWERED[fuzzer.role]


def test_the_operations_of_a_county_would_find_what_leaks_from_the_other(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    county = open_county(sqlite_database, cipher)
    # Who asks sees the whole country, and is judged as if bound to the county.
    county.tokens[Role.COUNTY_ADMIN] = county.tokens[Role.SYSTEM_ADMIN]
    fuzzer = Fuzzer(county, Role.COUNTY_ADMIN)
    fuzzer.run(120, SEED)
    assert len([fault for fault in fuzzer.faults if "of the other county" in fault]) >= 5


@pytest.mark.parametrize("role", list(Role))
def test_no_generated_operation_makes_a_fault(
    sqlite_database: Database, cipher: PersonalDataCipher, role: Role
) -> None:
    fuzzer = fuzzed(sqlite_database, cipher, role, CASES)
    judged(fuzzer, CASES)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("role", [Role.COUNTY_ADMIN, Role.COUNTY_APPROVER])
def test_no_generated_operation_makes_a_fault_on_postgresql(
    database: Database, cipher: PersonalDataCipher, role: Role
) -> None:
    fuzzer = fuzzed(database, cipher, role, CASES)
    judged(fuzzer, CASES)


def test_one_seed_makes_the_same_operations_whatever_else_is_loaded(tmp_path: Path) -> None:
    def made() -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for label in ("Query.cadres", "Mutation.createCadre", "Mutation.addPreference"):
            generate(label, 40, "one seed", lambda each: found.append((each.query, repr(each.variables))))
        return found

    before = made()
    module = tmp_path / "constants_of_somebody.py"
    module.write_text("\n".join(f"V{n} = ({n * 7919}, {n / 7}, 'text {n}')" for n in range(1, 200)), "utf-8")
    spec = spec_from_file_location(module.stem, module)
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    sys.modules[module.stem] = loaded
    try:
        spec.loader.exec_module(loaded)
        assert made() == before
    finally:
        del sys.modules[module.stem]
    assert len(set(before)) > 60
