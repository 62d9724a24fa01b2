"""Bringing a sample into a database (places) and into a folder (workbooks)."""

from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session, col, select

from app.access import Viewer
from app.errors import SampleExistsError
from app.models import Division
from app.models.vocabulary import DivisionLevel
from app.sample.catalog import SAMPLES as SAMPLES
from app.sample.catalog import Sample
from app.sample.places import SamplePlaces
from app.sample.workbooks import CountyWorkbooks
from app.services.neighbourhoods import add_adjacencies, add_travel_times, add_village_conditions, add_zones
from app.services.places import load_divisions


def load_places(session: Session, viewer: Viewer, sample: Sample) -> int:
    """Store the divisions of a sample and their neighbourhood; returns the number of present divisions."""
    places = SamplePlaces(sample)
    prefix = sample.shape.code_prefix
    if session.exec(select(Division.id).where(col(Division.code).startswith(prefix)).limit(1)).first() is not None:
        raise SampleExistsError(
            f"Divisions with codes {prefix}… exist already; load the sample {sample.name} into an empty database.",
            f"代码以 {prefix} 开头的区划已存在；请将样例 {sample.name} 载入空数据库。",
        )
    load_divisions(session, viewer, places.division_records())
    add_zones(session, viewer, places.zones)
    add_adjacencies(session, viewer, places.adjacent_townships(), is_synthetic=True)
    add_travel_times(session, viewer, places.travel_times())
    add_village_conditions(session, viewer, places.village_conditions())
    return len(places.all)


def county_codes(sample: Sample) -> tuple[str, ...]:
    """Codes of the counties of a sample, in official order."""
    return tuple(place.code for place in SamplePlaces(sample).all if place.level is DivisionLevel.COUNTY)


def write_workbooks(sample: Sample, folder: Path, on_progress: Callable[[int, int], None] | None = None) -> list[Path]:
    """Write one workbook per county into ``folder``, in the order of ``county_codes``.

    ``on_progress`` is told after each file how many of how many are written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    books = CountyWorkbooks(sample)
    paths = []
    for county in books.counties:
        path = folder / books.file_name(county)
        path.write_bytes(books.render(county))
        paths.append(path)
        if on_progress is not None:
            on_progress(len(paths), len(books.counties))
    return paths
