package io.argosy.raft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a group replicates. Deterministic: reads the entry and its own state, nothing else, so that leader, followers
 * and restarts land on equal state (R59). Unless they say otherwise, methods run on the applier thread, in log order.
 */
public interface StateMachine {

    /** Index up to which the state is already durable; the node replays everything behind it after a start. */
    long durableAppliedIndex();

    /**
     * Applies a run of committed entries that follow each other without a gap (the first one is
     * {@code lastApplied + 1}). On return, results of proposals are decided and the state is visible to readers.
     *
     * @throws RuntimeException stops the replica (R42)
     */
    void apply(List<Entry> entries);

    /**
     * Writes the state, as it is at some applied index, into files of a folder that does not exist yet. On a thread of
     * its own; applying goes on meanwhile. The files lie directly in the folder and don't change afterwards.
     *
     * @return the applied index that the files hold
     */
    long snapshot(Path folder) throws IOException;

    /**
     * Replaces the state by one that {@link #snapshot} wrote, here or on another replica; durable on return. Leaves the
     * files as they are, because after a crash in the middle it is called again with them. On the applier thread between
     * two runs, or before the node starts.
     *
     * @throws IOException stops the replica
     */
    void restore(Path folder) throws IOException;

    /**
     * The lowest log index that the state still refers to: a replica whose log begins behind it is hollow and fetches
     * the rest (D2). Any thread. By default nothing below a snapshot is ever asked for.
     */
    default long neededFromIndex() {
        return Long.MAX_VALUE;
    }

    /** Bytes of the files that hold the durable state, about. Any thread. */
    default long durableBytes() {
        return 0;
    }

    /**
     * Reads one file of the durable state and compares its checksums, on a thread of its own.
     *
     * @param name the first file behind this name, in the order of names, is read; empty for the very first
     * @return empty if there is no further file
     */
    default Optional<CheckedFile> checkFileAfter(String name) {
        return Optional.empty();
    }

    /** @param problem what is wrong and what to do, if something is */
    record CheckedFile(String name, long sizeBytes, Optional<String> problem) {}

    /** This replica began or stopped leading. Called on the loop thread; must only hand the news over. */
    default void roleChanged(RoleChange change) {}
}
