package io.argosy.broker.metrics;

import io.argosy.broker.bulk.ProduceMeter;
import io.argosy.broker.consume.GroupViews;
import io.argosy.broker.consume.GroupViews.GroupView;
import io.argosy.broker.consume.GroupViews.QueueView;
import io.argosy.broker.rpc.LeaderCall;
import io.argosy.proto.v2.Code;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.RaftStatus.PeerStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.RoleChange;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.storage.Disk;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** The metrics of one broker. Gauges are read when somebody scrapes and cost nothing before. */
public final class BrokerMetrics {

    /** Histograms of latencies: from a fast fsync to what a client gives up on. */
    private static final Duration[] LATENCIES = {
        Duration.ofNanos(100_000),
        Duration.ofNanos(250_000),
        Duration.ofNanos(500_000),
        Duration.ofMillis(1),
        Duration.ofNanos(2_500_000),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500)
    };

    /** Series per metric of groups; what a scrape can bear. */
    private static final int GROUP_SERIES_MAX = 10_000;

    private final MeterRegistry registry;
    private final LongSupplier nanoClock;

    public BrokerMetrics(MeterRegistry registry, LongSupplier nanoClock) {
        this.registry = registry;
        this.nanoClock = nanoClock;
    }

    /** The disk, with its fsyncs timed. */
    public Disk metered(Disk disk) {
        return new MeteredDisk(
                disk,
                latency("argosy.log.fsync", "Time of one fsync of the log or the hard state", Tags.empty()),
                nanoClock);
    }

    /** The node, with the time from proposal to application measured. */
    public RaftNode metered(RaftNode node) {
        return new MeteredNode(
                node,
                latency("argosy.raft.commit.latency", "From proposal to application, on the leader", Tags.empty()),
                nanoClock);
    }

    /** The calls, timed, with refusals and delivered messages counted. */
    public Map<String, LeaderCall> metered(Map<String, LeaderCall> calls) {
        Counter delivered = Counter.builder("argosy.deliver")
                .description("Messages handed to consumers by this replica as the leader")
                .register(registry);
        Map<String, LeaderCall> metered = new HashMap<>();
        calls.forEach((method, call) -> metered.put(
                method,
                new MeteredCall(
                        call, callLatency(method), reason -> countRefusal(method, reason), delivered, nanoClock)));
        return metered;
    }

    /** Times the batches of the bulk plane, and counts refusals, under the method {@code Produce}. */
    public ProduceMeter produce() {
        Timer latency = callLatency("Produce");
        return (code, tookNanos) -> {
            latency.record(tookNanos, TimeUnit.NANOSECONDS);
            if (code != Code.OK_VALUE) {
                Code named = Code.forNumber(code);
                countRefusal("Produce", named == null ? Integer.toString(code) : named.name());
            }
        };
    }

    private Timer callLatency(String method) {
        return latency(
                "argosy.call.latency",
                "From the arrival of a call at the leader to the end of its answer, waits included",
                Tags.of("method", method));
    }

    private void countRefusal(String method, String reason) {
        Counter.builder("argosy.refused")
                .description("Calls the leader answered with something else than success")
                .tag("method", method)
                .tag("reason", reason)
                .register(registry)
                .increment();
    }

    /** Counts every time this replica hears of a new leader. */
    public void countLeaderChanges(RoleChange change, ReplicaId self) {
        boolean news = change.role() == Role.LEADER
                || change.leader().filter(leader -> !leader.equals(self)).isPresent();
        if (news) {
            Counter.builder("argosy.raft.leader.changes")
                    .description("Leaders this replica has followed or been")
                    .register(registry)
                    .increment();
        }
    }

    /**
     * What Raft says of itself.
     *
     * @return to be run twice a second: remembers how the log grows, for the lag in seconds
     */
    public Runnable raft(Supplier<RaftStatus> status, Collection<ReplicaId> peers) {
        FollowerLag followerLag = new FollowerLag();
        for (Role role : Role.values()) {
            gauge(
                    "argosy.raft.role",
                    "1 for the role this replica has",
                    Tags.of("role", role.name().toLowerCase(Locale.ROOT)),
                    () -> status.get().role() == role ? 1 : 0);
        }
        gauge(
                "argosy.raft.leader",
                "1 if this replica leads",
                () -> status.get().leading() ? 1 : 0);
        gauge(
                "argosy.raft.leader.known",
                "1 if this replica knows who leads",
                () -> status.get().leader().isPresent() ? 1 : 0);
        gauge("argosy.raft.term", "Current term", () -> status.get().term());
        gauge(
                "argosy.raft.first.index",
                "First index of the log",
                () -> status.get().firstIndex());
        gauge(
                "argosy.raft.last.index",
                "Last index of the log",
                () -> status.get().lastIndex());
        gauge("argosy.raft.commit.index", "Commit index", () -> status.get().commitIndex());
        gauge("argosy.raft.applied.index", "Applied index", () -> status.get().appliedIndex());
        gauge("argosy.log.bytes", "Size of the log on disk", () -> status.get().logBytes());
        gauge(
                "argosy.log.damaged.ranges",
                "Ranges of entries that fail their checksum",
                () -> status.get().damage().size());
        gauge(
                "argosy.log.disk.slow",
                "1 while a write or fsync takes longer than an election timeout",
                () -> status.get().diskSlow() ? 1 : 0);
        for (ReplicaId peer : peers) {
            Tags tags = Tags.of("peer", peer.toString());
            gauge(
                    "argosy.raft.follower.lag.entries",
                    "Entries a follower lacks, on the leader",
                    tags,
                    () -> lag(status.get(), peer));
            gauge(
                    "argosy.raft.follower.lag.seconds",
                    "How long ago the log ended where the follower's copy ends, on the leader",
                    tags,
                    () -> followerLag.seconds(status.get(), peer, nanoClock.getAsLong()));
            gauge(
                    "argosy.raft.peer.reachable",
                    "1 if the peer answers, on the leader",
                    tags,
                    () -> peer(status.get(), peer, p -> p.reachable() ? 1 : 0));
        }
        return () -> followerLag.sample(status.get(), nanoClock.getAsLong());
    }

    /** What the reading of all files at rest found. */
    public void scrub(Supplier<ScrubStatus> status) {
        gauge(
                "argosy.scrub.running",
                "1 while all files at rest are being read",
                () -> status.get().running() ? 1 : 0);
        gauge(
                "argosy.scrub.progress.ratio",
                "How much of them the reading under way, or the last one, has read",
                () -> status.get().totalBytes() == 0
                        ? 1
                        : (double) status.get().doneBytes() / status.get().totalBytes());
        total(
                "argosy.scrub.finished",
                "Readings that came to their end",
                () -> status.get().finished());
        total(
                "argosy.scrub.damaged",
                "Places found to be damaged",
                () -> status.get().damaged());
        total(
                "argosy.scrub.repaired",
                "Damaged places that are whole again",
                () -> status.get().repaired());
        gauge(
                "argosy.scrub.open",
                "Places that are damaged now",
                () -> status.get().open().size());
    }

    /** How full the file system of the data folder is. */
    public void disk(Path dataFolder) {
        gauge("argosy.disk.free.ratio", "Free share of the file system that holds the data folder", () -> {
            try {
                FileStore store = Files.getFileStore(dataFolder);
                return (double) store.getUsableSpace() / store.getTotalSpace();
            } catch (IOException e) {
                return Double.NaN; // What Prometheus calls unknown; the next scrape asks again.
            }
        });
    }

    /** When messages were stored. */
    @FunctionalInterface
    public interface StoreTimes {
        /** Entry time in milliseconds of the message at the offset; empty behind the last one. */
        OptionalLong millisAt(int topicId, int queueId, long queueOffset);
    }

    /**
     * Lag and hand-outs of consumer groups, by group and topic. Looks at every queue that a group has progress in, so it
     * is done when somebody scrapes.
     */
    public Runnable groups(
            GroupViews groups, IntFunction<String> topicName, StoreTimes storeTimes, InstantSource clock) {
        MultiGauge lag = MultiGauge.builder("argosy.group.lag.messages")
                .description("Messages that the group has not acknowledged")
                .register(registry);
        MultiGauge lagSeconds = MultiGauge.builder("argosy.group.lag.seconds")
                .description("Age of the oldest message that the group has not acknowledged")
                .register(registry);
        MultiGauge inFlight = MultiGauge.builder("argosy.group.inflight")
                .description("Messages handed out and not acknowledged")
                .register(registry);
        return () -> {
            List<MultiGauge.Row<?>> lags = new ArrayList<>();
            List<MultiGauge.Row<?>> ages = new ArrayList<>();
            List<MultiGauge.Row<?>> inFlights = new ArrayList<>();
            long nowMillis = clock.millis();
            for (String name : groups.groups()) {
                if (lags.size() >= GROUP_SERIES_MAX) {
                    break;
                }
                Map<Integer, List<QueueView>> byTopic =
                        groups.group(name).map(GroupView::queues).orElse(List.of()).stream()
                                .collect(Collectors.groupingBy(QueueView::topicId));
                byTopic.forEach((topicId, queues) -> {
                    Tags tags = Tags.of("group", name, "topic", topicName.apply(topicId));
                    lags.add(MultiGauge.Row.of(
                            tags, queues.stream().mapToLong(QueueView::lag).sum()));
                    long oldestMillis = queues.stream()
                            .filter(queue -> queue.lag() > 0)
                            .flatMapToLong(
                                    queue -> storeTimes.millisAt(topicId, queue.queueId(), queue.base()).stream())
                            .min()
                            .orElse(nowMillis);
                    ages.add(MultiGauge.Row.of(tags, Math.max(0, nowMillis - oldestMillis) / 1e3));
                    inFlights.add(MultiGauge.Row.of(
                            tags, queues.stream().mapToLong(QueueView::inFlight).sum()));
                });
            }
            lag.register(lags, true);
            lagSeconds.register(ages, true);
            inFlight.register(inFlights, true);
        };
    }

    /** A total that somebody else counts. */
    public void total(String name, String description, LongSupplier total) {
        // The registry holds what it asks weakly: a supplier that nobody else holds would be collected, and count 0.
        FunctionCounter.builder(name, this, metrics -> total.getAsLong())
                .description(description)
                .register(registry);
    }

    /** A value that somebody else knows. */
    public void gauge(String name, String description, DoubleSupplier value) {
        gauge(name, description, Tags.empty(), value);
    }

    private void gauge(String name, String description, Tags tags, DoubleSupplier value) {
        Gauge.builder(name, value, DoubleSupplier::getAsDouble)
                .description(description)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }

    private Timer latency(String name, String description, Tags tags) {
        return Timer.builder(name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(LATENCIES)
                .register(registry);
    }

    private static long lag(RaftStatus status, ReplicaId peer) {
        return peer(status, peer, p -> Math.max(0, status.lastIndex() - p.matchIndex()));
    }

    /** 0 on a replica that does not lead: it knows nothing of its peers. */
    private static long peer(RaftStatus status, ReplicaId peer, ToLongFunction<PeerStatus> value) {
        return status.leading()
                ? status.peers().stream()
                        .filter(p -> p.id().equals(peer))
                        .mapToLong(value)
                        .findFirst()
                        .orElse(0)
                : 0;
    }
}
