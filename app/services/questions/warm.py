"""Plans that are ready for questions: the costly part of an answer, kept in this process for the next question.

What is kept is made of internal ids, codes and numbers, as the snapshot of a run is; names and territory are looked up
for every question anew. Nothing here holds a transaction while it computes.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from app.db import Database
from app.errors import InvalidStateError, VersionConflictError
from app.models import MatchPlan
from app.services.avoidance import translator
from app.services.plan_basis import PlanBasis, plan_basis
from matching import Diagnosis, Explainer, Facts, MatchingError, Mentee, Mentor, Pricing, diagnose, explainer_of_links

PlanVersion = tuple[UUID, int]

MOST_PAIRS = 3_000_000
"""Pairs of mentees and mentors, added up over the counties of all plans kept.

Measured: 250 to 420 bytes a pair once every county is prepared, so at most 1.3 GB. A plan of 1,216 mentees and 2,432
mentors takes 80 MB in ten counties (0.3 million pairs) and 0.8 GB in a single one (3 million). The plan asked about
last is kept whatever its size.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmPlan:
    """One version of a plan, ready for questions; a county is prepared by the first question about it.

    Attributes
    ----------
    codes
        编号 of every mentee, mentor and person, by internal id.
    """

    basis: PlanBasis
    explainer: Explainer
    codes: Mapping[str, str]
    _lock: Lock = field(default_factory=Lock, compare=False, repr=False)
    _diagnosis: list[Diagnosis] = field(default_factory=list, compare=False, repr=False)

    @property
    def n_pairs(self) -> int:
        """Size: pairs of mentees and mentors, county by county."""
        return sum(len(part.mentees) * len(part.mentors) for part in self.explainer.problem.components)

    def prepare(self, item_id: str) -> Pricing:
        """Prepare the county of somebody who takes part; one question at a time, the others wait for it."""
        with self._lock:
            return self.explainer.pricing_of(item_id)

    def diagnosis(self) -> Diagnosis:
        """Why seats stay empty, found out once."""
        with self._lock:
            if not self._diagnosis:
                with refusals_in_words(self.basis.facts):
                    found = diagnose(self.basis.facts, self.basis.policy, problem=self.explainer.problem)
                self._diagnosis.append(found)
            return self._diagnosis[0]


class WarmPlans:
    """The plans asked about last, bounded by size; each is made once, however many ask at the same time."""

    def __init__(self, *, most_pairs: int = MOST_PAIRS) -> None:
        self._most_pairs = most_pairs
        self._lock = Lock()
        self._plans: OrderedDict[PlanVersion, Future[WarmPlan]] = OrderedDict()

    def get(self, key: PlanVersion, make: Callable[[], WarmPlan]) -> WarmPlan:
        """The plan of a key; made by the first who asks, while all others wait."""
        with self._lock:
            future = self._plans.get(key)
            is_new = future is None
            if future is None:
                future = self._plans[key] = Future()
            self._plans.move_to_end(key)
        if not is_new:
            return future.result()
        try:
            plan = make()
        except BaseException as failure:
            with self._lock:
                del self._plans[key]
            future.set_exception(failure)
            raise
        future.set_result(plan)
        self._shrink(key)
        return plan

    def __len__(self) -> int:
        with self._lock:
            return len(self._plans)

    def _shrink(self, newest: PlanVersion) -> None:
        """Drop former versions of the newest plan, then those asked about longest ago, until the rest fits."""
        with self._lock:
            done = {key: plan.result().n_pairs for key, plan in self._plans.items() if plan.done()}
            outdated = [key for key in done if key[0] == newest[0] and key != newest]
            for key in (*outdated, *(key for key in done if key != newest and key not in outdated)):
                if key in outdated or sum(done.values()) > self._most_pairs:
                    del self._plans[key], done[key]


WARM_PLANS = WarmPlans()
"""Those of this process."""


def warm_plan(database: Database, key: PlanVersion) -> WarmPlan:
    """The plan, ready for questions. The caller has checked that the viewer may see it, and holds no session."""
    return WARM_PLANS.get(key, lambda: _make(database, key))


def _make(database: Database, key: PlanVersion) -> WarmPlan:
    with database.read() as session:
        basis = plan_basis(session, session.get_one(MatchPlan, key[0]))
    if basis.version != key[1]:
        raise VersionConflictError(
            f"Plan {key[0]} was changed while it was asked about; ask again.",
            f"方案 {key[0]} 在查询期间已被修改，请重新查询。",
        )
    facts = basis.facts
    with refusals_in_words(facts):
        explainer = explainer_of_links(facts, basis.policy, basis.links, bounds=basis.bounds, is_lenient=True)
    people: tuple[Mentee | Mentor, ...] = (*facts.mentees, *facts.mentors)
    codes = {key: person.code for person in people for key in (person.person_id, person.id)}
    return WarmPlan(basis=basis, explainer=explainer, codes=codes)


@contextmanager
def refusals_in_words(facts: Facts) -> Iterator[None]:
    """What the matching library refuses becomes a refusal of the service, by 编号 and without restricted facts."""
    try:
        yield
    except MatchingError as error:
        reason = translator(facts)(str(error))
        raise InvalidStateError(
            f"The plan cannot answer this question: {reason}", f"本方案无法回答该问题：{reason}"
        ) from error
