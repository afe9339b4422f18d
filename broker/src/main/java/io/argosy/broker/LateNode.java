package io.argosy.broker;

import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ScrubStatus;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The node, for parts that must exist before it: the state machine and what listens to it are built first, because the
 * node replays entries into them as soon as it starts. Until {@link #attach} nobody leads here.
 */
final class LateNode implements RaftNode {

    private final LogReader log = new LateLog();
    private volatile @Nullable RaftNode node;

    void attach(RaftNode started) {
        node = started;
    }

    @Override
    public void propose(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {
        RaftNode started = node;
        if (started == null) {
            listener.accept(new ProposeResult.NotLeader(Optional.empty()));
        } else {
            started.propose(payload, payloadCrc, listener);
        }
    }

    @Override
    public CompletableFuture<Long> readIndex() {
        RaftNode started = node;
        return started == null
                ? CompletableFuture.failedFuture(new NotLeaderException("the replica is starting"))
                : started.readIndex();
    }

    @Override
    public RaftStatus status() {
        return started().status();
    }

    @Override
    public CompletableFuture<UUID> bootstrap() {
        return started().bootstrap();
    }

    @Override
    public void scrub(long bytesPerSecond) {
        started().scrub(bytesPerSecond);
    }

    @Override
    public ScrubStatus scrubbed() {
        return started().scrubbed();
    }

    @Override
    public Operations operations() {
        return started().operations();
    }

    @Override
    public LogReader log() {
        return log;
    }

    @Override
    public void trim(long upToIndex) {
        started().trim(upToIndex);
    }

    /** Belongs to whoever started it. */
    @Override
    public void close() {}

    private RaftNode started() {
        RaftNode started = node;
        if (started == null) {
            throw new IllegalStateException("the replica is starting");
        }
        return started;
    }

    private final class LateLog implements LogReader {
        @Override
        public long firstIndex() {
            return started().log().firstIndex();
        }

        @Override
        public Optional<Entry> cached(long index) {
            return started().log().cached(index);
        }

        @Override
        public CompletableFuture<List<Entry>> read(long fromIndex, int bytesMax) {
            return started().log().read(fromIndex, bytesMax);
        }

        @Override
        public List<Entry> readBlocking(long fromIndex, int bytesMax) {
            return started().log().readBlocking(fromIndex, bytesMax);
        }

        @Override
        public List<Entry> readBlocking(long[] indexes, int from, int to, ByteBuffer room) {
            return started().log().readBlocking(indexes, from, to, room);
        }
    }
}
