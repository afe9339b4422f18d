package io.argosy.raft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.ReplicaId;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class DivergenceTest {

    private static final ReplicaId LEADER = new ReplicaId(2);

    private final Divergence divergence = new Divergence();

    private static Entry entry(long index, long term, long value) {
        return Entry.of(
                index,
                term,
                EntryType.COMMAND,
                ByteBuffer.allocate(8).putLong(value).flip());
    }

    /** Hashes by last index of the windows in (appliedIndex, lastIndex]; one entry differs. */
    private static Map<Long, Long> windows(long appliedIndex, long lastIndex, Entry different) {
        Map<Long, Long> hashes = new TreeMap<>();
        WindowHash window = new WindowHash(appliedIndex);
        for (long index = appliedIndex + 1; index <= lastIndex; index++) {
            if (window.ends(index == different.index() ? different : entry(index, index / 700, index))) {
                hashes.put(index, window.hash());
            }
        }
        return hashes;
    }

    @Test
    void windowsAreEqualWhereverAReplicaBegan() {
        Entry same = entry(1, 0, 1);
        Map<Long, Long> all = windows(0, 5000, same);

        assertThat(all).containsOnlyKeys(1024L, 2048L, 3072L, 4096L);
        assertThat(windows(1024, 5000, same)).containsOnlyKeys(2048L, 3072L, 4096L);
        assertThat(windows(1500, 5000, same)).containsOnlyKeys(3072L, 4096L);
        assertThat(all).containsAllEntriesOf(windows(1500, 5000, same));
    }

    @Test
    void termTypeAndPayloadOfEachEntryCount() {
        Map<Long, Long> all = windows(0, 2048, entry(1, 0, 1));

        assertThat(windows(0, 2048, entry(2000, 2000 / 700, 2001)).get(2048L)).isNotEqualTo(all.get(2048L));
        assertThat(windows(0, 2048, entry(2000, 1, 2000)).get(2048L)).isNotEqualTo(all.get(2048L));
        assertThat(windows(
                                0,
                                2048,
                                Entry.of(
                                        2000,
                                        2,
                                        EntryType.NOOP,
                                        entry(2000, 2, 2000).payload()))
                        .get(2048L))
                .isNotEqualTo(all.get(2048L));
        assertThat(windows(0, 2048, entry(2000, 2, 2001)).get(1024L)).isEqualTo(all.get(1024L));
    }

    @Test
    void gapInWhatIsAppliedIsAViolation() {
        WindowHash window = new WindowHash(7);

        assertThatThrownBy(() -> window.ends(entry(9, 1, 9))).isInstanceOf(InvariantViolation.class);
    }

    @Test
    void equalWindowsPassInWhateverOrderTheyCome() {
        divergence.told(LEADER, 1024, 11);
        divergence.applied(1024, 11);
        divergence.applied(2048, 22);
        divergence.told(LEADER, 2048, 22);
        divergence.told(LEADER, 0, 0);

        assertThat(divergence.newestEnd()).isEqualTo(2048);
        assertThat(divergence.newestHash()).isEqualTo(22);
    }

    @Test
    void differenceIsFoundByWhoeverComesSecond() {
        divergence.told(LEADER, 1024, 11);
        assertThatThrownBy(() -> divergence.applied(1024, 12))
                .isInstanceOf(InvariantViolation.class)
                .hasMessageContaining("entries 1 to 1024");

        divergence.applied(2048, 21);
        assertThatThrownBy(() -> divergence.told(LEADER, 2048, 22))
                .isInstanceOf(InvariantViolation.class)
                .hasMessageContaining("at 2");
    }

    @Test
    void windowsThatWereForgottenAreNotCompared() {
        divergence.applied(1024, 11);
        for (int window = 2; window <= 65; window++) {
            divergence.applied(window * 1024L, window);
        }

        divergence.told(LEADER, 1024, 99);

        assertThat(divergence.newestEnd()).isEqualTo(65 * 1024L);
    }
}
