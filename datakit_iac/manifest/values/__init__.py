"""The forms of single values, such as versions and durations, each with its parser; nothing that knows the models."""
