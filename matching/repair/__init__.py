"""Repair of a published roster: whatever still holds stays, and only what is free, broken or paid for moves."""

from matching.repair.held import EndCause
from matching.repair.report import EndedLink, MenteeChange, MenteeFate, MentorChange, MentorFate, NewLink
from matching.repair.run import RepairResult, repair

__all__ = [
    "EndCause",
    "EndedLink",
    "MenteeChange",
    "MenteeFate",
    "MentorChange",
    "MentorFate",
    "NewLink",
    "RepairResult",
    "repair",
]
