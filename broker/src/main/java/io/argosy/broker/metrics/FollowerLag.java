package io.argosy.broker.metrics;

import io.argosy.raft.RaftStatus;
import io.argosy.raft.RaftStatus.PeerStatus;
import io.argosy.raft.ReplicaId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * How far followers are behind in time, as the leader sees it: how long ago its log ended where the follower's copy ends
 * now. Remembers the end of the log at each sample, so that the answer is as fine as the samples are close. Thread-safe.
 */
final class FollowerLag {

    /** Five minutes of samples; a follower that is further behind is shown as being that far behind. */
    private static final int SAMPLES_MAX = 600;

    // Guarded by this: samples come from a timer, questions from whoever scrapes, neither often.
    private final Deque<Sample> samples = new ArrayDeque<>();
    private long term;

    private record Sample(long atNanos, long lastIndex) {}

    /** Call twice a second. */
    synchronized void sample(RaftStatus status, long nowNanos) {
        if (!status.leading() || status.term() != term) {
            samples.clear();
        }
        term = status.term();
        if (!status.leading()) {
            return;
        }
        if (samples.size() == SAMPLES_MAX) {
            samples.removeFirst();
        }
        samples.addLast(new Sample(nowNanos, status.lastIndex()));
    }

    /** 0 for a follower that has everything, and on a replica that does not lead. */
    synchronized double seconds(RaftStatus status, ReplicaId peer, long nowNanos) {
        if (!status.leading() || status.term() != term || samples.isEmpty()) {
            return 0;
        }
        long matchIndex = status.peers().stream()
                .filter(each -> each.id().equals(peer))
                .mapToLong(PeerStatus::matchIndex)
                .findFirst()
                .orElse(0);
        if (matchIndex >= status.lastIndex()) {
            return 0;
        }
        Iterator<Sample> newestFirst = samples.descendingIterator();
        Sample sample = newestFirst.next();
        while (sample.lastIndex > matchIndex && newestFirst.hasNext()) {
            sample = newestFirst.next();
        }
        return (nowNanos - sample.atNanos) / 1e9;
    }
}
