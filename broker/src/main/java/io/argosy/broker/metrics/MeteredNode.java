package io.argosy.broker.metrics;

import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ScrubStatus;
import io.micrometer.core.instrument.Timer;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Times proposals that commit. */
final class MeteredNode implements RaftNode {

    private final RaftNode node;
    private final Timer commitLatency;
    private final LongSupplier nanoClock;

    MeteredNode(RaftNode node, Timer commitLatency, LongSupplier nanoClock) {
        this.node = node;
        this.commitLatency = commitLatency;
        this.nanoClock = nanoClock;
    }

    @Override
    public void propose(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {
        long startNanos = nanoClock.getAsLong();
        node.propose(payload, payloadCrc, result -> {
            if (result instanceof ProposeResult.Committed) {
                commitLatency.record(nanoClock.getAsLong() - startNanos, TimeUnit.NANOSECONDS);
            }
            listener.accept(result);
        });
    }

    @Override
    public CompletableFuture<Long> readIndex() {
        return node.readIndex();
    }

    @Override
    public RaftStatus status() {
        return node.status();
    }

    @Override
    public CompletableFuture<UUID> bootstrap() {
        return node.bootstrap();
    }

    @Override
    public void scrub(long bytesPerSecond) {
        node.scrub(bytesPerSecond);
    }

    @Override
    public ScrubStatus scrubbed() {
        return node.scrubbed();
    }

    @Override
    public Operations operations() {
        return node.operations();
    }

    @Override
    public LogReader log() {
        return node.log();
    }

    @Override
    public void trim(long upToIndex) {
        node.trim(upToIndex);
    }

    @Override
    public void close() {
        node.close();
    }
}
