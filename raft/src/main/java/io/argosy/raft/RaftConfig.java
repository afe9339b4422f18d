package io.argosy.raft;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Settings of one replica.
 *
 * @param groupName name of the broker group, for people; identity is the group UUID
 * @param self this replica
 * @param peers where each replica of the group, this one included, listens for its peers, seen from here; a fault
 *     proxy or a changed address goes in here, never into the replicated state (D5)
 * @param listen where this replica listens for its peers
 * @param dataFolder exclusive to this replica
 * @param timing elections and heartbeats
 * @param limits bounds of memory and batches
 * @param storage the log on disk
 */
public record RaftConfig(
        String groupName,
        ReplicaId self,
        Map<ReplicaId, InetSocketAddress> peers,
        InetSocketAddress listen,
        Path dataFolder,
        Timing timing,
        Limits limits,
        Storage storage) {

    public RaftConfig {
        // In the order of ids: a simulated run must not depend on the order of a hash.
        peers = Collections.unmodifiableMap(new TreeMap<>(peers));
        if (!peers.containsKey(self)) {
            throw new IllegalArgumentException("peers " + peers.keySet() + " lack this replica, " + self);
        }
    }

    /**
     * @param tick granularity of all timing; 10 ms
     * @param heartbeat between heartbeats of a leader; 50 ms. Longer detects a dead leader later, shorter costs CPU
     * @param electionMin shortest election timeout, also the leader-stickiness span; 300 ms. Below pauses of the JVM
     *     and the disk it causes needless elections
     * @param electionMax longest election timeout; 600 ms
     */
    public record Timing(Duration tick, Duration heartbeat, Duration electionMin, Duration electionMax) {
        public static final Timing DEFAULT = new Timing(
                Duration.ofMillis(10), Duration.ofMillis(50), Duration.ofMillis(300), Duration.ofMillis(600));

        public Timing {
            if (tick.isNegative() || tick.isZero() || heartbeat.compareTo(tick) < 0) {
                throw new IllegalArgumentException(
                        "tick " + tick + " must be positive and at most heartbeat " + heartbeat);
            }
            if (electionMin.compareTo(heartbeat.multipliedBy(3)) < 0 || electionMax.compareTo(electionMin) <= 0) {
                throw new IllegalArgumentException("election timeout [" + electionMin + ", " + electionMax
                        + ") must start at 3 heartbeats or more and not be empty");
            }
        }
    }

    /**
     * @param batchBytesMax largest append to disk and to a peer; 1 MiB
     * @param windowBytes sent to one peer and not yet answered; 8 MiB
     * @param uncommittedBytesMax proposed and not yet committed; beyond it proposals are refused as busy; 256 MiB
     * @param tailCacheBytes newest entries kept in memory for followers and consumers, for about a second; 32 MiB
     * @param readerThreads threads that read entries from the disk; 2
     * @param catchupBytesPerSecond rate at which this replica fetches snapshots and missing log from its peers; 100 MiB.
     *     Too high disturbs sends, too low lets a replica fall behind further while it catches up
     */
    public record Limits(
            int batchBytesMax,
            int windowBytes,
            long uncommittedBytesMax,
            long tailCacheBytes,
            int readerThreads,
            long catchupBytesPerSecond) {
        public static final Limits DEFAULT = new Limits(1 << 20, 8 << 20, 256L << 20, 32L << 20, 2, 100L << 20);
    }

    /**
     * @param flush when an entry counts as durable on a replica
     * @param segmentBytes size at which a segment is sealed; 1 GiB
     * @param maxBytes bytes of log beyond which proposals are refused, reads go on; 0 = until the disk is full but for a
     *     reserve of at most 64 MiB
     * @param scrub how what lies on the disk is read again
     */
    public record Storage(Flush flush, long segmentBytes, long maxBytes, Scrub scrub) {
        public static final Storage DEFAULT = new Storage(Flush.FSYNC, 1L << 30, 0);

        public Storage(Flush flush, long segmentBytes, long maxBytes) {
            this(flush, segmentBytes, maxBytes, Scrub.DEFAULT);
        }
    }

    /**
     * Reading everything at rest, to find what rots before the second copy does.
     *
     * @param interval in which all of it is read once; 7 days. Zero: only when an operator asks. Longer leaves damage
     *     alone for longer, shorter wears the disk
     * @param bytesPerSecond at most; 16 MiB, which is 5 % of a disk that reads 320 MiB/s. The first reading after a start
     *     goes at this rate, later ones as slowly as the interval allows. Too high disturbs sends, too low makes a
     *     reading of a large log take longer than the interval
     */
    public record Scrub(Duration interval, long bytesPerSecond) {
        public static final Scrub DEFAULT = new Scrub(Duration.ofDays(7), 16L << 20);

        /** Only when an operator asks. */
        public static final Scrub NEVER = new Scrub(Duration.ZERO, DEFAULT.bytesPerSecond());

        public Scrub {
            if (interval.isNegative() || bytesPerSecond < 1) {
                throw new IllegalArgumentException(
                        "scrub interval " + interval + " and rate " + bytesPerSecond + " must not be negative");
            }
        }
    }

    /** When an entry counts as durable on a replica. */
    public enum Flush {
        /** After fsync: survives the loss of power on all replicas at once. */
        FSYNC,
        /**
         * After the write to the page cache, fsync every 100 ms: survives the death of every process, but entries
         * acknowledged in the last moments before a majority of machines lost power are gone.
         */
        ASYNC
    }
}
