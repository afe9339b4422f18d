package io.argosy.broker.admin;

import io.argosy.broker.consume.GroupViews;
import io.argosy.broker.topic.TopicOutcome;
import io.argosy.broker.topic.Topics;
import io.argosy.raft.RaftNode;
import java.time.Duration;
import java.util.function.LongFunction;

/**
 * What admin commands look at and change.
 *
 * @param topicOutcomes what the entry with the index did; asked on the applier thread, right after it was applied
 * @param queueCountDefault of a topic that is created without saying how many
 */
public record AdminParts(
        String groupName,
        String version,
        RaftNode node,
        Topics topics,
        LongFunction<TopicOutcome> topicOutcomes,
        QueueOffsets offsets,
        GroupViews groups,
        int queueCountDefault,
        Duration retentionDefault) {

    /** Parts of {@link io.argosy.raft.Member#services()}, separated by commas. */
    public static final String SERVICE_CLIENT = "client=";

    public static final String SERVICE_ADMIN = "admin=";

    /** Ends of queues, as applied here. */
    public interface QueueOffsets {

        long minOffset(int topicId, int queueId);

        /** Offset of the next message. */
        long maxOffset(int topicId, int queueId);
    }
}
