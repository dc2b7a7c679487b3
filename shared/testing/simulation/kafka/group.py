"""A consumer group: who reads which partitions. From where, each service knows itself."""

from typing import TYPE_CHECKING, Protocol

from aiokafka import TopicPartition

from shared.testing.simulation.world import World

if TYPE_CHECKING:
    from shared.testing.simulation.kafka.broker import Broker


class Member(Protocol):
    """One process's consumer."""

    instance: str
    topics: list[str]

    def learn(self, generation: int, partitions: list[TopicPartition]) -> None:
        """What it is to read from now on."""


class Group:
    """Members by instance, as they are static: who comes back in time keeps its partitions."""

    def __init__(self, world: World, name: str) -> None:
        self.generation = 0
        self._world = world
        self._name = name
        self._members: dict[str, Member] = {}
        self._assigned: dict[str, list[TopicPartition]] = {}

    def is_member(self, member: Member) -> bool:
        """Whether this very process stands for its instance."""
        return self._members.get(member.instance) is member

    def join(self, member: Member, broker: "Broker") -> None:
        """Come in, or come back in the place of one's dead self."""
        came_back = member.instance in self._members
        self._members[member.instance] = member
        if came_back:
            self._tell(member)
        else:
            self.rebalance(broker)

    def expire(self, member: Member, broker: "Broker") -> None:
        """It has not been heard of for too long."""
        if self.is_member(member):
            del self._members[member.instance]
            self._assigned.pop(member.instance, None)
            self.rebalance(broker)

    def rebalance(self, broker: "Broker") -> None:
        """Spread the partitions anew over the members."""
        self.generation += 1
        members = sorted(self._members)
        self._world.random.shuffle(members)
        self._assigned = {instance: [] for instance in members}
        if not members:
            return
        topics = self._members[members[0]].topics
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in range(len(broker.topics[topic]))
        ]
        for index, partition in enumerate(partitions):
            self._assigned[members[index % len(members)]].append(partition)
        self._world.note("kafka", f"{self._name} rebalances: generation {self.generation}")
        for instance in members:
            self._tell(self._members[instance])

    def _tell(self, member: Member) -> None:
        generation, partitions = self.generation, self._assigned[member.instance]
        delay = self._world.latency_seconds()
        self._world.loop.call_later(delay, member.learn, generation, partitions)
