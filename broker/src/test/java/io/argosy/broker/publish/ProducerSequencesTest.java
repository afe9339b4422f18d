package io.argosy.broker.publish;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ProducerSequencesTest {

    private record Key(long producer, int topicId, int queueId) {}

    private record Row(long sequence, long baseOffset, long timeMillis) {}

    @Test
    void remembersWhatAMapWouldRemember() {
        for (long seed = 1; seed <= 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            ProducerSequences sequences = new ProducerSequences(1000, 150);
            // Removed and put again with each write: its order is that of the writes.
            Map<Key, Row> model = new LinkedHashMap<>();
            long now = 0;
            for (int step = 0; step < 5000; step++) {
                now += random.nextInt(random.nextInt(100) == 0 ? 500 : 8);
                Key key = new Key(1 + random.nextInt(60), random.nextInt(2), random.nextInt(4));
                sequences.put(key.producer, key.topicId, key.queueId, step, step * 3L, now);
                model.remove(key);
                model.put(key, new Row(step, step * 3L, now));
                forget(sequences, model, now);

                check(sequences, model, key);
                check(sequences, model, new Key(1 + random.nextInt(60), random.nextInt(2), random.nextInt(4)));
            }
            model.keySet().forEach(key -> check(sequences, model, key));
        }
    }

    private static void forget(ProducerSequences sequences, Map<Key, Row> model, long now) {
        Iterator<Map.Entry<Key, Row>> rows = model.entrySet().iterator();
        int size = model.size();
        while (rows.hasNext()) {
            Row row = rows.next().getValue();
            if (size <= 150 && row.timeMillis + 1000 > now) {
                break;
            }
            rows.remove();
            size--;
        }
        for (int row = sequences.toForget(now); row >= 0; row = sequences.toForget(now)) {
            sequences.forget(row);
        }
        assertThat(sequences.size()).isEqualTo(model.size());
    }

    private static void check(ProducerSequences sequences, Map<Key, Row> model, Key key) {
        int row = sequences.find(key.producer, key.topicId, key.queueId);
        Row expected = model.get(key);
        if (expected == null) {
            assertThat(row).isEqualTo(-1);
        } else {
            assertThat(sequences.sequence(row)).isEqualTo(expected.sequence);
            assertThat(sequences.baseOffset(row)).isEqualTo(expected.baseOffset);
        }
    }
}
