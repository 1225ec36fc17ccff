"""Images: what `dk build` makes."""
