package io.argosy.wire.grpc;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;

/** The one answer of a unary call as a future, which completes on a network thread. */
public final class OneAnswer<T> implements StreamObserver<T> {

    private final CompletableFuture<T> future = new CompletableFuture<>();

    /** Fails with the call's {@link io.grpc.StatusRuntimeException}, also if the call ended without an answer. */
    public CompletableFuture<T> future() {
        return future;
    }

    @Override
    public void onNext(T answer) {
        future.complete(answer);
    }

    @Override
    public void onError(Throwable failure) {
        future.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
        if (!future.isDone()) {
            future.completeExceptionally(
                    Status.INTERNAL.withDescription("no answer").asRuntimeException());
        }
    }
}
