"""Everything an instance may not hold is refused before solving, with the index and the reason."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.errors import InvalidInstanceError, PinConflictError
from matching.instances import Instance, read_instance, read_pins, solve_instance

GOOD: dict[str, Any] = {
    "score": [[1.0, 2.0], [3.0, 4.0]],
    "conflict": [[0, 1], [0, 0]],
    "demand": [1, 1],
    "capacity": [1, 1],
}


def create(**changes: object) -> Instance:
    arrays = {**GOOD, **changes}
    return Instance.create(
        arrays["score"], conflict=arrays["conflict"], demand=arrays["demand"], capacity=arrays["capacity"]
    )


@pytest.mark.parametrize(
    ("changes", "item", "reason"),
    [
        ({"score": [[1.0, float("nan")], [3.0, 4.0]]}, "score[0,1]", "not a finite number"),
        ({"score": [[1.0, 2.0], [float("-inf"), 4.0]]}, "score[1,0]", "not a finite number"),
        ({"score": [1.0, 2.0]}, "score", "1 axes instead of 2"),
        ({"score": [["a", "b"], ["c", "d"]]}, "score", "not an array of numbers"),
        ({"conflict": [[0, 1]]}, "conflict", "has shape"),
        ({"conflict": [[0, 2], [0, 0]]}, "conflict[0,1]", "neither 0 nor 1"),
        ({"conflict": [[0, float("nan")], [0, 0]]}, "conflict[0,1]", "neither 0 nor 1"),
        ({"demand": [1, -1]}, "demand[1]", "not a count"),
        ({"demand": [1.5, 1]}, "demand[0]", "not a count"),
        ({"demand": [1]}, "demand", "1 entries, the scores have 2 people"),
        ({"capacity": [-3, 1]}, "capacity[0]", "not a count"),
        ({"capacity": [1, float("inf")]}, "capacity[1]", "not a finite number"),
        ({"capacity": [1, 1, 1]}, "capacity", "3 entries, the scores have 2 servers"),
    ],
)
def test_a_bad_array_is_refused_with_index_and_reason(changes: dict[str, object], item: str, reason: str) -> None:
    with pytest.raises(InvalidInstanceError) as refusal:
        create(**changes)
    assert refusal.value.item == item
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("pins", "named", "reason"),
    [
        ([(0, 1)], ("pin 0 (0,1)",), "in conflict"),
        ([(1, 1), (1, 1)], ("pin 0 (1,1)", "pin 1 (1,1)"), "more than once"),
        ([(1, 0), (1, 1)], ("pin 0 (1,0)", "pin 1 (1,1)"), "whose demand is 1"),
        ([(0, 0), (1, 0)], ("pin 0 (0,0)", "pin 1 (1,0)"), "whose capacity is 1"),
    ],
)
def test_clashing_pins_are_refused_by_name(pins: list[tuple[int, int]], named: tuple[str, ...], reason: str) -> None:
    with pytest.raises(PinConflictError) as refusal:
        solve_instance(create(), pins=pins)
    assert refusal.value.pins == named
    assert reason in str(refusal.value)


def test_a_pin_of_nobody_is_refused() -> None:
    with pytest.raises(InvalidInstanceError, match=r"pin 0 \(2,0\): people are 0 to 1"):
        solve_instance(create(), pins=[(2, 0)])


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_scores_beyond_every_scale_are_refused(size: float) -> None:
    with pytest.raises(InvalidInstanceError, match=r"score\[0,0\]: .*out of range"):
        solve_instance(Instance.create([[size]], demand=[1], capacity=[1]))


def write_folder(folder: Path, **files: str) -> Path:
    texts = {
        "scores": "1,2\n3,4\n",
        "conflicts": "0,1\n",
        "limits": "kind,index,units\nperson,0,1\nperson,1,1\nserver,0,1\nserver,1,2\n",
        **files,
    }
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_and_an_npz_file_hold_the_same_instance(tmp_path: Path) -> None:
    from_folder = read_instance(write_folder(tmp_path))
    path = tmp_path / "instance.npz"
    np.savez(path, S=from_folder.score, M=from_folder.conflict, d=from_folder.demand, c=from_folder.capacity)
    from_npz = read_instance(path)
    for name in ("score", "conflict", "demand", "capacity"):
        assert getattr(from_folder, name).tolist() == getattr(from_npz, name).tolist()
    assert from_folder.capacity.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"scores": "1,2\n3\n"}, r"score\[1\]: has 1 columns, the first line has 2"),
        ({"scores": "1,x\n3,4\n"}, r"score\[0,1\]: 'x' is not a number"),
        ({"scores": "1,nan\n3,4\n"}, r"score\[0,1\]: nan is not a finite number"),
        ({"conflicts": "0,5\n"}, r"conflicts\[0\] \(0,5\): names no pair"),
        ({"conflicts": "0\n"}, r"conflicts\[0\]: has 1 columns"),
        ({"limits": "person,0,1\n"}, r"limits.csv: needs the header"),
        ({"limits": "kind,index,units\nperson,0,1\n"}, r"limits.csv: has no line for person 1"),
        ({"limits": "kind,index,units\nperson,0,1\nperson,0,1\n"}, r"limits\[1\]: person 0 is given twice"),
        ({"limits": "kind,index,units\nperson,7,1\n"}, r"limits\[0\]: there is no person 7"),
        ({"limits": "kind,index,units\nmentor,0,1\n"}, r"limits\[0\]: must be person"),
    ],
)
def test_a_bad_folder_is_refused_with_line_and_reason(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInstanceError, match=message):
        read_instance(write_folder(tmp_path, **files))


def test_a_bad_npz_file_is_refused(tmp_path: Path) -> None:
    text, single, partial, objects = (tmp_path / f"{name}.npz" for name in ("text", "single", "partial", "objects"))
    text.write_text("no archive", encoding="utf-8")
    with single.open("wb") as stream:
        np.save(stream, np.zeros(3))
    np.savez(partial, S=np.zeros((1, 1)), d=np.ones(1))
    np.savez(objects, S=np.array([[None]]), d=np.ones(1), c=np.ones(1))
    for path, reason in ((text, "npz"), (single, "single array"), (partial, "no array c"), (objects, "npz")):
        with pytest.raises(InvalidInstanceError, match=reason):
            read_instance(path)


def test_pins_are_read_with_and_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "pins.csv"
    path.write_text("person,server\n3,7\n", encoding="utf-8")
    assert read_pins(path) == ((3, 7),)
    path.write_text("3,7\n\n1,2\n", encoding="utf-8")
    assert read_pins(path) == ((3, 7), (1, 2))
    path.write_text("3,x\n", encoding="utf-8")
    with pytest.raises(InvalidInstanceError, match=r"pins\[0\]: 'x' is not an index"):
        read_pins(path)
