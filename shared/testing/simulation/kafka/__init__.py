"""A model of Kafka: topics of partitions, producers, and consumer groups that rebalance."""
