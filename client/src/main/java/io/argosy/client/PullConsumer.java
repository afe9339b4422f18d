package io.argosy.client;

import io.argosy.client.internal.CallFailure;
import io.argosy.client.internal.ClientIdentity;
import io.argosy.client.internal.ClusterLink;
import io.argosy.client.internal.FetchLink;
import io.argosy.client.internal.FetchedAnswer;
import io.argosy.client.internal.FetchedRun;
import io.argosy.client.internal.Queue;
import io.argosy.client.internal.Reply;
import io.argosy.client.internal.ServerStream;
import io.argosy.client.internal.Sessions;
import io.argosy.client.internal.StatusCodes;
import io.argosy.client.internal.Target;
import io.argosy.proto.v1.FetchRequest;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.GetOffsetRequest;
import io.argosy.proto.v2.GetOffsetResponse;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.PullMessageRequest;
import io.argosy.proto.v2.PullMessageResponse;
import io.argosy.proto.v2.QueryOffsetPolicy;
import io.argosy.proto.v2.QueryOffsetRequest;
import io.argosy.proto.v2.QueryOffsetResponse;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.UpdateOffsetRequest;
import io.argosy.proto.v2.UpdateOffsetResponse;
import io.argosy.wire.grpc.Rebinding;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads queues in order from offsets that it chooses, for replay and stream processing. Nothing is acknowledged; what
 * was read is remembered by {@link #commit}. Reads ahead into a bounded buffer. Thread-safe, but one thread polls.
 */
public final class PullConsumer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(PullConsumer.class);

    private static final MethodDescriptor<PullMessageRequest, PullMessageResponse> PULL =
            Rebinding.aliasing(MessagingServiceGrpc.getPullMessageMethod());

    private static final long SOON_MILLIS = 20;

    /** What one answer on the Fetch stream holds at most, unless the buffer is small or there are very many queues. */
    private static final int FETCH_BYTES_MAX = 1 << 20;

    private static final int FETCH_BYTES_MIN = 64 << 10;

    /** Answers of a queue that wait to be polled while the next one is asked for. */
    private static final int ANSWERS_AHEAD = 2;

    /** Answers in a row that are not what was stored, before that is reported. */
    private static final int BROKEN_MAX = 5;

    private final ArgosyClient client;
    private final ClusterLink link;
    private final String group;
    private final Filter filter;
    private final int batchMax;
    private final int bufferMessagesMax;
    private final long bufferBytesMax;
    private final Duration longPolling;
    private final ClientIdentity identity;
    private final Sessions sessions;
    /** Guards what follows; a lock because {@link #poll} waits for network threads to fill the buffers. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition filled = lock.newCondition();
    private final Map<QueueRef, Reader> readers = new LinkedHashMap<>();
    private final Map<String, FetchLink> fetchLinks = new HashMap<>();
    private final Deque<Reader> withMessages = new ArrayDeque<>();
    /** Wait for others to be polled: the bound on bytes is shared. */
    private final Deque<Reader> withoutRoom = new ArrayDeque<>();

    private long bufferedBytes;
    private boolean closed;

    private PullConsumer(Builder builder) {
        this.client = builder.client;
        this.link = client.link();
        this.group = builder.group;
        this.filter = builder.filter;
        this.batchMax = builder.batchMax;
        this.bufferMessagesMax = builder.batchMax * 2;
        this.bufferBytesMax = builder.bufferBytesMax;
        this.longPolling = builder.longPolling;
        this.identity = client.newIdentity();
        this.sessions = new Sessions(
                link,
                identity,
                new Subscriptions(
                        ClientType.PULL_CONSUMER, identity.namespace(), group, this::topics, Optional.of(longPolling)));
        client.opened(this);
    }

    private Map<String, Filter> topics() {
        Map<String, Filter> topics = new HashMap<>();
        lock.lock();
        try {
            readers.keySet().forEach(queue -> topics.put(queue.topic(), filter));
        } finally {
            lock.unlock();
        }
        return topics;
    }

    /** Reads all queues of the topic, each from what the group committed, or from its beginning. */
    public void assignTopic(String topic) {
        for (QueueRef queue : client.queues(topic)) {
            assign(queue, committed(queue).orElseGet(() -> beginningOffset(queue)));
        }
    }

    /** Reads the queue from the offset on. */
    public void assign(QueueRef queue, long offset) {
        requireKnown(queue);
        lock.lock();
        try {
            if (closed) {
                throw new ArgosyException.Closed("the consumer is closed");
            }
            Reader reader = readers.computeIfAbsent(queue, this::newReader);
            reader.restart(offset);
        } finally {
            lock.unlock();
        }
        sessions.ensure(queue.group());
    }

    /** Reads the queue no more. */
    public void unassign(QueueRef queue) {
        lock.lock();
        try {
            Reader reader = readers.remove(queue);
            if (reader != null) {
                reader.stop();
            }
        } finally {
            lock.unlock();
        }
    }

    public Set<QueueRef> assigned() {
        lock.lock();
        try {
            return Set.copyOf(readers.keySet());
        } finally {
            lock.unlock();
        }
    }

    /** Goes on from another offset. */
    public void seek(QueueRef queue, long offset) {
        lock.lock();
        try {
            reader(queue).restart(offset);
        } finally {
            lock.unlock();
        }
    }

    public void seekToBeginning(QueueRef queue) {
        seek(queue, beginningOffset(queue));
    }

    /** Goes on with what is stored from now on. */
    public void seekToEnd(QueueRef queue) {
        seek(queue, endOffset(queue));
    }

    /** Goes on with the first message stored at or after the time. */
    public void seekToTime(QueueRef queue, Instant time) {
        seek(queue, offsetAt(queue, time));
    }

    /** The offset of the next message that {@link #poll} will return. */
    public long position(QueueRef queue) {
        lock.lock();
        try {
            return reader(queue).position;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Messages of the assigned queues, those of a queue in order; waits for the first.
     *
     * @return empty if none came in time
     * @throws ArgosyException if a queue cannot be read; the other queues can, by polling again
     */
    public List<ReceivedMessage> poll(Duration timeout) {
        Callbacks.refuseToBlock();
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        while (true) {
            Optional<Piece> piece = next(deadlineNanos);
            if (piece.isEmpty()) {
                return List.of();
            }
            // Without the lock: network threads go on filling the buffers.
            List<ReceivedMessage> messages = piece.get().messages();
            if (!messages.isEmpty()) {
                return messages;
            }
        }
    }

    private Optional<Piece> next(long deadlineNanos) {
        lock.lock();
        try {
            while (true) {
                if (closed) {
                    throw new ArgosyException.Closed("the consumer is closed");
                }
                Reader reader = withMessages.poll();
                if (reader != null) {
                    return Optional.of(reader.take());
                }
                long leftNanos = deadlineNanos - System.nanoTime();
                if (leftNanos <= 0) {
                    return Optional.empty();
                }
                long unused = filled.awaitNanos(leftNanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** Remembers for the group, durably, that everything before {@link #position} was read, in all assigned queues. */
    public void commit() {
        Map<QueueRef, Long> positions = new LinkedHashMap<>();
        lock.lock();
        try {
            readers.forEach((queue, reader) -> positions.put(queue, reader.position));
        } finally {
            lock.unlock();
        }
        List<CompletableFuture<UpdateOffsetResponse>> answers = new ArrayList<>();
        positions.forEach((queue, offset) -> answers.add(update(queue, offset)));
        answers.forEach(ArgosyClient::await);
    }

    /** Remembers for the group that everything before the offset was read. */
    public void commit(QueueRef queue, long offset) {
        requireKnown(queue);
        ArgosyClient.await(update(queue, offset));
    }

    private CompletableFuture<UpdateOffsetResponse> update(QueueRef queue, long offset) {
        return link.ask(
                new Target.Group(queue.group()),
                MessagingServiceGrpc.getUpdateOffsetMethod(),
                UpdateOffsetRequest.newBuilder()
                        .setGroup(Queue.resource(identity.namespace(), group))
                        .setMessageQueue(proto(queue))
                        .setOffset(offset)
                        .build(),
                identity,
                "committing offset " + offset + " of " + queue,
                link.settings().requestTimeout().multipliedBy(3),
                UpdateOffsetResponse::getStatus);
    }

    /** What the group committed; empty if it never did. */
    public OptionalLong committed(QueueRef queue) {
        requireKnown(queue);
        CompletableFuture<GetOffsetResponse> answer = new CompletableFuture<>();
        String what = "reading the committed offset of " + queue;
        link.call(
                new Target.Group(queue.group()),
                MessagingServiceGrpc.getGetOffsetMethod(),
                GetOffsetRequest.newBuilder()
                        .setGroup(Queue.resource(identity.namespace(), group))
                        .setMessageQueue(proto(queue))
                        .build(),
                identity,
                what,
                System.nanoTime()
                        + link.settings().requestTimeout().multipliedBy(3).toNanos(),
                GetOffsetResponse::getStatus,
                Futures.into(answer));
        GetOffsetResponse offset = ArgosyClient.await(answer);
        return switch (offset.getStatus().getCode()) {
            case OK -> OptionalLong.of(offset.getOffset());
            case OFFSET_NOT_FOUND, CONSUMER_GROUP_NOT_FOUND, NOT_FOUND -> OptionalLong.empty();
            default -> throw ArgosyException.of(StatusCodes.failure(offset.getStatus(), what));
        };
    }

    /** The offset of the oldest message that is kept. */
    public long beginningOffset(QueueRef queue) {
        return query(queue, QueryOffsetPolicy.BEGINNING, Instant.EPOCH);
    }

    /** The offset that the next message will get. */
    public long endOffset(QueueRef queue) {
        return query(queue, QueryOffsetPolicy.END, Instant.EPOCH);
    }

    /** The offset of the first message stored at or after the time; the end if there is none. */
    public long offsetAt(QueueRef queue, Instant time) {
        return query(queue, QueryOffsetPolicy.TIMESTAMP, time);
    }

    private long query(QueueRef queue, QueryOffsetPolicy policy, Instant time) {
        requireKnown(queue);
        QueryOffsetRequest.Builder request =
                QueryOffsetRequest.newBuilder().setMessageQueue(proto(queue)).setQueryOffsetPolicy(policy);
        if (policy == QueryOffsetPolicy.TIMESTAMP) {
            request.setTimestamp(com.google.protobuf.Timestamp.newBuilder()
                    .setSeconds(time.getEpochSecond())
                    .setNanos(time.getNano()));
        }
        return ArgosyClient.await(link.ask(
                        new Target.Group(queue.group()),
                        MessagingServiceGrpc.getQueryOffsetMethod(),
                        request.build(),
                        identity,
                        "looking up an offset of " + queue,
                        link.settings().requestTimeout().multipliedBy(3),
                        QueryOffsetResponse::getStatus))
                .getOffset();
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            readers.values().forEach(Reader::stop);
            readers.clear();
            fetchLinks.values().forEach(FetchLink::close);
            filled.signalAll();
        } finally {
            lock.unlock();
        }
        sessions.close();
        client.closed(this);
    }

    /** Makes sure that the group of the queue is known before it is called. */
    private void requireKnown(QueueRef queue) {
        Collection<String> groups =
                client.route(queue.topic(), link.settings().requestTimeout()).groups();
        if (!groups.contains(queue.group())) {
            throw new ArgosyException.Refused("topic " + queue.topic() + " has no queue in group " + queue.group(), 0);
        }
    }

    private MessageQueue proto(QueueRef queue) {
        return new Queue(queue.topic(), queue.group(), queue.queueId(), true, false).toProto(identity.namespace());
    }

    private Reader reader(QueueRef queue) {
        Reader reader = readers.get(queue);
        if (reader == null) {
            throw new IllegalStateException("queue " + queue + " is not assigned");
        }
        return reader;
    }

    private Reader newReader(QueueRef queue) {
        return filter.equals(Filter.ALL) ? new FetchReader(queue) : new FilteredReader(queue);
    }

    /** What a poll took from a buffer, not yet in the form of messages. */
    private interface Piece {

        /** Empty if there is nothing in it after all. */
        List<ReceivedMessage> messages();
    }

    /** Reads one queue ahead. Guarded by the consumer's lock. */
    private abstract class Reader {
        final QueueRef queue;
        long position;
        long nextFetch;
        /** Rises with each seek: answers to older questions are thrown away. */
        int generation;

        boolean fetching;
        private @Nullable CallFailure failure;

        Reader(QueueRef queue) {
            this.queue = queue;
        }

        void restart(long offset) {
            stop();
            position = offset;
            nextFetch = offset;
            fetch();
        }

        void stop() {
            generation++;
            fetching = false;
            failure = null;
            withMessages.remove(this);
            withoutRoom.remove(this);
            cancel();
            clear();
        }

        /** Ends what is asked. */
        abstract void cancel();

        abstract void clear();

        abstract boolean isEmpty();

        /** Whether enough is buffered, of this queue alone. */
        abstract boolean full();

        abstract void ask();

        /** Takes messages out of a buffer that has some. */
        abstract Piece takeMessages();

        void fetch() {
            if (fetching || closed || failure != null || full()) {
                return;
            }
            if (bufferedBytes >= bufferBytesMax && !isEmpty()) {
                if (!withoutRoom.contains(this)) {
                    withoutRoom.add(this);
                }
                return;
            }
            fetching = true;
            ask();
        }

        void locked(int asked, Runnable action) {
            lock.lock();
            try {
                if (asked == generation) {
                    fetching = false;
                    action.run();
                }
            } finally {
                lock.unlock();
            }
        }

        /** There is something for {@link #poll}. */
        void offer() {
            if (!withMessages.contains(this)) {
                withMessages.add(this);
                filled.signal();
            }
        }

        void fetchLater(long delayMillis) {
            int asked = generation;
            if (!link.after(delayMillis, () -> locked(asked, this::fetch))) {
                failed(new CallFailure(CallFailure.Kind.CLOSED, 0, "the client was closed"));
            }
        }

        void failed(CallFailure why) {
            failure = why;
            offer();
        }

        Piece take() {
            if (isEmpty()) {
                CallFailure why = failure == null
                        ? new CallFailure(CallFailure.Kind.REFUSED, 0, "nothing to read in " + queue)
                        : failure;
                failure = null;
                fetch();
                throw ArgosyException.of(why);
            }
            Piece piece = takeMessages();
            if (!isEmpty() || failure != null) {
                withMessages.add(this);
            }
            fetch();
            while (bufferedBytes < bufferBytesMax && !withoutRoom.isEmpty()) {
                withoutRoom.remove().fetch();
            }
            return piece;
        }
    }

    /** Reads stored batches as they are, over the Fetch stream of the queue's group. */
    private final class FetchReader extends Reader {
        private final FetchLink fetchLink;
        private final Deque<Run> buffer = new ArrayDeque<>();
        private long ownBytes;
        private FetchLink.@Nullable Ask asked;
        /** Answers in a row that were not what had been stored. */
        private int broken;

        FetchReader(QueueRef queue) {
            super(queue);
            this.fetchLink = fetchLinks.computeIfAbsent(queue.group(), group -> new FetchLink(link, group, identity));
        }

        @Override
        void cancel() {
            if (asked != null) {
                fetchLink.forget(asked);
                asked = null;
            }
        }

        @Override
        void clear() {
            buffer.clear();
            bufferedBytes -= ownBytes;
            ownBytes = 0;
        }

        @Override
        boolean isEmpty() {
            return buffer.isEmpty();
        }

        @Override
        boolean full() {
            return ownBytes > (long) (ANSWERS_AHEAD - 1) * askBytes();
        }

        private int askBytes() {
            long share = bufferBytesMax / ANSWERS_AHEAD / Math.max(1, readers.size());
            return (int) Math.max(FETCH_BYTES_MIN, Math.min(FETCH_BYTES_MAX, share));
        }

        @Override
        void ask() {
            int askedIn = generation;
            asked = fetchLink.ask(
                    FetchRequest.newBuilder()
                            .setTopic(queue.topic())
                            .setQueueId(queue.queueId())
                            .setOffset(nextFetch)
                            .setBytesMax(askBytes())
                            .setWaitMillis((int) longPolling.toMillis()),
                    new Reply<>() {
                        @Override
                        public void answered(FetchedAnswer answer) {
                            locked(askedIn, () -> accept(answer));
                        }

                        @Override
                        public void failed(CallFailure why) {
                            locked(askedIn, () -> FetchReader.this.failed(why));
                        }
                    });
        }

        private void accept(FetchedAnswer answer) {
            asked = null;
            switch (answer.code()) {
                case Code.OK_VALUE -> {
                    for (FetchedRun run : answer.runs()) {
                        Run buffered = new Run(run);
                        buffer.add(buffered);
                        ownBytes += buffered.bytes();
                        bufferedBytes += buffered.bytes();
                    }
                    nextFetch = answer.nextOffset();
                    offer();
                    fetch();
                }
                case Code.MESSAGE_NOT_FOUND_VALUE -> fetchLater(0);
                default -> {
                    Status status = Status.newBuilder()
                            .setCodeValue(answer.code())
                            .setMessage(answer.message())
                            .build();
                    CallFailure why = StatusCodes.failure(status, "reading " + queue + " at offset " + nextFetch);
                    if (why.kind() == CallFailure.Kind.REFUSED) {
                        failed(why);
                    } else {
                        fetchLater(SOON_MILLIS);
                    }
                }
            }
        }

        @Override
        Piece takeMessages() {
            Run run = buffer.getFirst();
            int count = Math.min(batchMax, run.left);
            run.left -= count;
            long from = position;
            position = run.fetched.baseOffset() + run.fetched.count() - run.left;
            if (run.left == 0) {
                buffer.removeFirst();
                ownBytes -= run.bytes();
                bufferedBytes -= run.bytes();
            }
            int takenIn = generation;
            return () -> expand(run, count, from, takenIn);
        }

        private List<ReceivedMessage> expand(Run run, int count, long from, int takenIn) {
            try {
                RunMessages messages = run.messages;
                if (messages == null) {
                    messages = RunMessages.of(run.fetched, queue);
                    run.messages = messages;
                }
                broken = 0;
                return messages.next(count);
            } catch (RunMessages.BrokenRunException e) {
                log.warn("fetched bytes are not what was stored queue={} offset={}", queue, from, e);
                fetchLink.distrustServer();
                locked(takenIn, () -> {
                    restart(from);
                    if (++broken >= BROKEN_MAX) {
                        broken = 0;
                        stop();
                        failed(new CallFailure(
                                CallFailure.Kind.REFUSED,
                                0,
                                "reading " + queue + " at offset " + from + " failed: " + e.getMessage()));
                    }
                });
                return List.of();
            }
        }

        /** A run that waits to be polled, perhaps in several pieces. */
        private static final class Run {
            final FetchedRun fetched;
            /** Messages not taken yet. */
            int left;
            /** Of the polling thread. */
            @Nullable
            RunMessages messages;

            Run(FetchedRun fetched) {
                this.fetched = fetched;
                this.left = fetched.count();
            }

            int bytes() {
                return fetched.payload().remaining();
            }
        }
    }

    /** Has the server pick messages, and gets them one by one. */
    private final class FilteredReader extends Reader {
        private final Deque<ReceivedMessage> buffer = new ArrayDeque<>();
        private @Nullable ServerStream<PullMessageRequest, PullMessageResponse> stream;

        FilteredReader(QueueRef queue) {
            super(queue);
        }

        @Override
        void cancel() {
            if (stream != null) {
                stream.cancel();
                stream = null;
            }
        }

        @Override
        void clear() {
            buffer.forEach(message -> bufferedBytes -= message.bodySizeBytes());
            buffer.clear();
        }

        @Override
        boolean isEmpty() {
            return buffer.isEmpty();
        }

        @Override
        boolean full() {
            return buffer.size() >= bufferMessagesMax - batchMax && !buffer.isEmpty();
        }

        @Override
        void ask() {
            int asked = generation;
            PullMessageRequest request = PullMessageRequest.newBuilder()
                    .setGroup(Queue.resource(identity.namespace(), group))
                    .setMessageQueue(proto(queue))
                    .setOffset(nextFetch)
                    .setBatchSize(batchMax)
                    .setFilterExpression(filter.toProto())
                    .setLongPollingTimeout(Sessions.protoDuration(longPolling))
                    .build();
            stream = ServerStream.start(
                            link,
                            queue.group(),
                            PULL,
                            request,
                            identity,
                            "reading " + queue,
                            longPolling.plus(link.settings().requestTimeout()).toNanos(),
                            new Reply<>() {
                                @Override
                                public void answered(List<PullMessageResponse> parts) {
                                    locked(asked, () -> accept(parts));
                                }

                                @Override
                                public void failed(CallFailure why) {
                                    locked(asked, () -> broken(why));
                                }
                            })
                    .orElse(null);
        }

        private void accept(List<PullMessageResponse> parts) {
            stream = null;
            Status status = Status.getDefaultInstance();
            long next = -1;
            int taken = 0;
            for (PullMessageResponse part : parts) {
                switch (part.getContentCase()) {
                    case STATUS -> status = part.getStatus();
                    case MESSAGE -> {
                        ReceivedMessage message = new DeliveredMessage(part.getMessage(), queue.group());
                        buffer.add(message);
                        bufferedBytes += message.bodySizeBytes();
                        nextFetch = message.queueOffset() + 1;
                        taken++;
                    }
                    case NEXT_OFFSET -> next = part.getNextOffset();
                    case CONTENT_NOT_SET -> {}
                }
            }
            Code code = status.getCode();
            if (code != Code.OK && code != Code.MESSAGE_NOT_FOUND) {
                broken(StatusCodes.failure(status, "reading " + queue + " at offset " + nextFetch));
                return;
            }
            // Filtered or trimmed messages are skipped by the server, which says where to go on.
            nextFetch = Math.max(nextFetch, next);
            if (taken > 0) {
                offer();
                fetch();
            } else {
                fetchLater(code == Code.OK ? 0 : SOON_MILLIS);
            }
        }

        private void broken(CallFailure why) {
            stream = null;
            if (why.kind() == CallFailure.Kind.REFUSED || why.kind() == CallFailure.Kind.CLOSED) {
                failed(why);
            } else {
                fetchLater(SOON_MILLIS);
            }
        }

        @Override
        Piece takeMessages() {
            List<ReceivedMessage> messages = new ArrayList<>(buffer);
            buffer.clear();
            messages.forEach(message -> bufferedBytes -= message.bodySizeBytes());
            position = messages.get(messages.size() - 1).queueOffset() + 1;
            return () -> messages;
        }
    }

    /** Options of a pull consumer. */
    public static final class Builder {
        private final ArgosyClient client;
        private final String group;
        private Filter filter = Filter.ALL;
        private int batchMax = 256;
        private long bufferBytesMax = 64L << 20;
        private Duration longPolling = Duration.ofSeconds(20);

        Builder(ArgosyClient client, String group) {
            this.client = client;
            this.group = group;
        }

        public Builder filter(Filter wanted) {
            filter = wanted;
            return this;
        }

        /** Messages that one {@link PullConsumer#poll} returns at most, 256 by default; twice as many with a filter. */
        public Builder batch(int messagesMax) {
            batchMax = Checks.within(messagesMax, 1, 1 << 16, "batch");
            return this;
        }

        /** Bytes read ahead over all queues, 64 MiB by default; each queue may exceed it by one request. */
        public Builder bufferBytes(long bytesMax) {
            bufferBytesMax = Checks.within(bytesMax, 1, Long.MAX_VALUE, "bufferBytes");
            return this;
        }

        /** How long the server waits for new messages before it answers that there are none, 20 s by default. */
        public Builder longPolling(Duration time) {
            longPolling = Checks.positive(time, "longPolling");
            return this;
        }

        public PullConsumer build() {
            return new PullConsumer(this);
        }
    }
}
