"""National code tables: ethnicity GB/T 3304-1991, political status GB/T 4762-1984, education GB/T 4658-2006, degrees
GB/T 6864-2003.
"""

ETHNICITY_BY_CODE = {
    f"{number:02d}": name
    for number, name in enumerate(
        (
            "汉族 蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 "
            "哈尼族 哈萨克族 傣族 "
            "黎族 傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 "
            "撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 乌孜别克族 俄罗斯族 鄂温克族 德昂族 保安族 裕固族 "
            "京族 塔塔尔族 独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族"
        ).split(),
        start=1,
    )
} | {"97": "其他", "98": "外国血统中国籍人士"}
"""Two digits to the name with 族; 97 and 98 are used in practice beside the standard's 56."""

ETHNICITY_LETTERS = {
    f"{number:02d}": letters
    for number, letters in enumerate(
        (
            "HA MG HU ZA UG MH YI ZH BY CS MA DO YA BA TJ HN KZ DA LI LS VA SH GS LH SU DX NX JP KG TU DU ML QI BL SL "
            "MN GL XB AC PM TA NU UZ RS EW DE BN YG GI TT DR OR HZ MB LB JN"
        ).split(),
        start=1,
    )
}
"""Two digits to the letter code of GB/T 3304."""

POLITICAL_STATUS_BY_CODE = {
    "01": "中共党员",
    "02": "中共预备党员",
    "03": "共青团员",
    "04": "民革党员",
    "05": "民盟盟员",
    "06": "民建会员",
    "07": "民进会员",
    "08": "农工党党员",
    "09": "致公党党员",
    "10": "九三学社社员",
    "11": "台盟盟员",
    "12": "无党派人士",
    "13": "群众",
}

EDUCATION_BY_CODE = {
    "11": "博士研究生",
    "12": "博士研究生结业",
    "13": "博士研究生肄业",
    "14": "硕士研究生",
    "15": "硕士研究生结业",
    "16": "硕士研究生肄业",
    "17": "研究生班",
    "18": "研究生班结业",
    "19": "研究生班肄业",
    "21": "大学",
    "22": "大学结业",
    "23": "大学肄业",
    "28": "大学普通班",
    "31": "大专",
    "32": "大专结业",
    "33": "大专肄业",
    "41": "中专",
    "42": "中专结业",
    "43": "中专肄业",
    "44": "职高",
    "45": "职高结业",
    "46": "职高肄业",
    "47": "技校",
    "48": "技校结业",
    "49": "技校肄业",
    "61": "高中",
    "62": "高中结业",
    "63": "高中肄业",
    "71": "初中",
    "73": "初中肄业",
    "81": "小学",
    "83": "小学肄业",
    "90": "其他",
}
"""Two digits to the word that forms print."""

DEGREE_BY_CODE = {"1": "名誉博士", "2": "博士", "3": "硕士", "4": "学士"}
"""The first digit of GB/T 6864, the grade of a degree; the branch of learning is not kept."""
