package io.argosy.broker.session;

import io.argosy.proto.v1.ClientReport;
import io.argosy.proto.v1.ClientSighting;
import io.argosy.proto.v2.ClientType;
import io.argosy.wire.session.ClientSightings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The clients this replica has heard of: its own, and on the leader those that other replicas report. Soft state: a new
 * leader knows nothing for a moment and calls every stranger alive meanwhile. Thread-safe.
 */
public final class ClientRegistry implements ClientSightings, ClientLiveness {

    /** Silence after which a client counts as gone. */
    public static final Duration EXPIRY = Duration.ofMinutes(2);

    /** After a change of leader: the slowest official client sends its heartbeats every 30 s. */
    public static final Duration GRACE = Duration.ofSeconds(35);

    /** Clients beyond this number are not tracked, and count as gone once the grace is over. */
    private static final int CLIENTS_MAX = 200_000;

    private final LongSupplier nanoClock;
    private final ConcurrentHashMap<String, Client> clients = new ConcurrentHashMap<>();
    /** Said goodbye here since the last report. */
    private final ConcurrentLinkedQueue<String> goneSinceReport = new ConcurrentLinkedQueue<>();

    private final List<Consumer<String>> goneListeners = new CopyOnWriteArrayList<>();
    private volatile long graceEndNanos;
    /** Reports are made by one thread. */
    private long reportedNanos;

    /** @param nanoClock monotonic */
    public ClientRegistry(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.graceEndNanos = nanoClock.getAsLong() + GRACE.toNanos();
        this.reportedNanos = nanoClock.getAsLong();
    }

    private static final class Client {
        volatile long seenNanos;
        /** At this replica itself, not by report. */
        volatile long seenHereNanos;

        volatile boolean seenHere;
        volatile boolean gone;
        volatile ClientType type = ClientType.CLIENT_TYPE_UNSPECIFIED;
        volatile String group = "";
    }

    /** A call of the client has arrived, here or by relay; on the path of every call. */
    public void touch(String clientId) {
        long nowNanos = nanoClock.getAsLong();
        Client client = clients.get(clientId);
        if (client == null) {
            client = add(clientId);
        }
        client.seenNanos = nowNanos;
        client.seenHereNanos = nowNanos;
        client.seenHere = true;
        if (client.gone) {
            client.gone = false;
        }
    }

    @Override
    public void seen(String clientId, ClientType type, String group) {
        touch(clientId);
        Client client = clients.get(clientId);
        if (client != null) {
            client.type = type;
            client.group = group;
        }
    }

    @Override
    public void gone(String clientId) {
        goneSinceReport.add(clientId);
        leave(clientId);
    }

    @Override
    public boolean alive(String clientId) {
        long nowNanos = nanoClock.getAsLong();
        Client client = clients.get(clientId);
        if (client == null) {
            return nowNanos - graceEndNanos < 0;
        }
        return !client.gone && nowNanos - client.seenNanos < EXPIRY.toNanos();
    }

    @Override
    public void onGone(Consumer<String> listener) {
        goneListeners.add(listener);
    }

    /** Living clients that consume for the group, sorted; on the leader those of all replicas. */
    public List<String> clientsOf(String group) {
        return clients.entrySet().stream()
                .filter(entry -> entry.getValue().group.equals(group) && alive(entry.getKey()))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /** This replica is the leader now; others will report. */
    public void beganToLead() {
        graceEndNanos = nanoClock.getAsLong() + GRACE.toNanos();
    }

    /** Forgets who was silent for too long; call about every second. */
    public void expire() {
        long nowNanos = nanoClock.getAsLong();
        clients.forEach((clientId, client) -> {
            if (nowNanos - client.seenNanos >= EXPIRY.toNanos() && clients.remove(clientId, client) && !client.gone) {
                goneListeners.forEach(listener -> listener.accept(clientId));
            }
        });
    }

    /** What another replica has seen. */
    public void merge(ClientReport report) {
        long nowNanos = nanoClock.getAsLong();
        for (ClientSighting sighting : report.getSeenList()) {
            long seenNanos = nowNanos - TimeUnit.MILLISECONDS.toNanos(sighting.getAgeMillis());
            Client client = clients.get(sighting.getClientId());
            if (client == null) {
                client = add(sighting.getClientId());
                client.seenNanos = seenNanos;
            } else if (seenNanos - client.seenNanos > 0) {
                client.seenNanos = seenNanos;
                client.gone = false;
            }
            if (sighting.getClientType() != ClientType.CLIENT_TYPE_UNSPECIFIED_VALUE) {
                client.type = type(sighting);
                client.group = sighting.getGroup();
            }
        }
        report.getGoneList().forEach(this::leave);
    }

    /**
     * For the leader.
     *
     * @param everything all clients of this replica, not just those seen since the last report
     */
    public ClientReport report(boolean everything) {
        long nowNanos = nanoClock.getAsLong();
        ClientReport.Builder report = ClientReport.newBuilder();
        clients.forEach((clientId, client) -> {
            boolean news = everything || client.seenHereNanos - reportedNanos >= 0;
            if (client.seenHere && !client.gone && news) {
                report.addSeen(ClientSighting.newBuilder()
                        .setClientId(clientId)
                        .setAgeMillis((int) TimeUnit.NANOSECONDS.toMillis(nowNanos - client.seenHereNanos))
                        .setClientType(number(client.type))
                        .setGroup(client.group));
            }
        });
        for (String gone = goneSinceReport.poll(); gone != null; gone = goneSinceReport.poll()) {
            report.addGone(gone);
        }
        reportedNanos = nowNanos;
        return report.build();
    }

    private Client add(String clientId) {
        Client fresh = new Client();
        fresh.seenNanos = nanoClock.getAsLong();
        if (clients.size() >= CLIENTS_MAX) {
            return fresh;
        }
        Client other = clients.putIfAbsent(clientId, fresh);
        return other == null ? fresh : other;
    }

    private void leave(String clientId) {
        Client client = clients.get(clientId);
        if (client == null) {
            client = add(clientId);
        }
        if (!client.gone) {
            client.gone = true;
            goneListeners.forEach(listener -> listener.accept(clientId));
        }
    }

    /** An unrecognised type has no number. */
    private static int number(ClientType type) {
        return type == ClientType.UNRECOGNIZED ? ClientType.CLIENT_TYPE_UNSPECIFIED_VALUE : type.getNumber();
    }

    private static ClientType type(ClientSighting sighting) {
        ClientType type = ClientType.forNumber(sighting.getClientType());
        return type == null ? ClientType.CLIENT_TYPE_UNSPECIFIED : type;
    }
}
