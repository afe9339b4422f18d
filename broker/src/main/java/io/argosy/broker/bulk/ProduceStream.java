package io.argosy.broker.bulk;

import io.argosy.broker.publish.PublishCompact.Result;
import io.argosy.broker.rpc.Leadership.View;
import io.argosy.broker.rpc.Timers;
import io.argosy.proto.v1.ProduceResponse;
import io.argosy.proto.v2.Code;
import io.argosy.wire.bulk.BatchIn;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One producer's stream. Batches are proposed in the order in which they came; they wait here while there is no leader,
 * and are sent on to another one by telling the client who it is.
 *
 * <p>For maintainers. As in the lane of unary calls, {@link #drain} is the only place that hands batches on, one thread
 * at a time is inside it, and each step is decided under the lock and carried out without it, because proposals may be
 * answered at once. A batch's bytes count as under way until its answer is written; while they are too many, gRPC is not
 * asked for the next batch, and the client's window closes.
 */
final class ProduceStream extends ServerCall.Listener<BatchIn> {

    private static final Logger log = LoggerFactory.getLogger(ProduceStream.class);

    private final ServerCall<BatchIn, ProduceResponse> call;
    private final BulkService service;

    // Guarded by this: network threads, the applier and timers come here, and gRPC wants one at a time.
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private Timers.@Nullable Handle holdTimer;
    private boolean draining;
    private long bytesUnderWay;
    private int batchesUnderWay;
    private boolean paused;
    private boolean ending;
    private boolean ended;

    private record Waiting(BatchIn batch, long arrivalNanos) {}

    ProduceStream(ServerCall<BatchIn, ProduceResponse> call, BulkService service) {
        this.call = call;
        this.service = service;
    }

    synchronized void open() {
        call.sendHeaders(new Metadata());
        call.request(1);
    }

    @Override
    public void onMessage(BatchIn batch) {
        int sizeBytes = batch.bytes().length;
        long nowNanos = service.timers().nanoTime();
        synchronized (this) {
            if (ended) {
                return;
            }
            if (!service.bytes().take(sizeBytes)) {
                write(batch.correlation(), Code.TOO_MANY_REQUESTS, "too many batches are under way here", nowNanos, "");
                call.request(1);
                return;
            }
            bytesUnderWay += sizeBytes;
            batchesUnderWay++;
            waiting.add(new Waiting(batch, nowNanos));
            if (bytesUnderWay < service.limits().streamBytesMax()) {
                call.request(1);
            } else {
                paused = true;
            }
        }
        drain();
    }

    /** Hands on what can be handed on now. Call after anything that may have made that possible. */
    void drain() {
        synchronized (this) {
            if (draining) {
                return;
            }
            draining = true;
        }
        Optional<Runnable> step = nextStep();
        while (step.isPresent()) {
            step.get().run();
            step = nextStep();
        }
    }

    private synchronized Optional<Runnable> nextStep() {
        Waiting first = waiting.peek();
        if (first == null) {
            stopHolding();
            draining = false;
            return Optional.empty();
        }
        View view = service.leadership().view();
        boolean holdOver = service.timers().nanoTime() - holdEndNanos(first) >= 0;
        if (!view.self() && view.leader().isEmpty() && !holdOver) {
            if (holdTimer == null) {
                holdTimer = service.timers()
                        .schedule(holdEndNanos(first) - service.timers().nanoTime(), this::holdOver);
            }
            draining = false;
            return Optional.empty();
        }
        waiting.remove();
        return Optional.of(view.self() ? () -> publish(first) : () -> answer(first, new Result.NotLeader()));
    }

    private long holdEndNanos(Waiting batch) {
        return batch.arrivalNanos + service.limits().holdMax().toNanos();
    }

    private void holdOver() {
        synchronized (this) {
            holdTimer = null;
        }
        drain();
    }

    private void stopHolding() {
        if (holdTimer != null) {
            holdTimer.cancel();
            holdTimer = null;
        }
    }

    private void publish(Waiting taken) {
        BatchIn batch = taken.batch;
        try {
            service.publish()
                    .publish(
                            batch.topic(),
                            batch.bytes(),
                            batch.batchAt(),
                            batch.batchBytes(),
                            result -> answer(taken, result));
        } catch (RuntimeException e) {
            log.error("batch failed topic={} sizeBytes={}", batch.topic(), batch.batchBytes(), e);
            answer(taken, new Result.Refused(Code.INTERNAL_ERROR, "see the server's log"));
        }
    }

    private void answer(Waiting taken, Result result) {
        String leader =
                result instanceof Result.NotLeader || result instanceof Result.Unknown ? service.leaderAddress() : "";
        synchronized (this) {
            done(taken.batch);
            if (ended) {
                return;
            }
            long correlation = taken.batch.correlation();
            if (result instanceof Result.Stored stored) {
                write(ProduceResponse.newBuilder()
                        .setCorrelation(correlation)
                        .setCode(Code.OK_VALUE)
                        .setBaseOffset(stored.baseOffset())
                        .build());
                service.meter().answered(Code.OK_VALUE, service.timers().nanoTime() - taken.arrivalNanos);
            } else if (result instanceof Result.Refused refused) {
                write(correlation, refused.code(), refused.reason(), taken.arrivalNanos, leader);
            } else if (result instanceof Result.NotLeader) {
                write(correlation, Code.HA_NOT_AVAILABLE, "this replica does not lead", taken.arrivalNanos, leader);
            } else if (result instanceof Result.Unknown) {
                write(
                        correlation,
                        Code.PROXY_TIMEOUT,
                        "leadership was lost on the way, the batch may be stored; send it again",
                        taken.arrivalNanos,
                        leader);
            } else {
                throw new AssertionError(result);
            }
            if (paused && bytesUnderWay < service.limits().streamBytesMax()) {
                paused = false;
                call.request(1);
            }
            closeIfOver();
        }
    }

    private void done(BatchIn batch) {
        service.bytes().giveBack(batch.bytes().length);
        bytesUnderWay -= batch.bytes().length;
        batchesUnderWay--;
    }

    private void write(long correlation, Code code, String reason, long arrivalNanos, String leader) {
        write(ProduceResponse.newBuilder()
                .setCorrelation(correlation)
                .setCode(code.getNumber())
                .setMessage(reason)
                .setLeader(leader)
                .build());
        service.meter().answered(code.getNumber(), service.timers().nanoTime() - arrivalNanos);
    }

    private void write(ProduceResponse response) {
        call.sendMessage(response);
    }

    /** The client sends no more; what is under way is answered first. */
    @Override
    public void onHalfClose() {
        end();
    }

    synchronized void end() {
        ending = true;
        closeIfOver();
    }

    private void closeIfOver() {
        if (ending && !ended && batchesUnderWay == 0) {
            over();
            call.close(Status.OK, new Metadata());
        }
    }

    @Override
    public void onCancel() {
        synchronized (this) {
            if (ended) {
                return;
            }
            over();
            waiting.forEach(never -> done(never.batch));
            waiting.clear();
        }
    }

    private void over() {
        ended = true;
        stopHolding();
        service.ended(this);
    }
}
