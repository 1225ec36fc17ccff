"""An endpoint that answers as AWS does, with accounts that are partly compliant: `python -m endpoint start`."""
