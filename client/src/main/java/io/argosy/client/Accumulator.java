package io.argosy.client;

import io.argosy.client.internal.BatchTransport;
import io.argosy.client.internal.CallFailure;
import io.argosy.client.internal.ClusterLink;
import io.argosy.client.internal.MessageEncoder.Encoded;
import io.argosy.client.internal.OutgoingBatch;
import io.argosy.client.internal.Reply;
import io.argosy.client.internal.Route;
import io.argosy.client.internal.SendAnswer;
import io.argosy.client.internal.StatusCodes;
import io.argosy.proto.v2.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forms batches and decides when they leave.
 *
 * <p>A queue has at most one request under way. With retries, several would need sequence numbers that the public
 * protocol does not have: if the first of two requests fails and the second does not, the order is lost. Throughput
 * comes from batches: what arrives while a request is under way leaves together when it ends.
 *
 * <p>When a batch leaves: at once if nothing else of its topic is under way; otherwise when it is full, when the linger
 * time is over, or when the topic's last request ends. So a lone sender waits for nothing and a busy one batches.
 *
 * <p>One lock, not a queue with a thread of its own: it is held for a few list operations, and a hand-over to another
 * thread would cost each synchronous send more than that. Network calls and user code run outside it.
 */
@SuppressWarnings("FutureReturnValueIgnored") // whenComplete at the end of a chain takes both outcomes.
final class Accumulator {

    private static final Logger log = LoggerFactory.getLogger(Accumulator.class);

    private final ClusterLink link;
    private final BatchTransport transport;
    private final SendBuffer buffer;
    private final Producer.Options options;
    private final long lingerNanos;
    private final long deliveryNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<QueueLane> ready = new ArrayDeque<>();
    private final Set<SendBatch> unfinished = new LinkedHashSet<>();
    private final Runnable stopSweep;
    private int inFlight;
    private boolean closed;

    Accumulator(ClusterLink link, BatchTransport transport, SendBuffer buffer, Producer.Options options) {
        this.link = link;
        this.transport = transport;
        this.buffer = buffer;
        this.options = options;
        this.lingerNanos = options.linger().toNanos();
        this.deliveryNanos = options.deliveryTimeout().toNanos();
        this.stopSweep = link.every(Duration.ofSeconds(1), this::failExpired);
    }

    void learn(TopicLanes topic, Route route) {
        lock.lock();
        try {
            topic.learn(route);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a message into a batch.
     *
     * @return false if the message was encoded for fewer queues than the topic has: encode it again
     */
    boolean add(TopicLanes topic, Message message, PendingSend pending) {
        List<SendBatch> leaving;
        lock.lock();
        try {
            if (closed) {
                throw new ArgosyException.Closed("the producer is closed");
            }
            QueueLane lane = choose(topic, message);
            if (!pending.encoded.fits(lane.queue.queueId())) {
                return false;
            }
            pending.encoded.setQueueId(lane.queue.queueId());
            append(lane, pending);
            consider(lane);
            leaving = takeReady();
        } finally {
            lock.unlock();
        }
        leave(leaving);
        return true;
    }

    private QueueLane choose(TopicLanes topic, Message message) {
        int queues = topic.size();
        if (queues == 0) {
            throw new ArgosyException.Refused(
                    "topic " + topic.topic + " has no queue that can be written to; look at 'argosy topic describe "
                            + topic.topic + "'",
                    40300);
        }
        if (message.queueIndex().isPresent()) {
            int index = message.queueIndex().getAsInt();
            if (index >= queues) {
                // Name servers hear of a new topic moments after its creation: the next try may know better.
                link.refresh(topic.topic);
                throw new ArgosyException.Refused(
                        "topic " + topic.topic + " has " + queues
                                + " queues as far as the name servers know, there is no" + " queue " + index
                                + "; if it was created just now, try again",
                        40000);
            }
            return topic.at(index);
        }
        if (message.partitionKey().isPresent()) {
            return topic.at(Partition.of(message.partitionKey().get(), queues));
        }
        return topic.next();
    }

    private void append(QueueLane lane, PendingSend pending) {
        long now = System.nanoTime();
        SendBatch open = lane.waiting.peekLast();
        if (open == null || !takes(open, pending, now)) {
            open = new SendBatch(lane, now, now + deliveryNanos);
            lane.waiting.add(open);
            unfinished.add(open);
        }
        open.add(pending);
        lane.assigned++;
        if (isFull(open) && lane.equals(lane.topic.sticky)) {
            lane.topic.sticky = null;
        }
    }

    /** A batch that has waited for a tenth of its time takes no more, so that late comers get most of theirs. */
    private boolean takes(SendBatch open, PendingSend pending, long now) {
        return open.count() < options.batchCountMax()
                && open.wireBytes() + pending.wireBytes() <= options.batchBytesMax()
                && now - open.createdNanos <= deliveryNanos / 10;
    }

    private boolean isFull(SendBatch batch) {
        return batch.count() >= options.batchCountMax() || batch.wireBytes() >= options.batchBytesMax();
    }

    /** Moves the lane on if what waits there may leave. */
    private void consider(QueueLane lane) {
        if (lane.state == QueueLane.State.READY || lane.state == QueueLane.State.IN_FLIGHT || lane.waiting.isEmpty()) {
            return;
        }
        SendBatch head = lane.waiting.element();
        boolean leaves = lingerNanos == 0
                || closed
                || lane.topic.busy == 0
                || lane.waiting.size() > 1
                || isFull(head)
                || System.nanoTime() - head.createdNanos >= lingerNanos;
        if (leaves) {
            makeReady(lane);
        } else if (lane.state == QueueLane.State.IDLE) {
            lane.state = QueueLane.State.LINGERING;
            lane.topic.lingering.add(lane);
            armTimer(lane.topic, lingerNanos);
        }
    }

    private void makeReady(QueueLane lane) {
        lane.topic.lingering.remove(lane);
        lane.state = QueueLane.State.READY;
        lane.topic.busy++;
        ready.add(lane);
    }

    private void armTimer(TopicLanes topic, long delayNanos) {
        if (!topic.timerArmed) {
            topic.timerArmed = link.afterNanos(delayNanos, () -> lingerOver(topic));
        }
    }

    private void lingerOver(TopicLanes topic) {
        List<SendBatch> leaving;
        lock.lock();
        try {
            topic.timerArmed = false;
            long now = System.nanoTime();
            while (!topic.lingering.isEmpty()) {
                QueueLane oldest = topic.lingering.iterator().next();
                long age = now - oldest.waiting.element().createdNanos;
                if (age < lingerNanos) {
                    armTimer(topic, lingerNanos - age);
                    break;
                }
                makeReady(oldest);
            }
            leaving = takeReady();
        } finally {
            lock.unlock();
        }
        leave(leaving);
    }

    private List<SendBatch> takeReady() {
        if (ready.isEmpty() || inFlight >= options.requestsInFlightMax()) {
            return List.of();
        }
        List<SendBatch> leaving = new ArrayList<>(2);
        while (!ready.isEmpty() && inFlight < options.requestsInFlightMax()) {
            QueueLane lane = ready.remove();
            lane.state = QueueLane.State.IN_FLIGHT;
            inFlight++;
            leaving.add(lane.waiting.remove());
            if (lane.equals(lane.topic.sticky) && lane.waiting.isEmpty()) {
                lane.topic.sticky = null;
            }
        }
        return leaving;
    }

    private void leave(List<SendBatch> batches) {
        for (SendBatch batch : batches) {
            send(batch, batch.messages());
        }
    }

    private void send(SendBatch batch, List<PendingSend> messages) {
        List<Encoded> encoded = new ArrayList<>(messages.size());
        for (PendingSend message : messages) {
            encoded.add(message.encoded);
        }
        transport.send(batch.lane.queue, new OutgoingBatch(encoded), batch.deadlineNanos, new Reply<>() {
            @Override
            public void answered(SendAnswer answer) {
                settle(batch, messages, answer);
            }

            @Override
            public void failed(CallFailure failure) {
                log.debug("batch failed queue={} messages={} reason={}", batch.lane.ref, messages.size(), failure);
                finish(batch);
                ArgosyException exception = ArgosyException.of(failure);
                tell(batch, () -> messages.forEach(message -> message.fail(exception)));
            }
        });
    }

    private void settle(SendBatch batch, List<PendingSend> messages, SendAnswer answer) {
        String what = "sending to topic " + batch.lane.topic.topic;
        if (answer.count() != messages.size()) {
            Status status = answer.status();
            CallFailure failure = StatusCodes.isSuccess(status.getCode())
                    ? new CallFailure(
                            CallFailure.Kind.UNKNOWN_OUTCOME,
                            status.getCodeValue(),
                            what + ": the server answered " + answer.count() + " results for " + messages.size()
                                    + " messages")
                    : StatusCodes.failure(status, what);
            finish(batch);
            ArgosyException exception = ArgosyException.of(failure);
            tell(batch, () -> messages.forEach(message -> message.fail(exception)));
            return;
        }
        List<PendingSend> again = new ArrayList<>(0);
        for (int i = 0; i < messages.size(); i++) {
            if (StatusCodes.isRetryable(answer.status(i).getCode())) {
                again.add(messages.get(i));
            }
        }
        boolean retrying = !again.isEmpty() && batch.deadlineNanos - System.nanoTime() > 0;
        if (!retrying) {
            finish(batch);
        }
        Callbacks.run(() -> {
            for (int i = 0; i < messages.size(); i++) {
                Status status = answer.status(i);
                if (StatusCodes.isSuccess(status.getCode())) {
                    messages.get(i).succeed(batch.lane.ref, answer.offset(i));
                } else if (!retrying || !StatusCodes.isRetryable(status.getCode())) {
                    messages.get(i).fail(ArgosyException.of(StatusCodes.failure(status, what)));
                }
            }
        });
        if (!retrying) {
            batch.done.complete(null);
        }
        if (retrying && !link.after(RETRY_MILLIS, () -> send(batch, again))) {
            finish(batch);
            ArgosyException closedNow = new ArgosyException.Closed("the client was closed");
            tell(batch, () -> again.forEach(message -> message.fail(closedNow)));
        }
    }

    /** Some entries of a batch were told to come again; rare, so that one fixed pause will do. */
    private static final long RETRY_MILLIS = 20;

    /** Frees what the batch held and lets the next ones leave. */
    private void finish(SendBatch batch) {
        List<SendBatch> leaving;
        lock.lock();
        try {
            QueueLane lane = batch.lane;
            lane.state = QueueLane.State.IDLE;
            lane.topic.busy--;
            inFlight--;
            unfinished.remove(batch);
            consider(lane);
            if (lane.topic.busy == 0 && !lane.topic.lingering.isEmpty()) {
                makeReady(lane.topic.lingering.iterator().next());
            }
            leaving = takeReady();
        } finally {
            lock.unlock();
        }
        buffer.release(batch.heldBytes());
        leave(leaving);
    }

    /** After {@link #finish}, so that the next request leaves before user code runs. */
    private static void tell(SendBatch batch, Runnable callbacks) {
        Callbacks.run(callbacks);
        batch.done.complete(null);
    }

    /** Batches that wait behind too many others must not outlive their time either. */
    private void failExpired() {
        List<SendBatch> expired = new ArrayList<>(0);
        lock.lock();
        try {
            long now = System.nanoTime();
            for (var lanes = ready.iterator(); lanes.hasNext(); ) {
                QueueLane lane = lanes.next();
                for (SendBatch head = lane.waiting.peek();
                        head != null && now - head.deadlineNanos >= 0;
                        head = lane.waiting.peek()) {
                    expired.add(lane.waiting.remove());
                    unfinished.remove(head);
                }
                if (lane.waiting.isEmpty()) {
                    lanes.remove();
                    lane.state = QueueLane.State.IDLE;
                    lane.topic.busy--;
                }
            }
        } finally {
            lock.unlock();
        }
        fail(
                expired,
                new ArgosyException.Busy(
                        "the message waited for its turn until its delivery timeout was over: the cluster cannot be"
                                + " reached or is too slow",
                        0));
    }

    private void fail(List<SendBatch> batches, ArgosyException failure) {
        for (SendBatch batch : batches) {
            buffer.release(batch.heldBytes());
            tell(batch, () -> batch.messages().forEach(message -> message.fail(failure)));
        }
    }

    /** Completes when everything accepted so far has succeeded or failed; lets it leave without waiting for company. */
    CompletableFuture<Void> flush() {
        List<SendBatch> leaving;
        CompletableFuture<?>[] open;
        lock.lock();
        try {
            for (SendBatch batch : unfinished) {
                if (batch.lane.state == QueueLane.State.LINGERING) {
                    makeReady(batch.lane);
                }
            }
            open = unfinished.stream().map(batch -> batch.done).toArray(CompletableFuture<?>[]::new);
            leaving = takeReady();
        } finally {
            lock.unlock();
        }
        leave(leaving);
        return CompletableFuture.allOf(open);
    }

    /** Takes nothing more; what has not left by now fails. What is under way ends by itself. */
    void close() {
        List<SendBatch> dropped = new ArrayList<>();
        lock.lock();
        try {
            closed = true;
            for (SendBatch batch : unfinished) {
                if (batch.lane.waiting.remove(batch)) {
                    dropped.add(batch);
                }
            }
            dropped.forEach(unfinished::remove);
            for (QueueLane lane : ready) {
                lane.state = QueueLane.State.IDLE;
                lane.topic.busy--;
            }
            ready.clear();
            dropped.forEach(batch -> batch.lane.topic.lingering.remove(batch.lane));
        } finally {
            lock.unlock();
        }
        stopSweep.run();
        fail(dropped, new ArgosyException.Closed("the producer was closed before the message could be sent"));
    }
}
