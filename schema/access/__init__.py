"""Access: who is asking."""
