package io.argosy.raft.transport;

import io.argosy.proto.v1.RaftFrame;
import io.argosy.proto.v1.StreamOpen;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one stream to one peer open: dials, proves the secret, opens the stream, and starts over when it breaks. Each
 * attempt has a channel of its own, so that one channel is one connection and the reason why it ended is known; gRPC's
 * own reconnecting would hide it and wait a second.
 *
 * <p>A gRPC call may not be written to by two threads at once, and the loop, the log writer and network threads all
 * do. A queue with a thread of its own would add a hand-over to each message, hence the monitor; it is held for the
 * time it takes to copy one message into network buffers, and never while calling the {@link Events}.
 */
final class StreamLink {

    private static final Logger log = LoggerFactory.getLogger(StreamLink.class);

    private static final long BACKOFF_MIN_MILLIS = 20;
    private static final long BACKOFF_MAX_MILLIS = 500;
    private static final int KNOCK_MILLIS = 100;
    private static final int READY_BYTES = 256 << 10;

    /** Called without any lock held. */
    interface Events {
        void opened(long session);

        /** An open stream broke. */
        void broke();

        /** Nobody listens at the peer's address. */
        void refused();

        long nextSession();

        StreamOpen opening(long session);
    }

    /** What every link of a transport shares. */
    record Dialing(ScheduledExecutorService timer, PeerProver prover, RandomGenerator random, int inboundBytesMax) {}

    private final ReplicaId peer;
    private final InetSocketAddress address;
    private final StreamKind kind;
    private final MethodDescriptor<OutFrame, RaftFrame> method;
    private final Dialing dialing;
    private final Events events;
    private final long queueBytesMax;

    private Optional<Attempt> current = Optional.empty();
    private long backoffMillis;
    private boolean closed;
    private String lastReason = "";

    /** @param queueBytesMax waiting for the network; when it is exceeded the stream starts over */
    StreamLink(
            ReplicaId peer,
            InetSocketAddress address,
            StreamKind kind,
            Dialing dialing,
            long queueBytesMax,
            Events events) {
        this.peer = peer;
        this.address = address;
        this.kind = kind;
        this.method = kind.method();
        this.dialing = dialing;
        this.queueBytesMax = queueBytesMax;
        this.events = events;
    }

    void dial() {
        Attempt attempt;
        synchronized (this) {
            if (closed) {
                return;
            }
            attempt = new Attempt(
                    PeerEndpoints.channel(address, dialing.inboundBytesMax()).build());
            current = Optional.of(attempt);
        }
        var unused = dialing.prover().prove(attempt.channel).whenComplete((proved, failure) -> {
            if (failure == null) {
                attempt.open();
            } else {
                attempt.ended(failure);
            }
        });
    }

    /** Sends, or drops if there is no open stream. */
    void send(Message message) {
        Optional<Attempt> attempt;
        synchronized (this) {
            attempt = current;
        }
        attempt.ifPresent(a -> a.send(message));
    }

    /** Lets what was already sent leave, then ends the connection. */
    void close() {
        Optional<Attempt> attempt;
        synchronized (this) {
            closed = true;
            attempt = current;
        }
        attempt.ifPresent(Attempt::finish);
    }

    void awaitClosed(long timeoutMillis) throws InterruptedException {
        Optional<Attempt> attempt;
        synchronized (this) {
            attempt = current;
        }
        if (attempt.isPresent()) {
            ManagedChannel channel = attempt.get().channel;
            if (!channel.awaitTermination(timeoutMillis, TimeUnit.MILLISECONDS)) {
                channel.shutdownNow();
                channel.awaitTermination(1, TimeUnit.SECONDS);
            }
        }
    }

    private void redial(Status status, boolean wasOpen, Optional<SocketAddress> knockAt) {
        long delayMillis;
        synchronized (this) {
            if (closed) {
                return;
            }
            current = Optional.empty();
            if (wasOpen) {
                // At once: whether the peer refuses now is how its death is told from a mere break.
                backoffMillis = 0;
                delayMillis = 0;
            } else {
                backoffMillis = Math.min(BACKOFF_MAX_MILLIS, Math.max(BACKOFF_MIN_MILLIS, backoffMillis * 2));
                delayMillis = backoffMillis - dialing.random().nextLong(backoffMillis / 4 + 1);
            }
            say(status, wasOpen);
        }
        try {
            knockAt.ifPresent(peerAddress -> dialing.timer().execute(() -> knock(peerAddress)));
            var unused = dialing.timer().schedule(this::dial, delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("not redialing, the transport is closed peer={} kind={}", peer, kind);
        }
    }

    /** Asks whether anybody still listens there. A channel would tell as well, ten times later. */
    private void knock(SocketAddress peerAddress) {
        try (Socket socket = new Socket()) {
            socket.connect(peerAddress, KNOCK_MILLIS);
        } catch (IOException e) {
            // Anything else says nothing about the process; dialing reports it.
            if (isRefusal(e)) {
                events.refused();
            }
        }
    }

    /** Once per change: a peer that is down for an hour is one line. */
    private void say(Status status, boolean wasOpen) {
        String reason = status.getCode() + " " + status.getDescription();
        if (!wasOpen && reason.equals(lastReason)) {
            return;
        }
        lastReason = reason;
        boolean refused = status.getCode() == Status.Code.UNAUTHENTICATED
                || status.getCode() == Status.Code.PERMISSION_DENIED
                || status.getCode() == Status.Code.UNIMPLEMENTED;
        if (!refused) {
            log.info(
                    "no stream to peer={} address={} kind={} wasOpen={} reason={}",
                    peer,
                    where(),
                    kind,
                    wasOpen,
                    reason);
        } else {
            log.warn(
                    "no stream, one of the two is wrong peer={} address={} kind={} reason={}",
                    peer,
                    where(),
                    kind,
                    reason);
        }
    }

    /** A name that is looked up with each connection prints as unresolved. */
    private String where() {
        return address.getHostString() + ":" + address.getPort();
    }

    private static boolean isRefusal(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException
                    && String.valueOf(cause.getMessage()).contains("refused")) {
                return true;
            }
        }
        return false;
    }

    /** One connection, from dialing to its end. */
    private final class Attempt extends ClientCall.Listener<RaftFrame> {

        private final ManagedChannel channel;
        private final ArrayDeque<OutFrame> queue = new ArrayDeque<>();
        private Optional<ClientCall<OutFrame, RaftFrame>> call = Optional.empty();
        private long queueBytes;
        private boolean flushing;
        private boolean open;
        private Optional<SocketAddress> connectedTo = Optional.empty();
        private boolean ended;
        private long session;

        Attempt(ManagedChannel channel) {
            this.channel = channel;
        }

        synchronized void open() {
            if (ended) {
                return;
            }
            session = events.nextSession();
            ClientCall<OutFrame, RaftFrame> started =
                    channel.newCall(method, CallOptions.DEFAULT.withOnReadyThreshold(READY_BYTES));
            call = Optional.of(started);
            started.start(this, new Metadata());
            started.request(1);
            started.sendMessage(OutFrame.of(
                    RaftFrame.newBuilder().setOpen(events.opening(session)).build()));
        }

        void send(Message message) {
            boolean overflow;
            synchronized (this) {
                if (!open || ended) {
                    return;
                }
                OutFrame frame = OutFrame.of(message);
                overflow = queueBytes > 0 && queueBytes + frame.sizeBytes() > queueBytesMax;
                if (!overflow) {
                    queue.add(frame);
                    queueBytes += frame.sizeBytes();
                    flush();
                }
            }
            if (overflow) {
                ended(Status.RESOURCE_EXHAUSTED
                        .withDescription("more than " + queueBytesMax + " bytes wait for the network")
                        .asRuntimeException());
            }
        }

        /** Writing may call {@link #onReady} on this very thread, hence the flag. */
        private void flush() {
            if (flushing || call.isEmpty()) {
                return;
            }
            flushing = true;
            try {
                ClientCall<OutFrame, RaftFrame> stream = call.get();
                while (!queue.isEmpty() && stream.isReady()) {
                    OutFrame frame = queue.remove();
                    queueBytes -= frame.sizeBytes();
                    stream.sendMessage(frame);
                }
            } finally {
                flushing = false;
            }
        }

        @Override
        public synchronized void onReady() {
            if (open && !ended) {
                flush();
            }
        }

        /** The peer says one thing only: that it accepted the opening. */
        @Override
        public void onMessage(RaftFrame frame) {
            synchronized (this) {
                if (open || ended) {
                    return;
                }
                if (frame.hasOpen() && frame.getOpen().getFromId() == peer.value()) {
                    open = true;
                    connectedTo = call.map(stream -> stream.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
                }
                call.ifPresent(stream -> stream.request(1));
            }
            if (!open) {
                ended(Status.FAILED_PRECONDITION
                        .withDescription("replica " + frame.getOpen().getFromId() + " answers at " + where()
                                + ", where replica " + peer + " should be")
                        .asRuntimeException());
                return;
            }
            synchronized (StreamLink.this) {
                backoffMillis = 0;
                lastReason = "";
            }
            log.info("stream to peer is open peer={} address={} kind={} session={}", peer, where(), kind, session);
            events.opened(session);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            ended((status.isOk() ? Status.UNAVAILABLE.withDescription("the peer closed the stream") : status)
                    .asRuntimeException());
        }

        void ended(Throwable failure) {
            boolean wasOpen;
            Optional<SocketAddress> knockAt;
            synchronized (this) {
                if (ended) {
                    return;
                }
                ended = true;
                wasOpen = open;
                knockAt = connectedTo;
                queue.clear();
                queueBytes = 0;
            }
            channel.shutdownNow();
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            Status status = Status.fromThrowable(cause);
            if (wasOpen) {
                events.broke();
            }
            if (isRefusal(status.getCause())) {
                events.refused();
            }
            redial(status, wasOpen, knockAt);
        }

        void finish() {
            synchronized (this) {
                if (!ended) {
                    ended = true;
                    call.ifPresent(ClientCall::halfClose);
                }
            }
            channel.shutdown();
        }
    }
}
