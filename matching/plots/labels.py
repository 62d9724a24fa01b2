"""Words on the figures, in English and in Chinese."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from matching.tradeoff import PointMethod
from matching.vocabulary import Relation


class Language(StrEnum):
    """Language of the words on a figure."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Every word on the figures in one language. ``{…}`` are filled in."""

    curve_title: str
    geography: str
    experience: str
    envelope: str
    room: str
    methods: Mapping[PointMethod, str]
    presets: str
    load_title: str
    load: str
    persons: str
    distance_title: str
    relations: Mapping[Relation, str]
    share: str
    minutes: str
    seats: str
    mean: str
    p90: str
    unknown_minutes: str


LABELS: Mapping[Language, Labels] = {
    Language.ENGLISH: Labels(
        curve_title="Geography against experience",
        geography="Geography, mean over filled seats (0-100)",
        experience="Experience, mean over filled seats (0-100)",
        envelope="proved bound",
        room="room left for undiscovered plans",
        methods={
            PointMethod.NEAREST: "nearest plan",
            PointMethod.WEIGHTS: "best for its weights",
            PointMethod.EPSILON: "best for a least geography",
            PointMethod.MOST_EXPERIENCED: "most experienced plan",
        },
        presets="ready weights, with wishes and penalties",
        load_title="Load of the mentors",
        load="Mentees of this run",
        persons="Mentors",
        distance_title="Distance between mentor and mentee",
        relations={
            Relation.LINKED: "linked",
            Relation.SAME_VILLAGE: "same village",
            Relation.SAME_TOWNSHIP: "same township",
            Relation.ADJACENT_TOWNSHIP: "adjacent township",
            Relation.SAME_ZONE: "same zone",
            Relation.SAME_COUNTY: "same county",
            Relation.OUTSIDE: "outside",
        },
        share="Filled seats",
        minutes="Travel time (minutes)",
        seats="Filled seats",
        mean="mean {minutes:.0f} min",
        p90="90th percentile {minutes:.0f} min",
        unknown_minutes="unknown seats: {seats}",
    ),
    Language.CHINESE: Labels(
        curve_title="地域与经验的取舍",
        geography="地域得分（已配席位平均，0-100）",
        experience="经验得分（已配席位平均，0-100）",
        envelope="已证明的上界",
        room="尚未排除的方案空间",
        methods={
            PointMethod.NEAREST: "地域最优方案",
            PointMethod.WEIGHTS: "给定权重下最优",
            PointMethod.EPSILON: "给定地域下限最优",
            PointMethod.MOST_EXPERIENCED: "经验最优方案",
        },
        presets="预设权重（含意愿与扣分）",
        load_title="导师负荷分布",
        load="本次帮带人数",
        persons="导师人数",
        distance_title="导师与帮带对象的距离",
        relations={
            Relation.LINKED: "包联",
            Relation.SAME_VILLAGE: "同村",
            Relation.SAME_TOWNSHIP: "同乡镇",
            Relation.ADJACENT_TOWNSHIP: "相邻乡镇",
            Relation.SAME_ZONE: "同片区",
            Relation.SAME_COUNTY: "同县",
            Relation.OUTSIDE: "县外",
        },
        share="已配席位",
        minutes="路程时间（分钟）",
        seats="已配席位",
        mean="平均 {minutes:.0f} 分钟",
        p90="第90百分位 {minutes:.0f} 分钟",
        unknown_minutes="时间未知的席位：{seats}",
    ),
}
