"""Exact solvers for scores of pairs: flow, linear relaxation with certified bounds, and integer search."""
