"""Finding the tables in raw sheets: header, columns, data rows, and what is left out."""
