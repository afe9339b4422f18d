package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.StateMachine;
import io.argosy.raft.core.WindowHash;
import io.argosy.raft.storage.RaftLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jctools.queues.SpscUnboundedArrayQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The apply lane: feeds committed and locally durable entries to the state machine in runs, then answers the proposals
 * and reads that waited for them.
 */
final class Applier implements Lane {

    private static final Logger log = LoggerFactory.getLogger(Applier.class);

    private static final int RUN_ENTRIES_MAX = 1024;
    private static final int RUN_BYTES_MAX = 4 << 20;
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long DAMAGE_RETRY_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final StateMachine stateMachine;
    private final TailCache tail;
    private final RaftLog raftLog;
    private final Runnable damageFound;
    private final Wake wake;

    private WindowHash window;
    private final Queue<Window> windows = new SpscUnboundedArrayQueue<>(16);

    // From the loop. Proposals are queued before the index that decides them can reach the target.
    private final Queue<Proposal> proposals = new SpscUnboundedArrayQueue<>(1024);
    private final Queue<WaitingRead> reads = new SpscUnboundedArrayQueue<>(64);
    private volatile long targetIndex;
    private volatile boolean finishing;
    private volatile boolean stopped;

    // appliedIndex <= targetIndex
    private volatile long appliedIndex;
    private boolean damageSaid;
    /** Until the next try nothing but the end is work. */
    private volatile boolean waitsForRepair;

    private volatile @Nullable Restore restore;

    /** A snapshot that replaces the state; {@code restored} is called when it did. */
    private record Restore(Path folder, long index, Runnable restored) {}

    /** Entries 1024 at a time, and their hash. */
    record Window(long endIndex, long hash) {}

    private record WaitingRead(long index, CompletableFuture<Long> answer) {}

    Applier(
            StateMachine stateMachine,
            long appliedIndex,
            TailCache tail,
            RaftLog raftLog,
            Runnable damageFound,
            Wake wake) {
        this.wake = wake;
        this.stateMachine = stateMachine;
        this.appliedIndex = appliedIndex;
        this.targetIndex = appliedIndex;
        this.window = new WindowHash(appliedIndex);
        this.tail = tail;
        this.raftLog = raftLog;
        this.damageFound = damageFound;
    }

    // ------------------------------------------------------------------------------------------ for the loop thread

    /** The proposal has its place in the log; answer it when that place is decided. */
    void await(Proposal proposal) {
        proposals.add(proposal);
    }

    void await(long readIndex, CompletableFuture<Long> answer) {
        reads.add(new WaitingRead(readIndex, answer));
        wake.raise();
    }

    /** Replaces the state by that of a snapshot, between two runs, and goes on behind it. */
    void restore(Path folder, long index, Runnable restored) {
        restore = new Restore(folder, index, restored);
        wake.raise();
    }

    /** The oldest window that was applied and not taken yet. */
    Optional<Window> takeWindow() {
        return Optional.ofNullable(windows.poll());
    }

    void applyUpTo(long index) {
        if (index > targetIndex) {
            targetIndex = index;
            wake.raise();
        }
    }

    // ---------------------------------------------------------------------------------------------- for any thread

    long appliedIndex() {
        return appliedIndex;
    }

    /** Committed and durable here: may be read. */
    long targetIndex() {
        return targetIndex;
    }

    /** Applies what is committed, then ends. */
    void finish() {
        finishing = true;
        wake.raise();
    }

    /** Ends after the current run. */
    void stop() {
        stopped = true;
        wake.raise();
    }

    // --------------------------------------------------------------------------------------------- applier thread

    @Override
    public long step() {
        waitsForRepair = false;
        if (stopped) {
            return ENDED;
        }
        Restore due = restore;
        if (due != null) {
            restore = null;
            restore(due);
            return 0;
        }
        long target = targetIndex;
        if (appliedIndex < target) {
            return applyRun(target);
        }
        return !answerReads() && finishing ? ENDED : IDLE_NANOS;
    }

    @Override
    public boolean hasWork() {
        return finishing
                || stopped
                || restore != null
                || (!waitsForRepair && (appliedIndex < targetIndex || readIsDue()));
    }

    private void restore(Restore due) {
        try {
            stateMachine.restore(due.folder);
        } catch (IOException e) {
            throw new DiskFailure("restoring the state from " + due.folder + " failed", e);
        }
        // What became of these is not told by a snapshot.
        for (Proposal head = proposals.peek(); head != null && head.index <= due.index; head = proposals.peek()) {
            proposals.remove();
            head.listener.accept(new ProposeResult.Indeterminate(head.term));
        }
        targetIndex = Math.max(targetIndex, due.index);
        window = new WindowHash(due.index);
        appliedIndex = due.index;
        damageSaid = false;
        log.info("state restored from a snapshot appliedIndex={}", due.index);
        due.restored.run();
    }

    /** Returns when to step again. */
    private long applyRun(long target) {
        List<Entry> run = tail.run(appliedIndex + 1, target, RUN_BYTES_MAX, RUN_ENTRIES_MAX);
        if (run.isEmpty()) {
            run = readRun(target);
            if (run.isEmpty()) {
                // The state stands still here for good if it is to end now.
                return finishing ? ENDED : DAMAGE_RETRY_NANOS;
            }
        }
        stateMachine.apply(run);
        for (int i = 0; i < run.size(); i++) {
            if (window.ends(run.get(i))) {
                windows.add(new Window(run.get(i).index(), window.hash()));
            }
        }
        Entry last = run.get(run.size() - 1);
        appliedIndex = last.index();
        if (proposals.peek() != null) {
            run.forEach(this::decide);
        }
        answerReads();
        return 0;
    }

    private List<Entry> readRun(long target) {
        long from = appliedIndex + 1;
        try {
            List<Entry> read = raftLog.read(from, RUN_BYTES_MAX);
            int usable = (int) Math.min(read.size(), target - from + 1);
            return read.subList(0, usable);
        } catch (DamagedEntryException e) {
            // Never skipped, never guessed (R32, R42). The replica goes on acknowledging and voting, but its state
            // stands still until the entry is whole again.
            if (!damageSaid) {
                log.error("cannot apply, entry is damaged on this disk index={}", from, e);
                damageSaid = true;
            }
            damageFound.run();
            waitsForRepair = true;
            return List.of();
        } catch (IOException e) {
            throw new DiskFailure("reading entry " + from + " to apply it failed", e);
        }
    }

    /**
     * What is applied decides proposals: the one at this index if the terms match. One of an older term at this or a
     * higher index is dead, for no log that holds a committed entry of a newer term can hold it behind that entry. A
     * mere truncation here decides nothing, because the entry may live on elsewhere.
     */
    private void decide(Entry applied) {
        for (Proposal head = proposals.peek(); head != null; head = proposals.peek()) {
            if (head.index == applied.index() && head.term == applied.term()) {
                proposals.remove();
                head.listener.accept(new ProposeResult.Committed(head.index, head.term));
            } else if (head.term < applied.term()) {
                proposals.remove();
                head.listener.accept(new ProposeResult.NotLeader(Optional.empty()));
            } else {
                return;
            }
        }
    }

    private boolean readIsDue() {
        WaitingRead head = reads.peek();
        return head != null && head.index <= appliedIndex;
    }

    /** @return whether any were answered; read indexes never decrease, so that the first one that must wait is the last */
    private boolean answerReads() {
        boolean any = false;
        while (readIsDue()) {
            WaitingRead due = reads.remove();
            due.answer.complete(appliedIndex);
            any = true;
        }
        return any;
    }

    /** After loop and applier have ended: nobody will decide these any more. */
    void abandon(RuntimeException readFailure) {
        for (Proposal head = proposals.poll(); head != null; head = proposals.poll()) {
            head.listener.accept(new ProposeResult.Indeterminate(head.term));
        }
        for (WaitingRead head = reads.poll(); head != null; head = reads.poll()) {
            head.answer.completeExceptionally(readFailure);
        }
    }
}
