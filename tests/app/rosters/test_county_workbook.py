"""A workbook with every kind of sheet: exact rows after the commit, and nothing new the second time."""

from datetime import date

import pytest
from openpyxl import Workbook
from sqlmodel import select

from app.models import (
    AnnualAppraisal,
    Appointment,
    AssignedCadre,
    DevelopmentNeed,
    Exclusion,
    ImportBatch,
    ImportIssue,
    ImportRow,
    KinshipDeclaration,
    Mentee,
    Mentor,
    MentorPool,
    MentorSpecialty,
    Person,
    PersonFlag,
    Preference,
    ReserveCandidate,
    VillageLink,
)
from app.models.vocabulary import (
    AppraisalGrade,
    CandidateSource,
    CandidateState,
    DatePrecision,
    ExclusionReason,
    ImportState,
    KinshipRelation,
    MentorCategory,
    MentorState,
    PersonFlagKind,
    PostKind,
    ReviewLevel,
    Sex,
    SkillLevel,
    Specialty,
    TargetPost,
    VillageLinkRole,
)
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row
from tests.factories import id_number
from tests.workbooks import (
    ASSIGNED_HEADERS,
    CANDIDATE_HEADERS,
    EXCLUSION_HEADERS,
    KINSHIP_HEADERS,
    MENTOR_HEADERS,
    PREFERENCE_HEADERS,
    add_sheet,
    new_workbook,
    to_bytes,
)

CANDIDATE = candidate_row(
    1,
    姓名="阿不都 • 买买提",
    籍贯="贵州思南",
    毕业院校及专业="铜仁学院农学专业",
    入党时间="2008.07",
    参加工作时间="2006年9月",
    现任职务="桂花村村委会主任",
    任职经历="2012.07-2016.03 桂花村 党支部书记、村委会主任\n2016.03-至今 塘头镇青杠坝村 村委会主任",
    能力需求="党建、矛盾调解(2)",
)
MENTOR = mentor_row(
    1,
    **{
        "任职经历": "2001.08-2010.05 板桥镇农业服务中心 站长；2010.05-至今 板桥镇 党委委员",
        "从业年限": "3.5",
        "专业特长/熟悉": "集体经济（财务）",
        "近三年考核/2022年": "称职",
        "近三年考核/2023年": "未定等次",
        "包联村": "垌心村委会、塘头镇青杠坝",
        "居住地": "桂花村",
        "处分影响期": "是",
    },
)
NUMBERS = {
    "candidate": str(CANDIDATE["身份证号"]),
    "mentor": str(MENTOR["身份证号"]),
    "assigned": id_number(date(1990, 10, 2), 3),
    "county": id_number(date(1970, 1, 31), 5),
}


def county_workbook() -> Workbook:
    book = new_workbook()
    add_sheet(book, "后备力量", CANDIDATE_HEADERS, [CANDIDATE], title="思南县村级后备力量信息台账")
    officer = {
        "乡镇（街道）": "县直", "姓名": "王五", "性别": "男", "出生年月": "1970.01", "类别": "县直干部",
        "身份证号": NUMBERS["county"], "包联村": "塘头镇桂花村",
    }  # fmt: skip
    mentors = [MENTOR, mentor_row(2, **officer)]
    add_sheet(book, "导师", MENTOR_HEADERS, mentors, title="帮带导师库")
    assigned = {
        "序号": 1, "乡镇（街道）": "塘头镇", "村（社区）": "青杠坝", "姓名": "赵 六", "性别": "男", "民族": "苗族",
        "出生年月": "1990年10月", "学历": "研究生", "政治面貌": "预备党员", "选派单位": "县财政局",
        "原单位及职务": "县财政局科员",
        "选派时间": "2024.05", "任期至": "2026.05", "任职经历": "2015.08-至今 县财政局 科员", "能力需求": "乡村治理",
        "身份证号": NUMBERS["assigned"], "联系电话": "13900000003",
    }  # fmt: skip
    add_sheet(book, "选派干部", ASSIGNED_HEADERS, [assigned])
    a, b = "阿不都·买买提", "李乙"
    add_sheet(book, "回避", KINSHIP_HEADERS, [
        {"甲方/姓名": a, "甲方/身份证号": NUMBERS["candidate"], "乙方/姓名": b, "乙方/身份证号": NUMBERS["mentor"],
         "关系": "近姻亲"}])  # fmt: skip
    add_sheet(book, "禁止", EXCLUSION_HEADERS, [
        {"帮带对象/姓名": "赵六", "帮带对象/身份证号": NUMBERS["assigned"], "导师/姓名": "王五",
         "导师/身份证号": NUMBERS["county"], "原因": "同一科室"}])  # fmt: skip
    add_sheet(book, "意愿", PREFERENCE_HEADERS, [
        {"填报人/姓名": a, "填报人/身份证号": NUMBERS["candidate"], "意愿对象/姓名": "王五",
         "意愿对象/身份证号": NUMBERS["county"], "意愿顺序": "第一"},
        {"填报人/姓名": "赵六", "意愿对象/姓名": b, "意愿顺序": "否决", "理由": "工作安排",
         "批准人": "组织部"}])  # fmt: skip
    return book


def test_a_county_workbook_commits_to_exact_rows(office_on_both: ImportOffice) -> None:
    office, places = office_on_both, office_on_both.places
    before = office.counts()
    batch = office.upload(to_bytes(county_workbook()))
    assert office.issues(batch) == []
    assert (batch.state, batch.counts) == (
        ImportState.READY,
        {"new": 6, "changed": 0, "unchanged": 0, "recorded": 2, "rejected": 0, "skipped": 2},
    )
    assert office.counts() == before
    office.commit(batch)
    assert batch.state is ImportState.COMMITTED
    assert batch.counts == {"new": 6, "changed": 0, "unchanged": 0, "recorded": 2, "rejected": 0, "skipped": 2}

    persons = {person.name: person for person in office.session.exec(select(Person)).all()}
    assert sorted(person.code for person in persons.values()) == [f"520624-0000{n}" for n in range(1, 5)]
    person = persons["阿不都·买买提"]
    assert person.sex is Sex.MALE
    assert (person.birth_date, person.birth_precision) == (date(1985, 6, 1), DatePrecision.MONTH)
    assert (person.ethnicity_code, person.education_code, person.political_status_code) == ("15", "31", "01")
    assert (person.school, person.major, person.native_place) == ("铜仁学院", "农学", "贵州思南")
    assert (person.party_join_date, person.work_start_date) == (date(2008, 7, 1), date(2006, 9, 1))
    assert (person.division_id, person.unit_and_post) == (places.guihua.id, "桂花村村委会主任")
    assert person.phone_masked == "138****0001"
    assert office.cipher.decrypt(person.id_number_encrypted or "") == NUMBERS["candidate"]

    posts = office.session.exec(select(Appointment)).all()
    names = {person.id: person.name for person in persons.values()}
    assert sorted(
        (names[p.person_id], p.start_date.isoformat(), p.post.value, p.title, p.division_id, p.end_date) for p in posts
    ) == sorted(
        [
            (
                "阿不都·买买提",
                "2012-07-01",
                PostKind.VILLAGE_SECRETARY,
                "党支部书记",
                places.guihua.id,
                date(2016, 3, 1),
            ),
            (
                "阿不都·买买提",
                "2012-07-01",
                PostKind.VILLAGE_DIRECTOR,
                "村委会主任",
                places.guihua.id,
                date(2016, 3, 1),
            ),
            ("阿不都·买买提", "2016-03-01", PostKind.VILLAGE_DIRECTOR, "村委会主任", places.qinggang.id, None),
            ("李乙", "2001-08-01", PostKind.STATION_STAFF, "站长", places.banqiao.id, date(2010, 5, 1)),
            ("李乙", "2010-05-01", PostKind.TOWNSHIP_LEADER, "党委委员", places.banqiao.id, None),
            ("赵六", "2015-08-01", PostKind.COUNTY_OFFICER, "科员", places.county.id, None),
        ]
    )
    assert {p.title for p in posts if p.is_leader} == {"党委委员"}
    assert {p.title for p in posts if not p.is_grassroots} == {"科员"}

    candidate = office.session.exec(select(ReserveCandidate)).one()
    assert (candidate.target_post, candidate.source, candidate.pool_date, candidate.review_level, candidate.state) == (
        TargetPost.SECRETARY, CandidateSource.SURVEYED_LOCAL, date(2024, 3, 1), ReviewLevel.COUNTY_VETTED,
        CandidateState.IN_POOL,
    )  # fmt: skip
    cadre = office.session.exec(select(AssignedCadre)).one()
    assert (cadre.sending_unit, cadre.assigned_from, cadre.term_end) == (
        "县财政局", date(2024, 5, 1), date(2026, 5, 1),
    )  # fmt: skip
    villages = {mentee.id: mentee.village_id for mentee in office.session.exec(select(Mentee)).all()}
    assert villages == {candidate.id: places.guihua.id, cadre.id: places.qinggang.id}
    needs = office.session.exec(select(DevelopmentNeed)).all()
    assert sorted((names[n.person_id], n.specialty.value, n.weight) for n in needs if n.person_id) == [
        ("赵六", Specialty.GOVERNANCE, 1.0),
        ("阿不都·买买提", Specialty.MEDIATION, 2.0),
        ("阿不都·买买提", Specialty.PARTY_BUILDING, 1.0),
    ]

    mentors = {names[m.person_id]: m for m in office.session.exec(select(Mentor)).all()}
    pools = {pool.id: pool.name for pool in office.session.exec(select(MentorPool)).all()}
    assert {
        name: (pools[m.pool_id], m.category, m.capacity, m.trade_years, m.state) for name, m in mentors.items()
    } == {
        "李乙": ("板桥镇帮带导师库", MentorCategory.TOWNSHIP_LEADER, 2, 3.5, MentorState.ACTIVE),
        "王五": ("思南县帮带导师库", MentorCategory.COUNTY_OFFICER, 2, None, MentorState.ACTIVE),
    }
    specialties = office.session.exec(select(MentorSpecialty)).all()
    assert sorted((s.specialty.value, s.level.value) for s in specialties if s.mentor_id == mentors["李乙"].id) == [
        (Specialty.COLLECTIVE_FINANCE, SkillLevel.FAMILIAR),
        (Specialty.MEDIATION, SkillLevel.GOOD),
        (Specialty.PARTY_BUILDING, SkillLevel.GOOD),
    ]
    appraisals = office.session.exec(select(AnnualAppraisal)).all()
    assert sorted((a.year, a.grade.value) for a in appraisals if names[a.person_id] == "李乙") == [
        (2022, AppraisalGrade.COMPETENT),
        (2023, AppraisalGrade.NOT_GRADED),
        (2024, AppraisalGrade.EXCELLENT),
    ]
    links = office.session.exec(select(VillageLink)).all()
    assert sorted((names[link.person_id], link.role.value, str(link.village_id)) for link in links) == sorted(
        [
            ("李乙", VillageLinkRole.TOWNSHIP_CADRE, str(places.dongxin.id)),
            ("李乙", VillageLinkRole.TOWNSHIP_CADRE, str(places.qinggang.id)),
            ("王五", VillageLinkRole.COUNTY_LEADER, str(places.other_guihua.id)),
        ]
    )
    assert persons["李乙"].residence_division_id == places.guihua.id
    flag = office.session.exec(select(PersonFlag)).one()
    assert (names[flag.person_id], flag.kind) == ("李乙", PersonFlagKind.DISCIPLINE_IN_FORCE)

    kinship = office.session.exec(select(KinshipDeclaration)).one()
    assert {names[kinship.person_a_id], names[kinship.person_b_id]} == {"阿不都·买买提", "李乙"}
    assert kinship.relation is KinshipRelation.CLOSE_IN_LAW
    exclusion = office.session.exec(select(Exclusion)).one()
    assert (names[exclusion.mentee_person_id], names[exclusion.mentor_person_id], exclusion.reason) == (
        "赵六", "王五", ExclusionReason.SAME_OFFICE,
    )  # fmt: skip
    wishes = office.session.exec(select(Preference)).all()
    reasons = {w.id: w.reason_encrypted and office.cipher.decrypt(w.reason_encrypted) for w in wishes}
    assert sorted(
        (names[w.from_person_id], names[w.to_person_id], w.rank, reasons[w.id], w.approved_by) for w in wishes
    ) == [
        ("赵六", "李乙", 0, "工作安排", "组织部"),
        ("阿不都·买买提", "王五", 1, None, None),
    ]
    uploaded, event = office.recorded()
    assert (uploaded.action, uploaded.target, uploaded.county_id) == (
        "IMPORT_UPLOADED", f"ImportBatch {batch.id}", batch.county_id,
    )  # fmt: skip
    assert uploaded.detail["file_sha256"] == event.detail["file_sha256"] == batch.file_sha256
    assert (event.action, event.target, event.detail["counts"]) == (
        "IMPORT_COMMITTED", f"ImportBatch {batch.id}", batch.counts,
    )  # fmt: skip


def test_the_second_import_of_the_same_file_writes_nothing(office_on_both: ImportOffice) -> None:
    office = office_on_both
    data = to_bytes(county_workbook())
    office.commit(office.upload(data))
    before = office.counts()
    versions = sorted((p.code, p.version, p.phone_encrypted) for p in office.session.exec(select(Person)).all())
    again = office.upload(data)
    assert again.counts == {"new": 0, "changed": 0, "unchanged": 6, "recorded": 2, "rejected": 0, "skipped": 2}
    office.commit(again)
    assert again.counts == {"new": 0, "changed": 0, "unchanged": 6, "recorded": 2, "rejected": 0, "skipped": 2}
    assert office.counts() == before | {"audit_event": before["audit_event"] + 1}
    office.session.expire_all()
    assert sorted((p.code, p.version, p.phone_encrypted) for p in office.session.exec(select(Person)).all()) == versions


def test_import_tables_and_audit_hold_no_clear_personal_numbers(office: ImportOffice) -> None:
    batch = office.upload(to_bytes(county_workbook()))
    office.commit(batch)
    texts = " ".join(
        str(row.model_dump())
        for rows in (
            *(office.session.exec(select(table)).all() for table in (ImportBatch, ImportRow, ImportIssue, Person)),
            office.recorded(),
        )
        for row in rows  # type: ignore[attr-defined]
    )
    for secret in (*NUMBERS.values(), "13800000001", "13900000001", "13900000003"):
        assert secret not in texts
    assert "买买提" not in " ".join(
        str(row.model_dump())
        for rows in (
            *(office.session.exec(select(table)).all() for table in (ImportBatch, ImportRow, ImportIssue)),
            office.recorded(),
        )
        for row in rows  # type: ignore[attr-defined]
    )


@pytest.mark.parametrize("order", [0, 1])
def test_a_changed_row_updates_only_what_changed(office: ImportOffice, order: int) -> None:
    office.commit(office.upload_mentors([mentor_row(1), mentor_row(2)]))
    rows = [mentor_row(1), mentor_row(2, **{"可帮带人数": 3, "近三年考核/2024年": "称职", "联系电话": "13700000009"})]
    batch = office.upload_mentors(rows if order == 0 else rows[::-1])
    assert batch.counts == {"new": 0, "changed": 1, "unchanged": 1, "recorded": 0, "rejected": 0, "skipped": 0}
    before = office.counts()
    office.commit(batch)
    assert office.counts() == before | {"audit_event": before["audit_event"] + 1}
    persons = {p.name: p for p in office.session.exec(select(Person)).all()}
    mentors = {m.person_id: m for m in office.session.exec(select(Mentor)).all()}
    assert (persons["李乙"].version, mentors[persons["李乙"].id].version) == (1, 1)
    assert (persons["李丙"].version, mentors[persons["李丙"].id].version) == (2, 2)
    assert (persons["李丙"].phone_masked, mentors[persons["李丙"].id].capacity) == ("137****0009", 3)
    assert [a.grade for a in office.session.exec(select(AnnualAppraisal)).all() if a.version == 2] == [
        AppraisalGrade.COMPETENT
    ]
