"""People: persons with their careers, reserve candidates, assigned cadres and mentors, one record at a time."""

from app.services.people.cadres import create_cadre as create_cadre
from app.services.people.cadres import update_cadre as update_cadre
from app.services.people.candidates import create_assigned_cadre as create_assigned_cadre
from app.services.people.candidates import create_reserve_candidate as create_reserve_candidate
from app.services.people.candidates import update_reserve_candidate as update_reserve_candidate
from app.services.people.drafts import UNSET as UNSET
from app.services.people.drafts import AppointmentDraft as AppointmentDraft
from app.services.people.drafts import AssignedCadreDraft as AssignedCadreDraft
from app.services.people.drafts import CadreDraft as CadreDraft
from app.services.people.drafts import MentorChanges as MentorChanges
from app.services.people.drafts import MentorDraft as MentorDraft
from app.services.people.drafts import NeedDraft as NeedDraft
from app.services.people.drafts import PartialDate as PartialDate
from app.services.people.drafts import PersonChanges as PersonChanges
from app.services.people.drafts import PersonDraft as PersonDraft
from app.services.people.drafts import ReserveCandidateChanges as ReserveCandidateChanges
from app.services.people.drafts import ReserveCandidateDraft as ReserveCandidateDraft
from app.services.people.drafts import SpecialtyDraft as SpecialtyDraft
from app.services.people.drafts import Unset as Unset
from app.services.people.mentors import create_mentor as create_mentor
from app.services.people.mentors import update_mentor as update_mentor
