"""Assignment instances that the benchmarks measure: real data beside the repository, and a generated one."""

from pathlib import Path

import numpy as np
import pytest

from matching.instances import Instance, read_instance

FOLDER = next(
    (
        parent / "shared" / "instances"
        for parent in Path(__file__).parents
        if (parent / "shared" / "instances").exists()
    ),
    Path("shared", "instances"),
)
"""The nearest folder shared/instances beside the repository or further up."""


def real(name: str) -> Instance:
    """Read a real instance; skips where the folder is absent."""
    path = FOLDER / f"{name}.npz"
    if not path.exists():
        pytest.skip("there is no folder shared/instances beside or above the repository")
    return read_instance(path)


def synthetic(n_people: int = 1216, n_counties: int = 10, *, seed: int = 11) -> Instance:
    """Return twice as many servers as people, two for each, capacity 1, none across counties, 1 % conflicts.

    A score is 0.55 for nearness within the county (falling with distance), 0.4 for the server's experience and 0.2 for
    how far the server's six skills meet the person's needs: about 0 to 1.1, hardly any two alike. Supply equals demand,
    and all of it can be filled; at full size the greatest sum is about 2,077.
    """
    generator = np.random.default_rng(seed)
    n_servers = 2 * n_people
    county = np.arange(n_people) % n_counties
    place, post = generator.random((n_people, 2)), generator.random((n_servers, 2))
    distance = np.hypot(place[:, None, 0] - post[None, :, 0], place[:, None, 1] - post[None, :, 1])
    experience = generator.beta(4.0, 1.5, n_servers)
    needs = generator.dirichlet(np.full(6, 0.5), n_people)
    skills = generator.choice([0.0, 0.6, 1.0], p=[0.5, 0.3, 0.2], size=(n_servers, 6))
    score = 0.55 * np.exp(-distance / 0.4) + 0.4 * experience + 0.2 * (needs @ skills.T)
    is_far = county[:, None] != np.repeat(county, 2)[None, :]
    return Instance.create(
        score,
        conflict=is_far | (generator.random((n_people, n_servers)) < 0.01),
        demand=np.full(n_people, 2),
        capacity=np.ones(n_servers, dtype=np.int64),
    )
