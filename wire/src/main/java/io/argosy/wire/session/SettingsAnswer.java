package io.argosy.wire.session;

import com.google.protobuf.Duration;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.CustomizedBackoff;
import io.argosy.proto.v2.ExponentialBackoff;
import io.argosy.proto.v2.Metric;
import io.argosy.proto.v2.Publishing;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.RetryPolicy;
import io.argosy.proto.v2.Settings;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.Subscription;
import io.argosy.proto.v2.SubscriptionEntry;
import io.argosy.wire.name.ResourceNames;
import io.argosy.wire.protocol.Statuses;
import java.util.Optional;

/** Turns the settings a client sends into those it is to use: an echo with the server's own fields set. */
public final class SettingsAnswer {

    private final SettingsPolicy policy;

    public SettingsAnswer(SettingsPolicy policy) {
        this.policy = policy;
    }

    /** What a client's settings lead to. */
    sealed interface Outcome {
        record Accepted(Settings settings) implements Outcome {}

        /** The client can be told what is wrong with what it wants. */
        record Refused(Status status) implements Outcome {}

        /** Not settings that any client sends. */
        record Malformed(String reason) implements Outcome {}
    }

    Outcome answer(Settings sent, boolean node) {
        if (!ClientSightings.served(sent.getClientType())) {
            return new Outcome.Refused(Statuses.of(
                    Code.UNRECOGNIZED_CLIENT_TYPE, "this server has no clients of type " + sent.getClientType()));
        }
        return switch (sent.getPubSubCase()) {
            case PUBLISHING -> publishing(sent);
            case SUBSCRIPTION -> subscription(sent, node);
            case PUBSUB_NOT_SET -> new Outcome.Malformed("settings of neither a producer nor a consumer");
        };
    }

    private Outcome publishing(Settings sent) {
        if (sent.getClientType() != ClientType.PRODUCER && sent.getClientType() != ClientType.CLIENT_TYPE_UNSPECIFIED) {
            return new Outcome.Malformed("publishing settings of a " + sent.getClientType());
        }
        for (Resource topic : sent.getPublishing().getTopicsList()) {
            Optional<String> problem = ResourceNames.topicProblem(topic.getName());
            if (problem.isPresent()) {
                return new Outcome.Refused(Statuses.of(Code.ILLEGAL_TOPIC, problem.get()));
            }
        }
        Publishing.Builder publishing = sent.getPublishing().toBuilder()
                .setMaxBodySize(policy.bodyBytesMax())
                .setValidateMessageType(true);
        RetryPolicy.Builder backoff = RetryPolicy.newBuilder()
                .setMaxAttempts(policy.sendAttempts())
                .setExponentialBackoff(exponential(policy.sendBackoff()));
        return accepted(sent.toBuilder().setPublishing(publishing).setBackoffPolicy(backoff));
    }

    private Outcome subscription(Settings sent, boolean node) {
        if (sent.getClientType() == ClientType.PRODUCER) {
            return new Outcome.Malformed("subscription settings of a producer");
        }
        Optional<String> groupProblem =
                ResourceNames.groupProblem(sent.getSubscription().getGroup().getName());
        if (groupProblem.isPresent()) {
            return new Outcome.Refused(Statuses.of(Code.ILLEGAL_CONSUMER_GROUP, groupProblem.get()));
        }
        for (SubscriptionEntry entry : sent.getSubscription().getSubscriptionsList()) {
            Optional<String> problem =
                    ResourceNames.topicProblem(entry.getTopic().getName());
            if (problem.isPresent()) {
                return new Outcome.Refused(Statuses.of(Code.ILLEGAL_TOPIC, problem.get()));
            }
        }
        Subscription.Builder subscription = sent.getSubscription().toBuilder()
                .setFifo(false)
                .setReceiveBatchSize(policy.receiveBatchSize())
                .setLongPollingTimeout(duration(policy.longPolling()));
        RetryPolicy.Builder backoff = RetryPolicy.newBuilder().setMaxAttempts(policy.deliveryAttempts());
        if (node) {
            backoff.setExponentialBackoff(exponential(policy.nodeRedelivery()));
        } else {
            CustomizedBackoff.Builder delays = CustomizedBackoff.newBuilder();
            policy.redeliveryDelays().forEach(delay -> delays.addNext(duration(delay)));
            backoff.setCustomizedBackoff(delays);
        }
        return accepted(sent.toBuilder().setSubscription(subscription).setBackoffPolicy(backoff));
    }

    /** Metrics off: clients would otherwise export theirs over gRPC. */
    private static Outcome accepted(Settings.Builder settings) {
        return new Outcome.Accepted(
                settings.setMetric(Metric.newBuilder().setOn(false)).build());
    }

    private static ExponentialBackoff exponential(SettingsPolicy.Exponential backoff) {
        return ExponentialBackoff.newBuilder()
                .setInitial(duration(backoff.initial()))
                .setMax(duration(backoff.max()))
                .setMultiplier(backoff.multiplier())
                .build();
    }

    private static Duration duration(java.time.Duration duration) {
        return Duration.newBuilder()
                .setSeconds(duration.toSeconds())
                .setNanos(duration.toNanosPart())
                .build();
    }
}
