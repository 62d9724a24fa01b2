"""Conditions that keep rows inside the viewer's territory, one for each kind of row; all rest on ``app.access``.

Mentors and mentees have no territory: they see themselves and the pairings they are part of.
"""

from sqlalchemy import ColumnElement, false, or_, true
from sqlmodel import col, select

from app.access import CODE_LENGTH, Permission, Viewer, person_clause, territory_clause
from app.models import Division, Mentee, Mentor, Pairing, PairingMember, PairingProgram, Person
from app.models.vocabulary import DivisionLevel, Role


def is_participant(viewer: Viewer) -> bool:
    """Whether the viewer is a mentor or mentee, who sees only what concerns them."""
    return viewer.role in (Role.MENTOR, Role.MENTEE)


def reads_territory(viewer: Viewer) -> bool:
    """Whether the viewer reads a territory at all: a token or a session whose scopes leave READ out reads none."""
    return is_participant(viewer) or viewer.may(Permission.READ)


def persons_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Persons whose file lies in the territory; participants see themselves."""
    if is_participant(viewer):
        return col(Person.id) == viewer.person_id if viewer.person_id else false()
    return territory_clause(viewer, Person.county_id, Person.division_id) if reads_territory(viewer) else false()


def of_persons_in_scope(viewer: Viewer, person_column: object) -> ColumnElement[bool]:
    """Rows that belong to a person in scope."""
    if is_participant(viewer):
        return col(person_column) == viewer.person_id if viewer.person_id else false()
    return person_clause(viewer, person_column) if reads_territory(viewer) else false()


def mentees_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Mentees whose village lies in the territory."""
    if is_participant(viewer):
        return of_persons_in_scope(viewer, Mentee.person_id)
    return territory_clause(viewer, Mentee.county_id, Mentee.village_id) if reads_territory(viewer) else false()


def of_mentees_in_scope(viewer: Viewer, county_column: object, mentee_column: object) -> ColumnElement[bool]:
    """Rows of pairing, plan or roster that belong to a mentee in scope."""
    if not reads_territory(viewer):
        return false()
    if not is_participant(viewer) and (is_whole_country(viewer) or is_county_or_above(viewer)):
        return territory_clause(viewer, county_column)
    return col(mentee_column).in_(select(col(Mentee.id)).where(mentees_in_scope(viewer)))


def pairings_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Pairings of mentees in the territory; participants see those they are part of."""
    if not is_participant(viewer):
        return of_mentees_in_scope(viewer, Pairing.county_id, Pairing.mentee_id)
    own_mentees = select(col(Mentee.id)).where(mentees_in_scope(viewer))
    own_seats = (
        select(col(PairingMember.pairing_id))
        .join(Mentor, col(Mentor.id) == col(PairingMember.mentor_id))
        .where(of_persons_in_scope(viewer, Mentor.person_id))
    )
    return or_(col(Pairing.mentee_id).in_(own_mentees), col(Pairing.id).in_(own_seats))


def programs_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Programmes whose division lies in the territory or contains it."""
    if is_participant(viewer) or not reads_territory(viewer):
        return false()
    if is_whole_country(viewer):
        return true()
    return col(PairingProgram.division_id).in_(select(col(Division.id)).where(divisions_around(viewer)))


def divisions_around(viewer: Viewer) -> ColumnElement[bool]:
    """Divisions in the territory, and those that contain it."""
    if is_participant(viewer) or not reads_territory(viewer):
        return false()
    if is_whole_country(viewer):
        return true()
    above = [
        viewer.code_prefix[:length].ljust(12, "0")
        for length in CODE_LENGTH.values()
        if length <= len(viewer.code_prefix)
    ]
    return or_(col(Division.code).startswith(viewer.code_prefix), col(Division.code).in_(above))


def plans_allowed(viewer: Viewer) -> ColumnElement[bool]:
    """Nothing for a role that may not read runs, plans, pins and exclusions."""
    return true() if viewer.may(Permission.READ_PLANS) else false()


def is_whole_country(viewer: Viewer) -> bool:
    """Whether the territory has no border."""
    return viewer.county_ids is None and not is_participant(viewer)


def is_county_or_above(viewer: Viewer) -> bool:
    """Whether the territory is made of whole counties."""
    return len(viewer.code_prefix) <= CODE_LENGTH[DivisionLevel.COUNTY]


def under_code(prefix: str, division_column: object) -> ColumnElement[bool]:
    """The condition that a row's division lies under a code, given as 2 to 12 digits."""
    inside = select(col(Division.id)).where(col(Division.code).startswith(trimmed_code(prefix)))
    return col(division_column).in_(inside)


def trimmed_code(code: str) -> str:
    """The digits of a division code that everything inside the division shares.

    >>> trimmed_code("520624000000"), trimmed_code("520624101000"), trimmed_code("520600000000"), trimmed_code("5206")
    ('520624', '520624101', '5206', '5206')
    """
    if len(code) != CODE_LENGTH[DivisionLevel.VILLAGE]:
        return code
    for length in sorted(CODE_LENGTH.values()):
        if not code[length:].strip("0"):
            return code[:length]
    return code
