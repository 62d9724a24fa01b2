"""From what an officer asks for to adjustments of people and seats of the plan; refusals by 编号."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access import Viewer
from app.errors import DuplicateError, InvalidInputError, NotFoundError, PinClashError
from app.models import PlanAdjustment
from app.models.vocabulary import AdjustmentKind
from app.services.adjustments.drafts import ChangeDraft, ForbidDraft, PlanPinDraft
from app.services.adjustments.seen import Seen
from app.services.plan_basis import pins_of
from matching import Mentee, Mentor

MOST_CHANGES = 100
"""Changes that one call may ask for."""
SEAT_FIELDS = {
    AdjustmentKind.PIN: ("mentee_id", "mentor_id", "slot_code"),
    AdjustmentKind.FORBID: ("mentee_id", "mentor_id"),
    AdjustmentKind.SWAP: (
        "mentee_id", "mentor_id", "slot_code", "other_mentee_id", "other_mentor_id", "other_slot_code",
    ),
}  # fmt: skip
"""What makes two adjustments of a kind the same."""


def adjustments_for(
    viewer: Viewer, seen: Seen, changes: Sequence[ChangeDraft], reason_encrypted: str
) -> list[PlanAdjustment]:
    """The adjustments that changes of the plan as it is now come to, numbered on."""
    if not 0 < len(changes) <= MOST_CHANGES:
        raise InvalidInputError(
            f"Ask for 1 to {MOST_CHANGES} changes at once; these are {len(changes)}.",
            f"一次须提交1至{MOST_CHANGES}项调整，当前为{len(changes)}项。",
            path=("changes",),
        )
    people = _People(seen)
    found: list[PlanAdjustment] = []
    for index, change in enumerate(changes):
        values = people.resolved(change, ("changes", str(index)))
        adjustment = PlanAdjustment(
            plan_id=seen.plan_id,
            county_id=seen.county_by_mentee[str(values["mentee_id"])],
            number=seen.next_number + index,
            reason_encrypted=reason_encrypted,
            created_by=viewer.subject,
            updated_by=viewer.subject,
            **values,
        )
        _refuse_repetition((*seen.in_force, *found), adjustment, ("changes", str(index)))
        found.append(adjustment)
    _refuse_contradiction(seen, [*seen.in_force, *found], people)
    return found


def _refuse_repetition(known: Sequence[PlanAdjustment], new: PlanAdjustment, path: tuple[str, ...]) -> None:
    fields = SEAT_FIELDS[new.kind]
    for each in known:
        if each.kind is new.kind and all(getattr(each, name) == getattr(new, name) for name in fields):
            raise DuplicateError(
                f"Adjustment {each.number} of the plan says the same already.",
                f"方案的第{each.number}号调整内容相同，无需重复。",
                path=path,
            )


def _refuse_contradiction(seen: Seen, adjustments: Sequence[PlanAdjustment], people: "_People") -> None:
    """Refuse a pin of a pair that another adjustment forbids; the library would call that avoidance."""
    forbidden = {
        (people.person_of[str(each.mentee_id)], people.person_of[str(each.mentor_id)]): each.number
        for each in adjustments
        if each.kind is AdjustmentKind.FORBID
    }
    for each in adjustments:
        for pin in pins_of(each):
            number = forbidden.get((people.person_of[pin.mentee_id], people.person_of[pin.mentor_id]))
            if number is not None:
                pair = f"{people.code_of[pin.mentee_id]}, {people.code_of[pin.mentor_id]}"
                raise PinClashError(
                    f"Adjustment {each.number} pairs ({pair}), which adjustment {number} forbids; undo one of them.",
                    f"第{each.number}号调整要求结对（{pair}），而第{number}号调整禁止该结对，请先撤销其中之一。",
                    path=("changes",),
                )


class _People:
    """The people and seats of the run, by id."""

    def __init__(self, seen: Seen) -> None:
        self.slots = seen.policy.slot_codes
        self.mentees = {mentee.id for mentee in seen.facts.mentees}
        self.mentors = {mentor.id for mentor in seen.facts.mentors}
        everybody: tuple[Mentee | Mentor, ...] = (*seen.facts.mentees, *seen.facts.mentors)
        self.code_of = {each.id: each.code for each in everybody}
        self.person_of = {each.id: each.person_id for each in everybody}
        self.mentor_in = {link[:2]: link[2] for link in seen.links}

    def resolved(self, change: ChangeDraft, path: tuple[str, ...]) -> dict[str, Any]:
        """The columns of an adjustment that a change comes to."""
        if isinstance(change, PlanPinDraft):
            self._require_pair(change.mentee_id, change.mentor_id, (*path, "pin"))
            if change.slot_code is not None:
                self._require_slot(change.slot_code, (*path, "pin", "slot_code"))
            return {
                "kind": AdjustmentKind.PIN,
                "mentee_id": change.mentee_id,
                "mentor_id": change.mentor_id,
                "slot_code": change.slot_code,
            }
        if isinstance(change, ForbidDraft):
            self._require_pair(change.mentee_id, change.mentor_id, (*path, "forbid"))
            return {"kind": AdjustmentKind.FORBID, "mentee_id": change.mentee_id, "mentor_id": change.mentor_id}
        path = (*path, "swap")
        mentor = self._mentor_in(change.mentee_id, change.slot_code, (*path, "mentee_id"), (*path, "slot_code"))
        other = self._mentor_in(
            change.other_mentee_id, change.other_slot_code, (*path, "other_mentee_id"), (*path, "other_slot_code")
        )
        if mentor == other:
            raise InvalidInputError(
                f"Both seats have the same mentor {self.code_of[str(mentor)]}; there is nothing to swap.",
                f"两个帮带岗位的导师同为 {self.code_of[str(mentor)]}，无需互换。",
                path=path,
            )
        return {
            "kind": AdjustmentKind.SWAP,
            "mentee_id": change.mentee_id,
            "slot_code": change.slot_code,
            "mentor_id": other,
            "other_mentee_id": change.other_mentee_id,
            "other_slot_code": change.other_slot_code,
            "other_mentor_id": mentor,
        }

    def _require_pair(self, mentee_id: UUID, mentor_id: UUID, path: tuple[str, ...]) -> None:
        self._require_mentee(mentee_id, (*path, "mentee_id"))
        if str(mentor_id) not in self.mentors:
            raise NotFoundError(
                f"The run of the plan has no mentor {mentor_id}; for a new one start another run.",
                f"方案所依据的匹配任务中没有导师 {mentor_id}；如为新增导师，请重新匹配。",
                path=(*path, "mentor_id"),
            )

    def _require_mentee(self, mentee_id: UUID, path: tuple[str, ...]) -> None:
        if str(mentee_id) not in self.mentees:
            raise NotFoundError(
                f"The run of the plan has no mentee {mentee_id}; for a new one start another run.",
                f"方案所依据的匹配任务中没有帮带对象 {mentee_id}；如为新增对象，请重新匹配。",
                path=path,
            )

    def _require_slot(self, slot_code: str, path: tuple[str, ...]) -> None:
        if slot_code not in self.slots:
            raise InvalidInputError(
                f"The programme has no slot {slot_code!r}; its slots are {', '.join(self.slots)}.",
                f"项目没有帮带岗位 {slot_code!r}；可用：{'、'.join(self.slots)}。",
                path=path,
            )

    def _mentor_in(
        self, mentee_id: UUID, slot_code: str, mentee_path: tuple[str, ...], slot_path: tuple[str, ...]
    ) -> UUID:
        self._require_mentee(mentee_id, mentee_path)
        self._require_slot(slot_code, slot_path)
        mentor = self.mentor_in.get((str(mentee_id), slot_code))
        if mentor is None:
            code = self.code_of[str(mentee_id)]
            raise InvalidInputError(
                f"Seat {slot_code} of mentee {code} is empty; pin a mentor instead of swapping.",
                f"帮带对象 {code} 的帮带岗位 {slot_code} 空缺，请改用指定导师。",
                path=slot_path,
            )
        return UUID(mentor)
