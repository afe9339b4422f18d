/**
 * What drives the rest. {@code Replica} is one replica without threads: what it does in one turn. Beside it work the
 * lanes: the log writer appends and fsyncs, the applier feeds the state machine. {@code RaftServer} gives each lane a
 * thread; the simulator in the test sources steps the very same lanes on virtual time, in one thread. Queues between
 * them are bounded in bytes.
 */
@NullMarked
package io.argosy.raft.node;

import org.jspecify.annotations.NullMarked;
