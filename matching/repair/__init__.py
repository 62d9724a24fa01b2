"""Repair of a published roster: whatever still holds stays, and only what is free, broken or paid for moves."""

from matching.repair.apart import Differences, RepairAnswer, repair_apart, repair_from_json, repair_to_json
from matching.repair.held import EndCause
from matching.repair.report import EndedLink, MenteeChange, MenteeFate, MentorChange, MentorFate, NewLink
from matching.repair.run import RepairResult, check_repairable, repair

__all__ = [
    "Differences",
    "EndCause",
    "EndedLink",
    "MenteeChange",
    "MenteeFate",
    "MentorChange",
    "MentorFate",
    "NewLink",
    "RepairAnswer",
    "RepairResult",
    "check_repairable",
    "repair",
    "repair_apart",
    "repair_from_json",
    "repair_to_json",
]
