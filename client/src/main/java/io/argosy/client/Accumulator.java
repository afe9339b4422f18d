package io.argosy.client;

import io.argosy.client.internal.CallFailure;
import io.argosy.client.internal.ClusterLink;
import io.argosy.client.internal.ProduceStreams;
import io.argosy.client.internal.Route;
import io.argosy.wire.batch.CompactBatchBuilder.Labels;
import io.argosy.wire.batch.CompactBatchBuilder.Sealed;
import io.argosy.wire.batch.MessageIds;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forms batches and decides when they leave.
 *
 * <p>A queue has at most one request under way. If the first of two requests failed and the second did not, the
 * order would be lost; and the newest number of each producer and queue is all that the cluster must remember to tell
 * repetitions. Throughput comes from batches: what arrives while a request is under way leaves together when it ends.
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
    private final ProduceStreams streams;
    private final long producer;
    private final SendBuffer buffer;
    private final BodyPool bodies;
    private final Producer.Options options;
    private final long lingerNanos;
    private final long deliveryNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<QueueLane> ready = new ArrayDeque<>();
    private final Set<SendBatch> unfinished = new LinkedHashSet<>();
    private final Runnable stopSweep;
    private int inFlight;
    private int idCounter = ThreadLocalRandom.current().nextInt();
    private boolean closed;

    /** @param producer what the cluster knows this producer by, to tell repetitions; not 0 */
    Accumulator(ClusterLink link, ProduceStreams streams, long producer, SendBuffer buffer, Producer.Options options) {
        this.link = link;
        this.streams = streams;
        this.producer = producer;
        this.buffer = buffer;
        this.bodies = new BodyPool(options.batchBytesMax());
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
     * @param messageBytes what it takes there, about
     * @param heldBytes what was taken from the send buffer for it
     */
    void add(TopicLanes topic, Message message, int messageBytes, @Nullable SendListener listener, int heldBytes) {
        List<Leaving> leaving;
        lock.lock();
        try {
            if (closed) {
                throw new ArgosyException.Closed("the producer is closed");
            }
            QueueLane lane = choose(topic, message);
            append(lane, messageBytes).add(message, listener, heldBytes);
            consider(lane);
            leaving = takeReady();
        } finally {
            lock.unlock();
        }
        leave(leaving);
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

    /** The batch that takes the message. */
    private SendBatch append(QueueLane lane, int messageBytes) {
        SendBatch open = lane.waiting.peekLast();
        if (open == null || !takes(open, messageBytes)) {
            if (open != null && lane.equals(lane.topic.sticky)) {
                lane.topic.sticky = null;
            }
            long now = System.nanoTime();
            open = new SendBatch(lane, bodies.take(), now, now + deliveryNanos);
            lane.waiting.add(open);
            unfinished.add(open);
        }
        lane.assigned++;
        return open;
    }

    /** A batch that has waited for a tenth of its time takes no more, so that late comers get most of theirs. */
    private boolean takes(SendBatch open, int messageBytes) {
        // Not for each message: the clock costs as much as the message.
        return open.hasRoom(messageBytes, options.batchCountMax(), options.batchBytesMax())
                && (open.count() % 64 != 0 || System.nanoTime() - open.createdNanos <= deliveryNanos / 10);
    }

    private boolean isFull(SendBatch batch) {
        return !batch.hasRoom(1, options.batchCountMax(), options.batchBytesMax());
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
        List<Leaving> leaving;
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

    /** A batch with its number and its name. */
    private record Leaving(SendBatch batch, Labels labels) {}

    private List<Leaving> takeReady() {
        if (ready.isEmpty() || inFlight >= options.requestsInFlightMax()) {
            return List.of();
        }
        List<Leaving> leaving = new ArrayList<>(2);
        while (!ready.isEmpty() && inFlight < options.requestsInFlightMax()) {
            QueueLane lane = ready.remove();
            lane.state = QueueLane.State.IN_FLIGHT;
            inFlight++;
            SendBatch batch = lane.waiting.remove();
            leaving.add(new Leaving(batch, label(lane, batch)));
            if (lane.equals(lane.topic.sticky) && lane.waiting.isEmpty()) {
                lane.topic.sticky = null;
            }
        }
        return leaving;
    }

    private Labels label(QueueLane lane, SendBatch batch) {
        long nowMillis = link.settings().clock().millis();
        int seconds = MessageIds.seconds(nowMillis);
        batch.identify(producer, seconds, idCounter);
        Labels labels = new Labels(lane.queue.queueId(), producer, ++lane.sequence, nowMillis, seconds, idCounter);
        idCounter += batch.count();
        return labels;
    }

    private void leave(List<Leaving> batches) {
        for (Leaving each : batches) {
            send(
                    each.batch,
                    each.batch.messages.seal(each.labels, options.compression().codec()));
        }
    }

    private void send(SendBatch batch, Sealed packet) {
        streams.send(batch.lane.queue, packet, batch.deadlineNanos, new ProduceStreams.Outcome() {
            @Override
            public void stored(long baseOffset, boolean untouched) {
                finish(batch, untouched);
                tell(batch, () -> batch.succeed(baseOffset));
            }

            @Override
            public void failed(CallFailure failure) {
                log.debug("batch failed queue={} messages={} reason={}", batch.lane.ref, batch.count(), failure);
                finish(batch, false);
                ArgosyException exception = ArgosyException.of(failure);
                tell(batch, () -> batch.fail(exception));
            }
        });
    }

    /**
     * Frees what the batch held and lets the next ones leave.
     *
     * @param untouched nobody will read its array again
     */
    private void finish(SendBatch batch, boolean untouched) {
        List<Leaving> leaving;
        lock.lock();
        try {
            QueueLane lane = batch.lane;
            lane.state = QueueLane.State.IDLE;
            lane.topic.busy--;
            inFlight--;
            unfinished.remove(batch);
            if (untouched) {
                bodies.giveBack(batch.messages.array());
            }
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
            tell(batch, () -> batch.fail(failure));
        }
    }

    /** Completes when everything accepted so far has succeeded or failed; lets it leave without waiting for company. */
    CompletableFuture<Void> flush() {
        List<Leaving> leaving;
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
        streams.close();
        fail(dropped, new ArgosyException.Closed("the producer was closed before the message could be sent"));
    }
}
