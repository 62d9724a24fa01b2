"""The catalogue of import issues: code, weight, and what to say in both languages.

A message names the column and the rule, never the value of the cell, because the value may be personal.
"""

from app.models.vocabulary import Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
ISSUES: dict[str, tuple[Severity, str, str]] = {
    # the sheet
    "UNRECOGNISED_SHEET": (
        _WARNING,
        "No known header in this sheet; it was left out.",
        "该工作表未找到可识别的表头，未读取。",
    ),
    "HIDDEN_SHEET": (_WARNING, "This sheet is hidden; it was read all the same.", "该工作表为隐藏状态，仍已读取。"),
    "HIDDEN_ROW": (
        _WARNING,
        "This row is hidden or filtered out; it was read all the same.",
        "该行被隐藏或筛选，仍已读取。",
    ),
    "MISSING_COLUMN": (_ERROR, "The column {column} is missing; add it.", "缺少“{column_zh}”列，请补充。"),
    "DUPLICATE_COLUMN": (_ERROR, "The column {column} stands twice; keep one.", "“{column_zh}”列重复，请只保留一列。"),
    "UNKNOWN_COLUMN": (_WARNING, "This column is not known; it was left out.", "无法识别该列，未读取。"),
    "SECOND_TABLE": (
        _ERROR,
        "Another table begins in this row, and only one was read; move each table into a sheet of its own.",
        "该行是另一张表的表头，只读取了其中一张表；请将各表分别放入单独的工作表。",
    ),
    "SKIPPED_ROW": (
        _WARNING,
        "A row of totals, notes or examples; it was left out.",
        "该行为合计、说明或示例，已跳过。",
    ),
    "SKIPPED_BLOCK": (
        _WARNING,
        "A merged block of instructions among the rows; it was left out.",
        "该处为合并的填表说明区域，已跳过。",
    ),
    "CONTINUED_ROW": (
        _WARNING,
        "The person of this row is merged with the row above; only posts held were taken from here.",
        "该行与上一行合并为同一人，仅读取任职经历，其他内容未读取。",
    ),
    "HIDDEN_COLUMN": (
        _WARNING,
        "{column} is hidden; it was read all the same.",
        "“{column_zh}”列被隐藏，仍已读取。",
    ),
    "COLOURS_IGNORED": (
        _WARNING,
        "Some cells are coloured or struck through, from this one on; this was not read. If it means something, write "
        "it in words or delete the rows.",
        "自该单元格起有填充色、字体颜色或删除线，均未读取；如有特定含义，请用文字写明或删除相应的行。",
    ),
    "COMMENTS_IGNORED": (
        _WARNING,
        "This sheet has comments on cells; they were not read.",
        "该工作表的单元格带有批注，批注内容未读取。",
    ),
    "FORMULA_WITHOUT_VALUE": (
        _ERROR,
        "The formula in {column} has no stored result; open and save the file in a spreadsheet program.",
        "“{column_zh}”中的公式没有计算结果，请用表格软件打开并保存后重新上传。",
    ),
    "ERROR_VALUE": (
        _ERROR,
        "{column} holds an error such as #N/A or #REF!; correct the formula or enter the value.",
        "“{column_zh}”为错误值（如#N/A、#REF!），请更正公式或直接填写内容。",
    ),
    "FORBIDDEN_SHEET": (
        _ERROR,
        "Avoidance, exclusions and wishes are entered by the county; remove this sheet.",
        "回避、禁止结对和意愿由县级登记，请删除该工作表。",
    ),
    "FORBIDDEN_COLUMN": (
        _ERROR,
        "{column} is entered by the county only; remove this column.",
        "“{column_zh}”仅由县级登记，请删除该列。",
    ),
    "COUNTY_COLUMN": (
        _WARNING,
        "{column} is entered by the county only; it was left out.",
        "“{column_zh}”仅由县级登记，未读取。",
    ),
    # the cell
    "MISSING_VALUE": (_ERROR, "{column} is empty; fill it in.", "“{column_zh}”为空，请填写。"),
    "INVALID_NAME": (_ERROR, "{column} contains signs that no name has.", "“{column_zh}”含有非姓名字符。"),
    "INVALID_DATE": (
        _ERROR,
        "{column} is not a date; write for example 1985.06 or 1985-06-12.",
        "“{column_zh}”不是日期，请按1985.06或1985-06-12填写。",
    ),
    "UNREADABLE_APPRAISALS": (
        _WARNING,
        "{column} must name each year with its grade, like 2023优秀、2024称职; it was left out.",
        "“{column_zh}”须逐年写明等次，如2023优秀、2024称职；已略过。",
    ),
    "AMBIGUOUS_MONTH": (
        _ERROR,
        "{column} is the number year.1, which may mean January or October; write it as text, 01 or 10.",
        "“{column_zh}”是数字“年.1”，无法区分1月和10月；请改为文本并写明01或10。",
    ),
    "NUMERIC_ID_NUMBER": (
        _ERROR,
        "{column} is stored as a number, so its last digits are lost; enter it again as text.",
        "“{column_zh}”以数字格式存储，末位已丢失；请设为文本格式后重新填写。",
    ),
    "INVALID_ID_NUMBER": (
        _ERROR,
        "{column} must have 18 characters with a real day of birth.",
        "“{column_zh}”应为18位且出生日期真实存在。",
    ),
    "ID_NUMBER_CHECKSUM": (
        _ERROR,
        "The last character of {column} does not fit the others (GB 11643); check for a typing error.",
        "“{column_zh}”校验码不符（GB 11643），请核对是否录入有误。",
    ),
    "OLD_ID_NUMBER": (
        _WARNING,
        "{column} has 15 digits; it was brought to 18, please check it.",
        "“{column_zh}”为15位旧号，已换算为18位，请核对。",
    ),
    "ROUNDED_ID_NUMBER": (
        _WARNING,
        "{column} ends in three zeros, as numbers do whose last digits a spreadsheet program has lost; check it.",
        "“{column_zh}”末三位均为0，可能曾以数字格式保存而丢失末位，请核对。",
    ),
    "MISSING_ID_NUMBER": (
        _WARNING,
        "{column} is empty; the person is recognised by name and month of birth only.",
        "“{column_zh}”为空，仅按姓名和出生年月识别。",
    ),
    "MISSING_IDENTITY": (
        _ERROR,
        "Without {column} and month of birth the person cannot be recognised; fill in one of them.",
        "“{column_zh}”和出生年月均为空，无法识别人员，请至少填写一项。",
    ),
    "BIRTH_DIFFERS_FROM_ID": (
        _WARNING,
        "{column} differs from the ID number; it was taken as written.",
        "“{column_zh}”与身份证号不一致，按所填内容读取。",
    ),
    "SEX_DIFFERS_FROM_ID": (
        _WARNING,
        "{column} differs from the ID number; the ID number was followed.",
        "“{column_zh}”与身份证号不一致，以身份证号为准。",
    ),
    "FURTHER_PHONES": (
        _WARNING,
        "{column} holds several phones; the first is kept.",
        "“{column_zh}”填有多个号码，只保留第一个。",
    ),
    "INVALID_PHONE": (
        _ERROR,
        "{column} must have 11 digits beginning with 13 to 19, or be a landline with area code.",
        "“{column_zh}”应为以13-19开头的11位手机号，或带区号的座机号。",
    ),
    "UNKNOWN_WORD": (
        _ERROR,
        "{column} has a word that is not known; use: {options}.",
        "“{column_zh}”的内容无法识别，可填：{options}。",
    ),
    "STAGE_NOT_STORED": (
        _WARNING,
        "{column} names a stage on the way into the Party; it was read as 群众.",
        "“{column_zh}”填写的是发展阶段，按“群众”读取。",
    ),
    "INVALID_NUMBER": (_ERROR, "{column} must be a number from {options}.", "“{column_zh}”应为{options}之间的数字。"),
    "REPEATED_WORD": (
        _WARNING,
        "{column} names one item twice; the first was taken.",
        "“{column_zh}”有重复项，取第一个。",
    ),
    "TEXT_TOO_LONG": (
        _ERROR,
        "{column} is longer than {options} characters; shorten it.",
        "“{column_zh}”超过{options}字，请缩短。",
    ),
    "REVERSED_PERIOD": (_ERROR, "{column} lies before the beginning of the period.", "“{column_zh}”早于开始时间。"),
    # careers
    "UNREADABLE_CAREER": (
        _WARNING,
        "Entry {options} of {column} is not readable and was left out; write 2012.07-2016.03 place post.",
        "“{column_zh}”第{options}条无法识别，未读取；请按“2012.07-2016.03 地点 职务”填写。",
    ),
    "REVERSED_CAREER": (
        _WARNING,
        "Entry {options} of {column} ends before it begins and was left out.",
        "“{column_zh}”第{options}条结束时间早于开始时间，未读取。",
    ),
    "UNKNOWN_CAREER_PLACE": (
        _WARNING,
        "The village in entry {options} of {column} was not found in the county; the post was kept without it.",
        "“{column_zh}”第{options}条的村在本县未找到，保留职务，不关联到村。",
    ),
    # places
    "UNKNOWN_PLACE": (
        _ERROR,
        "{column} was not found in the county. Similar: {options}.",
        "“{column_zh}”在本县未找到。相近的有：{options}。",
    ),
    "AMBIGUOUS_PLACE": (
        _ERROR,
        "{column} fits several divisions: {options}; write the full name or code.",
        "“{column_zh}”对应多个区划：{options}；请写全称或代码。",
    ),
    "UNKNOWN_RESIDENCE": (
        _WARNING,
        "{column} was not found in the county; it was left out.",
        "“{column_zh}”在本县未找到，未读取。",
    ),
    "VILLAGE_IN_OTHER_TOWNSHIP": (
        _ERROR,
        "The code in {column} belongs to another township: {options}; correct the township or the code.",
        "“{column_zh}”中的代码属于其他乡镇：{options}；请更正乡镇或代码。",
    ),
    "UNKNOWN_DESTINATION": (
        _ERROR,
        "The header of this column is no place of the county; write its full name or code.",
        "该列表头在本县未找到对应的区划；请写全称或代码。",
    ),
    "NOT_A_TOWNSHIP": (
        _ERROR,
        "{column} must name townships of the county.",
        "“{column_zh}”应填写本县的乡镇（街道）。",
    ),
    "DIVISION_NOT_ON_FILE": (
        _ERROR,
        "{column} names a division that is not on file; import the table of divisions first.",
        "“{column_zh}”中的区划不在库中；请先导入区划代码表。",
    ),
    "INVALID_DIVISION_CODE": (
        _ERROR,
        "{column} must have 12 digits (or the first 6 or 9) of a division of this county, GB/T 2260 and GB/T 10114.",
        "“{column_zh}”应为本县区划的12位代码（或前6位、9位），见GB/T 2260、GB/T 10114。",
    ),
    "LEVEL_DIFFERS_FROM_CODE": (
        _ERROR,
        "{column} does not fit the digits of the code; correct one of them.",
        "“{column_zh}”与代码位数不符，请更正。",
    ),
    "DUPLICATE_CODE": (
        _ERROR,
        "This code stands in an earlier row: {options}.",
        "该代码与前面的行重复：{options}。",
    ),
    "MISSING_COORDINATE_SYSTEM": (
        _ERROR,
        "Coordinates need their system; write WGS84 or GCJ02 into {column}.",
        "填写了经纬度，须在“{column_zh}”写明 WGS84 或 GCJ02。",
    ),
    "INVALID_COORDINATES": (
        _ERROR,
        "{column} must be degrees in China, longitude and latitude both.",
        "“{column_zh}”应为中国境内的经度和纬度（度），两者须同时填写。",
    ),
    "REVOKED_DIVISION_IN_USE": (
        _WARNING,
        "People are still recorded in this division; move them to the one that follows it.",
        "该区划下仍有人员，请调整到后续区划。",
    ),
    "ASYMMETRIC_TIME": (
        _WARNING,
        "{column} differs from the way back or from an earlier row ({options} minutes); the earlier one was taken.",
        "“{column_zh}”与反方向或前面的行不一致（{options}分钟），取前面的内容。",
    ),
    "SAME_PLACE": (_ERROR, "Both places are the same.", "两处为同一地点。"),
    "ZONE_PERIOD_OVERLAPS": (
        _ERROR,
        "This township belongs to the zone already for a period that overlaps this one; correct the dates.",
        "该乡镇已属于该片区，且起止时间重叠，请更正日期。",
    ),
    "COUNTY_SHEET": (
        _ERROR,
        "This table is kept by the county; remove this sheet.",
        "该表由县级维护，请删除该工作表。",
    ),
    "OUTSIDE_TERRITORY": (_ERROR, "{column} lies outside your territory.", "“{column_zh}”不在您的辖区内。"),
    # people
    "DUPLICATE_PERSON": (
        _ERROR,
        "This person stands in an earlier row of the same kind: {options}.",
        "该人员与前面同类表的行重复：{options}。",
    ),
    "NAME_DIFFERS": (
        _ERROR,
        "The ID number belongs to a person of another name; check both.",
        "该身份证号对应的姓名不同，请核对。",
    ),
    "PERSON_IN_OTHER_COUNTY": (_ERROR, "This person's file is kept by another county.", "该人员的档案在其他县。"),
    "PERSON_OUTSIDE_TERRITORY": (
        _ERROR,
        "This person's file lies outside your territory.",
        "该人员的档案不在您的辖区内。",
    ),
    "NAMESAKE_DIFFERS": (
        _ERROR,
        "A person of this name and month of birth has another sex or day of birth; fill in {column}.",
        "库中有同名同出生年月人员，但性别或出生日期不同；请填写“{column_zh}”。",
    ),
    "NAMESAKE_ON_FILE": (
        _WARNING,
        "Another person of this name and month of birth has a different {column}; check that it is not the same one.",
        "另有同名同出生年月人员，“{column_zh}”不同；请核对是否为同一人。",
    ),
    "NAMESAKE_ELSEWHERE": (
        _ERROR,
        "A person of this name and month of birth is on file in another place; the two cannot be told apart. Fill in "
        "{column} here and on that record, or correct the village. Two records of one person: merge them "
        "(mergePersons).",
        "其他村（乡镇）已有同名同出生年月人员，无法判断是否为同一人；请在本表及库中补填“{column_zh}”，或更正所在村；"
        "同一人有两条记录的，请合并（mergePersons）。",
    ),
    "AMBIGUOUS_PERSON": (
        _ERROR,
        "Several people have this name; fill in the ID number.",
        "有多人同名，请填写身份证号。",
    ),
    "PERSON_NOT_FOUND": (
        _ERROR,
        "This person is neither in the file nor in the county's records.",
        "该人员不在本文件中，也不在本县库中。",
    ),
    "DEPENDS_ON_REJECTED_ROW": (
        _WARNING,
        "This row names a person whose own row has errors.",
        "该行涉及的人员所在行有错误。",
    ),
    "NAMESAKE_IN_VILLAGE": (
        _WARNING,
        "Another person of this name in this village has a different {column}; merge the two if they are one person.",
        "同村另有同名人员，“{column_zh}”不同；如为同一人，请合并。",
    ),
    "SAME_PERSON": (_ERROR, "Both sides are the same person.", "双方为同一人。"),
    "DUPLICATE_PAIR": (
        _WARNING,
        "These two people stand in an earlier row; the earlier one was taken.",
        "该两人与前面的行重复，取前面的行。",
    ),
    "MISSING_APPROVAL": (
        _ERROR,
        "A veto needs a reason and an approver; fill in {column}.",
        "否决须有理由和批准人，请填写“{column_zh}”。",
    ),
    "CONFLICTING_VALUE": (
        _WARNING,
        "{column} differs from an earlier row of the same person; the earlier one was taken.",
        "“{column_zh}”与同一人前面的行不一致，取前面的内容。",
    ),
    "CANDIDATE_LEFT_POOL": (
        _WARNING,
        "This candidate has left the pool; the state was not changed.",
        "该后备力量已退出，状态不变。",
    ),
    "REVIEW_NOT_LOWERED": (
        _WARNING,
        "{column} is behind the stored stage; the stored one was kept.",
        "“{column_zh}”低于库中进度，保留库中进度。",
    ),
    "MENTOR_IN_OTHER_POOL": (_WARNING, "This person is a mentor in another pool too.", "该人员同时在其他导师库中。"),
    "OTHER_POSTING_ACTIVE": (_WARNING, "This person has another active posting.", "该人员另有在任的选派任职。"),
}
