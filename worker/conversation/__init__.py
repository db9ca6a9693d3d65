"""The conversation itself: no vendor names, no sockets."""
