package io.argosy.broker.publish;

import io.argosy.broker.message.MessageScan;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v2.Code;
import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import io.argosy.wire.batch.BodyCodec;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactCursor;
import io.argosy.wire.listener.ClientPort;
import io.argosy.wire.name.ResourceNames;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Compact batches at the leader: checks one as a whole, sets what only a leader knows, proposes the bytes as they came.
 * All of a batch is stored, or nothing. Any thread.
 */
public final class PublishCompact {

    private final RaftNode raft;
    private final TopicDoor topics;
    private final CompactApplier applier;
    private final WriteGate gate;
    private final InstantSource clock;

    public PublishCompact(
            RaftNode raft, TopicDoor topics, CompactApplier applier, WriteGate gate, InstantSource clock) {
        this.raft = raft;
        this.topics = topics;
        this.applier = applier;
        this.gate = gate;
        this.clock = clock;
    }

    /** What became of a batch. */
    public sealed interface Result {

        /**
         * Stored, now or before.
         *
         * @param baseOffset queue offset of the first message; -1 if the producer had stored a newer batch before, so that
         *     nobody remembers
         */
        record Stored(long baseOffset) implements Result {}

        /** Nothing is stored. */
        record Refused(Code code, String reason) implements Result {}

        /** Nothing was done here. */
        record NotLeader() implements Result {}

        /** May be stored or not; the same batch may be sent again. */
        record Unknown() implements Result {}
    }

    /**
     * Takes a batch.
     *
     * @param bytes hold the batch from a position on; must not change any more, and nobody else reads them yet
     * @param listener called once: at once, or on the applier thread
     */
    public void publish(String topic, byte[] bytes, int batchAt, int batchBytes, Consumer<Result> listener) {
        ByteBuffer payload = ByteBuffer.wrap(bytes, batchAt, batchBytes).slice();
        Optional<Refusal> refusal = ResourceNames.topicProblem(topic)
                .map(problem -> new Refusal(Code.ILLEGAL_TOPIC, problem))
                .or(() -> broken(payload))
                .or(() -> gate.closed().map(PublishCompact::later));
        if (refusal.isPresent()) {
            listener.accept(refused(refusal.get()));
            return;
        }
        topics.find(topic, found -> {
            if (found instanceof TopicDoor.Found.Topic exists) {
                propose(exists.view(), bytes, batchAt, payload, listener);
            } else if (found instanceof TopicDoor.Found.Refused refused) {
                listener.accept(refused(refused.refusal()));
            } else if (found instanceof TopicDoor.Found.Failed failed) {
                listener.accept(failed(failed.result()));
            } else {
                throw new AssertionError(found);
            }
        });
    }

    private static Refusal later(String reason) {
        return new Refusal(Code.TOO_MANY_REQUESTS, reason);
    }

    private static Result refused(Refusal refusal) {
        return new Result.Refused(refusal.code(), refusal.reason());
    }

    private static Optional<Refusal> broken(ByteBuffer payload) {
        CompactBatch.Checked checked = CompactBatch.check(payload);
        if (checked instanceof CompactBatch.Checked.Broken broken) {
            return Optional.of(new Refusal(Code.MESSAGE_CORRUPTED, broken.problem()));
        }
        CompactBatch.Checked.Sound sound = (CompactBatch.Checked.Sound) checked;
        if (sound.shortestBodyBytes() == 0) {
            return Optional.of(new Refusal(Code.MESSAGE_BODY_EMPTY, "a body is empty"));
        }
        if (sound.longestBodyBytes() > ClientPort.BODY_BYTES_MAX) {
            return Optional.of(new Refusal(
                    Code.MESSAGE_BODY_TOO_LARGE,
                    "a body has " + sound.longestBodyBytes() + " bytes, at most " + ClientPort.BODY_BYTES_MAX
                            + " are allowed"));
        }
        if (payload.remaining() > ClientPort.REQUEST_BYTES_MAX) {
            return Optional.of(new Refusal(
                    Code.PAYLOAD_TOO_LARGE,
                    "the batch has " + payload.remaining() + " bytes, at most " + ClientPort.REQUEST_BYTES_MAX
                            + " are allowed"));
        }
        // Once, at the door: a batch that nobody can open would stand in the way of all consumers of its queue.
        if (sound.batch().codec() != BodyCodec.NONE
                && sound.batch().openBodies().isEmpty()) {
            return Optional.of(new Refusal(Code.MESSAGE_CORRUPTED, "the compressed bodies cannot be opened"));
        }
        return sound.batch().hasAttributes() ? brokenAttributes(sound.batch()) : Optional.empty();
    }

    private static Optional<Refusal> brokenAttributes(CompactBatch batch) {
        MessageScan scan = new MessageScan();
        ByteBuffer bytes = batch.bytes();
        CompactCursor cursor = batch.cursor();
        while (cursor.next()) {
            if (cursor.propertiesLength() == 0 && cursor.systemLength() == 0) {
                continue;
            }
            if (!scan.scanAttributes(
                    bytes,
                    cursor.propertiesPosition(),
                    cursor.propertiesLength(),
                    cursor.systemPosition(),
                    cursor.systemLength())) {
                return Optional.of(new Refusal(
                        Code.MESSAGE_CORRUPTED, "attributes of message " + cursor.ordinal() + ": " + scan.problem()));
            }
            Optional<Refusal> refusal = MessageRules.brokenAttributes(scan);
            if (refusal.isPresent()) {
                return refusal;
            }
        }
        return Optional.empty();
    }

    private void propose(TopicView topic, byte[] bytes, int batchAt, ByteBuffer payload, Consumer<Result> listener) {
        CompactBatch.stamp(bytes, batchAt, clock.millis(), topic.topicId());
        raft.propose(payload, Entry.crcOf(payload), result -> {
            if (result instanceof ProposeResult.Committed committed) {
                listener.accept(stored(topic, applier.outcome(committed.index()).orElseThrow()));
            } else {
                listener.accept(failed(result));
            }
        });
    }

    private static Result stored(TopicView topic, PublishOutcome outcome) {
        return outcome instanceof PublishOutcome.NoSuchQueue
                ? new Result.Refused(
                        Code.TOPIC_NOT_FOUND,
                        "topic " + topic.name() + " has no such queue; it has " + topic.queueCount()
                                + " unless it was deleted just now")
                : new Result.Stored(outcome.offset(0));
    }

    private static Result failed(ProposeResult result) {
        if (result instanceof ProposeResult.NotLeader) {
            return new Result.NotLeader();
        }
        if (result instanceof ProposeResult.Indeterminate) {
            return new Result.Unknown();
        }
        if (result instanceof ProposeResult.Busy busy) {
            return refused(later(busy.reason()));
        }
        throw new AssertionError(result);
    }
}
