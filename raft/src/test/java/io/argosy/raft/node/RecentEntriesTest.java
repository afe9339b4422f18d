package io.argosy.raft.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RecentEntriesTest {

    private static final long SPAN = RecentEntries.SPAN_NANOS;

    @Test
    void whatCameIsOldAfterOneToTwoSpans() {
        RecentEntries recent = new RecentEntries(0);

        assertThat(recent.oldUpTo(10, SPAN - 1)).isZero();
        assertThat(recent.oldUpTo(20, SPAN)).isZero();
        assertThat(recent.oldUpTo(30, 2 * SPAN - 1)).isZero();
        assertThat(recent.oldUpTo(40, 2 * SPAN)).isEqualTo(20);
        assertThat(recent.oldUpTo(50, 3 * SPAN)).isEqualTo(40);
    }

    @Test
    void droppedEntriesAreNoLongerFoundAndTheOthersAre() {
        TailCache tail = new TailCache(Long.MAX_VALUE);
        tail.add(entries(1, 9), 0);

        tail.dropUpTo(4);
        assertThat(tail.run(4, 9, Long.MAX_VALUE, 100)).isEmpty();
        assertThat(tail.run(5, 9, Long.MAX_VALUE, 100)).hasSize(5);

        tail.dropUpTo(20);
        assertThat(tail.get(9)).isEmpty();
        tail.add(entries(10, 11), 0);
        assertThat(tail.run(10, 20, Long.MAX_VALUE, 100)).hasSize(2);
    }

    private static List<Entry> entries(long from, long to) {
        return LongStream.rangeClosed(from, to)
                .mapToObj(index -> Entry.of(index, 1, EntryType.COMMAND, ByteBuffer.allocate(10)))
                .toList();
    }
}
