"""Edits of a roster that came back as a file: compared with the print, and laid down for a repair run."""

from app.services.roster_edits.applying import apply_roster_edits as apply_roster_edits
from app.services.roster_edits.comparing import compare_roster as compare_roster
from app.services.roster_edits.records import EditDraft as EditDraft
from app.services.roster_edits.records import RosterComparison as RosterComparison
from app.services.roster_edits.records import RosterEditsApplied as RosterEditsApplied
from app.services.roster_edits.records import RosterEditsDraft as RosterEditsDraft
