package io.argosy.client;

import io.argosy.client.internal.MessageEncoder.Encoded;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One accepted message and who waits for it; nobody if it was sent one-way. */
final class PendingSend {

    /** What an accepted message costs in memory beside its bytes, roughly. */
    private static final int OVERHEAD_BYTES = 160;

    final Encoded encoded;
    final @Nullable CompletableFuture<SendReceipt> waiter;

    private final int heldBytes;

    PendingSend(Encoded encoded, @Nullable CompletableFuture<SendReceipt> waiter, int heldBytes) {
        this.encoded = encoded;
        this.waiter = waiter;
        this.heldBytes = heldBytes;
    }

    static int heldBytes(Encoded encoded) {
        return encoded.sizeBytes() + OVERHEAD_BYTES;
    }

    int wireBytes() {
        return encoded.sizeBytes();
    }

    /** What was taken from the send buffer for it. */
    int heldBytes() {
        return heldBytes;
    }

    void succeed(QueueRef queue, long offset) {
        if (waiter != null) {
            waiter.complete(new SendReceipt(encoded.messageId(), queue, offset));
        }
    }

    void fail(ArgosyException failure) {
        if (waiter != null) {
            waiter.completeExceptionally(failure);
        }
    }
}
