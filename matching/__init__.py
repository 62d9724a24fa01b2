"""Mentor matching as a pure library: facts and a policy in, a verified plan out."""
