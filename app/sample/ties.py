"""What stands between or speaks for two people of a sample: kinship, exclusions, wishes and vetoes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import cycle
from random import Random

from app.models.vocabulary import ExclusionReason, KinshipRelation, Sex
from app.sample.records import (
    SampleExclusion,
    SampleKinship,
    SampleMentee,
    SampleMentor,
    SamplePerson,
    SamplePreference,
)

KINSHIP_SHARE = 0.015
EXCLUSION_SHARE = 0.005
WISHING_MENTEE_SHARE = 0.12
WISHING_MENTOR_SHARE = 0.03
VETO_SHARE = 0.006
"""Shares of the mentees (of the mentors for ``WISHING_MENTOR_SHARE``)."""
_VETO_REASONS = ("曾有工作矛盾", "存在经济往来", "曾因土地承包发生纠纷")


class Ties:
    """Draws pairs of mentees and mentors of one township, each pair for one purpose only."""

    def __init__(self, random: Random, mentees: Sequence[SampleMentee], mentors: Sequence[SampleMentor]) -> None:
        self._random = random
        self._mentees = mentees
        self._mentors_by_pool: dict[str, list[SampleMentor]] = defaultdict(list)
        self._all_mentors = mentors
        self._mentees_by_township: dict[str, list[SampleMentee]] = defaultdict(list)
        for mentor in mentors:
            self._mentors_by_pool[mentor.pool_code].append(mentor)
        for mentee in mentees:
            self._mentees_by_township[_township(mentee)].append(mentee)
        self._used: set[tuple[str, str]] = set()

    def kinships(self) -> Iterator[SampleKinship]:
        """Kin pairs that age, sex and surname allow, the four relations in turn."""
        wanted = max(1, round(KINSHIP_SHARE * len(self._mentees)))
        relations = cycle(KinshipRelation)
        relation = next(relations)
        for mentee in self._random.sample(list(self._mentees), len(self._mentees)):
            if not wanted:
                return
            for mentor in self._near(mentee):
                if _may_be(relation, mentee.person, mentor.person) and self._take(mentee.person, mentor.person):
                    yield SampleKinship(mentee=mentee.person, mentor=mentor.person, relation=relation)
                    wanted -= 1
                    relation = next(relations)
                    break

    def exclusions(self) -> Iterator[SampleExclusion]:
        """Pairs kept apart by complaints and conflicts."""
        for mentee, mentor in self._pairs(max(1, round(EXCLUSION_SHARE * len(self._mentees)))):
            reason = self._random.choice(list(ExclusionReason))
            yield SampleExclusion(mentee=mentee.person, mentor=mentor.person, reason=reason)

    def preferences(self) -> Iterator[SamplePreference]:
        """Wishes of mentees, then of mentors, then vetoes with reason and approver."""
        random = self._random
        wishing = random.sample(list(self._mentees), round(WISHING_MENTEE_SHARE * len(self._mentees)))
        for mentee in wishing:
            near = self._near(mentee)[: random.randint(1, 3)]
            for rank, mentor in enumerate(near, start=1):
                if self._take(mentee.person, mentor.person):
                    yield SamplePreference(wisher=mentee.person, wished=mentor.person, rank=rank)
        offering = random.sample(list(self._all_mentors), round(WISHING_MENTOR_SHARE * len(self._all_mentors)))
        for mentor in offering:
            near_mentees = self._mentees_by_township[mentor.pool_code]
            if near_mentees:
                mentee = random.choice(near_mentees)
                if self._take(mentee.person, mentor.person):
                    yield SamplePreference(wisher=mentor.person, wished=mentee.person, rank=1)
        for mentee, mentor in self._pairs(max(1, round(VETO_SHARE * len(self._mentees)))):
            yield SamplePreference(
                wisher=mentee.person,
                wished=mentor.person,
                rank=0,
                reason=random.choice(_VETO_REASONS),
                approved_by="县委组织部",
            )

    def _pairs(self, number: int) -> Iterator[tuple[SampleMentee, SampleMentor]]:
        for mentee in self._random.sample(list(self._mentees), len(self._mentees)):
            if not number:
                return
            pair = next((mentor for mentor in self._near(mentee) if self._take(mentee.person, mentor.person)), None)
            if pair is not None:
                yield mentee, pair
                number -= 1

    def _near(self, mentee: SampleMentee) -> list[SampleMentor]:
        """Mentors of the mentee's township in random order."""
        near = self._mentors_by_pool[_township(mentee)]
        return self._random.sample(near, len(near))

    def _take(self, a: SamplePerson, b: SamplePerson) -> bool:
        pair = (min(a.id_number, b.id_number), max(a.id_number, b.id_number))
        if pair in self._used:
            return False
        self._used.add(pair)
        return True


def _township(mentee: SampleMentee) -> str:
    return mentee.village_code[:9].ljust(12, "0")


def _may_be(relation: KinshipRelation, mentee: SamplePerson, mentor: SamplePerson) -> bool:
    """Whether the relation is credible; ``mentor`` is the father where it is LINEAL."""
    years_older = mentee.birth_date.year - mentor.birth_date.year
    have_one_surname = mentee.name[0] == mentor.name[0]
    if relation is KinshipRelation.SPOUSE:
        return abs(years_older) <= 8 and mentee.sex is not mentor.sex
    if relation is KinshipRelation.LINEAL:
        return have_one_surname and 20 <= years_older <= 38 and mentor.sex is Sex.MALE
    if relation is KinshipRelation.COLLATERAL:
        return have_one_surname and abs(years_older) <= 30
    return not have_one_surname and 18 <= years_older <= 38
