"""Solvers: the only room that knows OR-Tools."""
