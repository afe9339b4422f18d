package io.argosy.broker.publish;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.command.PublishBatch.ClientHash;
import io.argosy.broker.message.MessageScan;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.rpc.LeaderCall;
import io.argosy.broker.rpc.ResponseSink;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v2.Code;
import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import io.argosy.wire.name.ResourceNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * SendMessage at the leader: scan, check, choose the queue, propose, answer once applied. The messages of a request that
 * go to one queue are one entry, so they are stored together or not at all; several queues make several entries. A
 * request may always be repeated: messages that were stored before are answered with the offsets they got then.
 */
public final class SendMessage implements LeaderCall {

    /** Entries stay well below {@link Entry#PAYLOAD_BYTES_MAX}; one message of the largest size fits. */
    private static final int ENTRY_MESSAGE_BYTES_MAX = 6 << 20;

    /** Of x-mq-language; producers of these send each message to a queue of their choice. */
    private static final Set<String> LANGUAGES_THAT_CHOOSE = Set.of("JAVA", "CPP", "DOTNET", "PYTHON", "RUST");

    private static final int MESSAGES_FIELD = 1;
    private static final int LENGTH_DELIMITED = 2;

    /** Clients that get no better hint wait this long; official ones have their own backoff. */
    private static final String RETRY_AFTER = "; retry-after=1000ms";

    private final RaftNode raft;
    private final TopicDoor topics;
    private final PublishApplier applier;
    private final WriteGate gate;
    private final InstantSource clock;
    private final AtomicInteger roundRobin = new AtomicInteger();

    public SendMessage(RaftNode raft, TopicDoor topics, PublishApplier applier, WriteGate gate, InstantSource clock) {
        this.raft = raft;
        this.topics = topics;
        this.applier = applier;
        this.gate = gate;
        this.clock = clock;
    }

    @Override
    public void handle(CallContext context, ByteString request, ResponseSink sink) {
        new Sending(context, request, sink).start();
    }

    /** One request on its way. Written by one thread at a time: the counter of open entries hands it over. */
    private final class Sending {

        private final CallContext context;
        private final ByteString request;
        private final ByteBuffer bytes;
        private final ResponseSink sink;

        private int count;
        private int[] positions = new int[1];
        private int[] lengths = new int[1];
        private int[] tagHashes = new int[1];
        private int[] queueIds = new int[1];
        private int[] idPositions = new int[1];
        private int[] idLengths = new int[1];
        private @Nullable Refusal[] refusals = new @Nullable Refusal[1];
        private long[] offsets = new long[1];
        private String topicName = "";

        private final AtomicInteger open = new AtomicInteger();
        private volatile boolean notLeader;
        private volatile boolean unknown;

        Sending(CallContext context, ByteString request, ResponseSink sink) {
            this.context = context;
            this.request = request;
            this.bytes = request.asReadOnlyByteBuffer();
            this.sink = sink;
        }

        void start() {
            Optional<Refusal> refusal = readRequest();
            if (refusal.isPresent()) {
                answer(SendResponses.refused(refusal.get()));
            } else if (acceptable() == 0) {
                answerEntries();
            } else {
                publish();
            }
        }

        // ---- reading ----

        /** Finds and checks the messages; what concerns one message alone is noted with it. */
        private Optional<Refusal> readRequest() {
            MessageScan scan = new MessageScan();
            int start = bytes.position();
            int topicPosition = 0;
            int topicLength = 0;
            try {
                CodedInputStream in = request.newCodedInput();
                for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                    if (tag >>> 3 != MESSAGES_FIELD) {
                        in.skipField(tag);
                        continue;
                    }
                    if ((tag & 7) != LENGTH_DELIMITED) {
                        return corrupted("the field messages has wire type " + (tag & 7));
                    }
                    int length = in.readRawVarint32();
                    int position = start + in.getTotalBytesRead();
                    in.skipRawBytes(length);
                    if (!scan.scan(bytes, position, length)) {
                        return corrupted("message " + count + ": " + scan.problem());
                    }
                    if (count == 0) {
                        topicPosition = scan.topicPosition();
                        topicLength = scan.topicLength();
                        topicName = scan.topic();
                    } else if (!scan.topicEquals(bytes, topicPosition, topicLength)) {
                        return corrupted("messages of one request must have the same topic");
                    }
                    note(scan);
                }
            } catch (IOException e) {
                return corrupted("the request ends early or is not protobuf");
            }
            if (count == 0) {
                return corrupted("the request has no message");
            }
            return ResourceNames.topicProblem(topicName).map(problem -> new Refusal(Code.ILLEGAL_TOPIC, problem));
        }

        private Optional<Refusal> corrupted(String reason) {
            return Optional.of(new Refusal(Code.MESSAGE_CORRUPTED, reason));
        }

        private void note(MessageScan scan) {
            if (count == positions.length) {
                grow(count * 4);
            }
            positions[count] = scan.messagePosition();
            lengths[count] = scan.messageLength();
            tagHashes[count] = scan.tagHash();
            queueIds[count] = scan.queueId();
            idPositions[count] = Math.max(scan.messageIdPosition(), 0);
            idLengths[count] = scan.messageIdLength();
            refusals[count] = MessageRules.broken(scan).orElse(null);
            count++;
        }

        private void grow(int length) {
            positions = Arrays.copyOf(positions, length);
            lengths = Arrays.copyOf(lengths, length);
            tagHashes = Arrays.copyOf(tagHashes, length);
            queueIds = Arrays.copyOf(queueIds, length);
            idPositions = Arrays.copyOf(idPositions, length);
            idLengths = Arrays.copyOf(idLengths, length);
            refusals = Arrays.copyOf(refusals, length);
            offsets = Arrays.copyOf(offsets, length);
        }

        private int acceptable() {
            int acceptable = 0;
            for (int i = 0; i < count; i++) {
                if (refusals[i] == null) {
                    acceptable++;
                }
            }
            return acceptable;
        }

        // ---- proposing ----

        private void publish() {
            Optional<String> closed = gate.closed();
            if (closed.isPresent()) {
                refuseRest(new Refusal(Code.TOO_MANY_REQUESTS, closed.get() + RETRY_AFTER));
                answerEntries();
                return;
            }
            open.set(1);
            topics.find(topicName, found -> {
                if (found instanceof TopicDoor.Found.Topic topic) {
                    publishTo(topic.view());
                    return;
                }
                if (found instanceof TopicDoor.Found.Refused refused) {
                    refuseRest(refused.refusal());
                } else if (found instanceof TopicDoor.Found.Failed failed) {
                    failed(failed.result(), this::refuseRest);
                } else {
                    throw new AssertionError(found);
                }
                close();
            });
        }

        private void publishTo(TopicView topic) {
            chooseQueues(topic);
            List<int[]> parts = parts();
            ClientHash client = ClientHash.of(context.clientId());
            long now = clock.millis();
            open.set(parts.size());
            for (int[] part : parts) {
                propose(topic, part, client, now);
            }
        }

        /**
         * The client's choice if it made a usable one. On the wire queue 0 looks like no choice, so who always chooses
         * must be known. Node.js clients always say 0 because of a mistake of theirs: they do not choose.
         */
        private void chooseQueues(TopicView topic) {
            boolean alwaysChooses = LANGUAGES_THAT_CHOOSE.contains(context.language());
            boolean neverChooses = context.userAgent().startsWith("grpc-node-js");
            int fallback = -1;
            for (int i = 0; i < count; i++) {
                if (queueIds[i] == MessageScan.ABSENT) {
                    queueIds[i] = 0;
                }
                boolean chosen = !neverChooses && (alwaysChooses || queueIds[i] != 0);
                if (!chosen || queueIds[i] < 0 || queueIds[i] >= topic.queueCount()) {
                    if (fallback < 0) {
                        fallback = Integer.remainderUnsigned(roundRobin.getAndIncrement(), topic.queueCount());
                    }
                    queueIds[i] = fallback;
                }
            }
        }

        /** Ordinals of acceptable messages, grouped by queue in order, each group small enough for an entry. */
        private List<int[]> parts() {
            if (count == 1) {
                return List.of(new int[] {0});
            }
            List<int[]> parts = new ArrayList<>();
            boolean[] taken = new boolean[count];
            int[] part = new int[count];
            for (int first = 0; first < count; first++) {
                if (taken[first] || refusals[first] != null) {
                    continue;
                }
                int size = 0;
                long partBytes = 0;
                for (int i = first; i < count; i++) {
                    if (taken[i] || refusals[i] != null || queueIds[i] != queueIds[first]) {
                        continue;
                    }
                    if (size == PublishBatch.MESSAGES_MAX
                            || (size > 0 && partBytes + lengths[i] > ENTRY_MESSAGE_BYTES_MAX)) {
                        break;
                    }
                    taken[i] = true;
                    part[size++] = i;
                    partBytes += lengths[i];
                }
                parts.add(Arrays.copyOf(part, size));
            }
            return parts;
        }

        private void propose(TopicView topic, int[] part, ClientHash client, long nowMillis) {
            int messageBytes = 0;
            for (int i : part) {
                messageBytes += lengths[i];
            }
            PublishBatch.Builder batch = new PublishBatch.Builder(
                    topic.topicId(), queueIds[part[0]], nowMillis, client, part.length, messageBytes);
            for (int i : part) {
                batch.add(bytes, positions[i], lengths[i], tagHashes[i]);
            }
            ByteBuffer payload = batch.build().encode();
            raft.propose(payload, Entry.crcOf(payload), result -> {
                if (result instanceof ProposeResult.Committed committed) {
                    committed(part, applier.outcome(committed.index()).orElseThrow());
                } else {
                    failed(result, refusal -> refuse(part, refusal));
                }
                close();
            });
        }

        // ---- answering ----

        private void committed(int[] part, PublishOutcome outcome) {
            if (outcome instanceof PublishOutcome.NoSuchQueue) {
                refuse(part, TopicDoor.unknown(topicName));
                return;
            }
            for (int ordinal = 0; ordinal < part.length; ordinal++) {
                offsets[part[ordinal]] = outcome.offset(ordinal);
            }
        }

        private void failed(ProposeResult result, Consumer<Refusal> refuse) {
            if (result instanceof ProposeResult.NotLeader) {
                notLeader = true;
            } else if (result instanceof ProposeResult.Busy busy) {
                refuse.accept(new Refusal(Code.TOO_MANY_REQUESTS, busy.reason() + RETRY_AFTER));
            } else if (result instanceof ProposeResult.Indeterminate) {
                unknown = true;
            } else {
                throw new AssertionError(result);
            }
        }

        private void refuse(int[] part, Refusal refusal) {
            for (int i : part) {
                refusals[i] = refusal;
            }
        }

        private void refuseRest(Refusal refusal) {
            for (int i = 0; i < count; i++) {
                if (refusals[i] == null) {
                    refusals[i] = refusal;
                }
            }
        }

        /** One entry has its outcome; the last one answers. Repeating the whole request elsewhere stores nothing twice. */
        private void close() {
            if (open.decrementAndGet() > 0) {
                return;
            }
            if (unknown) {
                sink.outcomeUnknown();
            } else if (notLeader) {
                sink.notLeader();
            } else {
                answerEntries();
            }
        }

        private void answerEntries() {
            answer(SendResponses.of(bytes, count, idPositions, idLengths, offsets, refusals));
        }

        private void answer(ByteString response) {
            sink.next(response);
            sink.complete();
        }
    }
}
