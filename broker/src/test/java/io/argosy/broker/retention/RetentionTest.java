package io.argosy.broker.retention;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.argosy.broker.LeaderUnderTest;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.PublishBatch;
import io.argosy.broker.command.PublishBatch.ClientHash;
import io.argosy.broker.state.InMemoryStateStore;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RetentionTest {

    private static final int MESSAGE_BYTES = 1000;

    private final LeaderUnderTest leader = new LeaderUnderTest(new InMemoryStateStore());

    private Retention retention(long logBytesMax) {
        return retention(LogRoom.fixed(logBytesMax));
    }

    private Retention retention(LogRoom room) {
        return new Retention(
                leader.raft,
                leader.machine,
                leader.queues,
                leader.topics,
                RetentionConfig.of(room, 10 * MESSAGE_BYTES),
                leader.clock);
    }

    private void publish(int messages) {
        ByteString bytes = ByteString.copyFrom(new byte[MESSAGE_BYTES]);
        for (int i = 0; i < messages; i++) {
            leader.commit(new PublishBatch.Builder(1, 0, leader.nowMillis.get(), ClientHash.NONE, 1, MESSAGE_BYTES)
                    .add(bytes.asReadOnlyByteBuffer(), 0, MESSAGE_BYTES, 0)
                    .build());
        }
    }

    private void createTopic(String name, Duration retention) {
        leader.commit(new CreateTopic(leader.nowMillis.get(), name, 1, retention));
    }

    private void pass(Duration time) {
        leader.nowMillis.addAndGet(time.toMillis());
    }

    @Test
    void messagesPastTheirAgeGo() {
        createTopic("orders", Duration.ofHours(2));
        Retention retention = retention(1 << 30);
        publish(5);
        pass(Duration.ofHours(1));
        publish(5);
        retention.check();
        assertThat(leader.queues.minOffset(1, 0)).isZero();
        pass(Duration.ofMinutes(61));

        retention.check();

        assertThat(leader.queues.minOffset(1, 0)).isEqualTo(5);
        assertThat(leader.queues.maxOffset(1, 0)).isEqualTo(10);
    }

    @Test
    void filesGoOnlyOnceTheStateIsDurable() {
        createTopic("orders", Duration.ofHours(2));
        Retention retention = retention(1 << 30);
        publish(5);
        pass(Duration.ofHours(3));
        retention.check();
        retention.check();
        assertThat(leader.raft.log().firstIndex()).isEqualTo(1);

        leader.machine.flush();
        retention.check();

        assertThat(leader.raft.log().firstIndex()).isGreaterThan(6);
    }

    @Test
    void theLongestRetentionKeepsTheLogAndTheShortOneHides() {
        createTopic("orders", Duration.ofHours(2));
        createTopic("archive", Duration.ofDays(2));
        Retention retention = retention(1 << 30);
        publish(5);
        pass(Duration.ofHours(3));

        retention.check();

        assertThat(leader.queues.minOffset(1, 0)).isEqualTo(5);
        assertThat(leader.queues.trimIndex()).isZero();
    }

    @Test
    void anIdleGroupIsLeftAlone() {
        createTopic("orders", Duration.ofHours(2));
        Retention retention = retention(1 << 30);
        publish(1);
        long before = leader.raft.entries().size();
        for (int i = 0; i < 100; i++) {
            pass(Duration.ofMinutes(1));
            retention.check();
        }

        assertThat(leader.raft.entries()).hasSize((int) before);
    }

    @Test
    void theOldestGoWhenTheDiskFillsUpWhateverTheirAge() {
        createTopic("orders", Duration.ofDays(3));
        long logBytesMax = 100 * MESSAGE_BYTES;
        Retention retention = retention(logBytesMax);
        for (int i = 0; i < 500; i++) {
            publish(1);
            retention.check();

            assertThat(leader.raft.status().logBytes()).isLessThan(logBytesMax * 9 / 10);
            assertThat(retention.closed()).isEmpty();
        }
        assertThat(leader.queues.minOffset(1, 0)).isBetween(400L, 499L);
        assertThat(leader.messages(1, 0)).hasSizeGreaterThan(30);
    }

    @Test
    void theOldestGoWhenOthersFillTheDisk() {
        createTopic("orders", Duration.ofDays(3));
        AtomicLong freeBytes = new AtomicLong(1000 * MESSAGE_BYTES);
        Retention retention = retention(logBytes -> logBytes + freeBytes.get());
        publish(90);
        retention.check();
        assertThat(leader.queues.minOffset(1, 0)).isZero();

        freeBytes.set(20 * MESSAGE_BYTES);
        retention.check();

        assertThat(leader.queues.minOffset(1, 0)).isBetween(10L, 60L);
        assertThat(retention.closed()).isEmpty();
    }

    @Test
    void messagesAreRefusedWhenTheDiskIsFullAndTakenAgainWhenItIsNot() {
        createTopic("orders", Duration.ofDays(3));
        Retention retention = retention(100 * MESSAGE_BYTES);
        publish(95);
        leader.raft.hold();
        retention.check();
        assertThat(retention.closed())
                .hasValueSatisfying(reason -> assertThat(reason).startsWith("disk full"));

        leader.raft.release();
        for (int i = 0; i < 5; i++) {
            retention.check();
        }

        assertThat(retention.closed()).isEmpty();
    }

    @Test
    void aFollowerProposesNothing() {
        createTopic("orders", Duration.ofHours(2));
        Retention retention = retention(1 << 30);
        publish(5);
        pass(Duration.ofHours(30));
        leader.raft.lead(false);
        long before = leader.raft.entries().size();

        retention.check();

        assertThat(leader.raft.entries()).hasSize((int) before);
    }
}
