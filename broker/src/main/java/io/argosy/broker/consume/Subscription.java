package io.argosy.broker.consume;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntToLongFunction;

/**
 * One group in one topic, as the leader sees it ahead of the log: decides who gets which message and which receipt
 * handle is still good. Decisions take effect here at once and reach the log by the {@link Journal}, in the same order.
 * Only the queues that have something cost anything. Not thread-safe; knows no thread and no clock.
 */
final class Subscription {

    /** Where changes go to be replicated. */
    interface Journal {
        void record(QueueRef queue, ProgressChange change);
    }

    /** What a receipt handle is worth. */
    enum Verdict {
        VALID,
        /** Acknowledged before, with this handle or at least in its time. */
        ACKNOWLEDGED,
        /** Handed out again, its time is over, or of no message that was ever handed out. */
        INVALID
    }

    /** What a receive asks for. */
    record Claim(
            int messagesMax, String clientId, long attemptKey, long visibleAtMillis, long nonce, boolean autoRenew) {}

    private record Visibility(long visibleAtMillis, int queueId, long offset) {}

    private static final Comparator<Visibility> BY_TIME = Comparator.comparingLong(Visibility::visibleAtMillis)
            .thenComparingInt(Visibility::queueId)
            .thenComparingLong(Visibility::offset);

    private final String group;
    private final int topicId;
    private final int queueCount;
    private final ConsumeConfig config;
    private final Journal journal;
    private final long groupHash;

    private final Map<Integer, LiveQueue> queues = new HashMap<>();
    private final Deque<LiveQueue> ring = new ArrayDeque<>();
    private final NavigableSet<Visibility> leased = new TreeSet<>(BY_TIME);
    private final Map<Long, Set<Visibility>> byAttempt = new HashMap<>();
    private final Map<String, Integer> autoRenewing = new HashMap<>();
    private int held;

    Subscription(String group, int topicId, int queueCount, ConsumeConfig config, Journal journal) {
        this.group = group;
        this.topicId = topicId;
        this.queueCount = queueCount;
        this.config = config;
        this.journal = journal;
        this.groupHash = ReceiptHandle.hashOf(group);
    }

    long groupHash() {
        return groupHash;
    }

    int topicId() {
        return topicId;
    }

    /**
     * Takes over what is applied; before anything else.
     *
     * @param start where the group begins if it never read this queue
     */
    void open(int queueId, QueueProgress progress, long end, long start) {
        LiveQueue queue = new LiveQueue(new QueueRef(group, topicId, queueId), progress, end);
        queues.put(queueId, queue);
        progress.leases().forEach((offset, lease) -> remember(queue, offset, lease));
        start(queue, id -> start);
        list(queue);
    }

    /** The queue goes on to this offset. */
    void advanced(int queueId, long end, IntToLongFunction startOf) {
        LiveQueue queue = queue(queueId);
        if (end > queue.end) {
            queue.end = end;
            start(queue, startOf);
            list(queue);
        }
    }

    /** Moves messages whose lease has ended to those that can be handed out. */
    void expire(long nowMillis) {
        while (!leased.isEmpty() && leased.first().visibleAtMillis <= nowMillis) {
            Visibility over = leased.pollFirst();
            LiveQueue queue = queue(over.queueId);
            queue.due.add(over.offset);
            list(queue);
        }
    }

    OptionalLong nextExpiryMillis() {
        return leased.isEmpty() ? OptionalLong.empty() : OptionalLong.of(leased.first().visibleAtMillis);
    }

    boolean hasSomething() {
        return !ring.isEmpty();
    }

    /** Messages that were handed out at least once and are not acknowledged. */
    int held() {
        return held;
    }

    /**
     * The messages of the hand-out whose answer the client did not get, if it asks again with the same attempt id: again,
     * without counting an attempt. What was acknowledged or has expired since is left out.
     */
    HandOut again(Claim claim, long nowMillis) {
        HandOut handOut = new HandOut(true);
        if (claim.attemptKey == 0) {
            return handOut;
        }
        for (Visibility known : List.copyOf(byAttempt.getOrDefault(claim.attemptKey, Set.of()))) {
            LiveQueue queue = queue(known.queueId);
            Lease lease = queue.progress.lease(known.offset).orElseThrow();
            if (lease.visibleAtMillis() > nowMillis && handOut.messages() < claim.messagesMax) {
                handOut.add(new HandOut.Slice(queue, known.offset, 1, lease.visibleAt(claim.visibleAtMillis)));
            }
        }
        handOut.slices().forEach(slice -> lease(slice.queue(), slice.first(), slice.count(), slice.lease()));
        return handOut;
    }

    /** Hands out what there is, at most the claim's number; queues take turns. */
    HandOut take(Claim claim) {
        HandOut handOut = new HandOut(false);
        for (int turns = ring.size(); turns > 0 && handOut.messages() < claim.messagesMax; turns--) {
            LiveQueue queue = ring.pollFirst();
            queue.listed = false;
            take(queue, claim, handOut);
            list(queue);
        }
        return handOut;
    }

    private void take(LiveQueue queue, Claim claim, HandOut handOut) {
        while (handOut.messages() < claim.messagesMax && !queue.due.isEmpty()) {
            long offset = queue.due.first();
            int attempt = queue.progress.lease(offset).orElseThrow().attempt() + 1;
            give(queue, offset, 1, attempt, claim, handOut);
        }
        while (queue.hasUntouched(config.spanMax())) {
            // Only what was never handed out adds to what is held.
            int room = Math.min(claim.messagesMax - handOut.messages(), config.leasesMax() - held);
            if (room <= 0) {
                return;
            }
            long first = queue.progress.next();
            long limit = Math.min(Math.min(queue.end, queue.progress.base() + config.spanMax()), first + room);
            long end = first + 1;
            while (end < limit && queue.progress.nextUntouched(end) == end) {
                end++;
            }
            give(queue, first, (int) (end - first), 1, claim, handOut);
        }
    }

    private void give(LiveQueue queue, long first, int count, int attempt, Claim claim, HandOut handOut) {
        Lease lease = new Lease(
                attempt, claim.visibleAtMillis, claim.nonce, claim.clientId, claim.attemptKey, claim.autoRenew);
        handOut.add(new HandOut.Slice(queue, first, count, lease));
        lease(queue, first, count, lease);
    }

    /** These messages did not reach the client: visible again, and the attempt does not count. */
    void undo(int queueId, long first, int count, Lease handedOut) {
        LiveQueue queue = queue(queueId);
        for (long offset = first; offset < first + count; offset++) {
            boolean unchanged = queue.progress
                    .lease(offset)
                    .filter(lease -> lease.nonce() == handedOut.nonce())
                    .isPresent();
            if (unchanged) {
                lease(queue, offset, 1, handedOut.undone());
                leased.remove(new Visibility(0, queueId, offset));
                queue.due.add(offset);
            }
        }
        list(queue);
    }

    /** The log does not have these messages any more: nobody will get them. */
    void lost(int queueId, long minOffset) {
        LiveQueue queue = queue(queueId);
        if (minOffset > queue.progress.base()) {
            for (Map.Entry<Long, Lease> entry :
                    List.copyOf(new TreeMap<>(queue.progress.leases(0, minOffset)).entrySet())) {
                forget(queue, entry.getKey(), entry.getValue());
            }
            change(queue, new ProgressChange.Advanced(minOffset));
        }
    }

    Verdict judge(ReceiptHandle handle, long nowMillis) {
        if (handle.groupHash() != groupHash
                || handle.topicId() != topicId
                || handle.queueId() < 0
                || handle.queueId() >= queueCount) {
            return Verdict.INVALID;
        }
        LiveQueue queue = queue(handle.queueId());
        long offset = handle.offset();
        if (offset < 0 || offset >= queue.end || offset >= queue.progress.base() + config.spanMax()) {
            return Verdict.INVALID;
        }
        boolean inItsTime = handle.visibleAtMillis() > nowMillis;
        if (queue.progress.isAcked(offset)) {
            return inItsTime ? Verdict.ACKNOWLEDGED : Verdict.INVALID;
        }
        Optional<Lease> lease = queue.progress.lease(offset);
        if (lease.isPresent() && lease.get().nonce() == handle.nonce()) {
            return lease.get().visibleAtMillis() > nowMillis ? Verdict.VALID : Verdict.INVALID;
        }
        // The leader that handed out died before the hand-out reached the log: its handle is good all the same (D20),
        // until the message is handed out again, which makes the attempts equal.
        boolean unheardOf = lease.map(Lease::attempt).orElse(0) < handle.attempt();
        return unheardOf && inItsTime ? Verdict.VALID : Verdict.INVALID;
    }

    /** Only for handles that are {@link Verdict#VALID}. */
    void ack(ReceiptHandle handle) {
        LiveQueue queue = queue(handle.queueId());
        queue.progress.lease(handle.offset()).ifPresent(lease -> forget(queue, handle.offset(), lease));
        change(queue, new ProgressChange.Acked(handle.offset(), 1));
        list(queue);
    }

    /**
     * Only for handles that are {@link Verdict#VALID}.
     *
     * @param freshNonce for the new handle, if the change makes the old one invalid: clients that renew automatically go
     *     on using the old one
     * @return the handle that is good from now on
     */
    ReceiptHandle changeVisibility(ReceiptHandle handle, String clientId, long visibleAtMillis, long freshNonce) {
        LiveQueue queue = queue(handle.queueId());
        long nonce = handle.autoRenew() ? handle.nonce() : freshNonce;
        Lease lease = new Lease(handle.attempt(), visibleAtMillis, nonce, clientId, 0, false);
        lease(queue, handle.offset(), 1, lease);
        return new ReceiptHandle(
                groupHash,
                topicId,
                handle.queueId(),
                handle.offset(),
                handle.attempt(),
                nonce,
                visibleAtMillis,
                handle.autoRenew());
    }

    /** Clients that hold messages for as long as they live. */
    Set<String> autoRenewingClients() {
        return Set.copyOf(autoRenewing.keySet());
    }

    /** A client is gone: what it held becomes visible at the time, if it would not sooner. */
    void release(String clientId, long visibleAtMillis) {
        if (!autoRenewing.containsKey(clientId)) {
            return;
        }
        List<Visibility> held = new ArrayList<>();
        for (Visibility known : leased) {
            Lease lease = queue(known.queueId).progress.lease(known.offset).orElseThrow();
            if (lease.autoRenew() && lease.clientId().equals(clientId)) {
                held.add(known);
            }
        }
        for (Visibility known : held) {
            LiveQueue queue = queue(known.queueId);
            Lease lease = queue.progress.lease(known.offset).orElseThrow();
            long until = Math.min(visibleAtMillis, lease.visibleAtMillis());
            Lease released = new Lease(lease.attempt(), until, lease.nonce(), clientId, lease.attemptKey(), false);
            lease(queue, known.offset, 1, released);
        }
    }

    /** For views and tests. */
    Optional<QueueProgress> progress(int queueId) {
        return Optional.ofNullable(queues.get(queueId)).map(queue -> queue.progress);
    }

    private LiveQueue queue(int queueId) {
        return queues.computeIfAbsent(
                queueId, id -> new LiveQueue(new QueueRef(group, topicId, id), new QueueProgress(), 0));
    }

    private void start(LiveQueue queue, IntToLongFunction startOf) {
        if (!queue.progress.opened()) {
            change(queue, new ProgressChange.Opened(startOf.applyAsLong(queue.ref.queueId())));
        }
    }

    private void list(LiveQueue queue) {
        if (!queue.listed && queue.hasSomething(config.spanMax())) {
            queue.listed = true;
            ring.addLast(queue);
        }
    }

    private void lease(LiveQueue queue, long first, int count, Lease lease) {
        for (long offset = first; offset < first + count; offset++) {
            Optional<Lease> before = queue.progress.lease(offset);
            if (before.isPresent()) {
                forget(queue, offset, before.get());
            }
            remember(queue, offset, lease);
        }
        change(queue, new ProgressChange.Leased(first, count, lease));
    }

    private void remember(LiveQueue queue, long offset, Lease lease) {
        Visibility visibility = new Visibility(lease.visibleAtMillis(), queue.ref.queueId(), offset);
        held++;
        leased.add(visibility);
        if (lease.attemptKey() != 0) {
            byAttempt
                    .computeIfAbsent(lease.attemptKey(), key -> new TreeSet<>(BY_TIME))
                    .add(visibility);
        }
        if (lease.autoRenew()) {
            autoRenewing.merge(lease.clientId(), 1, Integer::sum);
        }
    }

    private void forget(LiveQueue queue, long offset, Lease lease) {
        Visibility visibility = new Visibility(lease.visibleAtMillis(), queue.ref.queueId(), offset);
        held--;
        leased.remove(visibility);
        queue.due.remove(offset);
        if (lease.attemptKey() != 0) {
            byAttempt.computeIfPresent(lease.attemptKey(), (key, known) -> {
                known.remove(visibility);
                return known.isEmpty() ? null : known;
            });
        }
        if (lease.autoRenew()) {
            autoRenewing.computeIfPresent(lease.clientId(), (client, count) -> count == 1 ? null : count - 1);
        }
    }

    private void change(LiveQueue queue, ProgressChange change) {
        change.applyTo(queue.progress);
        journal.record(queue.ref, change);
    }
}
