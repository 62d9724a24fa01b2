"""What protects personal data beside permissions: rotation of keys, reveals, pseudonyms and limits of keeping."""
