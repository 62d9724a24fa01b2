"""The closed lists that facts, policy and results are written in.

The service stores the same values, so there is one definition of each. Values are stable identifiers; Chinese and
English labels belong to the service.
"""

from enum import StrEnum


class MentorCategory(StrEnum):
    """Where a mentor comes from (导师类别)."""

    TOWNSHIP_LEADER = "TOWNSHIP_LEADER"
    TOWNSHIP_OFFICER = "TOWNSHIP_OFFICER"
    STATION_EXPERT = "STATION_EXPERT"
    VILLAGE_SECRETARY = "VILLAGE_SECRETARY"
    VILLAGE_COMMITTEE = "VILLAGE_COMMITTEE"
    INDUSTRY_LEADER = "INDUSTRY_LEADER"
    RETIRED_CADRE = "RETIRED_CADRE"
    COUNTY_OFFICER = "COUNTY_OFFICER"
    FIRST_SECRETARY = "FIRST_SECRETARY"
    SCIENCE_ENVOY = "SCIENCE_ENVOY"


class MentorState(StrEnum):
    """Life of a mentor in a pool; only ACTIVE mentors serve."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    RETIRED = "RETIRED"
    REMOVED = "REMOVED"


class MenteeKind(StrEnum):
    """Who is mentored: a local reserve candidate, or an official sent to a village."""

    RESERVE_CANDIDATE = "RESERVE_CANDIDATE"
    ASSIGNED_CADRE = "ASSIGNED_CADRE"


class ReviewLevel(StrEnum):
    """How far the three-level review of a candidate has come, in rising order."""

    NONE = "NONE"
    TOWNSHIP_SELECTED = "TOWNSHIP_SELECTED"
    COUNTY_VETTED = "COUNTY_VETTED"
    PREFECTURE_REVIEWED = "PREFECTURE_REVIEWED"


class TargetPost(StrEnum):
    """The village post that a mentee is prepared for (培养方向)."""

    SECRETARY = "SECRETARY"
    DIRECTOR = "DIRECTOR"
    COMMITTEE_MEMBER = "COMMITTEE_MEMBER"


class PostKind(StrEnum):
    """What kind of post an appointment was."""

    VILLAGE_SECRETARY = "VILLAGE_SECRETARY"
    VILLAGE_DIRECTOR = "VILLAGE_DIRECTOR"
    VILLAGE_COMMITTEE_MEMBER = "VILLAGE_COMMITTEE_MEMBER"
    FIRST_SECRETARY = "FIRST_SECRETARY"
    STATIONED_CADRE = "STATIONED_CADRE"
    TOWNSHIP_LEADER = "TOWNSHIP_LEADER"
    TOWNSHIP_OFFICER = "TOWNSHIP_OFFICER"
    STATION_STAFF = "STATION_STAFF"
    COUNTY_OFFICER = "COUNTY_OFFICER"
    TRADE = "TRADE"
    OTHER = "OTHER"


GRASSROOTS_POSTS = frozenset(
    {
        PostKind.VILLAGE_SECRETARY,
        PostKind.VILLAGE_DIRECTOR,
        PostKind.VILLAGE_COMMITTEE_MEMBER,
        PostKind.FIRST_SECRETARY,
        PostKind.STATIONED_CADRE,
        PostKind.TOWNSHIP_LEADER,
        PostKind.TOWNSHIP_OFFICER,
        PostKind.STATION_STAFF,
    }
)
"""Posts whose time counts as grassroots work: village posts, township posts, stationed cadres, first secretaries."""


class Specialty(StrEnum):
    """A field in which a mentor can help and a mentee or village can need help (专业特长)."""

    PARTY_BUILDING = "PARTY_BUILDING"
    INDUSTRY = "INDUSTRY"
    GOVERNANCE = "GOVERNANCE"
    MEDIATION = "MEDIATION"
    COLLECTIVE_FINANCE = "COLLECTIVE_FINANCE"
    PROJECTS = "PROJECTS"
    ECOLOGY = "ECOLOGY"
    ETHNIC_UNITY = "ETHNIC_UNITY"
    DIGITAL = "DIGITAL"
    POLICY = "POLICY"


class SkillLevel(StrEnum):
    """How well a mentor knows a specialty: 擅长 GOOD counts 1, 熟悉 FAMILIAR counts 0.6."""

    GOOD = "GOOD"
    FAMILIAR = "FAMILIAR"


class AppraisalGrade(StrEnum):
    """Result of one year's appraisal."""

    EXCELLENT = "EXCELLENT"
    COMPETENT = "COMPETENT"
    BASIC = "BASIC"
    INCOMPETENT = "INCOMPETENT"
    NOT_GRADED = "NOT_GRADED"


class VillageConditionKind(StrEnum):
    """A condition of a village that gives it priority or defines its needs."""

    WEAK_ORGANISATION = "WEAK_ORGANISATION"
    WEAK_ECONOMY = "WEAK_ECONOMY"
    LIFTED_OUT_OF_POVERTY = "LIFTED_OUT_OF_POVERTY"
    KEY = "KEY"
    DEMONSTRATION = "DEMONSTRATION"


class Terrain(StrEnum):
    """Terrain of a county; it decides the winding factor and the speed of estimated travel times."""

    PLAIN = "PLAIN"
    HILLS = "HILLS"
    MOUNTAIN = "MOUNTAIN"


class Relation(StrEnum):
    """Administrative closeness of a mentor to a mentee, closest first."""

    LINKED = "LINKED"
    SAME_VILLAGE = "SAME_VILLAGE"
    SAME_TOWNSHIP = "SAME_TOWNSHIP"
    ADJACENT_TOWNSHIP = "ADJACENT_TOWNSHIP"
    SAME_ZONE = "SAME_ZONE"
    SAME_COUNTY = "SAME_COUNTY"
    OUTSIDE = "OUTSIDE"


class TravelSource(StrEnum):
    """Where the travel minutes of a pair came from."""

    TABLE = "TABLE"
    COORDINATES = "COORDINATES"
    SAME_TOWNSHIP_DEFAULT = "SAME_TOWNSHIP_DEFAULT"
    RELATION_CLASS = "RELATION_CLASS"


class ReasonCode(StrEnum):
    """Why a mentor may not take a seat, and why a seat stayed empty: one list for hard rules and shortfalls."""

    NO_ELIGIBLE_MENTOR_IN_SCOPE = "NO_ELIGIBLE_MENTOR_IN_SCOPE"
    ALL_AT_CAPACITY = "ALL_AT_CAPACITY"
    KINSHIP = "KINSHIP"
    TENURE_GAP = "TENURE_GAP"
    MIN_EXPERIENCE = "MIN_EXPERIENCE"
    APPRAISAL = "APPRAISAL"
    DISCIPLINE = "DISCIPLINE"
    MENTOR_INACTIVE = "MENTOR_INACTIVE"
    VETO = "VETO"
    SLOT_CATEGORY = "SLOT_CATEGORY"
    EXCLUDED = "EXCLUDED"
    TRAVEL_LIMIT = "TRAVEL_LIMIT"
    CROSS_COUNTY = "CROSS_COUNTY"
    TOWNSHIP_RULE = "TOWNSHIP_RULE"
    VILLAGE_RULE = "VILLAGE_RULE"
    PINNED_ELSEWHERE = "PINNED_ELSEWHERE"
    DATA_MISSING = "DATA_MISSING"


class SolveStatus(StrEnum):
    """How a solve ended."""

    OPTIMAL = "OPTIMAL"
    FEASIBLE = "FEASIBLE"
    INFEASIBLE = "INFEASIBLE"
    NO_SOLUTION_FOUND = "NO_SOLUTION_FOUND"
    CANCELLED = "CANCELLED"
