/**
 * The event loop that drives the rest: one loop thread owns the core, one writer thread appends and fsyncs, one
 * applier thread feeds the state machine. Queues between them are bounded in bytes.
 */
@NullMarked
package io.argosy.raft.node;

import org.jspecify.annotations.NullMarked;
