package io.argosy.broker.rpc;

import io.argosy.broker.rpc.Leadership.View;
import io.argosy.broker.session.ClientRegistry;
import io.argosy.proto.v1.ClientReport;
import io.argosy.proto.v1.ClientReportAck;
import io.argosy.raft.ReplicaId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the leader, once a second, which clients are alive here: news to the same leader, everything to a new one. A
 * leader keeps its connections to the others proved instead: when it hands over, its clients' calls go there at once.
 */
final class SightingReports {

    private static final Logger log = LoggerFactory.getLogger(SightingReports.class);

    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Leadership leadership;
    private final ClientRegistry clients;
    private final Function<ReplicaId, RelayLink> links;
    private final Timers timers;
    private final Supplier<List<ReplicaId>> replicas;

    /** To whom the last report went, and arrived. */
    private volatile Optional<View> reportedTo = Optional.empty();

    private volatile boolean underWay;
    private volatile boolean stopped;
    private boolean led;

    SightingReports(
            Leadership leadership,
            ClientRegistry clients,
            Function<ReplicaId, RelayLink> links,
            Supplier<List<ReplicaId>> replicas,
            Timers timers) {
        this.replicas = replicas;
        this.leadership = leadership;
        this.clients = clients;
        this.links = links;
        this.timers = timers;
    }

    void start() {
        timers.schedule(PERIOD_NANOS, this::tick);
    }

    void stop() {
        stopped = true;
    }

    private void tick() {
        if (stopped) {
            return;
        }
        View view = leadership.view();
        clients.expire();
        if (view.self() && !led) {
            clients.beganToLead();
        }
        led = view.self();
        if (view.self()) {
            for (ReplicaId peer : replicas.get()) {
                if (!view.leader().equals(Optional.of(peer))) {
                    links.apply(peer).keepReady();
                }
            }
        }
        if (!view.self() && view.leader().isPresent() && !underWay) {
            report(view, view.leader().get());
        }
        timers.schedule(PERIOD_NANOS, this::tick);
    }

    private void report(View view, ReplicaId leader) {
        boolean everything = !reportedTo.equals(Optional.of(view));
        ClientReport report = clients.report(everything);
        if (report.getSeenCount() == 0 && report.getGoneCount() == 0) {
            return;
        }
        underWay = true;
        CompletableFuture<ClientReportAck> unused = links.apply(leader)
                .report(report)
                .whenComplete((ack, failure) -> {
                    boolean arrived = failure == null && !ack.getNotLeader();
                    if (!arrived) {
                        log.debug(
                                "client report did not arrive leader={} clients={}",
                                leader,
                                report.getSeenCount(),
                                failure);
                    }
                    reportedTo = arrived ? Optional.of(view) : Optional.empty();
                    underWay = false;
                });
    }
}
