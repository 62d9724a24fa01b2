"""Rosters: published versions, their entries, and files made of them."""
