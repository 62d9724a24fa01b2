"""Types of people: persons with their careers, and cadres."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.codes import DEGREE_BY_CODE, EDUCATION_BY_CODE, ETHNICITY_BY_CODE, POLITICAL_STATUS_BY_CODE
from app.db import utc_now
from app.models import AnnualAppraisal as AnnualAppraisalRow
from app.models import Appointment as AppointmentRow
from app.models import Person as PersonRow
from app.models import VillageLink as VillageLinkRow
from app.models.columns import Pii
from app.models.vocabulary import (
    AppraisalGrade,
    DatePrecision,
    PersonStatus,
    PostKind,
    Sex,
    VillageLinkRole,
)
from app.reads import mentors, people, places, restricted
from app.services.careers import months_of_union
from schema.context import Info
from schema.fields import Node, Wrapped, described, label_of, many, one
from schema.personal import guard, inside, personal
from schema.places.types import Division, Village

if TYPE_CHECKING:
    from schema.people.mentee_types import AssignedCadre, DevelopmentNeed, ReserveCandidate
    from schema.people.mentor_types import Mentor
    from schema.people.restricted_types import Kinship, PersonFlag


@strawberry.type(description="A value of a national code table with its printed word.")
class CodeValue:
    code: str = strawberry.field(description="Code in the national table.")
    label: str = strawberry.field(description="Printed word; the code itself where the table does not know it.")


_PRINTED = {DatePrecision.YEAR: "%Y", DatePrecision.MONTH: "%Y.%m", DatePrecision.DAY: "%Y.%m.%d"}


@strawberry.type(description="A day, a month or a year: what is finer than the precision means nothing.")
class PartialDate:
    value: date = strawberry.field(description="The day, or the first day of the month or year.")
    precision: DatePrecision = strawberry.field(description="How exact the date is.")

    @strawberry.field(description="As forms print it: 1990.06, or 1990.06.15 when the day is known.")
    def text(self) -> str:
        return self.value.strftime(_PRINTED[self.precision])


@strawberry.type(description="One post held by a person for a period of whole months (任职).")
class Appointment(Wrapped, shows=AppointmentRow):
    row: strawberry.Private[AppointmentRow]

    post: PostKind = described("Kind of the post.")
    post_label: str = label_of("post")
    title: str = described("Title as written in the file.")
    organisation: str | None = described("Unit, for posts outside a division.")
    start_date: date = inside(Pii.CADRE, "First day of the first month.")
    end_date: date | None = inside(Pii.CADRE, "First day of the month in which the post ended; empty while it is held.")
    is_grassroots: bool = described("Whether the time counts as grassroots work.")
    is_leader: bool = described("Whether it was a leading post.")
    division: Division | None = one(places.divisions_by_id, "division_id", "Village, township or county of the post.")


@strawberry.type(description="The appraisal of one person in one year (年度考核).")
class AnnualAppraisal(Wrapped, shows=AnnualAppraisalRow):
    row: strawberry.Private[AnnualAppraisalRow]

    year: int = described("The year.")
    grade: AppraisalGrade = inside(Pii.CADRE, "The grade.")
    grade_label: str = label_of("grade", pii=Pii.CADRE, withheld=AppraisalGrade.NOT_GRADED)


@strawberry.type(description="A person's contact link to a village (包联).")
class VillageLink(Wrapped, shows=VillageLinkRow):
    row: strawberry.Private[VillageLinkRow]

    role: VillageLinkRole = described("Role in the five-party responsibility for the village.")
    role_label: str = label_of("role")
    start_date: date = described("First day.")
    end_date: date | None = described("Last day; empty while it holds.")
    village: Village | None = one(places.divisions_by_id, "village_id", "The village.")


def _code_value(attribute: str, table: dict[str, str], description: str) -> Any:
    def read(root: Any) -> CodeValue | None:
        code = getattr(root, attribute)
        return None if code is None else CodeValue(code=code, label=table.get(code, code))

    return strawberry.field(resolver=read, description=description, **guard(Pii.CADRE))


def _partial_date(name: str, description: str, *, at_most_month: bool = False) -> Any:
    def read(root: Any) -> PartialDate | None:
        value = getattr(root.row, f"{name}_date")
        precision = getattr(root.row, f"{name}_precision") or DatePrecision.DAY
        if value is not None and at_most_month and precision is DatePrecision.DAY:
            value, precision = value.replace(day=1), DatePrecision.MONTH
        return None if value is None else PartialDate(value=value, precision=precision)

    return strawberry.field(resolver=read, description=description, **guard(Pii.CADRE))


@strawberry.type(description="One human being, once, whatever roles (人员).")
class Person(Node, shows=PersonRow):
    row: strawberry.Private[PersonRow]

    code: str = described("编号, the short stable code printed on rosters.")
    name: str = described("Name.")
    sex: Sex = personal(Pii.CADRE, "sex", "Sex; UNKNOWN also where it may not be read.", withheld=Sex.UNKNOWN)
    sex_label: str = label_of("sex", pii=Pii.CADRE, withheld=Sex.UNKNOWN)
    birth_date: PartialDate | None = _partial_date(
        "birth", "Month of birth: the day would complete the masked ID number.", at_most_month=True
    )
    ethnicity: CodeValue | None = _code_value("ethnicity_code", ETHNICITY_BY_CODE, "Ethnicity, GB/T 3304.")
    native_place: str | None = personal(Pii.CADRE, "native_place", "Native place (籍贯).")
    political_status: CodeValue | None = _code_value(
        "political_status_code", POLITICAL_STATUS_BY_CODE, "Political status, GB/T 4762."
    )
    party_join_date: PartialDate | None = _partial_date("party_join", "Day or month of joining the Party.")
    education_level: CodeValue | None = _code_value("education_code", EDUCATION_BY_CODE, "Education, GB/T 4658.")
    is_education_full_time: bool | None = personal(
        Pii.CADRE, "is_education_full_time", "Whether the education was full-time; empty when unknown."
    )
    degree: CodeValue | None = _code_value("degree_code", DEGREE_BY_CODE, "Degree (学位), first digit of GB/T 6864.")
    school: str | None = personal(Pii.CADRE, "school", "School.")
    major: str | None = personal(Pii.CADRE, "major", "Major.")
    work_start_date: PartialDate | None = _partial_date("work_start", "Day or month of starting work.")
    id_number: str | None = personal(Pii.SENSITIVE, "id_number_masked", "ID number, masked: the first six characters.")
    phone: str | None = personal(Pii.SENSITIVE, "phone_masked", "Phone, masked: 138****1234.")
    unit_and_post: str | None = described("Unit and post as forms print them.")
    status: PersonStatus = described("Whether the file is in use.")
    status_label: str = label_of("status")
    version: int = described(
        "Grows with every change; send it back as `expectedVersion` to guard against lost updates."
    )
    updated_at: datetime = described("Instant of the last change, UTC.")
    division: Division | None = one(places.divisions_by_id, "division_id", "The division that keeps the file.")
    county: Division | None = one(places.divisions_by_id, "county_id", "The county of the file.")
    residence: Division | None = one(
        places.divisions_by_id, "residence_division_id", "Where the person lives.", pii=Pii.SENSITIVE
    )
    appointments: list[Appointment] = many(people.appointments_by_person, "Posts held, oldest first.", pii=Pii.CADRE)
    appraisals: list[AnnualAppraisal] = many(
        people.appraisals_by_person, "Annual appraisals, newest first.", pii=Pii.CADRE
    )
    flags: list[Annotated["PersonFlag", strawberry.lazy("schema.people.restricted_types")]] = many(
        restricted.flags_by_person, "Restricted facts about the person (class A).", pii=Pii.RESTRICTED
    )
    kinships: list[Annotated["Kinship", strawberry.lazy("schema.people.restricted_types")]] = many(
        restricted.kinships_by_person, "Declared kinship with other persons (class A).", pii=Pii.RESTRICTED
    )
    village_links: list[VillageLink] = many(people.links_by_person, "Contact links to villages.")
    needs: list[Annotated["DevelopmentNeed", strawberry.lazy("schema.people.mentee_types")]] = many(
        people.needs_by_person, "Fields in which the person needs help, heaviest first."
    )
    reserve_candidates: list[Annotated["ReserveCandidate", strawberry.lazy("schema.people.mentee_types")]] = many(
        people.candidates_by_person, "Records as reserve candidate."
    )
    assigned_cadres: list[Annotated["AssignedCadre", strawberry.lazy("schema.people.mentee_types")]] = many(
        people.assigned_by_person, "Postings as assigned cadre."
    )
    mentors: list[Annotated["Mentor", strawberry.lazy("schema.people.mentor_types")]] = many(
        mentors.mentors_by_person, "Records as mentor."
    )


ReferenceDate = Annotated[
    date | None, strawberry.argument(description="Day on which the years are counted; today unless stated.")
]


@strawberry.type(description="A person with any appointment; a village cadre holds a village post now (村干部).")
class Cadre(Person):
    @strawberry.field(
        description="Years of grassroots work to one decimal, overlaps counted once; empty when the career is unknown.",
        **guard(Pii.CADRE),
    )
    async def grassroots_years(self, info: Info, reference_date: ReferenceDate = None) -> float | None:
        posts = await info.context.get(people.appointments_by_person, self.row.id)
        spans = [(post.start_date, post.end_date) for post in posts if post.is_grassroots]
        if not spans:
            return None
        return round(months_of_union(spans, reference_date or utc_now().date()) / 12, 1)

    @strawberry.field(description="Whether the person is secretary and director of the same village now (一肩挑).")
    async def is_dual_leader(self, info: Info) -> bool:
        posts = await info.context.get(people.appointments_by_person, self.row.id)
        held = {(post.post, post.division_id) for post in posts if post.end_date is None}
        villages = {place for post, place in held if post is PostKind.VILLAGE_SECRETARY and place is not None}
        return any((PostKind.VILLAGE_DIRECTOR, place) in held for place in villages)

    @strawberry.field(description="Whether the person holds a village post now.")
    async def is_village_cadre(self, info: Info) -> bool:
        posts = await info.context.get(people.appointments_by_person, self.row.id)
        return any(post.end_date is None and post.post in people.VILLAGE_POSTS for post in posts)

    @strawberry.field(description="The same human being without the career.")
    def person(self) -> Person:
        return Person.of(self.row)
