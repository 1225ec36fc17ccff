"""A real Kubernetes, control plane and node, built from the modules of the Go proxy; it needs root on Linux."""
