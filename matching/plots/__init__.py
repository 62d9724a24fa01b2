"""Figures for print, as matplotlib objects: ``pip install 'touyan[plots]'``.

Examples
--------
>>> import io
>>> from matching import PRESETS, solve
>>> from matching.generate import generate_facts
>>> from matching.plots import draw_loads
>>> figure, file = draw_loads(solve(generate_facts(7), PRESETS["TONGREN_2_PLUS_1"])), io.BytesIO()
>>> figure.savefig(file, format="pdf")
>>> file.getvalue()[:4]
b'%PDF'
"""

from matching.plots.figures import draw_distances, draw_loads, draw_trade_off
from matching.plots.labels import Language

__all__ = ["Language", "draw_distances", "draw_loads", "draw_trade_off"]
