"""Seeded random facts for tests and trials: any number of counties, pins, avoidances, wishes and gaps in the data."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matching.facts import Exclusion, Facts, Geography, Kinship, Mentee, Mentor, Pin, Place, Preference
from matching.policy import Policy
from matching.vocabulary import (
    AppraisalGrade,
    MenteeKind,
    MentorCategory,
    MentorState,
    PostKind,
    ReviewLevel,
    SkillLevel,
    Specialty,
    TargetPost,
    Terrain,
    VillageConditionKind,
)

REFERENCE_DATE = "2026-03-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Size and flaws of generated facts; shares lie in [0, 1].

    Attributes
    ----------
    n_mentees, n_mentors
        Per county.
    n_townships, n_villages
        Per county, and per township.
    flaw_share
        Share of mentors (and of pairs per mentee) that break some rule.
    missing_share
        Share of values that are unknown.
    max_capacity
        Capacities are drawn from 0 to this; ``None`` leaves them to the policy.
    second_record_share
        Share of persons who hold a second mentor record.
    published_share
        Share of mentees with a link in the published roster.
    has_travel
        Whether places have coordinates, and some pairs travel times.
    """

    n_counties: int = 1
    n_mentees: int = 6
    n_mentors: int = 10
    n_townships: int = 3
    n_villages: int = 3
    flaw_share: float = 0.15
    missing_share: float = 0.1
    max_capacity: int | None = 2
    second_record_share: float = 0.15
    released_share: float = 0.15
    published_share: float = 0.4
    has_travel: bool = True


def generate_facts(seed: int, shape: Shape | None = None, *, slots: Sequence[str] = ()) -> Facts:
    """Return random facts; equal seeds and shapes give equal facts.

    Parameters
    ----------
    slots
        Slot codes that published links are written in; without any, nothing is published.
    """
    return _Maker(random.Random(seed), shape or Shape()).facts(slots)


def with_pins(facts: Facts, links: Sequence[tuple[str, str, str]], *, named: bool = True) -> Facts:
    """Return ``facts`` with a pin per ``(mentee_id, slot, mentor_id)``; ``named`` keeps the slot."""
    pins = tuple(
        Pin(id=f"pin{index}", mentee_id=mentee, mentor_id=mentor, slot=slot if named else None)
        for index, (mentee, slot, mentor) in enumerate(links)
    )
    return replace(facts, pins=pins)


def teams_policy(n_seats: int, **options: object) -> Policy:
    """Return a policy with ``n_seats`` slots of different rules, for tests of any k; options are JSON keys."""
    categories = list(MentorCategory)
    slots = [
        {
            "code": f"SLOT_{seat + 1}",
            "allowed": [str(c) for index, c in enumerate(categories) if index % 3 != seat % 3],
            "admitsOwnTownshipOnly": seat == 0 and n_seats > 1,
            "admitsSameVillage": seat != 0 or n_seats == 1,
        }
        for seat in range(n_seats)
    ]
    return Policy.from_json({"slots": slots, **options})


@dataclass(slots=True)
class _Maker:
    """Draws everything from one stream of random numbers."""

    random: random.Random
    shape: Shape

    def facts(self, slots: Sequence[str]) -> Facts:
        geography, villages = self._geography()
        mentees: list[Mentee] = []
        mentors: list[Mentor] = []
        for county in sorted(geography.terrain_by_county):
            own = [code for code in villages if geography.places[code].county == county]
            mentees += [self._mentee(f"{_short(county)}-{i}", geography.places[self.random.choice(own)])
                        for i in range(self.shape.n_mentees)]  # fmt: skip
            for i in range(self.shape.n_mentors):
                mentor = self._mentor(f"{_short(county)}-{i}", geography.places[self.random.choice(own)], own)
                mentors.append(mentor)
                if self._hits(self.shape.second_record_share):
                    mentors.append(self._second_record(mentor))
        pairs = [(self.random.choice(mentees), self.random.choice(mentors)) for _ in range(len(mentees))]
        wishes = {(a.person_id, b.person_id): self.random.choice((0, 1, 1, 2, 3)) for a, b in pairs}
        wishes.update({(b.person_id, a.person_id): self.random.choice((1, 2, 3)) for a, b in pairs[::2]})
        return Facts(
            reference_date=REFERENCE_DATE,
            mentees=tuple(mentees),
            mentors=tuple(mentors),
            geography=geography,
            kinships=tuple(Kinship(person_a=a, person_b=b) for a, b in self._sampled_pairs(mentees, mentors)),
            exclusions=tuple(
                Exclusion(mentee_person=a, mentor_person=b, is_complaint=self._hits(0.5))
                for a, b in self._sampled_pairs(mentees, mentors)
            ),
            preferences=tuple(Preference(from_person=a, to_person=b, rank=rank) for (a, b), rank in wishes.items()),
            published=self._published(mentees, mentors, slots),
        )

    def _hits(self, share: float) -> bool:
        return self.random.random() < share

    def _sampled_pairs(self, mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> list[tuple[str, str]]:
        n_pairs = round(self.shape.flaw_share * len(mentees))
        return [(self.random.choice(mentees).person_id, self.random.choice(mentors).person_id) for _ in range(n_pairs)]

    def _published(
        self, mentees: Sequence[Mentee], mentors: Sequence[Mentor], slots: Sequence[str]
    ) -> tuple[tuple[str, str, str], ...]:
        links = {
            (mentee.id, slot): self.random.choice(mentors).id
            for mentee in mentees
            for slot in slots
            if self._hits(self.shape.published_share)
        }
        return tuple((mentee, slot, mentor) for (mentee, slot), mentor in links.items())

    def _geography(self) -> tuple[Geography, list[str]]:
        places: dict[str, Place] = {}
        villages: list[str] = []
        townships: list[str] = []
        for c in range(self.shape.n_counties):
            county = f"{520621 + c}000000"
            for t in range(self.shape.n_townships):
                township = f"{520621 + c}{100 + t:03d}000"
                townships.append(township)
                latitude = 27.5 + c % 60 + self.random.random() * 0.4  # a degree apart, and never beyond the pole
                longitude = 108.5 + c // 60 + self.random.random() * 0.4
                for v in range(self.shape.n_villages + 1):
                    code = township if v == 0 else f"{township[:9]}{200 + v:03d}"
                    known = self.shape.has_travel and not self._hits(self.shape.missing_share)
                    places[code] = Place(
                        code=code,
                        township=township,
                        county=county,
                        latitude=round(latitude + self.random.random() * 0.05, 5) if known else None,
                        longitude=round(longitude + self.random.random() * 0.05, 5) if known else None,
                    )
                    if v:
                        villages.append(code)
        neighbours = {(a, b) for a, b in itertools.pairwise(townships) if a[:6] == b[:6]}
        travel: dict[tuple[str, str], float] = {}
        codes = sorted(places)
        for _ in range(len(villages) if self.shape.has_travel else 0):
            a, b = sorted(self.random.sample(codes, 2))
            travel[(a, b)] = float(self.random.randint(3, 90))
        return (
            Geography(
                places=places,
                terrain_by_county={p.county: self.random.choice(list(Terrain)) for p in places.values()},
                adjacent_townships=frozenset(pair for pair in sorted(neighbours) if self._hits(0.7)),
                zones_by_township={t: frozenset({f"zone{self.random.randint(1, 2)}{t[4:6]}"}) for t in townships[::2]},
                travel_minutes=travel,
            ),
            villages,
        )

    def _mentee(self, code: str, village: Place) -> Mentee:
        unknown = self._hits(self.shape.missing_share)
        needs = {} if self._hits(0.4) else {s: self.random.choice((0.5, 1.0, 2.0))
                                            for s in self.random.sample(list(Specialty), 3)}  # fmt: skip
        return Mentee(
            id=f"mentee-{code}",
            person_id=f"person-c{code}",
            code=f"C{code}",
            kind=self.random.choice(list(MenteeKind)),
            village=village.code,
            township=village.township,
            county=village.county,
            target_post=self.random.choice(list(TargetPost)),
            grassroots_months=None if unknown else self.random.randint(0, 60),
            age_years=None if unknown else self.random.randint(22, 51),
            review_level=ReviewLevel.NONE if self._hits(0.05) else ReviewLevel.PREFECTURE_REVIEWED,
            is_in_pool=not self._hits(0.05),
            needs=needs,
            village_conditions=frozenset(c for c in VillageConditionKind if self._hits(0.2)),
            released_rules=frozenset({"TOWNSHIP_RULE"}) if self._hits(self.shape.released_share) else frozenset(),
        )

    def _mentor(self, code: str, home: Place, villages: Sequence[str]) -> Mentor:
        shape, flaw = self.shape, self.shape.flaw_share
        category = self.random.choice(list(MentorCategory))
        posts = self.random.sample(list(PostKind), 3)
        unknown = self._hits(shape.missing_share)
        grades = {year: self.random.choice((AppraisalGrade.EXCELLENT, AppraisalGrade.COMPETENT))
                  for year in (2023, 2024, 2025) if not self._hits(shape.missing_share)}  # fmt: skip
        if self._hits(flaw):
            grades[2025] = self.random.choice(list(AppraisalGrade))
        anchors = [home.code]
        if self._hits(0.3):
            anchors.append(home.township)
        return Mentor(
            id=f"mentor-{code}",
            person_id=f"person-m{code}",
            code=f"M{code}",
            category=category,
            state=MentorState.SUSPENDED if self._hits(flaw / 2) else MentorState.ACTIVE,
            county=home.county,
            anchors=() if self._hits(shape.missing_share / 2) else tuple(dict.fromkeys(anchors)),
            linked_villages=frozenset(self.random.sample(list(villages), 1)) if self._hits(0.3) else frozenset(),
            pool_township=None if self._hits(0.2) else home.township,
            pool_county=home.county,
            grassroots_months=None if unknown else self.random.randint(24, 240),
            trade_years=None if unknown else float(self.random.randint(1, 20)),
            months_by_post={post: self.random.randint(0, 80) for post in posts},
            current_posts=frozenset(posts[:1]),
            supervised_townships=frozenset({home.township}) if self._hits(0.2) else frozenset(),
            grades=grades,
            has_discipline_in_force=self._hits(flaw / 2),
            is_available=not self._hits(flaw / 3),
            capacity=None if shape.max_capacity is None else self.random.randint(0, shape.max_capacity),
            active_load=1 if self._hits(0.1) else 0,
            skills={s: self.random.choice(list(SkillLevel)) for s in self.random.sample(list(Specialty), 3)},
        )

    def _second_record(self, mentor: Mentor) -> Mentor:
        other = self.random.choice([c for c in MentorCategory if c is not mentor.category])
        return replace(mentor, id=f"{mentor.id}b", category=other, pool_township=None, active_load=0)


def _short(county: str) -> str:
    """Return what tells a county from the others in ids: two digits within the first prefecture, four beyond."""
    return county[4:6] if county.startswith("5206") else county[2:6]
