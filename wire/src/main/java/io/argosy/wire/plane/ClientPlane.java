package io.argosy.wire.plane;

import com.google.protobuf.ByteString;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.wire.grpc.Rebinding;
import io.argosy.wire.listener.ClientPort;
import io.argosy.wire.protocol.ClientHeaders;
import io.argosy.wire.protocol.ClientMethod;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the gRPC service out of something that takes calls as bytes. */
public final class ClientPlane {

    private static final Logger log = LoggerFactory.getLogger(ClientPlane.class);

    /** For callers that give no deadline; no official client does that. */
    private static final long DEADLINE_DEFAULT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Consumer<IncomingCall> calls;
    private final InstantSource clock;
    private final LongSupplier nanoClock;

    private ClientPlane(Consumer<IncomingCall> calls, InstantSource clock, LongSupplier nanoClock) {
        this.calls = calls;
        this.clock = clock;
        this.nanoClock = nanoClock;
    }

    /**
     * The service for a listener made by {@link io.argosy.wire.listener.ClientPort}.
     *
     * @param calls takes every call but Telemetry, on a network thread; a call without a client id never gets there,
     *     unless it is a Heartbeat, nor does one that is larger than {@link ClientPort#REQUEST_BYTES_MAX}
     * @param telemetry takes the Telemetry streams
     */
    public static ServerServiceDefinition service(
            Consumer<IncomingCall> calls,
            ServerCallHandler<ByteString, ByteString> telemetry,
            InstantSource clock,
            LongSupplier nanoClock) {
        ClientPlane plane = new ClientPlane(calls, clock, nanoClock);
        Map<MethodDescriptor<?, ?>, ServerCallHandler<ByteString, ByteString>> handlers = new HashMap<>();
        for (ClientMethod method : ClientMethod.values()) {
            handlers.put(method.descriptor(), (call, headers) -> plane.start(method, call, headers));
        }
        handlers.put(MessagingServiceGrpc.getTelemetryMethod(), telemetry);
        return Rebinding.withRawMethods(new MessagingServiceGrpc.MessagingServiceImplBase() {}.bindService(), handlers);
    }

    private ServerCall.Listener<ByteString> start(
            ClientMethod method, ServerCall<ByteString, ByteString> call, Metadata metadata) {
        IncomingCall incoming = new IncomingCall(call, method, ClientHeaders.of(metadata), deadlineNanos(), clock);
        // Two, so that a second request message, which is an error, is noticed.
        call.request(2);
        return new Receiving(incoming);
    }

    private long deadlineNanos() {
        Deadline deadline = Context.current().getDeadline();
        long leftNanos = deadline == null ? DEADLINE_DEFAULT_NANOS : deadline.timeRemaining(TimeUnit.NANOSECONDS);
        return nanoClock.getAsLong() + leftNanos;
    }

    private void dispatch(IncomingCall call) {
        if (call.headers().clientId().isEmpty() && call.method() != ClientMethod.HEARTBEAT) {
            call.refuse(Code.CLIENT_ID_REQUIRED, "the header x-mq-client-id is missing");
            return;
        }
        int sizeBytes = call.request().size();
        if (sizeBytes > ClientPort.REQUEST_BYTES_MAX) {
            call.refuse(
                    call.method() == ClientMethod.SEND_MESSAGE ? Code.MESSAGE_BODY_TOO_LARGE : Code.PAYLOAD_TOO_LARGE,
                    "the request has " + sizeBytes + " bytes; a message body may have " + ClientPort.BODY_BYTES_MAX
                            + ", a request " + ClientPort.REQUEST_BYTES_MAX);
            return;
        }
        try {
            calls.accept(call);
        } catch (RuntimeException e) {
            log.error(
                    "call failed method={} clientId={} requestId={}",
                    call.method(),
                    call.headers().clientId(),
                    call.headers().requestId(),
                    e);
            call.refuse(Code.INTERNAL_ERROR, "see the server's log");
        }
    }

    private final class Receiving extends ServerCall.Listener<ByteString> {

        private final IncomingCall call;
        private int messages;

        Receiving(IncomingCall call) {
            this.call = call;
        }

        @Override
        public void onMessage(ByteString message) {
            messages++;
            call.request(message);
        }

        @Override
        public void onHalfClose() {
            if (messages == 1) {
                dispatch(call);
            } else {
                call.refuse(Code.BAD_REQUEST, messages + " request messages instead of one");
            }
        }

        @Override
        public void onCancel() {
            call.clientGone();
        }

        @Override
        public void onReady() {
            call.becameReady();
        }
    }
}
