"""From the files below a folder to a project and its findings; nothing that says what is right, as `models` do."""
