"""Paging: every page in both directions together is the plain ordered list; foreign cursors are refused."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from tests.schema.door import Door

LISTS = [
    ("reserveCandidates", "MenteeOrder", "NAME"),
    ("reserveCandidates", "MenteeOrder", "VILLAGE"),
    ("mentors", "MentorOrder", "CODE"),
    ("pairings", "PairingOrder", "START_DATE"),
    ("divisions", "DivisionOrder", "CODE"),
    ("cadres", "PersonOrder", "NAME"),
    ("rosters", "RosterOrder", "PUBLISHED_AT"),
    ("matchRuns", "RunOrder", "CREATED_AT"),
    ("matchPlans", "PlanOrder", "NUMBER"),
    ("pins", "MenteeConstraintOrder", "MENTEE_CODE"),
    ("preferences", "ConstraintOrder", "CREATED_AT"),
    ("reservePools", "ReservePoolOrder", "COUNTY"),
    ("exportJobs", "ExportOrder", "CREATED_AT"),
    ("mentors", "MentorOrder", "UPDATED_AT"),
    ("pairingPrograms", "ProgramOrder", "START_DATE"),
]


def walk(door: Door, field: str, order: str, size: int, *, is_backward: bool) -> list[str]:
    """All ids, collected page by page."""
    ids: list[str] = []
    cursor: str | None = None
    while True:
        span = f"last: {size}, before: $at" if is_backward else f"first: {size}, after: $at"
        query = f"""query($at: String) {{ {field}({span}, orderBy: {order}) {{ nodes {{ id }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
        page = door.data(query, at=cursor)[field]
        found, info = [node["id"] for node in page["nodes"]], page["pageInfo"]
        ids = found + ids if is_backward else ids + found
        cursor = info["startCursor"] if is_backward else info["endCursor"]
        assert info["hasNextPage" if is_backward else "hasPreviousPage"] is (len(ids) > len(found))
        if not info["hasPreviousPage" if is_backward else "hasNextPage"]:
            return ids


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_pages_in_both_directions_make_up_the_whole_list(door: Door, direction: str) -> None:
    for field, _, by in LISTS:
        order = f"{{field: {by}, direction: {direction}}}"
        whole = [
            node["id"]
            for node in door.data(f"{{{field}(first: 200, orderBy: {order}) {{nodes{{id}}}}}}")[field]["nodes"]
        ]
        for size in (1, 2, 3, len(whole)):
            assert walk(door, field, order, size, is_backward=False) == whole
            assert walk(door, field, order, size, is_backward=True) == whole


def test_falling_order_is_the_rising_one_turned_round(door: Door) -> None:
    query = "query($d: OrderDirection!) {cadres(orderBy: {field: NAME, direction: $d}) {nodes{name code id}}}"
    rising, falling = (door.data(query, d=direction)["cadres"]["nodes"] for direction in ("ASC", "DESC"))
    assert rising == falling[::-1]


def test_nested_pages_of_several_parents_are_the_right_ones(door: Door) -> None:
    plan = door.data("{matchRuns{nodes{plans{id}}}}")["matchRuns"]["nodes"][0]["plans"][0]["id"]
    query = """query($id: ID!, $at: String) { matchPlan(id: $id) {
        items(first: 4, after: $at, orderBy: {field: MENTEE_CODE}) { totalCount pageInfo { hasNextPage endCursor }
          nodes { slotCode mentee { ... on ReserveCandidate { person { code } } } } } } }"""
    seen: list[Any] = []
    cursor = None
    while True:
        items = door.data(query, id=plan, at=cursor)["matchPlan"]["items"]
        seen += [(node["mentee"]["person"]["code"], node["slotCode"]) for node in items["nodes"]]
        cursor = items["pageInfo"]["endCursor"]
        if not items["pageInfo"]["hasNextPage"]:
            break
    assert seen == sorted(seen)
    assert len(seen) == items["totalCount"] == 10
    both = door.data(
        "{pairingPrograms{nodes{pairings(last: 2) {nodes{menteeName}} "
        "rosters{nodes{entries(first: 1) {nodes{position}}}}}}}"
    )
    program = both["pairingPrograms"]["nodes"][0]
    assert [node["menteeName"] for node in program["pairings"]["nodes"]] == ["候选 3", "候选 4"]
    assert program["rosters"]["nodes"][0]["entries"]["nodes"] == [{"position": 1}]


def refusal(door: Door, arguments: str, **variables: Any) -> dict[str, Any]:
    head = "query($at: String) " if variables else ""
    body = door.ask(f"{head}{{reserveCandidates({arguments}) {{nodes{{id}}}}}}", **variables)
    assert body["data"] == {"reserveCandidates": None}
    extensions: dict[str, Any] = body["errors"][0]["extensions"]
    return extensions


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ("first: 2, last: 2", "first"),
        ("first: 0", "first"),
        ("first: 201", "first"),
        ("last: -1", "last"),
        ('filter: {divisionCode: "52062"}', "filter"),
        ('filter: {divisionCode: "abc%def"}', "filter"),
    ],
)
def test_arguments_out_of_range_are_refused(lite: Door, arguments: str, path: str) -> None:
    extensions = refusal(lite, arguments)
    assert (extensions["code"], extensions["inputPath"][0]) == ("INVALID_INPUT", path)


def test_cursors_that_this_list_has_not_made_are_refused(lite: Door) -> None:
    page = lite.data("{reserveCandidates(first: 1) {pageInfo{endCursor}} mentors(first: 1) {pageInfo{endCursor}}}")
    good = page["reserveCandidates"]["pageInfo"]["endCursor"]
    raw = bytearray(urlsafe_b64decode(good + "=" * (-len(good) % 4)))
    raw[-3] ^= 1
    changed = urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    foreign = page["mentors"]["pageInfo"]["endCursor"]
    for cursor in ("", "x", "候选", good[:-3], good + "AAAA", changed, foreign, "A" * 5_000):
        assert refusal(lite, "after: $at", at=cursor)["inputPath"] == ["after"]
        assert refusal(lite, "last: 1, before: $at", at=cursor)["inputPath"] == ["before"]
    other_order = refusal(lite, "after: $at, orderBy: {field: NAME}", at=good)
    assert other_order["code"] == "INVALID_INPUT"
    assert good not in str(other_order)
