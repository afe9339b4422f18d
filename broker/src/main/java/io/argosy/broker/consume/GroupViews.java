package io.argosy.broker.consume;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Consumer groups as applied on this replica, for operators; readable from any thread. */
public interface GroupViews {

    /** Names of all groups, sorted. */
    List<String> groups();

    Optional<GroupView> group(String name);

    /**
     * @param createdMillis entry time of the first use
     * @param queues queues in which the group has progress, by topic and queue
     * @param clientIds clients that hold messages now
     */
    record GroupView(String name, int groupId, long createdMillis, List<QueueView> queues, Set<String> clientIds) {
        public GroupView {
            queues = List.copyOf(queues);
            clientIds = Set.copyOf(clientIds);
        }
    }

    /**
     * @param base everything below is acknowledged, the base itself is not: the offset that blocks, if anything is
     *     acknowledged above it
     * @param ackedAbove acknowledged offsets above the base
     * @param inFlight handed out at least once and not acknowledged
     * @param lag messages in the queue that the group has not acknowledged
     * @param pullOffset committed by a consumer that pulls
     */
    record QueueView(
            int topicId, int queueId, long base, long ackedAbove, long inFlight, long lag, OptionalLong pullOffset) {}
}
