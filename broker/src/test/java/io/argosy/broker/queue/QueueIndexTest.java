package io.argosy.broker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.argosy.broker.LeaderUnderTest;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.command.PublishBatch.ClientHash;
import io.argosy.broker.command.TrimLog;
import io.argosy.broker.state.InMemoryStateStore;
import io.argosy.broker.state.StateStore.Family;
import io.argosy.raft.RaftNode.TrimmedException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class QueueIndexTest {

    private static final int TOPIC = 1;

    private final InMemoryStateStore store = new InMemoryStateStore();
    private final LeaderUnderTest leader = new LeaderUnderTest(store);

    private long publish(int queueId, long timeMillis, int count) {
        PublishBatch.Builder batch =
                new PublishBatch.Builder(TOPIC, queueId, timeMillis, ClientHash.NONE, count, count * 4);
        for (int i = 0; i < count; i++) {
            ByteString bytes = ByteString.copyFromUtf8(String.format("m%03d", i));
            batch.add(bytes.asReadOnlyByteBuffer(), 0, 4, i % 2);
        }
        return leader.commit(batch.build());
    }

    private void createTopic(Duration retention) {
        leader.commit(new CreateTopic(1, "orders", 4, retention));
    }

    private static String texts(List<StoredMessage> messages) {
        return messages.stream()
                .map(message -> message.offset() + ":"
                        + ByteString.copyFrom(message.bytes()).toStringUtf8())
                .collect(Collectors.joining(" "));
    }

    @Test
    void locateCutsRunsToWhatWasAskedFor() {
        createTopic(Duration.ofHours(1));
        long first = publish(0, 10, 3);
        publish(1, 10, 7);
        long second = publish(0, 20, 4);

        List<MessageRun> runs = leader.queues.locate(TOPIC, 0, 2, 3);

        assertThat(runs).extracting(MessageRun::baseOffset).containsExactly(2L, 3L);
        assertThat(runs).extracting(MessageRun::count).containsExactly(1, 2);
        assertThat(runs).extracting(MessageRun::firstOrdinal).containsExactly(2, 0);
        assertThat(runs).extracting(MessageRun::logIndex).containsExactly(first, second);
        assertThat(runs.get(1).tagHash(0)).isZero();
        assertThat(runs.get(1).tagHash(1)).isEqualTo(1);
        assertThat(runs.get(1).between(4, 5).tagHash(0)).isEqualTo(1);
        assertThat(leader.queues.locate(TOPIC, 0, 7, 10)).isEmpty();
        assertThat(leader.queues.locate(TOPIC, 2, 0, 10)).isEmpty();
        assertThat(leader.queues.locate(99, 0, 0, 10)).isEmpty();
        assertThat(leader.queues.locate(TOPIC, 4, 0, 10)).isEmpty();
    }

    @Test
    void readerGivesTheBytesFromCacheAndFromDisk() {
        createTopic(Duration.ofHours(1));
        publish(0, 10, 3);
        publish(1, 10, 1);
        publish(0, 20, 2);
        QueueReader reader = new QueueReader(leader.raft.log(), leader.topics);
        List<MessageRun> runs = leader.queues.locate(TOPIC, 0, 1, 3);

        String cached = texts(reader.read(runs, 1000).join());
        leader.raft.cacheEntries(false);
        String read = texts(reader.read(runs, 1000).join());

        assertThat(cached).isEqualTo("1:m001 2:m002 3:m000").isEqualTo(read);
        assertThat(reader.read(runs, 5).join()).hasSize(2);
        assertThat(reader.read(runs, 1).join()).hasSize(1);
        assertThat(reader.read(List.of(), 1).join()).isEmpty();
    }

    @Test
    void readerSaysThatMessagesWereTrimmed() {
        createTopic(Duration.ofHours(1));
        publish(0, 10, 3);
        publish(0, 20, 2);
        List<MessageRun> runs = leader.queues.locate(TOPIC, 0, 0, 10);
        leader.raft.trim(2);
        QueueReader reader = new QueueReader(leader.raft.log(), leader.topics);

        assertThatThrownBy(() -> reader.read(runs, 1000).join())
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(TrimmedException.class);
        assertThat(texts(reader.read(runs.subList(1, 2), 1000).join())).isEqualTo("3:m000 4:m001");
    }

    @Test
    void offsetAtFindsTheFirstMessageNotBefore() {
        createTopic(Duration.ofHours(1));
        publish(0, 10, 3);
        publish(0, 20, 2);
        publish(0, 20, 1);
        publish(0, 30, 1);

        assertThat(leader.queues.offsetAt(TOPIC, 0, 0)).isZero();
        assertThat(leader.queues.offsetAt(TOPIC, 0, 10)).isZero();
        assertThat(leader.queues.offsetAt(TOPIC, 0, 11)).isEqualTo(3);
        assertThat(leader.queues.offsetAt(TOPIC, 0, 20)).isEqualTo(3);
        assertThat(leader.queues.offsetAt(TOPIC, 0, 21)).isEqualTo(6);
        assertThat(leader.queues.offsetAt(TOPIC, 0, 31)).isEqualTo(7);
        assertThat(leader.queues.offsetAt(TOPIC, 1, 5)).isZero();
    }

    @Test
    void trimMovesTheFirstOffsetOfEveryQueue() {
        createTopic(Duration.ofHours(1));
        publish(0, 10, 3);
        publish(1, 10, 2);
        long index = publish(0, 20, 2);
        publish(0, 30, 2);
        publish(2, 30, 1);

        leader.commit(new TrimLog(40, index));

        assertThat(leader.queues.minOffset(TOPIC, 0)).isEqualTo(5);
        assertThat(leader.queues.minOffset(TOPIC, 1)).isEqualTo(2);
        assertThat(leader.queues.minOffset(TOPIC, 2)).isZero();
        assertThat(leader.queues.minOffset(TOPIC, 3)).isZero();
        assertThat(leader.queues.maxOffset(TOPIC, 1)).isEqualTo(2);
        assertThat(leader.queues.locate(TOPIC, 0, 0, 10))
                .extracting(MessageRun::baseOffset)
                .containsExactly(5L);
    }

    @Test
    void timeMovesTheFirstOffsetOfShortTopics() {
        createTopic(Duration.ofSeconds(10));
        publish(0, 10_000, 1);
        publish(0, 14_000, 1);
        publish(0, 15_000, 1);

        leader.commit(new TrimLog(25_000, 0));

        assertThat(leader.queues.minOffset(TOPIC, 0)).isEqualTo(2);
    }

    @Test
    void offsetsGoOnAfterEverythingWasTrimmedAndAfterARestart() {
        createTopic(Duration.ofHours(1));
        publish(0, 10, 3);
        leader.commit(new TrimLog(20, publish(0, 10, 3)));
        leader.commit(new TrimLog(20, 1));
        store.flush();

        LeaderUnderTest restarted = new LeaderUnderTest(store.crash(), leader.raft.entries());

        assertThat(restarted.queues.minOffset(TOPIC, 0)).isEqualTo(6);
        assertThat(restarted.queues.maxOffset(TOPIC, 0)).isEqualTo(6);
        assertThat(restarted.queues.nextOffset(restarted.topics.topic(TOPIC).orElseThrow(), 0))
                .isEqualTo(6);
    }

    @Test
    void whoAppliesATrimTogetherWithWhatItTrimsShowsTheSameFirstOffset() {
        createTopic(Duration.ofHours(1));
        publish(0, 10, 3);
        store.flush();
        long second = publish(0, 20, 3);
        publish(0, 30, 3);
        leader.commit(new TrimLog(40, second));
        assertThat(leader.queues.minOffset(TOPIC, 0)).isEqualTo(6);

        LeaderUnderTest inOneRun = new LeaderUnderTest(store.crash(), leader.raft.entries());

        assertThat(inOneRun.queues.minOffset(TOPIC, 0)).isEqualTo(6);
    }

    @Test
    void keysOfTrimmedMessagesAreRemovedButForTheLast() {
        createTopic(Duration.ofHours(1));
        for (int i = 0; i < 50; i++) {
            publish(i % 2, 10, 1);
        }
        long last = leader.raft.entries().size();

        leader.commit(new TrimLog(20, last));
        leader.commit(new CreateTopic(20, "other", 1, Duration.ofHours(1)));

        int[] keys = new int[1];
        store.scan(Family.QUEUE_INDEX, new byte[16], new byte[] {127}, (key, value) -> {
            keys[0]++;
            return true;
        });
        assertThat(keys[0]).isEqualTo(2);
        assertThat(leader.queues.minOffset(TOPIC, 0)).isEqualTo(25);
        publish(0, 30, 1);
        assertThat(leader.queues.minOffset(TOPIC, 0)).isEqualTo(25);
        assertThat(leader.queues.maxOffset(TOPIC, 0)).isEqualTo(26);
    }

    @Test
    void aTopicOfTheSameNameStartsEmpty() {
        createTopic(Duration.ofHours(1));
        publish(0, 10, 3);
        leader.commit(new DeleteTopic(20, "orders"));
        assertThat(leader.topics.topic("orders")).isEqualTo(Optional.empty());
        createTopic(Duration.ofHours(1));

        int newId = leader.topics.topic("orders").orElseThrow().topicId();
        assertThat(newId).isEqualTo(2);
        assertThat(leader.queues.maxOffset(newId, 0)).isZero();
        assertThat(leader.queues.maxOffset(TOPIC, 0)).isZero();
        assertThat(leader.queues.locate(TOPIC, 0, 0, 10)).isEmpty();
    }

    @Test
    void thousandsOfUnusedQueuesCostNothing() {
        for (int i = 0; i < 200; i++) {
            leader.commit(new CreateTopic(1, "topic" + i, 5000, Duration.ofHours(1)));
        }

        assertThat(leader.topics.all()).hasSize(200);
        int[] keys = new int[1];
        store.scan(Family.QUEUE_INDEX, new byte[16], new byte[] {127}, (key, value) -> {
            keys[0]++;
            return true;
        });
        assertThat(keys[0]).isZero();
    }
}
