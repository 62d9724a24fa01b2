"""The invented people of a sample, with everything the workbooks say about them."""

from app.sample.allocation import allocate
from app.sample.catalog import Sample
from app.sample.mentees import make_mentees
from app.sample.mentors import make_mentors
from app.sample.people_maker import PeopleMaker
from app.sample.places import SamplePlaces
from app.sample.records import SamplePeople
from app.sample.ties import Ties


def generate_people(sample: Sample, places: SamplePlaces | None = None) -> SamplePeople:
    """Everybody of the sample; the same sample and seed give the same people."""
    known = places or SamplePlaces(sample)
    allocation = allocate(known)
    maker = PeopleMaker(known)
    mentees = make_mentees(maker, allocation)
    mentors = make_mentors(maker, allocation)
    ties = Ties(known.random("ties"), mentees, mentors)
    return SamplePeople(
        mentees=mentees,
        mentors=mentors,
        kinships=tuple(ties.kinships()),
        exclusions=tuple(ties.exclusions()),
        preferences=tuple(ties.preferences()),
    )
