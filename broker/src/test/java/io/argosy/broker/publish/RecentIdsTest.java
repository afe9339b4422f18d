package io.argosy.broker.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.broker.message.BytesHash;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecentIdsTest {

    private static final long WINDOW_MILLIS = 1000;

    /** What the ids should be, the plain way. */
    private static final class Model {
        @SuppressWarnings("ArrayRecordComponent") // a model in one test
        private record Marked(long timeMillis, int messages, long[] ids) {}

        private final int idsMax;
        private final ArrayDeque<Marked> entries = new ArrayDeque<>();
        private final Map<Long, Long> offsets = new HashMap<>();
        private int messages;

        Model(int idsMax) {
            this.idsMax = idsMax;
        }

        void expire(long now) {
            while (!entries.isEmpty() && entries.getFirst().timeMillis + WINDOW_MILLIS <= now) {
                forget();
            }
        }

        void end(long time, int count, long[] ids) {
            entries.add(new Marked(time, count, ids));
            messages += count;
            while (messages > idsMax) {
                forget();
            }
        }

        private void forget() {
            Marked first = entries.removeFirst();
            messages -= first.messages;
            for (long id : first.ids) {
                offsets.remove(id);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void remembersWhatThePlainWayRemembers(long seed) {
        Random random = new Random(seed);
        int idsMax = 50 + random.nextInt(20_000);
        RecentIds recent = new RecentIds(WINDOW_MILLIS, idsMax);
        Model model = new Model(idsMax);
        long now = 0;
        for (int step = 0; step < 20_000; step++) {
            now += random.nextInt(100) == 0 ? random.nextInt(3000) : random.nextInt(3);
            recent.expire(now);
            model.expire(now);
            int count = 1 + random.nextInt(random.nextInt(50) == 0 ? 40 : 3);
            long[] added = new long[count];
            int addedCount = 0;
            for (int i = 0; i < count; i++) {
                // Few distinct low halves: collisions in the table must not confuse.
                long id = random.nextInt(5000);
                boolean known = recent.find(id, id % 64);
                assertThat(known).isEqualTo(model.offsets.containsKey(id));
                if (known) {
                    assertThat(recent.foundOffset()).isEqualTo(model.offsets.get(id));
                    assertThat(recent.foundQueueId()).isEqualTo((int) (id % 7));
                } else {
                    recent.add(id, id % 64, (int) (id % 7), step);
                    model.offsets.put(id, (long) step);
                    added[addedCount++] = id;
                }
            }
            recent.endEntry(now, count, addedCount);
            model.end(now, count, Arrays.copyOf(added, addedCount));
            assertThat(recent.size()).isEqualTo(model.offsets.size());
        }
    }

    @Test
    void holdsMillionsAndLetsThemGo() {
        RecentIds recent = new RecentIds(WINDOW_MILLIS, 1_000_000);
        for (int round = 0; round < 3; round++) {
            long now = round * 10_000L;
            recent.expire(now);
            assertThat(recent.size()).isZero();
            for (int i = 0; i < 1_200_000; i++) {
                long id = BytesHash.mix(i + round * 10_000_000L);
                recent.add(id, ~id, 1, i);
                recent.endEntry(now, 1, 1);
            }
            assertThat(recent.size()).isEqualTo(1_000_000);
            long last = BytesHash.mix(1_199_999 + round * 10_000_000L);
            assertThat(recent.find(last, ~last)).isTrue();
            long first = BytesHash.mix(round * 10_000_000L);
            assertThat(recent.find(first, ~first)).isFalse();
        }
    }
}
