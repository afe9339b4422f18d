package io.argosy.broker.consume;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueueProgressTest {

    private static final Lease LEASE = new Lease(1, 1000, 7, "client", 0, false);

    @Test
    void acknowledgingInOrderMovesTheBaseAndKeepsNothing() {
        QueueProgress progress = new QueueProgress();
        progress.open(0);

        for (long offset = 0; offset < 10_000; offset++) {
            progress.lease(offset, offset + 1, LEASE);
            progress.ack(offset, offset + 1);
        }

        assertThat(progress.base()).isEqualTo(10_000);
        assertThat(progress.next()).isEqualTo(10_000);
        assertThat(progress.leases()).isEmpty();
        assertThat(progress.acked().chunkNumbers()).hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void oneMissingAcknowledgementHoldsTheBase() {
        QueueProgress progress = new QueueProgress();
        progress.open(0);
        progress.lease(0, 100, LEASE);

        progress.ack(1, 100);

        assertThat(progress.base()).isZero();
        assertThat(progress.acked().countAboveBase()).isEqualTo(99);
        assertThat(progress.next()).isEqualTo(100);
    }

    @Test
    void openingTwiceKeepsTheFirstStart() {
        QueueProgress progress = new QueueProgress();

        progress.open(40);
        progress.open(90);

        assertThat(progress.base()).isEqualTo(40);
    }

    @Test
    void whatWasAcknowledgedIsNeverLeasedAgain() {
        QueueProgress progress = new QueueProgress();
        progress.open(0);
        progress.ack(5, 6);

        progress.lease(4, 7, LEASE);

        assertThat(progress.leases()).containsOnlyKeys(4L, 6L);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void agreesWithTheNaiveModelAfterEveryRandomChange(long seed) {
        Random random = new Random(seed);
        QueueProgress progress = new QueueProgress();
        Naive naive = new Naive();
        int range = seed % 2 == 0 ? 300 : 20_000;

        for (int step = 0; step < 2_000; step++) {
            long first = naive.base + random.nextInt(range);
            int count = 1 + random.nextInt(range / 10);
            switch (random.nextInt(12)) {
                case 0 -> {
                    progress.advance(first);
                    naive.advance(first);
                }
                case 1, 2, 3, 4 -> {
                    progress.lease(first, first + count, LEASE);
                    naive.lease(first, first + count);
                }
                case 5, 6 -> {
                    progress.ack(naive.base, naive.base + count);
                    naive.ack(naive.base, naive.base + count);
                }
                default -> {
                    progress.ack(first, first + count);
                    naive.ack(first, first + count);
                }
            }
            assertThat(progress.base()).isEqualTo(naive.base);
            assertThat(progress.next()).isEqualTo(naive.next());
            long probe = Math.max(0, naive.base - 50) + random.nextInt(2 * range);
            assertThat(progress.isAcked(probe)).isEqualTo(naive.isAcked(probe));
            assertThat(progress.lease(probe).isPresent()).isEqualTo(naive.leases.containsKey(probe));
        }
        assertThat(progress.acked().countAboveBase()).isEqualTo(naive.acked.size());
        assertThat(progress.leases().keySet()).isEqualTo(naive.leases.keySet());
        assertThat(new QueueProgress(progress)).isEqualTo(progress);
    }

    private static final class Naive {

        private final Set<Long> acked = new TreeSet<>();
        private final Map<Long, Lease> leases = new HashMap<>();
        private long base;

        void advance(long offset) {
            if (offset > base) {
                base = offset;
                leases.keySet().removeIf(leased -> leased < offset);
                settle();
            }
        }

        void lease(long first, long end) {
            for (long offset = first; offset < end; offset++) {
                if (!isAcked(offset)) {
                    leases.put(offset, LEASE);
                }
            }
        }

        void ack(long first, long end) {
            for (long offset = first; offset < end; offset++) {
                if (offset >= base) {
                    acked.add(offset);
                }
                leases.remove(offset);
            }
            settle();
        }

        boolean isAcked(long offset) {
            return offset < base || acked.contains(offset);
        }

        long next() {
            long next = base;
            while (isAcked(next) || leases.containsKey(next)) {
                next++;
            }
            return next;
        }

        private void settle() {
            while (acked.contains(base)) {
                base++;
            }
            acked.removeIf(offset -> offset < base);
        }
    }
}
