"""The executor `kubernetes`: each workload is a Job, whose pod meets the Pod Security level *restricted*."""
