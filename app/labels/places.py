"""Labels of places: divisions, zones, villages and their conditions."""

from app.labels.entries import Entries
from app.models.vocabulary import (
    CoordinateSource,
    DivisionKind,
    DivisionLevel,
    Terrain,
    VillageConditionKind,
    ZoneKind,
)

LABELS: Entries = {
    DivisionLevel: {
        DivisionLevel.PROVINCE: ("省级", "Province"),
        DivisionLevel.PREFECTURE: ("市（州、盟）级", "Prefecture"),
        DivisionLevel.COUNTY: ("县（市、区、旗）级", "County"),
        DivisionLevel.TOWNSHIP: ("乡镇（街道、苏木）级", "Township"),
        DivisionLevel.VILLAGE: ("村（社区、嘎查）级", "Village"),
    },
    DivisionKind: {
        DivisionKind.PROVINCE: ("省（自治区、直辖市）", "Province"),
        DivisionKind.PREFECTURE: ("市（州、盟）", "Prefecture"),
        DivisionKind.COUNTY: ("县（市、区、旗）", "County"),
        DivisionKind.SUBDISTRICT: ("街道", "Subdistrict"),
        DivisionKind.TOWN: ("镇", "Town"),
        DivisionKind.TOWNSHIP: ("乡", "Township"),
        DivisionKind.SUMU: ("苏木", "Sumu"),
        DivisionKind.OTHER_TOWNSHIP_UNIT: ("类似乡级单位", "Other township-level unit"),
        DivisionKind.VILLAGE: ("村", "Village"),
        DivisionKind.GACHA: ("嘎查", "Gacha"),
        DivisionKind.COMMUNITY: ("社区", "Community"),
    },
    CoordinateSource: {
        CoordinateSource.SYNTHETIC: ("示例生成", "Generated for the sample"),
        CoordinateSource.UPLOADED: ("用户上传", "Uploaded"),
    },
    ZoneKind: {
        ZoneKind.ZONE: ("片区", "Zone"),
        ZoneKind.BATTLE_ZONE: ("战区", "Battle zone"),
        ZoneKind.INSPECTION_ZONE: ("督查片区", "Inspection zone"),
        ZoneKind.PARTY_ALLIANCE: ("党建联盟", "Party-building alliance"),
    },
    VillageConditionKind: {
        VillageConditionKind.WEAK_ORGANISATION: ("软弱涣散村", "Village with a weak Party organisation"),
        VillageConditionKind.WEAK_ECONOMY: ("集体经济薄弱村", "Village with a weak collective economy"),
        VillageConditionKind.LIFTED_OUT_OF_POVERTY: ("脱贫村", "Village lifted out of poverty"),
        VillageConditionKind.KEY: ("乡村振兴重点村", "Key village of rural revitalisation"),
        VillageConditionKind.DEMONSTRATION: ("乡村振兴示范村", "Demonstration village of rural revitalisation"),
    },
    Terrain: {
        Terrain.PLAIN: ("平原", "Plain"),
        Terrain.HILLS: ("丘陵", "Hills"),
        Terrain.MOUNTAIN: ("山区", "Mountains"),
    },
}
