"""The samples there are: which divisions, how many people, and the programme each one is made for."""

from dataclasses import dataclass
from datetime import date

from app.models.vocabulary import MenteeKind, ProgramKind, Terrain

DEFAULT_SEED = 20250301
REFERENCE_DATE = date(2025, 3, 1)
"""Ages and careers are made as of this day, the first day of the programmes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleProgram:
    """The pairing programme that a sample is made for."""

    division_code: str
    kind: ProgramKind
    mentee_kind: MenteeKind
    name: str
    year: int
    start_date: date
    preset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleShape:
    """Size and character of one sample.

    ``code_prefix`` are the leading digits of its divisions. ``n_villages`` is the number of distinct villages with
    mentees, ``None`` when every mentee has a village of his or her own. ``n_short_townships`` have fewer mentors
    than their mentees need; ``other_terrain`` names counties unlike the rest.
    """

    name: str
    code_prefix: str
    n_mentees: int
    n_mentors: int
    n_villages: int | None
    n_short_townships: int
    terrain: Terrain
    other_terrain: dict[str, Terrain]
    counties_with_travel_table: tuple[str, ...]
    program: SampleProgram


_SHAPES = (
    SampleShape(
        name="tongren",
        code_prefix="5206",
        n_mentees=1216,
        n_mentors=2432,
        n_villages=None,
        n_short_townships=6,
        terrain=Terrain.MOUNTAIN,
        other_terrain=dict.fromkeys(("520602000000", "520603000000", "520622000000"), Terrain.HILLS),
        counties_with_travel_table=("520621000000", "520624000000", "520628000000"),
        program=SampleProgram(
            division_code="520600000000",
            kind=ProgramKind.TWO_PLUS_ONE,
            mentee_kind=MenteeKind.RESERVE_CANDIDATE,
            name="铜仁市2025年村级后备力量“2+1”结对帮带",
            year=2025,
            start_date=REFERENCE_DATE,
            preset="TONGREN_2_PLUS_1",
        ),
    ),
    SampleShape(
        name="fushan",
        code_prefix="141027",
        n_mentees=30,
        n_mentors=56,
        n_villages=20,
        n_short_townships=2,
        terrain=Terrain.HILLS,
        other_terrain={},
        counties_with_travel_table=(),
        program=SampleProgram(
            division_code="141027000000",
            kind=ProgramKind.ONE_TO_ONE,
            mentee_kind=MenteeKind.ASSIGNED_CADRE,
            name="浮山县2025年选派干部导师帮带",
            year=2025,
            start_date=REFERENCE_DATE,
            preset="FUSHAN_ONE_TO_ONE",
        ),
    ),
    SampleShape(
        name="chifeng",
        code_prefix="1504",
        n_mentees=3000,
        n_mentors=6300,
        n_villages=2060,
        n_short_townships=8,
        terrain=Terrain.HILLS,
        other_terrain=dict.fromkeys(("150421000000", "150423000000", "150426000000"), Terrain.PLAIN),
        counties_with_travel_table=("150428000000",),
        program=SampleProgram(
            division_code="150400000000",
            kind=ProgramKind.TWO_PLUS_ONE,
            mentee_kind=MenteeKind.RESERVE_CANDIDATE,
            name="赤峰市2025年嘎查村后备力量“2+1”结对帮带",
            year=2025,
            start_date=REFERENCE_DATE,
            preset="TONGREN_2_PLUS_1",
        ),
    ),
)

SHAPES = {shape.name: shape for shape in _SHAPES}
SAMPLES = tuple(SHAPES)
"""Names of the samples."""

PROGRAMS = {shape.name: shape.program for shape in _SHAPES}
"""The programme of each sample, by its name."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample under one seed; equal samples are equal to the last byte."""

    name: str
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        if self.name not in SHAPES:
            raise ValueError(f"There is no sample {self.name!r}; choose one of {', '.join(SAMPLES)}.")

    @property
    def shape(self) -> SampleShape:
        """Size and character of the sample."""
        return SHAPES[self.name]
