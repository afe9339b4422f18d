package io.argosy.broker.topic;

import java.time.Duration;

/**
 * A topic as applied here; immutable.
 *
 * @param topicId assigned at creation, never reused in the group
 * @param retention how long messages are kept at least
 */
public record TopicView(String name, int topicId, int queueCount, Duration retention) {}
