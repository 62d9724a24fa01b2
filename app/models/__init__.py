"""Every table of the service. Import tables from here so that ``metadata`` is always complete."""

from sqlmodel import SQLModel

from app.models.access import ApiToken as ApiToken
from app.models.access import AuditEvent as AuditEvent
from app.models.access import AuditHead as AuditHead
from app.models.access import Office as Office
from app.models.access import UserAccount as UserAccount
from app.models.access import UserSession as UserSession
from app.models.imports import ImportBatch as ImportBatch
from app.models.imports import ImportCorrection as ImportCorrection
from app.models.imports import ImportIssue as ImportIssue
from app.models.imports import ImportMapping as ImportMapping
from app.models.imports import ImportRow as ImportRow
from app.models.imports import ImportSource as ImportSource
from app.models.imports import ImportUndo as ImportUndo
from app.models.jobs import WorkerSlot as WorkerSlot
from app.models.pairing import MatchPolicy as MatchPolicy
from app.models.pairing import Pairing as Pairing
from app.models.pairing import PairingMember as PairingMember
from app.models.pairing import PairingProgram as PairingProgram
from app.models.pairing import Pin as Pin
from app.models.pairing import ProgramSlot as ProgramSlot
from app.models.pairing import RuleRelease as RuleRelease
from app.models.people import AnnualAppraisal as AnnualAppraisal
from app.models.people import Appointment as Appointment
from app.models.people import AssignedCadre as AssignedCadre
from app.models.people import DevelopmentNeed as DevelopmentNeed
from app.models.people import Exclusion as Exclusion
from app.models.people import KinshipDeclaration as KinshipDeclaration
from app.models.people import Mentee as Mentee
from app.models.people import Mentor as Mentor
from app.models.people import MentorPool as MentorPool
from app.models.people import MentorSpecialty as MentorSpecialty
from app.models.people import Person as Person
from app.models.people import PersonCodeCounter as PersonCodeCounter
from app.models.people import PersonFlag as PersonFlag
from app.models.people import Preference as Preference
from app.models.people import ReserveCandidate as ReserveCandidate
from app.models.people import ReservePool as ReservePool
from app.models.people import VillageLink as VillageLink
from app.models.places import Division as Division
from app.models.places import DivisionAlias as DivisionAlias
from app.models.places import DivisionPredecessor as DivisionPredecessor
from app.models.places import TownshipAdjacency as TownshipAdjacency
from app.models.places import TravelTime as TravelTime
from app.models.places import VillageCondition as VillageCondition
from app.models.places import Zone as Zone
from app.models.places import ZoneTownship as ZoneTownship
from app.models.rosters import ExportJob as ExportJob
from app.models.rosters import FormText as FormText
from app.models.rosters import Roster as Roster
from app.models.rosters import RosterEntry as RosterEntry
from app.models.rosters import RosterMaster as RosterMaster
from app.models.runs import MatchPlan as MatchPlan
from app.models.runs import MatchRun as MatchRun
from app.models.runs import MatchShare as MatchShare
from app.models.runs import MatchSnapshot as MatchSnapshot
from app.models.runs import PlanAdjustment as PlanAdjustment
from app.models.runs import PlanItem as PlanItem
from app.models.runs import PlanOrigin as PlanOrigin
from app.models.runs import PlanRepair as PlanRepair
from app.models.runs import ShareKind as ShareKind
from app.models.runs import Shortfall as Shortfall

metadata = SQLModel.metadata
