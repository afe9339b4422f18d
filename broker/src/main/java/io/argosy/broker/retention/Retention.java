package io.argosy.broker.retention;

import io.argosy.broker.command.Command;
import io.argosy.broker.command.TrimLog;
import io.argosy.broker.publish.WriteGate;
import io.argosy.broker.queue.QueueIndex;
import io.argosy.broker.state.BrokerStateMachine;
import io.argosy.broker.topic.TopicTable;
import io.argosy.broker.topic.TopicTable.RetentionRange;
import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.LogReader;
import io.argosy.raft.RaftNode.TrimmedException;
import io.argosy.raft.RaftStatus;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the log from growing for ever. {@link #check} is called every few seconds on a thread that may wait for the disk;
 * the rest is for any thread. The leader proposes trims, so that all replicas hide the same messages (D11); each replica
 * drops files for itself.
 *
 * <p>The log only says how many bytes it has in all, and drops whole segments. So a trim by size assumes entries of equal
 * size and adds a segment; if the log did not shrink by the next check, it goes further.
 */
public final class Retention implements WriteGate {

    private static final Logger log = LoggerFactory.getLogger(Retention.class);

    /** Down to this far below the share that started a trim. */
    private static final double MARGIN = 0.05;

    private static final double MARGIN_HARD = 0.25;

    /** Never more than this share of the log at once: the estimate may be wrong. */
    private static final double ONE_TRIM_MAX = 0.5;

    /** Writes are taken again a little below where they were refused: no flapping. */
    private static final double REOPEN_MARGIN = 0.02;

    private static final int PROBE_BYTES = 64 << 10;

    private final RaftNode raft;
    private final BrokerStateMachine machine;
    private final QueueIndex queues;
    private final TopicTable topics;
    private final RetentionConfig config;
    private final InstantSource clock;

    private volatile Optional<String> closed = Optional.empty();
    private volatile boolean proposing;
    private long nextAgeCheckMillis;
    private long logBytesAtLastTrim = Long.MAX_VALUE;

    public Retention(
            RaftNode raft,
            BrokerStateMachine machine,
            QueueIndex queues,
            TopicTable topics,
            RetentionConfig config,
            InstantSource clock) {
        this.raft = raft;
        this.machine = machine;
        this.queues = queues;
        this.topics = topics;
        this.config = config;
        this.clock = clock;
    }

    @Override
    public Optional<String> closed() {
        return closed;
    }

    /** Looks at the log and does what is due. One thread. */
    public void check() {
        RaftStatus status = raft.status();
        long logBytesMax = Math.max(1, config.room().logBytesMax(status.logBytes()));
        double share = (double) status.logBytes() / logBytesMax;
        watch(status, share, logBytesMax);
        dropTrimmed(status, share);
        if (status.leading() && !proposing) {
            proposeTrim(status, share, logBytesMax);
        }
    }

    private void watch(RaftStatus status, double share, long logBytesMax) {
        if (closed.isEmpty() && share >= config.refuseShare()) {
            closed = Optional.of("disk full: the log has " + status.logBytes() + " bytes, messages are refused from "
                    + (long) (config.refuseShare() * logBytesMax) + " on");
            log.error("messages are refused, the log is full bytes={} max={}", status.logBytes(), logBytesMax);
        } else if (closed.isPresent() && share < config.refuseShare() - REOPEN_MARGIN) {
            closed = Optional.empty();
            log.info("messages are taken again bytes={} max={}", status.logBytes(), logBytesMax);
        }
    }

    /** Files go below the committed trim and the flushed state alone; when space is short, the flush does not wait. */
    private void dropTrimmed(RaftStatus status, double share) {
        long trimIndex = queues.trimIndex();
        if (status.firstIndex() > trimIndex) {
            return;
        }
        if (share >= config.trimShare() && machine.durableAppliedIndex() < trimIndex) {
            machine.flush();
        }
        raft.trim(Math.min(trimIndex, machine.durableAppliedIndex()));
    }

    private void proposeTrim(RaftStatus status, double share, long logBytesMax) {
        long now = clock.millis();
        boolean ageIsDue = now >= nextAgeCheckMillis;
        long bySize = share >= config.trimShare() ? bySize(status, share, logBytesMax) : 0;
        long byAge = ageIsDue ? byAge(status, now) : 0;
        // A replica that is behind the trim is brought up by a snapshot; it does not hold the log of the others.
        long bounded = Math.min(Math.max(bySize, byAge), status.appliedIndex());
        if (ageIsDue) {
            nextAgeCheckMillis = now + config.ageInterval().toMillis();
        }
        boolean topicsDiffer = topics.retentions()
                .filter(range -> !range.shortest().equals(range.longest()))
                .isPresent();
        if (bounded > queues.trimIndex()) {
            propose(now, bounded, share);
        } else if (ageIsDue && topicsDiffer) {
            propose(now, queues.trimIndex(), share); // moves the floors in time
        }
    }

    private long bySize(RaftStatus status, double share, long logBytesMax) {
        long trimIndex = queues.trimIndex();
        if (status.logBytes() >= logBytesAtLastTrim && status.firstIndex() <= trimIndex) {
            // The last trim dropped nothing yet. If it could have, its guess was too small.
            if (machine.durableAppliedIndex() < trimIndex) {
                return 0;
            }
            return trimIndex + Math.max(1, (status.lastIndex() - trimIndex) / 8);
        }
        double down =
                share >= config.trimHardShare() ? config.trimHardShare() - MARGIN_HARD : config.trimShare() - MARGIN;
        double excessBytes = status.logBytes() - down * logBytesMax + config.segmentBytes();
        double part = Math.min(ONE_TRIM_MAX, excessBytes / status.logBytes());
        return status.firstIndex() + (long) (part * (status.lastIndex() - status.firstIndex()));
    }

    private void propose(long nowMillis, long upToIndex, double share) {
        proposing = true;
        logBytesAtLastTrim = raft.status().logBytes();
        ByteBuffer payload = new TrimLog(nowMillis, upToIndex).encode();
        raft.propose(payload, Entry.crcOf(payload), result -> {
            proposing = false;
            if (result instanceof ProposeResult.Committed) {
                log.info("trimmed the log upToIndex={} share={}", upToIndex, share);
            } else {
                log.warn("log was not trimmed, next check tries again upToIndex={} result={}", upToIndex, result);
            }
        });
    }

    // ---- age ----

    /** The last index below which everything is older than any topic keeps it; 0 if nothing is. */
    private long byAge(RaftStatus status, long nowMillis) {
        Optional<RetentionRange> range = topics.retentions();
        if (range.isEmpty()) {
            return 0;
        }
        long cutoffMillis = nowMillis - range.get().longest().toMillis();
        long low = Math.max(status.firstIndex(), queues.trimIndex() + 1);
        long high = status.appliedIndex() + 1;
        try {
            // Times never go back much: entries below low are old, the one at high is not.
            long first = low;
            while (low < high) {
                long middle = low == first ? low : low + (high - low) / 2;
                OptionalLong time = timeAt(middle, high);
                if (time.isPresent() && time.getAsLong() < cutoffMillis) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low == first ? 0 : low - 1;
        } catch (DamagedEntryException | TrimmedException e) {
            log.warn("no trim by age, an entry cannot be read cause={}", e.getMessage());
            return 0;
        }
    }

    /** Time of the first command from the index on; empty if there is none below the end, or none nearby. */
    private OptionalLong timeAt(long index, long endIndex) {
        LogReader reader = raft.log();
        List<Entry> entries = reader.readBlocking(index, PROBE_BYTES);
        for (Entry entry : entries) {
            if (entry.index() < endIndex && entry.type() == EntryType.COMMAND) {
                return OptionalLong.of(Command.timestampMillisOf(entry.payload()));
            }
        }
        return OptionalLong.empty();
    }
}
