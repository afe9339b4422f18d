package io.argosy.client;

import io.argosy.client.internal.Queue;
import io.argosy.client.internal.Sessions;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Settings;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.Subscription;
import io.argosy.proto.v2.SubscriptionEntry;
import io.argosy.proto.v2.VerifyMessageCommand;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** What a consumer tells the servers about itself; the rest is up to the kind of consumer. */
class Subscriptions implements Sessions.Owner {

    private final ClientType type;
    private final String namespace;
    private final String group;
    private final Supplier<Map<String, Filter>> topics;
    private final Optional<Duration> longPolling;

    Subscriptions(
            ClientType type,
            String namespace,
            String group,
            Supplier<Map<String, Filter>> topics,
            Optional<Duration> longPolling) {
        this.type = type;
        this.namespace = namespace;
        this.group = group;
        this.topics = topics;
        this.longPolling = longPolling;
    }

    @Override
    public final ClientType type() {
        return type;
    }

    @Override
    public final Optional<String> group() {
        return Optional.of(group);
    }

    @Override
    public final Settings.Builder settings() {
        Subscription.Builder subscription = Subscription.newBuilder().setGroup(Queue.resource(namespace, group));
        topics.get()
                .forEach((topic, filter) -> subscription.addSubscriptions(SubscriptionEntry.newBuilder()
                        .setTopic(Queue.resource(namespace, topic))
                        .setExpression(filter.toProto())));
        longPolling.ifPresent(time -> subscription.setLongPollingTimeout(Sessions.protoDuration(time)));
        return Settings.newBuilder().setSubscription(subscription);
    }

    @Override
    public void configured(Settings settings) {}

    @Override
    public CompletableFuture<Status> verify(VerifyMessageCommand command) {
        return CompletableFuture.completedFuture(
                Status.newBuilder().setCode(Code.NOT_IMPLEMENTED).build());
    }
}
