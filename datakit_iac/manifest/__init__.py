"""YAML manifests as typed models, and what they say of each other; nothing that needs an environment or a Store."""
