"""Why seats must stay empty and pins cannot hold, in certificates that counting proves, with remedies and words."""

from matching.diagnose.blocking import Blocked
from matching.diagnose.certificates import Claim, HallSet, ServingMentor
from matching.diagnose.diagnosis import Certificate, Diagnosis, diagnose
from matching.diagnose.overview import TownshipShortage
from matching.diagnose.remedies import Remedy, RemedyKind, apply_remedy
from matching.diagnose.words import Words, certificate_words, conflict_words, remedy_words

__all__ = [
    "Blocked",
    "Certificate",
    "Claim",
    "Diagnosis",
    "HallSet",
    "Remedy",
    "RemedyKind",
    "ServingMentor",
    "TownshipShortage",
    "Words",
    "apply_remedy",
    "certificate_words",
    "conflict_words",
    "diagnose",
    "remedy_words",
]
