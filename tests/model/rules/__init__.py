"""The rules of the model: each is an edit, followed by `up`."""
