package io.argosy.raft;

import java.util.UUID;

/** A voter is (id, store UUID): a wiped or replaced disk is somebody else (R36). */
public record Member(ReplicaId id, UUID storeUuid) {}
