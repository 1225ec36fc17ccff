"""Kafka: topics of a cluster; its fields are known, the rest is to come."""
