package io.argosy.broker.topic;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The topics of the group as applied on this replica; readable from any thread. */
public interface Topics {

    Optional<TopicView> topic(String name);

    Optional<TopicView> topic(int topicId);

    /** Sorted by name. */
    List<TopicView> all();

    /**
     * Rises by one with each change; equal on all replicas at equal applied index. Rises after the change can be seen:
     * read it before {@link #all}, and the list is at least as new.
     */
    long version();

    /** Called after each applied change, on the applier thread; must only hand the news over. */
    void onChange(Consumer<Change> listener);

    /** One step of the version. */
    sealed interface Change {

        /** {@link Topics#version} that this change led to. */
        long version();

        record Created(TopicView topic, long version) implements Change {}

        record Deleted(String name, long version) implements Change {}
    }

    /** How unknown topics are treated; the same on all replicas of a group. */
    record AutoCreate(boolean enabled, int queueCount) {
        public static final AutoCreate DEFAULT = new AutoCreate(true, 8);
    }
}
