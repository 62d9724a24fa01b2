"""The printed forms: their words and columns as data, and for each form what fills its table."""
