"""Labels of match runs: states, plans, closeness of a pair and the reasons of empty seats."""

from app.labels.entries import Entries
from app.models.vocabulary import PlanState, ReasonCode, Relation, RunMode, RunState, SolveStatus, TravelSource

LABELS: Entries = {
    RunMode: {
        RunMode.DRY_RUN: ("试排", "Dry run"),
        RunMode.FINAL: ("正式匹配", "Final run"),
    },
    RunState: {
        RunState.DRAFT: ("草稿", "Draft"),
        RunState.QUEUED: ("排队中", "Queued"),
        RunState.RUNNING: ("匹配中", "Running"),
        RunState.SOLVED: ("已完成", "Solved"),
        RunState.SOLVED_WITH_SHORTFALL: ("已完成（有缺口）", "Solved with shortfall"),
        RunState.INFEASIBLE: ("无可行方案", "Infeasible"),
        RunState.FAILED: ("运行失败", "Failed"),
        RunState.CANCELLED: ("已取消", "Cancelled"),
    },
    PlanState: {
        PlanState.PROPOSED: ("待提交", "Proposed"),
        PlanState.SUBMITTED: ("待审批", "Submitted"),
        PlanState.RETURNED: ("已退回", "Returned"),
        PlanState.APPROVED: ("已批准", "Approved"),
        PlanState.PUBLISHED: ("已发布", "Published"),
        PlanState.SUPERSEDED: ("已被替代", "Superseded"),
        PlanState.WITHDRAWN: ("已撤回", "Withdrawn"),
    },
    SolveStatus: {
        SolveStatus.OPTIMAL: ("已证明最优", "Proven optimal"),
        SolveStatus.FEASIBLE: ("可行（未证明最优）", "Feasible, not proven optimal"),
        SolveStatus.INFEASIBLE: ("无可行解", "Infeasible"),
        SolveStatus.NO_SOLUTION_FOUND: ("限时内未找到方案", "No solution found in time"),
        SolveStatus.CANCELLED: ("已取消", "Cancelled"),
    },
    Relation: {
        Relation.LINKED: ("包联村", "Linked village"),
        Relation.SAME_VILLAGE: ("同村", "Same village"),
        Relation.SAME_TOWNSHIP: ("同乡镇", "Same township"),
        Relation.ADJACENT_TOWNSHIP: ("相邻乡镇", "Adjacent township"),
        Relation.SAME_ZONE: ("同片区", "Same zone"),
        Relation.SAME_COUNTY: ("同县", "Same county"),
        Relation.OUTSIDE: ("县外", "Outside the county"),
    },
    TravelSource: {
        TravelSource.TABLE: ("里程时间表", "Travel-time table"),
        TravelSource.COORDINATES: ("坐标估算", "Estimated from coordinates"),
        TravelSource.SAME_TOWNSHIP_DEFAULT: ("同乡镇默认值", "Default within a township"),
        TravelSource.RELATION_CLASS: ("按区划关系", "By administrative relation"),
    },
    ReasonCode: {
        ReasonCode.NO_ELIGIBLE_MENTOR_IN_SCOPE: ("范围内无符合条件的导师", "No eligible mentor in scope"),
        ReasonCode.ALL_AT_CAPACITY: ("符合条件的导师名额已满", "All eligible mentors at capacity"),
        ReasonCode.KINSHIP: ("亲属回避", "Kinship avoidance"),
        ReasonCode.TENURE_GAP: ("任职年限差不足", "Gap in tenure too small"),
        ReasonCode.MIN_EXPERIENCE: ("基层工作年限不足", "Too little grassroots experience"),
        ReasonCode.APPRAISAL: ("年度考核未达要求", "Appraisals below the requirement"),
        ReasonCode.DISCIPLINE: ("处分影响期内", "Discipline in force"),
        ReasonCode.MENTOR_INACTIVE: ("导师不在库或不在帮带期", "Mentor not active"),
        ReasonCode.VETO: ("一方不同意结对", "Declined by one side"),
        ReasonCode.SLOT_CATEGORY: ("导师类别不符合岗位要求", "Category not allowed in the slot"),
        ReasonCode.EXCLUDED: ("禁止结对", "Excluded pair"),
        ReasonCode.TRAVEL_LIMIT: ("路程超过上限", "Beyond the travel limit"),
        ReasonCode.CROSS_COUNTY: ("不得跨县结对", "Pairing across counties not allowed"),
        ReasonCode.TOWNSHIP_RULE: ("不符合乡镇范围要求", "Township rule not met"),
        ReasonCode.VILLAGE_RULE: ("不符合村级范围要求", "Village rule not met"),
        ReasonCode.PINNED_ELSEWHERE: ("导师已锁定其他对象", "Mentor pinned elsewhere"),
        ReasonCode.DATA_MISSING: ("资料缺失", "Data missing"),
    },
}
