"""YAML manifests as typed models: one module per kind, loading with positions."""
