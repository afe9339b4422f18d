package io.argosy.broker.topic;

import io.argosy.broker.command.CreateTopic;
import java.time.Duration;
import java.util.Optional;

/** What a topic may be like when it is created: the same for the configuration and for the admin call. */
public final class TopicLimits {

    public static final int QUEUES_MIN = 1;
    public static final int QUEUES_MAX = CreateTopic.QUEUE_COUNT_MAX;
    /** Shorter than the time between looks for what to remove would promise what is not kept. */
    public static final Duration RETENTION_MIN = Duration.ofMinutes(1);

    public static final Duration RETENTION_MAX = Duration.ofDays(3660);

    private TopicLimits() {}

    /** What is wrong, for people; empty if nothing is. */
    public static Optional<String> problem(int queueCount, Duration retention) {
        if (queueCount < QUEUES_MIN || queueCount > QUEUES_MAX) {
            return Optional.of("a topic has " + QUEUES_MIN + " to " + QUEUES_MAX + " queues, not " + queueCount);
        }
        if (retention.compareTo(RETENTION_MIN) < 0 || retention.compareTo(RETENTION_MAX) > 0) {
            return Optional.of("retention is 1m to 3660d, not " + retention.toMillis() + " ms");
        }
        return Optional.empty();
    }
}
