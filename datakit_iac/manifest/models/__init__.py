"""The kinds of manifest, one module each: fields, constraints and methods; nothing that reads files."""
