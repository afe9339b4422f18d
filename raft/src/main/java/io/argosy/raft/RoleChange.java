package io.argosy.raft;

import java.util.Optional;

/**
 * @param term the term in which the change happened
 * @param leader who leads, as far as this replica knows
 */
public record RoleChange(Role role, long term, Optional<ReplicaId> leader) {}
