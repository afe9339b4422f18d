package io.argosy.broker.consume;

import com.google.protobuf.ByteString;
import io.argosy.broker.consume.HandOut.Slice;
import io.argosy.broker.consume.LiveTerm.Room;
import io.argosy.broker.message.DeliveryEncoder;
import io.argosy.broker.message.DeliveryFacts;
import io.argosy.broker.queue.StoredMessage;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.rpc.ResponseSink;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.raft.RaftNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One ReceiveMessage, from its arrival to its answer. Lives on the loop, but for loading and encoding messages.
 *
 * <p>An answer with messages leaves after a quorum round that began after the request arrived (D21): a deposed leader
 * hands out nothing. Waiting costs a timer and a place in a queue.
 */
final class ReceiveCall implements LiveTerm.Waiter {

    private static final Logger log = LoggerFactory.getLogger(ReceiveCall.class);

    private final Consuming consuming;
    private final String group;
    private final TopicView topic;
    private final int messagesMax;
    private final boolean autoRenew;
    private final long invisibleMillis;
    private final long attemptKey;
    private final long pollUntilNanos;
    private final String clientId;
    private final ResponseSink sink;

    private Optional<Room> room = Optional.empty();
    private Optional<EventLoop.Timer> timeout = Optional.empty();
    private boolean parked;
    private boolean over;

    private ReceiveCall(Consuming consuming, ReceiveMessageRequest request, CallContext context, ResponseSink sink) {
        Requests.clientId(context);
        this.consuming = consuming;
        this.sink = sink;
        this.group = Requests.group(request.getGroup());
        this.topic =
                Requests.topic(consuming.topics(), request.getMessageQueue().getTopic());
        Requests.filter(request.getFilterExpression());
        this.clientId = context.clientId();
        this.messagesMax = Requests.batchSize(request.getBatchSize(), context, consuming.config());
        this.autoRenew = request.getAutoRenew();
        this.invisibleMillis = autoRenew
                ? consuming.config().autoRenewMax().toMillis()
                : Requests.receiveInvisibleMillis(request.getInvisibleDuration());
        this.attemptKey = request.getAttemptId().isEmpty()
                ? 0
                : ReceiptHandle.hashOf(clientId + '\n' + request.getAttemptId()) | 1;
        this.pollUntilNanos = Requests.pollUntilNanos(
                request.hasLongPollingTimeout(),
                request.getLongPollingTimeout(),
                context,
                consuming.config(),
                consuming.loop().nanoTime());
    }

    /** On any thread. */
    static void begin(Consuming consuming, ReceiveMessageRequest request, CallContext context, ResponseSink sink) {
        ReceiveCall call = new ReceiveCall(consuming, request, context, sink);
        consuming.loop().execute(() -> consuming.term().whenLeading(call::enter, sink::notLeader));
    }

    private void enter() {
        consuming.term().mention(group);
        consuming.term().enter(group, topic, this::entered, sink::notLeader);
    }

    private void entered(Room opened) {
        room = Optional.of(opened);
        opened.subscription.expire(consuming.clock().millis());
        if (consuming.proposer().overloaded()) {
            refuse(Code.TOO_MANY_REQUESTS, "too many changes wait to be replicated");
        } else if (!tryAgain()) {
            park(opened);
        }
        opened.wake();
    }

    private void park(Room opened) {
        if (consuming.loop().nanoTime() - pollUntilNanos >= 0) {
            nothing();
            return;
        }
        if (opened.waiters.size() >= consuming.config().parkedPerKeyMax() || !consuming.park()) {
            refuse(Code.TOO_MANY_REQUESTS, "too many receives wait for messages");
            return;
        }
        parked = true;
        opened.waiters.addLast(this);
        timeout = Optional.of(consuming.loop().at(pollUntilNanos, () -> {
            leave();
            nothing();
        }));
        sink.onCancel(() -> consuming.loop().execute(() -> {
            if (parked) {
                leave();
                over = true;
            }
        }));
    }

    /** Out of the waiting line, by way of the timer or because the client went away. */
    private void leave() {
        room.ifPresent(opened -> opened.waiters.remove(this));
        unpark();
    }

    private void unpark() {
        if (parked) {
            parked = false;
            consuming.unpark();
            timeout.ifPresent(EventLoop.Timer::cancel);
        }
    }

    @Override
    public boolean tryAgain() {
        if (over || sink.cancelled()) {
            unpark();
            return true;
        }
        Subscription subscription = room.orElseThrow().subscription;
        long now = consuming.clock().millis();
        Subscription.Claim claim = new Subscription.Claim(
                messagesMax,
                clientId,
                attemptKey,
                now + invisibleMillis,
                consuming.term().nextNonce(),
                autoRenew);
        HandOut handOut = subscription.again(claim, now);
        if (handOut.isEmpty()) {
            handOut = subscription.take(claim);
        }
        if (handOut.isEmpty()) {
            return false;
        }
        unpark();
        deliver(handOut);
        return true;
    }

    @Override
    public void notLeader() {
        unpark();
        sink.notLeader();
    }

    @Override
    public void topicDeleted() {
        unpark();
        Refusal refusal = Requests.topicNotFound(topic.name());
        refuse(refusal.code(), refusal.text());
    }

    private void nothing() {
        refuse(Code.MESSAGE_NOT_FOUND, "no message came in the polling time");
    }

    private void refuse(Code code, String text) {
        over = true;
        Answers.notReceived(sink, code, text, consuming.clock().millis());
    }

    private record Loaded(Slice slice, List<StoredMessage> messages) {}

    private void deliver(HandOut handOut) {
        over = true;
        CompletableFuture<Void> confirmed = consuming.term().confirmation();
        consuming.workers().execute(() -> loadAndAnswer(handOut, confirmed));
    }

    private void loadAndAnswer(HandOut handOut, CompletableFuture<Void> confirmed) {
        CompletableFuture<Void> unused = load(handOut, 0, consuming.config().answerBytesMax(), new ArrayList<>())
                .thenAcceptBothAsync(confirmed, (loaded, done) -> answer(handOut, loaded), consuming.workers())
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        failed(handOut, failure);
                    }
                });
    }

    /** Slice after slice, so that the bytes of one answer stay bounded. */
    private CompletableFuture<List<Loaded>> load(HandOut handOut, int from, long bytesLeft, List<Loaded> loaded) {
        if (from == handOut.slices().size() || (bytesLeft <= 0 && from > 0)) {
            return CompletableFuture.completedFuture(loaded);
        }
        Slice slice = handOut.slices().get(from);
        return consuming
                .deliveries()
                .read(topic.topicId(), slice.queue().ref.queueId(), slice.first(), slice.count(), bytesLeft)
                .thenCompose(messages -> {
                    List<StoredMessage> own = new ArrayList<>();
                    long bytes = 0;
                    for (StoredMessage message : messages) {
                        if (message.offset() < slice.first() + slice.count()) {
                            own.add(message);
                            bytes += message.bytes().remaining();
                        }
                    }
                    loaded.add(new Loaded(slice, own));
                    return load(handOut, from + 1, bytesLeft - bytes, loaded);
                });
    }

    private void answer(HandOut handOut, List<Loaded> loaded) {
        List<ByteString> messages = new ArrayList<>();
        for (Loaded part : loaded) {
            for (StoredMessage message : part.messages) {
                messages.add(encode(part.slice, message));
            }
        }
        boolean reaches = !messages.isEmpty() && !sink.cancelled();
        if (reaches) {
            Answers.received(sink, messages, consuming.clock().millis());
        }
        if (!reaches || messages.size() < handOut.messages()) {
            consuming.loop().execute(() -> takeBack(handOut, loaded, reaches));
        }
    }

    private ByteString encode(Slice slice, StoredMessage message) {
        long groupHash = room.orElseThrow().subscription.groupHash();
        String handle = ReceiptHandle.of(slice.queue().ref, groupHash, message.offset(), slice.lease())
                .encode();
        DeliveryEncoder encoder = consuming.encoder();
        return encoder.response(
                message.bytes(),
                new DeliveryFacts(
                        slice.queue().ref.queueId(),
                        message.offset(),
                        message.timestampMillis(),
                        Optional.of(handle),
                        slice.lease().attempt(),
                        autoRenew ? Optional.empty() : Optional.of(Duration.ofMillis(invisibleMillis))));
    }

    /** Makes visible again what was handed out and does not reach the client. */
    private void takeBack(HandOut handOut, List<Loaded> loaded, boolean answered) {
        Room opened = room.orElseThrow();
        if (opened.closed()) {
            if (!answered && !sink.cancelled()) {
                sink.notLeader();
            }
            return;
        }
        boolean lost = false;
        for (int i = 0; i < handOut.slices().size(); i++) {
            Slice slice = handOut.slices().get(i);
            int queueId = slice.queue().ref.queueId();
            List<StoredMessage> sent = answered && i < loaded.size() ? loaded.get(i).messages : List.of();
            long min = consuming.deliveries().minOffset(topic.topicId(), queueId);
            if (min > slice.first()) {
                lost = true;
                opened.subscription.lost(queueId, min);
            }
            if (!handOut.repeated()) {
                long offset = slice.first();
                for (StoredMessage message : sent) {
                    undo(opened, slice, offset, message.offset());
                    offset = message.offset() + 1;
                }
                undo(opened, slice, offset, slice.first() + slice.count());
            }
        }
        if (!answered && !sink.cancelled()) {
            if (lost) {
                // The messages were trimmed since; there may be others.
                over = false;
                entered(opened);
                return;
            }
            refuse(Code.INTERNAL_ERROR, "messages cannot be read now");
        }
        opened.wake();
    }

    private static void undo(Room opened, Slice slice, long from, long to) {
        if (from < to) {
            opened.subscription.undo(slice.queue().ref.queueId(), from, (int) (to - from), slice.lease());
        }
    }

    private void failed(HandOut handOut, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof RaftNode.NotLeaderException) {
            sink.notLeader();
            // If this replica leads on after all, nobody got the messages.
            consuming.loop().execute(() -> takeBackUnanswered(handOut));
        } else {
            log.error("cannot deliver group={} topic={}", group, topic.name(), cause);
            consuming.loop().execute(() -> takeBack(handOut, List.of(), false));
        }
    }

    private void takeBackUnanswered(HandOut handOut) {
        Room opened = room.orElseThrow();
        if (!opened.closed() && !handOut.repeated()) {
            for (Slice slice : handOut.slices()) {
                undo(opened, slice, slice.first(), slice.first() + slice.count());
            }
            opened.wake();
        }
    }
}
