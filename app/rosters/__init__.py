"""Workbooks in and rosters out: the only package that knows Excel."""
