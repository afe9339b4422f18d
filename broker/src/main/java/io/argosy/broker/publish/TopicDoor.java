package io.argosy.broker.publish;

import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.topic.TopicOutcome;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.TopicView;
import io.argosy.broker.topic.Topics.AutoCreate;
import io.argosy.proto.v2.Code;
import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import io.argosy.wire.name.ResourceNames;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;

/** Finds the topic that messages go to, at the leader; creates it for the first message, if that is allowed (D18). */
public final class TopicDoor {

    private final RaftNode raft;
    private final TopicTable topics;
    private final AutoCreate autoCreate;
    private final Duration retention;
    private final InstantSource clock;

    /** @param retention how long topics that this creates keep messages at least */
    public TopicDoor(RaftNode raft, TopicTable topics, AutoCreate autoCreate, Duration retention, InstantSource clock) {
        this.raft = raft;
        this.topics = topics;
        this.autoCreate = autoCreate;
        this.retention = retention;
        this.clock = clock;
    }

    /** What became of the search. */
    sealed interface Found {

        record Topic(TopicView view) implements Found {}

        record Refused(Refusal refusal) implements Found {}

        /** The topic had to be created, and the proposal did not commit. */
        record Failed(ProposeResult result) implements Found {}
    }

    /** Calls the listener once: at once, or on the applier thread. */
    void find(String name, Consumer<Found> listener) {
        Optional<TopicView> topic = topics.topic(name);
        if (topic.isPresent()) {
            listener.accept(new Found.Topic(topic.get()));
        } else if (autoCreate.enabled() && ResourceNames.creatable(name)) {
            create(name, listener);
        } else {
            listener.accept(new Found.Refused(unknown(name)));
        }
    }

    /** The wording is what a client's own tests look for. */
    static Refusal unknown(String name) {
        return new Refusal(
                Code.TOPIC_NOT_FOUND, "CODE: 17  DESC: No topic route info in name server for the topic: " + name);
    }

    private void create(String name, Consumer<Found> listener) {
        ByteBuffer payload = new CreateTopic(clock.millis(), name, autoCreate.queueCount(), retention).encode();
        raft.propose(payload, Entry.crcOf(payload), result -> {
            if (!(result instanceof ProposeResult.Committed committed)) {
                listener.accept(new Found.Failed(result));
                return;
            }
            TopicOutcome outcome = topics.outcome(committed.index()).orElseThrow();
            if (outcome instanceof TopicOutcome.Created created) {
                listener.accept(new Found.Topic(created.topic()));
            } else if (outcome instanceof TopicOutcome.Exists exists) {
                listener.accept(new Found.Topic(exists.topic()));
            } else {
                listener.accept(new Found.Refused(new Refusal(
                        Code.FORBIDDEN, "topic " + name + " cannot be created: the group has too many queues")));
            }
        });
    }
}
