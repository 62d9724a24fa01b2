"""Why seats of a plan stay empty: certificates that counting proves, and remedies, in words fit for the viewer.

A certificate is told to whoever has one of its claiming mentees in the territory. Its counts are those of the whole
set; people outside the territory are named by nothing but the word for outsiders. Restricted reasons read AVOIDANCE.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Viewer, covers_division
from app.db import Database
from app.labels import Language, label, public_reason
from app.labels.questions import POLICY_ITEMS
from app.models import Division
from app.services.questions.ask import look
from app.services.questions.names import Names, visible_people
from app.services.questions.warm import warm_plan
from matching import Certificate, Diagnosis, Remedy, Words, certificate_words, remedy_words
from matching.diagnose import TownshipShortage
from matching.policy_options import PoolTier
from matching.vocabulary import MentorCategory, ReasonCode

_SLOT_CAP = re.compile(r"slots\.(\d+)\.cap")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyAnswer:
    """One decision that fills seats, in words."""

    remedy: Remedy
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAnswer:
    """One proved shortage, in words, with its remedies."""

    certificate: Certificate
    words: Words
    remedies: tuple[RemedyAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisAnswer:
    """The diagnosis of a plan: totals of the whole plan, certificates and townships of the viewer's territory.

    ``n_empty`` seats are empty in this plan, ``n_unavoidable`` of them in every plan.
    """

    n_seats: int
    n_empty: int
    n_unavoidable: int
    is_exact: bool
    certificates: tuple[CertificateAnswer, ...]
    policy_remedies: tuple[RemedyAnswer, ...]
    townships: tuple[TownshipShortage, ...]


def diagnose_plan(database: Database, viewer: Viewer, plan_id: UUID) -> DiagnosisAnswer:
    """Why seats of a plan stay empty under its data and policy, and what would help."""
    seen = look(database, viewer, plan_id)
    plan = warm_plan(database, seen.key)
    found = plan.diagnosis()
    with database.read() as session:
        names = Names(codes=plan.codes, visible=_visible(session, viewer, found))
        places = _places(session, found)
    terms = _Terms(names=names, slots=seen.slots, places=places, slot_codes=plan.basis.policy.slot_codes)
    shown = [
        certificate
        for certificate in found.certificates
        if any(claim.mentee_id in names.visible for claim in certificate.whole.claims)
    ]
    return DiagnosisAnswer(
        n_seats=found.n_seats,
        n_empty=found.n_seats - len(plan.basis.links),
        n_unavoidable=found.n_empty,
        is_exact=found.is_exact,
        certificates=tuple(_certificate(certificate, terms) for certificate in shown),
        policy_remedies=_remedies(found.policy_remedies, terms),
        townships=tuple(row for row in found.townships if covers_division(viewer, row.township)),
    )


def _visible(session: Session, viewer: Viewer, found: Diagnosis) -> frozenset[str]:
    remedies = [remedy for certificate in found.certificates for remedy in certificate.remedies]
    claims = (claim.mentee_id for certificate in found.certificates for claim in certificate.whole.claims)
    mentees = {*claims, *(remedy.mentee_id for remedy in remedies if remedy.mentee_id is not None)}
    return visible_people(session, viewer, mentees, {r.mentor_id for r in remedies if r.mentor_id is not None})


def _places(session: Session, found: Diagnosis) -> dict[str, str]:
    """Names of the townships in which remedies look for new mentors, by code."""
    codes = {remedy.township for certificate in found.certificates for remedy in certificate.remedies}
    known = select(Division.code, Division.name).where(col(Division.code).in_(codes - {None}))
    return dict(session.exec(known.order_by(col(Division.valid_from))).all())


@dataclass(frozen=True, slots=True)
class _Terms:
    """What ids and codes are called in the words of the library."""

    names: Names
    slots: Mapping[str, str]
    places: Mapping[str, str]
    slot_codes: tuple[str, ...]

    def of(self, language: Language) -> Callable[[str], str]:
        def name_of(item: str) -> str:
            if isinstance(item, ReasonCode):
                return public_reason(item, language)
            if isinstance(item, MentorCategory):
                return label(item, language)
            if item in self.names.codes:
                return self.names.of(item, language)
            if item in self.slots:
                return self.slots[item] if language is Language.ZH else item
            return self.places.get(item) or self._policy_item(item, language)

        return name_of

    def _policy_item(self, item: str, language: Language) -> str:
        is_chinese = language is Language.ZH
        if item in set(PoolTier):
            return label(PoolTier(item), language)
        slot = _SLOT_CAP.fullmatch(item)
        if slot is not None:
            code = self.slot_codes[int(slot[1])]
            return f"{self.slots[code]}的人数上限" if is_chinese else f"cap of {code}"
        if item in POLICY_ITEMS:
            return POLICY_ITEMS[item][0 if is_chinese else 1]
        path, _, last = item.rpartition(".")
        if path in POLICY_ITEMS and last in set(MentorCategory):
            category = label(MentorCategory(last), language)
            chinese, english = POLICY_ITEMS[path]
            return f"{category}的{chinese}" if is_chinese else f"{english} of {category.lower()}"
        return item


def _certificate(certificate: Certificate, terms: _Terms) -> CertificateAnswer:
    words = certificate_words(certificate, terms.of(Language.ZH), english_name_of=terms.of(Language.EN))
    return CertificateAnswer(certificate=certificate, words=words, remedies=_remedies(certificate.remedies, terms))


def _remedies(remedies: Iterable[Remedy], terms: _Terms) -> tuple[RemedyAnswer, ...]:
    names = terms.of(Language.ZH), terms.of(Language.EN)
    return tuple(
        RemedyAnswer(remedy=remedy, words=remedy_words(remedy, names[0], english_name_of=names[1]))
        for remedy in remedies
    )
