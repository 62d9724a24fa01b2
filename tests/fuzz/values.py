"""Generated values: what an argument means when it can be told from its name, and what no argument should be.

A value may be a *handle*, a text such as ``@Mentor:7``: the seventh thing of a pool of the world (``county.Bait``),
which is filled in when the operation is sent. Generation therefore knows no world, and one seed makes the same
operations in every world.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import graphql
import orjson
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from matching import PRESETS
from tests.factories import id_number_check_character

HANDLE = re.compile(r"@([A-Za-z.]+):(\d+)")
RAW = re.compile(r'"@raw:([^"]*)"')
"""A number that Python's JSON writer would not write, such as ``1e999``."""

ID_TYPES = (
    *("Person", "Cadre", "ReserveCandidate", "AssignedCadre", "Mentor", "ReservePool", "MentorPool"),
    *("PairingProgram", "MatchPolicy", "MatchRun", "MatchPlan", "PlanItem", "Shortfall", "PlanAdjustment"),
    *("Pairing", "PairingMember", "Pin", "RuleRelease", "Exclusion", "Preference", "Roster", "RosterEntry"),
    *("ExportJob", "Village", "Township", "County", "Prefecture", "Province", "User", "Office", "ApiToken"),
    *("AuditEvent", "ImportBatch", "ImportIssue", "ImportRow", "ImportMapping"),
)
_MENTEE = ("ReserveCandidate", "ReserveCandidate", "AssignedCadre")
_PERSON = ("Person", "Cadre")
TYPES_BY_ARGUMENT: dict[str, Sequence[str]] = {
    "userId": ("User",),
    "officeId": ("Office",),
    "tokenId": ("ApiToken",),
    "UpdateUserInput.id": ("User",),
    "programId": ("PairingProgram",),
    "policyId": ("MatchPolicy",),
    "planId": ("MatchPlan",),
    "runId": ("MatchRun",),
    "rosterId": ("Roster",),
    "memberId": ("PairingMember",),
    "menteeId": _MENTEE,
    "otherMenteeId": _MENTEE,
    "mentorId": ("Mentor",),
    "formerMentorId": ("Mentor",),
    "personId": _PERSON,
    "menteePersonId": _PERSON,
    "mentorPersonId": _PERSON,
    "fromPersonId": _PERSON,
    "toPersonId": _PERSON,
    "villageId": ("Village",),
    "divisionId": ("Village", "Township", "County", "Prefecture"),
    "residenceDivisionId": ("Village", "Township"),
    "poolDivisionId": ("Township", "County"),
    "countyId": ("County",),
    "poolId": ("ReservePool", "MentorPool"),
    "ids": ("MatchPlan",),
    "cadre.id": _PERSON,
    "reserveCandidate.id": ("ReserveCandidate",),
    "assignedCadre.id": ("AssignedCadre",),
    "mentor.id": ("Mentor",),
    "pairingProgram.id": ("PairingProgram",),
    "pairing.id": ("Pairing",),
    "matchRun.id": ("MatchRun",),
    "matchPlan.id": ("MatchPlan",),
    "roster.id": ("Roster",),
    "exportJob.id": ("ExportJob",),
    "auditEvent.id": ("AuditEvent",),
    "importBatch.id": ("ImportBatch",),
    "ImportBatchInput.id": ("ImportBatch",),
    "CommitImportInput.id": ("ImportBatch",),
    "CorrectImportInput.id": ("ImportBatch",),
    "MapImportSheetInput.id": ("ImportBatch",),
    "ChangeImportMappingInput.id": ("ImportMapping",),
    "ForgetImportMappingInput.id": ("ImportMapping",),
    "node.id": ID_TYPES,
    "nodes.ids": ID_TYPES,
    "CreatePairingProgramInput.divisionId": ("County", "County", "Prefecture", "Village"),
    "UpdateCadreInput.id": _PERSON,
    "keepId": _PERSON,
    "dropId": _PERSON,
    "UpdateReserveCandidateInput.id": ("ReserveCandidate",),
    "RemoveReserveCandidateInput.id": ("ReserveCandidate",),
    "UpdateMentorInput.id": ("Mentor",),
    "EndPairingInput.id": ("Pairing",),
    "RemovePinInput.id": ("Pin",),
    "RemoveExclusionInput.id": ("Exclusion",),
    "CancelMatchRunInput.id": ("OpenRun", "MatchRun"),
    "RetryMatchRunInput.id": ("FailedRun", "MatchRun"),
    "SubmitMatchPlanInput.id": ("SubmittablePlan", "MatchPlan"),
    "ReturnMatchPlanInput.id": ("SubmittedPlan", "MatchPlan"),
    "ApproveMatchPlanInput.id": ("SubmittedPlan", "MatchPlan"),
    "PublishMatchPlanInput.id": ("ApprovedPlan", "MatchPlan"),
    "AdjustMatchPlanInput.id": ("AdjustablePlan", "MatchPlan"),
    "UndoPlanAdjustmentInput.id": ("PlanAdjustment",),
    "ExportFormInput.divisionId": ("County", "County", "Township", "Prefecture"),
    "SetFormTextInput.divisionId": ("County", "County", "Prefecture"),
    "ResetFormTextInput.divisionId": ("County", "County", "Prefecture"),
    "formTexts.divisionId": ("County", "County", "Township"),
}
"""Which types an id names, by argument, or by input type or field and argument."""

HOSTILE_TEXTS = (
    *(
        "",
        " ",
        "\u3000",
        "\0",
        "a\0b",
        "\ud800",
        "x\udfff",
        "\u202e\u2066",
        "\u200b\ufeff",
        "\x01\x1b[31m\x7f",
        "\r\n\t",
    ),
    *("'", "\"'--", "'; DROP TABLE person; --", "%", "_%_", "\\", "\\u0000", "${7*7}{{7*7}}", "=cmd|'/C calc'!A0"),
    *("👨‍👩‍👧‍👦", "é", "e\u0301" * 40, "ﷺ" * 30, "²²", "١٢", "１２", "①", "𠮷" * 30, "\u0345", "ß", "İ"),
    *("null", "NaN", "-1", "1e5", "../../../etc/passwd", "<script>alert(1)</script>", "@", "·" * 5),
    *("长" * n for n in (13, 41, 81, 121, 201, 401, 3_000)),
    "A" * 100_000,
)
HOSTILE_IDS = (
    *("", "x", "====", "@", "é", "\ud800", "A" * 5_000, "0", "-1", "TWVudG9yOg==", "OjA=", "TWVudG9yOnRlc3Q=", "\0"),
    *(
        "TWVudG9yOjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMA==",
        "UXVlcnk6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
    ),
)
HOSTILE_INTS = (
    0,
    -1,
    1,
    200,
    201,
    2**31 - 1,
    -(2**31),
    2**31,
    2**53,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**40,
)
HOSTILE_FLOATS = (0.0, -0.0, -1.0, 1e308, -1e308, 5e-324, 1e-300, 1e16, 0.1 + 0.2, 2.0**63, "@raw:1e999", "@raw:-1e999")
HOSTILE_DATES = (
    *("0001-01-01", "9999-12-31", "9999-02-01", "1899-12-31", "1900-01-01", "2100-12-31", "2024-02-29", "2025-02-30"),
    *("2025-13-01", "", "20250101", "2025-W01-1", "2025-01-01T00:00:00Z", "10000-01-01", "-0001-01-01", "२०२५-०१-०१"),
)
PLAIN_TEXTS = ("常规", "工作需要", "组织安排", "板桥镇人民政府", "党支部书记", "Plain words", "县农业农村局", "王 小明")
DATES = ("2025-03-01", "2015-03-01", "2024-12-01", "2025-06-15", "2026-02-28", "1985-05-01", "2030-01-01")

STRINGS_BY_ARGUMENT: dict[str, Sequence[str]] = {
    "slotCode": ("TOWNSHIP_MENTOR", "VILLAGE_MENTOR", "MENTOR"),
    "otherSlotCode": ("TOWNSHIP_MENTOR", "VILLAGE_MENTOR"),
    "preset": ("TONGREN_2_PLUS_1", "FUSHAN_ONE_TO_ONE", "BALANCED"),
    "rule": ("TOWNSHIP_RULE",),
    "ethnicityCode": ("01", "06", "15", "97"),
    "politicalStatusCode": ("01", "02", "03", "13"),
    "degreeCode": ("2", "4"),
    "educationCode": ("31", "21", "61", "90"),
    "idempotencyKey": ("k1", "k2", "k3"),
    "title": ("党支部书记", "村委会主任", "一般干部"),
    "key": ("annex", "unit", "header.mentee.name", "notes", "page_number"),
    "column": ("mentee.name", "note", "code"),
}
ENUMS_BY_ARGUMENT: dict[str, Sequence[str]] = {
    "RemoveReserveCandidateInput.outcome": ("PROMOTED", "REMOVED", "WITHDRAWN", "TRANSFERRED"),
    "EndPairingInput.outcome": ("GRADUATED", "ENDED_BY_PERIOD", "CANCELLED"),
    "StartMatchRunInput.mode": ("DRY_RUN", "FINAL"),
    "ExportFormInput.form": ("MENTOR_POOL", "CANDIDATE_LEDGER", "STRUCTURE_TABLE", "PUBLIC_NOTICE", "SHORTFALL_LIST"),
}
USUAL_FIELDS: dict[str, Sequence[str]] = {
    "AdjustMatchPlanInput": ("reason",),
    "RosterEditInput": ("mentorId", "formerMentorId"),
    "ApproveMatchPlanInput": ("approveShortfalls",),
    "EndPairingInput": ("outcome",),
    "CreateMentorInput": ("poolDivisionId",),
    "AddPreferenceInput": ("reason",),
    "ExportFormInput": ("divisionId",),
    "SetFormTextInput": ("widths",),
}
"""Optional fields without which an input is mostly refused."""
ONE_OF_FIELDS: dict[str, Sequence[str]] = {
    "CreateMatchPolicyVersionInput": ("preset", "content"),
    "PlanChangeInput": ("swap", "pin", "forbid"),
}
"""Fields of which an input needs exactly one."""
INTS_BY_ARGUMENT: dict[str, Sequence[int]] = {
    "first": (3, 1, 2, 50, 200),
    "last": (2, 1, 5, 200),
    "alternatives": (1, 2, 5, 0),
    "rank": (1, 2, 3, 0),
    "year": (2025, 2026, 2027),
    "expectedVersion": (1, 2, 3),
    "seed": (0, 1, 77),
    "curvePoints": (0, 2, 3, 9),
    "capacity": (2, 1, 3, 5),
    "maxChanges": (0, 2, 5),
}
FLOATS_BY_ARGUMENT: dict[str, Sequence[float]] = {
    "timeLimitS": (30.0, 1.0, 5.5),
    "weight": (1.0, 2.5, 0.1),
    "tradeYears": (3.0, 12.5),
    "width": (8.0, 12.5),
}


def handles(name: str, size: int = 100) -> st.SearchStrategy[str]:
    """Any thing of a pool; the first ones, which belong together, more often."""
    return st.one_of(st.integers(0, 3), st.integers(0, size - 1)).map(lambda number: f"@{name}:{number}")


def _ids_of(types: Sequence[str]) -> st.SearchStrategy[str]:
    at_home = st.sampled_from(types).flatmap(handles)
    away = st.sampled_from(types).map(lambda name: f"Foreign{name}").flatmap(handles)
    other = st.sampled_from(ID_TYPES).flatmap(handles)
    return st.integers(0, 11).flatmap(lambda which: at_home if which < 9 else away if which < 11 else other)


ANY_ID = st.one_of(
    st.sampled_from(ID_TYPES).flatmap(handles),
    st.sampled_from(ID_TYPES).flatmap(handles),
    st.sampled_from(ID_TYPES).map(lambda name: f"Foreign{name}").flatmap(handles),
    st.sampled_from(HOSTILE_IDS),
    st.text(max_size=30),
)
ANY_TEXT = st.one_of(st.sampled_from(PLAIN_TEXTS), st.sampled_from(HOSTILE_TEXTS), st.text(max_size=60))
ANY_INT = st.one_of(st.sampled_from(HOSTILE_INTS), st.integers(-5, 300), st.integers())
ANY_FLOAT = st.one_of(st.sampled_from(HOSTILE_FLOATS), st.floats(allow_nan=False, allow_infinity=False))
ANY_DATE = st.one_of(st.sampled_from(DATES), st.sampled_from(HOSTILE_DATES), st.dates().map(str))
_KEYS = st.sampled_from(("slots", "weights", "geography", "rules", "code", "", "a", "\ud800", "constructor", "长"))
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | ANY_INT | ANY_FLOAT | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_ANY_BY_SCALAR: dict[str, st.SearchStrategy[Any]] = {
    "ID": ANY_ID,
    "String": ANY_TEXT,
    "Int": ANY_INT,
    "Float": ANY_FLOAT,
    "Boolean": st.booleans(),
    "Date": ANY_DATE,
    "DateTime": ANY_DATE,
    "JSON": ANY_JSON,
}
HOSTILE_JSON: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2**53,
        2**64,
        1e308,
        "@raw:1e999",
        "",
        "\0",
        "\ud800",
        [],
        {},
        [[]],
        {"": {}},
        {"slots": None},
    ),
    *({"slots": []}, {"slots": [{}]}, {"slots": "x"}, {"weights": {}}, {"weights": {"geography": 1e308}}, {"a\0": 1}),
    *({"__proto__": 1}, {"loadCap": 2**31}, {"loadCap": -1}, {"loadCap": 2.5}, {"loadCap": True}, {"\ud800": 1}),
    json.loads("[" * 90 + "]" * 90),
    json.loads('{"a":' * 90 + "1" + "}" * 90),
)
HOSTILE_BY_SCALAR: dict[str, Sequence[Any]] = {
    "ID": HOSTILE_IDS,
    "String": HOSTILE_TEXTS,
    "Int": HOSTILE_INTS,
    "Float": HOSTILE_FLOATS,
    "Boolean": ("true", 1, None),
    "Date": HOSTILE_DATES,
    "DateTime": HOSTILE_DATES,
    "JSON": HOSTILE_JSON,
}
WRONG = st.one_of(ANY_TEXT, ANY_INT, ANY_FLOAT, ANY_JSON)
"""Values of any type, whatever the argument wants."""


@st.composite
def _id_numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates()).strftime("%Y%m%d").rjust(8, "0")
    first_17 = f"520624{born}{draw(st.integers(0, 999)):03d}"
    return first_17 + id_number_check_character(first_17)


@st.composite
def policies(draw: st.DrawFn) -> Any:
    """A ready policy in which up to three values are others."""
    content = json.loads(json.dumps(PRESETS[draw(st.sampled_from(sorted(PRESETS)))].to_json()))
    for _ in range(draw(st.integers(0, 3))):
        _change_one(draw, content)
    return content


@st.composite
def overrides(draw: st.DrawFn) -> Any:
    """One option of a ready policy, as it is or changed."""
    content = draw(policies())
    if not isinstance(content, dict) or not content:
        return content
    name = draw(st.sampled_from(sorted(content)))
    return {name: content[name]}


def _change_one(draw: st.DrawFn, content: Any) -> None:
    here = content
    while isinstance(here, dict | list) and here:
        key = draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        inner = here[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 3)) == 3:
            alike = _ANY_BY_SCALAR["Boolean" if isinstance(inner, bool) else _scalar_like(inner)]
            here[key] = draw(st.one_of(alike, alike, ANY_JSON))
            return
        here = inner


def _scalar_like(value: Any) -> str:
    return {int: "Int", float: "Float", str: "String"}.get(type(value), "JSON")


_AIMED_TEXTS: dict[str, st.SearchStrategy[Any]] = {
    "divisionCode": handles("DivisionCode"),
    "code": handles("Code"),
    "idNumber": st.one_of(_id_numbers(), handles("IdNumber")),
    "phone": st.one_of(st.integers(0, 99_999_999).map(lambda n: f"137{n:08d}"), handles("Phone")),
    "content": policies(),
    "overrides": overrides(),
}


def aimed(owner: str, name: str, scalar: str, *, is_search: bool) -> st.SearchStrategy[Any]:
    """Values that the argument or field ``name`` of ``owner`` (a field or an input type) is made for."""
    if scalar == "ID":
        types = TYPES_BY_ARGUMENT.get(f"{owner}.{name}") or TYPES_BY_ARGUMENT.get(name)
        return ANY_ID if types is None else _ids_of(types)
    if name in ("after", "before"):
        own = handles(f"Cursor.{owner}", 3)
        return st.one_of(own, own, own, handles("Cursor"))
    if name == "name" and is_search:
        return st.one_of(handles("Name"), st.sampled_from(("张", "候选", "村", "库", "%")))
    for table in (STRINGS_BY_ARGUMENT, INTS_BY_ARGUMENT, FLOATS_BY_ARGUMENT):
        if name in table:
            return st.sampled_from(table[name])
    if name in _AIMED_TEXTS:
        return _AIMED_TEXTS[name]
    if scalar == "String":
        return st.sampled_from(PLAIN_TEXTS)
    if name == "approveShortfalls":
        return st.sampled_from((True, True, True, False))
    if scalar in ("Date", "DateTime"):
        return st.sampled_from(DATES)
    return _ANY_BY_SCALAR[scalar]


def plain(owner: str, name: str, scalar: str) -> Any:
    """The first value that an argument or field is made for."""
    types = TYPES_BY_ARGUMENT.get(f"{owner}.{name}") or TYPES_BY_ARGUMENT.get(name) or ("Person",)
    for table in (STRINGS_BY_ARGUMENT, INTS_BY_ARGUMENT, FLOATS_BY_ARGUMENT):
        if name in table:
            return table[name][0]
    by_scalar = {
        "ID": f"@{types[0]}:0",
        "String": PLAIN_TEXTS[0],
        "Int": 1,
        "Float": 1.0,
        "Boolean": True,
        "Date": DATES[0],
        "JSON": {},
    }
    return by_scalar[scalar]


def any_of(scalar: str) -> st.SearchStrategy[Any]:
    """Values of a scalar, good and bad."""
    return _ANY_BY_SCALAR[scalar]


def register_scalars() -> None:
    """Tell Schemathesis how to make the values of every scalar, the built-in ones too."""
    for name, strategy in _ANY_BY_SCALAR.items():
        if name != "Boolean":
            schemathesis.graphql.scalar(name, strategy.map(lambda value, scalar=name: to_node(value, scalar)))


def to_node(value: Any, scalar: str = "JSON") -> graphql.ValueNode:
    """A value as it stands in a document."""
    if value is None:
        return nodes.Null
    if isinstance(value, bool):
        return nodes.Boolean(value)
    if isinstance(value, str) and value.startswith("@raw:"):
        return graphql.FloatValueNode(value=value.removeprefix("@raw:"))
    if isinstance(value, int):
        return (
            graphql.FloatValueNode(value=f"{value}.0") if scalar == "Float" else graphql.IntValueNode(value=str(value))
        )
    if isinstance(value, float):
        return graphql.FloatValueNode(value=repr(value))
    if isinstance(value, str):
        return graphql.StringValueNode(value=value)
    if isinstance(value, Mapping):
        named = {key: item for key, item in value.items() if re.fullmatch(r"[_A-Za-z][_0-9A-Za-z]*", key)}
        fields = [
            graphql.ObjectFieldNode(name=graphql.NameNode(value=key), value=to_node(item))
            for key, item in named.items()
        ]
        return graphql.ObjectValueNode(fields=tuple(fields))
    return graphql.ListValueNode(values=tuple(to_node(item) for item in value))


def packed(query: str, variables: Any, filled: Callable[[str, int], str]) -> bytes:
    """A request body; ``filled`` gives the thing of a pool that a handle stands for."""
    text = json.dumps({"query": query, "variables": variables})
    return HANDLE.sub(lambda match: filled(match[1], int(match[2])), RAW.sub(r"\1", text)).encode()


def readable(body: bytes) -> str:
    """A request body with its characters as they are: what an answer may repeat."""
    try:
        return json.dumps(orjson.loads(body), ensure_ascii=False)
    except orjson.JSONDecodeError:
        return body.decode()
