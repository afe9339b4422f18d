package io.argosy.broker.topic;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.broker.LeaderUnderTest;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.state.InMemoryStateStore;
import io.argosy.broker.topic.Topics.Change;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TopicTableTest {

    private static final Duration HOUR = Duration.ofHours(1);

    private final InMemoryStateStore store = new InMemoryStateStore();
    private final LeaderUnderTest leader = new LeaderUnderTest(store);

    private Optional<TopicOutcome> create(String name, int queueCount) {
        return leader.topics.outcome(leader.commit(new CreateTopic(1, name, queueCount, HOUR)));
    }

    private Optional<TopicOutcome> delete(String name) {
        return leader.topics.outcome(leader.commit(new DeleteTopic(1, name)));
    }

    @Test
    void theSecondCreationOfANameChangesNothing() {
        TopicView first = new TopicView("a", 1, 8, HOUR);

        assertThat(create("a", 8)).contains(new TopicOutcome.Created(first));
        assertThat(create("a", 4)).contains(new TopicOutcome.Exists(first));
        assertThat(leader.topics.version()).isEqualTo(1);
        assertThat(leader.topics.topic("a")).contains(first);
        assertThat(leader.topics.topic(1)).contains(first);
    }

    @Test
    void idsAreNotUsedAgain() {
        create("a", 1);
        assertThat(delete("a")).containsInstanceOf(TopicOutcome.Deleted.class);
        create("a", 1);

        assertThat(leader.topics.topic(1)).isEmpty();
        assertThat(leader.topics.topic("a").orElseThrow().topicId()).isEqualTo(2);
        assertThat(delete("b")).contains(new TopicOutcome.Missing("b"));
    }

    @Test
    void everyChangeIsToldWithItsVersion() {
        List<Change> changes = new ArrayList<>();
        leader.topics.onChange(changes::add);

        create("a", 1);
        create("b", 1);
        delete("a");

        assertThat(changes).extracting(Change::version).containsExactly(1L, 2L, 3L);
        assertThat(changes.get(2)).isEqualTo(new Change.Deleted("a", 3));
    }

    @Test
    void theTableSurvivesARestart() {
        for (int i = 0; i < 50; i++) {
            create("topic" + i, 1 + i);
        }
        delete("topic7");
        store.flush();

        LeaderUnderTest restarted = new LeaderUnderTest(store.crash(), leader.raft.entries());

        assertThat(restarted.topics.all()).isEqualTo(leader.topics.all()).hasSize(49);
        assertThat(restarted.topics.version()).isEqualTo(51);
        restarted.commit(new CreateTopic(1, "next", 1, HOUR));
        assertThat(restarted.topics.topic("next").orElseThrow().topicId()).isEqualTo(51);
    }

    @Test
    void theGroupHasABoundOfQueues() {
        int topics = (int) (TopicTable.GROUP_QUEUES_MAX / CreateTopic.QUEUE_COUNT_MAX);
        for (int i = 0; i < topics; i++) {
            assertThat(create("topic" + i, CreateTopic.QUEUE_COUNT_MAX)).containsInstanceOf(TopicOutcome.Created.class);
        }

        assertThat(create("one too many", CreateTopic.QUEUE_COUNT_MAX)).contains(new TopicOutcome.TooManyQueues());
        delete("topic0");
        assertThat(create("fits now", CreateTopic.QUEUE_COUNT_MAX)).containsInstanceOf(TopicOutcome.Created.class);
    }

    @Test
    void outcomesAreForgottenWithTheNextRun() {
        long index = leader.commit(new CreateTopic(1, "a", 1, HOUR));
        create("b", 1);

        assertThat(leader.topics.outcome(index)).isEmpty();
    }
}
