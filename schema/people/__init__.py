"""People: persons, cadres, mentees, mentors and their pools."""
