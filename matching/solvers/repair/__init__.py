"""Solvers of a repair: the part of a problem that may move, and what a budget of changes buys."""
