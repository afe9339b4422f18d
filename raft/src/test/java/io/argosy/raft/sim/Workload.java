package io.argosy.raft.sim;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** What clients ask for, and the machine that does it. */
public interface Workload {

    /** A machine without state, for the node at this position. */
    SimulatedMachine machine(int position);

    /** A command that {@link #operationOf} recognises. */
    ByteBuffer command(long operation, int payloadBytesMax, SplittableRandom random);

    /** Number of the operation that this payload of a command asks for. */
    long operationOf(ByteBuffer payload);
}
