"""The engine on a plain assignment instance: a score matrix, conflicts, demands and capacities.

>>> import numpy as np
>>> instance = Instance.create([[0.5, 0.25], [1.0, 0.0]], demand=[1, 1], capacity=[1, 1])
>>> result = solve_instance(instance, fair=Fairness.MAXMIN)
>>> result.status.value, result.sum, result.min, result.assignments
('OPTIMAL', 1.25, 0.25, ((0, 1), (1, 0)))
"""

from matching.instances.files import read_instance, read_pins, read_tables
from matching.instances.problem import Instance
from matching.instances.result import Fairness, InstanceResult, StoppedBy
from matching.instances.solve import solve_instance

__all__ = [
    "Fairness",
    "Instance",
    "InstanceResult",
    "StoppedBy",
    "read_instance",
    "read_pins",
    "read_tables",
    "solve_instance",
]
