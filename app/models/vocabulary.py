"""The closed lists of the tables that the matching library does not need; the others come from ``matching``."""

from enum import StrEnum

from app.models.audit_vocabulary import AuditAction as AuditAction
from app.models.audit_vocabulary import TrailFault as TrailFault
from app.models.export_vocabulary import ExportForm as ExportForm
from app.models.export_vocabulary import ExportFormat as ExportFormat
from app.models.export_vocabulary import ExportState as ExportState
from app.models.export_vocabulary import MaskLevel as MaskLevel
from app.models.export_vocabulary import RosterLayout as RosterLayout
from app.models.export_vocabulary import RowOrder as RowOrder
from app.models.run_vocabulary import BetterDirection as BetterDirection
from app.models.run_vocabulary import FigureUnit as FigureUnit
from app.models.run_vocabulary import PlanFigure as PlanFigure
from app.models.run_vocabulary import PlanMethod as PlanMethod
from app.models.run_vocabulary import WeightPreset as WeightPreset
from matching.vocabulary import (
    AppraisalGrade as AppraisalGrade,
)
from matching.vocabulary import (
    MenteeKind as MenteeKind,
)
from matching.vocabulary import (
    MentorCategory as MentorCategory,
)
from matching.vocabulary import (
    MentorState as MentorState,
)
from matching.vocabulary import (
    PostKind as PostKind,
)
from matching.vocabulary import (
    ReasonCode as ReasonCode,
)
from matching.vocabulary import (
    Relation as Relation,
)
from matching.vocabulary import (
    ReviewLevel as ReviewLevel,
)
from matching.vocabulary import (
    SkillLevel as SkillLevel,
)
from matching.vocabulary import (
    SolveStatus as SolveStatus,
)
from matching.vocabulary import (
    Specialty as Specialty,
)
from matching.vocabulary import (
    TargetPost as TargetPost,
)
from matching.vocabulary import (
    Terrain as Terrain,
)
from matching.vocabulary import (
    TravelSource as TravelSource,
)
from matching.vocabulary import (
    VillageConditionKind as VillageConditionKind,
)


class DivisionLevel(StrEnum):
    """Level of an administrative division."""

    PROVINCE = "PROVINCE"
    PREFECTURE = "PREFECTURE"
    COUNTY = "COUNTY"
    TOWNSHIP = "TOWNSHIP"
    VILLAGE = "VILLAGE"


class DivisionKind(StrEnum):
    """What a division is called locally: 街道, 镇, 乡, 苏木, 村, 嘎查, 社区 ..."""

    PROVINCE = "PROVINCE"
    PREFECTURE = "PREFECTURE"
    COUNTY = "COUNTY"
    SUBDISTRICT = "SUBDISTRICT"
    TOWN = "TOWN"
    TOWNSHIP = "TOWNSHIP"
    SUMU = "SUMU"
    OTHER_TOWNSHIP_UNIT = "OTHER_TOWNSHIP_UNIT"
    VILLAGE = "VILLAGE"
    GACHA = "GACHA"
    COMMUNITY = "COMMUNITY"


class CoordinateSource(StrEnum):
    """Where the coordinates of a division came from."""

    SYNTHETIC = "SYNTHETIC"
    UPLOADED = "UPLOADED"


class ZoneKind(StrEnum):
    """Kind of a group of townships."""

    ZONE = "ZONE"
    BATTLE_ZONE = "BATTLE_ZONE"
    INSPECTION_ZONE = "INSPECTION_ZONE"
    PARTY_ALLIANCE = "PARTY_ALLIANCE"


class Sex(StrEnum):
    """GB/T 2261.1."""

    UNKNOWN = "UNKNOWN"
    MALE = "MALE"
    FEMALE = "FEMALE"
    NOT_STATED = "NOT_STATED"


class DatePrecision(StrEnum):
    """How exact a stored date is; month precision is legitimate, of a pseudonym only the year is kept."""

    YEAR = "YEAR"
    MONTH = "MONTH"
    DAY = "DAY"


class PersonStatus(StrEnum):
    """Whether a person's file is in use."""

    ACTIVE = "ACTIVE"
    LEFT = "LEFT"
    PSEUDONYMISED = "PSEUDONYMISED"


class RevealField(StrEnum):
    """A value that can be revealed in clear, one at a time."""

    ID_NUMBER = "ID_NUMBER"
    PHONE = "PHONE"


class PersonFlagKind(StrEnum):
    """A restricted fact about a person."""

    DISCIPLINE_IN_FORCE = "DISCIPLINE_IN_FORCE"
    UNDER_INVESTIGATION = "UNDER_INVESTIGATION"
    TOLERANCE = "TOLERANCE"
    HEALTH = "HEALTH"


class CandidateState(StrEnum):
    """Life of a reserve candidate."""

    SURVEYED = "SURVEYED"
    NOMINATED = "NOMINATED"
    TOWNSHIP_SELECTED = "TOWNSHIP_SELECTED"
    COUNTY_VETTED = "COUNTY_VETTED"
    PREFECTURE_REVIEWED = "PREFECTURE_REVIEWED"
    IN_POOL = "IN_POOL"
    PROMOTED = "PROMOTED"
    REMOVED = "REMOVED"
    WITHDRAWN = "WITHDRAWN"
    TRANSFERRED = "TRANSFERRED"


class CandidateSource(StrEnum):
    """The five batches (五个一批) a candidate can come from."""

    SURVEYED_LOCAL = "SURVEYED_LOCAL"
    ADJUSTED = "ADJUSTED"
    TOWNSHIP_HIRED = "TOWNSHIP_HIRED"
    RETURNED_TALENT = "RETURNED_TALENT"
    UNIT_ASSIGNED = "UNIT_ASSIGNED"


class AssignmentState(StrEnum):
    """Life of an assigned cadre's posting."""

    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class NeedSource(StrEnum):
    """Where a development need was found."""

    EVALUATION = "EVALUATION"
    SURVEY = "SURVEY"
    DEFAULT = "DEFAULT"


class VillageLinkRole(StrEnum):
    """Role in the five-party responsibility for a village (五方责任)."""

    COUNTY_LEADER = "COUNTY_LEADER"
    TOWNSHIP_CADRE = "TOWNSHIP_CADRE"
    UNIT_HEAD = "UNIT_HEAD"
    PARTY_BUILDING_GUIDE = "PARTY_BUILDING_GUIDE"
    SECRETARY = "SECRETARY"


class KinshipRelation(StrEnum):
    """Statutory kinship that requires avoidance."""

    SPOUSE = "SPOUSE"
    LINEAL = "LINEAL"
    COLLATERAL = "COLLATERAL"
    CLOSE_IN_LAW = "CLOSE_IN_LAW"


class ExclusionReason(StrEnum):
    """Why a pair must not be formed."""

    COMPLAINT = "COMPLAINT"
    CONFLICT = "CONFLICT"
    SAME_OFFICE = "SAME_OFFICE"
    OTHER = "OTHER"


class ProgramKind(StrEnum):
    """Shape of a pairing programme; the number of seats stands in its slots."""

    TWO_PLUS_ONE = "TWO_PLUS_ONE"
    ONE_TO_ONE = "ONE_TO_ONE"


class RunMode(StrEnum):
    """What a run is for."""

    DRY_RUN = "DRY_RUN"
    FINAL = "FINAL"
    REPAIR = "REPAIR"


class RunState(StrEnum):
    """Life of a match run."""

    DRAFT = "DRAFT"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SOLVED = "SOLVED"
    SOLVED_WITH_SHORTFALL = "SOLVED_WITH_SHORTFALL"
    INFEASIBLE = "INFEASIBLE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN_RUN_STATES = (RunState.QUEUED, RunState.RUNNING)
"""States of a run that has not ended."""


class PlanState(StrEnum):
    """Life of a match plan."""

    PROPOSED = "PROPOSED"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"


class AdjustmentKind(StrEnum):
    """What an officer does to a plan by hand."""

    SWAP = "SWAP"
    PIN = "PIN"
    FORBID = "FORBID"


class PairingState(StrEnum):
    """Life of a pairing."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    ACTIVE = "ACTIVE"
    GRADUATED = "GRADUATED"
    EXTENDED = "EXTENDED"
    ENDED_BY_PROMOTION = "ENDED_BY_PROMOTION"
    ENDED_BY_EXIT = "ENDED_BY_EXIT"
    ENDED_BY_PERIOD = "ENDED_BY_PERIOD"
    CANCELLED = "CANCELLED"


class PairingMemberState(StrEnum):
    """Life of one mentor in one slot of a pairing."""

    ACTIVE = "ACTIVE"
    REPLACED = "REPLACED"
    ENDED = "ENDED"


class MemberEndReason(StrEnum):
    """Why a mentor left a pairing."""

    TRANSFERRED = "TRANSFERRED"
    RETIRED = "RETIRED"
    DISCIPLINE = "DISCIPLINE"
    HEALTH = "HEALTH"
    REQUESTED = "REQUESTED"
    NOT_PERFORMING = "NOT_PERFORMING"
    ERROR = "ERROR"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"
    COMPLETED = "COMPLETED"
    MENTEE_LEFT = "MENTEE_LEFT"


class RosterState(StrEnum):
    """Life of a roster version."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    AMENDED = "AMENDED"
    ARCHIVED = "ARCHIVED"


class ImportState(StrEnum):
    """Life of an import batch."""

    UPLOADED = "UPLOADED"
    PARSED = "PARSED"
    HAS_ERRORS = "HAS_ERRORS"
    READY = "READY"
    COMMITTED = "COMMITTED"
    DISCARDED = "DISCARDED"
    UNDONE = "UNDONE"


class RowChange(StrEnum):
    """What a commit would do with one row of a workbook; ``RECORDED`` does not tell whether it was on file before."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"
    RECORDED = "RECORDED"
    REJECTED = "REJECTED"


class Severity(StrEnum):
    """Weight of an import issue: errors prevent the commit, warnings do not."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class Role(StrEnum):
    """Roles of the people who use the service."""

    SYSTEM_ADMIN = "SYSTEM_ADMIN"
    PREFECTURE_OFFICER = "PREFECTURE_OFFICER"
    COUNTY_ADMIN = "COUNTY_ADMIN"
    COUNTY_APPROVER = "COUNTY_APPROVER"
    TOWNSHIP_OFFICER = "TOWNSHIP_OFFICER"
    AUDITOR = "AUDITOR"
    READER = "READER"
    MENTOR = "MENTOR"
    MENTEE = "MENTEE"


class UserState(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
