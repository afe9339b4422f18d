package io.argosy.broker.metrics;

import com.google.protobuf.ByteString;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.rpc.LeaderCall;
import io.argosy.broker.rpc.ResponseSink;
import io.argosy.proto.v2.Code;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Times a call and counts what it was refused with. Looks at the first bytes of answers alone. */
final class MeteredCall implements LeaderCall {

    /** All responses of the protocol begin with {@code Status status = 1}, and a status with {@code Code code = 1}. */
    private static final byte STATUS_FIELD = 0x0a;

    private static final byte CODE_FIELD = 0x08;

    /** Answers that deliver begin with {@code Message message = 2}. */
    private static final byte MESSAGE_FIELD = 0x12;

    private final LeaderCall call;
    private final Timer latency;
    private final Consumer<String> refused;
    private final Counter delivered;
    private final LongSupplier nanoClock;

    MeteredCall(LeaderCall call, Timer latency, Consumer<String> refused, Counter delivered, LongSupplier nanoClock) {
        this.call = call;
        this.latency = latency;
        this.refused = refused;
        this.delivered = delivered;
        this.nanoClock = nanoClock;
    }

    @Override
    public void handle(CallContext context, ByteString request, ResponseSink sink) {
        call.handle(context, request, new MeteredSink(sink, nanoClock.getAsLong()));
    }

    /** The code of the status an answer begins with; 0 if it begins with something else. */
    static int code(ByteString response) {
        int codeAt = statusStart(response);
        if (codeAt < 0) {
            return 0;
        }
        int code = 0;
        for (int i = codeAt, shift = 0; i < response.size() && shift < 32; i++, shift += 7) {
            byte part = response.byteAt(i);
            code |= (part & 0x7f) << shift;
            if (part >= 0) {
                return code;
            }
        }
        return 0;
    }

    /** Position of the code inside; -1 if there is none. */
    private static int statusStart(ByteString response) {
        if (response.size() < 4 || response.byteAt(0) != STATUS_FIELD) {
            return -1;
        }
        int i = 1;
        while (i < response.size() && response.byteAt(i) < 0) {
            i++;
        }
        i++;
        return i + 1 < response.size() && response.byteAt(i) == CODE_FIELD ? i + 1 : -1;
    }

    private final class MeteredSink implements ResponseSink {

        private final ResponseSink sink;
        private final long startNanos;

        MeteredSink(ResponseSink sink, long startNanos) {
            this.sink = sink;
            this.startNanos = startNanos;
        }

        @Override
        public void next(ByteString response) {
            if (!response.isEmpty() && response.byteAt(0) == MESSAGE_FIELD) {
                delivered.increment();
            }
            int code = code(response);
            if (code != 0 && code != Code.OK_VALUE && code != Code.MESSAGE_NOT_FOUND_VALUE) {
                Code named = Code.forNumber(code);
                refused.accept(named == null ? Integer.toString(code) : named.name());
            }
            sink.next(response);
        }

        @Override
        public void complete() {
            latency.record(nanoClock.getAsLong() - startNanos, TimeUnit.NANOSECONDS);
            sink.complete();
        }

        @Override
        public void notLeader() {
            sink.notLeader();
        }

        @Override
        public void outcomeUnknown() {
            sink.outcomeUnknown();
        }

        @Override
        public boolean cancelled() {
            return sink.cancelled();
        }

        @Override
        public void onCancel(Runnable action) {
            sink.onCancel(action);
        }
    }
}
