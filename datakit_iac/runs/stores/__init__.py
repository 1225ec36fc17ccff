"""Sessions of Stores that the operations of an update share, and the turns they take; not what is done in a session."""
