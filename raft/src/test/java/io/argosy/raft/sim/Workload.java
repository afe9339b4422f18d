package io.argosy.raft.sim;

import io.argosy.raft.storage.Disk;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** What clients ask for, and the machine that does it. */
public interface Workload extends AutoCloseable {

    /**
     * A machine without state, for the node at this position.
     *
     * @param disk where it writes snapshots to and reads them from
     */
    SimulatedMachine machine(int position, Disk disk);

    /** A command that {@link #operationOf} recognises. */
    ByteBuffer command(long operation, int payloadBytesMax, SplittableRandom random);

    /** Number of the operation that this payload of a command asks for. */
    long operationOf(ByteBuffer payload);

    /** The run is over. */
    @Override
    default void close() {}
}
