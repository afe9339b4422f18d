package io.argosy.broker.consume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.broker.consume.ConsumeCommand.QueueChange;
import io.argosy.broker.consume.ProgressChange.Acked;
import io.argosy.broker.consume.ProgressChange.Advanced;
import io.argosy.broker.consume.ProgressChange.Leased;
import io.argosy.broker.consume.ProgressChange.Opened;
import io.argosy.broker.consume.ProgressChange.PullCommitted;
import io.argosy.broker.state.StateStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AppliedProgressTest {

    private static final QueueRef QUEUE = new QueueRef("group", 3, 5);

    @Test
    void commandSurvivesItsBytes() {
        Lease lease = new Lease(2, 1_700_000_000_000L, 9L << 32 | 4, "host@1@0@x", -12345, true);
        ConsumeCommand command = new ConsumeCommand(
                1_700_000_000_123L,
                List.of("empty", "group"),
                List.of(
                        new QueueChange(QUEUE, new Opened(17)),
                        new QueueChange(QUEUE, new Leased(17, 32, lease)),
                        new QueueChange(new QueueRef("group", 3, 6), new Acked(1L << 40, 1)),
                        new QueueChange(QUEUE, new Advanced(20)),
                        new QueueChange(QUEUE, new PullCommitted(99))));

        assertThat(ConsumeCommand.decode(command.encode())).isEqualTo(command);
    }

    @Test
    void bytesOfAnotherKindAreRefused() {
        assertThatThrownBy(() -> ConsumeCommand.decode(ByteBuffer.wrap(new byte[20])))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void groupsAreCreatedByTheEntryThatNamesThemFirst() {
        MapStore store = new MapStore();
        AppliedProgress applied = new AppliedProgress(store, (topic, queue) -> 0);

        apply(applied, store, new ConsumeCommand(1000, List.of("b", "a"), List.of()));
        apply(applied, store, new ConsumeCommand(2000, List.of("a", "c"), List.of()));

        assertThat(applied.groups()).containsExactly("a", "b", "c");
        assertThat(applied.group("b").orElseThrow().groupId()).isEqualTo(1);
        assertThat(applied.group("a").orElseThrow().groupId()).isEqualTo(2);
        assertThat(applied.group("a").orElseThrow().createdMillis()).isEqualTo(1000);
        assertThat(new AppliedProgress(store, (topic, queue) -> 0)
                        .group("c")
                        .orElseThrow()
                        .groupId())
                .isEqualTo(3);
    }

    @Test
    void operatorsSeeWhereAGroupStands() {
        MapStore store = new MapStore();
        AppliedProgress applied = new AppliedProgress(store, (topic, queue) -> 100);
        apply(
                applied,
                store,
                new ConsumeCommand(
                        1,
                        List.of("group"),
                        List.of(
                                new QueueChange(QUEUE, new Opened(10)),
                                new QueueChange(QUEUE, new Leased(10, 5, new Lease(1, 5, 6, "me", 0, false))),
                                new QueueChange(QUEUE, new Acked(11, 2)))));

        GroupViews.GroupView view = applied.group("group").orElseThrow();

        assertThat(view.clientIds()).containsExactly("me");
        assertThat(view.queues())
                .containsExactly(new GroupViews.QueueView(3, 5, 10, 2, 3, 88, java.util.OptionalLong.empty()));
    }

    @Test
    void aDeletedTopicTakesItsProgressAlong() {
        MapStore store = new MapStore();
        AppliedProgress applied = new AppliedProgress(store, (topic, queue) -> 0);
        apply(applied, store, new ConsumeCommand(1, List.of(), List.of(new QueueChange(QUEUE, new Acked(3, 2)))));

        StateStore.Batch batch = store.newBatch();
        applied.topicDeleted(QUEUE.topicId());
        applied.index(batch);
        store.write(batch, 2);

        assertThat(applied.copyOf(QUEUE)).isEmpty();
        assertThat(store.map(StateStore.Family.PROGRESS)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void restartAtAnyPointAndReplayLandOnEqualBytes(long seed) {
        Random random = new Random(seed);
        List<ConsumeCommand> log = new ArrayList<>();
        MapStore store = new MapStore();
        AppliedProgress applied = new AppliedProgress(store, (topic, queue) -> 0);
        Map<QueueRef, QueueProgress> ahead =
                new java.util.TreeMap<>(java.util.Comparator.comparing(QueueRef::toString));

        for (int i = 0; i < 300; i++) {
            ConsumeCommand command = randomCommand(random, i, ahead);
            log.add(command);
            apply(applied, store, command);
            if (random.nextInt(20) == 0) {
                applied = new AppliedProgress(store, (topic, queue) -> 0);
            }
        }

        MapStore replayed = new MapStore();
        AppliedProgress follower = new AppliedProgress(replayed, (topic, queue) -> 0);
        log.forEach(command -> apply(follower, replayed, command));
        assertThat(store.dump()).isEqualTo(replayed.dump());
        for (Map.Entry<QueueRef, QueueProgress> queue : ahead.entrySet()) {
            assertThat(applied.copyOf(queue.getKey())).contains(queue.getValue());
        }
    }

    private static ConsumeCommand randomCommand(Random random, int step, Map<QueueRef, QueueProgress> ahead) {
        List<QueueChange> changes = new ArrayList<>();
        for (int i = random.nextInt(20); i >= 0; i--) {
            QueueRef queue = new QueueRef("g" + random.nextInt(2), 1, random.nextInt(3));
            QueueProgress progress = ahead.computeIfAbsent(queue, absent -> new QueueProgress());
            long first = progress.base() + random.nextInt(6000);
            int count = 1 + random.nextInt(500);
            ProgressChange change = switch (random.nextInt(10)) {
                case 0 -> new Advanced(first);
                case 1 -> new PullCommitted(first);
                case 2 -> new Opened(first);
                case 3, 4, 5 ->
                    new Leased(
                            first,
                            count,
                            new Lease(1 + random.nextInt(3), step, step, "c" + random.nextInt(3), 0, false));
                case 6, 7 -> new Acked(progress.base(), count);
                default -> new Acked(first, count);
            };
            change.applyTo(progress);
            changes.add(new QueueChange(queue, change));
        }
        return ConsumeCommand.decode(new ConsumeCommand(step, List.of(), changes).encode());
    }

    private static void apply(AppliedProgress applied, MapStore store, ConsumeCommand command) {
        StateStore.Batch batch = store.newBatch();
        applied.apply(ConsumeCommand.decode(command.encode()), command.timestampMillis());
        applied.index(batch);
        store.write(batch, store.appliedIndex() + 1);
    }
}
