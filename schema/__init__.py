"""The GraphQL door: types written by hand, cut into the same slices as the rest of the service."""

from schema import enums as enums  # registers the closed lists before any type names one
