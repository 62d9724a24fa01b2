"""Places: divisions and what lies inside them."""
