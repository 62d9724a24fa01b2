"""Workbooks of people on their way in, printed rosters on their way out; the room of Excel."""
