package io.argosy.broker.registration;

import io.argosy.broker.topic.TopicView;
import io.argosy.broker.topic.Topics;
import io.argosy.broker.topic.Topics.Change;
import io.argosy.proto.v1.Delta;
import io.argosy.proto.v1.GroupFence;
import io.argosy.proto.v1.TopicRoute;
import io.argosy.proto.v2.MessageType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The latest changes of topics, so that a name server that is a little behind need not be told everything. */
final class TopicHistory {

    private static final int CHANGES_MAX = 4096;

    private final Deque<Change> changes = new ArrayDeque<>();

    void add(Change change) {
        if (!changes.isEmpty() && change.version() != changes.getLast().version() + 1) {
            changes.clear();
        }
        changes.add(change);
        if (changes.size() > CHANGES_MAX) {
            changes.remove();
        }
    }

    void forget() {
        changes.clear();
    }

    /** Whether something happened after the version, as far as this history knows. */
    boolean hasNewerThan(long version) {
        return !changes.isEmpty() && changes.getLast().version() > version;
    }

    /**
     * What happened after the version; of a topic changed twice only the last.
     *
     * @return empty if the history does not reach back that far
     */
    Optional<Delta> since(long version, GroupFence fence) {
        if (changes.isEmpty() || changes.getFirst().version() > version + 1) {
            return Optional.empty();
        }
        Map<String, Change> lastByName = new LinkedHashMap<>();
        for (Change change : changes) {
            if (change.version() > version) {
                lastByName.put(name(change), change);
            }
        }
        Delta.Builder delta = Delta.newBuilder()
                .setFence(fence)
                .setBaseTopicsVersion(version)
                .setTopicsVersion(Math.max(version, changes.getLast().version()));
        lastByName.forEach((name, change) -> {
            if (change instanceof Change.Created created) {
                delta.addChangedTopics(route(created.topic()));
            } else {
                delta.addDeletedTopics(name);
            }
        });
        return Optional.of(delta.build());
    }

    static TopicRoute route(TopicView topic) {
        return TopicRoute.newBuilder()
                .setName(topic.name())
                .setTopicId(topic.topicId())
                .setQueueCount(topic.queueCount())
                .addAcceptMessageTypes(MessageType.NORMAL_VALUE)
                .build();
    }

    private static String name(Topics.Change change) {
        if (change instanceof Change.Created created) {
            return created.topic().name();
        }
        if (change instanceof Change.Deleted deleted) {
            return deleted.name();
        }
        throw new AssertionError(change);
    }
}
