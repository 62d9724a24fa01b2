"""Durable jobs: the only package that imports the job engine (DBOS Transact)."""
