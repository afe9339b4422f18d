package io.argosy.client.internal;

/** Takes the one outcome of a call, on a network thread or the timer thread; must not block. */
public interface Reply<R> {

    void answered(R answer);

    void failed(CallFailure failure);
}
