"""Labels of answers about a plan: terms of a score, levels of the objective, obstacles and remedies."""

from app.labels.entries import Entries
from matching import Hindrance, LevelName, MenteeExclusion, Pricing
from matching.criteria import Term
from matching.policy_options import PoolTier

LABELS: Entries = {
    Term: {
        Term.GEOGRAPHY: ("地域", "Geography"),
        Term.TENURE: ("任职年限", "Tenure"),
        Term.POST: ("岗位经历", "Experience in the post"),
        Term.APPRAISAL: ("年度考核", "Appraisals"),
        Term.NEEDS: ("补齐短板", "Needs covered"),
        Term.PREFERENCE: ("双方意愿", "Wishes"),
        Term.COMPOSITION: ("岗位类别", "Category for the slot"),
        Term.NO_SENIOR: ("缺少资深导师", "No senior mentor"),
        Term.WEAK: ("组合偏弱", "Weak team"),
    },
    LevelName: {
        LevelName.PINS: ("锁定", "Pins"),
        LevelName.SEATS_FILLED: ("配备席位", "Seats filled"),
        LevelName.MENTEES_SERVED: ("有导师的帮带对象", "Mentees served"),
        LevelName.PRIORITY: ("重点优先", "Priority"),
        LevelName.OVERLOAD: ("超出目标负荷", "Overload"),
        LevelName.FALLBACKS: ("放宽范围", "Fallbacks"),
        LevelName.CHANGES: ("变动的结对", "Changed links"),
        LevelName.FAIRNESS: ("公平性", "Fairness"),
        LevelName.SCORE: ("总得分", "Score"),
        LevelName.LOAD: ("负荷均衡", "Balance of load"),
    },
    MenteeExclusion: {
        MenteeExclusion.NOT_IN_POOL: ("不在库", "Not in the pool"),
        MenteeExclusion.KIND: ("不属本项目的帮带对象", "Not the kind of mentee of this programme"),
        MenteeExclusion.REVIEW_LEVEL: ("未通过规定的审核层级", "Review not far enough"),
        MenteeExclusion.MAX_AGE: ("超过年龄上限", "Above the age limit"),
    },
    Hindrance: {
        Hindrance.NO_CAPACITY: ("导师已无名额", "The mentor has no capacity left"),
        Hindrance.PINS: ("与锁定的结对冲突", "It would break pinned pairings"),
    },
    Pricing: {
        Pricing.FREE: ("相对最优方案计算", "Against the best plan"),
        Pricing.HELD: ("按沿用的现有结对不变计算", "With the kept links of the published roster held"),
        Pricing.NONE: ("本方案无法计算代价", "This plan has no prices"),
    },
    PoolTier: {
        PoolTier.OWN_TOWNSHIP: ("本乡镇", "Own township"),
        PoolTier.ZONE: ("片区", "Zone"),
        PoolTier.COUNTY: ("全县", "County"),
    },
}

UNITS: dict[LevelName, tuple[str, str]] = {
    LevelName.PINS: ("项", "pin(s)"),
    LevelName.SEATS_FILLED: ("个席位", "seat(s)"),
    LevelName.MENTEES_SERVED: ("人", "mentee(s)"),
    LevelName.PRIORITY: ("", "unit(s)"),
    LevelName.OVERLOAD: ("人次", "mentee(s)"),
    LevelName.FALLBACKS: ("级", "tier(s)"),
    LevelName.CHANGES: ("条", "link(s)"),
    LevelName.FAIRNESS: ("分", "point(s)"),
    LevelName.SCORE: ("分", "point(s)"),
    LevelName.LOAD: ("", "unit(s)"),
}
"""What a level is counted in, in Chinese and English."""

POLICY_ITEMS: dict[str, tuple[str, str]] = {
    "loadCap": ("每名导师帮带人数上限", "load cap"),
    "experience.seniorityGapYears": ("任职年限差（年）", "gap of seniority in years"),
    "experience.minGrassrootsYears": ("最低基层工作年限（年）", "least grassroots years"),
    "geography.maxTravelMinutes": ("最长路程（分钟）", "longest travel in minutes"),
    "poolScope": ("导师范围", "scope of the pools"),
}
"""What the policy items are called that a remedy can change, by their path without the last part where that varies."""
