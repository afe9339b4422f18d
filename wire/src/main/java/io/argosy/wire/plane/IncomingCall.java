package io.argosy.wire.plane;

import com.google.protobuf.ByteString;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Status;
import io.argosy.wire.listener.ClientConnection;
import io.argosy.wire.protocol.ClientHeaders;
import io.argosy.wire.protocol.ClientMethod;
import io.argosy.wire.protocol.Statuses;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * One call of a client, request and answers as bytes. Answers may come from any thread; what comes after the end is
 * dropped.
 */
public final class IncomingCall {

    private final ServerCall<ByteString, ByteString> call;
    private final ClientMethod method;
    private final ClientHeaders headers;
    private final ClientConnection connection;
    private final long deadlineNanos;
    private final InstantSource clock;
    private ByteString request = ByteString.EMPTY;

    // The lock is this call: gRPC wants its methods called one at a time, and the end may race with a cancellation.
    private final List<Runnable> whenCancelled = new ArrayList<>(1);
    private final List<Runnable> whenReady = new ArrayList<>(0);
    private boolean begun;
    private boolean ended;
    private boolean cancelled;

    IncomingCall(
            ServerCall<ByteString, ByteString> call,
            ClientMethod method,
            ClientHeaders headers,
            long deadlineNanos,
            InstantSource clock) {
        this.call = call;
        this.method = method;
        this.headers = headers;
        this.connection = ClientConnection.of(call);
        this.deadlineNanos = deadlineNanos;
        this.clock = clock;
    }

    public ClientMethod method() {
        return method;
    }

    public ClientHeaders headers() {
        return headers;
    }

    public ClientConnection connection() {
        return connection;
    }

    /** On this process's monotonic clock. */
    public long deadlineNanos() {
        return deadlineNanos;
    }

    public ByteString request() {
        return request;
    }

    /** Before the call is handed to anybody. */
    void request(ByteString bytes) {
        request = bytes;
    }

    /** One response message. */
    public synchronized void next(ByteString response) {
        if (ended) {
            return;
        }
        if (!begun) {
            begun = true;
            call.sendHeaders(new Metadata());
        }
        call.sendMessage(response);
    }

    /** The end of a call that was answered. */
    public void complete() {
        end(io.grpc.Status.OK);
    }

    /** The answer that consists of a status, in the method's response type, and the end. */
    public void refuse(Code code, String detail) {
        answer(Statuses.of(code, detail));
    }

    /** As {@link #refuse(Code, String)}. */
    public void answer(Status status) {
        for (ByteString response : method.refusal(status, request, now())) {
            next(response);
        }
        complete();
    }

    public Instant now() {
        return clock.instant();
    }

    /** A gRPC error; only where the client must reconnect or nothing else can be said. */
    public void fail(io.grpc.Status status) {
        end(status);
    }

    /** Whether another response would leave soon; otherwise it would wait in memory. */
    public boolean ready() {
        return call.isReady();
    }

    /** Runs the action each time responses begin to leave again. */
    public synchronized void onReady(Runnable action) {
        whenReady.add(action);
    }

    /** The client is gone or its deadline has passed. */
    public synchronized boolean cancelled() {
        return cancelled;
    }

    /** Runs the action once if the client goes before the end of the call; at once if it has gone. */
    public void onCancel(Runnable action) {
        synchronized (this) {
            if (ended) {
                return;
            }
            if (!cancelled) {
                whenCancelled.add(action);
                return;
            }
        }
        action.run();
    }

    private synchronized void end(io.grpc.Status status) {
        if (ended) {
            return;
        }
        ended = true;
        whenCancelled.clear();
        whenReady.clear();
        if (status.isOk() && !begun) {
            call.sendHeaders(new Metadata());
        }
        call.close(status, new Metadata());
    }

    void clientGone() {
        List<Runnable> actions;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            cancelled = true;
            actions = List.copyOf(whenCancelled);
            whenCancelled.clear();
            whenReady.clear();
        }
        actions.forEach(Runnable::run);
    }

    void becameReady() {
        List<Runnable> actions;
        synchronized (this) {
            if (whenReady.isEmpty()) {
                return;
            }
            actions = List.copyOf(whenReady);
        }
        actions.forEach(Runnable::run);
    }
}
