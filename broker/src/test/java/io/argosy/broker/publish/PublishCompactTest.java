package io.argosy.broker.publish;

import static io.argosy.broker.publish.CompactBatches.batch;
import static io.argosy.broker.publish.CompactBatches.tagged;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import io.argosy.broker.LeaderUnderTest;
import io.argosy.broker.command.Command;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.message.BytesHash;
import io.argosy.broker.publish.PublishCompact.Result;
import io.argosy.broker.queue.StoredMessage;
import io.argosy.broker.state.InMemoryStateStore;
import io.argosy.broker.state.RocksStateStore;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Encoding;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageType;
import io.argosy.raft.Entry;
import io.argosy.raft.ProposeResult;
import io.argosy.wire.batch.BodyCodec;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactBatchBuilder;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PublishCompactTest {

    @TempDir
    private Path folder = Path.of(".");

    private final LeaderUnderTest leader = new LeaderUnderTest(new InMemoryStateStore());

    private Result publish(byte[] batch) {
        return publish(leader, batch);
    }

    private static Result publish(LeaderUnderTest leader, byte[] batch) {
        List<Result> results = new ArrayList<>();
        leader.publishCompact().publish("orders", batch, 0, batch.length, results::add);
        assertThat(results).hasSize(1);
        return results.get(0);
    }

    private static Message parsed(StoredMessage message) throws Exception {
        return Message.parseFrom(message.bytes());
    }

    @Test
    void theFormatIsThatOfACommand() {
        assertThat(CompactBatch.KIND).isEqualTo(Command.Kind.PUBLISH_COMPACT.code());
    }

    @Test
    void batchesGetOffsetsOneAfterTheOther() {
        assertThat(publish(batch(1, 3, 1, "a", "b", "c"))).isEqualTo(new Result.Stored(0));
        assertThat(publish(batch(1, 3, 2, "d"))).isEqualTo(new Result.Stored(3));
        assertThat(publish(batch(1, 0, 1, "e"))).isEqualTo(new Result.Stored(0));
        assertThat(leader.compact.storedMessages()).isEqualTo(5);
    }

    @Test
    void consumersWithoutBatchesSeeOrdinaryMessages() throws Exception {
        publish(batch(0x0102030405060708L, 3, 1, "a", "bb", "c"));

        List<StoredMessage> messages = leader.messages(1, 3);

        assertThat(messages).extracting(StoredMessage::offset).containsExactly(0L, 1L, 2L);
        assertThat(messages).extracting(StoredMessage::timestampMillis).containsOnly(leader.nowMillis.get());
        Message second = parsed(messages.get(1));
        assertThat(second.getTopic().getName()).isEqualTo("orders");
        assertThat(second.getBody().toStringUtf8()).isEqualTo("bb");
        assertThat(second.getSystemProperties().getMessageId()).isEqualTo("0101020304050607080000000700000065");
        assertThat(second.getSystemProperties().getMessageType()).isEqualTo(MessageType.NORMAL);
        assertThat(second.getSystemProperties().getBornHost()).isEqualTo("there");
        assertThat(second.getSystemProperties().getBornTimestamp())
                .isEqualTo(Timestamp.newBuilder()
                        .setSeconds(1_700_000_000L)
                        .setNanos(123_000_000)
                        .build());
        assertThat(second.getSystemProperties().getQueueId()).isEqualTo(3);
    }

    @Test
    void attributesOfOneMessageOfABatchAreItsOwn() throws Exception {
        CompactBatchBuilder builder = new CompactBatchBuilder(new byte[8], "");
        builder.add(ByteBuffer.wrap(new byte[] {1}));
        builder.add(
                ByteBuffer.wrap(new byte[] {2, 2}),
                Optional.of("blue"),
                List.of("k1", "k2"),
                java.util.Map.of("colour", "dark"));
        publish(CompactBatches.sealed(builder, 1, 0, 1));

        Message plain = parsed(leader.messages(1, 0).get(0));
        Message rich = parsed(leader.messages(1, 0).get(1));

        assertThat(plain.getSystemProperties().hasTag()).isFalse();
        assertThat(plain.getUserPropertiesCount()).isZero();
        assertThat(rich.getSystemProperties().getTag()).isEqualTo("blue");
        assertThat(rich.getSystemProperties().getKeysList()).containsExactly("k1", "k2");
        assertThat(rich.getUserPropertiesMap()).containsEntry("colour", "dark");
        assertThat(leader.queues.locate(1, 0, 0, 10).get(0).tagHash(0)).isZero();
        assertThat(leader.queues.locate(1, 0, 0, 10).get(0).tagHash(1)).isEqualTo(BytesHash.ofTag("blue"));
    }

    @ParameterizedTest
    @EnumSource(BodyCodec.class)
    void consumersWithoutBatchesSeeCompressedBodiesOpened(BodyCodec codec) throws Exception {
        CompactBatchBuilder builder = new CompactBatchBuilder(new byte[8], "there");
        for (int i = 0; i < 100; i++) {
            builder.add(ByteBuffer.wrap(("the same words " + i).getBytes(UTF_8)));
        }
        assertThat(publish(CompactBatches.sealed(builder, codec, 1, 3, 1))).isEqualTo(new Result.Stored(0));

        List<StoredMessage> messages = leader.messages(1, 3);
        assertThat(parsed(messages.get(99)).getBody().toStringUtf8()).isEqualTo("the same words 99");
        assertThat(parsed(messages.get(99)).getSystemProperties().getBodyEncoding())
                .isEqualTo(Encoding.IDENTITY);
    }

    @Test
    void compressedBodiesThatNobodyCanOpenAreRefused() {
        CompactBatchBuilder builder = new CompactBatchBuilder(new byte[8], "there");
        builder.add(ByteBuffer.wrap(new byte[5000]));
        byte[] sealed = CompactBatches.sealed(builder, BodyCodec.ZSTD, 1, 3, 1);
        Arrays.fill(sealed, sealed.length - 12, sealed.length, (byte) -1);
        CompactBatches.repair(sealed);

        assertThat(publish(sealed))
                .isEqualTo(new Result.Refused(Code.MESSAGE_CORRUPTED, "the compressed bodies cannot be opened"));
        assertThat(leader.queues.maxOffset(1, 3)).isZero();
    }

    @Test
    void aRepeatedBatchIsAnsweredWithItsOffsetAndNotStoredAgain() {
        publish(batch(1, 3, 1, "a", "b"));
        publish(batch(2, 3, 1, "other producer"));

        assertThat(publish(batch(1, 3, 1, "a", "b"))).isEqualTo(new Result.Stored(0));
        assertThat(publish(batch(2, 3, 1, "other producer"))).isEqualTo(new Result.Stored(2));
        assertThat(leader.queues.maxOffset(1, 3)).isEqualTo(3);
    }

    @Test
    void aBatchOlderThanTheNewestOneIsNotStored() {
        publish(batch(1, 3, 1, "a"));
        publish(batch(1, 3, 5, "b"));

        assertThat(publish(batch(1, 3, 4, "late"))).isEqualTo(new Result.Stored(-1));
        assertThat(leader.queues.maxOffset(1, 3)).isEqualTo(2);
    }

    @Test
    void aProducerWithoutANumberMayRepeatItself() {
        publish(batch(0, 3, 1, "a"));

        assertThat(publish(batch(0, 3, 1, "a"))).isEqualTo(new Result.Stored(1));
    }

    @Test
    void aProducerIsForgottenAfterTenMinutes() {
        publish(batch(1, 3, 1, "a"));
        leader.nowMillis.addAndGet(CompactApplier.WINDOW_MILLIS - 1);
        assertThat(publish(batch(1, 3, 1, "a"))).isEqualTo(new Result.Stored(0));
        leader.nowMillis.addAndGet(1);

        assertThat(publish(batch(1, 3, 1, "a"))).isEqualTo(new Result.Stored(1));
    }

    @Test
    void sequencesSurviveARestartFlushedOrReplayed() {
        List<Entry> log;
        try (RocksStateStore store = RocksStateStore.open(folder.resolve("state"), 16 << 20)) {
            LeaderUnderTest first = new LeaderUnderTest(store);
            publish(first, batch(1, 0, 1, "flushed"));
            first.machine.flush();
            publish(first, batch(2, 0, 1, "replayed"));
            log = first.raft.entries();
        }
        try (RocksStateStore store = RocksStateStore.open(folder.resolve("state"), 16 << 20)) {
            LeaderUnderTest again = new LeaderUnderTest(store, log);

            assertThat(publish(again, batch(1, 0, 1, "flushed"))).isEqualTo(new Result.Stored(0));
            assertThat(publish(again, batch(2, 0, 1, "replayed"))).isEqualTo(new Result.Stored(1));
            assertThat(publish(again, batch(1, 0, 2, "new"))).isEqualTo(new Result.Stored(2));
        }
    }

    @Test
    void whatBreaksARuleIsRefusedWithItsCodeAndNothingIsStored() {
        byte[] corrupted = batch(1, 0, 1, "a");
        corrupted[corrupted.length - 1] ^= 1;

        assertThat(code(publish(corrupted))).isEqualTo(Code.MESSAGE_CORRUPTED);
        assertThat(code(publish(new byte[0]))).isEqualTo(Code.MESSAGE_CORRUPTED);
        assertThat(code(publish(batch(1, 0, 1, "a", "")))).isEqualTo(Code.MESSAGE_BODY_EMPTY);
        assertThat(code(publish(batch(1, 0, 1, "x".repeat((4 << 20) + 1))))).isEqualTo(Code.MESSAGE_BODY_TOO_LARGE);
        assertThat(code(publish(batch(1, 0, 1, "x".repeat(3 << 20), "x".repeat(3 << 20)))))
                .isEqualTo(Code.PAYLOAD_TOO_LARGE);
        assertThat(code(publish(tagged(1, 0, 1, "a|b", "p")))).isEqualTo(Code.ILLEGAL_MESSAGE_TAG);
        assertThat(code(publish(tagged(1, 0, 1, "a", "TAGS")))).isEqualTo(Code.ILLEGAL_MESSAGE_PROPERTY_KEY);
        assertThat(code(publish(batch(1, 8, 1, "no such queue")))).isEqualTo(Code.TOPIC_NOT_FOUND);
        assertThat(leader.compact.storedMessages()).isZero();
    }

    private static Code code(Result result) {
        return ((Result.Refused) result).code();
    }

    @Test
    void everyOutcomeOfAProposalHasItsAnswer() {
        leader.commit(new CreateTopic(1, "orders", 4, CreateTopic.RETENTION_DEFAULT));

        leader.raft.refuseWith(new ProposeResult.NotLeader(Optional.empty()));
        assertThat(publish(batch(1, 0, 1, "a"))).isEqualTo(new Result.NotLeader());
        leader.raft.refuseWith(new ProposeResult.Indeterminate(1));
        assertThat(publish(batch(1, 0, 1, "a"))).isEqualTo(new Result.Unknown());
        leader.raft.refuseWith(new ProposeResult.Busy("full"));
        assertThat(code(publish(batch(1, 0, 1, "a")))).isEqualTo(Code.TOO_MANY_REQUESTS);
        leader.raft.refuseNothing();
        leader.gate = () -> Optional.of("disk full");
        assertThat(code(publish(batch(1, 0, 1, "a")))).isEqualTo(Code.TOO_MANY_REQUESTS);
    }

    @Test
    void aTopicDeletedOnTheWayTakesNothing() {
        leader.commit(new CreateTopic(1, "orders", 4, CreateTopic.RETENTION_DEFAULT));
        leader.raft.hold();
        List<Result> results = new ArrayList<>();
        byte[] batch = batch(1, 0, 1, "a");
        ByteBuffer delete = new DeleteTopic(2, "orders").encode();
        leader.raft.propose(delete, Entry.crcOf(delete), result -> {});
        leader.publishCompact().publish("orders", batch, 0, batch.length, results::add);

        leader.raft.release();

        assertThat(code(results.get(0))).isEqualTo(Code.TOPIC_NOT_FOUND);
    }
}
