"""Registers the closed lists of the service as GraphQL enums, each value described by its labels."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any, TypeVar

import strawberry

from app.access import Permission
from app.labels import Language, label
from app.models import vocabulary
from app.reads.audit import AuditOrder
from app.reads.constraints import ConstraintOrder, MenteeConstraintOrder
from app.reads.imports import ImportBatchOrder, ImportMappingOrder, ImportPlaceOrder
from app.reads.mentors import MentorOrder, MentorPoolOrder
from app.reads.pairing import PairingOrder, PolicyOrder, ProgramOrder
from app.reads.people import MenteeOrder, PersonOrder, ReservePoolOrder
from app.reads.places import DivisionOrder
from app.reads.rosters import ExportOrder, RosterEntryOrder, RosterOrder
from app.reads.runs import AdjustmentOrder, PlanItemOrder, PlanOrder, RunOrder, SeatOrder
from app.reads.users import TokenOrder, UserOrder
from app.rosters.columns import LAYOUTS
from app.services.imports.records import SheetKind

EnumT = TypeVar("EnumT", bound=type[Enum])


class OrderDirection(StrEnum):
    """Rising or falling."""

    ASC = "ASC"
    DESC = "DESC"


def register(enum: EnumT, description: str, descriptions: Mapping[str, str]) -> EnumT:
    """Make ``enum`` a GraphQL enum whose values carry ``descriptions``, one for each name."""
    strawberry.enum(enum, description=description)
    definition: Any = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = descriptions[value.name]
    return enum


def _register_labelled(enum: type[StrEnum], description: str) -> None:
    texts = {member.name: f"{label(member)} / {label(member, Language.EN)}" for member in enum}
    register(enum, description, texts)


LABELLED: dict[type[StrEnum], str] = {
    vocabulary.AdjustmentKind: "What an officer does to a plan by hand (人工调整).",
    vocabulary.AuditAction: "What somebody did, as the audit trail records it.",
    vocabulary.BetterDirection: "Which values of a figure are the better ones.",
    vocabulary.FigureUnit: "What a figure counts.",
    vocabulary.PlanFigure: "Figures by which plans are compared.",
    vocabulary.PlanMethod: "How a plan of a run came to be.",
    vocabulary.WeightPreset: "Ready weights to compare plans by.",
    vocabulary.AppraisalGrade: "Result of one year's appraisal (考核等次).",
    vocabulary.AssignmentState: "Life of an assigned cadre's posting.",
    vocabulary.CandidateSource: "The batch a reserve candidate comes from (来源渠道).",
    vocabulary.CandidateState: "Life of a reserve candidate (后备力量状态).",
    vocabulary.DatePrecision: "How exact a date is.",
    vocabulary.DivisionKind: "What a division is called locally (街道、镇、乡、苏木、村、嘎查、社区).",
    vocabulary.DivisionLevel: "Level of an administrative division.",
    vocabulary.ExclusionReason: "Why a pair must not be formed.",
    vocabulary.ImportState: "Life of an uploaded file.",
    vocabulary.RowChange: "What a commit would do with one row of a file.",
    vocabulary.Severity: "Weight of an issue of a file.",
    vocabulary.KinshipRelation: "Statutory kinship that requires avoidance (亲属关系).",
    vocabulary.PersonFlagKind: "A restricted fact about a person.",
    vocabulary.RevealField: "A value that can be revealed in clear, one at a time.",
    vocabulary.ExportForm: "What is printed: a roster, a table made of a roster, or a list of the present data.",
    vocabulary.ExportFormat: "File type of an export.",
    vocabulary.ExportState: "Life of an export.",
    vocabulary.MaskLevel: "How much of the personal columns a file shows.",
    vocabulary.MemberEndReason: "Why a mentor left a pairing.",
    vocabulary.MenteeKind: "Who is mentored.",
    vocabulary.MentorCategory: "Where a mentor comes from (导师类别).",
    vocabulary.MentorState: "Life of a mentor in a pool; only ACTIVE mentors serve.",
    vocabulary.NeedSource: "Where a development need was found.",
    vocabulary.PairingMemberState: "Life of one mentor in one slot of a pairing.",
    vocabulary.PairingState: "Life of a pairing.",
    vocabulary.PersonStatus: "Whether a person's file is in use.",
    vocabulary.PlanState: "Life of a match plan.",
    vocabulary.PostKind: "Kind of a post.",
    vocabulary.ProgramKind: "Shape of a pairing programme.",
    vocabulary.Relation: "Administrative closeness of a mentor to a mentee, closest first.",
    vocabulary.ReviewLevel: "How far the three-level review of a candidate has come.",
    vocabulary.Role: "Role of somebody who uses the service.",
    vocabulary.RosterLayout: "How a printed roster seats the mentors.",
    vocabulary.RowOrder: "In which order the rows of a form stand.",
    vocabulary.RosterState: "Life of a roster version.",
    vocabulary.RunMode: "What a run is for.",
    vocabulary.RunState: "Life of a match run.",
    vocabulary.Sex: "Sex, GB/T 2261.1.",
    vocabulary.SkillLevel: "How well a mentor knows a specialty.",
    vocabulary.SolveStatus: "How a solve ended.",
    vocabulary.Specialty: "A field in which a mentor helps or a mentee needs help (专业特长).",
    vocabulary.TargetPost: "The village post a mentee is prepared for (培养方向).",
    vocabulary.Terrain: "Terrain of a county; it decides estimated travel times.",
    vocabulary.TravelSource: "Where travel minutes came from.",
    vocabulary.UserState: "Whether a user may sign in.",
    vocabulary.VillageConditionKind: "A condition of a village that gives it priority.",
    vocabulary.VillageLinkRole: "Role of a contact link to a village (包联).",
}
for _enum, _description in LABELLED.items():
    _register_labelled(_enum, _description)

_CODE, _NAME, _VILLAGE = "By 编号.", "By name.", "By the code of the village, then by 编号."
_UPDATED, _CREATED, _MENTEE = (
    "By the instant of the last change.",
    "By the instant at which it was made.",
    "By 编号 of the mentee.",
)
ORDERS: dict[type[StrEnum], dict[str, str]] = {
    DivisionOrder: {"CODE": "By division code.", "NAME": _NAME},
    PersonOrder: {"CODE": _CODE, "NAME": _NAME, "UPDATED_AT": _UPDATED},
    MenteeOrder: {"CODE": _CODE, "NAME": _NAME, "VILLAGE": _VILLAGE, "UPDATED_AT": _UPDATED},
    ReservePoolOrder: {"COUNTY": "By the code of the county.", "NAME": _NAME},
    MentorOrder: {"CODE": _CODE, "NAME": _NAME, "UPDATED_AT": _UPDATED},
    MentorPoolOrder: {"DIVISION": "By the code of the township or county.", "NAME": _NAME},
    ProgramOrder: {"YEAR": "By year.", "NAME": _NAME, "START_DATE": "By first day of the period."},
    PolicyOrder: {"VERSION": "By version number within the programme.", "CREATED_AT": _CREATED},
    PairingOrder: {
        "START_DATE": "By first day of the period.",
        "END_DATE": "By last day of the period.",
        "MENTEE_CODE": _MENTEE,
    },
    ConstraintOrder: {"CREATED_AT": _CREATED},
    MenteeConstraintOrder: {"CREATED_AT": _CREATED, "MENTEE_CODE": _MENTEE},
    RunOrder: {"CREATED_AT": "By the instant at which the run was asked for."},
    PlanOrder: {"CREATED_AT": _CREATED, "NUMBER": "By place among the plans of the run."},
    AdjustmentOrder: {"NUMBER": "By number within the plan, the order in which they were made."},
    SeatOrder: {"VILLAGE": _VILLAGE, "MENTEE_CODE": _MENTEE},
    PlanItemOrder: {"VILLAGE": _VILLAGE, "MENTEE_CODE": _MENTEE, "SCORE": "By score."},
    RosterOrder: {"PUBLISHED_AT": "By the instant of publication.", "VERSION": "By version within the programme."},
    RosterEntryOrder: {"POSITION": "By position on the printed form."},
    ImportBatchOrder: {"CREATED_AT": "By the instant of the upload."},
    ImportPlaceOrder: {"POSITION": "By place in the file."},
    ImportMappingOrder: {"HEADER": "By header."},
    ExportOrder: {"CREATED_AT": _CREATED},
    UserOrder: {"LOGIN": "By login.", "NAME": _NAME, "CREATED_AT": _CREATED},
    TokenOrder: {"CREATED_AT": _CREATED, "EXPIRES_AT": "By the instant of expiry."},
    AuditOrder: {"SEQUENCE": "By number of the entry, the order in which they were committed."},
}
for _order, _texts in ORDERS.items():
    register(_order, "Order of a list.", _texts)

register(
    SheetKind,
    "What the rows of a sheet are about (表的类别).",
    {layout.kind.name: f"{layout.title_zh} / {layout.kind.name.replace('_', ' ').lower()}" for layout in LAYOUTS},
)
register(OrderDirection, "Direction of an order.", {"ASC": "Rising.", "DESC": "Falling."})
register(Language, "Language of labels.", {"ZH": "中文 / Chinese", "EN": "英文 / English"})
register(
    Permission,
    "What a role may do.",
    {
        "READ": "Read people, pairings and rosters of the territory.",
        "READ_OWN": "Read what concerns oneself.",
        "READ_PLANS": "Read runs, plans, pins and exclusions.",
        "READ_CADRE_DATA": "Read cadre data (class C): birth, ethnicity, political status, education, appraisals.",
        "READ_MASKED_DATA": "Read ID numbers and phones in their masked form (class B).",
        "READ_RESTRICTED_DATA": "Read restricted facts (class A): kinship, discipline, complaints; given by name only.",
        "READ_AUDIT": "Read the trail of what was done.",
        "REVEAL": "Have one masked value revealed, for a stated purpose.",
        "EDIT_PEOPLE": "Enter and change people.",
        "RUN": "Set policies, fix pairs by hand, run and submit.",
        "APPROVE": "Approve and publish plans.",
        "EXPORT": "Make files of rosters.",
        "MANAGE_USERS": "Enter users, give them offices, end their sessions and tokens.",
    },
)
