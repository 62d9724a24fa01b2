"""Reading an instance and its pins from files.

An instance is an ``.npz`` file with the arrays ``S`` (scores), ``M`` (1 = conflict; may be absent), ``d`` (demands)
and ``c`` (capacities), or three csv files without headers except the last, in one folder or given one by one:

* ``scores.csv``: one line per person, one column per server;
* ``conflicts.csv``: one ``person,server`` pair per line, 0-based (the file may be absent or empty);
* ``limits.csv``: header ``kind,index,units``, then ``person,0,3`` (demand) or ``server,0,12`` (capacity), each index
  once.
"""

import csv
import zipfile
import zlib
from pathlib import Path

import numpy as np

from matching.errors import InvalidInstanceError
from matching.instances.pins import Pin
from matching.instances.problem import Instance


def read_instance(path: Path) -> Instance:
    """Read an ``.npz`` file or a folder of csv files.

    Raises
    ------
    InvalidInstanceError
        When a file or array is missing, cannot be read, or holds what an instance may not hold.
    """
    if not path.is_dir():
        return _read_npz(path)
    conflicts = path / "conflicts.csv"
    return read_tables(path / "scores.csv", conflicts if conflicts.exists() else None, path / "limits.csv")


def read_tables(scores: Path, conflicts: Path | None, limits: Path) -> Instance:
    """Read an instance from its csv files; without a file of conflicts there are none.

    Raises
    ------
    InvalidInstanceError
        When a file cannot be read, or holds what an instance may not hold; names the line or cell.
    """
    rows = _rows(scores)
    n, m = len(rows), len(rows[0]) if rows else 0
    score = np.zeros((n, m))
    for i, row in enumerate(rows):
        if len(row) != m:
            raise InvalidInstanceError(f"score[{i}]", f"has {len(row)} columns, the first line has {m}")
        for j, cell in enumerate(row):
            score[i, j] = _number(cell, f"score[{i},{j}]")
    conflict = np.zeros((n, m), dtype=bool)
    if conflicts is not None:
        for line, (person, server) in enumerate(_read_index_pairs(conflicts, "conflicts")):
            if not (0 <= person < n and 0 <= server < m):
                raise InvalidInstanceError(f"conflicts[{line}] ({person},{server})", "names no pair of the scores")
            conflict[person, server] = True
    demand, capacity = _read_limits(limits, n, m)
    return Instance.create(score, conflict=conflict, demand=demand, capacity=capacity)


def read_pins(path: Path) -> tuple[Pin, ...]:
    """Read pins, one ``person,server`` per line, 0-based; a first line with these two words is skipped."""
    return tuple(Pin(person, server) for person, server in _read_index_pairs(path, "pins"))


def _read_npz(path: Path) -> Instance:
    try:
        arrays = np.load(path, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise InvalidInstanceError(path.name, "is a single array; save S, M, d and c with numpy.savez")
        with arrays:
            found = {name: arrays[name] for name in ("S", "M", "d", "c") if name in arrays}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InvalidInstanceError(path.name, f"cannot be read as an npz file: {error}") from error
    for name in ("S", "d", "c"):
        if name not in found:
            raise InvalidInstanceError(path.name, f"has no array {name}; it needs S, d and c, and M for conflicts")
    return Instance.create(found["S"], conflict=found.get("M"), demand=found["d"], capacity=found["c"])


def _rows(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return [[cell.strip() for cell in row] for row in csv.reader(lines) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInstanceError(path.name, f"cannot be read: {error}") from error


def _read_limits(path: Path, n: int, m: int) -> tuple[list[float], list[float]]:
    rows = _rows(path)
    if not rows or rows[0] != ["kind", "index", "units"]:
        raise InvalidInstanceError(path.name, "needs the header kind,index,units")
    found: dict[str, dict[int, float]] = {"person": {}, "server": {}}
    for line, row in enumerate(rows[1:]):
        where = f"limits[{line}]"
        if len(row) != 3 or row[0] not in found:
            raise InvalidInstanceError(where, "must be person,index,demand or server,index,capacity")
        index = _index(row[1], where)
        if index in found[row[0]]:
            raise InvalidInstanceError(where, f"{row[0]} {index} is given twice; keep one")
        if not 0 <= index < (n if row[0] == "person" else m):
            raise InvalidInstanceError(where, f"there is no {row[0]} {index} in the scores")
        found[row[0]][index] = _number(row[2], where)
    for kind, count in (("person", n), ("server", m)):
        for index in range(count):
            if index not in found[kind]:
                raise InvalidInstanceError(path.name, f"has no line for {kind} {index}")
    return [found["person"][i] for i in range(n)], [found["server"][j] for j in range(m)]


def _read_index_pairs(path: Path, name: str) -> list[tuple[int, int]]:
    rows = _rows(path)
    if rows and rows[0] == ["person", "server"]:
        rows = rows[1:]
    pairs = []
    for line, row in enumerate(rows):
        where = f"{name}[{line}]"
        if len(row) != 2:
            raise InvalidInstanceError(where, f"has {len(row)} columns instead of person,server")
        pairs.append((_index(row[0], where), _index(row[1], where)))
    return pairs


def _number(cell: str, where: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise InvalidInstanceError(where, f"{cell!r} is not a number") from None


def _index(cell: str, where: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise InvalidInstanceError(where, f"{cell!r} is not an index") from None
