package io.argosy.namesrv.route;

import java.util.Optional;
import java.util.UUID;

/**
 * How new a statement about a group is (D4).
 *
 * @param recoveryEpoch rises when a group was recovered by force from the replicas that were left
 * @param leader only who leads in that term says so, of itself
 */
public record Fence(String groupName, UUID groupUuid, long recoveryEpoch, long term, Optional<Integer> leader) {}
