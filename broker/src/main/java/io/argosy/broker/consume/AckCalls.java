package io.argosy.broker.consume;

import io.argosy.broker.consume.ChangeProposer.Outcome;
import io.argosy.broker.consume.LiveTerm.Room;
import io.argosy.broker.consume.Subscription.Verdict;
import io.argosy.broker.rpc.CallContext;
import io.argosy.broker.rpc.ResponseSink;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v2.AckMessageEntry;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.AckMessageResponse;
import io.argosy.proto.v2.AckMessageResultEntry;
import io.argosy.proto.v2.ChangeInvisibleDurationRequest;
import io.argosy.proto.v2.ChangeInvisibleDurationResponse;
import io.argosy.proto.v2.Code;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * AckMessage and ChangeInvisibleDuration: judged at once, answered when what they changed is committed. The first half
 * of each call runs on any thread, the rest on the loop.
 */
final class AckCalls {

    private final Consuming consuming;

    AckCalls(Consuming consuming) {
        this.consuming = consuming;
    }

    void ack(AckMessageRequest request, CallContext context, ResponseSink sink) {
        Requests.clientId(context);
        String group = Requests.group(request.getGroup());
        TopicView topic = Requests.topic(consuming.topics(), request.getTopic());
        if (request.getEntriesCount() == 0) {
            throw new Refusal(Code.BAD_REQUEST, "no entries to acknowledge");
        }
        enter(group, topic, sink, room -> ack(request, room, sink));
    }

    void change(ChangeInvisibleDurationRequest request, CallContext context, ResponseSink sink) {
        Requests.clientId(context);
        String group = Requests.group(request.getGroup());
        TopicView topic = Requests.topic(consuming.topics(), request.getTopic());
        long invisibleMillis = Requests.changeInvisibleMillis(request.getInvisibleDuration());
        enter(group, topic, sink, room -> change(request, invisibleMillis, context, room, sink));
    }

    private void enter(String group, TopicView topic, ResponseSink sink, Consumer<Room> action) {
        LiveTerm term = consuming.term();
        consuming
                .loop()
                .execute(() ->
                        term.whenLeading(() -> term.enter(group, topic, action, sink::notLeader), sink::notLeader));
    }

    private void ack(AckMessageRequest request, Room room, ResponseSink sink) {
        if (consuming.proposer().overloaded()) {
            answerAll(request, Code.TOO_MANY_REQUESTS, sink);
            return;
        }
        List<Code> codes = new ArrayList<>();
        for (AckMessageEntry entry : request.getEntriesList()) {
            codes.add(ack(entry, room));
        }
        if (!codes.contains(Code.OK)) {
            answer(request, codes, sink);
            return;
        }
        room.wake();
        consuming.proposer().answer(outcome -> {
            switch (outcome) {
                case COMMITTED -> answer(request, codes, sink);
                // Acknowledging twice is acknowledging once: the new leader may be asked even if it knows already.
                case NOT_LEADER, UNKNOWN -> sink.notLeader();
                case BUSY -> answerAll(request, Code.HA_NOT_AVAILABLE, sink);
            }
        });
    }

    private Code ack(AckMessageEntry entry, Room room) {
        Optional<ReceiptHandle> handle = ReceiptHandle.decode(entry.getReceiptHandle());
        if (handle.isEmpty()) {
            return Code.INVALID_RECEIPT_HANDLE;
        }
        return switch (room.subscription.judge(handle.get(), consuming.clock().millis())) {
            case VALID -> {
                room.subscription.ack(handle.get());
                yield Code.OK;
            }
            case ACKNOWLEDGED -> Code.OK;
            case INVALID -> Code.INVALID_RECEIPT_HANDLE;
        };
    }

    private static void answerAll(AckMessageRequest request, Code code, ResponseSink sink) {
        answer(request, Collections.nCopies(request.getEntriesCount(), code), sink);
    }

    private static void answer(AckMessageRequest request, List<Code> codes, ResponseSink sink) {
        boolean same = codes.stream().distinct().count() == 1;
        AckMessageResponse.Builder response =
                AckMessageResponse.newBuilder().setStatus(Answers.status(same ? codes.get(0) : Code.MULTIPLE_RESULTS));
        for (int i = 0; i < codes.size(); i++) {
            AckMessageEntry entry = request.getEntries(i);
            response.addEntries(AckMessageResultEntry.newBuilder()
                    .setMessageId(entry.getMessageId())
                    .setReceiptHandle(entry.getReceiptHandle())
                    .setStatus(Answers.status(codes.get(i))));
        }
        Answers.unary(sink, response.build());
    }

    private void change(
            ChangeInvisibleDurationRequest request,
            long invisibleMillis,
            CallContext context,
            Room room,
            ResponseSink sink) {
        String old = request.getReceiptHandle();
        if (consuming.proposer().overloaded()) {
            answer(Code.TOO_MANY_REQUESTS, "too many changes wait to be replicated", old, sink);
            return;
        }
        long now = consuming.clock().millis();
        Optional<ReceiptHandle> handle =
                ReceiptHandle.decode(old).filter(known -> room.subscription.judge(known, now) == Verdict.VALID);
        if (handle.isEmpty()) {
            answer(Code.INVALID_RECEIPT_HANDLE, "receipt handle is unknown, used or expired", old, sink);
            return;
        }
        ReceiptHandle changed = room.subscription.changeVisibility(
                handle.get(),
                context.clientId(),
                now + invisibleMillis,
                consuming.term().nextNonce());
        room.wake();
        consuming.proposer().answer(outcome -> answer(outcome, changed, old, sink));
    }

    private static void answer(Outcome outcome, ReceiptHandle changed, String old, ResponseSink sink) {
        switch (outcome) {
            case COMMITTED -> answer(Code.OK, Code.OK.name(), changed.encode(), sink);
            case NOT_LEADER -> sink.notLeader();
            // Trying it at the next leader could find the handle already replaced by one that nobody got.
            case UNKNOWN -> answer(Code.HA_NOT_AVAILABLE, "leadership changed, outcome unknown", old, sink);
            case BUSY -> answer(Code.HA_NOT_AVAILABLE, "the log accepts no entries now", old, sink);
        }
    }

    static void answer(Code code, String text, String handle, ResponseSink sink) {
        Answers.unary(
                sink,
                ChangeInvisibleDurationResponse.newBuilder()
                        .setStatus(Answers.status(code, text))
                        .setReceiptHandle(handle)
                        .build());
    }
}
