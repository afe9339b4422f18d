package io.argosy.broker.consume;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import io.argosy.broker.message.DeliveryEncoder;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.queue.QueueReader;
import io.argosy.broker.rpc.LeaderCall;
import io.argosy.broker.rpc.Leadership;
import io.argosy.broker.session.ClientLiveness;
import io.argosy.broker.topic.Topics;
import io.argosy.proto.v2.AckMessageEntry;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.AckMessageResponse;
import io.argosy.proto.v2.AckMessageResultEntry;
import io.argosy.proto.v2.ChangeInvisibleDurationRequest;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.GetOffsetRequest;
import io.argosy.proto.v2.GetOffsetResponse;
import io.argosy.proto.v2.PullMessageRequest;
import io.argosy.proto.v2.QueryOffsetRequest;
import io.argosy.proto.v2.QueryOffsetResponse;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.UpdateOffsetRequest;
import io.argosy.proto.v2.UpdateOffsetResponse;
import io.argosy.raft.RaftNode;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * What consumers call, at the leader. One loop thread owns what the leader knows ahead of the log; loading and encoding
 * of messages happen on the workers.
 */
public final class Consuming implements AutoCloseable {

    private static final long SWEEP_NANOS = TimeUnit.SECONDS.toNanos(5);

    /**
     * What consuming stands on.
     *
     * @param workers a few threads that may wait for the store and encode messages
     */
    public record Parts(
            RaftNode raft,
            Leadership leadership,
            Topics topics,
            AppliedProgress applied,
            ClientLiveness liveness,
            DeliveryEncoder encoder,
            Executor workers,
            InstantSource clock,
            LongSupplier nanoClock) {}

    private final Parts parts;
    private final ConsumeConfig config;
    private final Deliveries deliveries;
    private final EventLoop loop;
    private final Runnable stopLoop;
    private final ChangeProposer proposer;
    private final LiveTerm term;
    private final AckCalls acks;
    private final PullCalls pulls;
    private int parked;

    Consuming(Parts parts, ConsumeConfig config, Deliveries deliveries, EventLoop loop, Runnable stopLoop) {
        this.parts = parts;
        this.config = config;
        this.deliveries = deliveries;
        this.loop = loop;
        this.stopLoop = stopLoop;
        this.proposer = new ChangeProposer(parts.raft(), loop, parts.clock(), config);
        this.term = new LiveTerm(
                parts.raft(), loop, parts.clock(), config, parts.applied(), deliveries, proposer, parts.workers());
        this.acks = new AckCalls(this);
        this.pulls = new PullCalls(this);
        term.onEnd(pulls::termEnded);
        proposer.onLost(() -> term.restart(parts.leadership().view()));
        loop.onTurnEnd(() -> {
            term.flush();
            proposer.flush();
        });
        parts.leadership()
                .onChange(() ->
                        loop.execute(() -> term.leadership(parts.leadership().view())));
        parts.liveness().onGone(clientId -> loop.execute(() -> release(clientId)));
        parts.topics().onChange(change -> {
            if (change instanceof Topics.Change.Deleted) {
                loop.execute(this::dropDeletedTopics);
            }
        });
        loop.execute(() -> {
            term.leadership(parts.leadership().view());
            sweep();
        });
    }

    /**
     * Starts the loop. Create it before the first entry is applied: it listens for new messages.
     *
     * @param onFatal stops the replica
     */
    public static Consuming start(
            Parts parts, ConsumeConfig config, QueueIndex index, QueueReader reader, Consumer<Throwable> onFatal) {
        ConsumeThread thread = new ConsumeThread("consume", parts.nanoClock(), onFatal);
        Consuming consuming = new Consuming(parts, config, Deliveries.of(index, reader), thread, thread::close);
        index.onAdvance(consuming::advanced);
        thread.start();
        return consuming;
    }

    /** Stops the loop; calls that wait get no answer any more. */
    @Override
    public void close() {
        stopLoop.run();
    }

    public LeaderCall receiveMessage() {
        return (context, request, sink) -> {
            try {
                ReceiveCall.begin(this, parse(ReceiveMessageRequest.parser(), request), context, sink);
            } catch (Refusal refusal) {
                Answers.notReceived(
                        sink, refusal.code(), refusal.text(), parts.clock().millis());
            }
        };
    }

    public LeaderCall ackMessage() {
        return (context, request, sink) -> {
            AckMessageRequest parsed = AckMessageRequest.getDefaultInstance();
            try {
                parsed = parse(AckMessageRequest.parser(), request);
                acks.ack(parsed, context, sink);
            } catch (Refusal refusal) {
                AckMessageResponse.Builder response =
                        AckMessageResponse.newBuilder().setStatus(Answers.status(refusal.code(), refusal.text()));
                for (AckMessageEntry entry : parsed.getEntriesList()) {
                    response.addEntries(AckMessageResultEntry.newBuilder()
                            .setMessageId(entry.getMessageId())
                            .setReceiptHandle(entry.getReceiptHandle())
                            .setStatus(Answers.status(refusal.code(), refusal.text())));
                }
                Answers.unary(sink, response.build());
            }
        };
    }

    public LeaderCall changeInvisibleDuration() {
        return (context, request, sink) -> {
            ChangeInvisibleDurationRequest parsed = ChangeInvisibleDurationRequest.getDefaultInstance();
            try {
                parsed = parse(ChangeInvisibleDurationRequest.parser(), request);
                acks.change(parsed, context, sink);
            } catch (Refusal refusal) {
                AckCalls.answer(refusal.code(), refusal.text(), parsed.getReceiptHandle(), sink);
            }
        };
    }

    public LeaderCall pullMessage() {
        return (context, request, sink) -> {
            try {
                pulls.pull(parse(PullMessageRequest.parser(), request), context, sink);
            } catch (Refusal refusal) {
                Answers.notPulled(sink, refusal.code(), refusal.text());
            }
        };
    }

    public LeaderCall updateOffset() {
        return (context, request, sink) -> {
            try {
                pulls.update(parse(UpdateOffsetRequest.parser(), request), context, sink);
            } catch (Refusal refusal) {
                Answers.unary(
                        sink,
                        UpdateOffsetResponse.newBuilder()
                                .setStatus(Answers.status(refusal.code(), refusal.text()))
                                .build());
            }
        };
    }

    public LeaderCall getOffset() {
        return (context, request, sink) -> {
            try {
                pulls.get(parse(GetOffsetRequest.parser(), request), context, sink);
            } catch (Refusal refusal) {
                Answers.unary(
                        sink,
                        GetOffsetResponse.newBuilder()
                                .setStatus(Answers.status(refusal.code(), refusal.text()))
                                .build());
            }
        };
    }

    public LeaderCall queryOffset() {
        return (context, request, sink) -> {
            try {
                pulls.query(parse(QueryOffsetRequest.parser(), request), context, sink);
            } catch (Refusal refusal) {
                Answers.unary(
                        sink,
                        QueryOffsetResponse.newBuilder()
                                .setStatus(Answers.status(refusal.code(), refusal.text()))
                                .build());
            }
        };
    }

    private static <T> T parse(Parser<T> parser, ByteString request) {
        try {
            return parser.parseFrom(request);
        } catch (InvalidProtocolBufferException e) {
            throw new Refusal(Code.BAD_REQUEST, "request cannot be parsed: " + e.getMessage());
        }
    }

    /** New messages can be read; on the applier thread. */
    void advanced(int topicId, int queueId, long maxOffset) {
        loop.execute(() -> {
            term.advanced(topicId, queueId, maxOffset);
            pulls.advanced(topicId, queueId, maxOffset);
        });
    }

    // ---- for the calls ----

    Topics topics() {
        return parts.topics();
    }

    ConsumeConfig config() {
        return config;
    }

    EventLoop loop() {
        return loop;
    }

    InstantSource clock() {
        return parts.clock();
    }

    AppliedProgress applied() {
        return parts.applied();
    }

    DeliveryEncoder encoder() {
        return parts.encoder();
    }

    Executor workers() {
        return parts.workers();
    }

    Deliveries deliveries() {
        return deliveries;
    }

    ChangeProposer proposer() {
        return proposer;
    }

    LiveTerm term() {
        return term;
    }

    /** Takes a place among the waiting calls; false if there is none. On the loop. */
    boolean park() {
        if (parked >= config.parkedMax()) {
            return false;
        }
        parked++;
        return true;
    }

    void unpark() {
        parked--;
    }

    // ---- on the loop ----

    private void release(String clientId) {
        long visibleAtMillis = parts.clock().millis() + config.releaseDelay().toMillis();
        for (LiveTerm.Room room : Set.copyOf(term.rooms())) {
            room.subscription.release(clientId, visibleAtMillis);
            room.wake();
        }
    }

    /** Finds clients that were gone before this replica led, so that nobody told. */
    private void sweep() {
        Set<String> clients = new HashSet<>();
        term.rooms().forEach(room -> clients.addAll(room.subscription.autoRenewingClients()));
        for (String client : clients) {
            if (!parts.liveness().alive(client)) {
                release(client);
            }
        }
        loop.at(loop.nanoTime() + SWEEP_NANOS, this::sweep);
    }

    private void dropDeletedTopics() {
        Set<Integer> gone = new HashSet<>();
        term.rooms().forEach(room -> gone.add(room.key.topicId()));
        pulls.waitingTopics().forEach(gone::add);
        gone.removeIf(topicId -> parts.topics().topic(topicId).isPresent());
        gone.forEach(topicId -> {
            term.topicDeleted(topicId);
            pulls.topicDeleted(topicId);
        });
    }
}
