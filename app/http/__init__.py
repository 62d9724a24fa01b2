"""REST doors beside GraphQL: health and downloads."""
