package io.argosy.client;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Messages for one queue that leave together. Filled under the accumulator's lock, then in the hands of one call. */
final class SendBatch {

    final QueueLane lane;
    final long createdNanos;
    final long deadlineNanos;
    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final List<PendingSend> messages = new ArrayList<>();
    private int wireBytes;
    private long heldBytes;

    SendBatch(QueueLane lane, long nowNanos, long deadlineNanos) {
        this.lane = lane;
        this.createdNanos = nowNanos;
        this.deadlineNanos = deadlineNanos;
    }

    void add(PendingSend message) {
        messages.add(message);
        wireBytes += message.wireBytes();
        heldBytes += message.heldBytes();
    }

    List<PendingSend> messages() {
        return messages;
    }

    int count() {
        return messages.size();
    }

    int wireBytes() {
        return wireBytes;
    }

    long heldBytes() {
        return heldBytes;
    }
}
