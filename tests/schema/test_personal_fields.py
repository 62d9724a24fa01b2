"""Fields of personal data: each states its class, is empty for whoever may not read it, and class A is recorded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, get_nullable_type, is_leaf_type, is_list_type, is_non_null_type
from sqlmodel import Session, col, select

import app.access.tokens
from app.access import Permission, Viewer
from app.errors import ForbiddenError
from app.models import AuditEvent, ExportJob, KinshipDeclaration, PairingMember, Person, PersonFlag, metadata
from app.models.columns import Pii
from app.models.vocabulary import (
    ExportForm,
    ExportFormat,
    ExportState,
    KinshipRelation,
    MaskLevel,
    MemberEndReason,
    PersonFlagKind,
    Role,
)
from app.reads import constraints, mentors, pairing, people, rosters, runs
from app.reads.paging import Listing
from app.rosters.exporter import ExportDraft
from schema.fields import SHOWN
from schema.ids import encode_id
from schema.matrix import personal_fields
from schema.nodes import READ_BY_TYPE
from schema.problems import camel_case
from schema.root import make_schema
from tests.exports import exported
from tests.factories_graph_people import BY, COUNTY, TOWNSHIP
from tests.schema.door import Door

PERSONAL = frozenset({Permission.READ_CADRE_DATA, Permission.READ_MASKED_DATA, Permission.READ_RESTRICTED_DATA})
MARKED = {
    (table.name, column.name): column.info["pii"]
    for table in metadata.tables.values()
    for column in table.columns
    if column.info.get("pii") in ("A", "B", "C")
}
READS_WITHOUT_TELLING = {
    # They tell of the posts held now, which are duty data, and read the end of each to know which are held.
    ("Cadre", "isDualLeader"), ("Cadre", "isVillageCadre"),
    # Class A reads as avoidance there.
    ("Shortfall", "reasons"), ("PairingMember", "endReason"), ("PlanAdjustment", "reason"),
    # Leaves out what may not be read, text by text.
    ("RosterEntry", "content"),
}  # fmt: skip
STATED = {(type_name, field) for type_name, field, _, _ in personal_fields()}


def shown_tables() -> dict[str, Any]:
    """The row that each type of the schema shows."""
    types = {table: getattr(show, "__self__", None) for table, show in SHOWN.items()}
    return {kind.__name__: table for table, kind in types.items() if kind is not None} | {"Cadre": Person}


@pytest.fixture
def as_viewer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes what the office of a token's holder was given."""
    original = app.access.tokens.viewer_for_division
    given: dict[str, dict[str, Any]] = {}

    def changed(session: Session, *, subject: str, **options: Any) -> Viewer:
        return replace(original(session, subject=subject, **options), **given.get(subject, {}))

    monkeypatch.setattr(app.access.tokens, "viewer_for_division", changed)

    def give(subject: str, **changes: Any) -> None:
        given[subject] = changes

    return give


@pytest.fixture
def read_columns(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Personal columns of classes A, B and C whose value somebody has taken from a row."""
    seen: set[tuple[str, str]] = set()
    for table in {table for table in shown_tables().values() if hasattr(table, "__table__")}:

        def spy(row: Any, name: str, _original: Any = table.__getattribute__) -> Any:
            key = (type(row).__tablename__, name)
            if key in MARKED:
                seen.add(key)
            return _original(row, name)

        monkeypatch.setattr(table, "__getattribute__", spy)
    return seen


def selection(field: Any) -> str:
    """The smallest selection below a field."""
    named = get_named_type(field.type)
    if is_leaf_type(named):
        return ""
    return "{ nodes { __typename } }" if named.name.endswith("Connection") else "{ __typename }"


def example_ids(door: Door) -> dict[str, str]:
    """An object of each type that shows people, by its global id."""
    ids = door.world.ids
    keys = {
        "Person": ids["mentee_person"], "Cadre": ids["mentee_person"], "ReserveCandidate": door.world.candidates[0],
        "AssignedCadre": ids["assigned_cadre"], "Mentor": ids["mentor0"], "PairingProgram": ids["program"],
        "MatchPolicy": ids["policy"], "Pairing": ids["pairing"], "PairingMember": ids["member"], "Pin": ids["pin"],
        "RuleRelease": ids["release"], "Exclusion": ids["exclusion"], "Preference": ids["preference"],
        "MatchRun": ids["run"], "MatchPlan": ids["plan"], "PlanAdjustment": ids["adjustment"],
        "PlanItem": ids["item"], "Shortfall": ids["shortfall"], "Roster": ids["roster"], "RosterEntry": ids["entry"],
        "ImportBatch": ids["import_batch"], "ImportIssue": ids["import_issue"], "ImportRow": ids["import_row"],
        "ImportMapping": ids["import_mapping"], "MentorPool": ids["mentor_pool"], "ReservePool": ids["reserve_pool"],
    }  # fmt: skip
    return {name: encode_id(name, key) for name, key in keys.items()}


def test_no_field_takes_a_value_from_a_row_for_whoever_may_not_read_its_class(
    lite: Door, as_viewer: Callable[..., None], read_columns: set[tuple[str, str]]
) -> None:
    as_viewer("county", scopes=frozenset(Permission) - PERSONAL)
    schema = make_schema()._schema
    examples = example_ids(lite)
    # Places, files, and what belongs to users: none of it shows a row with columns of classes A, B or C.
    others = {
        "Province", "Prefecture", "County", "Township", "Village", "ExportJob", "User", "Office", "ApiToken",
        "AuditEvent",
    }  # fmt: skip
    assert set(READ_BY_TYPE) - others == set(examples)
    asked, leaks = 0, {}
    for type_name, key in examples.items():
        kind = schema.type_map[type_name]
        assert isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items():
            if any(is_non_null_type(argument.type) for argument in field.args.values()):
                continue
            read_columns.clear()
            query = f"query($id: ID!) {{ node(id: $id) {{ ... on {type_name} {{ {name} {selection(field)} }} }} }}"
            node = lite.data(query, id=key)["node"]
            assert node is not None, type_name
            asked += 1
            if read_columns and (type_name, name) not in READS_WITHOUT_TELLING:
                leaks[type_name, name] = sorted(read_columns)
    assert asked > 250
    assert leaks == {}


def test_every_field_of_the_name_of_a_personal_column_states_its_class() -> None:
    schema = make_schema()._schema
    missing = []
    for type_name, table in shown_tables().items():
        kind = schema.type_map.get(type_name)
        for name, column in MARKED:
            if not isinstance(kind, GraphQLObjectType) or name != getattr(table, "__tablename__", None):
                continue
            for field in (camel_case(column), camel_case(column.removesuffix("_encrypted"))):
                if field in kind.fields and (type_name, field) not in STATED | READS_WITHOUT_TELLING:
                    missing.append((type_name, field))
    assert missing == []


def test_types_that_hold_nothing_but_personal_data_are_reached_only_through_stated_fields() -> None:
    schema = make_schema()._schema
    guarded = {"Appointment", "AnnualAppraisal", "PersonFlag", "Kinship"}
    ways = {
        (kind.name, name)
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name in guarded
    }
    assert len(ways) == 8
    assert ways <= STATED


def test_a_withheld_field_can_be_empty_or_says_what_stands_for_it() -> None:
    schema = make_schema()._schema
    for type_name, field, _, _ in personal_fields():
        kind = schema.type_map[type_name]
        assert isinstance(kind, GraphQLObjectType)
        definition = kind.fields[field]
        if type_name in ("Appointment", "AnnualAppraisal", "PersonFlag", "Kinship"):
            continue
        if is_non_null_type(definition.type) and not is_list_type(get_nullable_type(definition.type)):
            text = definition.description or ""
            assert "may not be read" in text or field.endswith("Label") or field == "content", (type_name, field)


def test_nothing_can_be_filtered_or_ordered_by_a_personal_column() -> None:
    listings = [
        item
        for module in (constraints, mentors, pairing, people, rosters, runs)
        for item in vars(module).values()
        if isinstance(item, Listing)
    ]
    assert len(listings) > 15
    for listing in listings:
        for order, keys in listing.orders.items():
            classes = {key.column.info.get("pii") for key in keys}
            assert classes <= {None, "D"}, (listing.name, order)
    names = {camel_case(column) for (_, column) in MARKED} - {
        # Names that other tables use for something else: the filters of those are allowed.
        "content",
        "endDate",
        "kind",
        "note",
        "reason",
        "relation",
        "startDate",
    }
    for kind in make_schema()._schema.type_map.values():
        if kind.name.endswith("FilterInput"):
            assert names.isdisjoint(kind.fields), kind.name  # type: ignore[attr-defined]


PERSON = """query($id: ID!) { cadre(id: $id) {
  name code unitAndPost status version isVillageCadre
  sex sexLabel birthDate { text } ethnicity { label } nativePlace politicalStatus { label } educationLevel { label }
  degree { label } school idNumber phone residence { name } grassrootsYears
  appointments { title startDate } appraisals { grade }
  flags { kind } kinships { relation } reserveCandidates { state tags exitReason }
} }"""


def test_an_auditor_reads_names_and_posts_and_gets_the_rest_empty_without_an_error(door: Door) -> None:
    key = encode_id("Person", door.world.ids["mentee_person"])
    shown = door.data(PERSON, by="auditor", id=key)["cadre"]
    assert (shown["name"], shown["unitAndPost"], shown["status"]) == ("候选 0", "村委会", "ACTIVE")
    assert shown["isVillageCadre"] is True
    assert (shown["sex"], shown["sexLabel"]) == ("UNKNOWN", "未知")
    empty = (
        "birthDate",
        "ethnicity",
        "politicalStatus",
        "educationLevel",
        "degree",
        "idNumber",
        "phone",
        "grassrootsYears",
    )
    assert [shown[name] for name in empty] == [None] * len(empty)
    assert (shown["appointments"], shown["appraisals"], shown["flags"], shown["kinships"]) == ([], [], [], [])
    officer = door.data(PERSON, by="county", id=key)["cadre"]
    assert (officer["sex"], officer["phone"], officer["birthDate"]) == ("FEMALE", "138****1234", {"text": "1990.06"})
    assert officer["appointments"] == [{"title": "村委会主任", "startDate": "2015-03-01"}]
    assert (officer["flags"], officer["reserveCandidates"][0]["exitReason"]) == ([], None)


def test_a_row_of_a_roster_leaves_out_what_may_not_be_read(door: Door) -> None:
    query = "query($id: ID!) { node(id: $id) { ... on RosterEntry { content } } }"
    key = encode_id("RosterEntry", door.world.ids["entry"])
    whole = door.data(query, id=key)["node"]["content"]
    part = door.data(query, by="auditor", id=key)["node"]["content"]
    assert set(whole["mentee"]) - set(part["mentee"]) == {
        "sex", "ethnicity", "birth", "education", "political_status", "phone",
    } & set(whole["mentee"])  # fmt: skip
    assert part["mentee"]["name"] == whole["mentee"]["name"]
    assert "phone" not in str(part)


def test_a_file_of_a_roster_is_neither_made_nor_handed_out_without_the_classes_that_it_prints(door: Door) -> None:
    with door.database.write() as session:
        job = ExportJob(
            roster_id=door.world.ids["roster"],
            form=ExportForm.TWO_PLUS_ONE_ROSTER,
            division_id=door.world.divisions[COUNTY],
            county_id=door.world.divisions[COUNTY],
            format=ExportFormat.CSV,
            mask_level=MaskLevel.STANDARD,
            purpose="存档",
            state=ExportState.DONE,
            file_name="a.csv",
            content=b"x",
            **BY,
        )
        session.add(job)
        key = job.id
    assert door.request("GET", f"/exports/{key}", by="auditor").status_code == 403
    assert door.request("GET", f"/exports/{key}", by="county").status_code == 200
    narrow = Viewer(subject="x", role=Role.SYSTEM_ADMIN, scopes=frozenset({Permission.EXPORT}))
    draft = ExportDraft(roster_id=door.world.ids["roster"], format=ExportFormat.CSV, purpose="存档")
    with pytest.raises(ForbiddenError, match="READ_CADRE_DATA"):
        exported(door.database, narrow, draft)


RESTRICTED = """query($person: ID!, $exclusion: ID!, $wish: ID!, $member: ID!, $candidate: ID!, $adjustment: ID!) {
  person: node(id: $person) { ... on Person {
    flags { kind kindLabel startDate endDate note } kinships { relation personA { code } personB { code } } } }
  exclusion: node(id: $exclusion) { ... on Exclusion {
    restrictedReason source note menteePerson { code } mentorPerson { code } } }
  wish: node(id: $wish) { ... on Preference { reason } }
  member: node(id: $member) { ... on PairingMember { endReason restrictedEndReason note } }
  candidate: node(id: $candidate) { ... on ReserveCandidate { exitReason } }
  adjustment: node(id: $adjustment) { ... on PlanAdjustment { reason restrictedReason } }
}"""


def with_class_a(door: Door) -> dict[str, str]:
    """Facts of class A in the county, and the ids to ask for."""
    ids, county = door.world.ids, {"county_id": door.world.divisions[COUNTY], **BY}
    with door.database.write() as session:
        session.add(
            PersonFlag(
                person_id=ids["mentee_person"],
                kind=PersonFlagKind.HEALTH,
                start_date=date(2025, 1, 1),
                note_encrypted=door.world.secret("慢性病"),
                **county,
            )
        )
        pair = sorted((ids["mentee_person"], ids["mentor_person1"]))
        session.add(
            KinshipDeclaration(
                person_a_id=pair[0], person_b_id=pair[1], relation=KinshipRelation.SPOUSE, source="申报", **county
            )
        )
        member = session.get_one(PairingMember, ids["member"])
        member.end_reason = MemberEndReason.DISCIPLINE
    return {
        "person": encode_id("Person", ids["mentee_person"]),
        "exclusion": encode_id("Exclusion", ids["exclusion"]),
        "wish": encode_id("Preference", ids["preference"]),
        "member": encode_id("PairingMember", ids["member"]),
        "candidate": encode_id("ReserveCandidate", door.world.candidates[0]),
        "adjustment": encode_id("PlanAdjustment", ids["adjustment"]),
    }


def events(door: Door) -> list[dict[str, Any]]:
    with door.database.read() as session:
        found = session.exec(
            select(AuditEvent).where(AuditEvent.action == "RESTRICTED_DATA_READ").order_by(col(AuditEvent.at))
        )
        return [event.detail["fields"] for event in found]


def test_class_a_is_read_in_the_own_county_by_name_of_the_permission_and_every_read_is_recorded(
    door: Door, as_viewer: Callable[..., None]
) -> None:
    given = with_class_a(door)
    as_viewer("county", explicit=frozenset({Permission.READ_RESTRICTED_DATA}))
    shown = door.data(RESTRICTED, **given)
    assert shown["person"]["flags"] == [
        {"kind": "HEALTH", "kindLabel": "健康原因", "startDate": "2025-01-01", "endDate": None, "note": "慢性病"}
    ]
    assert shown["person"]["kinships"][0]["relation"] == "SPOUSE"
    assert {shown["person"]["kinships"][0][side]["code"] for side in ("personA", "personB")} == {
        "520624-00000", "520624-10001",
    }  # fmt: skip
    assert shown["exclusion"] == {
        "restrictedReason": "COMPLAINT",
        "source": "factory",
        "note": None,
        "menteePerson": {"code": "520624-00000"},
        "mentorPerson": {"code": "520624-10001"},
    }
    assert shown["wish"] == {"reason": "restricted-preference-reason"}
    assert shown["member"] == {"endReason": None, "restrictedEndReason": "DISCIPLINE", "note": "restricted-note"}
    assert shown["candidate"] == {"exitReason": "restricted-exit-reason"}
    assert shown["adjustment"] == {"reason": None, "restrictedReason": "restricted-adjustment-reason"}
    recorded = {field: subjects for event in events(door) for field, subjects in event.items()}
    assert recorded["Person.flags"] == recorded["Person.kinships"] == ["520624-00000"]
    assert set(recorded) == {
        "Person.flags", "Person.kinships", "Exclusion.restricted_reason", "Exclusion.source", "Exclusion.note",
        "Exclusion.mentee_person", "Exclusion.mentor_person", "Preference.reason", "PairingMember.note",
        "PairingMember.restricted_end_reason", "ReserveCandidate.exit_reason", "PlanAdjustment.restricted_reason",
    }  # fmt: skip
    with door.database.read() as session:
        details = str([event.detail for event in session.exec(select(AuditEvent))])
    assert "restricted-" not in details
    assert "慢性病" not in details


@pytest.mark.parametrize("by", ["county", "township", "prefecture", "system"])
def test_class_a_is_withheld_from_everybody_else_and_nothing_is_recorded(
    lite: Door, as_viewer: Callable[..., None], by: str
) -> None:
    given = with_class_a(lite)
    if by != "county":
        # Even where the permission was given by name: the role does not hold it, or the territory is no county.
        as_viewer(by, explicit=frozenset({Permission.READ_RESTRICTED_DATA}))
    shown = lite.ask(RESTRICTED, by=by, **given)
    assert "errors" not in shown
    data = shown["data"]
    assert (data["person"] or {"flags": [], "kinships": []}) == {"flags": [], "kinships": []}
    for part in ("exclusion", "wish", "member", "candidate", "adjustment"):
        assert set((data[part] or {}).values()) <= {None}, part
    assert events(lite) == []


def test_class_a_of_another_county_reads_as_absent(lite: Door, as_viewer: Callable[..., None]) -> None:
    given = with_class_a(lite)
    as_viewer("other_county", explicit=frozenset({Permission.READ_RESTRICTED_DATA}))
    shown = lite.data(RESTRICTED, by="other_county", **given)
    assert shown == dict.fromkeys(("person", "exclusion", "wish", "member", "candidate", "adjustment"))
    as_viewer(
        "county",
        explicit=frozenset({Permission.READ_RESTRICTED_DATA}),
        role=Role.COUNTY_ADMIN,
        code_prefix=TOWNSHIP[:9],
    )
    assert lite.data(RESTRICTED, **given)["person"]["flags"] == []
    assert events(lite) == []


def test_when_the_read_cannot_be_recorded_nothing_is_told(
    lite: Door, as_viewer: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = with_class_a(lite)
    as_viewer("county", explicit=frozenset({Permission.READ_RESTRICTED_DATA}))

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no trail")

    monkeypatch.setattr("schema.context.record_restricted_reads", broken)
    answer = lite.ask(RESTRICTED, **given)
    assert answer["errors"]
    assert "慢性病" not in str(answer)
    assert "restricted-" not in str(answer)


def test_the_list_of_personal_fields_names_class_and_permission() -> None:
    fields = personal_fields()
    assert ("Person", "idNumber", Pii.SENSITIVE, Permission.READ_MASKED_DATA) in fields
    assert ("Person", "birthDate", Pii.CADRE, Permission.READ_CADRE_DATA) in fields
    assert ("Exclusion", "restrictedReason", Pii.RESTRICTED, Permission.READ_RESTRICTED_DATA) in fields
    assert fields == sorted(fields)
