package io.argosy.client;

import io.argosy.client.internal.CallFailure;
import io.argosy.client.internal.Reply;
import java.util.concurrent.CompletableFuture;

/** Replies as futures. */
final class Futures {

    private Futures() {}

    static <R> Reply<R> into(CompletableFuture<R> future) {
        return new Reply<>() {
            @Override
            public void answered(R answer) {
                future.complete(answer);
            }

            @Override
            public void failed(CallFailure failure) {
                future.completeExceptionally(failure);
            }
        };
    }
}
