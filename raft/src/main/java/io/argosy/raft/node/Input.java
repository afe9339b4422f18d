package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.Membership;
import io.argosy.raft.MembershipChange;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.Message;
import io.argosy.raft.storage.SnapshotManifest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** What the loop is told, in the order in which it is told. */
sealed interface Input permits Proposal, Input.Received, Input.Peer, Input.Read, Input.LogRead, Input.Other {

    record Received(ReplicaId from, Message message, int sizeBytes) implements Input {}

    record Peer(ReplicaId peer, PeerEvent event, long session) implements Input {}

    enum PeerEvent {
        RESET,
        UNREACHABLE,
        LOST
    }

    record Read(CompletableFuture<Long> answer) implements Input {}

    /** @param entries none if they could not be read */
    record LogRead(ReplicaId peer, long session, List<Entry> entries) implements Input {}

    /** Rare. */
    sealed interface Other extends Input {}

    record Adopted(Membership membership, CompletableFuture<Void> answer) implements Other {}

    record Trimmed(long firstIndex) implements Other {}

    record DamageFound() implements Other {}

    /** The first of these entries, which is damaged here, was trimmed elsewhere; the file that they are in stays as it is. */
    record Unrepairable(IndexRange entries) implements Other {}

    /** A snapshot has been fetched and checked. */
    record SnapshotComplete(SnapshotManifest manifest) implements Other {}

    /** The state machine holds the snapshot's state. */
    record StateRestored(SnapshotManifest manifest, boolean keepsLog) implements Other {}

    /** The log begins behind the snapshot, or goes on as it was. */
    record SnapshotTakenOver(SnapshotManifest manifest, boolean keepsLog) implements Other {}

    /** Damaged or missing log was put into its place. */
    record LogRepaired() implements Other {}

    record Change(MembershipChange change, CompletableFuture<OperatorResult> answer) implements Other {}

    /** What the change would be answered. */
    record Judge(MembershipChange change, CompletableFuture<OperatorResult> answer) implements Other {}

    record Transfer(Optional<ReplicaId> to, CompletableFuture<OperatorResult> answer) implements Other {}

    record Close() implements Other {}
}
