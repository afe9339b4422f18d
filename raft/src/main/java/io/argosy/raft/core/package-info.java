/**
 * Role, term, vote, log matching, commit. Memory only: no I/O, no thread, no clock; the same object runs under the
 * production event loop and under the simulator. Iterates in insertion or id order only, so that a seed replays.
 */
@NullMarked
package io.argosy.raft.core;

import org.jspecify.annotations.NullMarked;
