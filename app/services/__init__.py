"""What the service does: one module per noun, functions that flush and leave the commit to the edges."""
