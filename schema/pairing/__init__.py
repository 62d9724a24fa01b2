"""Pairing: programmes, policies, what officers fix by hand, and pairings."""
