"""What runs on a cluster: `make test-kubernetes` runs these, and `make test` leaves them out."""
