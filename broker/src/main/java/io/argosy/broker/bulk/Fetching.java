package io.argosy.broker.bulk;

import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.queue.QueueListener;
import io.argosy.broker.rpc.Leadership;
import io.argosy.broker.rpc.Timers;
import io.argosy.broker.topic.Topics;
import io.argosy.proto.v1.FetchRequest;
import io.argosy.raft.RaftNode.LogReader;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Serves Fetch streams from what this replica applied: what is committed never changes, so that any replica may. Streams
 * that find their entries in memory never wait for those that read old ones from the disk.
 */
public final class Fetching implements AutoCloseable {

    /** Beside the entries of an answer: what else lies in the piece of the log that is read. */
    private static final int ROOM_SLACK_BYTES = 128 << 10;

    private final Parts parts;
    private final FetchConfig config;
    private final WaitingFetches waiting = new WaitingFetches();
    private final Set<FetchStream> streams = ConcurrentHashMap.newKeySet();
    private final ExecutorService tailWorkers;
    private final ExecutorService diskWorkers;
    private final ThreadLocal<ByteBuffer> rooms;

    private final AtomicLong underWayBytes = new AtomicLong();

    private final LongAdder sentBytes = new LongAdder();
    private final LongAdder diskBytes = new LongAdder();

    /**
     * What streams read.
     *
     * @param threadName begins the names of threads
     */
    public record Parts(
            Topics topics, QueueIndex queues, LogReader log, Leadership leadership, Timers timers, String threadName) {}

    public Fetching(Parts parts, FetchConfig config) {
        this.parts = parts;
        this.config = config;
        this.tailWorkers = pool(config.tailThreads(), parts.threadName + "-tail");
        this.diskWorkers = pool(config.diskThreads(), parts.threadName + "-disk");
        this.rooms =
                ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(config.answerBytesMax() + ROOM_SLACK_BYTES));
        parts.topics.onChange(change -> {
            if (change instanceof Topics.Change.Deleted) {
                execute(
                        false,
                        () -> waiting.wakeTopics(id -> parts.topics.topic(id).isEmpty()));
            }
        });
    }

    private static ExecutorService pool(int threads, String name) {
        AtomicInteger number = new AtomicInteger();
        return Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /** To be told of new messages. */
    public QueueListener listener() {
        return waiting;
    }

    ServerCallHandler<FetchRequest, FetchAnswer> handler() {
        return this::open;
    }

    private ServerCall.Listener<FetchRequest> open(ServerCall<FetchRequest, FetchAnswer> call, Metadata headers) {
        FetchStream stream = new FetchStream(this, call);
        streams.add(stream);
        stream.begin();
        return stream;
    }

    /** Ends all streams; their clients open new ones, here or elsewhere. */
    void endStreams() {
        streams.forEach(FetchStream::end);
    }

    /** Streams that are open; for metrics. */
    public int openStreams() {
        return streams.size();
    }

    /** Bytes of stored commands that were sent since the start; for metrics. */
    public long sentBytes() {
        return sentBytes.sum();
    }

    /** Those of them that were read from the disk. */
    public long diskBytes() {
        return diskBytes.sum();
    }

    /** Bytes of answers that wait for their clients; for metrics. */
    public long underWayBytes() {
        return underWayBytes.get();
    }

    // ---- for the streams ----

    Parts parts() {
        return parts;
    }

    FetchConfig config() {
        return config;
    }

    WaitingFetches waiting() {
        return waiting;
    }

    /** Room to read entries into, of the calling thread. */
    ByteBuffer room() {
        return rooms.get();
    }

    void closed(FetchStream stream) {
        streams.remove(stream);
    }

    void sent(int bytes, boolean fromDisk) {
        sentBytes.add(bytes);
        if (fromDisk) {
            diskBytes.add(bytes);
        }
    }

    void execute(boolean disk, Runnable task) {
        try {
            (disk ? diskWorkers : tailWorkers).execute(task);
        } catch (RejectedExecutionException e) {
            // The broker stops; its port is closed, and clients go elsewhere.
            assert tailWorkers.isShutdown();
        }
    }

    /** Largest answer now: small ones, while clients that do not read hold much memory. */
    int answerBytesMax() {
        return underWayBytes.get() < config.underWayBytesMax() ? config.answerBytesMax() : config.crowdedBytesMax();
    }

    void tookUnderWay(long bytes) {
        underWayBytes.addAndGet(bytes);
    }

    void gaveBackUnderWay(long bytes) {
        underWayBytes.addAndGet(-bytes);
    }

    @Override
    public void close() {
        tailWorkers.shutdownNow();
        diskWorkers.shutdownNow();
    }
}
