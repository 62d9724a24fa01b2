"""Names of invented people: common surnames of each region, given names by sex, names of minorities."""

from dataclasses import dataclass
from random import Random

from app.models.vocabulary import Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Who lives in a sample's prefecture: surnames, most common first, and ethnicities with their shares."""

    province_short: str
    surnames: str
    ethnicities: dict[str, float]
    schools: tuple[str, ...]
    trades: tuple[str, ...]


REGIONS = {
    "tongren": Region(
        province_short="贵州",
        surnames="杨田张王李陈刘冉安罗吴龙覃黎何周任邓石滕麻代熊谯吕黄徐梁姚肖冯崔简游蒲",
        ethnicities={"15": 0.40, "01": 0.26, "06": 0.19, "12": 0.11, "37": 0.035, "05": 0.005},
        schools=("铜仁学院", "铜仁职业技术学院", "贵州大学", "贵州开放大学", "遵义师范学院", "贵州师范大学"),
        trades=("茶叶", "油茶", "花椒", "中药材", "食用菌", "白水贡米", "黄牛养殖", "生态鱼"),
    ),
    "fushan": Region(
        province_short="山西",
        surnames="王李张刘陈杨赵郭高卫梁段贾韩席乔史任许范董孙马宋",
        ethnicities={"01": 1.0},
        schools=("山西农业大学", "山西师范大学", "临汾职业技术学院", "山西大学", "山西开放大学"),
        trades=("玉米", "小麦", "中药材", "核桃", "肉牛养殖", "蔬菜大棚"),
    ),
    "chifeng": Region(
        province_short="内蒙古",
        surnames="王张李刘赵孙于高杨马宋白包陈徐韩姜吴郭周田付丛宫邵",
        ethnicities={"01": 0.70, "02": 0.27, "11": 0.03},
        schools=("赤峰学院", "内蒙古农业大学", "赤峰应用技术职业学院", "内蒙古大学", "内蒙古开放大学"),
        trades=("杂粮", "肉羊养殖", "肉牛养殖", "设施蔬菜", "饲草", "中药材"),
    ),
}
"""Regions by the name of the sample."""

_MALE = (
    "伟强军勇平刚林峰辉斌波涛明亮建国华志文武海洋鹏飞龙云超宇浩凯杰磊永福光宏德胜富贵俊江昌毅",
    "伟强军勇平刚林峰辉斌波涛明亮国华文武海洋鹏飞龙云超宇浩凯杰磊福光宏胜贵江昌毅生才成兵松泉",
)
_FEMALE = (
    "秀丽红玉艳小海春桂雪晓金美冬凤慧静佳婷雅诗梦欣思语文永明",
    "英丽红艳芳燕梅兰霞玲娟敏静莉萍琴香菊花珍云琼婷雪慧蓉洁仙娥",
)
_MONGOL = {
    Sex.MALE: (
        ("巴图", "宝音", "那顺", "额尔敦", "阿拉坦", "布和", "朝鲁", "苏和", "特木尔", "孟和", "吉日嘎拉", "乌力吉"),
        ("巴图", "巴雅尔", "朝鲁", "特木尔", "仓", "吉雅", "布和", "乌拉", "格日勒", "宝力格"),
    ),
    Sex.FEMALE: (
        ("乌云", "萨日娜", "斯琴", "格日乐", "娜仁", "乌兰", "苏日娜", "乌日娜", "塔娜", "阿茹娜", "萨仁", "敖登"),
        ("其其格", "高娃", "托娅", "图雅", "花", "格日勒"),
    ),
}
_UYGHUR_MALE = ("阿不都·买买提", "买买提·吐尔逊", "艾力·依明", "吐尔洪·阿不都")
_UYGHUR_FEMALE = ("阿依古丽·买买提", "古丽娜尔·艾力", "热依汗·吐尔逊")


def make_name(random: Random, region: Region, sex: Sex, ethnicity_code: str) -> str:
    """A full name as it is written in a register; about every sixth has two characters."""
    is_male = sex is Sex.MALE
    if ethnicity_code == "05":
        return random.choice(_UYGHUR_MALE if is_male else _UYGHUR_FEMALE)
    if ethnicity_code == "02" and random.random() < 0.6:
        first, last = _MONGOL[sex]
        head, tail = random.choice(first), random.choice(last)
        return head if head == tail or random.random() < 0.3 else head + tail
    # Zipf's law fits the frequency of surnames well enough.
    weights = [1 / (rank + 2) for rank in range(len(region.surnames))]
    surname = random.choices(region.surnames, weights)[0]
    first_characters, last_characters = _MALE if is_male else _FEMALE
    last_character = random.choice(last_characters)
    if random.random() < 0.16:
        return surname + last_character
    first_character = random.choice(first_characters)
    return surname + first_character + last_character


def make_ethnicity(random: Random, region: Region) -> str:
    """An ethnicity code by the shares of the region."""
    return random.choices(list(region.ethnicities), list(region.ethnicities.values()))[0]
