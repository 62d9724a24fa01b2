"""The policy of a match run: every option of domain table 4.4 that pairs can use, and the presets."""

import hashlib
import itertools
import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from matching.errors import InvalidPolicyError
from matching.policy_options import (
    AvoidanceOptions,
    CompositionMode,
    Count,
    ExperienceOptions,
    FairnessMode,
    FairnessOptions,
    GeographyOptions,
    MenteeEligibilityOptions,
    MentorEligibilityOptions,
    Penalties,
    PolicyModel,
    PoolTier,
    Positive,
    PreferenceOptions,
    PriorityOptions,
    SameVillageMode,
    Slot,
    StabilityOptions,
    TeamObjective,
    WeakTeamsMode,
    Weights,
    default_needs,
    json_of,
)
from matching.vocabulary import MenteeKind, MentorCategory, ReviewLevel, Specialty, VillageConditionKind


class Policy(PolicyModel):
    """What a run wants: slots, hard rules, weights and penalties. Immutable; JSON both ways.

    Examples
    --------
    >>> policy = Policy.from_json({"slots": [{"code": "MENTOR"}], "loadCap": 1})
    >>> policy.n_seats, policy.load_target
    (1, 1)
    >>> Policy.from_json(policy.to_json()) == policy
    True
    """

    slots: tuple[Slot, ...]
    slot_composition_mode: CompositionMode = CompositionMode.PREFER
    load_target: Annotated[int, Field(ge=0, strict=True)] = 1
    load_cap: Count = 2
    pool_scope: tuple[PoolTier, ...] = (PoolTier.COUNTY,)
    geography: GeographyOptions = GeographyOptions()
    experience: ExperienceOptions = ExperienceOptions()
    mentor_eligibility: MentorEligibilityOptions = MentorEligibilityOptions()
    mentee_eligibility: MenteeEligibilityOptions = MenteeEligibilityOptions()
    avoidance: AvoidanceOptions = AvoidanceOptions()
    preference: PreferenceOptions = PreferenceOptions()
    priority: PriorityOptions = PriorityOptions()
    weights: Weights = Weights()
    penalties: Penalties = Penalties()
    team_objective: TeamObjective = TeamObjective.SEPARABLE
    fairness: FairnessOptions = FairnessOptions()
    stability: StabilityOptions = StabilityOptions()
    default_needs: dict[VillageConditionKind, dict[Specialty, Positive]] = Field(default_factory=default_needs)
    approver_may_be_submitter: bool = False
    period_months: Count = 12
    time_limit_s: Annotated[float, Field(ge=1, le=86_400)] | None = None
    """Seconds after which a run takes the best plan so far; ``None`` for no limit."""

    @field_validator("slots")
    @classmethod
    def _slots_are_named_once(cls, value: tuple[Slot, ...]) -> tuple[Slot, ...]:
        if not value:
            raise ValueError("is empty; a programme needs at least one slot")
        seen: set[str] = set()
        for slot in value:
            if slot.code in seen:
                raise ValueError(f"names the slot {slot.code} twice; give every slot its own code")
            seen.add(slot.code)
        return value

    @field_validator("pool_scope")
    @classmethod
    def _scope_widens(cls, value: tuple[PoolTier, ...]) -> tuple[PoolTier, ...]:
        order = [list(PoolTier).index(tier) for tier in value]
        if not order:
            raise ValueError("is empty; name at least one tier")
        if any(b <= a for a, b in itertools.pairwise(order)):
            raise ValueError("must widen from tier to tier: OWN_TOWNSHIP, then ZONE, then COUNTY")
        return value

    @model_validator(mode="after")
    def _target_is_within_cap(self) -> "Policy":
        if self.load_target > self.load_cap:
            raise ValueError("loadTarget is above loadCap; lower the target or raise the cap")
        return self

    @model_validator(mode="after")
    def _team_options_have_teams(self) -> "Policy":
        geography = self.geography
        has_team_rule = (
            geography.min_one_mentor_same_township or geography.same_village_mentor is not SameVillageMode.ALLOW
        )
        if self.team_objective is TeamObjective.SEPARABLE:
            if has_team_rule:
                raise ValueError(
                    "minOneMentorSameTownship and sameVillageMentor are rules on a team; set teamObjective to TEAMS"
                )
            if self.fairness.mode is not FairnessMode.NONE or self.fairness.weak_teams is WeakTeamsMode.FORBID:
                raise ValueError(
                    "fairness.mode and fairness.weakTeams FORBID look at teams; set teamObjective to TEAMS"
                )
        return self

    @property
    def has_equal_slots(self) -> bool:
        """Whether the hard rules of all slots are the same."""
        rules = {
            (
                slot.admits_own_township_only,
                slot.admits_same_village,
                slot.allowed if self.requires_category(seat) else (),
            )
            for seat, slot in enumerate(self.slots)
        }
        return len(rules) == 1

    @property
    def n_seats(self) -> int:
        """Seats per team, k."""
        return len(self.slots)

    @property
    def slot_codes(self) -> tuple[str, ...]:
        """Codes of the slots in team order."""
        return tuple(slot.code for slot in self.slots)

    def requires_category(self, seat: int) -> bool:
        """Whether the categories of seat number ``seat`` are a hard rule."""
        return self.slots[seat].required or self.slot_composition_mode is CompositionMode.REQUIRE

    @classmethod
    def from_json(cls, obj: Mapping[str, Any]) -> "Policy":
        """Read a policy.

        Raises
        ------
        InvalidPolicyError
            For the first fault, with its dotted camelCase path, e.g. ``weights.geography`` or ``slots.1.cap``.
        """
        try:
            return cls.model_validate(obj)
        except ValidationError as failure:
            fault = failure.errors(include_url=False, include_context=False)[0]
            path = ".".join(str(to_camel(part) if isinstance(part, str) and "_" in part and part.islower() else part)
                            for part in fault["loc"] if part != "[key]")  # fmt: skip
            message = fault["msg"].removeprefix("Value error, ")
            raise InvalidPolicyError(path or "policy", _advice(message, fault["input"])) from failure

    def to_json(self) -> dict[str, Any]:
        """Return the policy as plain JSON with camelCase keys; ``from_json`` reads it back."""
        return json_of(self)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the canonical JSON: equal policies, equal fingerprints."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _advice(message: str, value: object) -> str:
    if isinstance(value, str | int | float | None):
        return f"{message} (found {value!r})"
    return message


_TOWNSHIP_SIDE = (
    MentorCategory.TOWNSHIP_LEADER,
    MentorCategory.TOWNSHIP_OFFICER,
    MentorCategory.STATION_EXPERT,
    MentorCategory.COUNTY_OFFICER,
    MentorCategory.FIRST_SECRETARY,
    MentorCategory.RETIRED_CADRE,
)
_VILLAGE_SIDE = (
    MentorCategory.VILLAGE_SECRETARY,
    MentorCategory.VILLAGE_COMMITTEE,
    MentorCategory.INDUSTRY_LEADER,
    MentorCategory.RETIRED_CADRE,
)

TONGREN_2_PLUS_1 = Policy(
    slots=(
        Slot(
            code="TOWNSHIP_MENTOR",
            name="乡镇帮带干部",
            allowed=_TOWNSHIP_SIDE,
            admits_own_township_only=True,
            admits_same_village=False,
        ),
        Slot(code="VILLAGE_MENTOR", name="村级帮带干部", allowed=_VILLAGE_SIDE),
    ),
    load_target=1,
    load_cap=1,
    mentee_eligibility=MenteeEligibilityOptions(
        kinds=(MenteeKind.RESERVE_CANDIDATE,), min_review_level=ReviewLevel.PREFECTURE_REVIEWED
    ),
)
"""Two mentors for one reserve candidate (document 002)."""

TONGREN_TEAMS = Policy(
    slots=(
        Slot(code="TOWNSHIP_MENTOR", name="乡镇帮带干部", allowed=_TOWNSHIP_SIDE),
        Slot(code="VILLAGE_MENTOR", name="村级帮带干部", allowed=_VILLAGE_SIDE),
    ),
    load_target=1,
    load_cap=1,
    geography=GeographyOptions(min_one_mentor_same_township=True, same_village_mentor=SameVillageMode.AT_MOST_ONE),
    mentee_eligibility=TONGREN_2_PLUS_1.mentee_eligibility,
    team_objective=TeamObjective.TEAMS,
)
"""TONGREN_2_PLUS_1 with the exact team score: at least one mentor of the township, at most one of the village."""

FUSHAN_ONE_TO_ONE = Policy(
    slots=(
        Slot(
            code="MENTOR",
            name="实践导师",
            allowed=(MentorCategory.TOWNSHIP_OFFICER, MentorCategory.INDUSTRY_LEADER, MentorCategory.RETIRED_CADRE),
            required=True,
        ),
    ),
    slot_composition_mode=CompositionMode.REQUIRE,
    load_target=1,
    load_cap=1,
    pool_scope=(PoolTier.OWN_TOWNSHIP, PoolTier.ZONE, PoolTier.COUNTY),
    mentee_eligibility=MenteeEligibilityOptions(kinds=(MenteeKind.ASSIGNED_CADRE,)),
)
"""One mentor for one assigned cadre, from the township's own pool first (document 003)."""

PRESETS: dict[str, Policy] = {"TONGREN_2_PLUS_1": TONGREN_2_PLUS_1, "FUSHAN_ONE_TO_ONE": FUSHAN_ONE_TO_ONE}
"""The two programmes of the source documents."""

TEAM_PRESETS: dict[str, Policy] = {"TONGREN_TEAMS": TONGREN_TEAMS}
"""Programmes whose objective is the exact team score."""

WEIGHT_PRESETS: dict[str, Weights] = {
    "NEAR_FIRST": Weights(geography=0.65, experience=0.25, preference=0.10),
    "BALANCED": Weights(geography=0.45, experience=0.40, preference=0.15),
    "EXPERIENCE_FIRST": Weights(geography=0.25, experience=0.65, preference=0.10),
}
"""Ready weights to compare plans by."""
