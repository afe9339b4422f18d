package io.argosy.broker.publish;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.argosy.broker.LeaderUnderTest;
import io.argosy.broker.LeaderUnderTest.Answer;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.queue.StoredMessage;
import io.argosy.broker.state.InMemoryStateStore;
import io.argosy.broker.topic.TopicView;
import io.argosy.broker.topic.Topics.AutoCreate;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.SendResultEntry;
import io.argosy.proto.v2.SystemProperties;
import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SendMessageTest {

    private final LeaderUnderTest leader = new LeaderUnderTest(new InMemoryStateStore());
    private int ids;

    @Test
    void aMessageIsStoredVerbatimAndAnsweredWithIdAndOffset() {
        Message message = message("orders").build();

        SendMessageResponse response = send(message);

        assertThat(response.getStatus().getCode()).isEqualTo(Code.OK);
        SendResultEntry entry = response.getEntries(0);
        assertThat(entry.getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(entry.getMessageId()).isEqualTo(message.getSystemProperties().getMessageId());
        assertThat(entry.getTransactionId()).isEqualTo(entry.getMessageId());
        assertThat(entry.getOffset()).isZero();
        assertThat(stored("orders")).containsExactly(message.toByteString());
    }

    @Test
    void offsetsOfAQueueAreDense() {
        for (int i = 0; i < 20; i++) {
            SendMessageResponse response = send(toQueue("orders", 3));

            assertThat(response.getEntries(0).getOffset()).isEqualTo(i);
        }
        assertThat(leader.queues.maxOffset(topic("orders").topicId(), 3)).isEqualTo(20);
    }

    @Test
    void theFirstMessageCreatesTheTopic() {
        send(message("fresh").build());

        assertThat(topic("fresh").queueCount()).isEqualTo(8);
        assertThat(leader.raft.entries()).hasSize(2);
    }

    @Test
    void twoFirstMessagesAtOnceMakeOneTopic() {
        leader.raft.hold();
        Answer first = begin(message("fresh").build());
        Answer second = begin(message("fresh").build());

        leader.raft.release();

        assertThat(first.response().orElseThrow().getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(second.response().orElseThrow().getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(leader.topics.all()).hasSize(1);
        assertThat(leader.topics.version()).isEqualTo(1);
        assertThat(stored("fresh")).hasSize(2);
    }

    @Test
    void anUnknownTopicIsRefusedWhenTopicsAreNotCreated() {
        leader.autoCreate = new AutoCreate(false, 8);

        SendMessageResponse response = send(message("fresh").build());

        assertThat(response.getStatus().getCode()).isEqualTo(Code.TOPIC_NOT_FOUND);
        assertThat(response.getStatus().getMessage())
                .contains("CODE: 17  DESC: No topic route info in name server for the topic: fresh");
        assertThat(leader.raft.entries()).isEmpty();
    }

    @Test
    void deadLetterTopicsAreNotCreatedBySending() {
        assertThat(send(message("%DLQ%group").build()).getStatus().getCode()).isEqualTo(Code.TOPIC_NOT_FOUND);
    }

    @Test
    void clientsThatDoNotChooseAreSpreadOverTheQueues() {
        leader.language = "GO";
        for (int i = 0; i < 16; i++) {
            send(message("orders").build());
        }
        assertThat(usedQueues("orders")).containsExactly(2L, 2L, 2L, 2L, 2L, 2L, 2L, 2L);
    }

    @Test
    void theZeroOfNodeClientsIsNoChoice() {
        leader.language = "HTTP";
        leader.userAgent = "grpc-node-js/1.9.0";
        for (int i = 0; i < 8; i++) {
            send(toQueue("orders", 0));
        }
        assertThat(usedQueues("orders")).containsOnly(1L);
    }

    @Test
    void queueZeroIsAChoiceOfClientsThatAlwaysChoose() {
        for (int i = 0; i < 8; i++) {
            send(toQueue("orders", 0));
        }
        assertThat(usedQueues("orders")).containsExactly(8L, 0L, 0L, 0L, 0L, 0L, 0L, 0L);
    }

    @Test
    void aQueueOutOfRangeIsNoChoice() {
        assertThat(send(toQueue("orders", 8)).getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(send(toQueue("orders", -1)).getStatus().getCode()).isEqualTo(Code.OK);
    }

    @Test
    void messagesForOneQueueAreOneEntry() {
        send(message("orders").build());
        int before = leader.raft.entries().size();

        SendMessageResponse response =
                send(IntStream.range(0, 5).mapToObj(i -> toQueue("orders", 2)).toArray(Message[]::new));

        assertThat(leader.raft.entries()).hasSize(before + 1);
        assertThat(response.getEntriesList())
                .extracting(SendResultEntry::getOffset)
                .isEqualTo(LongRange.of(
                        leader.queues.maxOffset(topic("orders").topicId(), 2) - 5,
                        leader.queues.maxOffset(topic("orders").topicId(), 2)));
    }

    @Test
    void messagesForSeveralQueuesAreAnsweredInTheirOrder() {
        Message[] messages =
                IntStream.range(0, 6).mapToObj(i -> toQueue("orders", i % 3)).toArray(Message[]::new);

        SendMessageResponse response = send(messages);

        assertThat(response.getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(response.getEntriesList())
                .extracting(SendResultEntry::getOffset)
                .containsExactly(0L, 0L, 0L, 1L, 1L, 1L);
        assertThat(response.getEntriesList())
                .extracting(SendResultEntry::getMessageId)
                .containsExactlyElementsOf(Stream.of(messages)
                        .map(message -> message.getSystemProperties().getMessageId())
                        .toList());
    }

    @Test
    void oneBadMessageOfSeveralIsRefusedAlone() {
        SendMessageResponse response = send(
                toQueue("orders", 1),
                toQueue("orders", 1).toBuilder().clearBody().build(),
                toQueue("orders", 1));

        assertThat(response.getStatus().getCode()).isEqualTo(Code.MULTIPLE_RESULTS);
        assertThat(response.getEntriesList())
                .extracting(entry -> entry.getStatus().getCode())
                .containsExactly(Code.OK, Code.MESSAGE_BODY_EMPTY, Code.OK);
        assertThat(response.getEntries(2).getOffset()).isEqualTo(1);
        assertThat(stored("orders")).hasSize(2);
    }

    @Test
    void aRepeatedSendGetsTheOffsetOfTheFirst() {
        Message message = toQueue("orders", 4);
        send(toQueue("orders", 4));
        long offset = send(message).getEntries(0).getOffset();
        send(toQueue("orders", 4));

        SendMessageResponse again = send(message.toBuilder()
                .setSystemProperties(message.getSystemProperties().toBuilder().setQueueId(5))
                .build());

        assertThat(again.getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(again.getEntries(0).getOffset()).isEqualTo(offset).isEqualTo(1);
        assertThat(stored("orders")).hasSize(3);
    }

    @Test
    void newMessagesAroundDuplicatesAreStored() {
        Message known = toQueue("orders", 1);
        send(known);

        SendMessageResponse response = send(toQueue("orders", 1), known, toQueue("orders", 1), toQueue("orders", 1));

        assertThat(response.getEntriesList())
                .extracting(SendResultEntry::getOffset)
                .containsExactly(1L, 0L, 2L, 3L);
        assertThat(stored("orders")).hasSize(4).doesNotHaveDuplicates();
    }

    @Test
    void anIdIsForgottenAfterTheWindow() {
        Message message = toQueue("orders", 1);
        send(message);
        leader.nowMillis.addAndGet(PublishApplier.WINDOW_MILLIS - 1);
        assertThat(send(message).getEntries(0).getOffset()).isZero();

        leader.nowMillis.addAndGet(1);

        assertThat(send(message).getEntries(0).getOffset()).isEqualTo(1);
    }

    @Test
    void outcomesThatAreNotKnownGoToTheRouter() {
        send(message("orders").build());
        leader.raft.refuseWith(new ProposeResult.Indeterminate(1));
        assertThat(begin(message("orders").build()).unknown).isTrue();

        leader.raft.refuseWith(new ProposeResult.NotLeader(Optional.empty()));
        assertThat(begin(message("orders").build()).notLeader).isTrue();
        assertThat(begin(message("fresh").build()).notLeader).isTrue();
    }

    @Test
    void overloadAsksToRetryLater() {
        send(message("orders").build());
        leader.raft.refuseWith(new ProposeResult.Busy("too much"));

        SendMessageResponse response = send(message("orders").build());

        assertThat(response.getStatus().getCode()).isEqualTo(Code.TOO_MANY_REQUESTS);
        assertThat(response.getStatus().getMessage())
                .startsWith("TOO_MANY_REQUESTS")
                .contains("too much", "retry-after");
    }

    @Test
    void aFullDiskIsNamed() {
        leader.gate = () -> Optional.of("disk full");

        SendMessageResponse response = send(message("orders").build());

        assertThat(response.getStatus().getCode()).isEqualTo(Code.TOO_MANY_REQUESTS);
        assertThat(response.getStatus().getMessage()).contains("disk full");
        assertThat(leader.raft.entries()).isEmpty();
    }

    @Test
    void aTopicDeletedOnTheWayIsNotFound() {
        send(message("orders").build());
        leader.raft.hold();
        leader.raft.propose(
                new DeleteTopic(1, "orders").encode(),
                Entry.crcOf(new DeleteTopic(1, "orders").encode()),
                result -> {});
        Answer answer = begin(message("orders").build());

        leader.raft.release();

        assertThat(answer.response().orElseThrow().getStatus().getCode()).isEqualTo(Code.TOPIC_NOT_FOUND);
    }

    @Test
    void aRequestOfOtherBytesIsRefused() {
        assertThat(refused(ByteString.copyFromUtf8("garbage"))).isEqualTo(Code.MESSAGE_CORRUPTED);
        assertThat(refused(ByteString.EMPTY)).isEqualTo(Code.MESSAGE_CORRUPTED);
        assertThat(refused(ByteString.copyFrom(new byte[] {0x0a, 0x05, 1}))).isEqualTo(Code.MESSAGE_CORRUPTED);
        ByteString whole = request(message("orders").build()).toByteString();
        for (int length = 1; length < whole.size(); length++) {
            assertThat(refused(whole.substring(0, length))).isNotEqualTo(Code.OK);
        }
        assertThat(leader.raft.entries()).isEmpty();
    }

    @Test
    void topicsThatDifferWithinARequestAreRefused() {
        SendMessageResponse response =
                send(message("orders").build(), message("other").build());

        assertThat(response.getStatus().getCode()).isEqualTo(Code.MESSAGE_CORRUPTED);
        assertThat(leader.raft.entries()).isEmpty();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource
    void eachRuleHasItsCode(Code code, String rule, Consumer<Message.Builder> breakRule) {
        Message.Builder message = message("orders");
        breakRule.accept(message);

        SendMessageResponse response = send(message.build());

        assertThat(response.getStatus().getCode()).isEqualTo(code);
        assertThat(response.getStatus().getMessage()).startsWith(code.name());
        assertThat(leader.raft.entries()).isEmpty();
    }

    static Stream<Arguments> eachRuleHasItsCode() {
        return Stream.of(
                rule(Code.ILLEGAL_TOPIC, "blank topic", message -> message.setTopic(name(" "))),
                rule(Code.ILLEGAL_TOPIC, "no topic", Message.Builder::clearTopic),
                rule(Code.ILLEGAL_TOPIC, "illegal character", message -> message.setTopic(name("a b"))),
                rule(Code.ILLEGAL_TOPIC, "too long", message -> message.setTopic(name("x".repeat(128)))),
                rule(Code.ILLEGAL_TOPIC, "reserved", message -> message.setTopic(name("TBW102"))),
                rule(Code.ILLEGAL_TOPIC, "reserved prefix", message -> message.setTopic(name("rmq_sys_x"))),
                rule(Code.MESSAGE_BODY_EMPTY, "empty body", Message.Builder::clearBody),
                rule(
                        Code.MESSAGE_BODY_TOO_LARGE,
                        "large body",
                        message -> message.setBody(ByteString.copyFrom(new byte[(4 << 20) + 1]))),
                rule(Code.MESSAGE_PROPERTIES_TOO_LARGE, "many properties", message -> {
                    for (int i = 0; i < 129; i++) {
                        message.putUserProperties("k" + i, "v");
                    }
                }),
                rule(
                        Code.MESSAGE_PROPERTIES_TOO_LARGE,
                        "large properties",
                        message -> message.putUserProperties("k", "v".repeat(16 << 10))),
                rule(
                        Code.ILLEGAL_MESSAGE_PROPERTY_KEY,
                        "reserved property",
                        message -> message.putUserProperties("UNIQ_KEY", "v")),
                rule(
                        Code.ILLEGAL_MESSAGE_PROPERTY_KEY,
                        "reserved property prefix",
                        message -> message.putUserProperties("TIMER_DELAY_SEC", "v")),
                rule(
                        Code.ILLEGAL_MESSAGE_PROPERTY_KEY,
                        "control character",
                        message -> message.putUserProperties("k", "a\u0001")),
                rule(Code.ILLEGAL_MESSAGE_TAG, "blank tag", system(system -> system.setTag("  "))),
                rule(Code.ILLEGAL_MESSAGE_TAG, "tag with a bar", system(system -> system.setTag("a|b"))),
                rule(Code.ILLEGAL_MESSAGE_TAG, "tag with a control character", system(system -> system.setTag("a\n"))),
                rule(Code.ILLEGAL_MESSAGE_KEY, "blank key", system(system -> system.addKeys("\t"))),
                rule(Code.ILLEGAL_MESSAGE_KEY, "key with a control character", system(system -> system.addKeys("a\0"))),
                rule(Code.ILLEGAL_MESSAGE_ID, "no id", system(SystemProperties.Builder::clearMessageId)),
                rule(Code.ILLEGAL_MESSAGE_ID, "blank id", system(system -> system.setMessageId(" \u2003"))),
                rule(
                        Code.ILLEGAL_MESSAGE_GROUP,
                        "blank group",
                        system(system -> system.setMessageGroup(" ").setMessageType(MessageType.FIFO))),
                rule(
                        Code.ILLEGAL_MESSAGE_GROUP,
                        "long group",
                        system(system -> system.setMessageGroup("g".repeat(64)).setMessageType(MessageType.FIFO))),
                rule(
                        Code.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE,
                        "FIFO without group",
                        system(system -> system.setMessageType(MessageType.FIFO))),
                rule(
                        Code.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE,
                        "NORMAL with group",
                        system(system -> system.setMessageGroup("g"))),
                rule(
                        Code.UNSUPPORTED,
                        "FIFO",
                        system(system -> system.setMessageGroup("g").setMessageType(MessageType.FIFO))),
                rule(
                        Code.UNSUPPORTED,
                        "DELAY",
                        system(system -> system.setDeliveryTimestamp(Timestamp.getDefaultInstance())
                                .setMessageType(MessageType.DELAY))),
                rule(Code.UNSUPPORTED, "TRANSACTION", system(system -> system.setMessageType(MessageType.TRANSACTION))),
                rule(
                        Code.UNSUPPORTED,
                        "LITE",
                        system(system -> system.setLiteTopic("l").setMessageType(MessageType.LITE))),
                rule(
                        Code.UNSUPPORTED,
                        "PRIORITY",
                        system(system -> system.setPriority(1).setMessageType(MessageType.PRIORITY))));
    }

    @Test
    void limitsThemselvesAreAllowed() {
        Message.Builder message = message("t".repeat(127)).setBody(ByteString.copyFrom(new byte[4 << 20]));
        for (int i = 0; i < 128; i++) {
            message.putUserProperties("k" + i, "v".repeat(100));
        }

        assertThat(send(message.build()).getStatus().getCode()).isEqualTo(Code.OK);
    }

    // ---- fixtures ----

    private static Arguments rule(Code code, String rule, Consumer<Message.Builder> breakRule) {
        return Arguments.of(code, rule, breakRule);
    }

    private static Consumer<Message.Builder> system(Consumer<SystemProperties.Builder> change) {
        return message -> change.accept(message.getSystemPropertiesBuilder());
    }

    private static Resource name(String topic) {
        return Resource.newBuilder().setName(topic).build();
    }

    private Message.Builder message(String topic) {
        return Message.newBuilder()
                .setTopic(name(topic))
                .setSystemProperties(SystemProperties.newBuilder()
                        .setMessageId("0123" + ids++)
                        .setMessageType(MessageType.NORMAL))
                .setBody(ByteString.copyFromUtf8("body of " + ids));
    }

    private Message toQueue(String topic, int queueId) {
        Message.Builder message = message(topic);
        message.getSystemPropertiesBuilder().setQueueId(queueId);
        return message.build();
    }

    private static SendMessageRequest request(Message... messages) {
        return SendMessageRequest.newBuilder().addAllMessages(List.of(messages)).build();
    }

    private SendMessageResponse send(Message... messages) {
        return leader.send(request(messages));
    }

    private Answer begin(Message message) {
        return leader.begin(request(message).toByteString());
    }

    private Code refused(ByteString request) {
        return leader.begin(request).response().orElseThrow().getStatus().getCode();
    }

    private TopicView topic(String name) {
        return leader.topics.topic(name).orElseThrow();
    }

    private List<Long> usedQueues(String topic) {
        List<Long> ends = new ArrayList<>();
        for (int queueId = 0; queueId < topic(topic).queueCount(); queueId++) {
            ends.add(leader.queues.maxOffset(topic(topic).topicId(), queueId));
        }
        return ends;
    }

    private List<ByteString> stored(String topic) {
        List<ByteString> messages = new ArrayList<>();
        for (int queueId = 0; queueId < topic(topic).queueCount(); queueId++) {
            for (StoredMessage message : leader.messages(topic(topic).topicId(), queueId)) {
                messages.add(ByteString.copyFrom(message.bytes()));
            }
        }
        return messages;
    }

    @Test
    void aTopicCreatedByHandIsUsed() {
        leader.commit(new CreateTopic(1, "orders", 3, Duration.ofHours(1)));

        assertThat(send(toQueue("orders", 2)).getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(leader.raft.entries()).hasSize(2);
    }

    private static final class LongRange {
        static List<Long> of(long from, long to) {
            return LongStream.range(from, to).boxed().toList();
        }
    }
}
