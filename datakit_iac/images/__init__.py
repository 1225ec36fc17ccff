"""Container images that are the same for the same inputs, made without a daemon, as OCI image layouts."""
