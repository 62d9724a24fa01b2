"""Inputs of the mutations of pairing."""

from datetime import date
from typing import Any, cast

import strawberry

from app.errors import InvalidInputError, PolicyError
from app.models.vocabulary import ExclusionReason, MemberEndReason, MenteeKind, PairingState, ProgramKind
from matching import PRESETS
from schema.inputs import changeable, given, required
from schema.scalars import Json


@strawberry.input(description="Input of `createPairingProgram`.")
class CreatePairingProgramInput:
    division_id: strawberry.ID = required("The county or prefecture it is for.")
    kind: ProgramKind = required("Shape.")
    mentee_kind: MenteeKind = required("Who is mentored.")
    name: str = required("Name.")
    year: int = required("Year.")
    start_date: date = required("First day of the period.")
    preset: str = required("TONGREN_2_PLUS_1 or FUSHAN_ONE_TO_ONE: slots and first policy.")
    end_date: date | None = changeable("Last day of the period; the period of the preset unless stated.")
    reference_date: date | None = changeable(
        "Day on which ages and service are counted; first day of the starting month unless stated."
    )
    document_no: str | None = changeable("Number of the document that orders the programme.")


@strawberry.input(description="Input of `createMatchPolicyVersion`.")
class CreateMatchPolicyVersionInput:
    program_id: strawberry.ID = required("The programme.")
    content: Json | None = changeable("The whole policy; instead of `preset`.")
    preset: str | None = changeable("TONGREN_2_PLUS_1 or FUSHAN_ONE_TO_ONE.")
    overrides: Json | None = changeable("Options that differ from the preset; objects are merged, all else replaces.")
    note: str | None = changeable("Why this version is made.")


@strawberry.input(description="Input of `addPin`.")
class AddPinInput:
    program_id: strawberry.ID = required("The programme.")
    mentee_id: strawberry.ID = required("Who is mentored.")
    mentor_id: strawberry.ID = required("The mentor.")
    reason: str = required("Why.")
    slot_code: str | None = changeable("The slot; any unless stated.")


@strawberry.input(description="Input of `removePin`.")
class RemovePinInput:
    id: strawberry.ID = required("The pin.")


@strawberry.input(description="Input of `endPairing`.")
class EndPairingInput:
    id: strawberry.ID = required("The pairing.")
    member_id: strawberry.ID | None = changeable("The mentor (帮带关系) whose service ends; all unless stated.")
    outcome: PairingState | None = changeable(
        "How the whole pairing ends: GRADUATED, ENDED_BY_PERIOD, CANCELLED, or of an assigned cadre ENDED_BY_EXIT or "
        "ENDED_BY_PROMOTION; CANCELLED unless stated."
    )
    reason: MemberEndReason | None = changeable(
        "Why a mentor leaves or the pairing is cancelled: TRANSFERRED, RETIRED, DISCIPLINE, HEALTH, REQUESTED, "
        "NOT_PERFORMING or ERROR. DISCIPLINE and HEALTH are stored, and never shown by this interface."
    )
    end_date: date | None = changeable("Last day; today unless stated.")
    note: str | None = changeable("Remark; stored, and never shown by this interface.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `addExclusion`.")
class AddExclusionInput:
    mentee_person_id: strawberry.ID = required("The person who would be mentored.")
    mentor_person_id: strawberry.ID = required("The person who would mentor.")
    reason: ExclusionReason = required("Why; stored, and never shown by this interface.")
    source: str = required("Where the exclusion comes from.")


@strawberry.input(description="Input of `removeExclusion`.")
class RemoveExclusionInput:
    id: strawberry.ID = required("The exclusion.")


@strawberry.input(description="Input of `addPreference`.")
class AddPreferenceInput:
    from_person_id: strawberry.ID = required("Who wishes.")
    to_person_id: strawberry.ID = required("About whom.")
    rank: int = required("1 to 3 for first to third choice, 0 for a veto.")
    reason: str | None = changeable("Why; a veto needs it. Stored, and never shown by this interface.")
    approved_by: str | None = changeable("Who approved a veto.")


@strawberry.input(description="Input of `releaseRule`.")
class ReleaseRuleInput:
    program_id: strawberry.ID = required("The programme.")
    mentee_id: strawberry.ID = required("For whom.")
    reason: str = required("Why.")
    rule: str | None = changeable("The rule; TOWNSHIP_RULE unless stated.")


def policy_content(asked: CreateMatchPolicyVersionInput) -> dict[str, Any]:
    """The whole policy that the input describes."""
    content, preset, overrides = given(asked.content), given(asked.preset), given(asked.overrides)
    if (content is None) == (preset is None):
        raise InvalidInputError(
            "Give either `content` or `preset`.", "请提供 content 或 preset 之一。", path=["content"]
        )
    if preset is None:
        return _checked_object(content, "content")
    if preset not in PRESETS:
        known = ", ".join(sorted(PRESETS))
        raise PolicyError(f"Unknown preset; known presets: {known}.", f"没有此预设；可用：{known}。", path=["preset"])
    return _merged(PRESETS[preset].to_json(), _checked_object({} if overrides is None else overrides, "overrides"))


def _checked_object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError(f"`{field}` must be a JSON object.", f"{field} 须为 JSON 对象。", path=[field])
    return cast("dict[str, Any]", value)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
