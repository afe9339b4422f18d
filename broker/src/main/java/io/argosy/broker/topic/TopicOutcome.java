package io.argosy.broker.topic;

/** What a CREATE_TOPIC or DELETE_TOPIC entry did. */
public sealed interface TopicOutcome {

    record Created(TopicView topic) implements TopicOutcome {}

    /** Nothing changed: the name is taken. */
    record Exists(TopicView topic) implements TopicOutcome {}

    /** Nothing changed: the group has {@link TopicTable#GROUP_QUEUES_MAX} queues. */
    record TooManyQueues() implements TopicOutcome {}

    record Deleted(TopicView topic) implements TopicOutcome {}

    /** Nothing changed: no such topic. */
    record Missing(String name) implements TopicOutcome {}
}
