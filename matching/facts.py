"""What the matching library is told about people and places: plain, frozen records without names.

Ids are opaque strings chosen by the caller; every tuple and mapping is in an order of the caller's choice that the
result depends on only through explicit tie-breaks (``code`` of mentees and mentors). Divisions are named by their
12-digit codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentee:
    """One person to be mentored, as of the reference date.

    Attributes
    ----------
    id, person_id
        The mentee record and the human being behind it.
    code
        编号, the short stable code that orders people and breaks ties.
    village, township, county
        12-digit codes of the service village and the divisions above it.
    target_post
        The post prepared for; an assigned cadre's is SECRETARY.
    grassroots_months
        Months of grassroots work, ``None`` when no usable interval is known.
    age_years
        Age in full years, ``None`` when the birth date is unknown.
    review_level
        Highest passed step of the nomination; assigned cadres carry PREFECTURE_REVIEWED.
    is_in_pool
        False for a person in an exit state: never matched.
    needs
        Weight (> 0) per specialty needed by the person or, failing that, the village. Empty means unknown.
    village_conditions
        Conditions of the service village in force.
    released_rules
        Names of rules an officer released for this mentee, with a recorded reason elsewhere; only
        ``"TOWNSHIP_RULE"`` can be released.
    """

    id: str
    person_id: str
    code: str
    kind: MenteeKind
    village: str
    township: str
    county: str
    target_post: TargetPost
    grassroots_months: int | None
    age_years: int | None
    review_level: ReviewLevel
    is_in_pool: bool
    needs: Mapping[Specialty, float]
    village_conditions: frozenset[VillageConditionKind]
    released_rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentor:
    """One mentor of a pool, as of the reference date.

    Attributes
    ----------
    id, person_id
        The mentor record and the human being behind it; one person may hold several mentor records.
    code
        编号 of the person.
    anchors
        Codes of the places the mentor works from (village or township seat; residence if retired), best first.
    linked_villages
        Villages the person is contact cadre of (包联).
    pool_township, pool_county
        Scope of the mentor pool: a township pool has both, a county pool has ``pool_township`` ``None``.
    grassroots_months
        Months of grassroots work, ``None`` when no usable interval is known.
    trade_years
        Years in the trade, used instead of grassroots years for INDUSTRY_LEADER; ``None`` when unknown.
    months_by_post
        Months served per kind of post (overlaps of one kind counted once).
    current_posts
        Kinds of the posts held at the reference date.
    supervised_townships
        Townships whose village work the person leads or oversees (分管/包村).
    grades
        Appraisal grade per year.
    has_discipline_in_force
        A disciplinary measure or investigation is in force.
    is_available
        The availability dates of the mentor record admit the programme's period.
    capacity
        Greatest number of mentees at one time over all programmes; ``None`` takes the policy's load cap.
    active_load
        Persons already mentored through this record in ACTIVE pairings of *other* programmes; the loads of a person's
        records add up, so nobody may be counted in two of them.
    skills
        Level per specialty.
    """

    id: str
    person_id: str
    code: str
    category: MentorCategory
    state: MentorState
    county: str
    anchors: tuple[str, ...]
    linked_villages: frozenset[str]
    pool_township: str | None
    pool_county: str
    grassroots_months: int | None
    trade_years: float | None
    months_by_post: Mapping[PostKind, int]
    current_posts: frozenset[PostKind]
    supervised_townships: frozenset[str]
    grades: Mapping[int, AppraisalGrade]
    has_discipline_in_force: bool
    is_available: bool
    capacity: int | None
    active_load: int
    skills: Mapping[Specialty, SkillLevel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinship:
    """A declared relation between two persons; it always blocks, in both directions."""

    person_a: str
    person_b: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A pair that must not be formed. ``is_complaint`` marks exclusions that follow from a complaint."""

    mentee_person: str
    mentor_person: str
    is_complaint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A wish of one person about another: ``rank`` 1, 2, 3, or a veto with an approved reason (``rank`` 0)."""

    from_person: str
    to_person: str
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A pairing that must be formed: in the named slot, or in any slot when ``slot`` is ``None``."""

    id: str
    mentee_id: str
    mentor_id: str
    slot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A township or village with the divisions above it and its coordinates in degrees, WGS84, if known."""

    code: str
    township: str
    county: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Geography:
    """What is known of distances.

    Attributes
    ----------
    places
        Every township and village that facts mention, by code.
    terrain_by_county
        Terrain per county code; missing counties count as HILLS.
    adjacent_townships
        Unordered pairs of neighbouring townships, each stored once as ``(smaller code, larger code)``.
    zones_by_township
        Ids of the zones a township belongs to at the reference date.
    travel_minutes
        Minutes between two divisions (townships or villages), stored once as ``(smaller code, larger code)``.
    """

    places: Mapping[str, Place]
    terrain_by_county: Mapping[str, Terrain] = field(default_factory=dict)
    adjacent_townships: frozenset[tuple[str, str]] = frozenset()
    zones_by_township: Mapping[str, frozenset[str]] = field(default_factory=dict)
    travel_minutes: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything one match run knows.

    Attributes
    ----------
    reference_date
        ISO date at which ages and tenures were computed; printed, and used for "last year" of appraisals.
    published
        Links of the published roster of the programme as ``(mentee_id, slot, mentor_id)``.
    """

    reference_date: str
    mentees: tuple[Mentee, ...]
    mentors: tuple[Mentor, ...]
    geography: Geography
    kinships: tuple[Kinship, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    preferences: tuple[Preference, ...] = ()
    pins: tuple[Pin, ...] = ()
    published: tuple[tuple[str, str, str], ...] = ()
