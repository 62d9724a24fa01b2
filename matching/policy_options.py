"""The closed lists and the option groups that a policy is made of (domain table 4.4)."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from matching.vocabulary import (
    AppraisalGrade,
    MenteeKind,
    MentorCategory,
    ReviewLevel,
    Specialty,
    TargetPost,
    VillageConditionKind,
)

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, strict=True)]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Z][A-Z0-9_]*$")]


class CompositionMode(StrEnum):
    """Whether the categories a slot allows are a wish (PREFER) or a hard rule (REQUIRE)."""

    PREFER = "PREFER"
    REQUIRE = "REQUIRE"


class PoolTier(StrEnum):
    """How far a seat looks for mentors, nearest first."""

    OWN_TOWNSHIP = "OWN_TOWNSHIP"
    ZONE = "ZONE"
    COUNTY = "COUNTY"


class CrossCountyMode(StrEnum):
    """Whether a mentor of another county may serve; this form knows only FORBIDDEN."""

    FORBIDDEN = "FORBIDDEN"


class UnknownTenureMode(StrEnum):
    """What happens to a mentor without any usable career: refused, or scored 0.5 and flagged."""

    BLOCK = "BLOCK"
    NEUTRAL = "NEUTRAL"


class KinshipMode(StrEnum):
    """Declared kinship always blocks."""

    BLOCK = "BLOCK"


class AvoidanceMode(StrEnum):
    """Whether an avoidance blocks a pair or only warns."""

    BLOCK = "BLOCK"
    WARN = "WARN"


class SurnameMode(StrEnum):
    """A shared surname in one village warns or is ignored; a heuristic must not block."""

    WARN = "WARN"
    IGNORE = "IGNORE"


class PreferenceMode(StrEnum):
    """Wishes count and vetoes block, or vetoes alone have an effect."""

    COUNT_AND_VETO_WITH_REASON = "COUNT_AND_VETO_WITH_REASON"
    VETO_ONLY = "VETO_ONLY"


class SameVillageMode(StrEnum):
    """Whether mentors of the mentee's own village may fill a team, or at most one seat of it."""

    ALLOW = "ALLOW"
    AT_MOST_ONE = "AT_MOST_ONE"


class TeamObjective(StrEnum):
    """What the score level adds up: the members' own points, or the exact score of every team (domain 4.5)."""

    SEPARABLE = "SEPARABLE"
    TEAMS = "TEAMS"


class FairnessMode(StrEnum):
    """Fairness level of the objective (needs TEAMS).

    None; the largest least score of a fully staffed team; or the largest sum of the ⌈n/10⌉ smallest team scores of
    all mentees, of whom one without mentors counts 0.
    """

    NONE = "NONE"
    MAXMIN = "MAXMIN"
    WORST_TENTH = "WORST_TENTH"


class WeakTeamsMode(StrEnum):
    """Whether a weak team loses points, or may not be formed at all (MIN_EXPERIENCE)."""

    PENALISE = "PENALISE"
    FORBID = "FORBID"


class StabilityMode(StrEnum):
    """How the published roster binds a new plan: not at all, or as few changed links as possible."""

    NONE = "NONE"
    KEEP_UNLESS_INVALID = "KEEP_UNLESS_INVALID"


class PolicyModel(BaseModel):
    """Base of all option groups: immutable, closed, camelCase in JSON."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        allow_inf_nan=False,
        validate_default=True,
    )


class Slot(PolicyModel):
    """One named seat of every team.

    Attributes
    ----------
    allowed
        Mentor categories the seat is meant for.
    required
        The categories are a hard rule for this seat even when ``slotCompositionMode`` is PREFER.
    cap
        Greatest number of mentees one person serves in this seat, ``None`` for no limit beyond the load cap.
    admits_own_township_only
        The township rule: only mentors of the mentee's own township (relation LINKED or SAME_TOWNSHIP, and
        SAME_VILLAGE where the seat admits it), unless an officer released the rule for the mentee.
    admits_same_village
        Whether a mentor of the mentee's own village may take the seat.
    """

    code: Code
    name: str = ""
    allowed: tuple[MentorCategory, ...] = tuple(MentorCategory)
    required: bool = False
    cap: Count | None = None
    admits_own_township_only: bool = False
    admits_same_village: bool = True

    @field_validator("allowed")
    @classmethod
    def _allowed_is_a_set(cls, value: tuple[MentorCategory, ...]) -> tuple[MentorCategory, ...]:
        if not value:
            raise ValueError("allows no category; list at least one mentor category")
        if len(set(value)) != len(value):
            raise ValueError("lists a category twice; name each category once")
        return tuple(sorted(value, key=list(MentorCategory).index))


class GeographyOptions(PolicyModel):
    """Where mentors may come from and how distance is measured.

    ``minOneMentorSameTownship`` and ``sameVillageMentor`` are rules on the whole team; they need ``teamObjective``
    TEAMS. The last free seat of a team is reserved for a mentor of the mentee's township (LINKED, SAME_VILLAGE or
    SAME_TOWNSHIP), unless an officer released the rule for the mentee.
    """

    cross_county: CrossCountyMode = CrossCountyMode.FORBIDDEN
    min_one_mentor_same_township: bool = False
    same_village_mentor: SameVillageMode = SameVillageMode.ALLOW
    use_travel_minutes: bool = False
    max_travel_minutes: Positive | None = None

    @model_validator(mode="after")
    def _limit_needs_minutes(self) -> "GeographyOptions":
        if self.max_travel_minutes is not None and not self.use_travel_minutes:
            raise ValueError("maxTravelMinutes needs useTravelMinutes; switch it on or remove the limit")
        return self


def _three_years() -> dict[MentorCategory, float]:
    return dict.fromkeys(MentorCategory, 3.0)


class ExperienceOptions(PolicyModel):
    """Rules and weights of experience; years are years of grassroots work (of the trade for INDUSTRY_LEADER)."""

    min_grassroots_years: dict[MentorCategory, NonNegative] = Field(default_factory=_three_years)
    full_score_years: Positive = 10.0
    seniority_gap_years: NonNegative = 2.0
    senior_years: NonNegative = 5.0
    weak_fit: Annotated[float, Field(ge=0, le=100)] = 40.0
    unknown_tenure: UnknownTenureMode = UnknownTenureMode.BLOCK
    min_appraisal: AppraisalGrade | None = AppraisalGrade.COMPETENT
    tenure_weight: Share = 0.45
    post_weight: Share = 0.30
    appraisal_weight: Share = 0.25
    need_weight: Share = 0.35

    @field_validator("min_grassroots_years")
    @classmethod
    def _every_category_has_a_minimum(cls, value: dict[MentorCategory, float]) -> dict[MentorCategory, float]:
        return {category: value.get(category, 3.0) for category in MentorCategory}

    @field_validator("min_appraisal")
    @classmethod
    def _not_graded_is_no_minimum(cls, value: AppraisalGrade | None) -> AppraisalGrade | None:
        if value is AppraisalGrade.NOT_GRADED:
            raise ValueError("NOT_GRADED is not a grade to reach; name a grade or null")
        return value

    @model_validator(mode="after")
    def _components_have_weight(self) -> "ExperienceOptions":
        if self.tenure_weight + self.post_weight + self.appraisal_weight <= 0:
            raise ValueError("tenureWeight, postWeight and appraisalWeight are all zero; give one of them weight")
        return self


class MentorEligibilityOptions(PolicyModel):
    """Rules about the mentor alone."""

    no_discipline_in_force: bool = True


class MaxAge(PolicyModel):
    """Ages in full years above which a mentee is warned about or left out; ``None`` switches the limit off."""

    warn: Count | None = 45
    block: Count | None = 50

    @model_validator(mode="after")
    def _warning_comes_first(self) -> "MaxAge":
        if self.warn is not None and self.block is not None and self.warn > self.block:
            raise ValueError("warn is above block; a warning must come first")
        return self


class MenteeEligibilityOptions(PolicyModel):
    """Which mentees a run matches."""

    kinds: tuple[MenteeKind, ...] = tuple(MenteeKind)
    min_review_level: ReviewLevel = ReviewLevel.COUNTY_VETTED
    max_age: MaxAge = MaxAge()

    @field_validator("kinds")
    @classmethod
    def _kinds_are_named(cls, value: tuple[MenteeKind, ...]) -> tuple[MenteeKind, ...]:
        if not value:
            raise ValueError("admits no kind of mentee; list at least one")
        return tuple(kind for kind in MenteeKind if kind in value)


class AvoidanceOptions(PolicyModel):
    """Avoidance. ``sameSurnameSameVillage`` is evaluated by the service: facts carry no names."""

    kinship: KinshipMode = KinshipMode.BLOCK
    complaint_pairs: AvoidanceMode = AvoidanceMode.BLOCK
    same_surname_same_village: SurnameMode = SurnameMode.WARN


class PreferenceOptions(PolicyModel):
    """What a first, second and third wish counts, in [0, 1]."""

    mode: PreferenceMode = PreferenceMode.COUNT_AND_VETO_WITH_REASON
    first: Share = 1.0
    second: Share = 0.6
    third: Share = 0.4

    @model_validator(mode="after")
    def _earlier_wishes_weigh_more(self) -> "PreferenceOptions":
        if not self.first >= self.second >= self.third:
            raise ValueError("first, second and third must not rise; a later wish cannot weigh more")
        return self


def _condition_factors() -> dict[VillageConditionKind, float]:
    return {VillageConditionKind.WEAK_ORGANISATION: 1.3, VillageConditionKind.WEAK_ECONOMY: 1.2}


def _post_factors() -> dict[TargetPost, float]:
    return {TargetPost.SECRETARY: 1.1}


Factor = Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False)]


class PriorityOptions(PolicyModel):
    """Factors of a mentee's priority; they act only where seats must stay empty."""

    village_condition: dict[VillageConditionKind, Factor] = Field(default_factory=_condition_factors)
    target_post: dict[TargetPost, Factor] = Field(default_factory=_post_factors)


class Weights(PolicyModel):
    """Weights of the three criteria; divided by their sum before use."""

    geography: NonNegative = 0.45
    experience: NonNegative = 0.40
    preference: NonNegative = 0.15

    @model_validator(mode="after")
    def _something_weighs(self) -> "Weights":
        if self.geography + self.experience + self.preference <= 0:
            raise ValueError("geography, experience and preference are all zero; give one of them weight")
        return self


PenaltyPoints = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class Penalties(PolicyModel):
    """Points (of 100) taken off a team's score."""

    composition: PenaltyPoints = 5.0
    no_senior: PenaltyPoints = 5.0
    weak: PenaltyPoints = 10.0


class FairnessOptions(PolicyModel):
    """Fairness level of the objective."""

    mode: FairnessMode = FairnessMode.NONE
    weak_teams: WeakTeamsMode = WeakTeamsMode.PENALISE


class StabilityOptions(PolicyModel):
    """How much a new plan may move against the published roster; without one neither option has an effect.

    ``maxChanges`` bounds the links removed or added beyond those that a plan must change because they no longer hold;
    ``None`` for no bound.
    """

    mode: StabilityMode = StabilityMode.KEEP_UNLESS_INVALID
    max_changes: Annotated[int, Field(ge=0, strict=True)] | None = None


def default_needs() -> dict[VillageConditionKind, dict[Specialty, float]]:
    """Needs assumed for a village condition when neither person nor village states any (proposal, editable)."""
    return {
        VillageConditionKind.WEAK_ORGANISATION: {
            Specialty.PARTY_BUILDING: 1.0,
            Specialty.GOVERNANCE: 0.8,
            Specialty.MEDIATION: 0.6,
        },
        VillageConditionKind.WEAK_ECONOMY: {
            Specialty.COLLECTIVE_FINANCE: 1.0,
            Specialty.INDUSTRY: 1.0,
            Specialty.PROJECTS: 0.6,
        },
        VillageConditionKind.LIFTED_OUT_OF_POVERTY: {Specialty.INDUSTRY: 1.0, Specialty.POLICY: 0.6},
        VillageConditionKind.KEY: {Specialty.GOVERNANCE: 1.0, Specialty.MEDIATION: 0.6},
        VillageConditionKind.DEMONSTRATION: {Specialty.ECOLOGY: 1.0, Specialty.DIGITAL: 0.6},
    }


def json_of(model: BaseModel) -> dict[str, Any]:
    """Return ``model`` as plain JSON with camelCase keys."""
    return model.model_dump(mode="json", by_alias=True)
