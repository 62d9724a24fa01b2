"""任职经历: posts from titles and places, and what is reported when an entry cannot be read."""

from collections.abc import Iterator
from datetime import date

import pytest

from app.db import Database
from app.models.vocabulary import PostKind
from app.rosters.career import parse_career
from app.services.imports.gazetteer import Gazetteer, load_gazetteer
from tests.factories import Places, make_places


@pytest.fixture
def county(sqlite_database: Database) -> Iterator[tuple[Places, Gazetteer]]:
    with sqlite_database.write() as session:
        places = make_places(session)
        yield places, load_gazetteer(session, places.county, today=date(2025, 3, 1))


@pytest.mark.parametrize(
    ("entry", "post", "place"),
    [
        ("2012.07-2016.03 板桥镇桂花村 党支部书记", PostKind.VILLAGE_SECRETARY, "guihua"),
        ("2012.07-2016.03 桂花村 党总支书记", PostKind.VILLAGE_SECRETARY, "guihua"),
        ("2012.07-2016.03 垌心村委会 村委会主任", PostKind.VILLAGE_DIRECTOR, "dongxin"),
        ("2012.07-2016.03 塘头镇桂花村 副书记", PostKind.VILLAGE_COMMITTEE_MEMBER, "other_guihua"),
        ("2012.07-2016.03 桂花村 文书", PostKind.VILLAGE_COMMITTEE_MEMBER, "guihua"),
        ("2012.07-2016.03 桂花村 监委会主任", PostKind.VILLAGE_COMMITTEE_MEMBER, "guihua"),
        ("2012.07-2016.03 桂花村 第一书记", PostKind.FIRST_SECRETARY, "guihua"),
        ("2012.07-2016.03 桂花村 驻村工作队员", PostKind.STATIONED_CADRE, "guihua"),
        ("2012.07-2016.03 桂花村 合作社理事长", PostKind.TRADE, "guihua"),
        ("2012.07-2016.03 板桥镇 党委书记", PostKind.TOWNSHIP_LEADER, "banqiao"),
        ("2012.07-2016.03 板桥镇 副镇长", PostKind.TOWNSHIP_LEADER, "banqiao"),
        ("2012.07-2016.03 板桥镇 人大主席", PostKind.TOWNSHIP_LEADER, "banqiao"),
        ("2012.07-2016.03 板桥镇农业服务中心 干部", PostKind.STATION_STAFF, "banqiao"),
        ("2012.07-2016.03 板桥镇 党建办主任", PostKind.TOWNSHIP_OFFICER, "banqiao"),
        ("2012.07-2016.03 思南县板桥镇 科员", PostKind.TOWNSHIP_OFFICER, "banqiao"),
        ("2012.07-2016.03 县财政局 党支部书记", PostKind.COUNTY_OFFICER, "county"),
        ("2012.07-2016.03 县直机关 科员", PostKind.COUNTY_OFFICER, "county"),
        ("2012.07-2016.03 贵州某公司 经理", PostKind.TRADE, None),
        ("2012.07-2016.03 部队 战士", PostKind.OTHER, None),
    ],
)
def test_titles_and_places_tell_the_post(
    county: tuple[Places, Gazetteer], entry: str, post: PostKind, place: str | None
) -> None:
    places, gazetteer = county
    posts, problems = parse_career(entry, places.banqiao, gazetteer)
    assert problems == []
    assert [(p.post, p.division_id) for p in posts] == [(post, getattr(places, place).id if place else None)]
    assert (posts[0].start_date, posts[0].end_date) == (date(2012, 7, 1), date(2016, 3, 1))
    assert posts[0].is_leader is (post is PostKind.TOWNSHIP_LEADER)


@pytest.mark.parametrize(
    "entry",
    [
        "2012年7月—2016年3月 桂花村 文书",
        "2012.7—2016.3 桂花村 文书",
        "201207-201603 桂花村 文书",
        "2012.07~2016.03 桂花村 文书",
        "2012.07至2016.03桂花村文书",
    ],
)
def test_periods_are_read_in_every_form(county: tuple[Places, Gazetteer], entry: str) -> None:
    places, gazetteer = county
    posts, problems = parse_career(entry, places.banqiao, gazetteer)
    assert problems == []
    assert [(p.start_date, p.end_date, p.title, p.division_id) for p in posts] == [
        (date(2012, 7, 1), date(2016, 3, 1), "文书", places.guihua.id)
    ]


@pytest.mark.parametrize("entry", ["2012.07-至今 桂花村 文书", "2012.07- 桂花村 文书", "2012.07至今 桂花村 文书"])
def test_an_open_end_is_a_present_post(county: tuple[Places, Gazetteer], entry: str) -> None:
    places, gazetteer = county
    posts, _ = parse_career(entry, places.banqiao, gazetteer)
    assert [p.end_date for p in posts] == [None]


@pytest.mark.parametrize("title", ["党支部书记、村委会主任", "书记兼主任", "一肩挑"])
def test_two_village_posts_in_one_entry_are_two_appointments(county: tuple[Places, Gazetteer], title: str) -> None:
    places, gazetteer = county
    posts, _ = parse_career(f"2021.01-至今 桂花村 {title}", places.banqiao, gazetteer)
    assert [p.post for p in posts] == [PostKind.VILLAGE_SECRETARY, PostKind.VILLAGE_DIRECTOR]


def test_unreadable_and_reversed_entries_are_left_out_and_reported(county: tuple[Places, Gazetteer]) -> None:
    places, gazetteer = county
    text = "早年在外务工；2016.03-2012.07 桂花村 文书\n2012.07-2016.03 无名村 文书；2016.03-至今 桂花村 文书"
    posts, problems = parse_career(text, places.banqiao, gazetteer)
    assert [(p.code, p.options) for p in problems] == [
        ("UNREADABLE_CAREER", "1"), ("REVERSED_CAREER", "2"), ("UNKNOWN_CAREER_PLACE", "3"),
    ]  # fmt: skip
    assert [(p.post, p.organisation, p.division_id) for p in posts] == [
        (PostKind.VILLAGE_COMMITTEE_MEMBER, "无名村", None),
        (PostKind.VILLAGE_COMMITTEE_MEMBER, None, places.guihua.id),
    ]


def test_an_overlong_entry_is_unreadable(county: tuple[Places, Gazetteer]) -> None:
    places, gazetteer = county
    long = "2012.07" + " " * 300 + "-2016.03 桂花村 文书"
    posts, problems = parse_career(f"{long}；2016.03-至今 桂花村 文书", places.banqiao, gazetteer)
    assert [post.title for post in posts] == ["文书"]
    assert [(problem.code, problem.options) for problem in problems] == [("UNREADABLE_CAREER", "1")]
