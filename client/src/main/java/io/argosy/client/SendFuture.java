package io.argosy.client;

import java.util.concurrent.CompletableFuture;

/** A listener for one send that somebody can wait for. */
final class SendFuture extends CompletableFuture<SendReceipt> implements SendListener {

    @Override
    public void stored(SendReceipt receipt) {
        complete(receipt);
    }

    @Override
    public void failed(ArgosyException failure) {
        completeExceptionally(failure);
    }

    /** What is chained to it needs nothing of a listener. */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new CompletableFuture<>();
    }
}
