"""What is due: Transforms that are asked for, scheduled ones, and those whose inputs changed; not how a Run is done."""
