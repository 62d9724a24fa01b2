"""Sample data: real divisions, invented people, and the workbooks that counties would send."""
