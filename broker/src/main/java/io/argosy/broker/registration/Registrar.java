package io.argosy.broker.registration;

import io.argosy.broker.topic.Topics;
import io.argosy.broker.topic.Topics.Change;
import io.argosy.proto.v1.AutoCreate;
import io.argosy.proto.v1.FullState;
import io.argosy.proto.v1.RegistrationUpdate;
import io.argosy.proto.v1.ReplicaAddress;
import io.argosy.wire.auth.PeerProver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps this replica registered with all name servers. */
public final class Registrar implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Registrar.class);

    private static final int NEWS_MAX = 4096;
    private static final long LOOK_MILLIS = 250;

    private final RegistrarConfig config;
    private final Topics topics;
    private final Supplier<Optional<Standing>> standing;
    private final Supplier<List<ReplicaAddress>> replicas;
    private List<ReplicaAddress> toldReplicas = List.of();
    private boolean registering;
    private final ScheduledThreadPoolExecutor thread;
    private final List<NameServerLink> links;
    private final TopicHistory history = new TopicHistory();

    // From other threads to ours.
    private final BlockingQueue<Change> news = new ArrayBlockingQueue<>(NEWS_MAX);
    private final AtomicBoolean newsLost = new AtomicBoolean();
    private final AtomicBoolean wakened = new AtomicBoolean();

    /**
     * @param replicas where clients and tools find each replica of the group, this one included; from any thread
     * @param standing what this replica is now, from any thread; empty while its group is not born, and then nothing is
     *     registered
     */
    public Registrar(
            RegistrarConfig config,
            Supplier<List<ReplicaAddress>> replicas,
            Topics topics,
            Supplier<Optional<Standing>> standing,
            PeerProver prover) {
        this.replicas = replicas;
        this.config = config;
        this.topics = topics;
        this.standing = standing;
        this.thread = new ScheduledThreadPoolExecutor(
                1,
                task -> {
                    Thread registrar = new Thread(task, "registrar-" + config.self());
                    registrar.setDaemon(true);
                    return registrar;
                },
                new ThreadPoolExecutor.DiscardPolicy());
        this.links = config.nameServers().stream()
                .map(address -> new NameServerLink(address, prover, thread, this::fullState))
                .toList();
    }

    /** Connects to all name servers and stays connected until closed. */
    public void start() {
        topics.onChange(this::changed);
        var unused =
                thread.scheduleWithFixedDelay(this::beat, 0, config.heartbeat().toNanos(), TimeUnit.NANOSECONDS);
        var unusedToo = thread.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Who was added or removed is told soon; membership has no news of its own. */
    private void look() {
        if (standing.get().isPresent() != registering
                || (registering && !replicas.get().equals(toldReplicas))) {
            beat();
        }
    }

    /** This replica's role or term has changed: name servers hear it at once. Callable from any thread. */
    public void standingChanged() {
        thread.execute(this::beat);
    }

    @Override
    public void close() {
        thread.execute(() -> links.forEach(NameServerLink::close));
        thread.shutdown();
    }

    /** On the applier thread: only hands the news over, and never waits. */
    private void changed(Change change) {
        if (!news.offer(change)) {
            newsLost.set(true);
        }
        if (wakened.compareAndSet(false, true)) {
            thread.execute(this::tellChanges);
        }
    }

    private void tellChanges() {
        wakened.set(false);
        takeNews();
        standing.get().ifPresent(now -> links.forEach(link -> link.tellChanges(history, now.fence(config.self()))));
    }

    /** An exception would end the schedule, and nobody would hear of this replica again. */
    private void beat() {
        try {
            beatOnce();
        } catch (RuntimeException e) {
            log.error("heartbeat to name servers failed, the next one follows", e);
        }
    }

    private void beatOnce() {
        takeNews();
        Optional<Standing> now = standing.get();
        registering = now.isPresent();
        if (now.isPresent()) {
            List<ReplicaAddress> nowReplicas = replicas.get();
            if (!nowReplicas.equals(toldReplicas)) {
                toldReplicas = nowReplicas;
                links.forEach(NameServerLink::tellEverythingNext);
            }
            links.forEach(link -> link.beat(history, now.get().fence(config.self())));
        } else {
            // Removed from its group, or not in one yet: nobody shall be sent here.
            links.forEach(NameServerLink::disconnect);
        }
    }

    private void takeNews() {
        boolean lost = newsLost.getAndSet(false);
        for (Change change = news.poll(); change != null; change = news.poll()) {
            history.add(change);
        }
        if (lost) {
            history.forget();
            links.forEach(NameServerLink::tellEverythingNext);
        }
    }

    /** The version is read first: the topics are then at least as new, and a change told twice does no harm. */
    private Optional<RegistrationUpdate> fullState() {
        long version = topics.version();
        return standing.get()
                .map(now -> RegistrationUpdate.newBuilder()
                        .setFull(FullState.newBuilder()
                                .setReplicaId(config.self())
                                .setFence(now.fence(config.self()))
                                .addAllReplicas(replicas.get())
                                .setTopicsVersion(version)
                                .addAllTopics(topics.all().stream()
                                        .map(TopicHistory::route)
                                        .toList())
                                .setAutoCreate(AutoCreate.newBuilder()
                                        .setEnabled(config.autoCreate().enabled())
                                        .setQueueCount(config.autoCreate().queueCount())))
                        .build());
    }
}
