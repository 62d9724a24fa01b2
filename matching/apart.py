"""One piece of work in a process of its own: it tells on the way what it has, and the caller's limits end it at once.

The work is a pure function of picklable arguments that lives in a module; see ``crew`` for where processes come from.
"""

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Mapping
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from types import FunctionType, ModuleType
from typing import Any

from matching.control import Control
from matching.errors import SolverFailedError

ENDED = (
    "a worker process ended; start the run again, with fewer workers if memory was short. A program that solves with "
    "workers or with a limit must be importable: keep its start under `if __name__ == '__main__':`"
)

ASKING_S = 0.1
"""Seconds between two questions whether the caller wants to end the solve."""

NURSERY = "matching.nursery"
"""What the server process imports last."""

Tell = Callable[[Any], None]
"""Hands something over before the work is done."""


def work_apart(
    work: Callable[..., Any], *args: Any, control: Control, on_news: Callable[[Any], None], **params: Any
) -> Any:
    """Return ``work(tell, *args, **params)``, computed in another process.

    Parameters
    ----------
    on_news
        Called in this thread with whatever the work tells.

    Raises
    ------
    Interrupted
        When the caller's limits end the work; the process has been ended then.
    MatchingError
        What the work refused with.
    SolverFailedError
        When the process died.
    """
    control.check()
    context = multiprocessing.get_context("forkserver")
    warm_up()
    line, far_end = context.Pipe()
    process = context.Process(target=_serve, args=(far_end, work, args, params), daemon=True)
    process.start()
    far_end.close()
    try:
        while True:
            control.check()
            if not line.poll(ASKING_S):
                continue
            try:
                kind, value = line.recv()
            except (EOFError, OSError) as end:
                raise SolverFailedError(ENDED) from end
            if kind == "news":
                on_news(value)
            elif kind == "error":
                raise value
            else:
                return value
    finally:
        process.terminate()
        process.join()
        line.close()


def warm_up() -> None:
    """Start the process that worker processes come from, so that the first solve need not wait for its imports.

    Every worker runs the program's own file again, as the standard library wants it. Importing there what that file
    imports costs more than solving a county, so the process that they come from does it, once; a module that it cannot
    find is left to the workers. A program without a file, such as a notebook, is not run again.
    """
    program = sys.modules["__main__"]
    imported = imported_by(vars(program)) if getattr(program, "__file__", None) is not None else []
    multiprocessing.get_context("forkserver").set_forkserver_preload([*imported, NURSERY])
    forkserver.ensure_running()


def until_warm() -> None:
    """Return when a solve would begin at once: what ``warm_up`` has started makes processes by now."""
    warm_up()
    process = multiprocessing.get_context("forkserver").Process(target=_be_born, daemon=True)
    process.start()
    process.join()


def _be_born() -> None:
    """Do nothing: that this process could be made is all that is asked."""


def imported_by(names: Mapping[str, object]) -> list[str]:
    """Return the modules that the names of a module come from, other than the program itself.

    Examples
    --------
    >>> import fractions, json
    >>> imported_by({"json": json, "Fraction": fractions.Fraction, "main": None, "n": 3})
    ['fractions', 'json']
    """
    found = {
        value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        for value in names.values()
        if isinstance(value, ModuleType | FunctionType | type)
    }
    return sorted(name for name in found if name and name in sys.modules and name not in ("__main__", "builtins"))


def end_with_parent() -> None:
    """End this process when the one that asked for it is gone, even in the middle of a task that nobody waits for."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _serve(line: Connection, work: Callable[..., Any], args: tuple[Any, ...], params: dict[str, Any]) -> None:
    threading.Thread(target=end_with_parent, name="parent watch", daemon=True).start()
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        try:
            answer = ("answer", work(lambda news: line.send(("news", news)), *args, **params))
        except Exception as error:  # noqa: BLE001 - handed over to the caller's process, which raises it
            answer = ("error", error)
        line.send(answer)
