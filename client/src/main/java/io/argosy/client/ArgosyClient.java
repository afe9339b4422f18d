package io.argosy.client;

import io.argosy.client.internal.ClientIdentity;
import io.argosy.client.internal.ClientSettings;
import io.argosy.client.internal.ClientSettings.AccessKey;
import io.argosy.client.internal.ClusterLink;
import io.argosy.client.internal.HostName;
import io.argosy.client.internal.HostPort;
import io.argosy.client.internal.Queue;
import io.argosy.client.internal.Route;
import io.argosy.proto.v1.DescribeClusterResponse;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Connections to one cluster, shared by the producers and consumers made from it. Thread-safe; one per process and
 * cluster is enough. Building it does not wait for the network: the first use does.
 */
public final class ArgosyClient implements AutoCloseable {

    private final ClientSettings settings;
    private final ClusterLink link;
    private final String idPrefix;
    private final java.util.concurrent.atomic.AtomicInteger idSequence =
            new java.util.concurrent.atomic.AtomicInteger();
    private final int firstQueue;
    private final SecureRandom random;
    private final Set<AutoCloseable> open = ConcurrentHashMap.newKeySet();

    private ArgosyClient(ClientSettings settings) {
        SecureRandom random = new SecureRandom();
        this.settings = settings;
        this.random = random;
        this.firstQueue = random.nextInt(1 << 16);
        this.idPrefix = HostName.LOCAL + "@" + ProcessHandle.current().pid() + "@"
                + Long.toString(random.nextLong() >>> 1, 36) + "@";
        this.link = new ClusterLink(settings, newIdentity());
    }

    public static Builder builder() {
        return new Builder();
    }

    public Producer.Builder producer() {
        return new Producer.Builder(this);
    }

    /** A consumer that calls a listener. */
    public PushConsumer.Builder pushConsumer(String group) {
        return new PushConsumer.Builder(this, group);
    }

    /** A consumer that asks for messages and acknowledges each. */
    public SimpleConsumer.Builder simpleConsumer(String group) {
        return new SimpleConsumer.Builder(this, group);
    }

    /** A consumer that reads queues from offsets of its choice. */
    public PullConsumer.Builder pullConsumer(String group) {
        return new PullConsumer.Builder(this, group);
    }

    /** The queues of a topic, in the cluster's fixed order. */
    public List<QueueRef> queues(String topic) {
        return route(topic, settings.requestTimeout()).queues().stream()
                .map(ArgosyClient::ref)
                .toList();
    }

    /** Who is in the cluster and who leads, as the first server that answers sees it. */
    public ClusterDescription describeCluster() {
        return describeCluster(
                settings.requestTimeout().multipliedBy(settings.accessPoints().size()));
    }

    /** As {@link #describeCluster()}, within the time, which the servers that are asked share. */
    public ClusterDescription describeCluster(Duration timeout) {
        DescribeClusterResponse answer = await(link.describeCluster(timeout));
        return ClusterDescription.of(answer);
    }

    /** Closes the producers and consumers made from this client, then the connections. */
    @Override
    public void close() {
        for (AutoCloseable each : open) {
            closeQuietly(each);
        }
        link.close();
    }

    private static void closeQuietly(AutoCloseable each) {
        try {
            each.close();
        } catch (Exception e) {
            org.slf4j.LoggerFactory.getLogger(ArgosyClient.class).warn("closing {} failed", each, e);
        }
    }

    ClusterLink link() {
        return link;
    }

    /** A random number that is not 0: what a producer is known by. */
    long newProducerId() {
        long id = random.nextLong();
        return id == 0 ? 1 : id;
    }

    /** A random number from 0, the same for the life of this client. */
    int firstQueue() {
        return firstQueue;
    }

    /** Each producer and consumer is a client of its own to the servers. */
    ClientIdentity newIdentity() {
        return new ClientIdentity(idPrefix + idSequence.incrementAndGet(), settings);
    }

    void opened(AutoCloseable user) {
        open.add(user);
    }

    void closed(AutoCloseable user) {
        open.remove(user);
    }

    Route route(String topic, Duration timeout) {
        return await(link.route(topic, timeout));
    }

    static QueueRef ref(Queue queue) {
        return new QueueRef(queue.topic(), queue.group(), queue.queueId());
    }

    /** Waits on the caller's thread, which must not be a network thread: that thread brings the answer. */
    static <T> T await(CompletableFuture<T> future) {
        Callbacks.refuseToBlock();
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw ArgosyException.of(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ArgosyException("the waiting thread was interrupted", 0, true);
        }
    }

    /** Waits for the end of something, whatever it is; false if it did not come in time. */
    static boolean awaitEnd(CompletableFuture<?> future, Duration timeout) {
        Callbacks.refuseToBlock();
        try {
            future.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (ExecutionException e) {
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** How to reach a cluster. */
    public static final class Builder {
        private List<HostPort> endpoints = List.of();
        private String namespace = "";
        private Optional<AccessKey> accessKey = Optional.empty();
        private boolean tls;
        private Optional<Path> trustedCertificates = Optional.empty();
        private boolean anyCertificate;
        private Duration requestTimeout = Duration.ofSeconds(3);
        private InstantSource clock = InstantSource.system();

        private Builder() {}

        /** Name servers or brokers as {@code host:port}, several with commas or semicolons; port 8081 if left out. */
        public Builder endpoints(String hostPorts) {
            endpoints = HostPort.parseList(hostPorts);
            return this;
        }

        public Builder namespace(String name) {
            namespace = name;
            return this;
        }

        /** Signs all requests. */
        public Builder accessKey(String accessKeyId, String secretKey) {
            accessKey = Optional.of(new AccessKey(accessKeyId, secretKey, Optional.empty()));
            return this;
        }

        /** Encrypts connections; off by default. */
        public Builder tls(boolean on) {
            tls = on;
            return this;
        }

        /**
         * Encrypts connections without knowing to whom: takes any certificate, such as the one that a server makes for
         * itself at its start. Whoever sits in between can read along; not for networks that are not trusted.
         */
        public Builder tlsToAnybody() {
            anyCertificate = true;
            tls = true;
            return this;
        }

        /** PEM file with the authorities to trust, instead of the JVM's; switches TLS on. */
        public Builder trustedCertificates(Path pem) {
            trustedCertificates = Optional.of(pem);
            tls = true;
            return this;
        }

        /**
         * How long one attempt at one server may take, 3 s by default. Below the 2.5 s for which servers hold calls while
         * they elect a leader, elections cost attempts.
         */
        public Builder requestTimeout(Duration timeout) {
            requestTimeout = Checks.positive(timeout, "requestTimeout");
            return this;
        }

        Builder clock(InstantSource source) {
            clock = source;
            return this;
        }

        /** @throws IllegalStateException if no endpoint was given */
        public ArgosyClient build() {
            if (endpoints.isEmpty()) {
                throw new IllegalStateException("no endpoints: give the address of a name server or broker");
            }
            return new ArgosyClient(new ClientSettings(
                    endpoints, namespace, accessKey, tls, trustedCertificates, anyCertificate, requestTimeout, clock));
        }
    }
}
