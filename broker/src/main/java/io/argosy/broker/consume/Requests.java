package io.argosy.broker.consume;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.topic.TopicView;
import io.argosy.broker.topic.Topics;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.FilterExpression;
import io.argosy.proto.v2.FilterType;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.Resource;
import io.argosy.wire.name.ResourceNames;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** What is legal in a request of a consumer; each check throws the {@link Refusal} that the protocol asks for. */
final class Requests {

    static final long RECEIVE_INVISIBLE_MILLIS_MIN = 10_000;
    static final long INVISIBLE_MILLIS_MAX = 12 * 3_600_000L;

    private Requests() {}

    static String group(Resource group) {
        ResourceNames.groupProblem(group.getName()).ifPresent(problem -> {
            throw new Refusal(Code.ILLEGAL_CONSUMER_GROUP, problem);
        });
        return group.getName();
    }

    static TopicView topic(Topics topics, Resource topic) {
        ResourceNames.topicProblem(topic.getName()).ifPresent(problem -> {
            throw new Refusal(Code.ILLEGAL_TOPIC, problem);
        });
        return topics.topic(topic.getName()).orElseThrow(() -> topicNotFound(topic.getName()));
    }

    /** Clients' tests look for the text of the official server. */
    static Refusal topicNotFound(String name) {
        return new Refusal(
                Code.TOPIC_NOT_FOUND, "CODE: 17  DESC: No topic route info in name server for the topic: " + name);
    }

    static int queueId(TopicView topic, MessageQueue queue) {
        if (queue.getId() < 0 || queue.getId() >= topic.queueCount()) {
            throw new Refusal(
                    Code.BAD_REQUEST,
                    "topic " + topic.name() + " has no queue " + queue.getId() + ", it has " + topic.queueCount());
        }
        return queue.getId();
    }

    static void clientId(CallContext context) {
        if (context.clientId().isBlank()) {
            throw new Refusal(Code.CLIENT_ID_REQUIRED, "header x-mq-client-id is required");
        }
    }

    /** Filters are not built yet: refusing is better than delivering what was not asked for. */
    static void filter(FilterExpression filter) {
        if (filter.getType() == FilterType.SQL) {
            throw new Refusal(Code.UNSUPPORTED, "SQL filter expressions are not supported yet");
        }
        String expression = filter.getExpression().strip();
        if (!expression.isEmpty() && !expression.equals("*")) {
            throw new Refusal(
                    Code.UNSUPPORTED, "tag filter expressions other than * are not supported yet: " + expression);
        }
    }

    static int batchSize(int asked, CallContext context, ConsumeConfig config) {
        int max = ourClient(context) ? config.ownBatchMax() : config.batchMax();
        return Math.max(1, Math.min(asked, max));
    }

    /** Its channel calls itself {@code argosy-client/<version>} in front of what gRPC says. */
    private static boolean ourClient(CallContext context) {
        return context.userAgent().toLowerCase(Locale.ROOT).startsWith("argosy");
    }

    static long receiveInvisibleMillis(Duration asked) {
        return invisibleMillis(asked, RECEIVE_INVISIBLE_MILLIS_MIN);
    }

    static long changeInvisibleMillis(Duration asked) {
        return invisibleMillis(asked, 0);
    }

    private static long invisibleMillis(Duration asked, long min) {
        long millis = millisOf(asked);
        if (millis < min || millis > INVISIBLE_MILLIS_MAX) {
            throw new Refusal(
                    Code.ILLEGAL_INVISIBLE_TIME,
                    "invisible duration of " + millis + " ms is not between " + min + " and " + INVISIBLE_MILLIS_MAX);
        }
        return millis;
    }

    /** When a call that found nothing is answered: always before its deadline. */
    static long pollUntilNanos(
            boolean given, Duration timeout, CallContext context, ConsumeConfig config, long nowNanos) {
        long pollMaxMillis = config.pollMax().toMillis();
        long askedMillis = given ? millisOf(timeout) : pollMaxMillis;
        long pollNanos = TimeUnit.MILLISECONDS.toNanos(Math.max(0, Math.min(askedMillis, pollMaxMillis)));
        long leftNanos =
                context.deadlineNanos() - nowNanos - config.answerMargin().toNanos();
        return nowNanos + Math.max(0, Math.min(pollNanos, leftNanos));
    }

    /** Saturates, as all numbers of clients must. */
    static long millisOf(Timestamp time) {
        long seconds = Math.max(0, Math.min(time.getSeconds(), 1_000_000_000_000L));
        return seconds * 1000 + time.getNanos() / 1_000_000;
    }

    /** Saturates: a client can send any number of seconds. */
    private static long millisOf(Duration duration) {
        long seconds = Math.max(-1_000_000_000L, Math.min(duration.getSeconds(), 1_000_000_000L));
        return seconds * 1000 + duration.getNanos() / 1_000_000;
    }
}
