package io.argosy.namesrv.registration;

import io.argosy.namesrv.route.RouteTable;
import io.argosy.namesrv.route.Verdict;
import io.argosy.proto.v1.RegistrationAck;
import io.argosy.proto.v1.RegistrationGrpc;
import io.argosy.proto.v1.RegistrationUpdate;
import io.argosy.wire.auth.PeerAuthenticator;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The stream that each broker keeps open. Every update gets one answer. */
public final class RegistrationService extends RegistrationGrpc.RegistrationImplBase {

    private static final Logger log = LoggerFactory.getLogger(RegistrationService.class);

    private final RouteTable table;
    private final LongSupplier nanoClock;

    /** @param nanoClock monotonic, the same that expires the table */
    public RegistrationService(RouteTable table, LongSupplier nanoClock) {
        this.table = table;
        this.nanoClock = nanoClock;
    }

    @Override
    public StreamObserver<RegistrationUpdate> register(StreamObserver<RegistrationAck> answers) {
        String principal =
                Optional.ofNullable(PeerAuthenticator.PRINCIPAL.get()).orElse("unknown");
        return new Stream(principal, table.open(), answers);
    }

    private final class Stream implements StreamObserver<RegistrationUpdate> {

        private final String principal;
        private final RouteTable.Session session;
        private final StreamObserver<RegistrationAck> answers;
        private String lastRefusal = "";

        Stream(String principal, RouteTable.Session session, StreamObserver<RegistrationAck> answers) {
            this.principal = principal;
            this.session = session;
            this.answers = answers;
        }

        @Override
        public void onNext(RegistrationUpdate update) {
            try {
                answers.onNext(answer(verdict(update)));
            } catch (IllegalArgumentException e) {
                log.warn("bad registration from={} reason={}", principal, e.getMessage());
                session.closed();
                answers.onError(
                        Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
            }
        }

        @Override
        public void onError(Throwable failure) {
            log.debug("registration stream broke from={}", principal, failure);
            session.closed();
        }

        @Override
        public void onCompleted() {
            session.closed();
            answers.onCompleted();
        }

        private Verdict verdict(RegistrationUpdate update) {
            long nowNanos = nanoClock.getAsLong();
            return switch (update.getUpdateCase()) {
                case FULL -> session.full(RegistrationDecoder.registered(update.getFull()), nowNanos);
                case DELTA ->
                    session.delta(
                            RegistrationDecoder.fence(update.getDelta().getFence()),
                            RegistrationDecoder.changes(update.getDelta()),
                            nowNanos);
                case HEARTBEAT ->
                    session.heartbeat(
                            RegistrationDecoder.fence(update.getHeartbeat().getFence()),
                            update.getHeartbeat().getTopicsVersion(),
                            nowNanos);
                case UPDATE_NOT_SET -> throw new IllegalArgumentException("empty update");
            };
        }

        private RegistrationAck answer(Verdict verdict) {
            RegistrationAck.Builder ack = RegistrationAck.newBuilder();
            if (verdict instanceof Verdict.Refused refused) {
                // Refusals repeat with every heartbeat; the log needs each reason once.
                if (!refused.reason().equals(lastRefusal)) {
                    log.warn("registration refused from={} reason={}", principal, refused.reason());
                    lastRefusal = refused.reason();
                }
                return ack.setReason(refused.reason()).build();
            }
            lastRefusal = "";
            return ack.setOk(true)
                    .setSendFull(verdict instanceof Verdict.SendFull)
                    .build();
        }
    }
}
