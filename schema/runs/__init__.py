"""Runs: executions of the optimizer and the plans that result."""
