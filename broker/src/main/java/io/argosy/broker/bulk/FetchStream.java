package io.argosy.broker.bulk;

import io.argosy.broker.bulk.FetchAnswer.Bounds;
import io.argosy.broker.queue.MessageRun;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.rpc.Timers;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v1.FetchRequest;
import io.argosy.proto.v2.Code;
import io.argosy.raft.Entry;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.LogReader;
import io.argosy.raft.RaftNode.TrimmedException;
import io.argosy.wire.name.ResourceNames;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Fetch stream. Requests are answered one at a time, those with messages in the order in which these can be had; a
 * request at the end of its queue waits aside.
 *
 * <p>Codes: OK with messages; MESSAGE_NOT_FOUND if none came in time; OFFSET_NOT_FOUND outside of the queue, with the
 * nearest offset that exists as next_offset, behind the end only from a leader: others may not know the end yet;
 * HA_NOT_AVAILABLE if this replica lacks the entry or it is damaged here, while another may have it; ILLEGAL_TOPIC,
 * TOPIC_NOT_FOUND, ILLEGAL_OFFSET, BAD_REQUEST.
 */
final class FetchStream extends ServerCall.Listener<FetchRequest> {

    private static final Logger log = LoggerFactory.getLogger(FetchStream.class);

    /** Answers in one go before other streams get the thread. */
    private static final int TURNS_MAX = 4;

    private static final int REQUEST_BYTES_MAX = 1 << 10;
    private static final int RUNS_MIN = 8;
    private static final int RUNS_MAX = 1024;

    private final Fetching fetching;
    private final ServerCall<FetchRequest, FetchAnswer> call;

    // Guarded by this; gRPC's threads, the applier, timers and workers meet here, and never for longer than a look.
    private final Deque<Request> ready = new ArrayDeque<>();
    private final Set<Request> parked = new LinkedHashSet<>();
    private boolean running;
    private boolean ending;
    private boolean ended;
    private boolean inboundPaused;
    /** Sent while the client did not read as fast. */
    private long heldBytes;

    private long timerAtNanos = Long.MAX_VALUE;
    private Optional<Timers.Handle> timer = Optional.empty();

    // Of the worker that runs it; workers follow each other through the lock.
    /** The last answer came from the disk, so the next one will. */
    private boolean onDisk;
    /** What a run of the index usually stands for. */
    private int runBytes = 16 << 10;

    private final class Request implements WaitingFetches.Waiter {
        final FetchRequest ask;
        final long waitUntilNanos;
        int parkedTopicId;

        Request(FetchRequest ask, long nowNanos) {
            this.ask = ask;
            long waitMillis = Math.min(
                    Integer.toUnsignedLong(ask.getWaitMillis()),
                    fetching.config().waitMax().toMillis());
            this.waitUntilNanos = nowNanos + TimeUnit.MILLISECONDS.toNanos(waitMillis);
        }

        @Override
        public void wake() {
            if (unpark(this)) {
                schedule();
            }
        }
    }

    FetchStream(Fetching fetching, ServerCall<FetchRequest, FetchAnswer> call) {
        this.fetching = fetching;
        this.call = call;
    }

    // ---- gRPC's threads ----

    void begin() {
        call.setOnReadyThreshold(fetching.config().readyBytes());
        call.sendHeaders(new Metadata());
        call.request(1);
    }

    @Override
    public void onMessage(FetchRequest message) {
        Request request =
                new Request(bounded(message), fetching.parts().timers().nanoTime());
        synchronized (this) {
            ready.add(request);
            inboundPaused = ready.size() + parked.size() >= fetching.config().requestsMax();
            if (!inboundPaused) {
                call.request(1);
            }
        }
        schedule();
    }

    /** Many requests may wait: one that is larger than any legal one keeps only its number, and is refused. */
    private static FetchRequest bounded(FetchRequest message) {
        return message.getSerializedSize() <= REQUEST_BYTES_MAX
                ? message
                : FetchRequest.newBuilder()
                        .setCorrelation(message.getCorrelation())
                        .build();
    }

    @Override
    public void onReady() {
        long held;
        synchronized (this) {
            held = heldBytes;
            heldBytes = 0;
        }
        fetching.gaveBackUnderWay(held);
        schedule();
    }

    @Override
    public void onHalfClose() {
        end();
    }

    @Override
    public void onCancel() {
        release();
    }

    @Override
    public void onComplete() {
        release();
    }

    private void release() {
        List<Request> waiting;
        long held;
        synchronized (this) {
            ended = true;
            ready.clear();
            waiting = List.copyOf(parked);
            parked.clear();
            held = heldBytes;
            heldBytes = 0;
            timer.ifPresent(Timers.Handle::cancel);
        }
        waiting.forEach(request -> fetching.waiting().remove(request.parkedTopicId, request.ask.getQueueId(), request));
        fetching.gaveBackUnderWay(held);
        fetching.closed(this);
    }

    // ---- any thread ----

    /** No more answers: the client opens another stream, here or elsewhere. */
    void end() {
        synchronized (this) {
            ending = true;
        }
        schedule();
    }

    void schedule() {
        boolean disk;
        synchronized (this) {
            if (running || (ready.isEmpty() && !ending)) {
                return;
            }
            running = true;
            disk = onDisk;
        }
        fetching.execute(disk, this::run);
    }

    private synchronized boolean unpark(Request request) {
        if (!parked.remove(request)) {
            return false;
        }
        ready.add(request);
        return true;
    }

    // ---- one worker at a time ----

    private void run() {
        for (int turn = 0; turn < TURNS_MAX; turn++) {
            Request next;
            synchronized (this) {
                if (ended || ending || ready.isEmpty() || !call.isReady()) {
                    running = false;
                    break;
                }
                next = ready.removeFirst();
            }
            if (!serve(next)) {
                synchronized (this) {
                    ready.addFirst(next);
                    onDisk = true;
                    break;
                }
            }
        }
        boolean again;
        boolean close;
        boolean disk;
        synchronized (this) {
            again = running;
            close = ending && !ended;
            ended |= close;
            disk = onDisk;
        }
        if (close) {
            call.close(Status.OK, new Metadata());
        } else if (again) {
            fetching.execute(disk, this::run);
        }
    }

    /** False if it must be done where reading the disk is allowed. */
    private boolean serve(Request request) {
        FetchRequest ask = request.ask;
        try {
            Optional<String> problem = ResourceNames.topicProblem(ask.getTopic());
            if (problem.isPresent()) {
                return refuse(request, Code.ILLEGAL_TOPIC, problem.get());
            }
            Optional<TopicView> topic = fetching.parts().topics().topic(ask.getTopic());
            if (topic.isEmpty()) {
                return refuse(request, Code.TOPIC_NOT_FOUND, "no topic " + ask.getTopic());
            }
            if (ask.getQueueId() < 0 || ask.getQueueId() >= topic.get().queueCount()) {
                return refuse(
                        request,
                        Code.BAD_REQUEST,
                        "topic " + ask.getTopic() + " has no queue " + Integer.toUnsignedString(ask.getQueueId())
                                + ", it has " + topic.get().queueCount());
            }
            if (ask.getOffset() < 0) {
                return refuse(request, Code.ILLEGAL_OFFSET, "offset " + ask.getOffset() + " is negative");
            }
            return serve(request, topic.get().topicId());
        } catch (RuntimeException e) {
            log.error(
                    "cannot read topic={} queueId={} offset={}", ask.getTopic(), ask.getQueueId(), ask.getOffset(), e);
            return refuse(request, Code.INTERNAL_ERROR, "messages cannot be read now");
        }
    }

    private boolean serve(Request request, int topicId) {
        FetchRequest ask = request.ask;
        Bounds bounds = bounds(topicId, ask.getQueueId());
        boolean leading = fetching.parts().leadership().view().self();
        if (ask.getOffset() < bounds.minOffset() || (leading && ask.getOffset() > bounds.maxOffset())) {
            return outside(request, bounds);
        }
        if (ask.getOffset() >= bounds.maxOffset()) {
            return park(request, topicId, bounds);
        }
        try {
            return read(request, topicId, bounds);
        } catch (TrimmedException | DamagedEntryException e) {
            Bounds now = bounds(topicId, ask.getQueueId());
            return ask.getOffset() < now.minOffset()
                    ? outside(request, now)
                    : send(
                            FetchAnswer.empty(
                                    ask.getCorrelation(),
                                    Code.HA_NOT_AVAILABLE,
                                    "this replica does not have the message, another may",
                                    ask.getOffset(),
                                    now),
                            0,
                            false);
        }
    }

    private Bounds bounds(int topicId, int queueId) {
        QueueIndex queues = fetching.parts().queues();
        return new Bounds(queues.minOffset(topicId, queueId), queues.maxOffset(topicId, queueId));
    }

    private boolean refuse(Request request, Code code, String text) {
        return send(FetchAnswer.empty(request.ask.getCorrelation(), code, text, 0, Bounds.NONE), 0, false);
    }

    private boolean outside(Request request, Bounds bounds) {
        long offset = request.ask.getOffset();
        return send(
                FetchAnswer.empty(
                        request.ask.getCorrelation(),
                        Code.OFFSET_NOT_FOUND,
                        "offset " + offset + " is outside of [" + bounds.minOffset() + ", " + bounds.maxOffset() + "]",
                        Math.max(bounds.minOffset(), Math.min(offset, bounds.maxOffset())),
                        bounds),
                0,
                false);
    }

    private boolean read(Request request, int topicId, Bounds bounds) {
        FetchRequest ask = request.ask;
        int bytesMax =
                Math.min(ask.getBytesMax() <= 0 ? Integer.MAX_VALUE : ask.getBytesMax(), fetching.answerBytesMax());
        int runsMax = Math.max(RUNS_MIN, Math.min(RUNS_MAX, bytesMax / runBytes + RUNS_MIN));
        List<MessageRun> runs = fetching.parts()
                .queues()
                .locate(topicId, ask.getQueueId(), ask.getOffset(), Integer.MAX_VALUE, runsMax);
        if (runs.isEmpty() || runs.get(0).baseOffset() > ask.getOffset()) {
            return outside(request, bounds(topicId, ask.getQueueId())); // trimmed meanwhile
        }
        LogReader reader = fetching.parts().log();
        FetchAnswer.Builder answer = new FetchAnswer.Builder();
        boolean fromDisk = false;
        while (answer.runs() < runs.size() && (answer.isEmpty() || answer.payloadBytes() < bytesMax)) {
            MessageRun run = runs.get(answer.runs());
            Optional<Entry> entry = reader.cached(run.logIndex());
            if (entry.isPresent()) {
                if (!answer.isEmpty() && answer.payloadBytes() + entry.get().payloadBytes() > bytesMax) {
                    break;
                }
                answer.add(run, entry.get());
            } else if (fromDisk || (!onDisk && !answer.isEmpty())) {
                break; // The room is used; or what is at hand goes first.
            } else if (!onDisk) {
                return false;
            } else {
                fromDisk = true;
                addFromDisk(runs.subList(answer.runs(), runs.size()), bytesMax, answer);
            }
        }
        onDisk = fromDisk;
        runBytes = Math.max(1, (3 * runBytes + answer.payloadBytes() / answer.runs()) / 4);
        return send(answer.build(ask.getCorrelation(), bounds), answer.payloadBytes(), fromDisk);
    }

    private void addFromDisk(List<MessageRun> runs, int bytesMax, FetchAnswer.Builder answer) {
        long[] indexes = new long[runs.size()];
        int count = 0;
        for (MessageRun run : runs) {
            if (count == 0 || indexes[count - 1] != run.logIndex()) {
                indexes[count++] = run.logIndex();
            }
        }
        List<Entry> entries = fetching.parts().log().readBlocking(indexes, 0, count, fetching.room());
        int at = 0;
        for (MessageRun run : runs) {
            if (entries.get(at).index() != run.logIndex() && ++at == entries.size()) {
                return;
            }
            if (!answer.isEmpty() && answer.payloadBytes() + entries.get(at).payloadBytes() > bytesMax) {
                return;
            }
            answer.add(run, entries.get(at));
        }
    }

    private boolean park(Request request, int topicId, Bounds bounds) {
        FetchRequest ask = request.ask;
        long leftNanos = request.waitUntilNanos - fetching.parts().timers().nanoTime();
        if (leftNanos <= 0) {
            return send(
                    FetchAnswer.empty(
                            ask.getCorrelation(),
                            Code.MESSAGE_NOT_FOUND,
                            "no message came in time",
                            ask.getOffset(),
                            bounds),
                    0,
                    false);
        }
        request.parkedTopicId = topicId;
        synchronized (this) {
            if (ended) {
                return true;
            }
            parked.add(request);
            armTimer(request.waitUntilNanos, leftNanos);
        }
        fetching.waiting().add(topicId, ask.getQueueId(), request);
        boolean came = fetching.parts().queues().maxOffset(topicId, ask.getQueueId()) > ask.getOffset()
                || fetching.parts().topics().topic(topicId).isEmpty();
        synchronized (this) {
            // Its time may have come before it could be found.
            if (!came && parked.contains(request)) {
                return true;
            }
        }
        fetching.waiting().remove(topicId, ask.getQueueId(), request);
        unpark(request);
        return true;
    }

    // ---- time ----

    /** One timer for all that wait: for the one that waits shortest. Under the lock. */
    private void armTimer(long atNanos, long leftNanos) {
        if (timer.isPresent() && timerAtNanos - atNanos <= 0) {
            return;
        }
        timer.ifPresent(Timers.Handle::cancel);
        timerAtNanos = atNanos;
        timer = Optional.of(fetching.parts().timers().schedule(leftNanos, this::timeIsUp));
    }

    private void timeIsUp() {
        List<Request> late = new ArrayList<>();
        synchronized (this) {
            timer = Optional.empty();
            if (ended) {
                return;
            }
            long nowNanos = fetching.parts().timers().nanoTime();
            long nextNanos = Long.MAX_VALUE;
            for (Request request : parked) {
                long leftNanos = request.waitUntilNanos - nowNanos;
                if (leftNanos <= 0) {
                    late.add(request);
                } else {
                    nextNanos = Math.min(nextNanos, leftNanos);
                }
            }
            late.forEach(this::unpark);
            if (nextNanos != Long.MAX_VALUE) {
                armTimer(nowNanos + nextNanos, nextNanos);
            }
        }
        late.forEach(request -> fetching.waiting().remove(request.parkedTopicId, request.ask.getQueueId(), request));
        schedule();
    }

    // ---- answering ----

    private boolean send(FetchAnswer answer, int payloadBytes, boolean fromDisk) {
        call.sendMessage(answer);
        fetching.sent(payloadBytes, fromDisk);
        synchronized (this) {
            if (!ended && !call.isReady()) {
                heldBytes += answer.sizeBytes();
                fetching.tookUnderWay(answer.sizeBytes());
            }
            if (inboundPaused) {
                inboundPaused = false;
                call.request(1);
            }
        }
        return true;
    }
}
