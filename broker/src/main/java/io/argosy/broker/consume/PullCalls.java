package io.argosy.broker.consume;

import com.google.protobuf.ByteString;
import io.argosy.broker.message.DeliveryFacts;
import io.argosy.broker.queue.StoredMessage;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.rpc.ResponseSink;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.GetOffsetRequest;
import io.argosy.proto.v2.GetOffsetResponse;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.PullMessageRequest;
import io.argosy.proto.v2.QueryOffsetPolicy;
import io.argosy.proto.v2.QueryOffsetRequest;
import io.argosy.proto.v2.QueryOffsetResponse;
import io.argosy.proto.v2.UpdateOffsetRequest;
import io.argosy.proto.v2.UpdateOffsetResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consuming by explicit offset: PullMessage, UpdateOffset, GetOffset, QueryOffset. A pull reads only what is applied and
 * changes nothing, so it does not wait for a quorum; what a group committed is read behind one.
 *
 * <p>Codes: offset below 0 ILLEGAL_OFFSET; offset outside of [first, end] OFFSET_NOT_FOUND with the nearest offset that
 * exists as next_offset; no message in the polling time MESSAGE_NOT_FOUND; no offset committed OFFSET_NOT_FOUND.
 */
final class PullCalls {

    private static final Logger log = LoggerFactory.getLogger(PullCalls.class);

    private record QueueKey(int topicId, int queueId) {}

    private final Consuming consuming;
    private final Map<QueueKey, Set<Pull>> waiting = new HashMap<>();

    PullCalls(Consuming consuming) {
        this.consuming = consuming;
    }

    // ---- on any thread ----

    void pull(PullMessageRequest request, CallContext context, ResponseSink sink) {
        Pull pull = new Pull(request, context, sink);
        consuming.loop().execute(() -> consuming.term().whenLeading(pull::read, sink::notLeader));
    }

    void update(UpdateOffsetRequest request, CallContext context, ResponseSink sink) {
        Requests.clientId(context);
        QueueRef queue = queue(Requests.group(request.getGroup()), request.getMessageQueue());
        if (request.getOffset() < 0) {
            throw illegalOffset(request.getOffset());
        }
        consuming
                .loop()
                .execute(() ->
                        consuming.term().whenLeading(() -> commit(queue, request.getOffset(), sink), sink::notLeader));
    }

    void get(GetOffsetRequest request, CallContext context, ResponseSink sink) {
        Requests.clientId(context);
        QueueRef queue = queue(Requests.group(request.getGroup()), request.getMessageQueue());
        confirmed(sink, () -> {
            OptionalLong offset = consuming.applied().pullOffset(queue);
            GetOffsetResponse.Builder response = GetOffsetResponse.newBuilder();
            if (offset.isPresent()) {
                response.setStatus(Answers.status(Code.OK)).setOffset(offset.getAsLong());
            } else {
                response.setStatus(Answers.status(
                        Code.OFFSET_NOT_FOUND, "group " + queue.group() + " committed no offset in this queue"));
            }
            Answers.unary(sink, response.build());
        });
    }

    void query(QueryOffsetRequest request, CallContext context, ResponseSink sink) {
        Requests.clientId(context);
        TopicView topic =
                Requests.topic(consuming.topics(), request.getMessageQueue().getTopic());
        int topicId = topic.topicId();
        int queueId = Requests.queueId(topic, request.getMessageQueue());
        QueryOffsetPolicy policy = request.getQueryOffsetPolicy();
        if (policy == QueryOffsetPolicy.UNRECOGNIZED
                || (policy == QueryOffsetPolicy.TIMESTAMP && !request.hasTimestamp())) {
            throw new Refusal(Code.BAD_REQUEST, "a policy of BEGINNING, END or TIMESTAMP with its time is required");
        }
        long millis = Requests.millisOf(request.getTimestamp());
        confirmed(sink, () -> {
            Deliveries deliveries = consuming.deliveries();
            long offset = switch (policy) {
                case BEGINNING -> deliveries.minOffset(topicId, queueId);
                case TIMESTAMP -> deliveries.offsetAt(topicId, queueId, millis);
                case END, UNRECOGNIZED -> deliveries.maxOffset(topicId, queueId);
            };
            Answers.unary(
                    sink,
                    QueryOffsetResponse.newBuilder()
                            .setStatus(Answers.status(Code.OK))
                            .setOffset(offset)
                            .build());
        });
    }

    /** Runs the action on a worker after a quorum round; batched with those of other calls. */
    private void confirmed(ResponseSink sink, Runnable action) {
        consuming.loop().execute(() -> consuming.term().whenLeading(() -> afterRound(sink, action), sink::notLeader));
    }

    private void afterRound(ResponseSink sink, Runnable action) {
        CompletableFuture<Void> unused = consuming
                .term()
                .confirmation()
                .thenRunAsync(action, consuming.workers())
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        sink.notLeader();
                    }
                });
    }

    private QueueRef queue(String group, MessageQueue queue) {
        TopicView topic = Requests.topic(consuming.topics(), queue.getTopic());
        return new QueueRef(group, topic.topicId(), Requests.queueId(topic, queue));
    }

    private static Refusal illegalOffset(long offset) {
        return new Refusal(Code.ILLEGAL_OFFSET, "offset " + offset + " is negative");
    }

    // ---- on the loop ----

    private void commit(QueueRef queue, long offset, ResponseSink sink) {
        if (consuming.proposer().overloaded()) {
            answer(Code.TOO_MANY_REQUESTS, sink);
            return;
        }
        consuming.proposer().later(queue, new ProgressChange.PullCommitted(offset));
        consuming.proposer().answer(outcome -> {
            switch (outcome) {
                case COMMITTED -> answer(Code.OK, sink);
                case NOT_LEADER -> sink.notLeader();
                case UNKNOWN, BUSY -> answer(Code.HA_NOT_AVAILABLE, sink);
            }
        });
    }

    private static void answer(Code code, ResponseSink sink) {
        Answers.unary(
                sink,
                UpdateOffsetResponse.newBuilder()
                        .setStatus(Answers.status(code))
                        .build());
    }

    void advanced(int topicId, int queueId, long maxOffset) {
        List<Pull> ready = new ArrayList<>();
        for (Pull pull : waiting.getOrDefault(new QueueKey(topicId, queueId), Set.of())) {
            if (maxOffset > pull.offset) {
                ready.add(pull);
            }
        }
        ready.forEach(pull -> {
            pull.leave();
            pull.read();
        });
    }

    void termEnded() {
        List<Pull> all = new ArrayList<>();
        waiting.values().forEach(all::addAll);
        all.forEach(pull -> {
            pull.leave();
            pull.sink.notLeader();
        });
    }

    /** Ids of topics that pulls wait for. */
    Set<Integer> waitingTopics() {
        Set<Integer> topics = new HashSet<>();
        waiting.keySet().forEach(queue -> topics.add(queue.topicId));
        return topics;
    }

    void topicDeleted(int topicId) {
        List<Pull> gone = new ArrayList<>();
        waiting.forEach((queue, pulls) -> {
            if (queue.topicId == topicId) {
                gone.addAll(pulls);
            }
        });
        gone.forEach(pull -> {
            pull.leave();
            Refusal refusal = Requests.topicNotFound(pull.topic.name());
            Answers.notPulled(pull.sink, refusal.code(), refusal.text());
        });
    }

    private final class Pull {

        private final TopicView topic;
        private final int queueId;
        private final long offset;
        private final int messagesMax;
        private final long pollUntilNanos;
        private final ResponseSink sink;
        private Optional<EventLoop.Timer> timeout = Optional.empty();
        private boolean parked;

        Pull(PullMessageRequest request, CallContext context, ResponseSink sink) {
            Requests.clientId(context);
            Requests.group(request.getGroup());
            this.topic =
                    Requests.topic(consuming.topics(), request.getMessageQueue().getTopic());
            this.queueId = Requests.queueId(topic, request.getMessageQueue());
            Requests.filter(request.getFilterExpression());
            this.offset = request.getOffset();
            if (offset < 0) {
                throw illegalOffset(offset);
            }
            this.messagesMax = Requests.batchSize(request.getBatchSize(), context, consuming.config());
            this.pollUntilNanos = Requests.pollUntilNanos(
                    request.hasLongPollingTimeout(),
                    request.getLongPollingTimeout(),
                    context,
                    consuming.config(),
                    consuming.loop().nanoTime());
            this.sink = sink;
        }

        void read() {
            consuming.workers().execute(this::load);
        }

        private void load() {
            long max = consuming.deliveries().maxOffset(topic.topicId(), queueId);
            long min = consuming.deliveries().minOffset(topic.topicId(), queueId);
            if (offset < min || offset > max) {
                long nearest = offset < min ? min : max;
                Answers.notPulled(
                        sink,
                        Code.OFFSET_NOT_FOUND,
                        "offset " + offset + " is outside of [" + min + ", " + max + "]",
                        nearest);
            } else if (offset == max) {
                consuming.loop().execute(this::park);
            } else {
                CompletableFuture<Void> unused = consuming
                        .deliveries()
                        .read(
                                topic.topicId(),
                                queueId,
                                offset,
                                messagesMax,
                                consuming.config().answerBytesMax())
                        .thenAcceptAsync(this::answer, consuming.workers())
                        .whenComplete((done, failure) -> {
                            if (failure != null) {
                                log.error(
                                        "cannot read topic={} queueId={} offset={}",
                                        topic.name(),
                                        queueId,
                                        offset,
                                        failure);
                                Answers.notPulled(sink, Code.INTERNAL_ERROR, "messages cannot be read now");
                            }
                        });
            }
        }

        private void answer(List<StoredMessage> messages) {
            if (messages.isEmpty()) {
                // Trimmed between the look and the read.
                load();
                return;
            }
            List<ByteString> encoded = new ArrayList<>();
            for (StoredMessage message : messages) {
                encoded.add(consuming
                        .encoder()
                        .response(
                                message.bytes(),
                                DeliveryFacts.pulled(queueId, message.offset(), message.timestampMillis())));
            }
            Answers.pulled(sink, encoded, messages.get(messages.size() - 1).offset() + 1);
        }

        private void park() {
            consuming.term().whenLeading(this::parkWhileLeading, sink::notLeader);
        }

        private void parkWhileLeading() {
            if (consuming.deliveries().maxOffset(topic.topicId(), queueId) > offset) {
                read();
                return;
            }
            if (consuming.loop().nanoTime() - pollUntilNanos >= 0) {
                nothing();
                return;
            }
            Set<Pull> others = waiting.computeIfAbsent(key(), absent -> new LinkedHashSet<>());
            if (others.size() >= consuming.config().parkedPerKeyMax() || !consuming.park()) {
                Answers.notPulled(sink, Code.TOO_MANY_REQUESTS, "too many pulls wait for messages");
                return;
            }
            parked = true;
            others.add(this);
            timeout = Optional.of(consuming.loop().at(pollUntilNanos, () -> {
                leave();
                nothing();
            }));
            sink.onCancel(() -> consuming.loop().execute(this::leave));
        }

        private void nothing() {
            Answers.notPulled(sink, Code.MESSAGE_NOT_FOUND, "no message came in the polling time", offset);
        }

        private void leave() {
            if (parked) {
                parked = false;
                consuming.unpark();
                timeout.ifPresent(EventLoop.Timer::cancel);
                waiting.computeIfPresent(key(), (key, pulls) -> {
                    pulls.remove(this);
                    return pulls.isEmpty() ? null : pulls;
                });
            }
        }

        private QueueKey key() {
            return new QueueKey(topic.topicId(), queueId);
        }
    }
}
