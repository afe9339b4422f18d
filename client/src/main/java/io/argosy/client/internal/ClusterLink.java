package io.argosy.client.internal;

import io.argosy.proto.v1.ClusterGrpc;
import io.argosy.proto.v1.DescribeClusterRequest;
import io.argosy.proto.v1.DescribeClusterResponse;
import io.argosy.proto.v1.GroupView;
import io.argosy.proto.v1.ReplicaView;
import io.argosy.proto.v2.Address;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.Permission;
import io.argosy.proto.v2.QueryRouteRequest;
import io.argosy.proto.v2.QueryRouteResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's view of one cluster: who is there, who leads, where topics live; and the calls that use it. Thread-safe.
 *
 * <p>Learning the leader: when a connection breaks or a server says that it has no leader, the group's replicas are
 * asked every 20 ms and more slowly later, until one names a leader that this client does not know to be broken.
 * Meanwhile calls go to any other replica, which holds them until there is a leader. A server that is silent for long
 * is asked for at the others ({@link SilenceWatch}). In calm times the group is asked every 5 s, so that a leader that
 * moved without a broken connection is found too, and so are replicas that came and went.
 */
@SuppressWarnings("FutureReturnValueIgnored") // whenComplete at the end of a chain takes both outcomes.
public final class ClusterLink implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ClusterLink.class);

    private static final Duration ROUTE_REFRESH = Duration.ofSeconds(30);
    private static final Duration LEADER_CHECK = Duration.ofSeconds(5);
    private static final long LEADER_SEARCH_FIRST_MILLIS = 20;
    private static final long LEADER_SEARCH_LAST_MILLIS = 500;
    private static final long DESCRIBE_TIMEOUT_MILLIS = 500;

    private final ClientSettings settings;
    private final Connections connections;
    private final ClientIdentity identity;
    private final ScheduledThreadPoolExecutor timer;
    private final Map<String, ReplicaGroup> groups = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Route>> routes = new ConcurrentHashMap<>();
    private final List<Consumer<Route>> routeListeners = new CopyOnWriteArrayList<>();
    private final Set<String> searching = ConcurrentHashMap.newKeySet();
    private final AtomicInteger anyoneRotor = new AtomicInteger();
    private final SilenceWatch silence = new SilenceWatch(new Doubts());
    private volatile boolean closed;

    /** @param identity who asks for routes; producers and consumers have identities of their own */
    public ClusterLink(ClientSettings settings, ClientIdentity identity) {
        this.settings = settings;
        this.identity = identity;
        this.connections = new Connections(settings, this::connectionLost);
        this.timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "argosy-client-timer");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        every(Duration.ofSeconds(1), connections::retryBroken);
        every(ROUTE_REFRESH, this::refreshRoutes);
        every(LEADER_CHECK, () -> groups.values().forEach(group -> askForLeader(group, 0, false)));
    }

    public ClientSettings settings() {
        return settings;
    }

    Connections connections() {
        return connections;
    }

    public boolean isClosed() {
        return closed;
    }

    // --- time

    /** Runs the task on the timer thread; false if the client is closed. */
    public boolean after(long delayMillis, Runnable task) {
        return afterNanos(TimeUnit.MILLISECONDS.toNanos(delayMillis), task);
    }

    /** As {@link #after}. */
    public boolean afterNanos(long delayNanos, Runnable task) {
        try {
            timer.schedule(guarded(task), delayNanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Runs the task on the timer thread until the client is closed or the answer is run. */
    public Runnable every(Duration period, Runnable task) {
        var scheduled =
                timer.scheduleAtFixedRate(guarded(task), period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    /** One task that fails must not silence the timer for all others. */
    private static Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                log.error("a periodic task of the client failed", e);
            }
        };
    }

    // --- calls

    /**
     * Makes a call that may be repeated, at one server after another until the deadline.
     *
     * @param deadlineNanos of System.nanoTime
     */
    public <Q, R> void call(
            Target target,
            MethodDescriptor<Q, R> method,
            Q request,
            ClientIdentity caller,
            String what,
            long deadlineNanos,
            Function<R, io.argosy.proto.v2.Status> status,
            Reply<R> reply) {
        new FailoverCall<>(
                        this,
                        new FailoverCall.Spec<>(target, method, request, caller, what, status),
                        deadlineNanos,
                        reply)
                .attempt();
    }

    /** As {@link #call}, with any status but OK and MULTIPLE_RESULTS as a failure. */
    public <Q, R> CompletableFuture<R> ask(
            Target target,
            MethodDescriptor<Q, R> method,
            Q request,
            ClientIdentity caller,
            String what,
            Duration timeout,
            Function<R, io.argosy.proto.v2.Status> status) {
        CompletableFuture<R> result = new CompletableFuture<>();
        call(target, method, request, caller, what, System.nanoTime() + timeout.toNanos(), status, new Reply<R>() {
            @Override
            public void answered(R answer) {
                io.argosy.proto.v2.Status said = status.apply(answer);
                if (StatusCodes.isSuccess(said.getCode())) {
                    result.complete(answer);
                } else {
                    result.completeExceptionally(StatusCodes.failure(said, what));
                }
            }

            @Override
            public void failed(CallFailure failure) {
                result.completeExceptionally(failure);
            }
        });
        return result;
    }

    /** The server for the next attempt; empty if all were tried. */
    Optional<HostPort> pick(Target target, Set<HostPort> tried) {
        if (target instanceof Target.Group wanted) {
            return group(wanted.name()).pick(tried, connections);
        }
        Optional<HostPort> accessPoint = ReplicaGroup.pick(settings.accessPoints(), anyoneRotor, tried, connections);
        if (accessPoint.isPresent() && !connections.isBroken(accessPoint.get())) {
            return accessPoint;
        }
        List<HostPort> known = new ArrayList<>(knownReplicas());
        Optional<HostPort> replica = ReplicaGroup.pick(known, anyoneRotor, tried, connections);
        return replica.isPresent() ? replica : accessPoint;
    }

    /** Who leads the group, as far as this client knows. */
    Optional<HostPort> leader(String group) {
        return group(group).leader();
    }

    private Set<HostPort> knownReplicas() {
        Set<HostPort> known = new LinkedHashSet<>();
        groups.values().forEach(group -> known.addAll(group.replicas()));
        return known;
    }

    /** The server is broken or silent: others come first until somebody says it leads. */
    void distrust(Target target, HostPort server) {
        if (target instanceof Target.Group wanted) {
            ReplicaGroup group = group(wanted.name());
            group.distrust(server);
            searchLeader(group);
        }
    }

    /** A server answered that it could not; perhaps because there is no leader. */
    void doubtLeader(Target target) {
        if (target instanceof Target.Group wanted) {
            askForLeader(group(wanted.name()), 0, false);
        }
    }

    /** A call to that server is about to begin; end it by {@link #unwatch}. */
    SilenceWatch.Open watch(Target.Group target, HostPort server, Runnable leave) {
        return silence.began(target.name(), server, System.nanoTime(), leave);
    }

    void unwatch(SilenceWatch.Open call) {
        silence.ended(call, System.nanoTime());
    }

    private final class Doubts implements SilenceWatch.Doubts {
        @Override
        public boolean after(long millis, Runnable task) {
            return ClusterLink.this.after(millis, task);
        }

        @Override
        public boolean isReplaced(String group, HostPort server) {
            Optional<HostPort> leader = group(group).leader();
            return leader.isPresent() && !leader.get().equals(server);
        }

        /** A silent server that does not lead passes calls on, and others know no better: it is left alone. */
        @Override
        public void askOthers(String name, HostPort silent) {
            ReplicaGroup group = group(name);
            Set<HostPort> tried = new HashSet<>();
            tried.add(silent);
            group.anyBut(tried, connections)
                    .ifPresent(other -> describe(other, DESCRIBE_TIMEOUT_MILLIS).thenAccept(ClusterLink.this::learn));
        }
    }

    private ReplicaGroup group(String name) {
        return groups.computeIfAbsent(name, ReplicaGroup::new);
    }

    // --- who leads

    private void connectionLost(HostPort server) {
        if (closed) {
            return;
        }
        for (ReplicaGroup group : groups.values()) {
            if (group.replicas().contains(server)) {
                log.debug("lost connection server={} group={}", server, group.name());
                group.distrust(server);
                searchLeader(group);
            }
        }
    }

    private void searchLeader(ReplicaGroup group) {
        if (group.leader().isEmpty() && searching.add(group.name())) {
            askForLeader(group, 0, true);
        }
    }

    /** @param search whether to go on until there is a leader */
    private void askForLeader(ReplicaGroup group, int round, boolean search) {
        Optional<HostPort> known =
                group.replicas().isEmpty() ? Optional.empty() : group.pick(new HashSet<>(), connections);
        if (closed || known.isEmpty()) {
            searching.remove(group.name());
            return;
        }
        // If all that this client knows are gone, the group may have moved to others.
        Optional<HostPort> server = connections.isBroken(known.get()) ? pick(Target.ANYONE, new HashSet<>()) : known;
        describe(server.get(), DESCRIBE_TIMEOUT_MILLIS).whenComplete((answer, failure) -> {
            if (failure == null) {
                learn(answer);
            } else if (group.leader().equals(server)) {
                group.distrust(server.get());
            }
            if (search) {
                if (group.leader().isPresent()) {
                    searching.remove(group.name());
                    log.debug("found leader group={} leader={}", group.name(), group.leader());
                } else {
                    long wait = Math.min(LEADER_SEARCH_LAST_MILLIS, LEADER_SEARCH_FIRST_MILLIS << Math.min(round, 8));
                    after(wait, () -> askForLeader(group, round + 1, true));
                }
            } else if (group.leader().isEmpty()) {
                searchLeader(group);
            }
        });
    }

    private void learn(DescribeClusterResponse cluster) {
        for (GroupView view : cluster.getGroupsList()) {
            ReplicaGroup group = groups.get(view.getName());
            if (group != null && group.learn(view, connections)) {
                learnReplicas(
                        view.getName(),
                        view.getReplicasList().stream()
                                .map(ReplicaView::getClientAddress)
                                .filter(address -> !address.isEmpty())
                                .map(HostPort::parse)
                                .toList());
            }
        }
    }

    private CompletableFuture<DescribeClusterResponse> describe(HostPort server, long timeoutMillis) {
        CompletableFuture<DescribeClusterResponse> result = new CompletableFuture<>();
        ClientCall<DescribeClusterRequest, DescribeClusterResponse> call = connections
                .channel(server)
                .newCall(
                        ClusterGrpc.getDescribeClusterMethod(),
                        CallOptions.DEFAULT.withDeadlineAfter(timeoutMillis, TimeUnit.MILLISECONDS));
        call.start(
                new ClientCall.Listener<>() {
                    private @Nullable DescribeClusterResponse answer;

                    @Override
                    public void onMessage(DescribeClusterResponse message) {
                        answer = message;
                    }

                    @Override
                    public void onClose(io.grpc.Status status, Metadata trailers) {
                        if (status.isOk() && answer != null) {
                            result.complete(answer);
                        } else {
                            result.completeExceptionally(new CallFailure(
                                    CallFailure.Kind.NOT_REACHABLE,
                                    0,
                                    Explain.transport(server, status, settings.tls())));
                        }
                    }
                },
                identity.headers());
        call.request(2);
        call.sendMessage(DescribeClusterRequest.getDefaultInstance());
        call.halfClose();
        return result;
    }

    /**
     * Asks servers one after the other until one answers; fails with the last one's reason. The time is shared among
     * those that are left, so that a single server has all of it: a process that just began, on a busy machine, needs
     * seconds for its first call.
     */
    public CompletableFuture<DescribeClusterResponse> describeCluster(Duration timeout) {
        return describeCluster(new HashSet<>(), System.nanoTime() + timeout.toNanos());
    }

    private CompletableFuture<DescribeClusterResponse> describeCluster(Set<HostPort> tried, long deadlineNanos) {
        HostPort server = pick(Target.ANYONE, tried).orElseThrow();
        tried.add(server);
        Set<HostPort> others = knownReplicas();
        others.addAll(settings.accessPoints());
        others.removeAll(tried);
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
        return describe(server, Math.max(1, leftMillis / (1 + others.size())))
                .exceptionallyCompose(failure -> pick(Target.ANYONE, tried).isPresent() && !closed
                        ? describeCluster(tried, deadlineNanos)
                        : CompletableFuture.failedFuture(failure));
    }

    // --- routes

    /** The topic's route, from memory if it is known; refreshed every 30 s from then on. Fails with a CallFailure. */
    public CompletableFuture<Route> route(String topic, Duration timeout) {
        CompletableFuture<Route> known = routes.get(topic);
        if (known != null) {
            return known;
        }
        CompletableFuture<Route> asked = new CompletableFuture<>();
        CompletableFuture<Route> raced = routes.putIfAbsent(topic, asked);
        if (raced != null) {
            return raced;
        }
        fetch(topic, timeout).whenComplete((route, failure) -> {
            if (failure == null) {
                asked.complete(route);
            } else {
                routes.remove(topic, asked);
                asked.completeExceptionally(failure);
            }
        });
        return asked;
    }

    /** Told on a network thread of each route that was learned or refreshed. */
    public void onRoute(Consumer<Route> listener) {
        routeListeners.add(listener);
    }

    public void removeRouteListener(Consumer<Route> listener) {
        routeListeners.remove(listener);
    }

    /** Asks anew now, for instance because a server did not know a queue. */
    public void refresh(String topic) {
        fetch(topic, settings.requestTimeout()).whenComplete((route, failure) -> {
            if (failure != null) {
                log.debug("route not refreshed topic={} reason={}", topic, failure.getMessage());
            }
        });
    }

    private void refreshRoutes() {
        routes.forEach((topic, route) -> {
            if (route.isDone()) {
                refresh(topic);
            }
        });
    }

    private CompletableFuture<Route> fetch(String topic, Duration timeout) {
        QueryRouteRequest request = QueryRouteRequest.newBuilder()
                .setTopic(Queue.resource(settings.namespace(), topic))
                .setEndpoints(Sessions.accessPoint(settings))
                .build();
        return ask(
                        Target.ANYONE,
                        MessagingServiceGrpc.getQueryRouteMethod(),
                        request,
                        identity,
                        "looking up topic " + topic,
                        timeout,
                        QueryRouteResponse::getStatus)
                .thenApply(answer -> {
                    Route route = decode(topic, answer);
                    if (routes.containsKey(topic)) {
                        routes.put(topic, CompletableFuture.completedFuture(route));
                    }
                    routeListeners.forEach(listener -> listener.accept(route));
                    return route;
                });
    }

    private Route decode(String topic, QueryRouteResponse answer) {
        List<Queue> queues = new ArrayList<>();
        Map<String, List<HostPort>> replicas = new LinkedHashMap<>();
        for (MessageQueue queue : answer.getMessageQueuesList()) {
            if (queue.getBroker().getId() != 0) {
                continue; // Only id 0 takes sends; others would be read-only copies in the original design.
            }
            String name = queue.getBroker().getName();
            Permission permission = queue.getPermission();
            queues.add(new Queue(
                    topic,
                    name,
                    queue.getId(),
                    permission == Permission.READ || permission == Permission.READ_WRITE,
                    permission == Permission.WRITE || permission == Permission.READ_WRITE));
            if (!replicas.containsKey(name)) {
                List<HostPort> addresses = new ArrayList<>();
                for (Address address : queue.getBroker().getEndpoints().getAddressesList()) {
                    addresses.add(new HostPort(address.getHost(), address.getPort()));
                }
                replicas.put(name, addresses);
            }
        }
        replicas.forEach(this::learnReplicas);
        return new Route(topic, queues, List.copyOf(replicas.keySet()));
    }

    private void learnReplicas(String name, List<HostPort> addresses) {
        ReplicaGroup group = group(name);
        if (!addresses.isEmpty() && !Set.copyOf(group.replicas()).equals(Set.copyOf(addresses))) {
            log.info("group={} replicas={}", name, addresses);
            group.learnReplicas(addresses);
            addresses.forEach(connections::warm);
            searchLeader(group);
        }
    }

    /** Open calls fail, with CLOSED where they would have been repeated. */
    @Override
    public void close() {
        closed = true;
        timer.shutdown();
        connections.close();
    }
}
