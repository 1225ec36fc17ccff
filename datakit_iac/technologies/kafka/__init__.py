"""Kafka: topics of a cluster, their marks and schemas, and CloudQuery's plugins for them; nothing of other brokers."""
