"""Imports: uploaded files, their issues, corrections and headers."""
