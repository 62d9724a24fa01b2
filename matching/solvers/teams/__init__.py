"""Plans whose objective depends on whole teams: exact levels by flow, then columns, prices and a certified gap."""
