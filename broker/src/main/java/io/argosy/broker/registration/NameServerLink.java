package io.argosy.broker.registration;

import io.argosy.proto.v1.Delta;
import io.argosy.proto.v1.GroupFence;
import io.argosy.proto.v1.RegistrationAck;
import io.argosy.proto.v1.RegistrationGrpc;
import io.argosy.proto.v1.RegistrationHeartbeat;
import io.argosy.proto.v1.RegistrationUpdate;
import io.argosy.server.config.HostPort;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream to one name server. Tried again with each beat while it is down, each time over a fresh channel: a channel
 * that has failed would wait for up to two minutes by itself, and keep the address it once looked up.
 */
final class NameServerLink {

    private static final Logger log = LoggerFactory.getLogger(NameServerLink.class);
    private static final int ACK_BYTES_MAX = 1 << 20;

    /** Updates without an answer after which the name server counts as frozen. */
    private static final int UNANSWERED_MAX = 30;

    private final HostPort address;
    private final PeerProver prover;
    private final Executor thread;
    private final Supplier<Optional<RegistrationUpdate>> fullState;

    private Optional<Attempt> attempt = Optional.empty();
    private String lastTrouble = "";

    /** @param thread owns this object; callbacks of the network come back to it */
    NameServerLink(
            HostPort address, PeerProver prover, Executor thread, Supplier<Optional<RegistrationUpdate>> fullState) {
        this.address = address;
        this.prover = prover;
        this.thread = thread;
        this.fullState = fullState;
    }

    /** A sign of life, or another attempt to connect. */
    void beat(TopicHistory history, GroupFence fence) {
        if (attempt.isEmpty()) {
            connect();
            return;
        }
        attempt.get().beat(history, fence);
    }

    /** What changed since this name server was told last. */
    void tellChanges(TopicHistory history, GroupFence fence) {
        attempt.ifPresent(current -> current.tellChanges(history, fence));
    }

    /** Changes were lost on the way here. */
    void tellEverythingNext() {
        attempt.ifPresent(current -> current.fullNext = true);
    }

    /** There is nothing to register any more. */
    void disconnect() {
        if (attempt.isPresent()) {
            log.info("no longer registered with name server address={}", address);
            lastTrouble = "";
            close();
            attempt = Optional.empty();
        }
    }

    void close() {
        attempt.ifPresent(Attempt::end);
    }

    private void connect() {
        ManagedChannel channel = PeerEndpoints.channel(
                        InetSocketAddress.createUnresolved(address.host(), address.port()), ACK_BYTES_MAX)
                .build();
        Attempt begun = new Attempt(channel);
        attempt = Optional.of(begun);
        var unused = prover.prove(channel)
                .whenComplete((proved, failure) -> thread.execute(() -> {
                    if (failure == null) {
                        begun.open();
                    } else {
                        begun.broken(failure);
                    }
                }));
    }

    /** One connection, from dialing to its end. */
    private final class Attempt {

        private final ManagedChannel channel;
        private Optional<StreamObserver<RegistrationUpdate>> stream = Optional.empty();
        private long toldVersion;
        private boolean fullNext = true;
        private int unanswered;

        Attempt(ManagedChannel channel) {
            this.channel = channel;
        }

        void open() {
            if (current()) {
                stream = Optional.of(RegistrationGrpc.newStub(channel).register(new Answers(this)));
                tellEverything();
            }
        }

        void beat(TopicHistory history, GroupFence fence) {
            if (stream.isEmpty()) {
                return;
            }
            if (unanswered >= UNANSWERED_MAX) {
                broken(Status.DEADLINE_EXCEEDED
                        .withDescription(unanswered + " updates without an answer")
                        .asRuntimeException());
                return;
            }
            if (!tellChanges(history, fence)) {
                send(RegistrationUpdate.newBuilder()
                        .setHeartbeat(RegistrationHeartbeat.newBuilder()
                                .setFence(fence)
                                .setTopicsVersion(toldVersion))
                        .build());
            }
        }

        /** @return whether there was something to tell */
        boolean tellChanges(TopicHistory history, GroupFence fence) {
            if (stream.isEmpty() || !(fullNext || history.hasNewerThan(toldVersion))) {
                return false;
            }
            Optional<Delta> delta = fullNext ? Optional.empty() : history.since(toldVersion, fence);
            if (delta.isEmpty()) {
                tellEverything();
                return true;
            }
            toldVersion = delta.get().getTopicsVersion();
            send(RegistrationUpdate.newBuilder().setDelta(delta.get()).build());
            return true;
        }

        void answered(RegistrationAck ack) {
            unanswered = 0;
            if (!ack.getOk()) {
                trouble("refused: " + ack.getReason());
            } else if (ack.getSendFull()) {
                tellEverything();
            } else if (!lastTrouble.equals("registered")) {
                lastTrouble = "registered";
                log.info("registered with name server address={}", address);
            }
        }

        void broken(Throwable failure) {
            if (current()) {
                trouble(Status.fromThrowable(failure).getCode() + " "
                        + Optional.ofNullable(Status.fromThrowable(failure).getDescription())
                                .orElse(""));
                end();
                attempt = Optional.empty();
            }
        }

        void end() {
            channel.shutdownNow();
        }

        private boolean current() {
            return attempt.isPresent() && attempt.get() == this;
        }

        private void tellEverything() {
            fullState.get().ifPresent(full -> {
                toldVersion = full.getFull().getTopicsVersion();
                fullNext = false;
                send(full);
            });
        }

        private void send(RegistrationUpdate update) {
            unanswered++;
            stream.ifPresent(open -> open.onNext(update));
        }

        /** The same trouble comes back with every beat; the log needs it once. */
        private void trouble(String what) {
            if (!what.equals(lastTrouble)) {
                lastTrouble = what;
                log.warn("not registered with name server address={} reason={}", address, what);
            }
        }
    }

    /** On network threads: hands over. */
    private final class Answers implements StreamObserver<RegistrationAck> {

        private final Attempt owner;

        Answers(Attempt owner) {
            this.owner = owner;
        }

        @Override
        public void onNext(RegistrationAck ack) {
            thread.execute(() -> owner.answered(ack));
        }

        @Override
        public void onError(Throwable failure) {
            thread.execute(() -> owner.broken(failure));
        }

        @Override
        public void onCompleted() {
            thread.execute(() -> owner.broken(
                    Status.UNAVAILABLE.withDescription("name server stops").asRuntimeException()));
        }
    }
}
