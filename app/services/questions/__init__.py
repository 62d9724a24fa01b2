"""Questions that an officer asks of a plan: why this mentor, why not that one, what else could be, why nobody."""

from app.services.questions.ask import MentorAnswer as MentorAnswer
from app.services.questions.ask import SeatAnswer as SeatAnswer
from app.services.questions.ask import WhyNotAnswer as WhyNotAnswer
from app.services.questions.ask import alternatives as alternatives
from app.services.questions.ask import explain_mentor as explain_mentor
from app.services.questions.ask import explain_pairing as explain_pairing
from app.services.questions.ask import why_not as why_not
from app.services.questions.codes import PlanCodes as PlanCodes
from app.services.questions.codes import find_codes as find_codes
from app.services.questions.names import Names as Names
from app.services.questions.shortfalls import CertificateAnswer as CertificateAnswer
from app.services.questions.shortfalls import DiagnosisAnswer as DiagnosisAnswer
from app.services.questions.shortfalls import RemedyAnswer as RemedyAnswer
from app.services.questions.shortfalls import diagnose_plan as diagnose_plan
