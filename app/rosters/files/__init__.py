"""Opening what people upload: which kind of file it is, whether it is safe, and its cells, still without meaning."""
